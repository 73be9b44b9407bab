"""What one exchange says about a server: what held, what broke the contract, and what is merely not documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wirewright.contract import SpecDocument, WireRequest
from wirewright.contract.judging import Judge, Trial
from wirewright.contract.masking import Masker

JSON = (("content-type", "application/json"),)
GOOD = WireRequest("POST", "/notes?limit=1", (*JSON, ("x-key", "open-sesame")), b'{"text":"n"}')
BAD = WireRequest("POST", "/notes?limit=x", (*JSON, ("x-key", "open-sesame")), b"{}")
UNKEYED = WireRequest("POST", "/notes?limit=1", JSON, b'{"text":"n"}')


@pytest.fixture
def spec(document: Callable[..., SpecDocument]) -> Callable[..., SpecDocument]:
    def make(**more: Any) -> SpecDocument:
        note = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
        form = {"content": {"application/json": {"schema": note}}}
        operation = {
            "operationId": "add",
            "security": [{"key": []}],
            "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
            "requestBody": form,
            "responses": {
                "200": {
                    "description": "",
                    **form,
                    "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                },
                "400": {"description": ""},
                "500": {"description": ""},
            },
        }
        schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
        return document({"/notes": {"post": operation | more}}, components={"securitySchemes": schemes})

    return make


OK_HEADERS = (*JSON, ("etag", '"1"'))
EVERY_CHECK = {"answers", "status", "media_type", "headers", "body", "no_server_error", "accepted"}


@pytest.mark.parametrize(
    ("request_", "answer", "found"),
    [
        (GOOD, (200, OK_HEADERS, b'{"text":"n"}'), []),
        (GOOD, (200, JSON, b'{"text":"n"}'), ["failure headers"]),
        (GOOD, (200, OK_HEADERS, b"{}"), ["failure body"]),
        (GOOD, (200, OK_HEADERS, b"{"), ["failure body"]),
        (GOOD, (200, (("content-type", "text/html"), ("etag", "1")), b"<p>"), ["failure media_type"]),
        (GOOD, (201, JSON, b"{}"), ["failure status"]),
        (GOOD, (500, (), b""), ["gap no_server_error"]),
        (GOOD, (502, (), b""), ["failure status", "failure no_server_error"]),
        (GOOD, (400, (), b""), ["failure accepted"]),
        (GOOD, (422, (), b""), ["failure status", "failure accepted"]),
        (GOOD, (404, (), b""), ["failure status"]),
        (BAD, (400, (), b""), []),
        (BAD, (422, (), b""), ["gap status"]),
        (BAD, (200, OK_HEADERS, b'{"text":"n"}'), []),
        (UNKEYED, (401, (), b""), ["gap status"]),
        (GOOD, (401, (), b""), ["failure status"]),
    ],
)
def test_an_exchange_is_judged(
    spec: Callable[..., SpecDocument], request_: WireRequest, answer: tuple[Any, ...], found: list[str]
) -> None:
    document = spec()
    verdict = Judge(document, "http://x").verdict(document.by_id["add"], Trial(request_, *answer), "examples")
    assert [f"{finding.severity} {finding.check}" for finding in verdict.findings] == found
    if not found and request_ is GOOD:
        assert set(verdict.held) == EVERY_CHECK


def test_made_up_data_may_break_rules_that_no_schema_says(spec: Callable[..., SpecDocument]) -> None:
    document = spec()
    verdict = Judge(document, "http://x").verdict(document.by_id["add"], Trial(GOOD, 400), "fuzzing")
    assert [(each.check, each.severity) for each in verdict.findings] == [("accepted", "gap")]


@pytest.mark.parametrize("more", [{"x-stateful": True}, {"responses": {"400": {"description": ""}}}])
def test_a_refusal_that_the_spec_announces_is_a_gap(spec: Callable[..., SpecDocument], more: dict[str, Any]) -> None:
    document = spec(**more)
    verdict = Judge(document, "http://x").verdict(document.by_id["add"], Trial(GOOD, 400), "examples")
    assert [(each.check, each.severity) for each in verdict.findings] == [("accepted", "gap")]


def test_no_answer_is_a_failure(spec: Callable[..., SpecDocument]) -> None:
    document = spec()
    trial = Trial(GOOD, error="ConnectError: refused")
    (finding,) = Judge(document, "http://x").verdict(document.by_id["add"], trial, "examples").findings
    assert (finding.check, finding.message) == ("answers", "ConnectError: refused")


def test_a_finding_tells_how_to_repeat_it_without_its_secrets(spec: Callable[..., SpecDocument]) -> None:
    document = spec()
    judge = Judge(document, "http://x/api", Masker.of(document, ["open-sesame"]))
    body = b'{"text":7,"token":"made","echo":"open-sesame"}'
    (finding, *_) = judge.verdict(document.by_id["add"], Trial(GOOD, 200, OK_HEADERS, body), "examples").findings
    assert finding.curl == (
        "curl -sS -i -g -X POST 'http://x/api/notes?limit=1' -H 'content-type: application/json' -H 'x-key: ***' "
        '--data-binary \'{"text":"n"}\''
    )
    assert finding.answer == '{"text":7,"token":"***","echo":"***"}'


@pytest.mark.parametrize(
    ("url", "target", "relative"),
    [
        ("http://x", "http://x/a?b=1", "/a?b=1"),
        ("http://x/api/", "http://x/api/a", "/a"),
        ("http://x/api", "/api", "/api"),
        ("http://x/api", "/apis/a", "/apis/a"),
    ],
)
def test_targets_are_relative_to_the_base_url(
    spec: Callable[..., SpecDocument], url: str, target: str, relative: str
) -> None:
    assert Judge(spec(), url).relative(target) == relative


def test_a_stream_that_was_left_early_is_judged_by_its_whole_lines(document: Callable[..., SpecDocument]) -> None:
    lines = {"application/jsonl": {"itemSchema": {"type": "integer"}}}
    spec = document({"/w": {"get": {"operationId": "w", "responses": {"200": {"description": "", "content": lines}}}}})
    headers = (("content-type", "application/jsonl"),)
    for body, findings in ((b"1\n2\n3", 0), (b'1\n"x"\n{"cut', 1)):
        trial = Trial(WireRequest("GET", "/w"), 200, headers, body, complete=False)
        verdict = Judge(spec, "http://x").verdict(spec.by_id["w"], trial, "examples")
        assert len(verdict.findings) == findings

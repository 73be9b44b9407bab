"""What a protocol's rules can say, seen over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from wirewright.sandbox import Answer, Call, Lines, Rules, Sandbox, rule


def test_a_rule_answers_a_request_that_keeps_the_spec(client: httpx.Client) -> None:
    answer = client.put("/notes/a", json={"text": "hi"})
    assert (answer.status_code, answer.json()) == (201, {"text": "hi"})
    assert answer.headers["x-number"] == "1"
    assert answer.headers["x-sandbox-answer"] == "rule"


def test_a_rule_may_return_plain_json_or_nothing(client: httpx.Client) -> None:
    client.put("/notes/a", json={"text": "hi"})
    assert client.get("/notes/a").json() == {"text": "hi"}
    gone = client.delete("/notes/a")
    assert (gone.status_code, gone.content) == (204, b"")


def test_a_rule_sees_decoded_values(client: httpx.Client, sandbox: Sandbox) -> None:
    client.put("/notes/a%20b/c%2Fd?mood=good", json={"text": "hi"}, headers={"cookie": "n=1", "x-key": "secret"})
    call: Call = sandbox.rules.seen[0]
    assert call.path == {"name": "a b/c/d"}
    assert call.query == {"mood": "good"}
    assert call.cookies == {"n": "1"}
    assert call.headers["x-key"] == "secret"
    assert call.operation is not None
    assert call.operation.id == "write_note"
    assert (call.base_url, call.media_type) == (sandbox.url, "application/json")
    assert call.decode(dict[str, str]) == {"text": "hi"}


def test_refusals_take_the_shape_that_the_spec_documents(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.rules.room = 0
    full = client.put("/notes/a", json={"text": "hi"})
    assert (full.status_code, full.json()) == (409, {"error": {"code": "full", "message": "no room for more notes"}})
    assert full.headers["x-room"] == "0"
    assert client.get("/notes/a").json() == {"error": {"code": "no_note", "message": "no such note"}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", 'body: "text" is a required property'),
        (b'{"text":1}', 'body/text: 1 is not of type "string"'),
        (b"", "body: is required"),
    ],
)
def test_a_request_that_breaks_the_spec_never_reaches_the_rule(
    client: httpx.Client, sandbox: Sandbox, body: bytes, message: str
) -> None:
    answer = client.put("/notes/a", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": {"code": "validation_error", "message": message}})
    assert sandbox.rules.seen == []


def test_a_rule_may_ask_for_broken_requests_too(client: httpx.Client) -> None:
    answer = client.post("/upper", content=b'{"a":1}', headers={"content-type": "application/json"})
    assert answer.text == "{'A': 1}1"
    assert client.post("/upper", content="hé", headers={"content-type": "text/plain"}).text == "HÉ0"


def test_unknown_paths_and_methods_take_the_protocols_error_shape(client: httpx.Client) -> None:
    lost = client.get("/nowhere")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")
    refused = client.patch("/notes/a")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "DELETE, GET, PUT"


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    client.put("/notes/a", json={"text": "hi"})
    answer = client.head("/notes/a")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "13")


def test_operations_without_a_rule_are_answered_from_the_spec(client: httpx.Client) -> None:
    answer = client.get("/notes")
    assert (answer.json(), answer.headers["x-sandbox-answer"]) == ([{"text": "from the spec"}], "example")
    asked = client.get("/notes", headers={"x-sandbox-status": "404"})
    assert (asked.status_code, asked.headers["x-sandbox-answer"]) == (404, "synthetic")
    assert client.get("/notes?limit=0").status_code == 400


def test_a_rule_that_fails_is_a_500_and_on_record(sandbox: Sandbox, client: httpx.Client) -> None:
    answer = client.get("/notes/defect")
    assert answer.status_code == 500
    assert sandbox.requests[-1].answer_problems[0].message == "ZeroDivisionError: "
    assert client.get("/notes").status_code == 200


def test_an_answer_that_cannot_be_sent_is_the_rules_defect_too(spec: dict[str, Any]) -> None:
    class Odd(Rules):
        @rule("list_notes")
        def list(self, call: Call) -> Any:
            return object()

        @rule("lines")
        def lines(self, call: Call) -> Lines:
            return Lines({"text": text} if text else object() for text in ("a", ""))

    with Sandbox.from_spec(spec, rules=Odd) as sandbox:
        assert httpx.get(sandbox.url + "/notes").status_code == 500
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(sandbox.url + "/lines")
        assert all("TypeError" in exchange.answer_problems[0].message for exchange in sandbox.requests)


def test_json_lines_and_raw_chunks_are_streamed(client: httpx.Client) -> None:
    lines = client.get("/lines")
    assert lines.headers["content-type"] == "application/jsonl"
    assert [json.loads(line) for line in lines.text.splitlines()] == [{"text": "a"}, {"text": "b"}]
    blob = client.get("/blob")
    assert (blob.content, blob.headers["content-type"]) == (b"\x89PNG", "image/png")


def test_options_are_the_keyword_arguments_of_setup(spec: dict[str, Any], rules: type[Rules]) -> None:
    with Sandbox.from_spec(spec, rules=rules, room=1, serve=False) as sandbox:
        assert sandbox.rules.room == 1
    with pytest.raises(TypeError, match="space"), Sandbox.from_spec(spec, rules=rules, space=1, serve=False):
        pass


def test_what_the_rules_cover_is_known(spec: dict[str, Any], rules: type[Rules]) -> None:
    class More(rules):  # type: ignore[valid-type,misc]
        @rule("write_note", "not_in_this_version")
        def write(self, call: Call) -> Answer:
            return Answer(201, {"text": "overridden"})

    with Sandbox.from_spec(spec, rules=More) as sandbox:
        assert sandbox.app.unruled == ["list_notes"]
        assert sandbox.app.unused == ["not_in_this_version"]
        answer = httpx.put(sandbox.url + "/notes/a", json={"text": "x"})
        assert answer.json() == {"text": "overridden"}


def test_a_protocol_may_shape_its_own_errors_and_cut_in_before_its_rules(spec: dict[str, Any]) -> None:
    class Strict(Rules):
        def before(self, call: Call) -> Answer | None:
            return None if call.bearer == "t" else Answer(401, {"ok": False})

        def error(self, status: int, code: str, message: str, problems: Any, *, call: Call | None) -> Answer:
            return Answer(status, {"ok": False, "error": code})

    with Sandbox.from_spec(spec, rules=Strict, serve=False) as sandbox:
        client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url)
        assert client.get("/notes").status_code == 401
        assert client.get("/notes", headers={"authorization": "Bearer t"}).status_code == 200
        assert client.get("/lost").json() == {"ok": False, "error": "not_found"}


def test_every_answer_may_carry_headers_of_the_protocol(spec: dict[str, Any]) -> None:
    class Traced(Rules):
        def headers(self, call: Call) -> dict[str, str]:
            return {"x-request-id": call.headers.get("x-request-id", "none")}

    with Sandbox.from_spec(spec, rules=Traced, chaos="status=503x1") as sandbox:
        for path, status in (("/notes", 503), ("/notes", 200), ("/lost", 404), ("/notes?limit=0", 400)):
            answer = httpx.get(sandbox.url + path, headers={"x-request-id": "7"})
            assert (answer.status_code, answer.headers.get("x-request-id")) == (status, "7")


def test_ids_are_the_same_each_time_with_a_seed(spec: dict[str, Any], rules: type[Rules]) -> None:
    made = []
    for _ in range(2):
        with Sandbox.from_spec(spec, rules=rules, seed=7, serve=False) as sandbox:
            made.append((sandbox.rules.uuid(), sandbox.rules.token("app_", 8)))
    assert made[0] == made[1]
    assert made[0][0][14] == "4"
    assert made[0][1].startswith("app_")
    assert len(made[0][1]) == 12

"""A whole run against a server: credentials wherever they are declared, base URLs, servers that break in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from wirewright.contract import RunOptions, SpecDocument, run_contract
from wirewright.contract.report import ContractReport
from wirewright.sandbox import Answer, Events, Rules, Sandbox, rule

SECRET = "a-secret-key"
SCHEMES = {
    "header": {"type": "apiKey", "in": "header", "name": "X-Door"},
    "query": {"type": "apiKey", "in": "query", "name": "door"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "door"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}


@pytest.fixture
def spec(document: Callable[..., SpecDocument]) -> Callable[..., SpecDocument]:
    def make(scheme: str = "header", **responses: Any) -> SpecDocument:
        note = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
        form = {"application/json": {"schema": note, "example": {"id": 1}}}
        operation = {
            "operationId": "get_note",
            "security": [{"door": []}],
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}, "example": 1}],
            "responses": {
                "200": {"description": "", "content": form},
                "400": {"description": ""},
                "401": {"description": ""},
            }
            | responses,
        }
        return document(
            {"/notes/{id}": {"get": operation}},
            servers=[{"url": "/api/v1"}],
            components={"securitySchemes": {"door": SCHEMES[scheme]}},
        )

    return make


def tried(sandbox: Sandbox, base: str = "", **options: Any) -> ContractReport:
    return run_contract(sandbox.document, sandbox.url + base, RunOptions(**{"examples": 3, **options}))


def checks(report: ContractReport, severity: str = "failure") -> set[str]:
    return {each.check for operation in report.operations for each in operation.findings if each.severity == severity}


@pytest.mark.parametrize("base", ["", "/api/v1"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_credentials_are_sent_where_they_are_declared(
    spec: Callable[..., SpecDocument], scheme: str, base: str
) -> None:
    secret = f"user:{SECRET}" if scheme == "basic" else SECRET
    with Sandbox(document=spec(scheme), security=True) as sandbox:
        report = tried(sandbox, base, auth={"door": secret}, phases=("examples", "coverage"))
    (operation,) = report.operations
    assert (report.ok, operation.statuses[200] > 0, operation.held["auth"] > 0) == (True, True, True)
    assert SECRET not in json.dumps(report.to_json())


class Leaky(Rules):
    invalid_status = 200

    @rule("get_note", validate=False)
    def get(self, call: Any) -> Any:
        return {"id": 1}


class Failing(Rules):
    @rule("get_note", validate=False)
    def get(self, call: Any) -> Any:
        return {"id": 1} if str(call.path.get("id")).isdigit() else Answer(503, {})


class Odd(Rules):
    @rule("get_note")
    def get(self, call: Any) -> Any:
        return {"id": 1} if call.headers["accept"] != "*/*" else {"id": "one"}


@pytest.mark.parametrize(
    ("rules", "found"),
    [(Leaky, {"refused"}), (Failing, {"status", "no_server_error"}), (Odd, {"body"})],
)
def test_what_examples_do_not_show_is_found(
    spec: Callable[..., SpecDocument], rules: type[Rules], found: set[str]
) -> None:
    with Sandbox(document=spec(), rules=rules) as sandbox:
        assert checks(tried(sandbox, phases=("examples",))) == set()
        report = tried(sandbox, examples=10)
    assert checks(report) == found
    assert report.operation("get_note").state == "failed"
    assert all("/notes/" in each.curl for each in report.operation("get_note").failures)


def test_the_same_seed_makes_the_same_cases(spec: Callable[..., SpecDocument]) -> None:
    def targets(seed: int) -> list[str]:
        with Sandbox(document=spec()) as sandbox:
            tried(sandbox, seed=seed, phases=("fuzzing",))
            return [each.target for each in sandbox.requests if each.target.startswith("/notes/")]

    assert targets(1) == targets(1)
    assert targets(1) != targets(2)


def test_a_stream_that_does_not_end_is_left(document: Callable[..., SpecDocument]) -> None:
    class Endless(Rules):
        @rule("watch")
        def watch(self, call: Any) -> Any:
            async def events() -> Any:
                yield None, 1
                await call.clock.sleep(60)

            return Events(events())

    form = {"text/event-stream": {"itemSchema": {"type": "integer"}}}
    spec = document(
        {"/w": {"get": {"operationId": "watch", "responses": {"200": {"description": "", "content": form}}}}}
    )
    with Sandbox(document=spec, rules=Endless) as sandbox:
        report = tried(sandbox, phases=("examples", "fuzzing"), examples=1)
    assert (report.ok, report.operation("watch").held["body"]) == (True, report.tried)
    assert report.seconds < 20


def test_nothing_is_made_up_for_a_server_that_is_not_there(spec: Callable[..., SpecDocument]) -> None:
    report = run_contract(spec(), "http://127.0.0.1:9", RunOptions(timeout=1))
    assert (report.ok, report.errors) == (False, ["no usable answer comes from http://127.0.0.1:9"])
    assert checks(report) == {"answers"}


def test_a_run_that_was_locked_out_says_so(spec: Callable[..., SpecDocument]) -> None:
    with Sandbox.from_spec(spec().raw, security=True) as sandbox:
        bare = tried(sandbox, phases=("examples",))
        keyed = tried(sandbox, phases=("examples",), auth={"door": SECRET})
    words = "1 operation was only ever refused for want of credentials; it takes --auth door=SECRET"
    assert (bare.notes, keyed.notes) == ([words], [])
    assert bare.to_json()["notes"] == [words]

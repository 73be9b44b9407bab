"""Who gets in, and how the runtime's front and framework refuse (protocol sheet, sections 4.1 and 19.2)."""

from __future__ import annotations

from typing import Any

import pytest
from symbiont.testing.access import Bucket

ID = "6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55"
OTHER = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.mark.parametrize("path", ["health", "health/live"])
def test_health_needs_no_token(start: Any, path: str) -> None:
    assert start(token=None)("GET", path).status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer wrong", "bearer symbiont-sandbox-token", "symbiont-sandbox-token"])
def test_a_stranger_is_refused_without_a_word(start: Any, header: str | None) -> None:
    answer = start(token=None)("GET", "agents", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer.content) == (401, b"")


def test_an_expired_token_can_say_so(start: Any) -> None:
    answer = start(token=None, expired="token expired")("GET", "agents")
    assert (answer.status_code, answer.text) == (401, "token expired")


def test_an_open_sandbox_takes_everybody(start: Any) -> None:
    assert start(token=None, open=True)("GET", "agents").status_code == 200


def test_as_soon_as_there_are_keys_the_token_counts_no_more(start: Any) -> None:
    runtime = start(keys={"k1.secret": None})
    assert runtime.refused("GET", "agents") == (401, "")
    assert runtime("GET", "agents", headers={"authorization": "Bearer k1.secret"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "schedules", None, "ADMIN_REQUIRED"),
        ("POST", "agents", {"name": "a", "dsl": "agent a { }"}, "ADMIN_REQUIRED"),
        ("POST", "workflows/execute", {"workflow_id": "agent a { }", "parameters": None}, "ADMIN_REQUIRED"),
        (
            "POST",
            "workflows/execute",
            {"workflow_id": "agent a { }", "parameters": None, "agent_id": OTHER},
            "AGENT_SCOPE_DENIED",
        ),
        ("GET", f"agents/{OTHER}/status", None, "AGENT_SCOPE_DENIED"),
        ("POST", f"agents/{ID}/messages", {"sender": OTHER, "payload": "x"}, "AGENT_SCOPE_DENIED"),
        ("GET", f"messages/{ID}/status", None, "AGENT_SCOPE_DENIED"),
        ("POST", "approvals/00f1e2d3c4b5a697/approve", None, "ADMIN_REQUIRED"),
    ],
)
def test_a_scoped_key_may_not_do_everything(start: Any, method: str, path: str, body: Any, code: str) -> None:
    runtime = start(keys={"k1.secret": [ID]}, token="k1.secret")
    assert runtime.refused(method, path, body) == (403, code)


def test_a_scoped_key_sees_only_its_own_agents(start: Any) -> None:
    runtime = start(keys={"admin.secret": None}, token="admin.secret")
    mine = runtime.agent()
    runtime.agent(name="another")
    runtime.sandbox.call(runtime.sandbox.rules.doors.add, "k1.secret", [mine])
    scoped = {"authorization": "Bearer k1.secret"}
    assert [agent["id"] for agent in runtime.ok("GET", "agents", headers=scoped)] == [mine]
    assert runtime.ok("GET", f"agents/{mine}/status", headers=scoped)["agent_id"] == mine


def test_runtime_1_10_knows_no_scopes(start: Any) -> None:
    runtime = start("1.10", keys={"k1.secret": [ID]}, token="k1.secret")
    assert runtime.ok("GET", "schedules") == []


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {"content-type": "application/json"}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"", {}, 415),
        (b'{"dsl": "agent a { }"}', {"content-type": "application/json"}, 422),
        (b'{"name": 7}', {"content-type": "application/json"}, 422),
        (b'{"name": "' + b"x" * (2 * 1024 * 1024) + b'"}', {"content-type": "application/json"}, 413),
    ],
)
def test_bodies_that_cannot_be_read_are_refused_in_plain_text(
    runtime: Any, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = runtime.http.post("/api/v1/agents", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_agent_id_that_is_no_uuid_is_400(runtime: Any) -> None:
    answer = runtime("GET", "agents/agent-1/status")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/api/v1/agents", 405, "GET, POST"),
        ("GET", f"/api/v1/agents/{ID}", 405, "DELETE, PUT"),  # the first SDK's path
        ("POST", "/api/v1/agents/deploy", 405, "DELETE, PUT"),
        ("POST", f"/api/v1/agents/{ID}", 405, "DELETE, PUT"),  # nobody's
        ("PATCH", "/api/v1/tools", 404, None),
        ("POST", "/api/v1/workflows", 404, None),
        ("GET", "/api/v1/tools", 404, None),
        ("DELETE", f"/api/v1/api/v1/agents/{ID}", 404, None),  # the doubled prefix
    ],
)
def test_profile_runtime_has_only_the_runtimes_routes(
    runtime: Any, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = runtime(method, path)
    assert (answer.status_code, answer.headers.get("allow"), answer.content) == (status, allow, b"")


def test_profile_sdk_takes_a_doubled_prefix_for_one(sdk: Any) -> None:
    assert sdk.ok("GET", "/api/v1/api/v1/tools") == sdk.ok("GET", "tools")


def test_a_header_chooses_the_profile_of_one_request(runtime: Any) -> None:
    assert runtime.refused("GET", "tools") == (404, "")
    assert runtime.ok("GET", "tools", headers={"x-sandbox-profile": "sdk"})


@pytest.mark.parametrize("version", ["1.10", "1.16"])
def test_every_route_of_the_runtime_is_served_by_a_rule(start: Any, version: str) -> None:
    runtime = start(version, open=True)
    for operation in runtime.sandbox.document.operations:
        if operation.declared["x-authority"] != "runtime":
            continue
        path = operation.path
        for parameter in operation.parameters:
            if parameter.location == "path":
                declared = operation.declared["parameters"][operation.parameters.index(parameter)]
                path = path.replace("{" + parameter.name + "}", str(declared["example"]))
        form = next(iter(operation.body.content.values())).declared if operation.body else {}
        example = form.get("example", next(iter(form.get("examples", {}).values()), {}).get("value"))
        answer = runtime(operation.method, path, example)
        exchange = runtime.sandbox.requests[-1]
        assert (exchange.operation, exchange.answered_by) == (operation.id, "rule"), operation
        assert str(answer.status_code) in operation.responses, operation


def test_the_page_shows_agents_jobs_thoughts_and_what_waits(sdk: Any) -> None:
    sdk.agent()
    sdk.ok("POST", "schedules", {"name": "n", "cron_expression": "0 * * * * *", "agent_name": "reporter"}, 201)
    sdk.ok("POST", "agents/a/reasoning/loop", {"config": {}, "initial_message": "hi"})
    sdk.ok("POST", "/_sandbox/approvals", {"summary": "delete all"})
    agents, jobs, minds, held = sdk.sandbox.rules.picture()
    assert [(lane.name, lane.note, lane.tone) for lane in agents.lanes] == [("reporter", "Waiting", "waiting")]
    assert jobs.rows[0][:3] == ("n", "0 * * * * *", "Active")
    assert minds.lanes[0].items[0].label == "started"
    assert held.rows[0][1] == "delete all"


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:3000", True), ("https://elsewhere.example", False)])
def test_pages_of_known_origins_may_ask(runtime: Any, origin: str, allowed: bool) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    preflight = runtime("OPTIONS", "agents", headers=headers)
    assert preflight.status_code == 200
    assert ("access-control-allow-methods" in preflight.headers) is allowed
    answer = runtime("GET", "agents", headers={"origin": origin})
    for each in (preflight, answer):
        assert each.headers.get_list("access-control-allow-origin") == ([origin] if allowed else [])


@pytest.mark.parametrize(
    ("version", "options", "status"), [("1.10", {}, 200), ("1.16", {}, 401), ("1.16", {"docs": True}, 401)]
)
def test_who_sees_the_runtimes_own_document(start: Any, version: str, options: Any, status: int) -> None:
    answer = start(version, token=None, **options)("GET", "/api-docs/openapi.json")
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["info"]["title"] == "Symbiont Runtime API"
        assert "/api/v1/agents" in answer.json()["paths"]


def test_what_is_sensitive_is_cut_out_of_agents_md(start: Any) -> None:
    for path in ("/agents.md", "/.well-known/agents.md"):
        assert start()("GET", path).status_code == 404
        shown = start(docs=True)("GET", path)
        assert shown.headers["content-type"] == "text/markdown; charset=utf-8"
        assert "reporter" in shown.text
        assert "auditor" not in shown.text


def test_every_answer_has_the_security_headers(runtime: Any) -> None:
    for path in ("/api/v1/health", "/nowhere", "/api/v1/agents/x/status"):
        assert runtime("GET", path).headers["x-frame-options"] == "DENY"


def test_the_rate_limit_is_a_hundred_at_once_and_one_every_600_ms(start: Any) -> None:
    runtime = start(rate_limit=True)
    answers = [runtime("GET", "health").status_code for _ in range(101)]
    assert answers == [200] * 100 + [429]
    runtime.clock.advance(0.6)
    assert [runtime("GET", "health").status_code for _ in range(2)] == [200, 429]


def test_a_bucket_never_holds_more_than_its_size() -> None:
    bucket = Bucket(size=2, every=1)
    assert [bucket.take(now) for now in (0, 0, 0, 100, 100, 100)] == [True, True, False, True, True, False]


def test_an_unknown_profile_is_refused_at_the_start(start: Any) -> None:
    with pytest.raises(ValueError, match="profile"):
        start(profile="enterprise")


def test_ready_after_five_seconds(runtime: Any) -> None:
    assert runtime("GET", "health/ready").status_code == 503
    runtime.clock.advance(5)
    assert runtime("GET", "health/ready").status_code == 200

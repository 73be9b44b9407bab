"""Reasoning loops, journals, Cedar policies, circuit breakers and tools (protocol sheet, section 19.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from symbiont.testing.breakers import Breaker
from symbiont.testing.policies import Policy, PolicyError, check, decide

LOOP = "agents/agent-1/reasoning"
WRITE = {"type": "tool_call", "name": "write_file", "arguments": '{"path": "a", "content": "b"}'}
READ = {"type": "tool_call", "name": "read_file", "arguments": "{}"}
SAY = {"type": "respond", "content": "hello"}


def run(sdk: Any, message: str = "hello", **config: Any) -> Any:
    return sdk.ok("POST", f"{LOOP}/loop", {"config": config, "initial_message": message})


def script(sdk: Any, *turns: Any) -> None:
    sdk.ok("POST", "/_sandbox/model", {"turns": list(turns)})


def tool(name: str, **arguments: Any) -> Any:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


# Policies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "action", "allowed"),
    [
        ([], WRITE, True),
        (["permit(principal, action, resource);"], WRITE, True),
        (["forbid(principal, action, resource);", "permit(principal, action, resource);"], WRITE, False),
        # Only a forbid: the rest is permitted.
        (['forbid(principal, action, resource == Tool::"write_file");'], WRITE, False),
        (['forbid(principal, action, resource == Tool::"write_file");'], READ, True),
        (['forbid(principal, action, resource == Tool::"write_file");'], SAY, True),
        # As soon as something is permitted by name, the rest is not.
        (['permit(principal, action == Action::"respond", resource);'], SAY, True),
        (['permit(principal, action == Action::"respond", resource);'], WRITE, False),
        # The SDK's way of writing an action, from its documentation.
        (['forbid(principal, action == "tool_call", resource) when { resource.name == "write_file" };'], WRITE, False),
        (['forbid(principal, action == "tool_call", resource) when { resource.name == "write_file" };'], READ, True),
        # Who asks, and with which arguments.
        (['forbid(principal == Agent::"agent-1", action, resource);'], SAY, False),
        (['forbid(principal == Agent::"agent-2", action, resource);'], SAY, True),
        (
            ['forbid(principal, action, resource) when { context.arguments.path == "a" };'],
            WRITE,
            False,
        ),
        (['// permit(\nforbid(principal, action, resource == Tool::"x");'], SAY, True),
    ],
)
def test_what_policies_say(policies: list[str], action: Any, allowed: bool) -> None:
    named = [Policy(f"p{index}", source) for index, source in enumerate(policies)]
    assert decide("agent-1", named, action).allowed is allowed


def test_a_policy_that_is_not_active_does_not_count() -> None:
    assert decide("a", [Policy("off", "forbid(principal, action, resource);", active=False)], SAY).allowed


def test_the_policy_that_forbids_is_named() -> None:
    first = Policy(
        "two-in-one", 'forbid(principal, action, resource == Tool::"x");\npermit(principal, action, resource);'
    )
    second = Policy("quiet", 'forbid(principal, action == Action::"respond", resource);')
    assert decide("a", [first, second], SAY).reason == "forbidden by quiet"


@pytest.mark.parametrize("source", ["nonsense", "permit(principal);", "forbid(principal, action, resource)"])
def test_what_is_not_cedar(source: str) -> None:
    with pytest.raises(PolicyError):
        check(source)


def test_policies_over_http(sdk: Any) -> None:
    policy = {"name": "quiet", "source": 'forbid(principal, action == "respond", resource);'}
    assert sdk.ok("POST", f"{LOOP}/cedar", policy)["status"] == "added"
    assert sdk.refused("POST", f"{LOOP}/cedar", policy) == (409, "CONFLICT")
    assert sdk.refused("POST", f"{LOOP}/cedar", {"name": "bad", "source": "x"}) == (400, "INVALID_REQUEST")
    assert sdk.ok("GET", f"{LOOP}/cedar") == [policy | {"active": True}]
    assert sdk.ok("GET", "agents/agent-2/reasoning/cedar") == []
    assert sdk.ok("POST", f"{LOOP}/cedar/evaluate", SAY)["decision"] == "deny"
    assert sdk.ok("DELETE", f"{LOOP}/cedar/quiet") == {"removed": True}
    assert sdk.ok("DELETE", f"{LOOP}/cedar/quiet") == {"removed": False}
    assert sdk.ok("POST", f"{LOOP}/cedar/evaluate", SAY)["decision"] == "allow"


# Loops --------------------------------------------------------------------------------------------------------------


def test_a_loop_that_only_answers(sdk: Any) -> None:
    result = run(sdk)["result"]
    assert (result["output"], result["iterations"], result["termination_reason"]["type"]) == (
        "You said: hello",
        1,
        "completed",
    )
    usage = result["total_usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_message_may_ask_for_tools(sdk: Any) -> None:
    result = run(sdk, 'use echo {"text": "hi"}')["result"]
    assert (result["iterations"], result["output"].splitlines()[-1]) == (2, "echo hi: done")


def test_a_denied_action_is_an_observation_and_ends_nothing(sdk: Any) -> None:
    extra = {"name": "no", "source": 'forbid(principal, action, resource == Tool::"write_file");'}
    script(sdk, tool("write_file", path="a", content="b"), tool("echo", text="x"), {"content": "done"})
    body = {"config": {}, "initial_message": "go", "cedar_policies": [extra]}
    answer = sdk.ok("POST", f"{LOOP}/loop", body)
    assert (answer["result"]["output"], answer["result"]["iterations"]) == ("done", 3)
    seen = sdk.ok("GET", f"{LOOP}/{answer['loop_id']}/diagnostics")["observations"]
    assert [(each["source"], each["is_error"]) for each in seen] == [("write_file", True), ("echo", False)]
    assert sdk.ok("GET", f"{LOOP}/cedar") == []  # its policies were for that loop only


@pytest.mark.parametrize(
    ("config", "turns", "reason", "iterations"),
    [
        ({"max_iterations": 2}, [tool("echo", text="x")] * 5, "max_iterations", 2),
        ({"max_total_tokens": 3}, [tool("echo", text="a b c d")] * 5, "max_tokens", 1),
        ({"timeout_ms": 100}, [{**tool("echo", text="x"), "milliseconds": 60}] * 5, "timeout", 2),
        ({"max_iterations": 0}, [], "max_iterations", 0),
    ],
)
def test_the_limits_of_a_loop(sdk: Any, config: Any, turns: Any, reason: str, iterations: int) -> None:
    script(sdk, *turns)
    result = run(sdk, **config)["result"]
    assert (result["termination_reason"]["type"], result["iterations"]) == (reason, iterations)


def test_a_loop_ends_whatever_was_asked_for(sdk: Any) -> None:
    quiet = {"name": "quiet", "source": 'forbid(principal, action == Action::"respond", resource);'}
    config = {"max_iterations": 10**9, "max_total_tokens": 10**9}
    body = {"config": config, "initial_message": "", "cedar_policies": [quiet]}
    result = sdk.ok("POST", f"{LOOP}/loop", body)["result"]
    assert (result["iterations"], result["termination_reason"]["type"]) == (500, "max_iterations")


def test_the_journal_counts_up_without_gaps_for_each_agent(sdk: Any) -> None:
    script(sdk, tool("echo", text="x"), {"content": "done"}, {"content": "again"})
    first, second = run(sdk), run(sdk)
    kinds = [entry["event"]["type"] for entry in first["journal_entries"]]
    assert kinds == [
        "started",
        "reasoning_complete",
        "policy_evaluated",
        "tools_dispatched",
        "observations_collected",
        "reasoning_complete",
        "policy_evaluated",
        "terminated",
    ]
    journal = sdk.ok("GET", f"{LOOP}/journal")
    assert [entry["sequence"] for entry in journal] == list(range(1, len(journal) + 1))
    assert second["journal_entries"] == journal[8:]
    page = sdk.ok("GET", f"{LOOP}/journal", params={"from_sequence": 3, "limit": 2})
    assert [entry["sequence"] for entry in page] == [3, 4]
    assert sdk.ok("POST", f"{LOOP}/journal/compact") == {"removed": len(journal) - 2, "remaining": 2}
    run(sdk)
    assert sdk.ok("GET", f"{LOOP}/journal")[-1]["sequence"] > len(journal)
    assert sdk.ok("GET", "agents/agent-2/reasoning/journal") == []


def test_loops_are_known_by_id(sdk: Any) -> None:
    loop = run(sdk)["loop_id"]
    assert sdk.ok("GET", f"{LOOP}/loop/{loop}")["current_phase"] == "terminated"
    assert sdk.ok("DELETE", f"{LOOP}/loop/{loop}")["status"] == "cancelled"
    assert sdk.ok("GET", f"{LOOP}/loop/{loop}")["metadata"] == {"cancelled": True}
    for path in ("loop/x", "x/diagnostics"):
        assert sdk.refused("GET", f"{LOOP}/{path}") == (404, "NOT_FOUND")


# Breakers -----------------------------------------------------------------------------------------------------------


def test_five_failures_in_a_row_open_a_breaker() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0)
    breaker.succeeded(0)
    assert breaker.failures == 0
    for _ in range(5):
        assert breaker.state(0) == "closed"
        breaker.failed(0)
    assert (breaker.state(29.9), breaker.allows(29.9)) == ("open", False)
    assert (breaker.state(30), breaker.allows(30)) == ("half_open", True)


def test_three_successes_close_a_half_open_breaker_and_one_failure_opens_it_again() -> None:
    breaker = Breaker(failures=5, opened_at=0)
    breaker.succeeded(30)
    breaker.failed(30)
    assert (breaker.state(59), breaker.state(60)) == ("open", "half_open")
    for _ in range(3):
        breaker.succeeded(60)
    assert (breaker.state(60), breaker.failures, breaker.successes) == ("closed", 0, 0)


def test_a_tool_behind_an_open_breaker_is_not_used(sdk: Any) -> None:
    sdk.ok("POST", "/_sandbox/tools/echo/outcome", {"exit_code": 1, "stderr": "no"})
    script(sdk, *[tool("echo", text="x")] * 6, {"content": "done"})
    run(sdk)
    breaker = sdk.ok("GET", f"{LOOP}/circuit-breakers")["echo"]
    assert (breaker["state"], breaker["failure_count"]) == ("open", 5)
    assert sdk.ok("GET", f"{LOOP}/tool-profiles") == [{"tool": "echo", "calls": 5, "failures": 5}]
    sdk.clock.advance(30)
    assert sdk.ok("GET", f"{LOOP}/circuit-breakers")["echo"]["state"] == "half_open"
    assert sdk.ok("POST", f"{LOOP}/circuit-breakers/echo/reset")["status"] == "closed"
    assert sdk.refused("POST", f"{LOOP}/circuit-breakers/none/reset") == (404, "NOT_FOUND")


def test_knowledge_is_recalled_newest_first(sdk: Any) -> None:
    for day in ("friday", "monday"):
        fact = {"subject": "report", "predicate": "is due", "object": day}
        assert sdk.ok("POST", f"{LOOP}/knowledge/store", fact)["status"] == "stored"
    recalled = sdk.ok("POST", f"{LOOP}/knowledge/recall", {"query": "Report", "limit": 5})
    assert recalled == ["report is due monday", "report is due friday"]
    assert sdk.ok("POST", f"{LOOP}/knowledge/recall", {"query": "Report", "limit": 1}) == recalled[:1]
    assert sdk.ok("POST", f"{LOOP}/knowledge/recall", {"query": "salary"}) == []


# Tools --------------------------------------------------------------------------------------------------------------


def test_a_use_comes_with_evidence(sdk: Any) -> None:
    used = sdk.ok("POST", "tools/nmap/execute", {"args": {"target": "10.0.0.1"}})
    assert (used["status"], used["exit_code"], used["results"]["exit_code"]) == ("success", 0, 0)
    assert used["command"] == "nmap -sV 10.0.0.1"
    assert used["scan_id"].startswith(f"{int(sdk.clock.time())}-")
    assert len(used["output_hash"]) == len("sha256:") + 64


@pytest.mark.parametrize("args", [{}, {"text": "a; rm -rf /"}, {"text": "a", "other": 1}, {"text": "$(id)"}])
def test_arguments_that_a_manifest_does_not_allow(sdk: Any, args: Any) -> None:
    assert sdk.refused("POST", "tools/echo/execute", {"args": args}) == (400, "INVALID_REQUEST")


def test_a_tool_that_fails_is_no_error(sdk: Any) -> None:
    sdk.ok("POST", "/_sandbox/tools/echo/outcome", {"exit_code": 3, "stderr": "boom"})
    used = sdk.ok("POST", "tools/echo/execute", {"args": {"text": "x"}})
    assert (used["status"], used["exit_code"], used["stderr"]) == ("error", 3, "boom")


def test_a_test_runs_nothing_and_says_what_is_wrong(sdk: Any) -> None:
    assert sdk.ok("POST", "tools/echo/test", {"args": {"text": "x"}})["validations"] == ["text: ok"]
    assert sdk.ok("POST", "tools/echo/test", {"args": {}})["validations"] == ["text is missing"]


@pytest.mark.parametrize("path", ["", "/schema"])
def test_unknown_tools(sdk: Any, path: str) -> None:
    assert sdk.refused("GET", f"tools/none{path}") == (404, "NOT_FOUND")


MANIFEST = """
[tool]
name = "ping"
version = "2.0.0"
risk_tier = "medium"
timeout_seconds = 5
[args.host]
type = "ip_address"
[args.count]
type = "integer"
required = false
[command]
template = "ping -c {count} {host}"
"""


def test_manifests_are_read_from_a_folder_and_again_when_asked(start: Any, tmp_path: Path) -> None:
    (tmp_path / "ping.clad.toml").write_text(MANIFEST)
    sdk = start(profile="sdk", tools=str(tmp_path))
    assert [(each["name"], each["arg_count"]) for each in sdk.ok("GET", "tools")] == [("ping", 2)]
    assert sdk.ok("GET", "tools/ping/schema")["required"] == ["host"]
    test = sdk.ok("POST", "tools/ping/test", {"args": {"host": "10.0.0.1", "count": 3}})
    assert (test["command"], test["timeout"]) == ("ping -c 3 10.0.0.1", 5)
    assert sdk.refused("POST", "tools/ping/execute", {"args": {"host": "example"}}) == (400, "INVALID_REQUEST")
    (tmp_path / "bad.clad.toml").write_text('[tool]\nname = "x"\nrisk_tier = "huge"')
    assert sdk.ok("POST", "tools/validate", {"path": "bad.clad.toml"})["valid"] is False
    assert sdk.ok("POST", "tools/validate", {"path": "../ping.clad.toml"})["valid"] is False
    assert sdk.refused("POST", "tools/reload") == (400, "INVALID_REQUEST")
    (tmp_path / "bad.clad.toml").unlink()
    assert sdk.ok("POST", "tools/reload") == {"status": "reloaded", "count": 1}

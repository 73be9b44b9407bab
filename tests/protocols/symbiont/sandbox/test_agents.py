"""The life of agents, messages and held actions (protocol sheet, sections 4.4 and 19.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from symbiont.agentpin import (
    build_discovery_document,
    generate_key_id,
    generate_key_pair,
    issue_credential,
    pem_to_jwk,
)
from symbiont.testing.pins import offline_verifier

ID = "6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55"


def test_an_agent_waits_runs_and_completes(runtime: Any) -> None:
    agent = runtime.agent()
    seen = []
    for seconds in (0, 1, 1.9, 0.1):
        runtime.clock.advance(seconds)
        seen.append(runtime.state(agent))
    assert seen == ["Waiting", "Running", "Running", "Completed"]


def test_only_a_running_agent_uses_anything(runtime: Any) -> None:
    agent = runtime.agent()
    assert runtime.ok("GET", f"agents/{agent}/status")["resource_usage"]["active_tasks"] == 0
    runtime.clock.advance(1)
    usage = runtime.ok("GET", f"agents/{agent}/status")["resource_usage"]
    assert (usage["active_tasks"], usage["memory_bytes"] > 0) == (1, True)


@pytest.mark.parametrize(
    "body", [{"name": "a"}, {"name": "a", "dsl": " "}, {"name": " ", "dsl": "x"}, {"name": "a", "dsl": None}]
)
def test_an_agent_needs_a_name_and_a_program(runtime: Any, body: Any) -> None:
    assert runtime.refused("POST", "agents", body) == (500, "AGENT_CREATION_FAILED")


def test_the_sdks_form_has_no_program_and_is_taken_only_in_its_profile(start: Any) -> None:
    agent = {"id": ID, "name": "a", "description": "", "system_prompt": "", "tools": [], "model": "m"}
    agent |= {"temperature": 0.5, "top_p": 1, "max_tokens": 10}
    assert start().refused("POST", "agents", agent) == (500, "AGENT_CREATION_FAILED")
    sdk = start(profile="sdk")
    assert sdk.ok("POST", "agents", agent)["id"] == ID
    named = sdk.ok("POST", "agents", agent | {"id": "agent-1"})["id"]
    assert named != "agent-1"
    assert sdk.ok("GET", "agents/agent-1/status")["agent_id"] == named


@pytest.mark.parametrize(
    ("forced", "word"),
    [("Running", "active"), ("Waiting", "idle"), ("Terminated", "stopped"), ("Failed", "error"), ("Created", "idle")],
)
def test_profile_sdk_says_states_in_the_first_sdks_words(sdk: Any, forced: str, word: str) -> None:
    agent = sdk.agent()
    sdk.ok("POST", f"/_sandbox/agents/{agent}/state", {"state": forced})
    assert sdk.state(agent) == word


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("Completed", 200),
        ("Running", 200),
        ("Waiting", (500, "AGENT_EXECUTION_FAILED")),
        ("Failed", (500, "AGENT_EXECUTION_FAILED")),
    ],
)
def test_which_agents_can_be_executed(runtime: Any, state: str, answer: Any) -> None:
    agent = runtime.agent()
    runtime.ok("POST", f"/_sandbox/agents/{agent}/state", {"state": state})
    if answer == 200:
        assert runtime.ok("POST", f"agents/{agent}/execute", {})["status"] == "execution_started"
        assert runtime.state(agent) == ("Waiting" if state == "Completed" else "Running")
    else:
        assert runtime.refused("POST", f"agents/{agent}/execute", {}) == answer


def test_history_is_newest_first_and_has_a_hundred_lines_at_most(runtime: Any) -> None:
    agent = runtime.agent()
    runtime.clock.advance(3)
    for _ in range(105):
        runtime.ok("POST", f"/_sandbox/agents/{agent}/state", {"state": "Running"})
        last = runtime.ok("POST", f"agents/{agent}/execute", {})["execution_id"]
    history = runtime.ok("GET", f"agents/{agent}/history")["history"]
    assert len(history) == 100
    assert history[0]["execution_id"] == last
    assert runtime.ok("GET", f"agents/{ID}/history") == {"history": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("GET", "status", None, (404, "AGENT_NOT_FOUND")),
        ("PUT", "", {"name": "x"}, (500, "AGENT_UPDATE_FAILED")),
        ("DELETE", "", None, (500, "AGENT_DELETION_FAILED")),
        ("POST", "execute", {}, (500, "AGENT_EXECUTION_FAILED")),
        ("POST", "heartbeat", {"state": "Running"}, (404, "HEARTBEAT_FAILED")),
        ("POST", "events", {"event_type": "RunStarted", "payload": None}, (404, "PUSH_EVENT_FAILED")),
        ("GET", "messages", None, (404, "AGENT_NOT_FOUND")),
    ],
)
def test_unknown_agents(runtime: Any, method: str, path: str, body: Any, refusal: Any) -> None:
    assert runtime.refused(method, f"agents/{ID}/{path}".rstrip("/"), body) == refusal


def test_an_update_needs_something_to_change_and_an_agent_that_has_not_ended(runtime: Any) -> None:
    agent = runtime.agent()
    assert runtime.refused("PUT", f"agents/{agent}", {"name": ""}) == (500, "AGENT_UPDATE_FAILED")
    assert runtime.ok("PUT", f"agents/{agent}", {"name": "new"})["status"] == "updated"
    runtime.clock.advance(10)
    assert runtime.refused("PUT", f"agents/{agent}", {"name": "newer"}) == (500, "AGENT_UPDATE_FAILED")
    assert [each["name"] for each in runtime.ok("GET", "agents")] == ["new"]


def test_deleting_is_final(runtime: Any) -> None:
    agent = runtime.agent()
    assert runtime.ok("DELETE", f"agents/{agent}") == {"id": agent, "status": "deleted"}
    assert runtime.refused("DELETE", f"agents/{agent}") == (500, "AGENT_DELETION_FAILED")


def test_an_external_agent_is_what_it_says_until_a_sweep_misses_it(runtime: Any) -> None:
    agent = runtime.external(seconds=10)
    runtime.clock.advance(3600)
    assert runtime.state(agent) == "Created"  # never before the first heartbeat
    beat = {"state": "Running", "metadata": {"region": "eu"}, "last_result": "ok"}
    assert runtime.ok("POST", f"agents/{agent}/heartbeat", beat) is None
    runtime.clock.advance(30)
    assert runtime.state(agent) == "Running"  # the sweep finds it 30 s old, which is not more than three intervals
    runtime.clock.advance(1)
    assert runtime.state(agent) == "Running"  # late, and not swept yet
    runtime.clock.advance(29)
    assert runtime.state(agent) == "Unreachable"
    runtime.ok("POST", f"agents/{agent}/heartbeat", {"state": "Waiting", "metadata": {"zone": "b"}})
    status = runtime.ok("GET", f"agents/{agent}/status")
    assert (status["state"], status["metadata"]) == ("Waiting", {"region": "eu", "zone": "b"})
    assert (status["last_result"], status["execution_mode"]) == ("ok", "External")


def test_the_last_hundred_events_are_kept(runtime: Any) -> None:
    agent = runtime.external()
    for number in range(101):
        runtime.ok("POST", f"agents/{agent}/events", {"event_type": "RunStarted", "payload": number})
    events = runtime.ok("GET", f"agents/{agent}/status")["recent_events"]
    assert [events[0]["payload"], events[-1]["payload"], len(events)] == [1, 100, 100]


def test_where_agentpin_is_on_the_credential_must_be_the_acting_agents(start: Any) -> None:
    def verify(jwt: str) -> str:
        if jwt == "bad":
            raise ValueError("signature")
        return jwt

    runtime = start(verifier=verify)
    agent = runtime.external()
    denied = (401, "AGENTPIN_VERIFICATION_FAILED")
    for jwt in ("bad", ID, None):
        body = {"state": "Running", "agentpin_jwt": jwt}
        assert runtime.refused("POST", f"agents/{agent}/heartbeat", body) == denied
    assert runtime.ok("POST", f"agents/{agent}/heartbeat", {"state": "Running", "agentpin_jwt": agent}) is None
    message = {"sender": agent, "payload": "x", "agentpin_jwt": ID}
    assert runtime.refused("POST", f"agents/{agent}/messages", message) == denied


def test_credentials_are_verified_with_a_discovery_document(start: Any, tmp_path: Path) -> None:
    pair = generate_key_pair()
    kid = generate_key_id(pair.public_key_pem)
    runtime = start(token=None, open=True)
    agent = runtime.external()
    declared = [{"agent_id": agent, "capabilities": ["write:state"], "status": "active", "name": "crawler"}]
    key = pem_to_jwk(pair.public_key_pem, kid)
    document = build_discovery_document("example.com", "maker", [key], declared, 2)
    (tmp_path / "agentpin.json").write_text(json.dumps(document))
    runtime.sandbox.rules.verifier = offline_verifier(tmp_path / "agentpin.json", runtime.clock.time)
    now = runtime.clock.time()
    good = issue_credential(
        pair.private_key_pem, kid, "example.com", agent, None, ["write:state"], None, None, 60, now=now
    )
    beat = {"state": "Running", "agentpin_jwt": good}
    assert runtime.ok("POST", f"agents/{agent}/heartbeat", beat) is None
    runtime.clock.advance(3600)
    refused = runtime("POST", f"agents/{agent}/heartbeat", beat)
    assert (refused.status_code, refused.json()["code"]) == (401, "AGENTPIN_VERIFICATION_FAILED")
    assert good not in refused.text


def test_a_workflow_is_dsl_text(runtime: Any) -> None:
    text = 'agent weekly { metadata { owner = "ada" } }'
    done = runtime.ok("POST", "workflows/execute", {"workflow_id": text, "parameters": {"week": 2}})
    assert (done["status"], done["metadata"], done["parameters"]) == ("success", {"owner": "ada"}, {"week": 2})
    assert [line["status"] for line in runtime.ok("GET", f"agents/{done['agent_id']}/history")["history"]] == [
        "workflow_started",
        "created",
    ]
    bad = {"workflow_id": "weekly-report", "parameters": None}
    assert runtime.refused("POST", "workflows/execute", bad) == (500, "WORKFLOW_EXECUTION_FAILED")


def test_metrics_count_agents_by_what_they_do(runtime: Any) -> None:
    agents = [runtime.agent() for _ in range(3)]
    for agent, state in zip(agents, ("Running", "Failed", "Completed"), strict=True):
        runtime.ok("POST", f"/_sandbox/agents/{agent}/state", {"state": state})
    assert runtime.ok("GET", "metrics")["agents"] == {"total": 3, "running": 1, "idle": 1, "error": 1}


def test_idempotency_keys_of_runtime_1_21(start: Any) -> None:
    runtime = start(durable=True)
    agent, other = runtime.agent(), runtime.agent()
    runtime.clock.advance(10)
    key = {"idempotency-key": "k-1"}
    once = runtime.ok("POST", f"agents/{agent}/execute", {}, headers=key)
    assert once["status"] == "queued"
    assert runtime.ok("POST", f"agents/{agent}/execute", {}, headers=key) == once
    conflict = runtime("POST", f"agents/{other}/execute", {}, headers=key)
    assert (conflict.status_code, conflict.json()["status"]) == (409, "conflict")
    runtime.ok("POST", "/_sandbox/invocations/k-2/reconcile", {"outcome": "completed"})
    settled = runtime("POST", f"agents/{agent}/execute", {}, headers={"idempotency-key": "k-2"})
    assert (settled.status_code, settled.json()["resolution"]) == (409, {"outcome": "completed"})


# Messages -----------------------------------------------------------------------------------------------------------


def test_a_message_is_pending_then_delivered_then_taken(sdk: Any) -> None:
    agent = sdk.agent()
    sent = sdk.ok("POST", f"agents/{agent}/messages", {"sender": ID, "payload": "one"})
    assert sent["status"] == "pending"
    sdk.ok("POST", f"agents/{agent}/messages", {"sender": ID, "payload": "two"})
    assert sdk.ok("GET", f"messages/{sent['message_id']}/status")["status"] == "delivered"
    taken = sdk.ok("GET", f"agents/{agent}/messages")["messages"]
    assert [(each["payload"], each["ttl_seconds"], each["message_type"]) for each in taken] == [
        ("one", 300, "direct"),
        ("two", 300, "direct"),
    ]
    assert sdk.ok("GET", f"agents/{agent}/messages") == {"messages": []}


@pytest.mark.parametrize(("asked", "ttl"), [(None, 300), (0, 1), (60, 60), (99_999, 3600)])
def test_how_long_a_message_lives(sdk: Any, asked: int | None, ttl: int) -> None:
    agent = sdk.agent()
    sent = sdk.ok("POST", f"agents/{agent}/messages", {"sender": ID, "payload": "x", "ttl_seconds": asked})
    status = f"messages/{sent['message_id']}/status"
    assert sdk.ok("GET", status)["status"] == "delivered"
    sdk.clock.advance(ttl - 0.5)
    assert sdk.ok("GET", status)["status"] == "delivered"
    sdk.clock.advance(0.5)
    assert sdk.ok("GET", status)["status"] == "failed"
    assert sdk.ok("GET", f"agents/{agent}/messages") == {"messages": []}


def test_a_stock_runtime_has_no_queues_for_agents_made_over_http(runtime: Any) -> None:
    agent = runtime.agent()
    sent = runtime.ok("POST", f"agents/{agent}/messages", {"sender": ID, "payload": "x"})
    assert runtime.ok("GET", f"messages/{sent['message_id']}/status")["status"] == "failed"
    assert runtime.refused("GET", f"agents/{agent}/messages") == (404, "AGENT_NOT_FOUND")


def test_a_topic_reaches_nobody_who_did_not_subscribe(sdk: Any) -> None:
    agent = sdk.agent()
    sdk.ok("POST", f"agents/{agent}/messages", {"sender": ID, "payload": "x", "topic": "news"})
    assert sdk.ok("GET", f"agents/{agent}/messages") == {"messages": []}


def test_messages_that_are_unknown_malformed_or_too_large(sdk: Any) -> None:
    assert sdk.refused("GET", "messages/x/status") == (400, "INVALID_MESSAGE_ID")
    assert sdk.refused("GET", f"messages/{ID}/status") == (404, "MESSAGE_STATUS_FAILED")
    large = {"sender": ID, "payload": "x" * 262_144}
    assert sdk("POST", f"agents/{sdk.agent()}/messages", large).status_code == 413


# Approvals ----------------------------------------------------------------------------------------------------------


def test_a_held_action_is_approved_once(runtime: Any) -> None:
    held = runtime.ok("POST", "/_sandbox/approvals", {"summary": "delete all"})
    assert [action["id"] for action in runtime.ok("GET", "approvals")] == [held["id"]]
    assert runtime.ok("POST", f"approvals/{held['id']}/approve", {"reason": "fine"}) is None
    assert runtime.ok("GET", "approvals") == []
    assert runtime.refused("POST", f"approvals/{held['id']}/deny") == (409, "already_resolved")
    assert runtime.refused("POST", "approvals/0000000000000000/deny") == (404, "not_found")


def test_a_held_action_expires(runtime: Any) -> None:
    held = runtime.ok("POST", "/_sandbox/approvals", {"seconds": 60})
    runtime.clock.advance(60)
    assert runtime.ok("GET", "approvals") == []
    assert runtime.refused("POST", f"approvals/{held['id']}/approve") == (409, "already_resolved")

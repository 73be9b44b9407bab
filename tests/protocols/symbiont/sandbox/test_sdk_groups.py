"""What only the SDK knows: reviews, secrets, MCP, knowledge, memory, vectors, endpoints, gate (sheet, section 19.4)."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
TOOL = {"name": "search", "description": "Finds pages", "provider": {"name": "acme"}}


def submit(sdk: Any, key: str = "tool_schema") -> str:
    body = {"tool": TOOL | {key: SCHEMA}, "submitted_by": "ada"}
    return str(sdk.ok("POST", "tool-review/sessions", body)["review_id"])


def status(sdk: Any, review: str) -> str:
    return str(sdk.ok("GET", f"tool-review/sessions/{review}")["status"])


def decide(sdk: Any, review: str, decision: str) -> Any:
    body = {"decision": decision, "reviewer_id": "grace"}
    return sdk("POST", f"tool-review/sessions/{review}/decisions", body)


# Reviews ------------------------------------------------------------------------------------------------------------


def test_a_review_moves_until_a_person_is_needed(sdk: Any) -> None:
    review, seen = submit(sdk), []
    for _ in range(6):
        seen.append(status(sdk, review))
        sdk.clock.advance(1)
    assert seen == ["submitted", "pending_analysis", "analyzing", "pending_review", "under_review", "under_review"]


@pytest.mark.parametrize("key", ["schema", "tool_schema"])
def test_the_schema_is_taken_under_either_name_and_answered_as_schema(sdk: Any, key: str) -> None:
    tool = sdk.ok("GET", f"tool-review/sessions/{submit(sdk, key)}")["tool"]
    assert tool["schema"] == SCHEMA
    assert "tool_schema" not in tool


def test_only_an_approved_tool_is_signed_and_only_once_decided(sdk: Any) -> None:
    review = submit(sdk)
    wanted = {"review_id": review, "signing_key_id": "key-1"}
    assert sdk.refused("POST", "tool-review/sign", wanted) == (409, "CONFLICT")
    assert sdk.refused("GET", f"tool-review/signed/{review}") == (404, "NOT_FOUND")
    assert decide(sdk, review, "maybe").status_code == 400
    assert decide(sdk, review, "approve").json()["status"] == "approved"
    assert decide(sdk, review, "reject").status_code == 409
    signed = sdk.ok("POST", "tool-review/sign", wanted)
    assert signed["signature_algorithm"] == "ES256"
    assert sdk.ok("GET", f"tool-review/signed/{review}")["signature"] == signed["signature"]
    assert status(sdk, review) == "signed"
    assert sdk.refused("POST", "tool-review/sign", wanted) == (409, "CONFLICT")


def test_a_rejected_tool_stays_rejected(sdk: Any) -> None:
    review = submit(sdk)
    decide(sdk, review, "rejected")
    sdk.clock.advance(60)
    assert status(sdk, review) == "rejected"


def test_the_analysis_is_there_when_it_is_done(sdk: Any) -> None:
    review = submit(sdk)
    sdk.clock.advance(1)
    analysis = sdk.ok("GET", f"tool-review/sessions/{review}")["state"]["analysis_id"]
    assert sdk.refused("GET", f"tool-review/analysis/{analysis}") == (404, "NOT_FOUND")
    sdk.clock.advance(2)
    assert 0 <= sdk.ok("GET", f"tool-review/analysis/{analysis}")["risk_score"] <= 100


def test_reviews_are_paged_newest_first_and_filtered(sdk: Any) -> None:
    reviews = [submit(sdk) for _ in range(3)]
    decide(sdk, reviews[0], "approve")
    page = sdk.ok("GET", "tool-review/sessions", params={"limit": 2})
    assert [each["review_id"] for each in page["sessions"]] == [reviews[2], reviews[1]]
    assert page["pagination"] == {"page": 1, "limit": 2, "total": 3, "has_next": True}
    found = sdk.ok("GET", "tool-review/sessions", params={"status": "approved", "author": "ada"})
    assert [each["review_id"] for each in found["sessions"]] == [reviews[0]]
    assert sdk.ok("GET", "tool-review/sessions", params={"author": "bob"})["sessions"] == []


# Secrets and MCP ----------------------------------------------------------------------------------------------------


def test_a_secret_is_the_agents_own_and_shown_nowhere_else(sdk: Any) -> None:
    body = {"agent_id": "a", "secret_name": "key", "secret_value": "planted-secret"}
    assert sdk.ok("POST", "secrets", body)["updated_at"] is None
    sdk.clock.advance(1)
    assert sdk.ok("POST", "secrets", body)["updated_at"] is not None
    assert sdk.ok("GET", "secrets/a/key") == {"value": "planted-secret"}
    assert sdk.ok("GET", "secrets/a") == {"agent_id": "a", "secrets": ["key"]}
    assert sdk.refused("GET", "secrets/b/key") == (404, "NOT_FOUND")
    assert "planted-secret" not in sdk("GET", "/_sandbox/state").text
    sdk.ok("DELETE", "secrets/a/key")
    assert sdk.refused("DELETE", "secrets/a/key") == (404, "NOT_FOUND")


def test_tools_and_resources_come_from_connected_servers_only(sdk: Any) -> None:
    sdk.ok("POST", "mcp/servers", {"name": "files", "command": ["x"]})
    assert sdk.refused("POST", "mcp/servers", {"name": "files", "command": ["x"]}) == (409, "CONFLICT")
    assert sdk.ok("GET", "mcp/tools") == []
    sdk.ok("POST", "mcp/servers/files/connect")
    info = sdk.ok("GET", "mcp/servers/files")
    assert (info["status"], info["tools_count"], info["pid"] is None) == ("connected", 1, False)
    assert [tool["name"] for tool in sdk.ok("GET", "mcp/tools", params={"server": "files"})] == ["read_file"]
    sdk.ok("POST", "mcp/servers/files/disconnect")
    assert sdk.ok("GET", "mcp/resources") == []
    assert sdk.refused("GET", "mcp/tools", params={"server": "none"}) == (404, "NOT_FOUND")


def test_a_server_that_cannot_be_started_is_in_error(sdk: Any) -> None:
    sdk.ok("POST", "mcp/servers", {"name": "files", "command": ["x"]})
    sdk.ok("POST", "/_sandbox/mcp/files/break", {"error": "no such program"})
    sdk.ok("POST", "mcp/servers/files/connect")
    info = sdk.ok("GET", "mcp/servers/files")
    assert (info["status"], info["last_error"]) == ("error", "no such program")


# Knowledge, memory, vectors -----------------------------------------------------------------------------------------


def test_knowledge_is_found_by_words_best_first(sdk: Any) -> None:
    about = {"source": "x", "source_type": "code", "timestamp": "2026-01-01T00:00:00Z", "agent_id": "a"}
    sdk.ok("POST", "knowledge", {"id": "mine", "content": "agents run under policies daily", "metadata": about})
    query = {"query": "agents run under policies daily", "similarity_threshold": 0.5}
    scores = [
        hit["similarity_score"] for hit in sdk.ok("POST", "knowledge/search", query | {"agent_id": "a"})["results"]
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert "mine" not in {hit["item"]["id"] for hit in sdk.ok("POST", "knowledge/search", query)["results"]}
    coded = sdk.ok("POST", "knowledge/search", query | {"agent_id": "a", "source_types": ["code"]})
    assert coded["total_results"] == 1
    context = sdk.ok("POST", "rag/context", {"query": "policies", "max_context_items": 1})
    assert [len(context[name]) for name in ("context_items", "sources", "relevance_scores")] == [1, 1, 1]
    sdk.ok("DELETE", "knowledge/mine")
    assert sdk.refused("DELETE", "knowledge/mine") == (404, "NOT_FOUND")


def remember(sdk: Any, text: str, **members: Any) -> str:
    body = {"content": {"text": text}, "memory_type": "fact", "memory_level": "short_term", "agent_id": "a"}
    return str(sdk.ok("POST", "memory", body | members)["memory"]["id"])


def test_consolidation_keeps_what_is_important(sdk: Any) -> None:
    important = remember(sdk, "due friday", importance_score=0.8)
    remember(sdk, "small talk", importance_score=0.7)
    remember(sdk, "old", memory_level="episodic", importance_score=0.1)
    report = sdk.ok("POST", "memory/consolidate/a")
    assert (report["promoted_count"], report["pruned_count"], report["consolidated_count"]) == (1, 1, 2)
    query = {"memory_id": important, "agent_id": "a"}
    assert sdk.ok("GET", "memory", params=query)["memory"]["memory_level"] == "long_term"
    assert sdk.ok("GET", "memory/agent", params={"agent_id": "a"})["total_count"] == 2


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ({}, 3),
        ({"content_contains": "FRIDAY"}, 1),
        ({"importance_threshold": 0.5}, 2),
        ({"memory_levels": ["episodic"]}, 1),
        ({"query": {"text": "due friday"}}, 1),
        ({"time_range": {"start": "2026-01-01T00:00:01Z"}}, 2),
        ({"time_range": {"end": "2026-01-01T00:00:00"}}, 1),
        ({"agent_id": "b"}, 0),
    ],
)
def test_all_conditions_of_a_search_must_hold(sdk: Any, wanted: Any, hits: int) -> None:
    remember(sdk, "due friday", importance_score=0.9)
    sdk.clock.advance(1)
    remember(sdk, "small talk", importance_score=0.5)
    remember(sdk, "old", memory_level="episodic")
    found = sdk.ok("POST", "memory/search", {"agent_id": "a", "limit": 1, **wanted})
    assert (found["total_count"], len(found["memories"])) == (hits, min(hits, 1))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("memory/search", {"agent_id": "a", "time_range": {"start": "soon"}}),
        ("tool-review/sessions", {"tool": TOOL, "submitted_by": "ada"}),
    ],
)
def test_what_is_of_another_shape_is_refused_as_the_framework_does(sdk: Any, path: str, body: Any) -> None:
    remember(sdk, "due friday")
    refusal = sdk("POST", path, body)
    assert (refusal.status_code, refusal.headers["content-type"]) == (422, "text/plain; charset=utf-8")


def test_a_conversation_is_recalled_in_order(sdk: Any) -> None:
    for text in ("one", "two"):
        remember(sdk, text, conversation_id="c")
    context = sdk.ok("GET", "memory/conversation", params={"conversation_id": "c", "agent_id": "a"})
    assert [node["content"]["text"] for node in context["memories"]] == ["one", "two"]
    bad = {"content": {}, "memory_type": "fact", "memory_level": "forever", "agent_id": "a"}
    assert sdk.refused("POST", "memory", bad) == (400, "INVALID_REQUEST")


def test_vectors_keep_the_size_of_their_collection(sdk: Any) -> None:
    sdk.ok("POST", "vectors/collections", {"name": "pages", "vector_size": 2})
    assert sdk.refused("POST", "vectors/collections", {"name": "pages", "vector_size": 2}) == (409, "CONFLICT")
    bad = {"name": "x", "vector_size": 2, "distance": "Hamming"}
    assert sdk.refused("POST", "vectors/collections", bad) == (400, "INVALID_REQUEST")
    points = [{"id": "a", "vector": [1, 2]}, {"id": 7, "vector": [3, 4]}]
    sdk.ok("POST", "vectors/upsert", {"collection_name": "pages", "points": points})
    sdk.ok("POST", "vectors/upsert", {"collection_name": "pages", "points": points[:1]})
    assert sdk.ok("GET", "vectors/collections/pages/count") == {"count": 2}
    wrong = {"collection_name": "pages", "points": [{"id": "b", "vector": [1]}]}
    assert sdk.refused("POST", "vectors/upsert", wrong) == (400, "INVALID_REQUEST")
    query = {"collection_name": "pages", "ids": ["7", "none", "a"]}
    assert [point["id"] for point in sdk.ok("GET", "vectors/retrieve", params=query)] == [7, "a"]
    sdk.ok("DELETE", "vectors/delete", {"collection_name": "pages", "ids": ["a"]})
    assert sdk.ok("GET", "vectors/collections/pages")["points_count"] == 1
    sdk.ok("DELETE", "vectors/collections/pages")
    assert sdk.refused("GET", "vectors/collections/pages") == (404, "NOT_FOUND")


# Deployments, endpoints, listeners, gate ----------------------------------------------------------------------------


def test_a_program_becomes_an_agent_unless_it_is_only_checked(sdk: Any) -> None:
    body = {"dsl_content": "agent a { }", "agent_name": "a"}
    assert sdk.ok("POST", "dsl/compile", body | {"validate_only": True})["agent_id"] is None
    assert sdk.ok("GET", "agents") == []
    agent = sdk.ok("POST", "dsl/compile", body)["agent_id"]
    assert [each["id"] for each in sdk.ok("GET", "agents")] == [agent]
    broken = sdk.ok("POST", "dsl/compile", body | {"dsl_content": "agent a {"})
    assert (broken["success"], broken["agent_id"], bool(broken["errors"])) == (False, None, True)


def test_deployments_are_stopped_and_listed_by_agent(sdk: Any) -> None:
    made = sdk.ok("POST", "agents/deploy", {"agent_id": "a"})["deployment_id"]
    sdk.ok("POST", "agents/deploy", {"agent_id": "b"})
    assert sdk.ok("POST", f"agents/deployments/{made}/stop")["status"] == "stopped"
    assert [each["status"] for each in sdk.ok("GET", "agents/deployments", params={"agent_id": "a"})] == ["stopped"]
    assert len(sdk.ok("GET", "agents/deployments")) == 2


def test_an_update_of_an_endpoint_ignores_nulls_and_keeps_method_and_path_unique(sdk: Any) -> None:
    first = sdk.ok("POST", "endpoints", {"path": "/a", "method": "GET", "agent_id": "x"})["endpoint_id"]
    second = sdk.ok("POST", "endpoints", {"path": "/b", "method": "GET", "agent_id": "x"})["endpoint_id"]
    taken = {"endpoint_id": second, "path": "/a"}
    assert sdk.refused("PUT", f"endpoints/{second}", taken) == (409, "CONFLICT")
    sdk.ok("PUT", f"endpoints/{first}", {"endpoint_id": first, "path": None, "rate_limit": 5})
    shown = sdk.ok("GET", f"endpoints/{first}")
    assert (shown["path"], shown["rate_limit"], shown["status"]) == ("/a", 5, "active")
    sdk.ok("POST", f"endpoints/{first}/disable")
    assert sdk.ok("GET", f"endpoints/{first}")["status"] == "inactive"


@pytest.mark.parametrize(
    ("payload", "headers", "agent"),
    [
        ({"kind": "pr"}, {}, "by-field"),
        ({}, {"X-Team": "blue"}, "by-header"),
        ({}, {"X-Path": "/webhook/special/1"}, "by-path"),
        ({"kind": "pr"}, {"X-Team": "blue"}, "by-header"),  # the first that matches
        ({}, {}, "default"),
    ],
)
def test_a_listener_routes_by_its_rules(sdk: Any, payload: Any, headers: Any, agent: str) -> None:
    kinds = [
        ("header_equals", "blue", "X-Team", "by-header"),
        ("json_field_equals", "pr", "kind", "by-field"),
        ("path_prefix", "/webhook/special", None, "by-path"),
    ]
    rules = [
        {"condition_type": kind, "condition_value": value, "condition_target": target, "agent_id": name}
        for kind, value, target, name in kinds
    ]
    config = {"agent_id": "default", "routing_rules": rules}
    server = sdk.ok("POST", "http-input/servers", {"config": config})["server_id"]
    body = {"server_id": server, "payload": payload, "headers": headers}
    assert sdk.refused("POST", f"http-input/servers/{server}/trigger", body) == (409, "CONFLICT")
    sdk.ok("POST", f"http-input/servers/{server}/start")
    assert sdk.ok("POST", f"http-input/servers/{server}/trigger", body)["agent_id"] == agent
    assert sdk.ok("GET", f"http-input/servers/{server}/metrics")["requests_processed"] == 1


def test_the_gate_asks_by_priority_and_denies_what_no_rule_knows(sdk: Any) -> None:
    def allowed(sender: str, recipient: str, action: str) -> bool:
        body = {"sender": sender, "recipient": recipient, "action": action}
        return bool(sdk.ok("POST", "communication/evaluate", body)["allowed"])

    assert not allowed("a", "b", "send")
    rule = {"from_agent": "a", "to_agent": "*", "action": "send"}
    low = sdk.ok("POST", "communication/rules", rule | {"effect": "deny", "priority": 1})
    assert not allowed("a", "b", "send")
    high = sdk.ok("POST", "communication/rules", rule | {"priority": 5, "id": "high"})
    assert allowed("a", "b", "send")
    assert not allowed("a", "b", "delete")
    assert [each["id"] for each in sdk.ok("GET", "communication/rules")] == ["high", low["id"]]
    assert sdk.refused("POST", "communication/rules", rule | {"id": "high"}) == (409, "CONFLICT")
    sdk.ok("DELETE", f"communication/rules/{high['id']}")
    assert not allowed("a", "b", "send")
    sdk.ok("POST", "communication/rules", {"from_agent": "x", "to_agent": "y", "action": "allow", "priority": 9})
    assert allowed("x", "y", "send_message")  # the documentation's way of writing an effect

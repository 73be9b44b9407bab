"""Runs in the environment of an original SDK: every operation once, against the sandbox at argv[1].

Prints one JSON object, from the name of each step to what came of it: `ok` with a value, or the name of the exception.
"""

from __future__ import annotations

import json
import os
import sys
import time

url, token = sys.argv[1], sys.argv[2]
os.environ["SYMBIONT_AUTH_JWT_SECRET_KEY"] = "s" * 32

import symbiont  # noqa: E402
from symbiont import Client  # noqa: E402
from symbiont import models as m  # noqa: E402
from symbiont.channels import AddIdentityMappingRequest, RegisterChannelRequest, UpdateChannelRequest  # noqa: E402
from symbiont.schedules import CreateScheduleRequest, UpdateScheduleRequest  # noqa: E402

FIRST = "1.10.0" in {symbiont.__version__, *sys.argv[3:]}
client = Client(api_key=token, base_url=url + "/api/v1")
results = {}


def plain(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value


def step(name, function, *args, **kwargs):
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        results[name] = {"error": type(error).__name__, "text": str(error)[:300]}
        return None
    results[name] = {"ok": plain(value)}
    return value


def member(value, name):
    if value is None:
        return "missing"
    return value[name] if isinstance(value, dict) else getattr(value, name)


AGENT = {
    "id": "agent-1",
    "name": "reporter",
    "description": "Writes reports",
    "system_prompt": "You write reports.",
    "tools": ["search"],
    "model": "gpt-4o",
    "temperature": 0.7,
    "top_p": 1.0,
    "max_tokens": 1024,
}

# System and agents
step("health_check", client.health_check)
agent = member(step("create_agent", client.create_agent, AGENT), "id")
other = member(step("create_agent_model", client.create_agent, m.Agent(**{**AGENT, "id": "agent-2"})), "id")
step("list_agents", client.list_agents)
step("get_agent_status", client.get_agent_status, agent)
step("execute_workflow", client.execute_workflow, {"workflow_id": "weekly", "parameters": {"week": 2}})

# Schedules
schedules = client.schedules
wanted = CreateScheduleRequest(name="nightly", cron_expression="0 30 6 * * *", agent_name="reporter")
job = member(step("schedules.create", schedules.create_schedule, wanted), "job_id")
step("schedules.list", schedules.list_schedules)
step("schedules.get", schedules.get_schedule, job)
step("schedules.update", schedules.update_schedule, job, UpdateScheduleRequest(cron_expression="0 0 7 * * *"))
step("schedules.pause", schedules.pause_schedule, job)
step("schedules.resume", schedules.resume_schedule, job)
step("schedules.trigger", schedules.trigger_schedule, job)
step("schedules.history", schedules.get_schedule_history, job, limit=5)
step("schedules.next_runs", schedules.get_schedule_next_runs, job, count=3)
step("schedules.health", schedules.get_scheduler_health)
step("schedules.delete", schedules.delete_schedule, job)
step("schedules.get_unknown", schedules.get_schedule, job)
bad = CreateScheduleRequest(name="bad", cron_expression="* * * * *", agent_name="reporter")
step("schedules.create_bad", schedules.create_schedule, bad)

# Channels
channels = client.channels
wanted = RegisterChannelRequest(name="support", platform="slack", config={"channels": ["C01"]})
channel = member(step("channels.register", channels.register_channel, wanted), "id")
step("channels.list", channels.list_channels)
step("channels.get", channels.get_channel, channel)
step("channels.update", channels.update_channel, channel, UpdateChannelRequest(config={"channels": ["C02"]}))
step("channels.start", channels.start_channel, channel)
step("channels.health", channels.get_channel_health, channel)
mapping = AddIdentityMappingRequest(platform_user_id="U01", symbiont_user_id="ada", display_name="Ada", roles=["op"])
step("channels.add_mapping", channels.add_mapping, channel, mapping)
step("channels.list_mappings", channels.list_mappings, channel)
step("channels.audit", channels.query_audit, channel, limit=5)
step("channels.remove_mapping", channels.remove_mapping, channel, "U01")
step("channels.stop", channels.stop_channel, channel)
step("channels.delete", channels.delete_channel, channel)


def later():
    """What only SDK 1.16 has."""
    step("get_status", client.get_status)
    step("metrics_client.get_metrics", client.metrics_client.get_metrics)
    key = "7d5c1e0a-3f0f-4f43-9d5e-6f2a4f9d1c11"
    step("execute_agent", client.execute_agent, agent, idempotency_key=key)
    step("execute_agent_again", client.execute_agent, agent, idempotency_key=key)
    sent = step("send_message", client.send_message, other, agent, "hello", ttl_seconds=60)
    step("get_message_status", client.get_message_status, member(sent, "message_id"))
    step("receive_messages", client.receive_messages, other)
    step("send_heartbeat", client.send_heartbeat, agent, "Running", metadata={"region": "eu"}, last_result="ok")
    step("push_agent_event", client.push_agent_event, agent, "RunCompleted", {"pages": 12})


def first():
    """What only SDK 1.10 has: most of it is served by no runtime."""
    step("get_metrics", client.get_metrics)
    step("get_agent_metrics", client.get_agent_metrics, "agent-1")
    step("re_execute_agent", client.re_execute_agent, "agent-1", {"week": 3})
    review()
    secrets()
    mcp()
    knowledge()
    deployments()
    listeners()
    memory()
    vectors()
    endpoints()
    gate()
    toolclad()
    reasoning()
    for name in ("snapshot", "scheduler_metrics", "system_metrics"):
        step(
            "metrics." + name,
            getattr(client.metrics_client, {"snapshot": "get_metrics_snapshot"}.get(name, "get_" + name)),
        )
    step("metrics.export", client.metrics_client.export_metrics)


def review():
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    tool = {"name": "search", "description": "Finds pages", "schema": schema, "provider": {"name": "acme"}}
    made = step("submit_tool_for_review", client.submit_tool_for_review, {"tool": tool, "submitted_by": "ada"})
    identity = member(made, "review_id")
    session = None
    for _ in range(100):
        session = client.get_review_session(identity)
        if session.status.value == "under_review":
            break
        time.sleep(0.05)
    results["get_review_session"] = {"ok": plain(session)}
    step("get_analysis_results", client.get_analysis_results, session.state.analysis_id)
    decision = {"decision": "approve", "comments": "fine", "reviewer_id": "grace"}
    step("submit_human_review_decision", client.submit_human_review_decision, identity, decision)
    step("wait_for_review_completion", client.wait_for_review_completion, identity, timeout=5)
    step("sign_approved_tool", client.sign_approved_tool, {"review_id": identity, "signing_key_id": "key-1"})
    step("get_signed_tool", client.get_signed_tool, identity)
    step("list_review_sessions", client.list_review_sessions, page=1, limit=5, status="signed", author="ada")


def secrets():
    step("configure_secret_backend", client.configure_secret_backend, {"backend_type": "encrypted_file"})
    secret = {"agent_id": "agent-1", "secret_name": "key", "secret_value": "not-a-real-secret"}
    step("store_secret", client.store_secret, secret)
    step("get_secret", client.get_secret, "agent-1", "key")
    step("list_secrets", client.list_secrets, "agent-1")
    step("delete_secret", client.delete_secret, "agent-1", "key")
    step("get_secret_gone", client.get_secret, "agent-1", "key")


def mcp():
    step("add_mcp_server", client.add_mcp_server, {"name": "files", "command": ["mcp-files"]})
    step("connect_mcp_server", client.connect_mcp_server, "files")
    step("list_mcp_servers", client.list_mcp_servers)
    step("get_mcp_server", client.get_mcp_server, "files")
    step("list_mcp_tools", client.list_mcp_tools, "files")
    step("list_mcp_resources", client.list_mcp_resources)
    step("disconnect_mcp_server", client.disconnect_mcp_server, "files")


def knowledge():
    about = {"source": "x.md", "source_type": "document", "timestamp": "2026-01-01T00:00:00Z"}
    step("add_knowledge_item", client.add_knowledge_item, {"id": "i-9", "content": "x", "metadata": about})
    query = {"query": "agents run under policies", "similarity_threshold": 0.5}
    step("search_knowledge", client.search_knowledge, query)
    step("get_context", client.get_context, {"query": "policies"})
    step("delete_knowledge_item", client.delete_knowledge_item, "item-1")


def deployments():
    step("compile_dsl", client.compile_dsl, {"dsl_content": "agent a { }", "agent_name": "a"})
    made = step("deploy_agent", client.deploy_agent, {"agent_id": "agent-1"})
    identity = member(made, "deployment_id")
    step("get_agent_deployment", client.get_agent_deployment, identity)
    step("list_agent_deployments", client.list_agent_deployments, "agent-1")
    step("stop_agent_deployment", client.stop_agent_deployment, identity)


def listeners():
    rules = [
        {"condition_type": "json_field_equals", "condition_target": "kind", "condition_value": "pr", "agent_id": "b"}
    ]
    config = {"agent_id": "agent-1", "routing_rules": rules}
    made = step("create_http_input_server", client.create_http_input_server, {"config": config})
    identity = member(made, "server_id")
    step("list_http_input_servers", client.list_http_input_servers)
    step("get_http_input_server", client.get_http_input_server, identity)
    step("update_http_input_server", client.update_http_input_server, {"server_id": identity, "config": config})
    step("start_http_input_server", client.start_http_input_server, identity)
    step("trigger_webhook", client.trigger_webhook, {"server_id": identity, "payload": {"kind": "pr"}})
    step("get_http_input_metrics", client.get_http_input_metrics, identity)
    step("stop_http_input_server", client.stop_http_input_server, identity)
    step("delete_http_input_server", client.delete_http_input_server, identity)


def memory():
    wanted = {
        "content": {"text": "due friday"},
        "memory_type": "fact",
        "memory_level": "short_term",
        "agent_id": "agent-1",
    }
    made = step("add_memory", client.add_memory, {**wanted, "conversation_id": "c", "importance_score": 0.9})
    identity = made.memory.id
    step("get_memory", client.get_memory, {"memory_id": identity, "agent_id": "agent-1"})
    step("search_memory", client.search_memory, {"agent_id": "agent-1", "content_contains": "FRIDAY"})
    step("get_conversation_context", client.get_conversation_context, "c", "agent-1")
    step("list_agent_memories", client.list_agent_memories, "agent-1", limit=5)
    step("consolidate_memory", client.consolidate_memory, "agent-1")
    step("delete_memory", client.delete_memory, identity)


def vectors():
    step("create_vector_collection", client.create_vector_collection, {"name": "pages", "vector_size": 2})
    points = [{"id": "p", "vector": [0.1, 0.2]}, {"id": 7, "vector": [0.3, 0.4]}]
    step("add_vectors", client.add_vectors, {"collection_name": "pages", "points": points})
    step("count_vectors", client.count_vectors, "pages")
    step("get_vectors", client.get_vectors, "pages", ["7", "p"])
    step("search_vectors", client.search_vectors, {"query": "agents", "similarity_threshold": 0.1})
    step("get_collection_info", client.get_collection_info, "pages")
    step("list_vector_collections", client.list_vector_collections)
    step("delete_vectors", client.delete_vectors, "pages", ["p"])
    step("delete_vector_collection", client.delete_vector_collection, "pages")


def endpoints():
    made = step("create_http_endpoint", client.create_http_endpoint, {"path": "/r", "method": "POST", "agent_id": "a"})
    identity = member(made, "endpoint_id")
    step("list_http_endpoints", client.list_http_endpoints)
    step("get_http_endpoint", client.get_http_endpoint, identity)
    step("update_http_endpoint", client.update_http_endpoint, {"endpoint_id": identity, "rate_limit": 5})
    step("get_endpoint_metrics", client.get_endpoint_metrics, identity)
    step("disable_http_endpoint", client.disable_http_endpoint, identity)
    step("enable_http_endpoint", client.enable_http_endpoint, identity)
    step("delete_http_endpoint", client.delete_http_endpoint, identity)


def gate():
    wanted = {"from_agent": "analyst", "to_agent": "*", "action": "send", "effect": "allow", "priority": 10}
    made = step("add_communication_rule", client.add_communication_rule, wanted)
    step("list_communication_rules", client.list_communication_rules)
    step("evaluate_communication", client.evaluate_communication, "analyst", "reporter", "send")
    step("remove_communication_rule", client.remove_communication_rule, member(made, "id"))


def toolclad():
    tools = client.toolclad
    step("toolclad.list_tools", tools.list_tools)
    step("toolclad.validate_manifest", tools.validate_manifest, "tools/echo.clad.toml")
    step("toolclad.test_tool", tools.test_tool, "echo", {"text": "hi"})
    step("toolclad.get_schema", tools.get_schema, "nmap")
    step("toolclad.execute_tool", tools.execute_tool, "nmap", {"target": "10.0.0.1"})
    step("toolclad.get_tool_info", tools.get_tool_info, "nmap")
    step("toolclad.reload_tools", tools.reload_tools)


def reasoning():
    from symbiont import CedarPolicy, LoopConfig, ProposedAction, RunReasoningLoopRequest

    r = client.reasoning
    source = 'forbid(principal, action == "tool_call", resource) when { resource.name == "write_file" };'
    step("reasoning.add_cedar_policy", r.add_cedar_policy, "agent-1", CedarPolicy(name="no-writing", source=source))
    step("reasoning.list_cedar_policies", r.list_cedar_policies, "agent-1")
    action = ProposedAction(type="tool_call", call_id="1", name="write_file", arguments="{}")
    step("reasoning.evaluate_cedar_policy", r.evaluate_cedar_policy, "agent-1", action)
    told = 'use echo {"text": "hi"}\nuse write_file {"path": "a", "content": "b"}'
    wanted = RunReasoningLoopRequest(config=LoopConfig(max_iterations=5), initial_message=told)
    loop = step("reasoning.run_loop", r.run_loop, "agent-1", wanted)
    identity = member(loop, "loop_id")
    step("reasoning.get_loop_status", r.get_loop_status, "agent-1", identity)
    step("reasoning.get_loop_diagnostics", r.get_loop_diagnostics, "agent-1", identity)
    step("reasoning.cancel_loop", r.cancel_loop, "agent-1", identity)
    step("reasoning.get_journal_entries", r.get_journal_entries, "agent-1", from_sequence=2, limit=3)
    step("reasoning.compact_journal", r.compact_journal, "agent-1")
    step("reasoning.get_circuit_breaker_status", r.get_circuit_breaker_status, "agent-1")
    step("reasoning.reset_circuit_breaker", r.reset_circuit_breaker, "agent-1", "echo")
    step("reasoning.store_knowledge", r.store_knowledge, "agent-1", "report", "is due", "friday")
    step("reasoning.recall_knowledge", r.recall_knowledge, "agent-1", "friday", limit=3)
    step("reasoning.get_tool_profiles", r.get_tool_profiles, "agent-1")
    step("reasoning.remove_cedar_policy", r.remove_cedar_policy, "agent-1", "no-writing")


first() if FIRST else later()
step("delete_agent", client.delete_agent, agent)
stranger = Client(api_key="wrong", base_url=url + "/api/v1")
step("wrong_token", stranger.list_agents)
print(json.dumps({"version": symbiont.__version__, "steps": results}, default=str))

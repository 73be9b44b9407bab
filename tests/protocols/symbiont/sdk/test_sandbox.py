"""Everything over real HTTP, against the sandbox: every operation of every spec is reached by a typed method."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from symbiont import AsyncClient, Client, HttpInputClient
from symbiont import models as m
from symbiont.channels import AddIdentityMappingRequest, RegisterChannelRequest, UpdateChannelRequest
from symbiont.exceptions import AuthenticationError, NotFoundError
from symbiont.reasoning import CedarPolicy, LoopConfig, ProposedAction, RunReasoningLoopRequest
from symbiont.schedules import CreateScheduleRequest, UpdateScheduleRequest
from wirewright.sandbox import Sandbox

TOKEN = "sandbox-token"
DSL = 'agent reporter { capabilities: ["read"] }'
CRON = CreateScheduleRequest(name="nightly", cron_expression="0 30 6 * * *", agent_name="reporter")


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    sandbox.reset()
    with Client(api_key=TOKEN, base_url=f"{sandbox.url}/api/v1") as client:
        yield client


@contextlib.asynccontextmanager
async def async_client(sandbox: Sandbox) -> Any:
    async with AsyncClient(api_key=TOKEN, base_url=f"{sandbox.url}/api/v1") as client:
        yield client


def test_a_wrong_token_is_refused(sandbox: Sandbox) -> None:
    with Client(api_key="wrong", base_url=f"{sandbox.url}/api/v1") as client:
        assert client.health_check().status == "healthy"
        with pytest.raises(AuthenticationError):
            client.list_agents()


def test_agents_schedules_and_messages(client: Client) -> None:
    agent = client.create_agent({"name": "reporter", "dsl": DSL})["id"]
    other = client.create_agent({"name": "reader", "dsl": DSL})["id"]
    external = {"External": {"endpoint": None, "agentpin_domain": None, "heartbeat_interval_secs": 10}}
    crawler = client.create_agent({"name": "crawler", "execution_mode": external})["id"]

    assert {each["id"] for each in client.list_agents()} >= {agent, other, crawler}
    assert client.get_agent_status(agent).agent_id == agent
    assert client.update_agent(agent, {"name": "writer"}).status == "updated"
    assert client.execute_workflow({"workflow_id": DSL, "parameters": {}})["status"] == "success"
    message = client.send_message(agent, sender=other, payload="hi")
    assert client.get_message_status(message["message_id"])["status"] in {"pending", "delivered"}
    assert [each["payload"] for each in client.receive_messages(agent)["messages"]] == ["hi"]
    client.send_heartbeat(crawler, m.AgentState.RUNNING, metadata={"k": "v"}, last_result="ok")
    client.push_agent_event(crawler, "RunStarted", {"n": 1})
    assert client.get_agent_history(agent).history[-1].status == "created"
    assert client.get_status().agent_count >= 3
    assert client.get_metrics().total_agents >= 2
    assert client.delete_agent(other)["status"] == "deleted"

    job = client.schedules.create_schedule(CRON).job_id
    assert [each.job_id for each in client.schedules.list_schedules()] == [job]
    assert client.schedules.update_schedule(job, UpdateScheduleRequest(timezone="Europe/Berlin")).timezone != "UTC"
    assert client.schedules.pause_schedule(job).status == "paused"
    assert client.schedules.resume_schedule(job).status == "active"
    assert client.schedules.trigger_schedule(job).action == "trigger"
    assert client.schedules.get_schedule(job).enabled
    assert len(client.schedules.get_schedule_history(job).history) == 1
    assert len(client.schedules.get_schedule_next_runs(job, count=3).next_runs) == 10
    assert client.schedules.get_scheduler_health().jobs_total == 1
    assert client.schedules.delete_schedule(job).deleted
    with pytest.raises(NotFoundError):
        client.schedules.get_schedule(job)


def test_channels(client: Client) -> None:
    channel = client.channels.register_channel(RegisterChannelRequest("support", "slack", {"bot_token": "x"})).id
    mapping = AddIdentityMappingRequest("U1", "ada", "Ada", roles=["user"])

    assert client.channels.start_channel(channel).status == "running"
    assert client.channels.get_channel_health(channel).connected
    assert client.channels.add_mapping(channel, mapping).platform == "slack"
    assert [entry.display_name for entry in client.channels.list_mappings(channel)] == ["Ada"]
    assert client.channels.update_channel(channel, UpdateChannelRequest({"k": 1})).config == {"k": 1}
    client.channels.remove_mapping(channel, "U1")
    assert client.channels.query_audit(channel).entries
    assert client.channels.stop_channel(channel).status == "stopped"
    assert client.channels.get_channel(channel).name == "support"
    assert len(client.channels.list_channels()) == 1
    assert client.channels.delete_channel(channel).deleted


def test_reasoning_and_tools(client: Client) -> None:
    loop = RunReasoningLoopRequest(config=LoopConfig(max_iterations=3), initial_message="Say hello.")
    client.reasoning.add_cedar_policy("a", CedarPolicy(name="p", source="permit(principal, action, resource);"))

    ran = client.reasoning.run_loop("a", loop)

    assert ran.result.iterations >= 1
    assert [entry.sequence for entry in client.reasoning.get_journal_entries("a")][:2] == [1, 2]
    assert [policy.name for policy in client.reasoning.list_cedar_policies("a")] == ["p"]
    action = ProposedAction(type="respond", content="hi")  # type: ignore[arg-type]
    assert client.reasoning.evaluate_cedar_policy("a", action).decision == "allow"
    assert client.reasoning.remove_cedar_policy("a", "p") is True
    assert client.reasoning.remove_cedar_policy("a", "p") is False
    client.reasoning.store_knowledge("a", "sales", "grew", "by 3 %")
    assert client.reasoning.recall_knowledge("a", "sales")
    assert isinstance(client.reasoning.get_circuit_breaker_status("a"), dict)
    assert isinstance(client.reasoning.get_tool_profiles("a"), list)
    assert isinstance(client.reasoning.get_loop_diagnostics("a", ran.loop_id), dict)
    assert client.reasoning.get_loop_status("a", ran.loop_id).agent_id == "a"
    assert client.reasoning.compact_journal("a")

    [name, *_] = [tool["name"] for tool in client.toolclad.list_tools()]
    assert client.toolclad.get_schema(name)
    assert client.toolclad.get_tool_info(name)["name"] == name
    client.toolclad.reload_tools()


def test_memories_vectors_and_knowledge(client: Client) -> None:
    memory = client.add_memory(
        {"content": {"text": "tea"}, "memory_type": "fact", "memory_level": "short_term", "agent_id": "a",
         "conversation_id": "c", "importance_score": 0.9}
    ).memory  # fmt: skip
    assert client.get_memory({"agent_id": "a", "memory_id": memory.id}).memory.content == {"text": "tea"}
    assert client.search_memory({"agent_id": "a", "content_contains": "TEA"}).total_count == 1
    assert client.get_conversation_context("c", "a").memories[0].id == memory.id
    assert client.list_agent_memories("a", limit=5).memories
    assert client.consolidate_memory("a").promoted_count == 1
    client.delete_memory(memory.id)

    client.create_vector_collection({"name": "docs", "vector_size": 2})
    point = {"id": 1, "vector": [0.1, 0.2], "payload": {"a": 1}}
    assert client.add_vectors({"collection_name": "docs", "points": [point]}).points_count == 1
    assert client.count_vectors("docs") == 1
    assert client.get_vectors("docs", [1])
    client.delete_vectors("docs", [1])
    assert client.get_collection_info("docs").points_count == 0
    assert "docs" in client.list_vector_collections()
    client.delete_vector_collection("docs")

    metadata = {"source": "s", "source_type": "document", "timestamp": "2026-01-01T00:00:00Z"}
    client.add_knowledge_item({"id": "k1", "content": "cats sleep", "metadata": metadata})
    found = client.search_knowledge({"query": "cats sleep", "similarity_threshold": 0.1})
    assert [each.item.id for each in found.results] == ["k1"]
    assert client.get_context({"query": "cats sleep"}).context_items
    client.delete_knowledge_item("k1")


async def test_the_async_client_does_the_same(sandbox: Sandbox) -> None:
    async with async_client(sandbox) as client:
        agent = (await client.create_agent({"name": "reporter", "dsl": DSL}))["id"]
        assert (await client.get_agent_status(agent)).agent_id == agent
        job = (await client.schedules.create_schedule(CRON)).job_id
        assert (await client.schedules.delete_schedule(job)).deleted
        assert (await client.metrics_client.get_metrics())["agents"]["total"] >= 1
        assert (await client.api.health.check()).status == "healthy"
        with pytest.raises(NotFoundError):
            await client.schedules.get_schedule(job)


def test_approvals(client: Client) -> None:
    assert client.approvals.list() == []
    with pytest.raises(NotFoundError):
        client.approvals.approve("0123456789abcdef", reason="why not")
    with pytest.raises(NotFoundError):
        client.approvals.deny("0123456789abcdef")


def test_threads_share_a_client(client: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: client.health_check().status, range(100)))

    assert found == ["healthy"] * 100


def test_one_event_loop_after_another(sandbox: Sandbox) -> None:
    client = AsyncClient(api_key=TOKEN, base_url=f"{sandbox.url}/api/v1")

    async def once() -> str:
        return (await client.health_check()).status

    async def last() -> str:
        async with client:
            return await once()

    assert [asyncio.run(once()), asyncio.run(once()), asyncio.run(last())] == ["healthy"] * 3


def test_connections_are_kept(client: Client, sandbox: Sandbox) -> None:
    started = time.perf_counter()
    for _ in range(50):
        client.health_check()

    assert time.perf_counter() - started < 5


# Every operation -----------------------------------------------------------------------------------------------------


def test_every_operation_of_both_specs_is_reached_by_a_method(
    sandbox: Sandbox, calls: Any, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from symbiont_api.v1_10 import operations as first
    from symbiont_api.v1_16 import operations as latest

    wanted: set[str] = {
        str(name) for package in (first, latest) for name in dir(package) if _is_operation(package, name)
    }
    reached: set[str] = set()

    def reach(request: Any, *_: Any) -> Any:
        reached.add(request.operation.id)
        raise Reached

    monkeypatch.setattr("symbiont._http.flat", reach)
    monkeypatch.setattr("symbiont.http_input._below", reach)
    listener = HttpInputClient()
    client = Client(api_key=TOKEN)
    extra: list[tuple[Any, str, list[Any]]] = [
        (client, "check_liveness", []),
        (client, "check_readiness", []),
        (client, "get_agents_md", []),
        (client, "get_well_known_agents_md", []),
        (client, "get_api_document", []),
        (client, "get_agent_history", ["a"]),
        (client, "update_agent", ["a", {"name": "n"}]),
        (client, "add_knowledge_item", [KNOWLEDGE]),
        (client.approvals, "list", []),
        (client.approvals, "approve", ["0"]),
        (client.approvals, "deny", ["0"]),
        (listener, "invoke", [{"prompt": "p"}]),
        (listener, "invoke", [{"prompt": "p"}, "reporter"]),
    ]
    for area, table in calls.AREAS.items():
        module = calls.MODULES.get(area, "symbiont")
        target = client if area == "client" else getattr(client, area)
        for name, args, kwargs in table:
            with contextlib.suppress(Reached):
                getattr(target, name)(*[record.revived(arg, module) for arg in args], **kwargs)
    for target, name, args in extra:
        with contextlib.suppress(Reached):
            getattr(target, name)(*args)

    # the chat is a session (test_chat.py); the two legacy aliases of a 1.10 server stand for the runtime's routes
    assert wanted - reached == {"open_chat", "get_agent", "start_workflow"}


KNOWLEDGE = {
    "id": "k",
    "content": "c",
    "metadata": {"source": "s", "source_type": "code", "timestamp": "2026-01-01T00:00:00Z"},
}


class Reached(Exception):
    """The request was made."""


def _is_operation(package: Any, name: str) -> bool:
    found = getattr(package, name)
    return callable(found) and getattr(found, "__module__", "").startswith(f"{package.__name__}.")

"""Against a runtime as it is (profile `runtime`): every route is reached, and both sides keep the contract."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from symbiont import AsyncClient, Client, HttpInputClient
from symbiont import models as m
from symbiont.channels import AddIdentityMappingRequest, RegisterChannelRequest, UpdateChannelRequest
from symbiont.exceptions import APIError, NotFoundError, SymbiontError
from symbiont.schedules import CreateScheduleRequest, UpdateScheduleRequest
from wirewright.sandbox import Sandbox

TOKEN, WEBHOOK = "sandbox-token", "Bearer web-hook"
DSL = 'agent reporter { capabilities: ["read"] }'
EXTERNAL = {"External": {"endpoint": None, "agentpin_domain": None, "heartbeat_interval_secs": 10}}
CRON = CreateScheduleRequest(name="nightly", cron_expression="0 30 6 * * *", agent_name="reporter")
NOBODY = "6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55"


@pytest.fixture(scope="module")
def stock() -> Iterator[Sandbox]:
    with Sandbox(
        "symbiont", version="1.16", profile="runtime", token=TOKEN, docs=True, http_input_auth=WEBHOOK, verify=False
    ) as running:
        yield running


def calls_of(client: Any, listener: Any, agent: str, crawler: str, job: str) -> list[Any]:
    """A call of every route, as something to be called."""
    schedules, channels, approvals = client.schedules, client.channels, client.approvals
    mapping = AddIdentityMappingRequest("U1", "ada", "Ada")
    return [
        client.health_check, client.check_liveness, client.check_readiness, client.get_status, client.get_metrics,
        client.get_agents_md, client.get_well_known_agents_md, client.get_api_document, client.list_agents,
        lambda: client.execute_workflow({"workflow_id": DSL, "parameters": {}}),
        lambda: client.create_agent({"name": "other", "dsl": DSL}),
        lambda: client.get_agent_status(agent),
        lambda: client.update_agent(agent, {"name": "writer"}),
        lambda: client.execute_agent(agent),
        lambda: client.get_agent_history(agent),
        lambda: client.send_heartbeat(crawler, m.AgentState.RUNNING),
        lambda: client.push_agent_event(crawler, "RunStarted", {"n": 1}),
        lambda: client.send_message(agent, sender=crawler, payload="hi"),
        lambda: client.receive_messages(agent),
        lambda: client.get_message_status(NOBODY),
        schedules.list_schedules,
        lambda: schedules.create_schedule(CRON),
        lambda: schedules.get_schedule(job),
        lambda: schedules.update_schedule(job, UpdateScheduleRequest(timezone="UTC")),
        lambda: schedules.pause_schedule(job),
        lambda: schedules.resume_schedule(job),
        lambda: schedules.trigger_schedule(job),
        lambda: schedules.get_schedule_history(job),
        lambda: schedules.get_schedule_next_runs(job),
        schedules.get_scheduler_health,
        lambda: schedules.delete_schedule(job),
        channels.list_channels,
        lambda: channels.register_channel(RegisterChannelRequest("n", "slack")),
        lambda: channels.get_channel(NOBODY),
        lambda: channels.update_channel(NOBODY, UpdateChannelRequest({})),
        lambda: channels.start_channel(NOBODY),
        lambda: channels.stop_channel(NOBODY),
        lambda: channels.get_channel_health(NOBODY),
        lambda: channels.list_mappings(NOBODY),
        lambda: channels.add_mapping(NOBODY, mapping),
        lambda: channels.remove_mapping(NOBODY, "U1"),
        lambda: channels.query_audit(NOBODY),
        lambda: channels.delete_channel(NOBODY),
        approvals.list,
        lambda: approvals.approve("0123456789abcdef", "why"),
        lambda: approvals.deny("0123456789abcdef"),
        lambda: listener.invoke({"prompt": "hello"}),
        lambda: listener.invoke({"prompt": "hello"}, "reporter"),
        lambda: client.delete_agent(agent),
    ]  # fmt: skip


@contextlib.contextmanager
def prepared(stock: Sandbox) -> Iterator[tuple[Client, str, str, str]]:
    stock.reset()
    with Client(api_key=TOKEN, base_url=f"{stock.url}/api/v1") as client:
        agent = client.create_agent({"name": "reporter", "dsl": DSL})["id"]
        crawler = client.create_agent({"name": "crawler", "execution_mode": EXTERNAL})["id"]
        yield client, agent, crawler, client.schedules.create_schedule(CRON).job_id


def routes(stock: Sandbox) -> set[str]:
    """Every operation that a runtime serves."""
    found: set[str] = set()
    for item in stock.document.raw["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("x-authority") == "runtime":
                found.add(operation["operationId"])
    return found


def check(stock: Sandbox) -> None:
    exchanges = list(stock.requests)
    assert routes(stock) - {exchange.operation for exchange in exchanges} == {"open_chat"}  # test_chat.py
    assert [exchange.brief() for exchange in exchanges if exchange.request_problems] == []
    assert [exchange.brief() for exchange in exchanges if exchange.answer_problems] == []


@pytest.mark.promise(
    "Symbiont: every route of the runtime is reached by a typed method, and both sides keep the contract"
)
def test_every_route_is_reached(stock: Sandbox) -> None:
    with prepared(stock) as (client, *names), HttpInputClient(stock.url, WEBHOOK) as listener:
        for call in calls_of(client, listener, *names):
            with contextlib.suppress(SymbiontError):  # a stock runtime refuses channels, and has nobody to approve for
                call()

        check(stock)


async def test_so_it_is_by_the_async_client(stock: Sandbox) -> None:
    from symbiont import AsyncHttpInputClient

    with prepared(stock) as (_, *names):
        async with (
            AsyncClient(api_key=TOKEN, base_url=f"{stock.url}/api/v1") as client,
            AsyncHttpInputClient(stock.url, WEBHOOK) as listener,
        ):
            for call in calls_of(client, listener, *names):
                with contextlib.suppress(SymbiontError):
                    await call()

        check(stock)


def test_what_only_the_sdk_knows_is_refused(stock: Sandbox) -> None:
    with Client(api_key=TOKEN, base_url=f"{stock.url}/api/v1") as client:
        with pytest.raises(NotFoundError):
            client.list_secrets("a")
        with pytest.raises(NotFoundError):
            client.reasoning.list_cedar_policies("a")
        with pytest.raises(APIError) as caught:
            client.list_agent_deployments()

    assert caught.value.status_code == 405


def test_the_snippet_of_the_documentation_runs_on_a_runtime_too(
    stock: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with prepared(stock) as (client, *_):
        for agent_id in client.list_agents():
            status = client.get_agent_status(agent_id)
            print(agent_id, status.state, status.resource_usage)

    assert "Waiting" in capsys.readouterr().out

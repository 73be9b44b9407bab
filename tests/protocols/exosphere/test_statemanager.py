"""`StateManager` and `SyncStateManager` (protocol sheet §7.6, §7.8), against the sandbox and against test doubles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock, MagicMock, patch

import pytest
from exospherehost import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    StateManager,
    StoreConfigModel,
    SyncStateManager,
    UnitesModel,
)
from wirewright.errors import NotFound, TransportError
from wirewright.sandbox import Sandbox


class Both:
    """One of the two state managers, with the same face."""

    def __init__(self, kind: type[StateManager] | type[SyncStateManager], **settings: Any) -> None:
        self.manager = kind(**settings)

    async def __call__(self, method: str, *args: Any, **kwargs: Any) -> Any:
        answer = getattr(self.manager, method)(*args, **kwargs)
        return await answer if isinstance(self.manager, StateManager) else answer


@pytest.fixture(params=[StateManager, SyncStateManager], ids=["async", "sync"])
def both(request: pytest.FixtureRequest, connection: dict[str, str]) -> Both:
    return Both(request.param, **connection)


@pytest.fixture
def nodes(sandbox: Sandbox, string_schema: Callable[..., Any]) -> list[GraphNodeModel]:
    from exospherehost.testing.manager import bodies

    node = {
        "name": "Echo",
        "inputs_schema": string_schema("text"),
        "outputs_schema": string_schema("text"),
        "secrets": [],
    }
    sandbox.rules.manager.nodes.register(
        "ns", bodies.RegisterNodes.model_validate({"runtime_name": "r", "nodes": [node]})
    )
    return [GraphNodeModel(node_name="Echo", namespace="ns", identifier="a", inputs={"text": "x"})]


async def test_a_graph_is_kept_verified_triggered_and_read(both: Both, nodes: list[GraphNodeModel]) -> None:
    kept = await both("upsert_graph", "g", nodes, {"s": "t"}, polling_interval=0)
    assert (kept["validation_status"], kept["secrets"]) == ("VALID", {"s": True})
    run = await both("trigger", "g", inputs={"text": "y"})
    assert run["status"] == "CREATED"
    assert await both("get_graph", "g") == kept


async def test_requests_are_those_of_the_original(both: Both, sandbox: Sandbox, nodes: list[GraphNodeModel]) -> None:
    """The captured bodies of protocol sheet §7.8."""
    await both("upsert_graph", "g", nodes, {}, polling_interval=0)
    await both("trigger", "g", {"a": "b"})
    with pytest.raises(Exception, match="Failed to upsert graph: 422"):
        await both(
            "upsert_graph",
            "h",
            [
                GraphNodeModel(
                    node_name="A", namespace=" n ", identifier="i", inputs={"x": 1}, next_nodes=["j"],
                    unites=UnitesModel(identifier="u"),
                )
            ],
            {"s": "t"},
            RetryPolicyModel(),
            StoreConfigModel(required_keys=["k"], default_values={"d": "v"}),
            [CronTrigger(expression="nonsense")],
        )  # fmt: skip
    [trigger] = sandbox.requests.of("trigger_graph")
    assert trigger.body == b'{"start_delay": 0, "inputs": {"a": "b"}, "store": {}}'
    assert dict(trigger.headers)["x-api-key"] == "sandbox-key"
    assert dict(trigger.headers)["content-type"] == "application/json"
    first, last = sandbox.requests.of("upsert_graph")
    assert list(json.loads(first.body)) == ["secrets", "nodes"]
    assert json.loads(first.body)["nodes"][0]["next_nodes"] is None
    assert last.body.decode() == (
        '{"secrets": {"s": "t"}, "nodes": [{"node_name": "A", "namespace": " n ", "identifier": "i", '
        '"inputs": {"x": 1}, "next_nodes": ["j"], "unites": {"identifier": "u", "strategy": "ALL_SUCCESS"}}], '
        '"retry_policy": {"max_retries": 3, "strategy": "EXPONENTIAL", "backoff_factor": 2000, "exponent": 2, '
        '"max_delay": null}, "store_config": {"required_keys": ["k"], "default_values": {"d": "v"}}, '
        '"triggers": [{"type": "CRON", "value": {"expression": "nonsense"}}]}'
    )


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("trigger", ("nope",), "Failed to trigger state: 404 .*Graph template not found"),
        ("get_graph", ("nope",), "Failed to get graph: 404 .*not found in namespace ns"),
        ("upsert_graph", ("g", [], {}), "Failed to upsert graph: 400 .*exactly one root node"),
    ],
)
async def test_refusals_are_told_with_status_and_text(
    both: Both, method: str, arguments: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        await both(method, *arguments)


async def test_an_invalid_graph_is_told_with_its_errors(both: Both) -> None:
    node = GraphNodeModel(node_name="Nobody", namespace="ns", identifier="a")
    with pytest.raises(Exception, match=r"Graph validation failed: INVALID and errors: \['Node Nobody in namespace ns"):
        await both("upsert_graph", "g", [node], {})


async def test_verification_may_take_too_long(both: Both, sandbox: Sandbox, nodes: list[GraphNodeModel]) -> None:
    sandbox.rules.manager.graphs._verification.run = lambda *_: None
    with pytest.raises(Exception, match="Graph validation check timed out after 0 seconds"):
        await both("upsert_graph", "g", nodes, {}, validation_timeout=0, polling_interval=0)
    assert sandbox.requests.of("get_graph") or sandbox.requests.of("upsert_graph")


async def test_blanks_in_names_are_encoded(sandbox: Sandbox) -> None:
    with pytest.raises(Exception, match="404"):
        await StateManager("my ns", sandbox.url, "sandbox-key").get_graph("a b")
    [request] = sandbox.requests.of("get_graph")
    assert request.target == "/v0/namespace/my%20ns/graph/a%20b"


async def test_a_slash_at_the_end_of_the_address_does_no_harm(sandbox: Sandbox) -> None:
    with pytest.raises(Exception, match="Graph template g not found"):
        await StateManager("ns", sandbox.url + "/", "sandbox-key").get_graph("g")


async def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", sandbox.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", "sandbox-key")
    with pytest.raises(Exception, match="404"):
        await StateManager("ns").get_graph("g")


async def test_without_an_address_or_a_key_nothing_is_sent() -> None:
    with pytest.raises(ValueError, match="not the address of a state manager"):
        await StateManager("ns", key="k").get_graph("g")
    with pytest.raises(TypeError, match="Cannot serialize non-str key None"):
        await StateManager("ns", "http://127.0.0.1:9").get_graph("g")


async def test_a_state_manager_that_is_away_is_a_transport_error(both: Both) -> None:
    both.manager._state_manager_uri = "http://127.0.0.1:9"
    with pytest.raises(TransportError):
        await both("get_graph", "g")


@pytest.mark.parametrize("place", ["exospherehost.statemanager.aiohttp.ClientSession", "aiohttp.ClientSession"])
async def test_test_doubles_of_the_original_fit(place: str) -> None:
    session = MagicMock()
    answer = MagicMock(status=201, json=AsyncMock(return_value={"validation_status": "VALID"}))
    for verb in ("put", "post", "get"):
        getattr(session, verb).return_value.__aenter__ = AsyncMock(return_value=answer)
        getattr(session, verb).return_value.__aexit__ = AsyncMock(return_value=None)
    session.__aenter__ = AsyncMock(return_value=session)
    session.__aexit__ = AsyncMock(return_value=None)
    manager = StateManager("ns", "http://sm", "k")
    with patch(place, return_value=session):
        assert await manager.upsert_graph("g", [], {}) == {"validation_status": "VALID"}
    session.put.assert_called_once_with(
        manager._get_upsert_graph_endpoint("g"), json={"secrets": {}, "nodes": []}, headers={"x-api-key": "k"}
    )


async def test_a_double_inside_of_aiohttps_session_answers(manager_away: StateManager) -> None:
    response = MagicMock(status=200, json=AsyncMock(return_value={"name": "g"}))
    response.__aenter__ = AsyncMock(return_value=response)

    with patch("aiohttp.ClientSession._request", autospec=True, return_value=response):
        assert await manager_away.get_graph("g") == {"name": "g"}
    with pytest.raises(TransportError):
        await manager_away.get_graph("g")


@pytest.fixture
def manager_away() -> StateManager:
    """A state manager where nobody listens."""
    return StateManager("ns", "http://127.0.0.1:9", "k")


def test_endpoints() -> None:
    manager = StateManager("ns", "http://sm", "k", "v7")
    assert manager._get_trigger_state_endpoint("g") == "http://sm/v7/namespace/ns/graph/g/trigger"
    assert manager._get_upsert_graph_endpoint("g") == "http://sm/v7/namespace/ns/graph/g"
    assert manager._get_get_graph_endpoint("g") == "http://sm/v7/namespace/ns/graph/g"


def test_the_key_is_in_no_repr() -> None:
    assert "hush" not in repr(StateManager("ns", "http://sm", "hush"))


async def test_every_operation_is_there_typed_and_async(
    connection: dict[str, str], nodes: list[GraphNodeModel]
) -> None:
    from exosphere_api.v0 import models as m

    manager = StateManager(**connection)
    await manager.upsert_graph(
        "g", nodes, {"s": "t"}, RetryPolicyModel(max_retries=1, backoff_factor=1), polling_interval=0
    )
    async with manager.api as api:
        assert (await api.health.get()).message == "OK"
        assert (await api.namespaces.list()).namespaces == ["ns"]
        node = m.NodeRegistration(name="Other", inputs_schema={}, outputs_schema={}, secrets=[])
        registered = await api.nodes.register("ns", m.RegisterNodesRequest(runtime_name="r", nodes=[node]))
        assert registered.registered_nodes[0].name == "Other"
        assert [each.name for each in (await api.nodes.list("ns")).nodes] == ["Echo", "Other"]
        assert (await api.graphs.get("ns", "g")).validation_status == "VALID"
        assert (await api.graphs.list("ns")).templates[0].name == "g"
        run = (await api.graphs.trigger("ns", "g", m.TriggerGraphRequest())).run_id
        claim = m.EnqueueRequest(nodes=["Echo"], batch_size=1)
        [state] = (await api.states.enqueue("ns", claim)).states
        assert (await api.states.get_secrets("ns", state.state_id)).secrets == {"s": "t"}
        later = m.ReEnqueueAfterRequest(enqueue_after=1)
        assert (await api.states.requeue_after("ns", state.state_id, later)).status == "CREATED"
        assert (await api.runs.get_graph("ns", run)).execution_summary.created == 1
        retry = m.ManualRetryRequest(fanout_id="again")
        second = await api.states.retry("ns", state.state_id, retry)
        [state] = (await api.states.enqueue("ns", claim)).states
        assert state.state_id == second.id
        failed = await api.states.mark_errored("ns", state.state_id, m.ErroredRequest(error="no"))
        assert failed.retry_created
        with pytest.raises(NotFound) as refused:
            await api.states.prune("ns", "64b000000000000000000001", m.PruneRequest(data={}))
        assert refused.value.status == 404
        assert (await api.runs.get_node("ns", "g", run, state.state_id)).error == "no"
        third = (await api.states.retry("ns", state.state_id, m.ManualRetryRequest(fanout_id="3"))).id
        ids = {
            each.state_id
            for each in (await api.states.enqueue("ns", m.EnqueueRequest(nodes=["Echo"], batch_size=9))).states
        }
        assert third in ids
        done = await api.states.mark_executed("ns", third, m.ExecutedRequest(outputs=[{"text": "y"}]))
        assert done.status == "EXECUTED"
        assert (await api.runs.list("ns", 1, 10)).runs[0].success_count == 1


def test_every_operation_is_there_typed_and_sync(connection: dict[str, str], nodes: list[GraphNodeModel]) -> None:
    with SyncStateManager(**connection) as manager:
        manager.upsert_graph("g", nodes, {}, polling_interval=0)
        run = manager.trigger("g")["run_id"]
        assert manager.api.runs.get_graph("ns", run).node_count == 1
        assert manager.api.runs.list("ns", 1, 1).runs[0].run_id == run

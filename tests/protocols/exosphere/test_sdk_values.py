"""Models, signals, base node, exports: what programs write down (protocol sheet §7.3 to §7.5, §11)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import exospherehost
import pytest
from exospherehost import (
    BaseNode,
    CronTrigger,
    GraphNodeModel,
    PruneSignal,
    ReQueueAfterSignal,
    RetryPolicyModel,
    RetryStrategyEnum,
    StoreConfigModel,
    TriggerState,
    UnitesModel,
    UnitesStrategyEnum,
)
from pydantic import BaseModel, ValidationError
from wirewright.sandbox import Sandbox


def node(**members: Any) -> GraphNodeModel:
    return GraphNodeModel(**({"node_name": "N", "namespace": "ns", "identifier": "i"} | members))


def test_the_package_offers_what_the_original_offers() -> None:
    assert set(exospherehost.__all__) == {
        "Runtime",
        "BaseNode",
        "StateManager",
        "VERSION",
        "PruneSignal",
        "ReQueueAfterSignal",
        "UnitesStrategyEnum",
        "UnitesModel",
        "GraphNodeModel",
        "RetryStrategyEnum",
        "RetryPolicyModel",
        "StoreConfigModel",
        "CronTrigger",
    }
    assert all(getattr(exospherehost, name) is not None for name in exospherehost.__all__)
    assert exospherehost.VERSION == exospherehost.__version__ == "0.0.3"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        exospherehost.nothing  # noqa: B018


def test_importing_the_package_loads_neither_models_nor_an_http_library() -> None:
    code = (
        "import exospherehost, sys; "
        "print([m for m in ('pydantic', 'httpx', 'httpcore', 'aiohttp', 'exosphere_api', 'sqlalchemy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_runtime_loads_no_http_library_and_no_sandbox() -> None:
    code = (
        "import exospherehost.runtime, exospherehost.statemanager, sys; "
        "print([m for m in ('httpx', 'httpcore', 'aiohttp', 'sqlalchemy', 'wirewright.sandbox') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_are_trimmed() -> None:
    made = node(node_name=" N ", identifier=" i ", next_nodes=[" a "], unites={"identifier": " u "}, namespace=" ns ")
    assert (made.node_name, made.identifier, made.next_nodes, made.namespace) == ("N", "i", ["a"], " ns ")
    assert made.unites == UnitesModel(identifier="u", strategy=UnitesStrategyEnum.ALL_SUCCESS)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"node_name": " "}, "Node name cannot be empty"),
        ({"identifier": ""}, "Node identifier cannot be empty"),
        ({"identifier": " store"}, "Node identifier cannot be reserved word 'store'"),
        ({"next_nodes": ["a", "a", " "]}, "Next node identifier a is not unique\nNext node identifier cannot be empty"),
        ({"unites": UnitesModel(identifier=" ")}, "Unites identifier cannot be empty"),
    ],
)
def test_what_a_node_use_must_not_be(members: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        node(**members)
    assert words in str(refused.value)


def test_next_nodes_left_out_and_null_are_different() -> None:
    assert node().next_nodes is None
    assert node(next_nodes=None).next_nodes == []
    assert node(identifier="STORE").inputs == {}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"required_keys": ["a", " a"]}, "Key 'a' is duplicated"),
        ({"required_keys": [" "]}, "Key cannot be empty or contain only whitespace"),
        ({"default_values": {"a.b": "1"}}, "Key 'a.b' cannot contain '.' character"),
        ({"default_values": {"a": 1}}, "valid string"),
    ],
)
def test_what_a_store_must_not_be(members: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StoreConfigModel(**members)
    assert words in str(refused.value)


def test_store_keys_are_trimmed_and_may_be_in_both_lists() -> None:
    made = StoreConfigModel(required_keys=[" k "], default_values={" k": "v", "d ": "w"})
    assert (made.required_keys, made.default_values) == (["k"], {"k": "v", "d": "w"})


@pytest.mark.parametrize("members", [{"max_retries": -1}, {"backoff_factor": 0}, {"exponent": 0}, {"max_delay": 0}])
def test_what_a_retry_policy_must_not_be(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RetryPolicyModel(**members)


def test_defaults() -> None:
    assert RetryPolicyModel().model_dump() == {
        "max_retries": 3,
        "strategy": RetryStrategyEnum.EXPONENTIAL,
        "backoff_factor": 2000,
        "exponent": 2,
        "max_delay": None,
    }
    assert len(RetryStrategyEnum) == 9
    assert CronTrigger(expression="judged by the server").expression
    assert TriggerState(identifier="a", inputs={"x": "y"}).inputs == {"x": "y"}
    assert PruneSignal().data == {}


def test_one_signal_does_not_share_its_data_with_another() -> None:
    PruneSignal().data["x"] = 1
    assert PruneSignal().data == {}


@pytest.mark.parametrize(
    ("delay", "milliseconds"),
    [
        (timedelta(seconds=1.2345678), 1234),
        (timedelta(seconds=1.9999), 1999),
        (timedelta(days=1), 86_400_000),
        (timedelta(microseconds=999), 1),
        (timedelta(microseconds=1), 1),
    ],
)
async def test_delays_are_sent_in_whole_milliseconds(sandbox: Sandbox, delay: timedelta, milliseconds: int) -> None:
    with pytest.raises(Exception, match="Failed to send requeue after signal to http"):
        await ReQueueAfterSignal(delay).send(
            f"{sandbox.url}/v0/namespace/ns/state/64b000000000000000000001/re-enqueue-after", "sandbox-key"
        )
    [request] = sandbox.requests.of("requeue_state_after")
    assert request.body == b'{"enqueue_after": %d}' % milliseconds


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=-1)])
def test_a_delay_must_lie_ahead(delay: timedelta) -> None:
    with pytest.raises(Exception, match="Delay must be greater than 0"):
        ReQueueAfterSignal(delay)


async def test_a_prune_signal_that_is_refused_says_where_it_was_sent(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v0/namespace/ns/state/64b000000000000000000001/prune"
    with pytest.raises(Exception, match=f"Failed to send prune signal to {url}"):
        await PruneSignal({"a": 1}).send(url, "sandbox-key")
    [request] = sandbox.requests.of("prune_state")
    assert request.body == b'{"data": {"a": 1}}'


def test_signals_tell_people_to_leave_them_alone() -> None:
    assert "{'a': 1}" in str(PruneSignal({"a": 1}))
    assert "Do not catch this Exception" in str(ReQueueAfterSignal(timedelta(seconds=5)))
    assert "0:00:05" in str(ReQueueAfterSignal(timedelta(seconds=5)))


async def test_a_node_sees_its_inputs_and_secrets() -> None:
    class Greet(BaseNode):
        class Inputs(BaseModel):
            name: str

        class Outputs(BaseModel):
            text: str

        class Secrets(BaseModel):
            mark: str

        async def execute(self) -> Outputs:
            return self.Outputs(text=self.inputs.name + self.secrets.mark)

    made = Greet()
    assert made.inputs is None
    assert not hasattr(made, "secrets")
    assert (await made._execute(Greet.Inputs(name="Ada"), Greet.Secrets(mark="!"))).text == "Ada!"


def test_a_node_must_execute_something() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseNode()  # type: ignore[abstract]


def test_both_spellings_of_the_node_module_lead_to_one_class() -> None:
    from exospherehost.node import BaseNode as first
    from exospherehost.node.BaseNode import BaseNode as second

    assert first is second is BaseNode

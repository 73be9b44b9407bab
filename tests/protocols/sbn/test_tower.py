"""The Tower Agent API: its client against its sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tower import TowerClient, types
from tower._http import RetryConfig, TowerError
from tower.testing.protocol import PROTOCOL
from tower.testing.rules import TowerRules
from wirewright.demo import run_demo
from wirewright.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    document = PROTOCOL.document()
    with Sandbox(document=document, rules=TowerRules, verify=True, key="sk-tower-1") as running:
        assert running.app.unruled == running.app.unused == []
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[TowerClient]:
    with TowerClient(base_url=sandbox.url, api_key="sk-tower-1", retry=RetryConfig(attempts=1)) as client:
        yield client


def test_an_agents_life(client: TowerClient) -> None:
    agent = client.create_agent(employee_id="e", project_id="p", profile="dominion")
    identity = agent["id"]
    client.dominion.ingest_batch(identity, {"workers": 12})
    client.dominion.ingest_gec(identity, "f", {"gec0": 0.6})
    (first, second) = client.agents.tick(identity)["suggestions"]
    client.feedback(identity, first["id"], feedback_type="accept")
    client.feedback(identity, second["id"], feedback_type="reject")
    client.agents.update_config(identity, learning_rate=0.2)

    assert (agent["profile"], agent["state"]) == ("dominion", types.AgentState.INITIALIZING)
    assert client.get_agent(identity)["config"] == {"learning_rate": 0.2}
    assert [item["status"] for item in client.suggestions(identity)] == ["rejected", "accepted"]
    assert client.agents.suggestion_stats(identity)["by_status"] == {"accepted": 1, "rejected": 1}
    assert client.scores(identity)["trust"] == 0.5
    assert len(client.dominion.translation_log(identity, limit=1)) == 1
    assert client.dominion.operator_brief(identity)["headline"] == "Nothing urgent."
    client.suspend(identity, reason="holiday")
    with pytest.raises(TowerError, match="suspended") as refused:
        client.agents.tick(identity)
    assert refused.value.status_code == 409
    assert client.resume(identity)["state"] == "active"
    assert client.agents.offboard(identity)["state"] == "archived"


def test_who_may_call(sandbox: Sandbox) -> None:
    with TowerClient(base_url=sandbox.url, retry=RetryConfig(attempts=1)) as client:
        client.authenticate_bearer("t")
        with pytest.raises(TowerError, match="API key"):
            client.get_agent("nope")
        client.authenticate_api_key("sk-tower-1")
        with pytest.raises(TowerError, match="no such agent"):
            client.get_agent("nope")


def test_the_quick_start_of_the_demo() -> None:
    run = run_demo(PROTOCOL)

    assert run.error is None
    assert run.broken == []
    assert run.calls >= 6

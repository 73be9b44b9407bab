"""Reading what happened (protocol sheet §6.13), and states beyond their graph's namespace (§13 no. 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exospherehost.testing.manager import Refusal

Use = Callable[..., dict[str, Any]]


def test_runs_come_newest_first_in_pages(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", text="x"))
    runs = []
    for _ in range(5):
        runs.append(world.trigger())
        world.clock.advance(1)
    pages = [world.manager.runs.list("ns", page, 2) for page in (1, 2, 3, 4)]
    assert [[run["run_id"] for run in page["runs"]] for page in pages] == [runs[:2:-1], runs[2:0:-1], runs[:1], []]
    assert {(page["total"], page["size"], page["namespace"]) for page in pages} == {(5, 2, "ns")}
    assert len(world.manager.runs.list("ns", 1, 0)["runs"]) == 5
    assert len(world.manager.runs.list("ns", 1, -2)["runs"]) == 2


def test_a_run_is_pending_until_nothing_is_left_then_failed_or_fine(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", None, "b", text="x"), node_use("b", text="x"), retry_policy={"max_retries": 0})

    def status() -> str:
        found: str = world.manager.runs.list("ns", 1, 1)["runs"][0]["status"]
        return found

    world.trigger()
    assert status() == "PENDING"
    world.executed(world.claim_one(), {}, {})
    good, bad = world.claim()
    world.errored(bad)
    assert status() == "PENDING"
    world.executed(good)
    assert status() == "FAILED"


def test_a_run_without_states_has_failed(world: Any, node_use: Use) -> None:
    from exospherehost.testing.manager.tables import STATES

    world.graph(node_use("a", text="x"))
    world.trigger()
    with world.manager.database.begin() as connection:
        connection.execute(STATES.delete())
    [run] = world.manager.runs.list("ns", 1, 1)["runs"]
    assert (run["status"], run["total_count"]) == ("FAILED", 0)


def test_an_unknown_run_is_an_empty_graph(world: Any) -> None:
    assert world.run_graph("no such run") == {
        "root_states": [], "graph_name": "", "nodes": [], "edges": [], "node_count": 0, "edge_count": 0,
        "execution_summary": dict.fromkeys(
            ["CREATED", "QUEUED", "EXECUTED", "ERRORED", "NEXT_CREATED_ERROR", "SUCCESS", "PRUNED", "RETRY_CREATED"], 0
        ),
    }  # fmt: skip


def test_edges_lead_from_the_latest_parent(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", None, "b", text="x"), node_use("b", None, "c", text="x"), node_use("c", text="x"))
    run = world.trigger()
    world.run_to_the_end()
    graph = world.run_graph(run)
    a, b, c = (node["id"] for node in graph["nodes"])
    assert graph["edges"] == [{"source": a, "target": b}, {"source": b, "target": c}]
    assert [node["id"] for node in graph["root_states"]] == [a]
    assert graph["graph_name"] == "g"


def test_a_state_in_full(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", text="x"))
    run = world.trigger()
    state = world.claim_one()
    world.clock.advance(1.5)
    world.executed(state, {"text": "out", "free": [1, {"a": None}]})
    shown = world.details(run, state)
    assert shown["outputs"] == {"text": "out", "free": [1, {"a": None}]}
    assert shown["inputs"] == {"text": "x"}
    assert (shown["error"], shown["parents"], shown["status"]) == (None, {}, "SUCCESS")
    assert shown["created_at"] < shown["updated_at"]
    assert shown["updated_at"].endswith(".500000")


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (("ns", "g", "run", "nonsense"), 400),
        (("ns", "other", "run", "id"), 404),
        (("ns", "g", "other", "id"), 404),
        (("elsewhere", "g", "run", "id"), 404),
    ],
)
def test_everything_must_match(world: Any, node_use: Use, place: tuple[str, ...], status: int) -> None:
    world.graph(node_use("a", text="x"))
    known = {"run": world.trigger(), "id": world.claim_one()["state_id"]}
    with pytest.raises(Refusal) as refused:
        world.manager.runs.node(*(known.get(part, part) for part in place))
    assert refused.value.status == status


class TestForeignNodes:
    @pytest.fixture
    def nodes(self, node_use: Use) -> list[dict[str, Any]]:
        foreign = node_use("b", "Far", "c", namespace="far", text="${{ a.outputs.text }}")
        return [node_use("a", None, "b", text="x"), foreign, node_use("c", text="${{ b.outputs.text }}")]

    def start(self, world: Any, nodes: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        world.node("Far", ["text"], ["text"], ["key"], namespace="far")
        assert world.graph(*nodes, secrets={"key": "k"})["validation_status"] == "VALID"
        run = world.trigger()
        world.executed(world.claim_one(), {"text": "1"})
        return run, world.claim_one(namespace="far")

    def test_their_states_find_back_to_their_graph(self, world: Any, nodes: list[dict[str, Any]]) -> None:
        run, state = self.start(world, nodes)
        assert world.manager.reports.secrets("far", state["state_id"]) == {"secrets": {"key": "k"}}
        assert world.errored(state, namespace="far")["retry_created"]
        world.clock.advance(10)
        world.executed(world.claim_one(namespace="far"), {"text": "2"})
        assert world.claim_one()["inputs"] == {"text": "2"}
        assert [name for name, _ in world.statuses(run)] == ["a", "b", "b", "c"]

    def test_in_the_original_they_are_lost(self, original: Any, nodes: list[dict[str, Any]]) -> None:
        run, state = self.start(original, nodes)
        with pytest.raises(Refusal):
            original.manager.reports.secrets("far", state["state_id"])
        with pytest.raises(Refusal, match="Graph template not found"):
            original.errored(state, namespace="far")
        original.executed(state, {"text": "2"})
        assert [name for name, _ in original.statuses(run)] == ["a"]
        [far] = original.run_graph(run, namespace="far")["nodes"]
        assert far["status"] == "NEXT_CREATED_ERROR"
        assert far["error"] == "Graph template not found for namespace: far and graph name: g"

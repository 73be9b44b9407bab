"""Joins: when they start, what they see, and that they start once (protocol sheet §6.8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Use = Callable[..., dict[str, Any]]


def joined(world: Any, use: Use, strategy: str = "ALL_SUCCESS", **members: Any) -> str:
    """root → split → work → join (unites root); the run, with three pieces of work to claim."""
    world.graph(
        use("root", None, "split", text="r"),
        use("split", None, "work", text="s"),
        use("work", None, "join", text="${{ split.outputs.text }}"),
        use("join", None, "end", unites={"identifier": "root", "strategy": strategy}, text="${{ root.outputs.text }}!"),
        use("end", text="e"),
        **members,
    )
    run: str = world.trigger()
    world.executed(world.claim_one(), {"text": "R"})
    world.executed(world.claim_one(), {"text": "1"}, {"text": "2"}, {"text": "3"})
    return run


def joins(world: Any, run: str) -> list[str]:
    return [status for identifier, status in world.statuses(run) if identifier == "join"]


def test_a_join_starts_once_when_the_last_branch_has_ended(world: Any, node_use: Use) -> None:
    run = joined(world, node_use)
    *branches, last = world.claim()
    for branch in branches:
        world.executed(branch, {"text": "done"})
    assert joins(world, run) == []
    world.executed(last, {"text": "done"})
    assert joins(world, run) == ["CREATED"]
    state = world.claim_one()
    assert (state["identifier"], state["inputs"]) == ("join", {"text": "R!"})


def test_what_follows_a_join_comes_of_it_and_of_the_united_state_only(world: Any, node_use: Use) -> None:
    run = joined(world, node_use)
    for branch in world.claim():
        world.executed(branch, {"text": "done"})
    join = world.claim_one()
    assert list(world.details(run, join)["parents"]) == ["root"]
    world.executed(join, {"text": "J"})
    end = world.claim_one()
    assert list(world.details(run, end)["parents"]) == ["root", "join"]


ENDS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "executed": lambda world, state: world.executed(state, {"text": "done"}),
    "errored": lambda world, state: world.errored(state),
    "prune": lambda world, state: world.prune(state),
}


@pytest.mark.parametrize("ends", list(itertools.product(ENDS, repeat=3)))
def test_what_comes_of_a_join_does_not_depend_on_the_order_of_the_ends(
    make_world: Callable[..., Any], node_use: Use, ends: tuple[str, str, str]
) -> None:
    """ALL_SUCCESS starts when all branches succeed; ALL_DONE when all have ended and one of them reached the join."""
    for strategy, starts in (
        ("ALL_SUCCESS", set(ends) == {"executed"}),
        ("ALL_DONE", "executed" in ends),
    ):
        world = make_world()
        run = joined(world, node_use, strategy, retry_policy={"max_retries": 0})
        for end, branch in zip(ends, world.claim(), strict=True):
            assert joins(world, run) == []
            ENDS[end](world, branch)
        assert joins(world, run) == (["CREATED"] if starts else [])


@pytest.mark.parametrize("end", ["errored", "prune"])
def test_in_the_original_a_join_hangs_when_the_last_branch_fails(original: Any, node_use: Use, end: str) -> None:
    run = joined(original, node_use, "ALL_DONE", retry_policy={"max_retries": 0})
    *branches, last = original.claim()
    for branch in branches:
        original.executed(branch, {"text": "done"})
    ENDS[end](original, last)
    assert joins(original, run) == []


def test_a_branch_that_is_tried_again_holds_the_join_back(world: Any, node_use: Use) -> None:
    run = joined(world, node_use, "ALL_DONE", retry_policy={"strategy": "FIXED", "backoff_factor": 10})
    first, *others = world.claim()
    world.errored(first)
    for branch in others:
        world.executed(branch, {"text": "done"})
    assert joins(world, run) == []
    world.clock.advance(1)
    world.executed(world.claim_one(), {"text": "at last"})
    assert joins(world, run) == ["CREATED"]


def test_a_side_branch_that_ends_last_moves_the_join_on(world: Any, node_use: Use) -> None:
    world.graph(
        node_use("r", None, "a", "side", text="x"),
        node_use("a", None, "m", text="x"),
        node_use("side", text="x"),
        node_use("m", unites="r", text="x"),
    )
    run = world.trigger()
    world.executed(world.claim_one())
    for state in sorted(world.claim(), key=lambda state: state["identifier"]):
        world.executed(state)
    assert ("m", "CREATED") in world.statuses(run)


def test_joins_after_joins_come_in_their_order(world: Any, node_use: Use) -> None:
    world.graph(
        node_use("r", None, "a", text="x"),
        node_use("a", None, "one", text="x"),
        node_use("two", unites="r", text="x"),
        node_use("one", None, "b", unites="r", text="x"),
        node_use("b", None, "two", text="x"),
    )
    run = world.trigger()
    world.run_to_the_end()
    assert world.statuses(run) == [(name, "SUCCESS") for name in ("r", "a", "one", "b", "two")]


def test_uniting_the_splitter_itself_gives_a_join_for_each_copy(world: Any, node_use: Use) -> None:
    world.graph(
        node_use("r", None, "split", text="x"),
        node_use("split", None, "work", text="x"),
        node_use("work", None, "m", text="x"),
        node_use("m", unites="split", text="${{ split.outputs.text }}"),
    )
    world.trigger()
    world.executed(world.claim_one())
    world.executed(world.claim_one(), {"text": "1"}, {"text": "2"})
    for state in world.claim():
        world.executed(state)
    assert sorted(state["inputs"]["text"] for state in world.claim()) == ["1", "2"]


def test_a_join_must_unite_an_ancestor_of_what_leads_to_it(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", None, "m", text="x"), node_use("m", unites="a", text="x"))
    run = world.trigger()
    world.executed(world.claim_one())
    assert world.statuses(run) == [("a", "NEXT_CREATED_ERROR")]
    assert world.errors(run) == {"Unit identifier not found in parents: a"}


def test_states_made_before_a_join_fails_stay(world: Any, node_use: Use) -> None:
    world.graph(node_use("r", None, "a", "b", text="x"), node_use("a", text="x"), node_use("b", unites="a", text="x"))
    run = world.trigger()
    world.executed(world.claim_one())
    assert world.statuses(run) == [("r", "NEXT_CREATED_ERROR"), ("a", "CREATED")]


def test_a_join_that_names_its_predecessor_fails_with_its_name(world: Any, node_use: Use) -> None:
    """Only a graph that was taken by an older server can do so; verification refuses it (§6.3)."""
    world.graph(
        node_use("r", None, "b", "c", text="x"),
        node_use("b", None, "m", text="x"),
        node_use("c", None, "m", text="x"),
        node_use("m", unites="r", text="${{ c.outputs.text }}"),
    )
    run = world.trigger()
    world.executed(world.claim_one(), {"text": "1"})
    by_name = {state["identifier"]: state for state in world.claim()}
    world.executed(by_name["b"], {"text": "1"})
    world.executed(by_name["c"], {"text": "1"})
    assert ("c", "NEXT_CREATED_ERROR") in world.statuses(run)
    assert "'c'" in world.errors(run)


def test_a_failed_join_is_tried_again_and_so_by_hand(world: Any, node_use: Use) -> None:
    """A manual retry that fails is tried again too; in the original it collides with the first (§13 no. 13)."""
    policy = {"strategy": "FIXED", "backoff_factor": 10, "max_retries": 1}
    run = joined(world, node_use, retry_policy=policy)
    for branch in world.claim():
        world.executed(branch, {"text": "done"})
    for _ in range(2):
        world.errored(world.claim_one())
        world.clock.advance(1)
    assert joins(world, run) == ["RETRY_CREATED", "ERRORED"]
    failed = world.run_graph(run)["nodes"][-1]
    world.retry({"state_id": failed["id"]}, "by hand")
    assert world.errored(world.claim_one())["retry_created"]
    world.clock.advance(1)
    world.executed(world.claim_one(), {"text": "J"})
    assert joins(world, run) == ["RETRY_CREATED", "RETRY_CREATED", "RETRY_CREATED", "SUCCESS"]
    assert ("end", "CREATED") in world.statuses(run)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # makes its own
@given(order=st.permutations(range(6)), outputs=st.lists(st.integers(1, 3), min_size=6, max_size=6))
def test_in_any_order_and_with_any_fan_out_one_join_starts(
    make_world: Callable[..., Any], node_use: Use, order: list[int], outputs: list[int]
) -> None:
    world = make_world()
    world.graph(
        node_use("root", None, "split", text="r"),
        node_use("split", None, "work", text="s"),
        node_use("work", None, "more", text="w"),
        node_use("more", None, "join", text="m"),
        node_use("join", unites="root", text="j"),
    )
    run = world.trigger()
    world.executed(world.claim_one())
    world.executed(world.claim_one(), *({"text": str(i)} for i in range(6)))
    branches = world.claim()
    for index in order:
        world.executed(branches[index], *({"text": str(i)} for i in range(outputs[index])))
        for state in world.claim():
            world.executed(state)
    assert joins(world, run) in (["CREATED"], ["SUCCESS"])
    assert world.statuses(run).count(("more", "SUCCESS")) == sum(outputs)

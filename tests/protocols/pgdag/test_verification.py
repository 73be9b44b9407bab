"""A run's document can be checked by anyone who has it: whatever way the run went, and whatever was forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgdag import (
    DAGNode,
    DAGTemplate,
    Journal,
    ReducerStatus,
    RunResult,
    StepContext,
    Verification,
    WaitForEvent,
    build,
    verify,
)

Graph = Callable[..., DAGTemplate]


def written(result: RunResult, template: DAGTemplate) -> dict[str, Any]:
    """The document as a file holds it."""
    return json.loads(json.dumps({**result.to_document(), "template": template.to_dict()}, default=str))


def checked(result: RunResult, template: DAGTemplate) -> Verification:
    return verify(written(result, template))


def in_place(ctx: StepContext) -> dict[str, Any]:
    ctx.inputs["list"].append(ctx.node_id)
    ctx.inputs["new"] = [1.5, None]
    return {"list": "gone", ctx.node_id: {"é": 1e20}}


@pytest.mark.parametrize("edges", [(), ("a>b", "b>c"), ("a>c", "b>c")])
@pytest.mark.parametrize("options", [{}, {"shared_blackboard": True}])
async def test_values_hold_however_they_came_about(
    graph: Graph, play: Any, edges: tuple[str, ...], options: dict[str, Any]
) -> None:
    template = graph("a b c", *edges)
    result = await play(template, {"list": [], "x": {"y": 1}}, a=in_place, options=options)
    found = checked(result, template)
    assert (found.problems, found.values) == ([], ["a", "b", "c"])


class Crash(BaseException): ...


def until_told(ctx: StepContext) -> dict[str, Any]:
    if "reply" not in ctx.inputs:
        raise WaitForEvent("reply", "k", {"asked": True})
    return {"told": ctx.inputs["reply"]}


async def test_a_run_that_waited(graph: Graph, play: Any, steps: Any, still: Any) -> None:
    template = graph("a w z", "a>w", "w>z")
    waiting = await play(template, w=until_told)
    assert checked(waiting, template).problems == []
    assert checked(waiting, template).values == ["a"]

    runner = build(clock=still).runner
    runner.register_steps(steps.all(template, w=until_told))
    document = json.loads(json.dumps(waiting.resume_state))
    ended = await runner.resume(template, resume_state=document, resume_event_payload={"reply": 7})
    assert checked(ended, template).problems == []
    assert checked(ended, template).values == ["a", "w", "z"]

    del document["step_granted"]  # a document of somebody who does not tell
    ended = await runner.resume(template, resume_state=document, resume_event_payload={"reply": 7})
    assert (checked(ended, template).problems, checked(ended, template).values) == ([], [])


async def test_a_run_that_waited_and_went_down_afterwards(graph: Graph, steps: Any, still: Any, tmp_path: Path) -> None:
    template = graph("a w z", "a>w", "w>z")

    def runner(**special: Any) -> Any:
        made = build(clock=still, journal=Journal(tmp_path / "runs.db"), max_concurrency=1).runner
        made.register_steps(steps.all(template, w=until_told, **special))
        return made

    await runner().execute(template, {}, run_id="run-1")
    with pytest.raises(Crash):
        await runner(z=Crash()).resume("run-1", resume_event_payload={"reply": 7})
    ended = await runner().resume("run-1")
    assert ended.success
    assert (checked(ended, template).problems, checked(ended, template).values) == ([], ["a", "w", "z"])


async def test_a_failed_run(graph: Graph, play: Any) -> None:
    template = graph("a b c")
    result = await play(template, b=ValueError("no"))
    document = written(result, template)
    assert result.status is ReducerStatus.FAILED
    assert (verify(document).problems, verify(document).values) == ([], ["a", "b"])
    document["proofs"]["b"]["metrics"]["error"] = "yes"
    assert verify(document).problems == [
        "step 'b': its metric 'error' is not what was sealed",
        "step 'b': what it returned is not what was sealed",
    ]


async def test_a_failed_step_that_was_tried_again(graph: Graph, steps: Any, still: Any, tmp_path: Path) -> None:
    template = graph("w z")

    def runner(w: Any) -> Any:
        made = build(clock=still, journal=tmp_path / "runs.db").runner
        made.register_steps(steps.all(template, w=w))
        return made

    await runner(until_told).execute(template, {}, run_id="run-1")
    failed = await runner(ValueError("no")).resume("run-1", resume_event_payload={"reply": 7})
    assert (checked(failed, template).problems, checked(failed, template).values) == ([], ["w"])
    ended = await runner({"w": 1}).resume("run-1", retry_failed=True)
    assert ended.success
    assert (checked(ended, template).problems, checked(ended, template).values) == ([], ["w", "z"])


async def test_of_a_child_the_seal_is_the_childs(graph: Graph, play: Any, steps: Any, still: Any) -> None:
    layer = build(clock=still, max_concurrency=1)
    layer.runner.register_template(graph("k", name="child"))
    layer.runner.register_step("k", steps({"k": 1}))
    template = graph([DAGNode("s", step_type="subworkflow", metadata={"template": "child"}), DAGNode("z")])
    found = checked(await play(template, {"x": 1}, layer=layer), template)
    assert (found.problems, found.anchored, found.values) == ([], ["s"], ["z"])


@pytest.mark.parametrize("value", [{10: "a", 9: "b"}, {"deep": {2: {3: 4}, 10: 0}}])
async def test_values_that_json_gives_back_as_others_are_not_checked(graph: Graph, play: Any, value: Any) -> None:
    template = graph("a b")
    found = checked(await play(template, a={"value": value}), template)
    assert (found.problems, found.recomputed, found.values) == ([], ["a", "b"], [])


async def test_equal_steps_of_a_second_run_hold(graph: Graph, play: Any, still: Any) -> None:
    template, layer = graph("a b"), build(clock=still, max_concurrency=1)
    for _ in range(2):
        result = await play(template, {"x": 1}, layer=layer)
        assert checked(result, template).problems == []


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every scalar."""
    if isinstance(value, dict):
        return [place for key, item in value.items() for place in places(item, (*path, key))]
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in places(item, (*path, index))]
    return [path]


@pytest.fixture
async def document(graph: Graph, play: Any) -> dict[str, Any]:
    template = graph("a b c", "a>b", "b>c")
    return written(await play(template, {"x": [1, 2]}, b=in_place_x), template)


def in_place_x(ctx: StepContext) -> dict[str, Any]:
    ctx.inputs["x"].append(3)
    return {"b": "be"}


@pytest.mark.parametrize("part", ["initial_inputs", "step_outputs", "final_outputs", "seal_documents"])
def test_whichever_value_is_forged_is_found(document: dict[str, Any], part: str) -> None:
    assert verify(document).ok
    for *way, last in places(document[part]):
        forged = json.loads(json.dumps(document))
        inside = forged[part]
        for key in way:
            inside = inside[key]
        inside[last] = "forged"
        assert not verify(forged).ok, (part, *way, last)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "id", "x"]), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["run_id", "status", "proofs", "template", "step_outputs", "step_returned", "step_granted", "wait_event"]
        ),
        JSON,
    )
)
def test_any_document_is_checked_or_refused_with_one_error(told: dict[str, Any]) -> None:
    for base in ({}, {"run_id": "r", "proofs": {"a": {"step_id": "a", "inputs_fingerprint": "f"}}, "status": "failed"}):
        try:
            verify({**base, **told})
        except ValueError as error:
            assert str(error).startswith("this is not the document of a run")

"""Runs that wait for the world, resumed here or elsewhere (protocol sheet §7.6), and steps that are runs (§7.7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pgdag import (
    DAGNode,
    DAGTemplate,
    InterruptionSignal,
    ProofStatus,
    ReducerStatus,
    RunResult,
    StepContext,
    WaitForEvent,
    build,
    canonical_fingerprint,
)

Play = Callable[..., Any]
Graph = Callable[..., DAGTemplate]


def until(key: str, **partial: Any) -> Callable[[StepContext], Any]:
    """A step that waits until its inputs hold the key."""

    def step(ctx: StepContext) -> dict[str, Any]:
        if key not in ctx.inputs:
            raise WaitForEvent("approval", f"for-{key}", partial_outputs=partial, metadata={"m": 1})
        return {"got": ctx.inputs[key]}

    return step


async def resume(layer: Any, template: DAGTemplate, waiting: RunResult, payload: Any = None) -> RunResult:
    """Go on from the document, as another process would read it."""
    state = json.loads(json.dumps(waiting.resume_state))
    return await layer.runner.resume(template, resume_state=state, resume_event_payload=payload)


async def test_a_waiting_run_says_what_it_waits_for_and_how_to_go_on(graph: Graph, play: Play, steps: Any) -> None:
    result = await play(graph("a w z"), {"x": 1}, actor="me", w=until("ok", half=1))

    assert (result.status, result.waiting, result.success) == (ReducerStatus.WAITING, True, False)
    assert (result.merkle_root_hash, result.completed_at) == ("", None)
    assert steps.ran == ["a", "w"]
    assert result.wait_event is not None
    assert str(result.wait_event) == "Waiting for approval key=for-ok"
    assert result.wait_event.to_dict() == {
        "event_type": "approval",
        "event_key": "for-ok",
        "node_id": "w",
        "partial_outputs": {"half": 1},
        "metadata": {"m": 1},
    }
    state = result.resume_state
    assert state is not None
    assert state["current_outputs"]["half"] == 1
    facts = {key: state[key] for key in ("run_id", "template_name", "actor", "initial_inputs", "completed_steps")}
    assert facts == {
        "run_id": "run-1",
        "template_name": "t",
        "actor": "me",
        "initial_inputs": {"x": 1},
        "completed_steps": ["a"],
    }
    assert state["owns_slot"] is True


async def test_a_run_goes_on_in_another_process(graph: Graph, play: Play, steps: Any, still: Any) -> None:
    template = graph("a w z")
    waiting = await play(template, w=until("ok", half=1))
    fresh = build(clock=still)
    fresh.runner.register_steps(steps.all(template, w=until("ok", half=1)))

    result = await resume(fresh, template, waiting, {"ok": "yes"})

    assert result.success
    assert steps.ran == ["a", "w", "w", "z"]
    assert result.final_outputs["got"] == "yes"
    assert result.final_outputs["half"] == 1
    assert steps.seen["z"]["ok"] == "yes"
    assert list(result.proofs) == ["a", "w", "z"]
    assert (result.run_id, result.slot_id) == (waiting.run_id, waiting.slot_id)
    assert result.proofs["a"] == waiting.proofs["a"]


@pytest.mark.parametrize("payload", [None, {}])
async def test_without_an_event_it_goes_on_waiting(graph: Graph, play: Play, steps: Any, payload: Any) -> None:
    layer = build()
    template = graph("a w z")
    waiting = await play(template, layer=layer, w=until("ok"))
    again = await resume(layer, template, waiting, payload)
    assert again.status is ReducerStatus.WAITING
    assert steps.ran == ["a", "w"]
    assert again.resume_state == waiting.resume_state


async def test_the_configuration_can_resume_too(graph: Graph, play: Play, steps: Any) -> None:
    layer = build()
    template = graph("w z")
    waiting = await play(template, layer=layer, w=until("ok"))
    config = {"_resume_state": waiting.resume_state, "_resume_event_payload": {"ok": 1}}
    result = await layer.runner.execute(template, {}, config=config)
    assert result.success
    assert result.run_id == waiting.run_id


async def test_a_document_that_does_not_say_which_step_added_what_is_read(graph: Graph, play: Play, steps: Any) -> None:
    layer = build()
    template = graph("a w z")
    waiting = await play(template, {"x": 1}, layer=layer, a={"from_a": 1}, w=until("ok"))
    state = {k: v for k, v in (waiting.resume_state or {}).items() if k not in {"step_outputs", "skipped_steps"}}
    result = await layer.runner.resume(template, resume_state=state, resume_event_payload={"ok": 1})
    assert result.success
    assert steps.seen["z"]["from_a"] == 1
    assert steps.seen["z"]["x"] == 1


async def test_steps_beside_a_wait_are_sealed_and_not_run_again(graph: Graph, steps: Any) -> None:
    layer = build(max_concurrency=2)
    template = graph("r w b z", "r>w", "r>b", "w>z", "b>z")
    layer.runner.register_steps(steps.all(template, w=until("ok")))
    waiting = await layer.runner.execute(template, {})
    assert sorted(waiting.proofs) == ["b", "r"]
    result = await resume(layer, template, waiting, {"ok": 1})
    assert result.success
    assert sorted(steps.ran) == ["b", "r", "w", "w", "z"]


async def test_skipped_steps_stay_skipped_over_a_wait(graph: Graph, steps: Any) -> None:
    from pgdag import DAGEdge

    layer = build(max_concurrency=1)
    template = graph("a no w z", DAGEdge("a", "no", condition="never"), "a>w", "w>z")
    layer.runner.register_steps(steps.all(template, w=until("ok")))
    waiting = await layer.runner.execute(template, {})
    result = await resume(layer, template, waiting, {"ok": 1})
    assert result.skipped == ["no"]
    assert "no" not in steps.ran
    assert result.success


async def test_there_must_be_something_to_resume(graph: Graph) -> None:
    with pytest.raises(ValueError, match="resume_state"):
        await build().runner.resume(graph("a"))
    with pytest.raises(ValueError, match="journal"):
        await build().runner.resume("run-1")


# -- children ------------------------------------------------------------------------------------------------------

CHILD = DAGTemplate("Child", nodes=[DAGNode("c1"), DAGNode("c2")])


def parent(**metadata: Any) -> DAGTemplate:
    node = DAGNode("sub", step_type=" SubWorkflow ", metadata={"template_name": "child", **metadata})
    return DAGTemplate("parent", nodes=[DAGNode("before"), node, DAGNode("after")])


@pytest.fixture
def family(steps: Any, still: Any, nap: Any) -> Callable[..., Any]:
    """Run `parent(...)` whose step `sub` is a child of two steps."""

    async def go(*, config: dict[str, Any] | None = None, child: DAGTemplate = CHILD, **metadata: Any) -> RunResult:
        layer = build(clock=still, sleep=nap, max_concurrency=1)
        template = parent(**metadata)
        layer.runner.register_template(child)
        layer.runner.register_steps(steps.all(template) | steps.all(child))
        return await layer.runner.execute(template, {"x": 1}, run_id="run-1", config=config)

    return go


@pytest.mark.parametrize(
    ("metadata", "status", "facts"),
    [
        ({}, "completed", {"child_anchor_type": "proof_hash", "proof_request_status": "degraded"}),
        ({"anchor_requirement": "receipt_hash_required"}, "failed", {"proof_request_reason": "receipt_hash_required"}),
        ({"require_child_slot_receipt": True}, "failed", {"proof_request_reason": "child_slot_receipt_missing"}),
        ({"fallback_policy": "disallow"}, "failed", {"proof_request_reason": "no_acceptable_child_anchor"}),
        (
            {"fallback_policy": " Allow_Merkle_Root "},
            "completed",
            {"child_anchor_type": "merkle_root", "child_anchor_source": "child_merkle_root"},
        ),
        ({"anchor_requirement": "any"}, "completed", {"proof_request_status": "satisfied", "degraded_anchor": True}),
        ({"anchor_requirement": "nonsense"}, "completed", {"proof_request_status": "degraded"}),
    ],
)
async def test_what_a_child_must_prove(
    family: Callable[..., Any], metadata: dict[str, Any], status: str, facts: dict[str, Any]
) -> None:
    proof = (await family(**metadata)).proofs["sub"]
    assert proof.status.value == status
    assert facts.items() <= proof.metrics.items()


async def test_a_childs_last_step_is_its_anchor(family: Callable[..., Any], steps: Any) -> None:
    result = await family()
    proof = result.proofs["sub"]
    assert steps.ran == ["before", "c1", "c2", "after"]
    assert proof.metrics["child_anchor_step_id"] == "c2"
    assert proof.metrics["child_anchor_source"] == "child_step_anchor"
    assert proof.metrics["child_run_id"].startswith("run-1:sub:")
    assert proof.inputs_fingerprint == canonical_fingerprint(steps.seen["c1"])
    assert result.final_outputs["c2"] is True
    assert result.final_outputs["sub_child_execution_mode"] == "sync"
    assert result.final_outputs["sub_child_merkle_root_hash"] == proof.metrics["child_merkle_root_hash"]
    assert result.success


async def test_an_empty_child_proves_nothing(family: Callable[..., Any]) -> None:
    result = await family(child=DAGTemplate("child"))
    assert result.proofs["sub"].metrics["proof_request_reason"] == "no_acceptable_child_anchor"


async def test_a_child_gets_the_inputs_that_its_node_names(family: Callable[..., Any], steps: Any) -> None:
    await family(input_keys=["x", "missing"], inputs={"y": 2})
    assert steps.seen["c1"] == {"x": 1, "y": 2}


async def test_a_failing_child_fails_its_parent(steps: Any) -> None:
    layer = build()
    layer.runner.register_template(CHILD)
    layer.runner.register_steps(steps.all(parent()) | steps.all(CHILD, c1=ValueError("no")))
    result = await layer.runner.execute(parent(fallback_policy="allow_merkle_root"), {})
    assert result.status is ReducerStatus.FAILED
    assert result.proofs["sub"].metrics["child_status"] == "failed"
    assert "after" not in steps.ran


async def test_a_template_that_nobody_registered_is_refused_before_anything_runs(steps: Any) -> None:
    layer = build()
    layer.runner.register_steps(steps.all(parent()))
    with pytest.raises(KeyError, match="Subworkflow template not registered for step: sub"):
        await layer.runner.execute(parent(), {})
    assert steps.ran == []


@pytest.mark.parametrize(
    "candidate", [CHILD, CHILD.to_dict(), "CHILD"], ids=["a template", "its JSON form", "its name in any case"]
)
async def test_a_configuration_can_name_the_child(steps: Any, candidate: Any) -> None:
    node = DAGNode("sub", step_type="delegated_workflow")
    layer = build()
    layer.runner.register_templates([CHILD])
    layer.runner.register_steps(steps.all(CHILD))
    config = {"subworkflow_templates": {"sub": candidate}}
    result = await layer.runner.execute(DAGTemplate("p", nodes=[node]), {}, config=config)
    assert steps.ran == ["c1", "c2"]
    assert result.success


async def test_children_inherit_the_configuration_but_not_what_belongs_to_one_run(steps: Any) -> None:
    told: list[dict[str, Any]] = []
    layer = build()
    layer.runner.register_template(CHILD)
    template = parent(config={"own": 2}, subworkflow_mode="inline")
    layer.runner.register_steps(steps.all(template) | steps.all(CHILD, c1=lambda ctx: told.append(ctx.config)))
    result = await layer.runner.execute(template, {}, config={"shared": 1, "workflow_id": "wf"})

    assert told[0]["shared"] == 1
    assert told[0]["own"] == 2
    assert "workflow_id" not in told[0]
    assert told[0]["parent_step_id"] == "sub"
    assert told[0]["shared_slot_id"] == result.slot_id


async def test_an_interruption_reaches_the_children(steps: Any) -> None:
    layer = build(max_concurrency=1)
    layer.runner.register_template(CHILD)

    def stop(ctx: StepContext) -> None:
        layer.interruption.trigger(InterruptionSignal("stop", "sig"))

    layer.runner.register_steps(steps.all(parent()) | steps.all(CHILD, c1=stop))
    result = await layer.runner.execute(parent(), {})
    assert steps.ran == ["before", "c1"]
    assert result.status is ReducerStatus.INTERRUPTED
    assert result.proofs["sub"].status is ProofStatus.INTERRUPTED


async def test_a_detached_child_is_the_hosts_to_run(steps: Any) -> None:
    layer = build()
    layer.runner.register_template(CHILD)
    template = parent(subworkflow_mode="async")
    layer.runner.register_steps(steps.all(template) | steps.all(CHILD))

    waiting = await layer.runner.execute(template, {"x": 1}, run_id="run-1")

    event = waiting.wait_event
    assert event is not None
    assert (event.event_type, event.node_id) == ("pgdag.subworkflow.completed", "sub")
    assert event.metadata["launch_mode"] == "detached"
    assert steps.ran == ["before"]
    facts = event.metadata
    child = await layer.runner.execute(
        CHILD, facts["child_inputs"], config=facts["child_config"], run_id=facts["child_run_id"]
    )
    result = await resume(layer, template, waiting, json.loads(json.dumps(child.to_dict())))

    assert result.success
    assert steps.ran == ["before", "c1", "c2", "after"]
    assert result.proofs["sub"].metrics["child_run_id"] == event.event_key
    assert result.proofs["sub"].inputs_fingerprint == canonical_fingerprint(facts["child_inputs"])
    assert result.final_outputs["c2"] is True


async def test_an_async_child_that_failed_stops_its_parent(steps: Any) -> None:
    layer = build()
    layer.runner.register_template(CHILD)
    template = parent(subworkflow_mode="async")
    layer.runner.register_steps(steps.all(template) | steps.all(CHILD))
    waiting = await layer.runner.execute(template, {})
    result = await resume(layer, template, waiting, {"status": "failed", "merkle_root_hash": "m"})
    assert result.status is ReducerStatus.FAILED
    assert "after" not in steps.ran


async def test_a_background_child_runs_in_the_same_loop(steps: Any) -> None:
    layer = build()
    layer.runner.register_template(CHILD)
    done = asyncio.Event()
    template = parent(subworkflow_mode="async", async_launch_mode="background")
    layer.runner.register_steps(steps.all(template) | steps.all(CHILD, c2=lambda ctx: done.set()))
    waiting = await layer.runner.execute(template, {})
    assert waiting.waiting
    async with asyncio.timeout(5):
        await done.wait()
    assert steps.ran == ["before", "c1", "c2"]


async def test_the_environment_can_set_the_mode(steps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDAG_DEFAULT_SUBWORKFLOW_MODE", "async")
    layer = build()
    layer.runner.register_template(CHILD)
    layer.runner.register_steps(steps.all(parent()) | steps.all(CHILD))
    assert (await layer.runner.execute(parent(), {})).waiting


async def test_a_child_that_waits_goes_on_where_it_stopped(steps: Any) -> None:
    layer = build(max_concurrency=1)
    layer.runner.register_template(CHILD)
    layer.runner.register_steps(steps.all(parent()) | steps.all(CHILD, c2=until("ok", half=1)))
    waiting = await layer.runner.execute(parent(), {"x": 1})
    assert waiting.wait_event is not None
    assert (waiting.wait_event.event_type, waiting.wait_event.node_id) == ("approval", "sub")
    assert waiting.final_outputs["c1"] is True

    fresh = build(max_concurrency=1)
    fresh.runner.register_template(CHILD)
    fresh.runner.register_steps(steps.all(parent()) | steps.all(CHILD, c2=until("ok", half=1)))
    result = await resume(fresh, parent(), waiting, {"ok": "yes"})

    assert result.success
    assert steps.ran == ["before", "c1", "c2", "c2", "after"]
    assert result.final_outputs["got"] == "yes"


async def test_a_grandchild_run_elsewhere_ends_the_wait_of_the_whole_family(steps: Any) -> None:
    grandchild = DAGTemplate("grandchild", nodes=[DAGNode("g")])
    node = DAGNode("sub2", step_type="subworkflow", metadata={"template": grandchild, "mode": "async"})
    child = DAGTemplate("child", nodes=[DAGNode("c1"), node, DAGNode("c2")])
    layer = build(max_concurrency=1)
    layer.runner.register_template(child)
    layer.runner.register_steps(steps.all(parent()) | steps.all(child) | steps.all(grandchild))
    waiting = await layer.runner.execute(parent(), {})
    assert waiting.wait_event is not None
    facts = waiting.wait_event.metadata
    assert facts["step_id"] == "sub2"
    ended = await layer.runner.execute(grandchild, facts["child_inputs"], run_id=facts["child_run_id"])
    assert waiting.resume_state is not None
    result = await layer.runner.resume(
        parent(), resume_state=waiting.resume_state, resume_event_payload=ended.to_dict()
    )
    assert result.success
    assert steps.ran == ["before", "c1", "g", "c2", "after"]

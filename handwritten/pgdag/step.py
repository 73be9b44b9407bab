"""One step of a run: what it sees, its function or its child, its seal, and what is told of it (sheet §7.4, §7.7)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .artifact import ProofArtifact
from .events import StepEvent, StepEventKind
from .results import WaitForEvent
from .runner import StepContext
from .subworkflow import (
    CHILD_STATE,
    COMPLETED_EVENT,
    ChildRun,
    ProofRequest,
    child_result,
    proof_of_child,
    values_of_child,
)
from .template import DAGNode
from .values import isolated

if TYPE_CHECKING:
    from .run import Run

__all__ = ["Ended", "run_step"]


@dataclass(slots=True)
class Ended:
    """What became of a step: its proof, or the event that it waits for."""

    step: str
    proof: ProofArtifact | None
    wait: WaitForEvent | None = None


async def run_step(run: Run, step: str) -> Ended:
    """Run and seal a step, write it to the journal, then tell of it."""
    runner = run.runner
    seen = run.board.view(step)
    given = _given(run, step, seen)
    context = _context(run, step, seen, given)
    runner.tell(StepEvent("started", run.run_id, step))
    started = time.perf_counter()
    try:
        proof = await _prove(run, run.plan.nodes[step], context)
    except WaitForEvent as wait:
        wait.node_id = step
        runner.tell(StepEvent("waiting", run.run_id, step))
        return Ended(step, None, wait)
    seconds = time.perf_counter() - started
    added = {**given, **context.added} if proof.succeeded else {}
    if proof.succeeded:
        run.board.add(step, seen, added)
    run.durations[step] = seconds * 1000
    run.keep_record(step, context.returned)
    await run.journal("seal", proof, added, seconds)
    kind: StepEventKind = "completed" if proof.succeeded else "failed"
    error = proof.metrics.get("error")
    runner.tell(StepEvent(kind, run.run_id, step, seconds=seconds, error=error, proof=proof))
    await run.reporter.step(proof, None if _from_outside(run, step) else seconds)
    return Ended(step, proof)


def _context(run: Run, step: str, seen: dict[str, Any], given: dict[str, Any]) -> StepContext:
    return StepContext(
        inputs=isolated({**seen, **given}),
        prior_proofs=run.prior_proofs(step),
        config=run.config,
        actor=run.actor,
        run_id=run.run_id,
        slot_id=run.slot.id,
        node_id=step,
    )


async def _prove(run: Run, node: DAGNode, context: StepContext) -> ProofArtifact:
    if node.is_subworkflow:
        return await _prove_by_child(run, node, context)
    runner = run.runner

    def retrying(attempt: int, error: Exception) -> None:
        runner.tell(StepEvent("retrying", run.run_id, node.id, attempt=attempt, error=str(error)))

    return await run.steps.run(
        node.id,
        runner.spec_version,
        runner.steps[node.id],
        context,
        policy=run.policies[node.id],
        on_retry=retrying,
    )


async def _prove_by_child(run: Run, node: DAGNode, context: StepContext) -> ProofArtifact:
    child_run_id = run.runner.children.run_id(run.run_id, node.id)
    child = ChildRun.of(run, node, run.children[node.id], context.inputs, child_run_id)
    wait = _wait_of(run, node.id)
    if wait is not None and _from_outside(run, node.id):
        result = child_result(run.payload, child.template.name)
        facts = wait.metadata
        child.workflow_id = run.payload.get("child_workflow_id") or facts.get("child_workflow_id")
        child.inputs = dict(facts.get("child_inputs") or child.inputs)
        child.request = ProofRequest(**facts["proof_request"]) if facts.get("proof_request") else child.request
    elif child.mode == "async":
        run.runner.children.launch(child)
        raise child.wait_event()
    else:
        state = wait.metadata.get(CHILD_STATE) if wait is not None else None
        result = await run.runner.children.run(child, state, run.payload if wait is not None else {})
    if result.waiting and result.wait_event is not None:
        raise _wait_for_child(result.wait_event, result.final_outputs, result.resume_state)
    proof = proof_of_child(
        node.id,
        run.runner.spec_version,
        child_inputs=child.inputs,
        child_workflow_id=child.workflow_id,
        request=child.request,
        result=result,
        clock=run.runner.clock,
    )
    context.added = values_of_child(node.id, child.mode, proof, result)
    return proof


def _wait_for_child(wait: WaitForEvent, outputs: dict[str, Any], state: dict[str, Any] | None) -> WaitForEvent:
    """The child's wait as its parent's, with where the child stands: it goes on from there, not from its start."""
    metadata = {**wait.metadata, CHILD_STATE: state}
    return WaitForEvent(wait.event_type, wait.event_key, {**outputs, **wait.partial_outputs}, metadata)


def _wait_of(run: Run, step: str) -> WaitForEvent | None:
    """What this step waited for when the run was resumed."""
    wait = run.resumed.wait_event if run.resumed else None
    return wait if wait is not None and wait.node_id == step else None


def _given(run: Run, step: str, seen: dict[str, Any]) -> dict[str, Any]:
    """What a step gets besides what it sees: the event that it waited for, and proofs that it stands on."""
    granted = _granted(run, step)
    if granted and run.granted is not None:
        run.granted[step] = granted
    keys = run.upstream.keys(step)
    return granted | {key: value for key, value in keys.items() if key in granted or not _same(seen.get(key), value)}


def _same(old: Any, new: str) -> bool:
    return old is new or (type(old) is str and old == new)


def _granted(run: Run, step: str) -> dict[str, Any]:
    """What the step itself left when it began to wait, and the event that it waited for."""
    wait = _wait_of(run, step)
    if wait is None:
        return {}
    return {**wait.partial_outputs, **({} if _from_outside(run, step) else run.payload)}


def _from_outside(run: Run, step: str) -> bool:
    """Is the event the result of this very step's child, run elsewhere? (Not of a child of its child.)"""
    wait = _wait_of(run, step)
    return (
        wait is not None
        and wait.event_type == COMPLETED_EVENT
        and bool(wait.metadata.get("subworkflow"))
        and CHILD_STATE not in wait.metadata
    )

"""Hashing the values of a run again: what each step saw, and what it returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .artifact import ProofArtifact, ProofStatus, canonical_fingerprint
from .blackboard import Blackboard
from .results import RunResult
from .template import DAGTemplate, Plan
from .upstream import Upstream

__all__ = ["wrong_inputs", "wrong_outputs"]


def wrong_outputs(result: RunResult) -> Iterator[tuple[str, bool]]:
    """The steps whose outputs are told, and whether they are others than those that were sealed."""
    for step, proof in result.proofs.items():
        outputs = _outputs(result, step, proof)
        if outputs is not None:
            yield step, canonical_fingerprint(outputs) != proof.outputs_fingerprint


def _outputs(result: RunResult, step: str, proof: ProofArtifact) -> dict[str, Any] | None:
    if not _ran(proof):
        return None
    if proof.status is ProofStatus.FAILED:
        return {"error": proof.metrics.get("error")}
    names, added = result.step_returned.get(step), result.step_outputs.get(step, {})
    return None if names is None else {name: added.get(name) for name in names}


def wrong_inputs(result: RunResult, template: DAGTemplate) -> Iterator[tuple[str, bool]]:
    """The steps whose inputs can be put together, and whether they are others than those that were sealed.

    Last comes an empty name: for the values that the run ended with.

    Raises:
        TemplateError: the template is none that could run.
    """
    if result.step_granted is None:
        return
    plan = Plan(template)
    board = Blackboard(plan, result.initial_inputs, shared=result.shared_blackboard)
    upstream = Upstream(plan, result.proofs)
    for step in plan.order:
        proof = result.proofs.get(step)
        if proof is None:
            continue
        seen = board.view(step)
        if _ran(proof):
            inputs = {**seen, **result.step_granted.get(step, {}), **upstream.keys(step)}
            yield step, canonical_fingerprint(inputs) != proof.inputs_fingerprint
        if proof.succeeded:
            upstream.completed(step)
            board.add(step, seen, dict(result.step_outputs.get(step, {})))
    waits = result.wait_event.partial_outputs if result.wait_event else {}
    ended = canonical_fingerprint({**board.final(), **waits})
    yield "", ended != canonical_fingerprint(result.final_outputs)


def _ran(proof: ProofArtifact) -> bool:
    """Was it a step function? A child's proof is about the child's values, a step that was refused had none."""
    return bool(proof.inputs_fingerprint) and not proof.metrics.get("subworkflow")

"""The workflow that looks for drift and mutates a lineage when it is time (sheet §10.7)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .cdna import LineageManager, MutationStrategy, MutationTrigger
from .runner import StepContext, StepFn
from .template import DAGEdge, DAGNode, DAGTemplate

__all__ = ["cdna_mutation_steps", "cdna_mutation_template"]

_NODES = (
    ("detect_drift", "Detect Drift", "analysis"),
    ("evaluate_trigger", "Evaluate Trigger", "validation"),
    ("compute_mutation", "Compute Mutation", "computation"),
    ("seal_proof", "Seal Proof", "attestation"),
    ("notify_mutation", "Notify Mutation", "notification"),
)
_DRIFT_INPUTS = (
    "current_template_dist",
    "baseline_template_dist",
    "recent_success_rate",
    "baseline_success_rate",
    "recent_yield",
    "baseline_yield",
    "recent_avg_duration_ms",
    "baseline_avg_duration_ms",
)


def cdna_mutation_template(*, version: str = "1.0", domain: str = "cdna.evolution") -> DAGTemplate:
    """Five steps in a line: detect, evaluate, compute, seal, notify."""
    return DAGTemplate(
        name="cdna_mutation",
        version=version,
        nodes=[DAGNode(*node) for node in _NODES],
        edges=[DAGEdge(before[0], after[0]) for before, after in pairwise(_NODES)],
        domain=domain,
    )


def cdna_mutation_steps(lineage_manager: LineageManager) -> dict[str, StepFn]:
    """The steps of `cdna_mutation_template` over a lineage.

    Inputs: `engine_id` (required), `yield_score` (1.0), `entropy_score` (0.0) and the arguments of
    `DriftDetector.detect`.
    """
    steps = _Steps(lineage_manager)
    return {
        "detect_drift": _naming_the_engine(steps.detect_drift),
        "evaluate_trigger": _naming_the_engine(steps.evaluate_trigger),
        "compute_mutation": _naming_the_engine(steps.compute_mutation),
        "seal_proof": _naming_the_engine(steps.seal_proof),
        "notify_mutation": _naming_the_engine(steps.notify_mutation),
    }


def _naming_the_engine(step: Callable[[StepContext], dict[str, Any]]) -> StepFn:
    """Whatever a step gives, it says first of which engine."""

    async def named(ctx: StepContext) -> dict[str, Any]:
        return {"engine_id": ctx.inputs["engine_id"], **step(ctx)}

    return named


class _Steps:
    def __init__(self, lineage: LineageManager) -> None:
        self._lineage = lineage

    def detect_drift(self, ctx: StepContext) -> dict[str, Any]:
        engine = ctx.inputs["engine_id"]
        given = {name: ctx.inputs[name] for name in _DRIFT_INPUTS if name in ctx.inputs}
        if not any(given.values()):
            nothing: dict[str, Any] = {"drift_detected": False, "drift_magnitude": 0.0, "drift_report": {}}
            return {**nothing, "skipped": True}
        report = self._lineage.mutator.drift_detector.detect(engine, **given)
        return {
            "drift_detected": report.drifted,
            "drift_magnitude": report.magnitude,
            "drift_report": report.to_dict(),
        }

    def evaluate_trigger(self, ctx: StepContext) -> dict[str, Any]:
        values, mutator = ctx.inputs, self._lineage.mutator
        yields, entropy = float(values.get("yield_score", 1.0)), float(values.get("entropy_score", 0.0))
        by_scores = mutator.should_mutate(yields, entropy)
        if not by_scores and not values.get("drift_detected"):
            return {"mutation_needed": False, "reason": "thresholds not met and no drift"}
        drift = float(values.get("drift_magnitude", 0.0))
        trigger = mutator.trigger(
            MutationStrategy.ENTROPY_YIELD if by_scores else MutationStrategy.DRIFT_CORRECTION,
            yields,
            entropy,
            drift_magnitude=drift,
            reasoning=f"yield={yields:.4f}, entropy={entropy:.4f}, drift={drift:.4f}",
        )
        return {"mutation_needed": True, "trigger": trigger.to_dict(), "strategy": trigger.strategy.value}

    def compute_mutation(self, ctx: StepContext) -> dict[str, Any]:
        """What the mutation will be; nothing is changed yet."""
        if not ctx.inputs.get("mutation_needed"):
            return {"mutated": False}
        engine = ctx.inputs["engine_id"]
        current = self._lineage.get_current(engine)
        if current is None:
            return {"mutated": False, "error": f"no cDNA record for {engine}"}
        _, proof = self._lineage.mutator.mutate(current, _trigger(ctx))
        return {
            "mutated": True,
            "before_cdna": proof.before_cdna,
            "after_cdna": proof.after_cdna,
            "before_generation": proof.before_generation,
            "after_generation": proof.after_generation,
            "before_spec_version": proof.before_spec_version,
            "after_spec_version": proof.after_spec_version,
            "trigger": proof.trigger.to_dict(),
        }

    def seal_proof(self, ctx: StepContext) -> dict[str, Any]:
        """Mutate the lineage."""
        if not ctx.inputs.get("mutated"):
            return {"sealed": False}
        proof = self._lineage.apply(ctx.inputs["engine_id"], _trigger(ctx))
        if proof is None:
            return {"sealed": False}
        return {
            "sealed": True,
            "new_cdna": proof.after_cdna,
            "new_generation": proof.after_generation,
            "new_spec_version": proof.after_spec_version,
            "proof_hash": proof.proof_hash,
            "block_ref": proof.block_ref,
        }

    def notify_mutation(self, ctx: StepContext) -> dict[str, Any]:
        """The lineage told its callback when it mutated; this says whether there was anything to tell."""
        return {
            "notified": bool(ctx.inputs.get("sealed")),
            "callback_registered": self._lineage.notifies,
            "lifecycle_complete": True,
        }


def _trigger(ctx: StepContext) -> MutationTrigger:
    facts: dict[str, Any] = dict(ctx.inputs["trigger"])
    return MutationTrigger(MutationStrategy(facts.pop("strategy")), **facts)

"""What a run tells Lattice: the outcome of each step and of the whole (sheet §8.2).

Best effort: an outcome that cannot be delivered is logged, and the run goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, ProofStatus
from .calls import with_retry
from .edges import EdgeEmitter
from .reducer import ReducerStatus
from .template import DAGTemplate

__all__ = ["LatticeReporter", "proof_stage", "resolve_workflow_id"]

logger = logging.getLogger(__name__)

_UNPUBLISHED = ("local:", "unpublished:", "no-blocks:")
_CHILD_METRICS = (
    "subworkflow",
    "child_workflow_id",
    "child_template_name",
    "child_run_id",
    "child_slot_id",
    "child_slot_receipt_id",
    "child_merkle_root_hash",
    "child_status",
    "child_anchor_hash",
    "child_anchor_type",
    "child_anchor_receipt_id",
    "child_anchor_step_id",
    "child_anchor_source",
    "degraded_anchor",
    "proof_request_status",
    "proof_request_reason",
)
_RUN_CLOSE = {
    ReducerStatus.COMPLETE: ("completed", "reduced"),
    ReducerStatus.PARTIAL: ("completed", "reduced"),
    ReducerStatus.FAILED: ("failed", "failed"),
    ReducerStatus.INTERRUPTED: ("skipped", "interrupted"),
}
_STEP_OUTCOME = {
    ProofStatus.COMPLETED: "completed",
    ProofStatus.FAILED: "failed",
    ProofStatus.INTERRUPTED: "skipped",
}


def resolve_workflow_id(config: Mapping[str, Any], template: DAGTemplate, resumed: str | None = None) -> str | None:
    """The first workflow id that is not blank: configuration, template metadata, resumed run (sheet §7.2)."""
    metadata = template.metadata
    lattice = metadata.get("lattice")
    nested: Mapping[str, Any] = lattice if is_mapping(lattice) else {}
    candidates: tuple[Any, ...] = (
        config.get("workflow_id"),
        config.get("lattice_workflow_id"),
        metadata.get("workflow_id"),
        metadata.get("lattice_workflow_id"),
        nested.get("workflow_id"),
        nested.get("lattice_workflow_id"),
        resumed,
    )
    return next((str(found).strip() for found in candidates if found is not None and str(found).strip()), None)


def proof_stage(proof: ProofArtifact) -> str:
    """How far a proof got: sealed, published or attested; interrupted for the proof of an interruption."""
    if proof.status is ProofStatus.INTERRUPTED:
        return "interrupted"
    if proof.anchor_type.strip().lower() == "receipt_hash":
        return "attested"
    published = proof.block_ref and not proof.block_ref.lower().startswith(_UNPUBLISHED)
    return "published" if published else "sealed"


@dataclass
class LatticeReporter:
    """Reports one run. Without a client or a workflow id it only draws edges, or nothing."""

    lattice: Any
    edges: EdgeEmitter | None
    workflow_id: str | None
    run_id: str
    template: DAGTemplate
    actor: str
    sleep: Callable[[float], Awaitable[None]]
    slot_id: str | None = None

    async def step(self, proof: ProofArtifact, duration_seconds: float | None = None) -> None:
        """One step's outcome, then the edge to its proof."""
        interrupted = proof.status is ProofStatus.INTERRUPTED
        await self._outcome(
            proof.step_id,
            outcome=_STEP_OUTCOME[proof.status],
            agent_id=self.actor or None,
            duration_seconds=duration_seconds,
            error_message=proof.metrics.get("error"),
            proof_hash=proof.proof_hash or None,
            proof_stage=proof_stage(proof),
            block_ref=proof.block_ref or None,
            signal_hash=(proof.proof_hash or None) if interrupted else None,
            anchor_hash=proof.anchor_hash or proof.proof_hash or None,
            anchor_type=proof.anchor_type or None,
            receipt_id=proof.receipt_id or None,
            degraded=bool(proof.metrics.get("degraded_anchor", False)),
            meta=self._step_meta(proof, interrupted),
        )
        if proof.succeeded and self.edges is not None and self.edges.enabled:
            await self._edges(proof)

    async def skipped(self, step_id: str) -> None:
        """A step that no edge condition led to."""
        meta = {**self._run_meta(), "reason": "edge_condition"}
        await self._outcome(step_id, outcome="skipped", agent_id=self.actor or None, meta=meta)

    async def close(
        self,
        status: ReducerStatus,
        merkle_root_hash: str,
        slot_receipt_id: str | None,
        interruption: ProofArtifact | None,
    ) -> None:
        """The run's outcome; a complete one also completes the workflow."""
        outcome, stage = _RUN_CLOSE[status]
        signal_hash = (interruption.proof_hash or None) if interruption else None
        meta = {
            "event_kind": "run_close",
            **self._run_meta(),
            "merkle_root_hash": merkle_root_hash,
            "slot_receipt_id": slot_receipt_id,
            "reducer_status": status.value,
            "proof_status": status.value,
            **({"signal_hash": signal_hash} if signal_hash else {}),
        }
        await self._outcome(
            "__run_close__",
            outcome=outcome,
            agent_id=self.actor or None,
            proof_stage=stage,
            signal_hash=signal_hash,
            meta=meta,
        )
        if status is ReducerStatus.COMPLETE:
            await self._ask("mark_workflow_complete")

    def _run_meta(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "template_name": self.template.name,
            "template_version": self.template.version,
            "slot_id": self.slot_id,
            "actor": self.actor,
        }

    def _step_meta(self, proof: ProofArtifact, interrupted: bool) -> dict[str, Any]:
        children = {name: proof.metrics[name] for name in _CHILD_METRICS if proof.metrics.get(name) is not None}
        signal = {"signal_hash": proof.proof_hash} if interrupted and proof.proof_hash else {}
        return {
            **self._run_meta(),
            "proof_status": proof.status.value,
            "proof_anchor_hash": proof.anchor_hash or proof.proof_hash,
            "proof_anchor_type": proof.anchor_type or "proof_hash",
            "inputs_fingerprint": proof.inputs_fingerprint,
            "outputs_fingerprint": proof.outputs_fingerprint,
            "proof_spec_version": proof.spec_version,
            "receipt_id": proof.receipt_id or None,
            **children,
            **signal,
        }

    async def _edges(self, proof: ProofArtifact) -> None:
        assert self.edges is not None
        metrics = proof.metrics
        if metrics.get("subworkflow"):
            await self.edges.emit_subworkflow(
                parent_template=self.template.name,
                parent_step_id=proof.step_id,
                child_template=str(metrics.get("child_template_name") or ""),
                child_workflow_id=metrics.get("child_workflow_id"),
                parent_run_id=self.run_id,
                child_run_id=str(metrics.get("child_run_id") or ""),
                child_slot_id=metrics.get("child_slot_id"),
                child_receipt_id=metrics.get("child_slot_receipt_id"),
                child_merkle_root=metrics.get("child_merkle_root_hash"),
            )
        await self.edges.emit(proof.step_id, proof, run_id=self.run_id, template_name=self.template.name)

    async def _outcome(self, step_id: str, **facts: Any) -> None:
        await self._ask("record_step_outcome", step_id, **facts)

    async def _ask(self, method: str, *args: Any, **kwargs: Any) -> None:
        function = getattr(self.lattice, method, None)
        if function is None or self.workflow_id is None:
            return
        try:
            await with_retry(function, self.workflow_id, *args, sleep=self.sleep, **kwargs)
        except Exception as error:
            logger.warning("lattice %s for run %s not delivered: %s", method, self.run_id, error)

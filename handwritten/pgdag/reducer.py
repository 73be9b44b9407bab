"""Proofs folded into the state of a run (sheet §6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .artifact import ProofArtifact, ProofStatus, merkle_root, utc_now

__all__ = ["Reducer", "ReducerStatus", "RunState"]


class ReducerStatus(StrEnum):
    """How a run stands. WAITING is a runner's word; the reducer never says it."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"


@dataclass
class RunState:
    run_id: str
    status: ReducerStatus
    completed_steps: list[str] = field(default_factory=list[str])
    failed_steps: list[str] = field(default_factory=list[str])
    interrupted_steps: list[str] = field(default_factory=list[str])
    pending_from: str | None = None
    last_completed_step: str | None = None
    proofs: dict[str, ProofArtifact] = field(default_factory=dict[str, ProofArtifact])
    merkle_root_hash: str = ""
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])
    reduced_at: datetime = field(default_factory=utc_now)

    @property
    def all_sealed_steps(self) -> set[str]:
        return {*self.completed_steps, *self.failed_steps, *self.interrupted_steps}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the proofs."""
        return {
            "run_id": self.run_id,
            "status": self.status.value,
            "completed_steps": list(self.completed_steps),
            "failed_steps": list(self.failed_steps),
            "interrupted_steps": list(self.interrupted_steps),
            "pending_from": self.pending_from,
            "last_completed_step": self.last_completed_step,
            "merkle_root_hash": self.merkle_root_hash,
            "metrics": self.metrics,
            "reduced_at": self.reduced_at.isoformat(),
        }


class Reducer:
    """Knows which steps are expected, in which order, and folds their proofs."""

    def __init__(self, expected_steps: Iterable[str], run_id: str = "") -> None:
        self.expected_steps = list(expected_steps)
        self.run_id = run_id
        self.reset()

    def reset(self) -> None:
        self._proofs: dict[str, ProofArtifact] = {}
        self._by_status: dict[ProofStatus, list[str]] = {status: [] for status in ProofStatus}
        self._metrics: dict[str, Any] = {}

    def fold(self, proof: ProofArtifact) -> RunState:
        """Take in one proof; a later one for the same step replaces it, but no step leaves a list."""
        self._add(proof)
        return self.state()

    def fold_many(self, proofs: Iterable[ProofArtifact]) -> RunState:
        for proof in proofs:
            self._add(proof)
        return self.state()

    def state(self) -> RunState:
        completed, failed, interrupted = (list(self._by_status[status]) for status in ProofStatus)
        sealed = {*completed, *failed, *interrupted}
        status = self._status(sealed, failed, interrupted)
        pending = (step for step in self.expected_steps if step not in sealed)
        return RunState(
            run_id=self.run_id,
            status=status,
            completed_steps=completed,
            failed_steps=failed,
            interrupted_steps=interrupted,
            pending_from=next(pending, None) if status is ReducerStatus.PARTIAL else None,
            last_completed_step=completed[-1] if completed else None,
            proofs=dict(self._proofs),
            merkle_root_hash=merkle_root(
                [self._proofs[step].proof_hash for step in self.expected_steps if step in self._proofs]
            ),
            metrics=dict(self._metrics),
        )

    def _add(self, proof: ProofArtifact) -> None:
        self._proofs[proof.step_id] = proof
        steps = self._by_status[ProofStatus(proof.status)]
        if proof.step_id not in steps:
            steps.append(proof.step_id)
        self._metrics.update(proof.metrics)

    def _status(self, sealed: set[str], failed: list[str], interrupted: list[str]) -> ReducerStatus:
        if interrupted:
            return ReducerStatus.INTERRUPTED
        if failed:
            return ReducerStatus.FAILED
        return ReducerStatus.COMPLETE if sealed.issuperset(self.expected_steps) else ReducerStatus.PARTIAL

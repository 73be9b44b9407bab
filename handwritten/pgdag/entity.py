"""What many runs add up to for one entity, with a checkpoint after each (sheet §10.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .artifact import ProofArtifact, canonical_fingerprint, utc_now

__all__ = ["EntityCheckpoint", "EntityReducer", "EntityState"]


@dataclass
class EntityCheckpoint:
    """The totals after one run, under a hash of them."""

    entity_type: str
    entity_id: str
    run_id: str
    sequence: int
    state_hash: str
    total_runs: int
    total_proofs: int
    total_amount: float
    status_counts: dict[str, int] = field(default_factory=dict[str, int])
    created_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        return {
            "entity_type": self.entity_type,
            "entity_id": self.entity_id,
            "run_id": self.run_id,
            "sequence": self.sequence,
            "state_hash": self.state_hash,
            "total_runs": self.total_runs,
            "total_proofs": self.total_proofs,
            "total_amount": self.total_amount,
            "status_counts": self.status_counts,
            "created_at": self.created_at.isoformat(),
        }


@dataclass
class EntityState:
    entity_type: str
    entity_id: str
    total_runs: int = 0
    total_proofs: int = 0
    total_completed: int = 0
    total_failed: int = 0
    total_amount: float = 0.0
    run_ids: list[str] = field(default_factory=list[str])
    latest_run_id: str | None = None
    latest_checkpoint: EntityCheckpoint | None = None
    all_proofs: dict[str, list[ProofArtifact]] = field(default_factory=dict[str, list[ProofArtifact]])
    """The proofs of each run, by run id and step."""
    state_hash: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Everything but the latest checkpoint and the proofs."""
        return {
            "entity_type": self.entity_type,
            "entity_id": self.entity_id,
            "total_runs": self.total_runs,
            "total_proofs": self.total_proofs,
            "total_completed": self.total_completed,
            "total_failed": self.total_failed,
            "total_amount": self.total_amount,
            "run_ids": list(self.run_ids),
            "latest_run_id": self.latest_run_id,
            "state_hash": self.state_hash,
        }


class EntityReducer:
    """Folds the proofs of runs into the state of one entity."""

    def __init__(
        self, entity_type: str, entity_id: str, snapchore: object = None, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.snapchore = snapchore
        self._clock = clock
        self._names = (entity_type, entity_id)
        self.reset()

    def reset(self) -> None:
        self._state = EntityState(*self._names)
        self._checkpoints: list[EntityCheckpoint] = []

    def fold_run(self, run_id: str, proofs: Mapping[str, ProofArtifact], amount: float = 0.0) -> EntityState:
        """Count a run in and checkpoint it; answers the live state. What has not completed counts as failed."""
        state = self._state
        completed = sum(proof.succeeded for proof in proofs.values())
        state.total_runs += 1
        state.total_proofs += len(proofs)
        state.total_completed += completed
        state.total_failed += len(proofs) - completed
        state.total_amount += float(amount)
        state.run_ids.append(run_id)
        state.latest_run_id = run_id
        state.all_proofs[run_id] = list(proofs.values())
        state.state_hash = _state_hash(state)
        state.latest_checkpoint = self._checkpoint(run_id)
        self._checkpoints.append(state.latest_checkpoint)
        return state

    def state(self) -> EntityState:
        return self._state

    def latest_checkpoint(self) -> EntityCheckpoint | None:
        return self._checkpoints[-1] if self._checkpoints else None

    def checkpoints(self) -> list[EntityCheckpoint]:
        return list(self._checkpoints)

    def verify_checkpoint(self, checkpoint: EntityCheckpoint) -> bool:
        """Does the checkpoint's hash cover its totals?"""
        return checkpoint.state_hash == _state_hash(checkpoint)

    def _checkpoint(self, run_id: str) -> EntityCheckpoint:
        state = self._state
        return EntityCheckpoint(
            entity_type=state.entity_type,
            entity_id=state.entity_id,
            run_id=run_id,
            sequence=len(self._checkpoints),
            state_hash=state.state_hash,
            total_runs=state.total_runs,
            total_proofs=state.total_proofs,
            total_amount=state.total_amount,
            status_counts={"completed": state.total_completed, "failed": state.total_failed},
            created_at=self._clock(),
        )


def _state_hash(totals: EntityState | EntityCheckpoint) -> str:
    return canonical_fingerprint(
        {
            "entity_type": totals.entity_type,
            "entity_id": totals.entity_id,
            "total_runs": totals.total_runs,
            "total_amount": float(totals.total_amount),
            "total_proofs": totals.total_proofs,
        }
    )

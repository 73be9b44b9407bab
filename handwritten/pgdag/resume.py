"""What a run needs to go on: from a resume document or from the journal (sheet §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, parse_time, utc_now
from .results import WaitForEvent

__all__ = ["RESUME_KEYS", "ResumePoint"]

RESUME_KEYS = frozenset({"_resume_state", "resume_state", "_resume_event_payload", "resume_event_payload"})
"""Keys of a configuration that resume a run; they are no part of what is kept or handed on."""


@dataclass
class ResumePoint:
    """Where a run stands: which steps are sealed, with what they added, and what it waits for."""

    run_id: str
    template_name: str = ""
    workflow_id: str | None = None
    actor: str = ""
    slot_id: str | None = None
    owns_slot: bool = True
    started_at: datetime = field(default_factory=utc_now)
    initial_inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    current_outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    proofs: dict[str, ProofArtifact] = field(default_factory=dict[str, ProofArtifact])
    step_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    skipped: list[str] = field(default_factory=list[str])
    wait_event: WaitForEvent | None = None
    returned: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The names of what each step returned; together with `step_outputs` it gives what was hashed."""
    granted: dict[str, dict[str, Any]] | None = field(default_factory=dict[str, dict[str, Any]])
    """What steps that had waited were given when they went on; None if that is not known."""
    payload: dict[str, Any] = field(default_factory=dict[str, Any])
    """The event that the run waited for, if it has come and its step has not ended. This and the rest only a journal
    tells."""
    owner: int = 0
    retry_failed: bool = False
    durations_ms: dict[str, float] = field(default_factory=dict[str, float])
    seal_documents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def recall(
        self,
        step: str,
        *,
        seal: dict[str, Any] | None = None,
        returned: list[str] | None = None,
        granted: dict[str, Any] | None = None,
    ) -> None:
        """Take over how the proof of a step came about."""
        if seal is not None:
            self.seal_documents[step] = seal
        if returned is not None:
            self.returned[step] = returned
        if granted is not None and self.granted is not None:
            self.granted[step] = granted

    def forget_failures(self) -> None:
        """Count failed steps as not run, here and in children."""
        self.retry_failed = True
        self.proofs = {step: proof for step, proof in self.proofs.items() if proof.succeeded}
        self.granted = None if self.granted is None else {k: v for k, v in self.granted.items() if k in self.proofs}

    def to_dict(self) -> dict[str, Any]:
        """The resume document, `specs/pgdag/0.9/resume.schema.yaml`."""
        return {
            "run_id": self.run_id,
            "template_name": self.template_name,
            "workflow_id": self.workflow_id,
            "actor": self.actor,
            "slot_id": self.slot_id,
            "owns_slot": self.owns_slot,
            "started_at": self.started_at.isoformat(),
            "initial_inputs": self.initial_inputs,
            "current_outputs": self.current_outputs,
            "completed_steps": sorted(self.proofs),
            "proofs": {step: proof.to_dict() for step, proof in self.proofs.items()},
            "wait_event": self.wait_event.to_dict() if self.wait_event else None,
            "step_outputs": self.step_outputs,
            "skipped_steps": self.skipped,
            "step_returned": self.returned,
            "step_granted": self.granted,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResumePoint:
        """Read a resume document. One that does not say which step added what counts all values as the run's inputs.

        Raises:
            KeyError: the document has no `run_id`.
            ValueError: a proof has an unknown status.
        """
        told: Mapping[str, Any] = data.get("proofs") or {}
        proofs = {str(step): ProofArtifact.from_dict(proof) for step, proof in told.items()}
        returned: Mapping[str, Any] = data.get("step_returned") or {}
        completed = data.get("completed_steps")
        wait_event = data.get("wait_event")
        added, granted = data.get("step_outputs"), data.get("step_granted")
        inputs, current = dict(data.get("initial_inputs") or {}), dict(data.get("current_outputs") or {})
        return cls(
            run_id=str(data["run_id"]),
            template_name=str(data.get("template_name") or ""),
            workflow_id=data.get("workflow_id"),
            actor=str(data.get("actor") or ""),
            slot_id=data.get("slot_id"),
            owns_slot=bool(data.get("owns_slot", True)),
            started_at=parse_time(data.get("started_at")),
            initial_inputs=inputs if is_mapping(added) else {**inputs, **current},
            current_outputs=current,
            proofs=proofs if completed is None else {step: proofs[step] for step in proofs if step in set(completed)},
            step_outputs={str(k): dict(v) for k, v in added.items()} if is_mapping(added) else {},
            skipped=list(data.get("skipped_steps") or []),
            wait_event=WaitForEvent.from_dict(wait_event) if is_mapping(wait_event) else None,
            returned={str(step): list(names) for step, names in returned.items()},
            granted={str(k): dict(v) for k, v in granted.items()} if is_mapping(granted) else None,
        )

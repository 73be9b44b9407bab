"""What a run gives back, and how it waits for the outside world (sheet §2.2, §11)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, canonical_json, parse_time, utc_now
from .reducer import ReducerStatus

__all__ = ["DAGResult", "NodeResult", "RunResult", "WaitForEvent"]


class WaitForEvent(Exception):  # noqa: N818 - as the original
    """Raised by a step to stop the run until something happens; the run can be resumed elsewhere."""

    def __init__(
        self,
        event_type: str,
        event_key: str,
        partial_outputs: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.event_type = event_type
        self.event_key = event_key
        self.partial_outputs = partial_outputs or {}
        self.metadata = metadata or {}
        self.node_id = ""
        super().__init__(f"Waiting for {event_type} key={event_key}")

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"node_id": self.node_id}
        return type(self), (self.event_type, self.event_key, self.partial_outputs, self.metadata), state

    def to_dict(self) -> dict[str, Any]:
        return {
            "event_type": self.event_type,
            "event_key": self.event_key,
            "node_id": self.node_id,
            "partial_outputs": self.partial_outputs,
            "metadata": self.metadata,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WaitForEvent:
        event = cls(
            str(data.get("event_type") or ""),
            str(data.get("event_key") or ""),
            dict(data.get("partial_outputs") or {}),
            dict(data.get("metadata") or {}),
        )
        event.node_id = str(data.get("node_id") or "")
        return event


@dataclass
class NodeResult:
    node_id: str
    success: bool = False
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    duration_ms: float = 0.0


@dataclass
class RunResult:
    run_id: str
    template_name: str
    status: ReducerStatus
    proofs: dict[str, ProofArtifact]
    merkle_root_hash: str
    slot_id: str | None = None
    slot_receipt_id: str | None = None
    slot_attestation_status: str | None = None
    blocks_composed: int = 0
    blocks_attested: int = 0
    blocks_attestation_enqueued: int = 0
    compose_receipts: list[Any] = field(default_factory=list[Any])
    native_proof_chain: dict[str, Any] | None = None
    slot_close_result: dict[str, Any] = field(default_factory=dict[str, Any])
    started_at: datetime = field(default_factory=utc_now)
    completed_at: datetime | None = None
    waiting: bool = False
    wait_event: WaitForEvent | None = None
    final_outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    resume_state: dict[str, Any] | None = None
    duration_ms: float = 0.0
    skipped: list[str] = field(default_factory=list[str])
    """Steps that no edge condition led to; they have no proof."""
    step_durations_ms: dict[str, float] = field(default_factory=dict[str, float])
    step_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seal_documents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """What was hashed into each local proof, so that a stranger can hash it again (`pgdag verify`)."""
    initial_inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    shared_blackboard: bool = False
    step_returned: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The names of what each step returned; their values are among what it added, `step_outputs`."""
    step_granted: dict[str, dict[str, Any]] | None = None
    """What steps that had waited were given when they went on; None if the inputs of steps cannot be put together."""

    @property
    def success(self) -> bool:
        return self.status == ReducerStatus.COMPLETE

    @property
    def node_results(self) -> dict[str, NodeResult]:
        return {step: self._node_result(step, proof) for step, proof in self.proofs.items()}

    def _node_result(self, step: str, proof: ProofArtifact) -> NodeResult:
        return NodeResult(
            step,
            success=proof.succeeded,
            outputs=dict(self.step_outputs.get(step, {})),
            error=proof.metrics.get("error"),
            duration_ms=self.step_durations_ms.get(step, 0.0),
        )

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON-safe data, as far as the steps' own data is; `duration_ms` is left out (sheet §2.2)."""
        return {
            "run_id": self.run_id,
            "template_name": self.template_name,
            "status": self.status.value,
            "proofs": {step: proof.to_dict() for step, proof in self.proofs.items()},
            "merkle_root_hash": self.merkle_root_hash,
            "slot_id": self.slot_id,
            "slot_receipt_id": self.slot_receipt_id,
            "slot_attestation_status": self.slot_attestation_status,
            "blocks_composed": self.blocks_composed,
            "blocks_attested": self.blocks_attested,
            "blocks_attestation_enqueued": self.blocks_attestation_enqueued,
            "compose_receipts": self.compose_receipts,
            "native_proof_chain": self.native_proof_chain,
            "slot_close_result": self.slot_close_result,
            "started_at": self.started_at.isoformat(),
            "completed_at": self.completed_at.isoformat() if self.completed_at else None,
            "waiting": self.waiting,
            "wait_event": self.wait_event.to_dict() if self.wait_event else None,
            "final_outputs": self.final_outputs,
            "resume_state": self.resume_state,
        }

    def to_document(self) -> dict[str, Any]:
        """`to_dict` and everything else that is known: enough to check the run again (`pgdag verify`).

        Values that JSON would give back as others cannot be hashed again from a file: then nothing is said of how.
        """
        more = {name: getattr(self, name) for name in _MORE}
        if not _survives_json([self.initial_inputs, self.step_outputs, self.step_granted, self.final_outputs]):
            more |= {"step_returned": {}, "step_granted": None}
        return {**self.to_dict(), **more}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunResult:
        """Read what `to_dict` or `to_document` wrote.

        Raises:
            ValueError: a status that this version does not know.
        """
        wait, completed = data.get("wait_event"), data.get("completed_at")
        proofs: Mapping[str, Any] = data.get("proofs") or {}
        result = cls(
            run_id=str(data.get("run_id") or ""),
            template_name=str(data.get("template_name") or ""),
            status=ReducerStatus(data.get("status") or ReducerStatus.PARTIAL),
            proofs={str(step): ProofArtifact.from_dict(p) for step, p in proofs.items()},
            merkle_root_hash=str(data.get("merkle_root_hash") or ""),
            started_at=parse_time(data.get("started_at")),
            completed_at=parse_time(completed) if completed else None,
            waiting=bool(data.get("waiting")),
            wait_event=WaitForEvent.from_dict(wait) if is_mapping(wait) else None,
        )
        for name in (*_PLAIN, *_MORE):
            if data.get(name) is not None:
                setattr(result, name, data[name])
        return result


_PLAIN = (
    "slot_id",
    "slot_receipt_id",
    "slot_attestation_status",
    "blocks_composed",
    "blocks_attested",
    "blocks_attestation_enqueued",
    "compose_receipts",
    "native_proof_chain",
    "slot_close_result",
    "final_outputs",
    "resume_state",
)
_MORE = (
    "duration_ms",
    "skipped",
    "step_durations_ms",
    "step_outputs",
    "seal_documents",
    "initial_inputs",
    "shared_blackboard",
    "step_returned",
    "step_granted",
)


def _survives_json(value: object) -> bool:
    try:
        text = canonical_json(value)
        return canonical_json(json.loads(text)) == text
    except (TypeError, ValueError, RecursionError):
        return False


DAGResult = RunResult

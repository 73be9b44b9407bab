"""Handing the result of one product's run to another's, under a hash (sheet §10.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .artifact import canonical_fingerprint, utc_now
from .calls import settle, text_of

__all__ = ["HandoffEnvelope", "build_handoff", "validate_upstream_proof"]


@dataclass(frozen=True, slots=True)
class HandoffEnvelope:
    source_product: str
    source_template: str
    source_run_id: str
    source_slot_id: str = ""
    source_merkle_root: str = ""
    target_product: str = ""
    target_template: str = ""
    payload: dict[str, Any] = field(default_factory=dict[str, Any])
    payload_hash: str = ""
    handoff_hash: str = ""
    block_ref: str = ""
    created_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the payload."""
        return {
            "source_product": self.source_product,
            "source_template": self.source_template,
            "source_run_id": self.source_run_id,
            "source_slot_id": self.source_slot_id,
            "source_merkle_root": self.source_merkle_root,
            "target_product": self.target_product,
            "target_template": self.target_template,
            "payload_hash": self.payload_hash,
            "handoff_hash": self.handoff_hash,
            "block_ref": self.block_ref,
            "created_at": self.created_at.isoformat(),
        }


def build_handoff(
    *,
    source_product: str,
    source_template: str,
    source_run_id: str,
    source_slot_id: str = "",
    source_merkle_root: str = "",
    target_product: str = "",
    target_template: str = "",
    payload: Mapping[str, Any] | None = None,
    snapchore: Any = None,
) -> HandoffEnvelope:
    """Hash a payload and what it comes from. The slot is told, but not hashed.

    With a SnapChore client the payload's hash is the one that its capture answers; a client that does not answer
    counts as none.
    """
    data = dict(payload or {})
    payload_hash = _captured(snapchore, data) or canonical_fingerprint(data)
    facts = {
        "source_product": source_product,
        "source_template": source_template,
        "source_run_id": source_run_id,
        "source_merkle_root": source_merkle_root,
        "target_product": target_product,
        "target_template": target_template,
        "payload_hash": payload_hash,
    }
    return HandoffEnvelope(
        source_product=source_product,
        source_template=source_template,
        source_run_id=source_run_id,
        source_slot_id=source_slot_id,
        source_merkle_root=source_merkle_root,
        target_product=target_product,
        target_template=target_template,
        payload=data,
        payload_hash=payload_hash,
        handoff_hash=canonical_fingerprint(facts),
    )


def validate_upstream_proof(handoff: HandoffEnvelope, *, snapchore: Any = None) -> bool:
    """Does the payload have the hash that the envelope says? An envelope without a handoff hash is not valid."""
    if not handoff.handoff_hash:
        return False
    accepted = {handoff.payload_hash, ""}
    if snapchore is None:
        return canonical_fingerprint(handoff.payload) in accepted
    return (_captured(snapchore, handoff.payload) or "") in accepted


def _captured(snapchore: Any, payload: Mapping[str, Any]) -> str:
    """The hash that a capture answers, or nothing: captures are best effort."""
    if snapchore is None:
        return ""
    try:
        return text_of(settle(snapchore.capture(dict(payload)), None), "hash")
    except Exception:
        return ""

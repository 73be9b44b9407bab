"""Fingerprints, the Merkle root and the proof of one sealed step (sheet §2.2, §3.1, §3.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

__all__ = [
    "ProofArtifact",
    "ProofStatus",
    "canonical_fingerprint",
    "canonical_json",
    "merkle_root",
    "sha256_hex",
    "utc_now",
]

_encode = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":")).encode


def utc_now() -> datetime:
    """The clock that everything here takes as an argument."""
    return datetime.now(UTC)


def canonical_json(data: object) -> str:
    """JSON with sorted keys, no spaces, ASCII only; values that JSON lacks as `str(value)`.

    Raises:
        TypeError: the keys of a mapping cannot be sorted (strings beside numbers).
    """
    return _encode(data)


def sha256_hex(text: str) -> str:
    """Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_fingerprint(data: object) -> str:
    """SHA-256 of the canonical JSON: what a step's inputs and outputs are known by."""
    return sha256_hex(_encode(data))


def merkle_root(hashes: Sequence[str]) -> str:
    """Fold hashes pairwise over their hexadecimal *text*; an odd level repeats its last element.

    An empty sequence gives `""`, a single hash gives itself (sheet §3.2).
    """
    level = list(hashes)
    if not level:
        return ""
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [sha256_hex(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


class ProofStatus(StrEnum):
    """How a step ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ProofArtifact:
    """What remains of a step once it is sealed: fingerprints, the seal and where it is published."""

    step_id: str
    spec_version: str
    inputs_fingerprint: str
    outputs_fingerprint: str
    proof_hash: str
    block_ref: str
    status: ProofStatus
    anchor_hash: str = ""
    anchor_type: str = ""
    receipt_id: str = ""
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])
    created_at: datetime = field(default_factory=utc_now)

    @property
    def idempotency_key(self) -> str:
        """Equal for the same step over the same inputs, whatever the run."""
        return f"{self.inputs_fingerprint}:{self.step_id}:{self.spec_version}"

    @property
    def succeeded(self) -> bool:
        return self.status == ProofStatus.COMPLETED

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe where the metrics are; `created_at` is ISO 8601 in UTC."""
        return {
            "step_id": self.step_id,
            "spec_version": self.spec_version,
            "inputs_fingerprint": self.inputs_fingerprint,
            "outputs_fingerprint": self.outputs_fingerprint,
            "proof_hash": self.proof_hash,
            "block_ref": self.block_ref,
            "anchor_hash": self.anchor_hash,
            "anchor_type": self.anchor_type,
            "receipt_id": self.receipt_id,
            "status": self.status.value,
            "metrics": self.metrics,
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ProofArtifact:
        """Read what `to_dict` wrote. A missing status is a failure; a bad time is now.

        Raises:
            ValueError: the status is none that this version knows.
        """
        text = {name: str(data.get(name) or "") for name in _TEXT_FIELDS}
        return cls(
            **text,
            status=ProofStatus(data.get("status") or ProofStatus.FAILED),
            metrics=dict(data.get("metrics") or {}),
            created_at=parse_time(data.get("created_at")),
        )


_TEXT_FIELDS = (
    "step_id",
    "spec_version",
    "inputs_fingerprint",
    "outputs_fingerprint",
    "proof_hash",
    "block_ref",
    "anchor_hash",
    "anchor_type",
    "receipt_id",
)


def parse_time(value: object) -> datetime:
    """An ISO 8601 text or a datetime, in UTC; naive means UTC, anything unreadable means now."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return utc_now()
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

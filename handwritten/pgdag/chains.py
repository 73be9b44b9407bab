"""Evidence chains: proofs in a row, each entry bound to the one before it by hash (sheet §10.2)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .artifact import ProofArtifact, canonical_fingerprint, utc_now
from .calls import settle

__all__ = ["ChainEntry", "ChainHealthReport", "ChainHealthTracker", "ChainState", "EvidenceChainManager", "chain_id"]

logger = logging.getLogger(__name__)


def chain_id(chain_type: str, key: str) -> str:
    """The name of a chain: `chain:payrun:batch-42`."""
    return f"chain:{chain_type}:{key}"


@dataclass
class ChainEntry:
    """One link. Its hash covers the chain, the sequence, the proof, the step, the run and the hash before it."""

    chain_id: str
    sequence: int
    proof_hash: str
    step_id: str
    run_id: str
    entry_hash: str = ""
    prev_hash: str = ""
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    appended_at: datetime = field(default_factory=utc_now)

    def computed_hash(self) -> str:
        return canonical_fingerprint(
            {
                "chain_id": self.chain_id,
                "sequence": self.sequence,
                "proof_hash": self.proof_hash,
                "step_id": self.step_id,
                "run_id": self.run_id,
                "prev_hash": self.prev_hash,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "chain_id": self.chain_id,
            "sequence": self.sequence,
            "proof_hash": self.proof_hash,
            "step_id": self.step_id,
            "run_id": self.run_id,
            "entry_hash": self.entry_hash,
            "prev_hash": self.prev_hash,
            "metadata": self.metadata,
            "appended_at": self.appended_at.isoformat(),
        }


@dataclass
class ChainState:
    """Where a chain stands. `verified` is never set here; see `EvidenceChainManager.verify`."""

    chain_id: str
    length: int
    head_hash: str
    entries: list[ChainEntry] = field(default_factory=list[ChainEntry])
    verified: bool = False
    last_verified_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the entries."""
        return {
            "chain_id": self.chain_id,
            "length": self.length,
            "head_hash": self.head_hash,
            "verified": self.verified,
            "last_verified_at": self.last_verified_at.isoformat() if self.last_verified_at else None,
        }


@dataclass
class ChainHealthReport:
    chain_id: str
    length: int
    is_healthy: bool
    break_at_sequence: int | None = None
    break_reason: str | None = None
    verified_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        return {
            "chain_id": self.chain_id,
            "length": self.length,
            "is_healthy": self.is_healthy,
            "break_at_sequence": self.break_at_sequence,
            "break_reason": self.break_reason,
            "verified_at": self.verified_at.isoformat(),
        }


class EvidenceChainManager:
    """Chains in memory, mirrored to a SnapChore client where one is given (best effort, sync clients only)."""

    def __init__(
        self, snapchore: Any = None, sbn_client: Any = None, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._snapchore = snapchore if snapchore is not None else getattr(sbn_client, "snapchore", None)
        self._clock = clock
        self._entries: dict[str, list[ChainEntry]] = {}

    def ensure_chain(self, cid: str) -> str:
        """Make the chain unless it exists; answers its id."""
        if cid not in self._entries:
            self._entries[cid] = []
            self._mirror("create_chain", cid)
        return cid

    def append(
        self, cid: str, proof: ProofArtifact, run_id: str = "", *, metadata: Mapping[str, Any] | None = None
    ) -> ChainEntry:
        """Add a proof at the end; the chain is made if need be."""
        entries = self._entries[self.ensure_chain(cid)]
        entry = ChainEntry(
            chain_id=cid,
            sequence=len(entries),
            proof_hash=proof.proof_hash,
            step_id=proof.step_id,
            run_id=run_id,
            prev_hash=entries[-1].entry_hash if entries else "",
            metadata=dict(metadata or {}),
            appended_at=self._clock(),
        )
        entry.entry_hash = entry.computed_hash()
        entries.append(entry)
        self._mirror("append_to_chain", cid, block_hash=proof.proof_hash)
        return entry

    def get_chain(self, cid: str) -> ChainState:
        """The chain's state; an empty one for a chain that nobody made."""
        entries = list(self._entries.get(cid, ()))
        return ChainState(cid, len(entries), entries[-1].entry_hash if entries else "", entries)

    def chain_ids(self) -> list[str]:
        return list(self._entries)

    def verify(self, cid: str) -> ChainHealthReport:
        """Compute every link again; the report names the first that is broken. An empty chain is healthy."""
        entries = self._entries.get(cid, [])
        broken = _first_break(entries)
        if broken is None:
            return ChainHealthReport(cid, len(entries), True, verified_at=self._clock())
        sequence, what = broken
        reason = f"{what} mismatch at seq {sequence}"
        return ChainHealthReport(cid, len(entries), False, sequence, reason, verified_at=self._clock())

    def _mirror(self, method: str, *args: Any, **kwargs: Any) -> None:
        function = getattr(self._snapchore, method, None)
        if function is None:
            return
        try:
            settle(function(*args, **kwargs), None)
        except Exception as error:  # the local chain is the evidence; the remote one is a copy
            logger.debug("%s(%s) failed: %s", method, args[0], error)


def _first_break(entries: Iterable[ChainEntry]) -> tuple[int, str] | None:
    previous = ""
    for index, entry in enumerate(entries):
        if entry.prev_hash != previous:
            return index, "prev_hash"
        if entry.entry_hash != entry.computed_hash():
            return index, "entry_hash"
        previous = entry.entry_hash
    return None


class ChainHealthTracker:
    """Verifies a list of chains."""

    def __init__(self, manager: EvidenceChainManager) -> None:
        self._manager = manager
        self._chains: dict[str, None] = {}

    def register_chain(self, cid: str) -> None:
        self._chains[cid] = None

    def verify_all(self) -> list[ChainHealthReport]:
        return [self._manager.verify(cid) for cid in self._chains]

    def any_broken(self) -> bool:
        return any(not report.is_healthy for report in self.verify_all())

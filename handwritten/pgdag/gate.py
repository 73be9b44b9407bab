"""Steps that need not run again (sheet §4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, ProofStatus
from .calls import settle

__all__ = ["IdempotencyGate", "SnapChoreDiscover"]


@runtime_checkable
class SnapChoreDiscover(Protocol):
    """Anything that can look up what was sealed over a hash."""

    def discover(self, snapchore_hash: str) -> Any: ...


class IdempotencyGate:
    """Remembers completed steps, with what they added, by inputs, step and spec version.

    Only completed proofs are kept: a step that failed is tried again.
    """

    def __init__(self, snapchore: SnapChoreDiscover | None = None) -> None:
        self._snapchore = snapchore
        self._proofs: dict[str, ProofArtifact] = {}
        self._outputs: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def blocking(self) -> bool:
        """Does a look-up ask a server?"""
        return self._snapchore is not None

    @property
    def size(self) -> int:
        return len(self._proofs)

    def check(
        self,
        inputs_fingerprint: str,
        step_id: str,
        spec_version: str,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> ProofArtifact | None:
        """The proof of a completed step over these inputs. `loop` is where an async client answers."""
        key = f"{inputs_fingerprint}:{step_id}:{spec_version}"
        proof = self._proofs.get(key)
        return proof or self._discover(inputs_fingerprint, step_id, spec_version, loop)

    def store(self, proof: ProofArtifact, outputs: Mapping[str, Any] | None = None) -> None:
        """Keep a completed proof, and what its step added to the run's values."""
        if not proof.succeeded:
            return
        with self._lock:
            self._proofs[proof.idempotency_key] = proof
            self._outputs[proof.idempotency_key] = dict(outputs or {})

    def outputs(self, proof: ProofArtifact) -> dict[str, Any]:
        """What the step of a remembered proof added; empty for a proof found elsewhere."""
        return dict(self._outputs.get(proof.idempotency_key, {}))

    def clear(self) -> None:
        with self._lock:
            self._proofs.clear()
            self._outputs.clear()

    def _discover(
        self, inputs_fingerprint: str, step_id: str, spec_version: str, loop: asyncio.AbstractEventLoop | None
    ) -> ProofArtifact | None:
        if self._snapchore is None:
            return None
        try:
            found = settle(self._snapchore.discover(inputs_fingerprint), loop)
            proof = _proof_of(found, inputs_fingerprint, step_id, spec_version)
        except Exception:  # discovery is an optimisation; without it the step just runs
            return None
        if proof is not None:
            self.store(proof)
        return proof


def _proof_of(found: Any, inputs_fingerprint: str, step_id: str, spec_version: str) -> ProofArtifact | None:
    """A proof from a discovery answer, if it is one of this very step that completed."""
    if not is_mapping(found) or not found.get("hash") or _step_of(found, step_id) != step_id:
        return None
    status = ProofStatus(found.get("status") or ProofStatus.COMPLETED)
    if status is not ProofStatus.COMPLETED:
        return None
    return ProofArtifact(
        step_id=step_id,
        spec_version=spec_version,
        inputs_fingerprint=inputs_fingerprint,
        outputs_fingerprint=str(found.get("outputs_fingerprint") or ""),
        proof_hash=str(found["hash"]),
        block_ref=str(found.get("block_ref") or ""),
        status=status,
        metrics=dict(found.get("metrics") or {}),
    )


def _step_of(found: Mapping[str, Any], default: str) -> str:
    """The step that a discovered seal names; one that names none is taken at its hash."""
    metadata = found.get("metadata")
    named = metadata.get("step_id") if is_mapping(metadata) else None
    return str(found.get("step_id") or named or default)

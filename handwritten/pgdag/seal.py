"""Sealing a step: locally by hash, or as a BitBlock in an SBN slot (sheet §3.4)."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from weakref import WeakValueDictionary

from .artifact import ProofArtifact, ProofStatus, canonical_json, sha256_hex, utc_now
from .calls import field_of, settle, text_of
from .envelope import StepEnvelope

__all__ = ["LocalSealBackend", "ProofWriter", "SbnSealBackend", "SealBackend"]

logger = logging.getLogger(__name__)


@runtime_checkable
class SealBackend(Protocol):
    """Turns a finished envelope into a seal: at least `proof_hash` and `block_ref`."""

    def seal_envelope(
        self,
        envelope: StepEnvelope,
        *,
        status: str = "completed",
        domain: str = "general",
        block_type: str = "event",
        metrics: dict[str, Any] | None = None,
    ) -> dict[str, Any]: ...


class LocalSealBackend:
    """Seals by hashing the seal document; nothing leaves the process."""

    blocking = False

    def __init__(self, slot_manager: object = None) -> None:
        self.slot_manager = slot_manager

    def seal_envelope(
        self,
        envelope: StepEnvelope,
        *,
        status: str = "completed",
        domain: str = "general",
        block_type: str = "event",
        metrics: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        document = {**_seal_document(envelope, status, metrics), "domain": domain}
        return {
            "proof_hash": sha256_hex(canonical_json(document)),
            "block_ref": f"local:{uuid.uuid4().hex[:12]}",
            "seal_document": document,
        }


class SbnSealBackend:
    """Seals through an SBN client: BitBlock and slot seal, else snapchore and block, else the local hash.

    One instance serves one slot; `for_slot` gives the instance of another run. Submitting and sealing are one
    critical section, so that a seal never composes the BitBlock of a step that is sealed beside it.
    """

    blocking = True

    def __init__(self, sbn_client: Any, slot_id: str | None = None) -> None:
        self._client = sbn_client
        self._bitblocks = getattr(sbn_client, "bitblocks", None)
        self._gateway = getattr(sbn_client, "gateway", None)
        self._slot_id = slot_id
        self._loop: asyncio.AbstractEventLoop | None = None

    def set_slot_id(self, slot_id: str | None) -> None:
        self._slot_id = slot_id

    def for_slot(self, slot_id: str | None, loop: asyncio.AbstractEventLoop | None = None) -> SbnSealBackend:
        """The same client, bound to another slot, answering async clients through `loop`."""
        backend = SbnSealBackend(self._client, slot_id)
        backend._loop = loop or self._loop
        return backend

    def close_slot(self) -> Any:
        """Close the bound slot; None when there is none to close."""
        if self._gateway is None or not _is_remote(self._slot_id):
            return None
        return self._ask(self._gateway.close_slot, self._slot_id)

    def seal_envelope(
        self,
        envelope: StepEnvelope,
        *,
        status: str = "completed",
        domain: str = "general",
        block_type: str = "event",
        metrics: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        document = _seal_document(envelope, status, metrics)
        proof_hash = sha256_hex(canonical_json(document))
        seal = self._seal_in_slot(envelope, status, domain, proof_hash)
        if seal is None:
            seal = self._seal_by_block(document, proof_hash, domain, block_type, metrics)
        return {**seal, "seal_document": document}

    def _ask(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return settle(method(*args, **kwargs), self._loop)

    def _seal_in_slot(self, envelope: StepEnvelope, status: str, domain: str, proof_hash: str) -> dict[str, Any] | None:
        """BitBlock, then slot seal. None when no BitBlock could be submitted."""
        if self._bitblocks is None or not _is_remote(self._slot_id):
            return None
        with _slot_lock(str(self._slot_id)):
            try:
                block = self._ask(
                    self._bitblocks.submit,
                    slot_id=self._slot_id,
                    block_type="Action",
                    domain=domain,
                    payload=_bitblock_payload(envelope, status, proof_hash),
                    metadata={"step_id": envelope.step_id, "proof_status": status, "proof_domain": domain},
                )
                seal = _bitblock_seal(block, proof_hash)
            except Exception as error:
                logger.warning("BitBlock of step %s not submitted: %s", envelope.step_id, error)
                return None
            try:
                sealed = self._ask(self._gateway.seal_slot, self._slot_id) if self._gateway is not None else None
            except Exception as error:
                logger.warning("slot %s not sealed after step %s: %s", self._slot_id, envelope.step_id, error)
                sealed = None
        return {**seal, **_slot_seal(sealed)} if sealed is not None else seal

    def _seal_by_block(
        self,
        document: dict[str, Any],
        proof_hash: str,
        domain: str,
        block_type: str,
        metrics: dict[str, Any] | None,
    ) -> dict[str, Any]:
        metadata = {"step_id": document["step_id"]}
        try:
            sealed = self._ask(
                self._client.snapchore.seal,
                document,
                domain=domain,
                block_type=block_type,
                metadata=metadata,
                metrics=metrics,
            )
            sealed_hash = text_of(sealed, "hash", "snapchore_hash")
        except Exception as error:
            logger.debug("snapchore seal of step %s failed: %s", document["step_id"], error)
            sealed_hash = proof_hash
        return {"proof_hash": sealed_hash, "block_ref": self._publish(document, sealed_hash, domain, metadata)}

    def _publish(self, document: dict[str, Any], proof_hash: str, domain: str, metadata: dict[str, Any]) -> str:
        blocks = getattr(self._client, "blocks", None)
        if blocks is None:
            return f"no-blocks:{uuid.uuid4().hex[:12]}"
        payload = {
            "step_id": document["step_id"],
            "proof_hash": proof_hash,
            "status": document["status"],
            "domain": domain,
        }
        try:
            block = self._ask(
                blocks.submit, slot_id=self._slot_id or "", payload=payload, domain=domain, metadata=metadata
            )
        except Exception as error:
            logger.debug("block of step %s not published: %s", document["step_id"], error)
            return f"unpublished:{uuid.uuid4().hex[:12]}"
        return text_of(block, "block_id", "hash")


class ProofWriter:
    """Seals an envelope through a backend and keeps the seal as a proof."""

    def __init__(self, backend: SealBackend | None = None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.backend: SealBackend = backend or LocalSealBackend()
        self.clock = clock
        self.seal_documents: dict[str, dict[str, Any]] = {}

    @property
    def blocking(self) -> bool:
        """Does writing do I/O? Backends that do not say so are taken to."""
        return bool(getattr(self.backend, "blocking", True))

    def for_slot(self, slot_id: str | None, loop: asyncio.AbstractEventLoop) -> ProofWriter:
        """A writer for one run, bound to its slot where the backend knows slots."""
        bind = getattr(self.backend, "for_slot", None)
        return ProofWriter(bind(slot_id, loop) if bind is not None else self.backend, clock=self.clock)

    def write(
        self,
        envelope: StepEnvelope,
        *,
        status: ProofStatus = ProofStatus.COMPLETED,
        domain: str = "general",
        block_type: str = "event",
        metrics: dict[str, Any] | None = None,
    ) -> ProofArtifact:
        merged = {**envelope.capture_metrics(), **(metrics or {})}
        seal = self.backend.seal_envelope(
            envelope, status=status.value, domain=domain, block_type=block_type, metrics=merged
        )
        if "seal_document" in seal:
            self.seal_documents[envelope.step_id] = seal["seal_document"]
        proof_hash = str(seal.get("proof_hash") or "")
        return ProofArtifact(
            step_id=envelope.step_id,
            spec_version=envelope.spec_version,
            inputs_fingerprint=envelope.inputs_fingerprint,
            outputs_fingerprint=envelope.outputs_fingerprint,
            proof_hash=proof_hash,
            block_ref=str(seal.get("block_ref") or ""),
            status=status,
            anchor_hash=str(seal.get("anchor_hash") or proof_hash),
            anchor_type=str(seal.get("anchor_type") or ""),
            receipt_id=str(seal.get("receipt_id") or ""),
            metrics={**merged, **_seal_metrics(seal)},
            created_at=self.clock(),
        )


_SEAL_COUNTS = ("blocks_composed", "blocks_attested", "blocks_attestation_enqueued")


def _seal_metrics(seal: Mapping[str, Any]) -> dict[str, Any]:
    metrics: dict[str, Any] = {"degraded_anchor": bool(seal["degraded"])} if "degraded" in seal else {}
    kept = (*(f"seal_{name}" for name in _SEAL_COUNTS), "seal_compose_receipts", "seal_native_proof_chain")
    return {**metrics, **{name: seal[name] for name in kept if name in seal}}


_slot_locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


def _slot_lock(slot_id: str) -> threading.Lock:
    """The lock of a slot, for all that seal in it: an inline child shares its parent's slot."""
    return _slot_locks.setdefault(slot_id, threading.Lock())


def _is_remote(slot_id: str | None) -> bool:
    return bool(slot_id) and not str(slot_id).startswith("local-")


def _seal_document(envelope: StepEnvelope, status: str, metrics: dict[str, Any] | None) -> dict[str, Any]:
    document = {**envelope.to_seal_payload(), "status": status}
    return {**document, "metrics": metrics} if metrics else document


def _bitblock_payload(envelope: StepEnvelope, status: str, proof_hash: str) -> dict[str, Any]:
    return {
        "action": "pgdag_step",
        "event_type": "pgdag.step",
        "step_id": envelope.step_id,
        "status": status,
        "proof_hash": proof_hash,
        "spec_version": envelope.spec_version,
        "inputs_fingerprint": envelope.inputs_fingerprint,
        "outputs_fingerprint": envelope.outputs_fingerprint,
        "actor": envelope.actor,
        "created_at": envelope.created_at.isoformat(),
        "actions": [],
        "interactions": [],
        "events": {"total": 0, "hostile": 0, "neutral": 0, "friendly": 0},
    }


def _bitblock_seal(block: Any, proof_hash: str) -> dict[str, Any]:
    """What the BitBlock alone attests: an anchor of type `snap_hash`, which is a degraded one."""
    anchor = text_of(block, "snap_hash") or proof_hash
    return {
        "proof_hash": anchor,
        "block_ref": text_of(block, "composed_block_id", "id"),
        "anchor_hash": anchor,
        "anchor_type": "snap_hash",
        "receipt_id": "",
        "degraded": True,
        **_composition(None),
    }


def _slot_seal(sealed: Any) -> dict[str, Any]:
    """What the slot's seal adds; an answer without an anchor leaves the BitBlock's, degraded (sheet §14, 29)."""
    source = field_of(sealed, "anchor") or sealed
    anchor_hash = text_of(source, "anchor_hash")
    found: dict[str, Any] = {"receipt_id": text_of(source, "receipt_id"), **_composition(sealed)}
    if anchor_hash:
        found |= {"anchor_hash": anchor_hash, "proof_hash": anchor_hash}
        found["anchor_type"] = text_of(source, "anchor_type")
    if anchor_hash or text_of(source, "smartblock_id", "receipt_hash"):
        found["block_ref"] = text_of(source, "smartblock_id", "receipt_hash")
        found["degraded"] = bool(field_of(source, "degraded", False))
    return {name: value for name, value in found.items() if value != ""}


def _composition(sealed: Any) -> dict[str, Any]:
    counts = {f"seal_{name}": int(field_of(sealed, name, 0)) if sealed is not None else 0 for name in _SEAL_COUNTS}
    receipts = list(field_of(sealed, "compose_receipts", [])) if sealed is not None else []
    chain = field_of(sealed, "native_proof_chain") if sealed is not None else None
    return {**counts, "seal_compose_receipts": receipts, **({"seal_native_proof_chain": chain} if chain else {})}

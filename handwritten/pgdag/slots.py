"""The SBN slot of a run: opened before the first step, closed on every path (sheet §7.3, §11)."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact
from .calls import call, field_of, text_of, with_retry

__all__ = ["RunSlot", "SlotTotals"]

logger = logging.getLogger(__name__)

_CLOSE_FIELDS: tuple[tuple[str, Any], ...] = (
    ("blocks_composed", 0),
    ("blocks_attested", 0),
    ("blocks_attestation_enqueued", 0),
    ("compose_receipts", []),
    ("native_proof_chain", None),
    ("carrier_state", None),
    ("scalar_gec", None),
    ("successor_surface_ids", []),
    ("fractal_receipts", []),
    ("lifecycle_contract", None),
)
_FAILED = frozenset({"failed", "error", "attestation_failed"})
_COUNTS = ("blocks_composed", "blocks_attested", "blocks_attestation_enqueued")


class RunSlot:
    """A slot id, and whether this run must close it."""

    def __init__(self, gateway: Any, slot_id: str | None, owned: bool) -> None:
        self._gateway = gateway
        self.id = slot_id
        self.owned = owned
        self.closed = False

    @classmethod
    async def open(cls, gateway: Any, *, worker_id: str, task_type: str, metadata: Mapping[str, Any]) -> RunSlot:
        """Open a slot; without a gateway, or when it does not answer, the run goes on with a local one."""
        local = cls(gateway, f"local-{uuid.uuid4().hex[:12]}", owned=True)
        if gateway is None:
            return local
        opening = asyncio.ensure_future(
            call(
                gateway.create_slot,
                worker_id=worker_id,
                task_type=task_type,
                generation_interval=60,
                metadata=dict(metadata),
            )
        )
        try:
            slot = await asyncio.shield(opening)
        except asyncio.CancelledError:
            await cls._abandon(gateway, opening)
            raise
        except Exception as error:
            logger.warning("slot not opened, sealing locally: %s", error)
            return local
        slot_id = text_of(slot, "slot_id", "id")
        return cls(gateway, slot_id, owned=True) if slot_id else local

    @classmethod
    async def _abandon(cls, gateway: Any, opening: asyncio.Future[Any]) -> None:
        """The run was cancelled while its slot was being opened: close the slot that it will never use."""
        found = (await asyncio.gather(opening, return_exceptions=True))[0]
        slot_id = "" if isinstance(found, BaseException) else text_of(found, "slot_id", "id")
        await cls(gateway, slot_id, owned=True).close(None, asyncio.sleep)

    async def close(self, backend: Any, sleep: Callable[[float], Awaitable[None]]) -> dict[str, Any]:
        """Close once, if it is ours and real; the summary, or `{}` where there is none."""
        if not self.owned or self.closed or self._gateway is None or not self.id or self.id.startswith("local-"):
            return {}
        self.closed = True
        method = getattr(backend, "close_slot", None)
        try:
            if method is not None:
                closed = await with_retry(method, sleep=sleep)
            else:
                closed = await with_retry(self._gateway.close_slot, self.id, sleep=sleep)
        except Exception as error:
            logger.warning("slot %s not closed: %s", self.id, error)
            return {}
        return _close_summary(self.id, closed) if closed is not None else {}


def _close_summary(slot_id: str, closed: Any) -> dict[str, Any]:
    inner = field_of(closed, "data") if is_mapping(closed) else None
    source = inner if is_mapping(inner) else closed
    summary: dict[str, Any] = {
        "slot_id": text_of(source, "slot_id") or slot_id,
        "receipt_id": text_of(source, "receipt_id", "attestation_id") or None,
        **{name: field_of(source, name, default) for name, default in _CLOSE_FIELDS},
    }
    return {**summary, "attestation_status": _attestation_status(summary)}


def _attestation_status(summary: Mapping[str, Any]) -> str:
    """The first rule that matches (sheet §11, 5)."""
    receipts = [str(field_of(receipt, "status", "")) for receipt in summary["compose_receipts"]]
    rules = (
        ("attested", summary["blocks_attested"] > 0),
        ("queued_for_attestation", summary["blocks_attestation_enqueued"] > 0),
        ("attested", "attested" in receipts),
        ("queued_for_attestation", "queued_for_attestation" in receipts),
        ("failed", not _FAILED.isdisjoint(receipts)),
        ("not_requested", "not_requested" in receipts),
        ("local", summary["blocks_composed"] > 0),
    )
    return next((status for status, holds in rules if holds), "none")


class SlotTotals:
    """What was composed and attested over all seals and the close of a run (sheet §11, 6)."""

    def __init__(self, proofs: Iterable[ProofArtifact], closed: Mapping[str, Any]) -> None:
        seals = [proof.metrics for proof in proofs]
        close_receipts = list(closed.get("compose_receipts") or [])
        merge: Callable[[int, int], int] = (lambda a, b: a + b) if close_receipts else max
        sealed = {name: sum(int(seal.get(f"seal_{name}", 0)) for seal in seals) for name in _COUNTS}
        self.counts = {name: merge(sealed[name], int(closed.get(name) or 0)) for name in _COUNTS}
        self.compose_receipts = [r for seal in seals for r in seal.get("seal_compose_receipts", [])] + close_receipts
        self.native_proof_chain = _chain(
            [seal["seal_native_proof_chain"] for seal in seals if seal.get("seal_native_proof_chain")],
            closed.get("native_proof_chain"),
        )
        self.attestation_status = self._status(closed)

    def _status(self, closed: Mapping[str, Any]) -> str | None:
        if self.counts["blocks_attested"] > 0:
            return "attested"
        if self.counts["blocks_attestation_enqueued"] > 0:
            return "queued_for_attestation"
        return closed.get("attestation_status")


def _chain(steps: list[Any], close: Any) -> dict[str, Any] | None:
    if steps:
        return {"step_seals": steps, "slot_close": close} if close else {"step_seals": steps}
    return close or None

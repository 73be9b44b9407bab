"""Streaming sessions: one slot, fed pulse by pulse, sealed as it goes, closed at the end.

    with client.open_slot(worker_id="w", task_type="t", domain="d") as stream:
        stream.pulse("picked_up", score=0.9, events={"friendly": 1})
        seal = stream.seal()

Every pulse carries an idempotency key that stays the same however often it is sent, so a session survives dropped
connections and repeats nothing. With `fail_open=True` a pulse never raises for what the network does: what cannot be
sent waits, in order, and is delivered before the next seal or close; what the network refuses is counted by reason in
`lost`.

The session is a machine that does no I/O of its own: its methods are flows that both faces drive.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

from wirewright.calls import AsyncFace, Face, Steps, flow

from sbn.bitblocks import BitBlock
from sbn.gateway import SlotClosure, SlotHandle, SlotSeal, SlotSummary
from sbn.gec_contract import GecOperationContract, contract_of
from sbn.profiles import profile_contract
from sbn.pulse_methods import PulseMethods
from sbn.pulse_queue import PulseQueue
from sbn.slot_results import SlotFinalizeResult, SlotReceipt, describe_error

__all__ = ["AsyncSlotSession", "SessionMethods", "SlotFinalizeResult", "SlotReceipt", "SlotSession", "describe_error"]
log = logging.getLogger("sbn.streaming")
Json = Mapping[str, Any]


class SessionMethods(PulseMethods):
    """The session's state and flows, the same for both faces."""

    def __init__(
        self,
        *,
        gateway: Any,
        bitblocks_client: Any,
        worker_id: str,
        task_type: str,
        domain: str,
        generation_interval: int = 60,
        metadata: Json | None = None,
        gec_contract: GecOperationContract | Json | None = None,
        stream_profile: str | None = None,
        fail_open: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._bitblocks = bitblocks_client
        self._queue = PulseQueue(bitblocks_client, fail_open=fail_open, clock=clock)
        self.worker_id = worker_id
        self.task_type = task_type
        self.domain = domain
        self.generation_interval = generation_interval
        self._metadata = dict(metadata or {})
        self._contract = gec_contract
        self._profile = stream_profile
        self._slot: SlotHandle | None = None
        self._receipt: SlotReceipt | None = None
        self._last_seal: SlotSeal | None = None
        self._lock: Any = self._make_lock()

    def _make_lock(self) -> Any:
        return threading.Lock()

    # What is known --------------------------------------------------------------------------------------------------

    @property
    def slot(self) -> SlotHandle | None:
        return self._slot

    @property
    def receipt(self) -> SlotReceipt | None:
        return self._receipt

    @property
    def last_seal(self) -> SlotSeal | None:
        return self._last_seal

    @property
    def submitted(self) -> list[BitBlock]:
        """The BitBlocks the network has taken, in order."""
        return list(self._queue.submitted)

    @property
    def waiting(self) -> int:
        """How many pulses wait to be delivered (only with `fail_open`)."""
        return len(self._queue.waiting)

    @property
    def lost(self) -> Counter[str]:
        """Pulses that were given up, by reason: the error's code, `http_<status>` or `buffer_full`."""
        return self._queue.lost

    @property
    def fail_open(self) -> bool:
        """Whether a pulse that cannot be sent waits instead of raising."""
        return self._queue.fail_open

    @fail_open.setter
    def fail_open(self, value: bool) -> None:
        self._queue.fail_open = value

    def bind(self, slot: SlotHandle | str) -> SlotHandle:
        """Attach to a slot that exists already."""
        if isinstance(slot, str):
            slot = SlotHandle(slot, self.worker_id, self.task_type, "open", None)
        self._slot = slot
        return slot

    def __repr__(self) -> str:
        state = "not open" if self._slot is None else f"slot {self._slot.id}"
        return f"<{type(self).__name__} {state}, {len(self._queue.submitted)} submitted, {self.waiting} waiting>"

    # Opening, sealing, closing --------------------------------------------------------------------------------------

    def _slot_metadata(self) -> dict[str, Any]:
        contract = contract_of(self._contract)
        if contract is None and self._profile:
            contract = profile_contract(
                self._profile, domain=self.domain, generation_interval=self.generation_interval, metadata=self._metadata
            )
        declared = contract.to_slot_metadata() if contract else {}
        return {**declared, **self._metadata, "generation_interval": self.generation_interval}

    @flow
    def open(self) -> Steps[SlotHandle]:
        """Open the slot. Raises SbnError or SbnTransportError."""
        metadata = self._slot_metadata()
        self._slot = yield lambda: self._gateway.create_slot(
            worker_id=self.worker_id,
            task_type=self.task_type,
            generation_interval=self.generation_interval,
            metadata=metadata,
        )
        assert self._slot is not None
        return self._slot

    @flow
    def seal(self) -> Steps[SlotSeal]:
        """Compose and attest what is outstanding; the slot stays open. Waiting pulses are delivered first."""
        slot_id = self.slot_id
        yield self._lock.acquire
        try:
            yield from self._queue.deliver_all()
            self._last_seal = yield lambda: self._gateway.seal_slot(slot_id)
        finally:
            self._lock.release()
        assert self._last_seal is not None
        return self._last_seal

    @flow
    def close(self) -> Steps[SlotReceipt]:
        """Close the slot and keep its final receipt. Waiting pulses are delivered first; closing twice does no harm."""
        return (yield from self._closing())

    def _closing(self) -> Steps[SlotReceipt]:
        slot_id = self.slot_id
        yield self._lock.acquire
        try:
            yield from self._queue.deliver_all()
            closure: SlotClosure = yield lambda: self._gateway.close_slot(slot_id)
        finally:
            self._lock.release()
        self._receipt = SlotReceipt.from_closure(closure)
        return self._receipt

    @flow
    def finalize(
        self,
        *,
        request_attestation: bool = False,
        snap_hash: str | None = None,
        snap_version: str = "1",
        frontier_id: str | None = None,
        target_project_id: str | None = None,
        block_type: str | None = None,
        domain: str | None = None,
        metadata: Json | None = None,
        metrics: Json | None = None,
        submission_fields: Json | None = None,
        strict_attestation: bool = False,
    ) -> Steps[SlotFinalizeResult]:
        """Close if that has not happened, then attest `snap_hash` if asked to.

        A failed attestation is told in the result's `attestation_error`; with `strict_attestation` it is raised.
        """
        close = self._receipt or (yield from self._closing())
        if not request_attestation:
            return SlotFinalizeResult(close)
        if not snap_hash:
            raise ValueError("finalize(request_attestation=True) requires snap_hash. Use the anchor_hash of a seal.")
        said = dict(metadata or {})
        summary = SlotSummary(
            slot_id=close.slot_id,
            snap_hash=snap_hash,
            snap_version=snap_version,
            frontier_id=frontier_id,
            target_project_id=target_project_id,
            type=block_type or self._named(said, "type"),
            domain=domain or self._named(said, "domain"),
            metadata=said,
            metrics=dict(metrics or {}),
            submission_fields=dict(submission_fields or {}),
        )
        try:
            attestation: Json = yield lambda: self._gateway.request_attestation(summary)
        except Exception as error:
            if strict_attestation:
                raise
            return SlotFinalizeResult(close, attestation_error=describe_error(error))
        return SlotFinalizeResult(close, attestation)

    api_version = "0.14"
    """The protocol version spoken: 0.12 does not repeat type and domain outside the metadata."""

    def _named(self, metadata: Json, name: str) -> str | None:
        return metadata.get(name) if self.api_version != "0.12" else None

    # What is in the slot ----------------------------------------------------------------------------------------------

    @flow
    def list_bitblocks(self, *, generation: int | None = None) -> Steps[list[BitBlock]]:
        """The slot's BitBlocks as the network has them."""
        slot_id = self.slot_id
        listed = yield lambda: self._bitblocks.list(slot_id, generation=generation)
        return list(listed.bitblocks)

    @flow
    def list_slot_blocks(self) -> Steps[dict[str, Any]]:
        """The slot's SmartBlocks as the network has them."""
        slot_id = self.slot_id
        blocks: dict[str, Any] = yield lambda: self._gateway.list_slot_blocks(slot_id)
        return blocks

    @flow
    def flush(self) -> Steps[int]:
        """Try to deliver what waits; answers how many still wait. Never raises for what the network does."""
        yield self._lock.acquire
        try:
            yield from self._queue.drain(patient=True)
        finally:
            self._lock.release()
        return self.waiting

    @flow
    def _leave(self) -> Steps[None]:
        """End of a `with` block: close if that has not happened; a failure is logged, not raised."""
        if self._slot is None or self._receipt is not None:
            return
        try:
            yield from self._closing()
        except Exception as error:
            log.warning("slot %s was not closed, %d pulses undelivered: %s", self._slot.id, self.waiting, error)


class SlotSession(SessionMethods, Face):
    """A streaming session that blocks. Safe to pulse from several threads."""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self._leave()


class AsyncSlotSession(SessionMethods, AsyncFace):
    """A streaming session to be awaited. Safe to pulse from several tasks of one loop."""

    def _make_lock(self) -> Any:
        return asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._leave()

"""Streaming sessions: one slot, fed pulse by pulse, sealed as it goes, closed at the end.

    with client.open_slot(worker_id="w", task_type="t", domain="d") as stream:
        stream.pulse("picked_up", score=0.9, events={"friendly": 1})
        seal = stream.seal()

Every pulse carries an idempotency key that stays the same however often it is sent, so a session survives dropped
connections
and repeats nothing. With `fail_open=True` a pulse never raises for what the network does: what cannot be sent waits,
in order,
and is delivered before the next seal or close; what the network refuses is counted by reason in `lost`.

The session is a machine that does no I/O of its own: its methods are flows that both faces drive.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from wirewright.calls import AsyncFace, Face, Steps, flow

from sbn import pulses
from sbn.bitblocks import BitBlock
from sbn.errors import SbnError, SbnTransportError
from sbn.gateway import SlotClosure, SlotHandle, SlotSeal, SlotSummary
from sbn.gec_contract import GecOperationContract, contract_of
from sbn.profiles import profile_contract

log = logging.getLogger("sbn.streaming")
Json = Mapping[str, Any]
BUFFER_LIMIT = 10_000
MAX_PAUSE = 30.0


@dataclass(slots=True)
class SlotReceipt:
    """What closing the slot produced; `closed_at` is ISO 8601."""

    slot_id: str
    receipt_id: str | None = None
    closed_at: str | None = None
    blocks_composed: int = 0
    blocks_attested: int = 0
    compose_receipts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    blocks_attestation_enqueued: int = 0
    scalar_gec: Json | None = None
    carrier_state: Json | None = None
    successor_surface_ids: list[str] = field(default_factory=list[str])
    fractal_receipts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    native_proof_chain: Json | None = None
    lifecycle_contract: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    canonical_proof_hash: str | None = None
    canonical_view: Json | None = None
    provenance_view: Json | None = None

    @classmethod
    def from_closure(cls, closure: SlotClosure) -> SlotReceipt:
        """The receipt of a closure."""
        values = {item.name: getattr(closure, item.name) for item in fields(cls) if hasattr(closure, item.name)}
        values["closed_at"] = closure.closed_at.isoformat() if closure.closed_at else None
        return cls(**values)


@dataclass(slots=True)
class SlotFinalizeResult:
    """The close, and how the explicit attestation went, if one was asked for."""

    close: SlotReceipt
    attestation: Json | None = None
    attestation_error: Json | None = None

    @property
    def explicit_attestation_succeeded(self) -> bool:
        return self.attestation is not None and self.attestation_error is None

    @property
    def explicit_attestation_failed(self) -> bool:
        return self.attestation_error is not None

    @property
    def lifecycle_contract(self) -> Json | None:
        return self.close.lifecycle_contract

    @property
    def native_proof_chain(self) -> Json | None:
        return self.close.native_proof_chain

    @property
    def successor_surface_ids(self) -> list[str]:
        return self.close.successor_surface_ids


def is_passing(error: Exception) -> bool:
    """Whether a later try may succeed: no answer, a server's fault, or too many requests."""
    if isinstance(error, SbnError):
        return error.status_code >= 500 or error.status_code == 429
    return isinstance(error, SbnTransportError)


def describe_error(error: Exception) -> dict[str, Any]:
    """An error as `SlotFinalizeResult.attestation_error` holds it."""
    described: dict[str, Any] = {"message": str(error), "error_type": type(error).__name__, "retryable": False}
    if isinstance(error, SbnError):
        described |= {"retryable": error.status_code >= 500, "status_code": error.status_code}
        described |= {"code": error.code} if error.code else {}
        described |= {"details": error.details} if error.details else {}
    elif isinstance(error, SbnTransportError):
        details = {"last_exception": str(error.last_exception)}
        described |= {"retryable": True, "code": "transport_unavailable", "details": details}
    return described


@dataclass(slots=True)
class _Pending:
    """A BitBlock on its way: its fields, its key, and what the network made of it."""

    fields: dict[str, Any]
    key: str
    block: BitBlock | None = None

    def queued(self) -> BitBlock:
        """The BitBlock as far as it is known before it is delivered."""
        known: dict[str, Any] = {
            name: self.fields.get(name) for name in ("slot_id", "block_type", "domain", "payload", "operation_id")
        }
        return BitBlock(
            id="", generation=0, metadata=self.fields.get("metadata") or {}, idempotency_key=self.key, **known
        )


class SessionMethods:
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
        self.worker_id = worker_id
        self.task_type = task_type
        self.domain = domain
        self.generation_interval = generation_interval
        self._metadata = dict(metadata or {})
        self._contract = gec_contract
        self._profile = stream_profile
        self.fail_open = fail_open
        self._clock = clock
        self._slot: SlotHandle | None = None
        self._receipt: SlotReceipt | None = None
        self._last_seal: SlotSeal | None = None
        self._submitted: list[BitBlock] = []
        self._waiting: deque[_Pending] = deque()
        self._failures = 0
        self._not_before = 0.0
        self.lost: Counter[str] = Counter()
        """Pulses that were given up, by reason: the error's code, `http_<status>` or `buffer_full`."""
        self._lock: Any = self._make_lock()

    def _make_lock(self) -> Any:
        return threading.Lock()

    # What is known --------------------------------------------------------------------------------------------------

    @property
    def slot_id(self) -> str:
        """The slot's id. Raises RuntimeError before the session is open."""
        if self._slot is None:
            raise RuntimeError("SlotSession not opened yet")
        return self._slot.id

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
        return list(self._submitted)

    @property
    def waiting(self) -> int:
        """How many pulses wait to be delivered (only with `fail_open`)."""
        return len(self._waiting)

    def bind(self, slot: SlotHandle | str) -> SlotHandle:
        """Attach to a slot that exists already."""
        if isinstance(slot, str):
            slot = SlotHandle(slot, self.worker_id, self.task_type, "open", None)
        self._slot = slot
        return slot

    def __repr__(self) -> str:
        state = "not open" if self._slot is None else f"slot {self._slot.id}"
        return f"<{type(self).__name__} {state}, {len(self._submitted)} submitted, {self.waiting} waiting>"

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
            yield from self._deliver_all()
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
            yield from self._deliver_all()
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

    # Pulses ---------------------------------------------------------------------------------------------------------

    @flow
    def action(
        self,
        /,
        action_name: str,
        *,
        score: float = 1.0,
        reinforced: bool = True,
        contribution: Json | None = None,
        metadata: Json | None = None,
        operation_id: str | None = None,
        idempotency_key: str | None = None,
        **extra_payload: Any,
    ) -> Steps[BitBlock]:
        """Submit one action."""
        payload = pulses.action_payload(action_name, score, reinforced, contribution, extra_payload)
        return (
            yield from self._submit(
                "Action", payload, self._signed(metadata), operation_id=operation_id, key=idempotency_key
            )
        )

    @flow
    def interaction(
        self,
        /,
        *,
        score: float,
        weight: float = 1.0,
        contribution: Json | None = None,
        metadata: Json | None = None,
        operation_id: str | None = None,
        idempotency_key: str | None = None,
        **extra_payload: Any,
    ) -> Steps[BitBlock]:
        """Submit one interaction."""
        payload = pulses.interaction_payload(score, weight, contribution, extra_payload)
        return (
            yield from self._submit(
                "Interaction", payload, self._signed(metadata), operation_id=operation_id, key=idempotency_key
            )
        )

    @flow
    def event(
        self,
        payload: Json,
        *,
        contribution: Json | None = None,
        metadata: Json | None = None,
        operation_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Steps[BitBlock]:
        """Submit an event of the application as an action."""
        said = pulses.event_payload(payload, contribution)
        return (
            yield from self._submit(
                "Action", said, self._signed(metadata), operation_id=operation_id, key=idempotency_key
            )
        )

    @flow
    def pulse(
        self,
        /,
        pulse_type: str,
        *,
        score: float = 1.0,
        weight: float | None = None,
        reinforced: bool = True,
        contribution: Json | None = None,
        actions: Any = None,
        interactions: Any = None,
        events: Json | None = None,
        metadata: Json | None = None,
        operation_id: str | None = None,
        idempotency_key: str | None = None,
        **extra_payload: Any,
    ) -> Steps[BitBlock]:
        """Submit a pulse: actions, interactions and counts of events in one BitBlock."""
        payload = pulses.pulse_payload(
            pulse_type,
            score=score,
            weight=weight,
            reinforced=reinforced,
            contribution=contribution,
            actions=actions,
            interactions=interactions,
            events=events,
            extra=extra_payload,
        )
        return (yield from self._submit("Action", payload, metadata, operation_id=operation_id, key=idempotency_key))

    def yield_pulse(
        self: Any,
        pulse_type: str,
        *,
        y_delta: float = 1.0,
        support_delta: float | None = None,
        severity: str = "info",
        state_hint: str | None = None,
        contribution: Json | None = None,
        metadata: Json | None = None,
        **pulse_kwargs: Any,
    ) -> Any:
        """A pulse that contributes yield. `support_delta` is the generation's interval (seconds) unless given."""
        given = {
            "role": "yield",
            "y_delta": y_delta,
            "support_delta": self.generation_interval if support_delta is None else support_delta,
            "severity": severity,
            "state_hint": state_hint or pulse_type,
            **(contribution or {}),
        }
        return self.pulse(pulse_type, contribution=given, metadata=metadata, **pulse_kwargs)

    def burden_pulse(
        self: Any,
        pulse_type: str,
        *,
        burden_hint: float,
        omega_hint: float | None = None,
        severity: str = "warning",
        state_hint: str | None = None,
        contribution: Json | None = None,
        metadata: Json | None = None,
        **pulse_kwargs: Any,
    ) -> Any:
        """A pulse that contributes burden."""
        given = {
            "role": "burden",
            "burden_hint": burden_hint,
            "omega_hint": burden_hint if omega_hint is None else omega_hint,
            "severity": severity,
            "state_hint": state_hint or pulse_type,
            **(contribution or {}),
        }
        return self.pulse(pulse_type, contribution=given, metadata=metadata, **pulse_kwargs)

    @flow
    def submit_raw(
        self,
        *,
        block_type: str,
        payload: Json,
        domain: str | None = None,
        metadata: Json | None = None,
        operation_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Steps[BitBlock]:
        """Submit a BitBlock of any type."""
        return (
            yield from self._submit(
                block_type, payload, metadata, operation_id=operation_id, key=idempotency_key, domain=domain
            )
        )

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
            yield from self._drain(patient=True)
        finally:
            self._lock.release()
        return self.waiting

    # Delivery -------------------------------------------------------------------------------------------------------

    def _signed(self, metadata: Json | None) -> dict[str, Any]:
        return {"worker_id": self.worker_id, **(metadata or {})}

    def _submit(
        self,
        block_type: str,
        payload: Json,
        metadata: Json | None,
        *,
        operation_id: str | None,
        key: str | None,
        domain: str | None = None,
    ) -> Steps[BitBlock]:
        said: dict[str, Any] = {
            "slot_id": self.slot_id,
            "block_type": block_type,
            "domain": domain or self.domain,
            "payload": pulses.normalise_payload(payload),
        }
        optional = {
            "metadata": dict(metadata) if metadata else None,
            "operation_id": operation_id,
            "idempotency_key": key,
        }
        said |= {name: value for name, value in optional.items() if value is not None}
        pending = _Pending(said, key or uuid.uuid4().hex)
        yield self._lock.acquire
        try:
            if self.fail_open:
                return (yield from self._enqueue(pending))
            yield from self._send(pending, patient=True)
        finally:
            self._lock.release()
        assert pending.block is not None
        return pending.block

    def _send(self, pending: _Pending, *, patient: bool) -> Steps[None]:
        """`patient`: with the client's retries; else one attempt."""
        submit_once = getattr(self._bitblocks, "submit_once", None)
        if submit_once is None:  # another client's object
            pending.block = yield lambda: self._bitblocks.submit(**pending.fields)
        else:
            pending.block = yield lambda: submit_once(pending.fields, pending.key, patient)
        assert pending.block is not None
        self._submitted.append(pending.block)

    def _enqueue(self, pending: _Pending) -> Steps[BitBlock]:
        if len(self._waiting) >= BUFFER_LIMIT:
            self.lost["buffer_full"] += 1
            log.warning("slot %s: a pulse was dropped, %d are waiting", self.slot_id, BUFFER_LIMIT)
            return pending.queued()
        self._waiting.append(pending)
        if self._clock() >= self._not_before:
            yield from self._drain(patient=False)
        return pending.block or pending.queued()

    def _drain(self, *, patient: bool) -> Steps[Exception | None]:
        """Deliver from the head; stop at the first failure that may pass, and answer it."""
        while self._waiting:
            head = self._waiting[0]
            try:
                yield from self._send(head, patient=patient)
            except (SbnError, SbnTransportError) as error:
                if is_passing(error):
                    self._failures += 1
                    self._not_before = self._clock() + min(MAX_PAUSE, 0.5 * 2**self._failures)
                    return error
                self._lose(head, error)
            self._failures, self._not_before = 0, 0.0
            self._waiting.popleft()
        return None

    def _lose(self, pending: _Pending, error: Exception) -> None:
        status = getattr(error, "status_code", 0)
        self.lost[str(getattr(error, "code", None) or f"http_{status}")] += 1
        log.warning("slot %s: the network refused a pulse: %s", pending.fields["slot_id"], error)

    def _deliver_all(self) -> Steps[None]:
        """Nothing may be sealed or closed ahead of a pulse that came before."""
        error = yield from self._drain(patient=True)
        if error is not None:
            raise error

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

"""The ways to say what happened in a slot: actions, interactions, events, pulses, yields and burdens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from wirewright.calls import Steps, flow

from sbn import pulses
from sbn.bitblocks import BitBlock
from sbn.gateway import SlotHandle
from sbn.pulse_queue import Pending, PulseQueue

Json = Mapping[str, Any]


class PulseMethods:
    """What a session submits; the session brings the slot, the queue and the lock."""

    worker_id: str
    domain: str
    _slot: SlotHandle | None
    _queue: PulseQueue
    _lock: Any

    @property
    def slot_id(self) -> str:
        """The slot's id. Raises RuntimeError before the session is open."""
        if self._slot is None:
            raise RuntimeError("SlotSession not opened yet")
        return self._slot.id

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
        yield self._lock.acquire
        try:
            return (yield from self._queue.take(Pending(said, key or secrets.token_hex(16))))
        finally:
            self._lock.release()

"""The link: registration on each new stream, and heartbeats while it is registered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._session import table
from holokai_neuron_sdk._session.outputs import Delivery, Note, Output, Send
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import Link, LinkAction, LinkEvent

if TYPE_CHECKING:
    from holokai_neuron_sdk._session.leases import Leases

NEVER = float("inf")
PATIENCE = 5.0
"""Seconds that a heartbeat may be under way before another is sent: a POST that hangs must not cost a lease."""


class LinkMachine:
    """Walks `table.LINK`. Outputs are appended to `out`."""

    def __init__(
        self, neuron_id: str, leases: Leases, *, pace: Pace, utcnow: Callable[[], datetime], out: list[Output]
    ) -> None:
        self.state = Link.CLOSED
        self._neuron_id = neuron_id
        self._leases = leases
        self._pace = pace
        self._utcnow = utcnow
        self._out = out
        self._stream = 0
        self._failures = 0
        self._register_at = NEVER
        self._beat_at = NEVER
        self._beat_number = 0
        self._beat_sent_at = 0.0
        self._beat_pending = False
        self._do: dict[LinkAction, Callable[[float], None]] = {
            LinkAction.KEEP: lambda now: None,
            LinkAction.SEND_REGISTER: self._send_register,
            LinkAction.SCHEDULE_REGISTER: self._schedule_register,
            LinkAction.NOTE_REJECTED: self._note_rejected,
            LinkAction.START_HEARTBEATS: self._start_heartbeats,
            LinkAction.STOP_HEARTBEATS: self._stop_heartbeats,
        }

    @property
    def next_timer(self) -> float:
        """The next register or heartbeat."""
        return min(self._register_at, self._beat_at)

    def step(self, event: LinkEvent, now: float) -> None:
        """Let `event` happen."""
        row = table.LINK[self.state, event]
        self.state = row.then
        if event is LinkEvent.OPEN:
            self._stream += 1
            self._failures = 0
        self._do[row.action](now)

    def timer(self, now: float) -> None:
        """Do what is due."""
        if self._register_at <= now:
            self.step(LinkEvent.RETRY, now)
        if self._beat_at <= now:
            self._beat(now)

    def register_sent(self, send: Send, delivery: Delivery, now: float) -> None:
        """A register POST is over; one of an earlier stream says nothing about this one.

        What was offered anew while it was under way is told now: the gateway knows what the register said.
        """
        if send.number != self._stream or self.state is not Link.REGISTERING:
            return
        self.step(LinkEvent[delivery.name], now)
        if delivery is Delivery.TAKEN and isinstance(send.frame, protocol.RegisterFrame):
            known = {capability.type: capability for capability in send.frame.capabilities}
            for capability in self._leases.capabilities():
                if known.get(capability.type) != capability:
                    frame = protocol.UpdateCapabilityFrame(
                        type="update-capability", neuron_id=self._neuron_id, capability=capability
                    )
                    self._out.append(Send(protocol.POST_PATH.update_capability, frame))

    def heartbeat_sent(self, send: Send, delivery: Delivery, now: float) -> None:
        """A heartbeat POST is over. What the gateway answered counts from when it was sent: it may have taken long."""
        if send.number != self._beat_number:
            return
        self._beat_pending = False
        if delivery is Delivery.TAKEN and isinstance(send.frame, protocol.HeartbeatFrame):
            self._leases.renew([entry.lease_id for entry in send.frame.in_flight], self._beat_sent_at)
        if self.state is Link.REGISTERED:
            self._plan(now)

    def hurry(self, deadline: float, now: float) -> None:
        """A lease with this deadline has started; it may want renewal before the next heartbeat that is planned."""
        if self.state is Link.REGISTERED:
            self._beat_at = min(self._beat_at, now + self._pace.before_expiry(deadline - now))

    def _send_register(self, now: float) -> None:
        self._stop_heartbeats(now)
        try:
            frame = protocol.RegisterFrame(
                type="register",
                neuron_id=self._neuron_id,
                protocol_version=protocol.PROTOCOL_VERSION,
                capabilities=self._leases.capabilities(),
            )
        except ValueError as error:
            self._out.append(Note(logging.ERROR, f"cannot register: {error}"))
            self.step(LinkEvent.REFUSED, now)
            return
        self._out.append(Send(protocol.POST_PATH.register, frame, number=self._stream))

    def _schedule_register(self, now: float) -> None:
        self._failures += 1
        pause = self._pace.register_pause(self._failures)
        self._register_at = now + pause
        self._out.append(Note(logging.ERROR, f"register failed, next try in {pause:.1f} s"))

    def _note_rejected(self, now: float) -> None:
        self._out.append(Note(logging.ERROR, "register refused; the neuron stays unregistered until the next stream"))

    def _start_heartbeats(self, now: float) -> None:
        self._beat_sent_at = now
        self._plan(now)

    def _stop_heartbeats(self, now: float) -> None:
        self._register_at = self._beat_at = NEVER
        self._beat_pending = False
        self._beat_number += 1  # an answer to an older heartbeat says nothing about what is planned on the next stream

    def _plan(self, now: float) -> None:
        soonest = now + self._pace.before_expiry(self._leases.earliest_deadline() - now)
        self._beat_at = min(self._beat_sent_at + self._pace.heartbeat, soonest)

    def _beat(self, now: float) -> None:
        if self._beat_pending and now < self._beat_sent_at + PATIENCE:
            self._beat_at = self._beat_sent_at + PATIENCE
            return
        frame = protocol.HeartbeatFrame(
            type="heartbeat", neuron_id=self._neuron_id, in_flight=self._leases.in_flight(), sent_at=self._utcnow()
        )
        self._beat_number += 1
        self._beat_sent_at = now
        self._beat_pending = True
        self._plan(now)
        self._out.append(Send(protocol.POST_PATH.heartbeat, frame, number=self._beat_number))

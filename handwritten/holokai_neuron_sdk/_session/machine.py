"""The session machine: events in, outputs out, `table` in between.

A driver calls one input method for each thing that happens, performs the outputs that the call returns, in order, and
calls `timer` at `next_timer`. All times are seconds of a monotonic clock that the driver reads; nothing here blocks,
sleeps or knows asyncio.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._session.leases import Leases
from holokai_neuron_sdk._session.link import LinkMachine
from holokai_neuron_sdk._session.outputs import Delivery, Note, Output, Send
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import Lease, Link, LinkEvent, Phase

if TYPE_CHECKING:
    from holokai_neuron_sdk.protocol import AckFrame, Capability, NackFrame, ServerToNeuronFrame


def _utcnow() -> datetime:
    return datetime.now(UTC)


class Session:
    """One neuron's session over all of its streams. Inputs return what is to be done.

    Args:
        neuron_id: as registered.
        pace: intervals and backoff.
        utcnow: the wall clock, for the moments written into frames.
    """

    def __init__(self, neuron_id: str, *, pace: Pace | None = None, utcnow: Callable[[], datetime] = _utcnow) -> None:
        pace = pace or Pace()
        self._out: list[Output] = []
        self._leases = Leases(pace=pace, utcnow=utcnow, out=self._out)
        self._link = LinkMachine(neuron_id, self._leases, pace=pace, utcnow=utcnow, out=self._out)
        self._leases.on_start = self._link.hurry

    # What a driver may ask.

    @property
    def next_timer(self) -> float:
        """When `timer` wants to be called; infinity when there is nothing to wait for. Never late, now and then
        early.
        """
        return min(self._link.next_timer, self._leases.next_timer)

    @property
    def idle(self) -> bool:
        """Whether no lease is queued, running or being reported."""
        return len(self._leases) == 0

    @property
    def phase(self) -> Phase:
        """Serving, draining or aborting."""
        return self._leases.phase

    @property
    def link(self) -> Link:
        """How it stands with stream and registration."""
        return self._link.state

    @property
    def capabilities(self) -> list[Capability]:
        """Everything offered, as it is now."""
        return self._leases.capabilities()

    def state_of(self, lease_id: str) -> Lease:
        """Where that lease is; `ENDED` for one that is unknown."""
        return self._leases.state_of(lease_id)

    # Inputs.

    def offer(self, capability: Capability, now: float) -> list[Output]:
        """Add a capability, or replace the one of the same type. More room starts queued leases at once."""
        self._leases.offer(capability, now)
        return self._take()

    def opened(self, now: float) -> list[Output]:
        """A stream opened. The neuron registers, and reports that wait for another try go out: the gateway is back."""
        self._link.step(LinkEvent.OPEN, now)
        self._leases.retry_all(now)
        return self._take()

    def closed(self, now: float) -> list[Output]:
        """The stream ended. Leases live on."""
        self._link.step(LinkEvent.CLOSE, now)
        return self._take()

    def received(self, frame: ServerToNeuronFrame, now: float) -> list[Output]:
        """A frame came from the gateway."""
        match frame:
            case protocol.LeaseFrame():
                self._leases.arrived(frame, now)
            case protocol.CancelFrame():
                self._leases.cancelled(frame.lease_id, frame.reason, now)
            case protocol.RegisteredFrame():
                self._note(logging.INFO, f"registered as session {frame.session_id}")
            case protocol.CapabilityRevokedFrame():
                self._note(logging.WARNING, f"capability {frame.capability} revoked: {frame.reason}")
            case protocol.DisconnectFrame():
                self._note(logging.INFO, f"gateway disconnects: {frame.reason}")
        return self._take()

    def finished(self, lease_id: str, report: AckFrame | NackFrame, now: float) -> list[Output]:
        """A handler that `StartHandler` started has ended, with this final frame."""
        self._leases.finished(lease_id, report, now)
        return self._take()

    def sent(self, send: Send, delivery: Delivery, now: float) -> list[Output]:
        """The POST that `send` asked for is over."""
        if send.lease_id is not None:
            self._leases.report_sent(send.lease_id, delivery, now)
        elif isinstance(send.frame, protocol.RegisterFrame):
            self._link.register_sent(send, delivery, now)
        elif isinstance(send.frame, protocol.HeartbeatFrame):
            self._link.heartbeat_sent(send, delivery, now)
        return self._take()

    def timer(self, now: float) -> list[Output]:
        """`next_timer` has come."""
        self._leases.timer(now)
        self._link.timer(now)
        return self._take()

    def drain(self) -> list[Output]:
        """Stop taking leases. Queued ones are refused as their turn comes, running ones go on."""
        if self._leases.phase is Phase.SERVING:
            self._leases.phase = Phase.DRAINING
        return self._take()

    def abort(self, now: float) -> list[Output]:
        """Stop waiting: stop the handlers, and give each report one more attempt."""
        self._leases.abort(now)
        return self._take()

    def _note(self, level: int, text: str) -> None:
        self._out.append(Note(level, text))

    def _take(self) -> list[Output]:
        out = self._out.copy()
        self._out.clear()
        return out

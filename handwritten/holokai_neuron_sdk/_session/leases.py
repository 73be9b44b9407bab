"""The leases: lanes with slots, handlers to start and stop, final frames to deliver before the deadline."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._session import table
from holokai_neuron_sdk._session.outputs import Delivery, Note, Output, Send, StartHandler, StopHandler
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import Lease, LeaseAction, LeaseEvent, Phase

if TYPE_CHECKING:
    from holokai_neuron_sdk.protocol import AckFrame, Capability, LeaseFrame, LeasePayload, NackFrame

NEVER = float("inf")
NO_HANDLER = "no handler registered for capability"
SHUTTING_DOWN = "neuron shutting down"
NOT_STARTED = "lease cancelled before start"


@dataclass(slots=True)
class _Lane:
    """The leases of one capability: at most `concurrency` hold a slot, the others queue in order of arrival."""

    capability: Capability
    busy: int = 0
    queue: deque[str] = field(default_factory=deque[str])


@dataclass(slots=True)
class _Entry:
    """One lease. `lifetime` is what the gateway gave it, and gives it again for each heartbeat."""

    payload: LeasePayload
    lifetime: float
    deadline: float
    state: Lease = Lease.NEW
    lane: _Lane | None = None
    queued: bool = False
    holds_slot: bool = False
    started_at: datetime | None = None
    report: AckFrame | NackFrame | None = None
    attempts: int = 0
    retry_at: float = NEVER


class Leases:
    """Walks `table.LEASE` for every lease. Outputs are appended to `out`; `on_start` hears the deadline of each that
    starts.
    """

    def __init__(self, *, pace: Pace, utcnow: Callable[[], datetime], out: list[Output]) -> None:
        self.phase = Phase.SERVING
        self.on_start: Callable[[float, float], None] = lambda deadline, now: None
        self._pace = pace
        self._utcnow = utcnow
        self._out = out
        self._lanes: dict[str, _Lane] = {}
        self._entries: dict[str, _Entry] = {}
        self._sweep_at = NEVER
        self._do: dict[LeaseAction, Callable[[str, _Entry, float], None]] = {
            LeaseAction.KEEP: lambda lease_id, entry, now: None,
            LeaseAction.ENQUEUE: self._enqueue,
            LeaseAction.REFUSE_UNHANDLED: lambda lease_id, entry, now: self._refuse(lease_id, entry, now, NO_HANDLER),
            LeaseAction.REFUSE_CLOSING: lambda lease_id, entry, now: self._refuse(lease_id, entry, now, SHUTTING_DOWN),
            LeaseAction.REFUSE_UNSTARTED: lambda lease_id, entry, now: self._refuse(lease_id, entry, now, NOT_STARTED),
            LeaseAction.START_HANDLER: self._start_handler,
            LeaseAction.STOP_HANDLER: lambda lease_id, entry, now: self._out.append(StopHandler(lease_id)),
            LeaseAction.SEND_REPORT: self._send_report,
            LeaseAction.SCHEDULE_REPORT: self._schedule_report,
            LeaseAction.FORGET: self._forget,
            LeaseAction.LOSE: self._lose,
        }

    # What others ask.

    @property
    def next_timer(self) -> float:
        """A moment not later than the next deadline or retry. Ended leases may leave it early, which costs one look."""
        return self._sweep_at

    def __len__(self) -> int:
        return len(self._entries)

    def state_of(self, lease_id: str) -> Lease:
        """Where that lease is; `ENDED` for one that is unknown."""
        entry = self._entries.get(lease_id)
        return entry.state if entry else Lease.ENDED

    def capabilities(self) -> list[Capability]:
        """Everything offered, in the order in which it was offered first."""
        return [lane.capability for lane in self._lanes.values()]

    def in_flight(self) -> list[protocol.HeartbeatInFlightEntry]:
        """The leases whose handler has started and whose report is not over, oldest first."""
        return [
            protocol.HeartbeatInFlightEntry(
                lease_id=lease_id, task_id=entry.payload.task.task_id, started_at=entry.started_at
            )
            for lease_id, entry in self._entries.items()
            if entry.started_at is not None
        ]

    def earliest_deadline(self) -> float:
        """Of the leases whose handler runs; infinity when there is none."""
        running = (entry.deadline for entry in self._entries.values() if entry.state is Lease.RUNNING)
        return min(running, default=NEVER)

    # What happens to them.

    def offer(self, capability: Capability, now: float) -> None:
        """Add a lane, or change one; with more room, queued leases start at once."""
        lane = self._lanes.setdefault(capability.type, _Lane(capability))
        lane.capability = capability
        self._fill(lane, now)

    def arrived(self, frame: LeaseFrame, now: float) -> None:
        """A lease came. A lease id that is being worked on is not taken twice."""
        payload = frame.lease
        lease_id = payload.lease_id
        if lease_id in self._entries:
            self._note(logging.WARNING, f"lease {lease_id} delivered twice, second delivery ignored")
            return
        # By the gateway's clock only, so that a neuron whose clock is off neither drops good leases nor keeps dead
        # ones.
        lifetime = (_aware(payload.expires_at) - _aware(frame.sent_at)).total_seconds()
        entry = _Entry(payload, lifetime, now + lifetime, lane=self._lanes.get(payload.task.capability))
        self._entries[lease_id] = entry
        self._watch(entry.deadline)
        self.step(lease_id, self._judge(entry), now)
        if entry.lane:
            self._fill(entry.lane, now)

    def cancelled(self, lease_id: str, reason: str, now: float) -> None:
        """The gateway cancels a lease."""
        if lease_id not in self._entries:
            self._note(logging.WARNING, f"cancel of lease {lease_id}, which is not here: {reason}")
            return
        self._note(logging.INFO, f"lease {lease_id} cancelled: {reason}")
        self.step(lease_id, LeaseEvent.CANCEL, now)

    def finished(self, lease_id: str, report: AckFrame | NackFrame, now: float) -> None:
        """A handler has ended with this final frame."""
        self._entries[lease_id].report = report
        self.step(lease_id, LeaseEvent.RESULT, now)

    def report_sent(self, lease_id: str, delivery: Delivery, now: float) -> None:
        """An attempt at a report is over. Its slot is free now, whatever came of it."""
        entry = self._entries[lease_id]
        event = LeaseEvent[delivery.name]
        if event is LeaseEvent.FAILED and (now >= entry.deadline or self.phase is Phase.ABORTING):
            event = LeaseEvent.GIVEN_UP
        self.step(lease_id, event, now)
        self._free(entry, now)

    def renew(self, lease_ids: Iterable[str], heartbeat_at: float) -> None:
        """The gateway has answered a heartbeat that was sent at `heartbeat_at` and listed these leases.

        A lease whose handler has ended is not renewed: a report that the gateway cannot take must not hold it forever.
        """
        for lease_id in lease_ids:
            entry = self._entries.get(lease_id)
            if entry and entry.state in (Lease.RUNNING, Lease.STOPPING):
                entry.deadline = max(entry.deadline, heartbeat_at + entry.lifetime)

    def retry_all(self, now: float) -> None:
        """The gateway is back: every report that waits for another try goes out."""
        for lease_id in [key for key, entry in self._entries.items() if entry.state is Lease.RETRYING]:
            self.step(lease_id, LeaseEvent.RETRY, now)

    def abort(self, now: float) -> None:
        """The neuron waits no longer."""
        self.phase = Phase.ABORTING
        for lease_id in list(self._entries):
            self.step(lease_id, LeaseEvent.ABORT, now)

    def timer(self, now: float) -> None:
        """Let deadlines and retries happen that are due, and find the next."""
        if now < self._sweep_at:
            return
        for lease_id, entry in list(self._entries.items()):
            if entry.deadline <= now:
                self.step(lease_id, LeaseEvent.EXPIRE, now)
            elif entry.state is Lease.RETRYING and entry.retry_at <= now:
                self.step(lease_id, LeaseEvent.RETRY, now)
        moments = (self._next_moment(entry, now) for entry in self._entries.values())
        self._sweep_at = min(moments, default=NEVER)

    def step(self, lease_id: str, event: LeaseEvent, now: float) -> None:
        """Let `event` happen to one lease."""
        entry = self._entries[lease_id]
        row = table.LEASE[entry.state, event]
        entry.state = row.then
        self._do[row.action](lease_id, entry, now)

    # Actions of the table.

    def _enqueue(self, lease_id: str, entry: _Entry, now: float) -> None:
        if entry.lane:
            entry.queued = True
            entry.lane.queue.append(lease_id)

    def _refuse(self, lease_id: str, entry: _Entry, now: float, reason: str) -> None:
        self._leave_queue(lease_id, entry)
        entry.report = protocol.NackFrame(
            type="nack", lease_id=lease_id, kind="retryable", reason=reason, failed_at=self._utcnow()
        )
        self._send_report(lease_id, entry, now)

    def _start_handler(self, lease_id: str, entry: _Entry, now: float) -> None:
        entry.started_at = self._utcnow()
        self._out.append(StartHandler(entry.payload))
        self.on_start(entry.deadline, now)

    def _send_report(self, lease_id: str, entry: _Entry, now: float) -> None:
        report = entry.report
        if report is None:
            raise AssertionError(f"lease {lease_id} has nothing to report")
        entry.attempts += 1
        entry.retry_at = NEVER
        path = protocol.POST_PATH.ack if isinstance(report, protocol.AckFrame) else protocol.POST_PATH.nack
        self._out.append(Send(path, report, lease_id))

    def _schedule_report(self, lease_id: str, entry: _Entry, now: float) -> None:
        entry.retry_at = now + self._pace.report_pause(entry.attempts)
        self._watch(entry.retry_at)

    def _forget(self, lease_id: str, entry: _Entry, now: float) -> None:
        self._leave_queue(lease_id, entry)
        del self._entries[lease_id]

    def _lose(self, lease_id: str, entry: _Entry, now: float) -> None:
        why = f"its {entry.report.type} was not taken" if entry.report else "it expired before it was started"
        self._note(logging.WARNING, f"lease {lease_id} given up: {why}")
        self._forget(lease_id, entry, now)
        self._free(entry, now)

    # Lanes.

    def _judge(self, entry: _Entry) -> LeaseEvent:
        if entry.lane is None:
            return LeaseEvent.UNHANDLED
        if self.phase is not Phase.SERVING:
            return LeaseEvent.TURN_AWAY
        return LeaseEvent.ADMIT if entry.lifetime > 0 else LeaseEvent.STALE

    def _fill(self, lane: _Lane, now: float) -> None:
        event = LeaseEvent.SLOT if self.phase is Phase.SERVING else LeaseEvent.SLOT_CLOSED
        # When nothing waits any longer, a slow gateway must not make the refusals wait for each other.
        while lane.queue and (lane.busy < lane.capability.concurrency or self.phase is Phase.ABORTING):
            lease_id = lane.queue.popleft()
            entry = self._entries[lease_id]
            entry.queued, entry.holds_slot = False, True
            lane.busy += 1
            self.step(lease_id, event, now)

    def _free(self, entry: _Entry, now: float) -> None:
        if entry.holds_slot and entry.lane:
            entry.holds_slot = False
            entry.lane.busy -= 1
            self._fill(entry.lane, now)

    @staticmethod
    def _leave_queue(lease_id: str, entry: _Entry) -> None:
        if entry.lane and entry.queued:
            entry.queued = False
            entry.lane.queue.remove(lease_id)

    # Time.

    def _watch(self, moment: float) -> None:
        self._sweep_at = min(self._sweep_at, moment)

    @staticmethod
    def _next_moment(entry: _Entry, now: float) -> float:
        """When this lease wants the timer again: what has passed already has had its say."""
        moments = (moment for moment in (entry.deadline, entry.retry_at) if moment > now)
        return min(moments, default=NEVER)

    def _note(self, level: int, text: str) -> None:
        self._out.append(Note(level, text))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""The state tables of a neuron's session. Everything that decides what happens next is on this page.

Two kinds of thing have a state: the **link**, one event stream after another, and each **lease**. A third, the
**phase** of the neuron, only moves forward. A row says: in this state, on this event, do this and go there. `KEEP` rows
are events that are expected there and mean nothing. A pair without a row cannot happen; the machine raises on it, and
the tests try every pair.

What leads to which `LeaseEvent`:

- `ADMIT`, `UNHANDLED`, `TURN_AWAY`, `STALE`: a lease frame, judged by whether there is a handler, whether the neuron is
  stopping and whether the lease has any time left. The handler comes first, as in the protocol's first client.
- `SLOT`, `SLOT_CLOSED`: the lease is first in its lane and may have a slot, while serving, or while stopping.
- `RESULT`: its handler ended, and the final frame (ack or nack) is made.
- `TAKEN`, `REFUSED`, `FAILED`, `GIVEN_UP`: how the POST of the final frame went. 2xx; a status that another try cannot
  change; anything else while there is time for another try; anything else when there is not.
- `EXPIRE`: the deadline has passed. Heartbeats that the gateway answered move it on.
- `RETRY`: the pause after a failed POST is over, or a new stream shows that the gateway is back.
- `ABORT`: the neuron stops without waiting any longer.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Phase(Enum):
    """What the neuron is up to."""

    SERVING = "takes leases"
    DRAINING = "refuses new leases, lets the running ones end, retries their reports, goes on with heartbeats"
    ABORTING = "has stopped its handlers, waits for them and for one attempt at each report"


class Link(Enum):
    """The event stream and the registration on it."""

    CLOSED = "no stream"
    REGISTERING = "stream open, register POST under way"
    WAITING = "stream open, the register POST failed and is repeated in a while"
    REGISTERED = "stream open, heartbeats go out"
    REJECTED = "stream open, the gateway does not want this register"


class LinkEvent(Enum):
    """What happens to a link."""

    OPEN = "a stream opened"
    CLOSE = "the stream ended"
    TAKEN = "the register POST was answered 2xx"
    REFUSED = "the register POST was answered with a status that another try cannot change"
    FAILED = "the register POST came to nothing"
    RETRY = "the pause after a failed register POST is over"


class Lease(Enum):
    """One lease, from its frame to the end of its report."""

    NEW = "just arrived"
    QUEUED = "waits for a slot"
    RUNNING = "its handler runs"
    STOPPING = "its handler was told to stop and has not ended yet"
    REPORTING = "its ack or nack is being POSTed"
    RETRYING = "the POST failed and is repeated in a while"
    ENDED = "over and forgotten"


class LeaseEvent(Enum):
    """What happens to a lease."""

    ADMIT = "there is a handler and the neuron serves"
    UNHANDLED = "there is no handler"
    TURN_AWAY = "the neuron is stopping"
    STALE = "it had expired when it arrived"
    SLOT = "a slot is free"
    SLOT_CLOSED = "a slot is free but the neuron is stopping"
    CANCEL = "the gateway cancels it"
    EXPIRE = "its deadline has passed"
    ABORT = "the neuron stops at once"
    RESULT = "its handler ended"
    TAKEN = "the gateway took the report"
    REFUSED = "the gateway refused the report for good"
    FAILED = "the report did not get through, there is time for another try"
    GIVEN_UP = "the report did not get through, there is no time for another try"
    RETRY = "time for another try"


class LinkAction(Enum):
    """What to do about the link."""

    KEEP = "nothing"
    SEND_REGISTER = "POST a register with all capabilities as they are now"
    SCHEDULE_REGISTER = "wait, longer each time, then try again"
    NOTE_REJECTED = "log that the neuron stays connected but unregistered until the next stream"
    START_HEARTBEATS = "plan the first heartbeat"
    STOP_HEARTBEATS = "plan no heartbeat and no register"


class LeaseAction(Enum):
    """What to do about the lease."""

    KEEP = "nothing"
    ENQUEUE = "put it at the end of its lane"
    REFUSE_UNHANDLED = "report nack retryable, no handler"
    REFUSE_CLOSING = "report nack retryable, shutting down"
    REFUSE_UNSTARTED = "take it out of its lane and report nack retryable, cancelled before start"
    START_HANDLER = "take the slot, start the handler"
    STOP_HANDLER = "set the cancel event, cancel the handler's task"
    SEND_REPORT = "POST the final frame"
    SCHEDULE_REPORT = "wait, longer each time, then try again"
    FORGET = "free the slot, drop the lease"
    LOSE = "say so in the log, free the slot, drop the lease"


class LinkRow(NamedTuple):
    """What an event does to a link."""

    action: LinkAction
    then: Link


class LeaseRow(NamedTuple):
    """What an event does to a lease."""

    action: LeaseAction
    then: Lease


_K, _ON, _DO = Link, LinkEvent, LinkAction

LINK: dict[tuple[Link, LinkEvent], LinkRow] = {
    (_K.CLOSED, _ON.OPEN): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
    (_K.CLOSED, _ON.CLOSE): LinkRow(_DO.KEEP, _K.CLOSED),
    (_K.REGISTERING, _ON.TAKEN): LinkRow(_DO.START_HEARTBEATS, _K.REGISTERED),
    (_K.REGISTERING, _ON.FAILED): LinkRow(_DO.SCHEDULE_REGISTER, _K.WAITING),
    (_K.REGISTERING, _ON.REFUSED): LinkRow(_DO.NOTE_REJECTED, _K.REJECTED),
    (_K.REGISTERING, _ON.CLOSE): LinkRow(_DO.STOP_HEARTBEATS, _K.CLOSED),
    (_K.REGISTERING, _ON.OPEN): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
    (_K.WAITING, _ON.RETRY): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
    (_K.WAITING, _ON.CLOSE): LinkRow(_DO.STOP_HEARTBEATS, _K.CLOSED),
    (_K.WAITING, _ON.OPEN): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
    (_K.REGISTERED, _ON.CLOSE): LinkRow(_DO.STOP_HEARTBEATS, _K.CLOSED),
    (_K.REGISTERED, _ON.OPEN): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
    (_K.REJECTED, _ON.CLOSE): LinkRow(_DO.STOP_HEARTBEATS, _K.CLOSED),
    (_K.REJECTED, _ON.OPEN): LinkRow(_DO.SEND_REGISTER, _K.REGISTERING),
}
"""The answer to a register POST of an earlier stream is no event: the machine drops it before it comes here."""

_L, _E, _A = Lease, LeaseEvent, LeaseAction

LEASE: dict[tuple[Lease, LeaseEvent], LeaseRow] = {
    (_L.NEW, _E.ADMIT): LeaseRow(_A.ENQUEUE, _L.QUEUED),
    (_L.NEW, _E.UNHANDLED): LeaseRow(_A.REFUSE_UNHANDLED, _L.REPORTING),
    (_L.NEW, _E.TURN_AWAY): LeaseRow(_A.REFUSE_CLOSING, _L.REPORTING),
    (_L.NEW, _E.STALE): LeaseRow(_A.LOSE, _L.ENDED),
    (_L.QUEUED, _E.SLOT): LeaseRow(_A.START_HANDLER, _L.RUNNING),
    (_L.QUEUED, _E.SLOT_CLOSED): LeaseRow(_A.REFUSE_UNSTARTED, _L.REPORTING),
    (_L.QUEUED, _E.CANCEL): LeaseRow(_A.REFUSE_UNSTARTED, _L.REPORTING),
    (_L.QUEUED, _E.EXPIRE): LeaseRow(_A.LOSE, _L.ENDED),
    (_L.QUEUED, _E.ABORT): LeaseRow(_A.KEEP, _L.QUEUED),  # its slot comes, with SLOT_CLOSED
    (_L.RUNNING, _E.CANCEL): LeaseRow(_A.STOP_HANDLER, _L.STOPPING),
    (_L.RUNNING, _E.EXPIRE): LeaseRow(_A.STOP_HANDLER, _L.STOPPING),
    (_L.RUNNING, _E.ABORT): LeaseRow(_A.STOP_HANDLER, _L.STOPPING),
    (_L.RUNNING, _E.RESULT): LeaseRow(_A.SEND_REPORT, _L.REPORTING),
    (_L.STOPPING, _E.CANCEL): LeaseRow(_A.KEEP, _L.STOPPING),
    (_L.STOPPING, _E.EXPIRE): LeaseRow(_A.KEEP, _L.STOPPING),
    (_L.STOPPING, _E.ABORT): LeaseRow(_A.KEEP, _L.STOPPING),
    (_L.STOPPING, _E.RESULT): LeaseRow(_A.SEND_REPORT, _L.REPORTING),
    (_L.REPORTING, _E.TAKEN): LeaseRow(_A.FORGET, _L.ENDED),
    (_L.REPORTING, _E.REFUSED): LeaseRow(_A.LOSE, _L.ENDED),
    (_L.REPORTING, _E.FAILED): LeaseRow(_A.SCHEDULE_REPORT, _L.RETRYING),
    (_L.REPORTING, _E.GIVEN_UP): LeaseRow(_A.LOSE, _L.ENDED),
    (_L.REPORTING, _E.CANCEL): LeaseRow(_A.KEEP, _L.REPORTING),  # too late, the report says how it ended
    (_L.REPORTING, _E.EXPIRE): LeaseRow(_A.KEEP, _L.REPORTING),  # the POST under way decides
    (_L.REPORTING, _E.ABORT): LeaseRow(_A.KEEP, _L.REPORTING),
    (_L.RETRYING, _E.RETRY): LeaseRow(_A.SEND_REPORT, _L.REPORTING),
    (_L.RETRYING, _E.ABORT): LeaseRow(_A.SEND_REPORT, _L.REPORTING),  # one last try, at once
    (_L.RETRYING, _E.EXPIRE): LeaseRow(_A.LOSE, _L.ENDED),
    (_L.RETRYING, _E.CANCEL): LeaseRow(_A.KEEP, _L.RETRYING),
}
"""A slot is held from `SLOT` until the first attempt at the report is over: a gateway that is down idles no lane."""

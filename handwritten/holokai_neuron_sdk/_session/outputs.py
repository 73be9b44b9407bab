"""What a session asks of its driver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holokai_neuron_sdk.protocol import LeasePayload, NeuronToServerFrame


class Delivery(Enum):
    """How the POST of a frame went."""

    TAKEN = "2xx"
    REFUSED = "a status that another try cannot change"
    FAILED = "anything else: no answer, no token, a status of 408, 425, 429 or 500 and more"


@dataclass(frozen=True, slots=True)
class Send:
    """POST `frame` to `path`, and tell the session how it went (`Session.sent`)."""

    path: str
    frame: NeuronToServerFrame
    lease_id: str | None = None
    """The lease that this is the report of."""
    number: int = 0
    """Of a register: the stream it belongs to. Of a heartbeat: which one."""


@dataclass(frozen=True, slots=True)
class StartHandler:
    """Run the handler of the lease; hand its final frame to `Session.finished`."""

    lease: LeasePayload


@dataclass(frozen=True, slots=True)
class StopHandler:
    """Set the cancel event of this lease's handler, then cancel its task. Said at most once for each lease."""

    lease_id: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the log; `level` as in `logging`."""

    level: int
    text: str


Output = Send | StartHandler | StopHandler | Note

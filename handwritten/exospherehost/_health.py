"""How a runtime is doing, for probes and dashboards."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class RuntimeStatus(StrEnum):
    """What a runtime is at."""

    NEW = "NEW"
    """Not started."""
    STARTING = "STARTING"
    """Registering its nodes."""
    RUNNING = "RUNNING"
    """Claiming and executing states; the state manager answers."""
    AWAY = "AWAY"
    """The state manager does not answer; it is asked again and again, ever more rarely."""
    STOPPING = "STOPPING"
    """Ending what is under way; nothing new is claimed."""
    STOPPED = "STOPPED"
    """Ended."""


@dataclass
class Counters:
    """What a runtime has done since it was made. Every claimed state ends in exactly one of the others' upper half."""

    claimed: int = 0
    """States taken from the state manager."""
    executed: int = 0
    """States reported as executed, and the report was taken."""
    errored: int = 0
    """States reported as failed, and the report was taken."""
    pruned: int = 0
    """States whose branch was ended by a signal."""
    requeued: int = 0
    """States put off by a signal."""
    given_back: int = 0
    """States handed back when the runtime was stopped, for others to claim."""
    refused: int = 0
    """Reports that the state manager refused; the state is as the state manager has it."""
    lost: int = 0
    """Reports that could not be delivered before the runtime ended, or after many failures of the state manager."""
    retried_reports: int = 0
    """Reports that were sent again."""
    failed_polls: int = 0
    """Times that states were asked for in vain."""


@dataclass(frozen=True)
class Health:
    """A moment of a runtime's life."""

    status: RuntimeStatus
    queued: int
    """Claimed states that no worker has begun."""
    running: int
    """States being executed or reported."""
    workers: int
    counters: Counters

    @property
    def is_healthy(self) -> bool:
        """Whether the runtime does its work."""
        return self.status is RuntimeStatus.RUNNING

    def to_dict(self) -> dict[str, object]:
        """Everything as JSON can say it."""
        return {**asdict(self), "status": self.status.value}

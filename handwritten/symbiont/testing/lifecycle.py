"""The life of an agent, as a function of the clock (protocol sheet, section 4.4)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.shapes import is_object

SWEEP = 30.0
MISSED = 3
EVENTS_KEPT = 100
IDLE: dict[str, Any] = {"memory_bytes": 0, "cpu_percent": 0.0, "active_tasks": 0}
BUSY: dict[str, Any] = {"memory_bytes": 1_048_576, "cpu_percent": 0.5, "active_tasks": 1}
SDK_WORDS = {
    "Running": "active",
    "Suspended": "stopped",
    "Terminating": "stopped",
    "Terminated": "stopped",
    "Failed": "error",
    "Unreachable": "error",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an agent waits in the queue and how long it then runs, in seconds; when the sweeps began."""

    waiting: float = 1.0
    running: float = 2.0
    started: float = 0.0


@dataclass
class Agent:
    """An agent. `queued_at` is when it was queued last; None for external ones, which say themselves how they are."""

    id: str
    name: str
    dsl: str
    mode: Any
    made_at: float
    queued_at: float | None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    said: str = "Created"  # by an external agent's last heartbeat
    beat_at: float | None = None
    forced: str | None = None  # by a test
    last_result: str | None = None
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque[dict[str, Any]](maxlen=EVENTS_KEPT))

    @property
    def external(self) -> bool:
        return is_object(self.mode) and "External" in self.mode

    @property
    def mode_name(self) -> str:
        return next(iter(self.mode)) if is_object(self.mode) else str(self.mode)

    def state(self, now: float, pace: Pace) -> str:
        """One of the runtime's eleven words."""
        if self.forced is not None:
            return self.forced
        if self.queued_at is None:
            return "Unreachable" if self._missed(now, pace) else self.said
        age = now - self.queued_at
        if age < pace.waiting:
            return "Waiting"
        return "Running" if age < pace.waiting + pace.running else "Completed"

    def last_activity(self, now: float, pace: Pace) -> float:
        """When its state changed last, in seconds since 1970."""
        if self.queued_at is None:
            return self.made_at if self.beat_at is None else self.beat_at
        steps = (self.queued_at, self.queued_at + pace.waiting, self.queued_at + pace.waiting + pace.running)
        return max(step for step in steps if step <= max(now, self.queued_at))

    def queue(self, now: float) -> None:
        self.queued_at, self.forced = now, None

    def beat(self, state: str, now: float) -> None:
        self.said, self.beat_at, self.forced = state, now, None

    def _missed(self, now: float, pace: Pace) -> bool:
        """Whether a sweep has found its last heartbeat too old. Before the first heartbeat none does."""
        if self.beat_at is None:
            return False
        last_sweep = pace.started + (now - pace.started) // SWEEP * SWEEP
        return last_sweep - self.beat_at > MISSED * float(self.mode["External"]["heartbeat_interval_secs"])


def sdk_word(state: str) -> str:
    """The state in the first SDK's words."""
    return SDK_WORDS.get(state, "idle")

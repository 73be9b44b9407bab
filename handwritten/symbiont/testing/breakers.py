"""Circuit breakers of an agent's tools (protocol sheet, section 19.4)."""

from __future__ import annotations

from dataclasses import dataclass

from symbiont.testing.base import Json

THRESHOLD = 5
RECOVERY_MS = 30_000
HALF_OPEN_CALLS = 3


@dataclass
class Breaker:
    """Closed, open after five failures in a row, half open 30 s later, closed again after three successes."""

    failures: int = 0
    successes: int = 0
    opened_at: float | None = None

    def state(self, now: float) -> str:
        if self.opened_at is None:
            return "closed"
        return "half_open" if (now - self.opened_at) * 1000 >= RECOVERY_MS else "open"

    def allows(self, now: float) -> bool:
        return self.state(now) != "open"

    def succeeded(self, now: float) -> None:
        half_open = self.state(now) == "half_open"
        self.successes += 1
        if not half_open:
            self.failures = 0
        elif self.successes >= HALF_OPEN_CALLS:
            self.reset()

    def failed(self, now: float) -> None:
        half_open = self.state(now) == "half_open"
        self.failures, self.successes = self.failures + 1, 0
        if half_open or self.failures >= THRESHOLD:
            self.opened_at = now

    def reset(self) -> None:
        self.failures, self.successes, self.opened_at = 0, 0, None

    def to_json(self, now: float) -> Json:
        config = {
            "failure_threshold": THRESHOLD,
            "recovery_timeout_ms": RECOVERY_MS,
            "half_open_max_calls": HALF_OPEN_CALLS,
        }
        return {
            "state": self.state(now),
            "failure_count": self.failures,
            "success_count": self.successes,
            "config": config,
        }

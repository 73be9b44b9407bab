"""Says in the log what was given up: the first at once, the others together. A flood of drops is no flood of lines."""

from __future__ import annotations

import threading
from collections import Counter

from wirewright.hooks import log
from wirewright.outbox.values import StoredCall

PERIOD = 20.0
"""Seconds between lines of one reason."""


class DropLog:
    """One line per reason and period. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent_until: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()

    def note(self, call: StoredCall, reason: str, error: Exception | None, now: float) -> None:
        """A call was given up at `now` (monotonic seconds)."""
        with self._lock:
            self._unsaid[reason] += 1
            if now < self._silent_until.get(reason, now):
                return
            self._silent_until[reason] = now + PERIOD
            count = self._unsaid.pop(reason)
        because = f": {error}" if error else ""
        log.warning("the outbox gave up %d (%s), the last of them %s%s", count, reason, call.operation, because)

"""Remembering what was seen, for as long as it would still be accepted."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable


class ReplayGuard:
    """Says whether an identifier is new, in memory and for one process; any function of the same form may stand in.

    It forgets an identifier when its message would be refused as too old. `capacity` bounds memory: when it is full of
    identifiers that still count, it says "not new", since it cannot tell.
    """

    def __init__(self, time: Callable[[], float], *, capacity: int = 100_000) -> None:
        self._time = time
        self._capacity = capacity
        self._seen: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def __call__(self, identifier: str, until: float) -> bool:
        """Whether it is new; it is remembered until that moment (seconds since 1970)."""
        with self._lock:
            now = self._time()
            while self._ends and self._ends[0][0] < now:
                self._seen.discard(heapq.heappop(self._ends)[1])
            if identifier in self._seen or len(self._seen) >= self._capacity:
                return False
            self._seen.add(identifier)
            heapq.heappush(self._ends, (until, identifier))
            return True

    def __len__(self) -> int:
        return len(self._seen)

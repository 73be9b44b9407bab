"""What a flush waits for, and what it may say at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirewright.outbox.spill import Spill
from wirewright.outbox.store import StoreError

POLL = 0.1
"""Seconds between looks at what other processes have sent meanwhile."""


class Flush:
    """Everything that is queued when this is made. `delivered` is the truth about it once `waiting` says False."""

    def __init__(self, spill: Spill, channels: Sequence[str], refusals: frozenset[str], now: float) -> None:
        self.delivered = False
        self._spill, self._refusals = spill, refusals
        self._marks: dict[str, Any] | None
        try:
            self._lost = self._count_lost()
            self._marks = {channel: spill.mark(channel) for channel in channels}
            if not channels and spill.stats().queued:
                self._marks = None  # there is nobody to send it
        except StoreError:
            self._marks = None  # what is queued cannot be read, so nothing good can be said of it
            return
        for channel in channels:
            spill.hurry(channel, now)

    def waiting(self) -> bool:
        """Whether any of it is still queued."""
        if self._marks is None:
            return True
        try:
            if any(self._spill.waiting(channel, mark) for channel, mark in self._marks.items()):
                return True
            self.delivered = self._count_lost() == self._lost
        except StoreError:
            return True
        return False

    def _count_lost(self) -> int:
        """Calls that were kept and then given up, ever. One that was refused had never been queued."""
        dropped = self._spill.stats().dropped
        return sum(count for reason, count in dropped.items() if reason not in self._refusals)

"""How long to wait for a state manager that does not answer."""

from __future__ import annotations

import random
from collections.abc import Callable

CAP_SECONDS = 30.0
JITTER = 0.25


class Backoff:
    """Waits that double from `base` up to 30 seconds; all but the first are up to a quarter shorter, at random."""

    def __init__(self, base: float, *, random: Callable[[], float] = random.random) -> None:
        self._base = base
        self._random = random
        self.failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        seconds = min(CAP_SECONDS, self._base * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return seconds if self.failures == 1 else seconds * (1 - JITTER * self._random())

    def reset(self) -> None:
        """It answers again."""
        self.failures = 0

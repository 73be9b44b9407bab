"""Intervals and backoff of a session."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, in seconds. `jitter` answers numbers in [0, 1).

    A failed report is repeated after 0.25 s, then twice as long each time up to 5 s, each pause shortened by up to half
    at random so that many neurons do not return to a struggling gateway at once. A failed register likewise, up to 30
    s.
    """

    heartbeat: float = 10.0
    retry_base: float = 0.25
    report_cap: float = 5.0
    register_cap: float = 30.0
    jitter: Callable[[], float] = random.random

    def report_pause(self, failures: int) -> float:
        """How long to wait after that many failed attempts (1 or more) at a report."""
        return self._pause(failures, self.report_cap)

    def register_pause(self, failures: int) -> float:
        """How long to wait after that many failed registers (1 or more) on one stream."""
        return self._pause(failures, self.register_cap)

    def _pause(self, failures: int, cap: float) -> float:
        # 2**failures would overflow a float after a thousand failures; the cap is reached long before.
        full = min(cap, self.retry_base * 2.0 ** min(failures - 1, 30))
        return full * (1 - self.jitter() / 2)

    def before_expiry(self, left: float) -> float:
        """How soon to renew a lease that has `left` seconds: half of them, so that a lost heartbeat leaves time for
        more.
        """
        return max(left / 2, min(0.25, self.heartbeat))

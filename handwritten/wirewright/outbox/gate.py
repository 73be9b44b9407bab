"""When to stop trying: after a few failures in a row a server is taken to be down, and asked again ever more rarely."""

from __future__ import annotations

from collections.abc import Callable

from wirewright.retry import RetryPolicy

BACKOFF = RetryPolicy(base=1.0, cap=60.0)
"""Pauses between attempts: 1 s, doubling up to 60 s, half of each at random."""


def pause(policy: RetryPolicy, attempt: int, random: Callable[[], float]) -> float:
    """Seconds after attempt number `attempt` (from 1). Never less than half, so that a lucky draw is no hot loop."""
    longest = policy.pause(attempt, lambda: 1.0)
    return longest if policy.jitter == "none" else longest * (0.5 + 0.5 * random())


class Gate:
    """Shut for a while after `tolerance` failures in a row; then one more failure shuts it for longer."""

    def __init__(self, policy: RetryPolicy, random: Callable[[], float], tolerance: int = 3) -> None:
        self._policy, self._random, self._tolerance = policy, random, tolerance
        self.failures = 0
        self.opens_at = 0.0

    def shut(self, now: float) -> bool:
        return now < self.opens_at

    def narrow(self) -> bool:
        """Whether only one call should be tried, to see how things are."""
        return self.failures >= self._tolerance

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.narrow():
            self.opens_at = now + pause(self._policy, self.failures - self._tolerance + 1, self._random)

    def succeeded(self) -> None:
        self.failures, self.opens_at = 0, 0.0

    def open(self) -> None:
        """Let one call through now."""
        self.opens_at = 0.0

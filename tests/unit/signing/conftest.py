"""A clock that stands still."""

from __future__ import annotations

from typing import Any

import pytest


class StillClock:
    """Time as a test sets it."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, until: Any = None) -> None:
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> StillClock:
    return StillClock()

"""Time, as something that can be passed in: tests hand a clock of their own, so that nothing really sleeps."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the runtime asks of time. `monotonic` measures spans, `time` is seconds since 1970 (UTC)."""

    def monotonic(self) -> float: ...

    def time(self) -> float: ...

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        """Wait; ended early when `until` is set."""
        ...

    async def asleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real one."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        if until is None:
            time.sleep(seconds)
        else:
            until.wait(seconds)

    async def asleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)

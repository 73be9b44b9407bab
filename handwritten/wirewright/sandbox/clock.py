"""Time as the rules see it: the machine's, or one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def time(self) -> float:
        """Seconds since 1970, UTC."""
        ...

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


_Sleeper = tuple[float, int, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


SYSTEM_CLOCK = SystemClock()


class ManualClock:
    """A clock that stands still until `advance(seconds)`; every sleeper whose time has come then wakes, in order.

    Safe to move from another thread than the sandbox's.
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._time = start
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._sleepers: list[_Sleeper] = []

    def time(self) -> float:
        return self._time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._time, UTC)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            heapq.heappush(self._sleepers, (self._time + seconds, next(self._order), loop, future))
        await future

    @property
    def sleepers(self) -> int:
        """How many wait for their time."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._time += seconds
            due: list[_Sleeper] = []
            while self._sleepers and self._sleepers[0][0] <= self._time:
                due.append(heapq.heappop(self._sleepers))
        for _, _, loop, future in due:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

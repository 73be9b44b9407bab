"""Getting reports to a state manager that may be away, slow or restarting; each is kept until it is taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from wirewright.errors import TransportError

from exospherehost._backoff import Backoff
from exospherehost._health import Counters
from exospherehost.signals import SignalNotSent

logger = logging.getLogger("exospherehost.runtime")

Report = Callable[[], Awaitable[int | None]]
"""Sends one report once; its answer's status, or None when there is nothing to say about it."""

TRY_AGAIN = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that say "not now"."""
MAX_SERVER_FAILURES = 8
"""A report that was answered with so many other 5xx will never be taken."""
FIRST_WAIT_SECONDS = 0.2


class Unavailable(Exception):  # noqa: N818  (reads as what happened)
    """The state manager answered, but "not now"."""


async def patiently(call: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The answer of a call that is repeated, ever more rarely, for as long as the state manager is away."""
    backoff = Backoff(FIRST_WAIT_SECONDS)
    while True:
        try:
            return await call()
        except (TransportError, Unavailable) as error:
            seconds = backoff.next()
            logger.warning(f"The state manager is away ({error}); {what} again in {seconds:.1f} s")
            await asyncio.sleep(seconds)


class Delivery:
    """Reports under way. They go on when the worker that made them is cancelled, until `settle` ends them."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._under_way: set[asyncio.Task[Any]] = set()

    async def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work that must not be cut short; when the caller is cancelled, it goes on without it."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for everything under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def abandon(self) -> None:
        """End what is still under way; it is counted as lost."""
        left = list(self._under_way)
        self._counters.lost += len(left)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def deliver(self, state_id: str, report: Report) -> bool:
        """Send a report until it is taken (True) or refused for good (False).

        Raises whatever else keeps the report from being sent.
        """
        failures = 0

        async def attempt() -> int:
            nonlocal failures
            status = await _status(report)
            if status in TRY_AGAIN or (status >= 500 and failures < MAX_SERVER_FAILURES - 1):
                failures += status not in TRY_AGAIN
                self._counters.retried_reports += 1
                raise Unavailable(f"status {status}")
            return status

        status = await patiently(attempt, f"reporting on state {state_id}")
        if status == 200:
            return True
        if status >= 500:
            self._counters.lost += 1
            logger.error(
                f"The report on state {state_id} was never taken: the state manager failed {failures + 1} times"
            )
        else:
            self._counters.refused += 1
        return False


async def _status(report: Report) -> int:
    try:
        status = await report()
    except SignalNotSent as error:
        return error.status
    return 200 if status is None else status

"""Exceptions by which a node says more than "failed". Raise them in `execute` and let them reach the runtime."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from exospherehost._session import ClientSession

_NOTE = "NOTE: Do not catch this Exception, let it bubble up to Runtime for handling at StateManager"


class SignalNotSent(Exception):  # noqa: N818  (reads as what happened)
    """The state manager refused a signal; `status` is its answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class PruneSignal(Exception):  # noqa: N818  (the name is part of the public surface)
    """End this branch of the run, on purpose: no next states, and no failure. `data` is kept with the state."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        self.data: dict[str, Any] = {} if data is None else data
        super().__init__(f"Prune signal received with data: {self.data} \n {_NOTE}")

    async def send(self, endpoint: str, key: str) -> None:
        """Tell the state manager; the runtime does this. An exception when it does not answer 200."""
        status = await _post(endpoint, key, {"data": self.data})
        if status != 200:
            raise SignalNotSent(f"Failed to send prune signal to {endpoint}", status)


class ReQueueAfterSignal(Exception):  # noqa: N818  (the name is part of the public surface)
    """Put this state off: it can be claimed again after `delay`, which counts as no failure."""

    def __init__(self, delay: timedelta) -> None:
        if delay.total_seconds() <= 0:
            raise Exception("Delay must be greater than 0")
        self.delay = delay
        super().__init__(f"ReQueueAfter signal received with timedelta: {delay} \n {_NOTE}")

    async def send(self, endpoint: str, key: str) -> None:
        """Tell the state manager; the runtime does this. An exception when it does not answer 200.

        Delays are cut to whole milliseconds, of which there is at least one.
        """
        milliseconds = max(1, int(self.delay.total_seconds() * 1000))
        status = await _post(endpoint, key, {"enqueue_after": milliseconds})
        if status != 200:
            raise SignalNotSent(f"Failed to send requeue after signal to {endpoint}", status)


async def _post(endpoint: str, key: str, body: dict[str, Any]) -> int:
    async with ClientSession() as session, session.post(endpoint, json=body, headers={"x-api-key": key}) as response:
        return int(response.status)

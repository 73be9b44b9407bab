"""The pool of async connections; a module of its own, so that a sync program never loads asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpcore

from wirewright.transport._httpx.aio import AsyncioBackend
from wirewright.transport._httpx.connection import Exchange, atake
from wirewright.transport._httpx.pool import Shared

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest
    from wirewright.transport._httpx.backend import Attempt


class AsyncPool(Shared):
    """Of async connections, for the tasks of one loop."""

    _backend = AsyncioBackend()
    _event, _each, _next = asyncio.Event, staticmethod(aiter), staticmethod(anext)

    async def start(self, request: HttpRequest, content: Any, attempt: Attempt) -> Exchange:
        """Send a request and read the head of its answer."""
        return await atake(self._started(request, content, attempt))

    @staticmethod
    async def _wait(event: asyncio.Event, limit: float | None) -> None:
        try:
            async with asyncio.timeout(limit):
                await event.wait()
        except TimeoutError as error:
            raise httpcore.PoolTimeout("timed out") from error

    async def aclose(self) -> None:
        """See `close`."""
        self.close()
        await asyncio.sleep(0)  # a loop closes sockets in its next round

    def abandon(self) -> None:
        """Free the sockets of a loop that is gone or stands still: nothing can be awaited on it."""
        for connection in self._connections:
            if connection.stream is not None:
                connection.stream.abandon()

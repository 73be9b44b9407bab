"""The default async transport, over pooled connections."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpcore

from wirewright.bodies import Upload
from wirewright.messages import HttpRequest, HttpResponse
from wirewright.transport import PoolOptions
from wirewright.transport._httpx.aio import kept
from wirewright.transport._httpx.apool import AsyncPool
from wirewright.transport._httpx.backend import Attempt
from wirewright.transport._httpx.doubles import async_stand_in, intercepted_async
from wirewright.transport._httpx.errors import LIBRARY_ERRORS, map_error
from wirewright.transport._httpx.pooled import Pools, check_size, is_streamed
from wirewright.transport.compression import ACCEPT_ENCODING, BodyReader


class AsyncPooledTransport:
    """The default async transport. Connections belong to a loop: each loop gets connections of its own."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._pools: dict[asyncio.AbstractEventLoop, Pools] = {}
        self._pid = os.getpid()

    def _current(self) -> Pools:
        if self._pid != os.getpid():  # a child must not talk on its parent's sockets
            self._pools, self._pid = {}, os.getpid()
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is None:
            self._forget_closed_loops()
            found = self._pools[loop] = Pools(self._options, AsyncPool, "AsyncCorePool")
        return found

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._pools) if loop.is_closed()]:
            if (pools := self._pools.pop(loop, None)) is not None:
                _abandon(pools)

    async def send(self, request: HttpRequest) -> HttpResponse:
        if intercepted_async():
            return await async_stand_in().send(request)
        attempt = Attempt(None)
        pool = self._current().pool(request.origin)
        work = self._exchange(pool, request, attempt)
        return await (work if isinstance(pool, AsyncPool) else pool.apart(work, attempt))

    async def _exchange(self, pool: Any, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        content = request.content.aopen() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        try:
            exchange = await pool.start(request, content, attempt)
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt) from error
        if is_streamed(request, exchange.status):
            attempt.begin_stream(request.idle)
            return self._streamed(exchange, attempt)
        return HttpResponse(exchange.status, exchange.headers, await self._read(exchange, request, attempt))

    async def _read(self, exchange: Any, request: HttpRequest, attempt: Attempt) -> bytes:
        body = BodyReader(exchange.headers, request.max_bytes)
        try:
            check_size(exchange.headers, request.max_bytes)
            ends = math.inf if request.budget is None else time.monotonic() + request.budget
            chunks: list[bytes] = []
            async for chunk in exchange:
                chunks.append(body.feed(chunk))
                if time.monotonic() > ends:  # many small chunks come without a pause in which the deadline could strike
                    await asyncio.sleep(0)
                    if attempt.aborted:
                        raise httpcore.ReadError("aborted")
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt, body.received) from error
        finally:
            await exchange.aclose()
        chunks.append(body.finish())
        return b"".join(chunks)

    def _streamed(self, exchange: Any, attempt: Attempt) -> HttpResponse:
        body = BodyReader(exchange.headers, None)

        async def close() -> None:
            await asyncio.shield(asyncio.ensure_future(exchange.aclose()))

        async def chunks() -> AsyncIterator[bytes]:
            try:
                async for chunk in exchange:
                    yield body.feed(chunk)
                yield body.finish()
            except LIBRARY_ERRORS as error:
                raise map_error(error, attempt, body.received) from error
            finally:
                await close()

        return HttpResponse(exchange.status, exchange.headers, body=chunks(), aclose=close)

    async def aclose(self) -> None:
        """Close all connections; those of other loops, where they run, a moment later."""
        own = self._pools.pop(asyncio.get_running_loop(), None)
        while self._pools:
            loop, pools = self._pools.popitem()
            if loop.is_running():
                with suppress(RuntimeError):  # it was closed just now
                    loop.call_soon_threadsafe(_close_later, pools)
            else:
                _abandon(pools)
        if own is not None:
            await _close(own)


async def _close(pools: Pools) -> None:
    for pool in pools.all():
        await pool.aclose()


def _close_later(pools: Pools) -> None:
    kept(asyncio.ensure_future(_close(pools)))


def _abandon(pools: Pools) -> None:
    """Free the sockets of a loop that is gone or stands still: nothing can be awaited on it."""
    for pool in pools.all():
        pool.abandon()

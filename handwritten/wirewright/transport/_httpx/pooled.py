"""The default transports, over pooled connections."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpcore

from wirewright.bodies import Upload
from wirewright.errors import DecodeError
from wirewright.messages import Headers, HttpRequest, HttpResponse
from wirewright.transport import PoolOptions
from wirewright.transport._httpx.aio import kept
from wirewright.transport._httpx.backend import Attempt
from wirewright.transport._httpx.doubles import async_stand_in, intercepted, intercepted_async, stand_in
from wirewright.transport._httpx.errors import LIBRARY_ERRORS, map_error, unusable
from wirewright.transport._httpx.places import environment_proxy
from wirewright.transport._httpx.pool import AsyncPool, Pool
from wirewright.transport.compression import ACCEPT_ENCODING, BodyReader


def is_streamed(request: HttpRequest, status: int) -> bool:
    return request.stream and 200 <= status < 300


def _check_size(headers: Headers, max_bytes: int | None) -> None:
    length = headers.get("content-length")
    if max_bytes is not None and length is not None and length.isdigit() and int(length) > max_bytes:
        raise DecodeError(f"the answer is larger than the limit of {max_bytes} bytes")


class _Pools:
    """The pools of one process (and one event loop): with and without proxy, made when first needed."""

    def __init__(self, options: PoolOptions, own: Callable[..., Any], core: str) -> None:
        self._options, self._own, self._core = options, own, core
        self._pools: dict[str, Any] = {}
        self._by_origin: dict[str, Any] = {}
        self._lock = threading.Lock()

    def pool(self, origin: str) -> Any:
        """Raises `ConnectError` when the proxy or the certificates that are configured cannot be used."""
        found = self._by_origin.get(origin)
        if found is None:
            with self._lock:
                proxy = self._proxy(origin)
                key = f"{origin.partition(':')[0]} {proxy}"
                if key not in self._pools:
                    with unusable():
                        self._pools[key] = self._new(proxy, self._ssl_context(origin, proxy))
                found = self._by_origin[origin] = self._pools[key]
        return found

    def _proxy(self, origin: str) -> str | None:
        if self._options.proxy is not None or not self._options.trust_env:
            return self._options.proxy
        return environment_proxy(origin)

    def _ssl_context(self, origin: str, proxy: str | None) -> Any:
        if origin.lower().startswith("https:") or (proxy or "").startswith("https:"):
            from wirewright.transport._httpx.tls import ssl_context

            return ssl_context(self._options.verify, self._options.trust_env)
        return None

    def _new(self, proxy: str | None, ssl_context: Any) -> Any:
        if self._options.http2 or proxy is not None:
            from wirewright.transport._httpx import core

            return getattr(core, self._core)(self._options, ssl_context, proxy)
        return self._own(self._options, ssl_context)

    def all(self) -> list[Any]:
        return list(self._pools.values())


class PooledTransport:
    """The default sync transport: pooled keep-alive connections, safe to share between threads and across forks."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._pools = _Pools(self._options, Pool, "CorePool")
        self._pid = os.getpid()

    def send(self, request: HttpRequest) -> HttpResponse:
        if intercepted():
            return stand_in().send(request)
        if self._pid != os.getpid():  # a child must not talk on its parent's sockets
            self._pools, self._pid = _Pools(self._options, Pool, "CorePool"), os.getpid()
        content = request.content.open() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        attempt = Attempt(request.budget)
        try:
            exchange = self._pools.pool(request.origin).start(request, content, attempt)
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt) from error
        if is_streamed(request, exchange.status):
            return self._streamed(exchange, request, attempt)
        return HttpResponse(exchange.status, exchange.headers, self._read(exchange, request, attempt))

    def _read(self, exchange: Any, request: HttpRequest, attempt: Attempt) -> bytes:
        body = BodyReader(exchange.headers, request.max_bytes)
        try:
            _check_size(exchange.headers, request.max_bytes)
            chunks = [body.feed(chunk) for chunk in exchange]
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt, body.received) from error
        finally:
            exchange.close()
        chunks.append(body.finish())
        return b"".join(chunks)

    def _streamed(self, exchange: Any, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        attempt.begin_stream(request.idle)
        body = BodyReader(exchange.headers, None)

        def chunks() -> Iterator[bytes]:
            try:
                for chunk in exchange:
                    yield body.feed(chunk)
                yield body.finish()
            except LIBRARY_ERRORS as error:
                raise map_error(error, attempt, body.received) from error
            finally:
                exchange.close()

        def close() -> None:
            exchange.wake()
            exchange.close()

        return HttpResponse(exchange.status, exchange.headers, body=chunks(), close=close)

    def close(self) -> None:
        for pool in self._pools.all():
            pool.close()
        self._pools = _Pools(self._options, Pool, "CorePool")


class AsyncPooledTransport:
    """The default async transport. Connections belong to a loop: each loop gets connections of its own."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._pools: dict[asyncio.AbstractEventLoop, _Pools] = {}
        self._pid = os.getpid()

    def _current(self) -> _Pools:
        if self._pid != os.getpid():  # a child must not talk on its parent's sockets
            self._pools, self._pid = {}, os.getpid()
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is None:
            self._forget_closed_loops()
            found = self._pools[loop] = _Pools(self._options, AsyncPool, "AsyncCorePool")
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
            _check_size(exchange.headers, request.max_bytes)
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


async def _close(pools: _Pools) -> None:
    for pool in pools.all():
        await pool.aclose()


def _close_later(pools: _Pools) -> None:
    kept(asyncio.ensure_future(_close(pools)))


def _abandon(pools: _Pools) -> None:
    """Free the sockets of a loop that is gone or stands still: nothing can be awaited on it."""
    for pool in pools.all():
        pool.abandon()

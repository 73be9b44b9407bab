"""The default transports: httpcore's connection pools, used below `httpx.Client`."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from wirewright.bodies import Upload
from wirewright.errors import DecodeError
from wirewright.messages import Headers, HttpRequest, HttpResponse, Timeout
from wirewright.transport import AsyncTransport, PoolOptions, Transport
from wirewright.transport._httpx.aio import AsyncioBackend, AsyncioStream
from wirewright.transport._httpx.backend import Attempt, DeadlineBackend
from wirewright.transport._httpx.doubles import replaced, replaced_async
from wirewright.transport._httpx.errors import LIBRARY_ERRORS, map_error, unusable
from wirewright.transport.compression import ACCEPT_ENCODING, BodyReader

_NO_LIMIT = Timeout(None, None, None, None)
_CLEANUP = 1.0  # seconds a cancelled caller waits for its connection to be closed
_CLOSING: set[asyncio.Future[None]] = set()


@lru_cache(maxsize=256)
def _origin(origin: str) -> tuple[bytes, bytes, int | None, bytes]:
    """Scheme, host, port and `Host` header."""
    url = httpx.URL(origin)
    return url.raw_scheme, url.raw_host, url.port, url.netloc


def _core_request(request: HttpRequest, content: Any, attempt: Attempt) -> httpcore.Request:
    scheme, host, port, netloc = _origin(request.origin)
    headers = [(b"host", netloc)]
    for name, value in request.headers.items():
        headers.append((name.encode("ascii"), _header_bytes(value)))
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=scheme, host=host, port=port, target=request.target.encode("ascii")),
        headers=headers,
        content=content,
        extensions={"timeout": attempt.limits(request.timeout or _NO_LIMIT)},
    )


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def _headers(response: httpcore.Response) -> Headers:
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers])


def is_streamed(request: HttpRequest, status: int) -> bool:
    return request.stream and 200 <= status < 300


def _check_size(headers: Headers, max_bytes: int | None) -> None:
    length = headers.get("content-length")
    if max_bytes is not None and length is not None and length.isdigit() and int(length) > max_bytes:
        raise DecodeError(f"the answer is larger than the limit of {max_bytes} bytes")


class _Pools:
    """The pools of one process (and one event loop): with and without proxy, made when first needed."""

    def __init__(self, options: PoolOptions, make: Callable[..., Any], make_proxy: Callable[..., Any]) -> None:
        self._options, self._make, self._make_proxy = options, make, make_proxy
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
                        self._pools[key] = self._new(origin, proxy)
                found = self._by_origin[origin] = self._pools[key]
        return found

    def _proxy(self, origin: str) -> str | None:
        if self._options.proxy is not None or not self._options.trust_env:
            return self._options.proxy
        proxies = urllib.request.getproxies()
        scheme, host = origin.partition("://")[::2]
        if not proxies or urllib.request.proxy_bypass(host):
            return None
        found = proxies.get(scheme) or proxies.get("all")
        return found if found is None or "://" in found else f"http://{found}"

    def _new(self, origin: str, proxy: str | None) -> Any:
        options = self._options
        limits: dict[str, Any] = {
            "max_connections": options.max_connections,
            "max_keepalive_connections": options.max_keepalive,
            "keepalive_expiry": options.keepalive_expiry,
            "http2": options.http2,
        }
        if origin.startswith("https:") or (proxy or "").startswith("https:"):
            limits["ssl_context"] = httpx.create_ssl_context(verify=options.verify, trust_env=options.trust_env)
        return self._make(**limits) if proxy is None else self._make_proxy(httpx.Proxy(proxy), limits)

    def all(self) -> list[Any]:
        return list(self._pools.values())


def _proxy_arguments(proxy: httpx.Proxy, limits: dict[str, Any]) -> dict[str, Any]:
    url = proxy.url
    core_url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return {"proxy_url": core_url, "proxy_auth": proxy.raw_auth, **limits}


def _sync_pools(options: PoolOptions) -> _Pools:
    backend = DeadlineBackend(whole=not options.http2)

    def make(**limits: Any) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(network_backend=backend, **limits)

    def make_proxy(proxy: httpx.Proxy, limits: dict[str, Any]) -> httpcore.ConnectionPool:
        kind = httpcore.SOCKSProxy if proxy.url.scheme.startswith("socks") else httpcore.HTTPProxy
        return kind(network_backend=backend, **_proxy_arguments(proxy, limits))

    return _Pools(options, make, make_proxy)


def _async_pools(options: PoolOptions) -> _Pools:
    backend = AsyncioBackend()

    def make(**limits: Any) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(network_backend=backend, **limits)

    def make_proxy(proxy: httpx.Proxy, limits: dict[str, Any]) -> httpcore.AsyncConnectionPool:
        kind = httpcore.AsyncSOCKSProxy if proxy.url.scheme.startswith("socks") else httpcore.AsyncHTTPProxy
        return kind(network_backend=backend, **_proxy_arguments(proxy, limits))

    return _Pools(options, make, make_proxy)


class PooledTransport:
    """The default sync transport: pooled keep-alive connections, safe to share between threads and across forks."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._pools = _sync_pools(self._options)
        self._pid = os.getpid()

    def send(self, request: HttpRequest) -> HttpResponse:
        if replaced():
            return _stand_in().send(request)
        if self._pid != os.getpid():  # a child must not talk on its parent's sockets
            self._pools, self._pid = _sync_pools(self._options), os.getpid()
        content = request.content.open() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        attempt = Attempt(request.budget)
        try:
            response = self._pools.pool(request.origin).handle_request(_core_request(request, content, attempt))
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt) from error
        headers = _headers(response)
        if is_streamed(request, response.status):
            return self._streamed(response, headers, request, attempt)
        return HttpResponse(response.status, headers, self._read(response, headers, request, attempt))

    def _read(self, response: Any, headers: Headers, request: HttpRequest, attempt: Attempt) -> bytes:
        body = BodyReader(headers, request.max_bytes)
        try:
            _check_size(headers, request.max_bytes)
            chunks = [body.feed(chunk) for chunk in response.stream]
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt, body.received) from error
        finally:
            response.close()
        chunks.append(body.finish())
        return b"".join(chunks)

    def _streamed(self, response: Any, headers: Headers, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        attempt.begin_stream(request.idle)
        body = BodyReader(headers, None)

        def chunks() -> Iterator[bytes]:
            try:
                for chunk in response.stream:
                    yield body.feed(chunk)
                yield body.finish()
            except LIBRARY_ERRORS as error:
                raise map_error(error, attempt, body.received) from error
            finally:
                response.close()

        def close() -> None:
            _shut(response)
            response.close()

        return HttpResponse(response.status, headers, body=chunks(), close=close)

    def close(self) -> None:
        for pool in self._pools.all():
            pool.close()
        self._pools = _sync_pools(self._options)


_certificates = lru_cache(maxsize=1)(httpx.create_ssl_context)


def _stand_in() -> Transport:
    """httpx's own transport, which a test double has replaced."""
    from wirewright.transport._httpx.wrapped import WrappedTransport

    return WrappedTransport(httpx.HTTPTransport(verify=_certificates()))


def _async_stand_in() -> AsyncTransport:
    from wirewright.transport._httpx.wrapped import AsyncWrappedTransport

    return AsyncWrappedTransport(httpx.AsyncHTTPTransport(verify=_certificates()))


def _shut(response: Any) -> None:
    """Wake whoever is blocked reading: closing a socket alone does not."""
    stream = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream is not None else None
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


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
            found = self._pools[loop] = _async_pools(self._options)
        return found

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._pools) if loop.is_closed()]:
            if (pools := self._pools.pop(loop, None)) is not None:
                _abandon(pools)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """One attempt, in a task of its own.

        A cancellation never reaches httpcore, which would lose that place in its pool: the connection is broken
        instead (or refused, once the attempt gets one), and httpcore cleans up as after any lost connection.
        HTTP/2 connections are shared, there the task is cancelled.
        """
        if replaced_async():
            return await _async_stand_in().send(request)
        attempt = Attempt(None)
        task = asyncio.get_running_loop().create_task(self._exchange(request, attempt))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_retrieve)
            attempt.aborted = True
            if self._options.http2:
                task.cancel()
            elif attempt.abort is not None:
                attempt.abort()
                await asyncio.wait({task}, timeout=_CLEANUP)
                task.cancel()  # if it is held up by something else, such as the source of its body
            raise

    async def _exchange(self, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        content = request.content.aopen() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        pool = self._current().pool(request.origin)
        try:
            response = await pool.handle_async_request(_core_request(request, content, attempt))
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt) from error
        headers = _headers(response)
        if is_streamed(request, response.status):
            attempt.begin_stream(request.idle)
            return self._streamed(response, headers, attempt)
        return HttpResponse(response.status, headers, await self._read(response, headers, request, attempt))

    async def _read(self, response: Any, headers: Headers, request: HttpRequest, attempt: Attempt) -> bytes:
        body = BodyReader(headers, request.max_bytes)
        try:
            _check_size(headers, request.max_bytes)
            ends = math.inf if request.budget is None else time.monotonic() + request.budget
            chunks: list[bytes] = []
            async for chunk in response.stream:
                chunks.append(body.feed(chunk))
                if time.monotonic() > ends:  # many small chunks come without a pause in which the deadline could strike
                    await asyncio.sleep(0)
                    if attempt.aborted:
                        raise httpcore.ReadError("aborted")
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt, body.received) from error
        finally:
            await response.aclose()
        chunks.append(body.finish())
        return b"".join(chunks)

    def _streamed(self, response: Any, headers: Headers, attempt: Attempt) -> HttpResponse:
        body = BodyReader(headers, None)

        async def close() -> None:
            await asyncio.shield(asyncio.ensure_future(response.aclose()))

        async def chunks() -> AsyncIterator[bytes]:
            try:
                async for chunk in response.stream:
                    yield body.feed(chunk)
                yield body.finish()
            except LIBRARY_ERRORS as error:
                raise map_error(error, attempt, body.received) from error
            finally:
                await close()

        return HttpResponse(response.status, headers, body=chunks(), aclose=close)

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
    _kept(asyncio.ensure_future(_close(pools)))


def _kept(closing: asyncio.Future[None]) -> None:
    """Referred to until it is done: a loop alone refers weakly."""
    _CLOSING.add(closing)
    closing.add_done_callback(_CLOSING.discard)


def _retrieve(task: asyncio.Task[HttpResponse]) -> None:
    """The end of an attempt that nobody waits for any more."""
    if not task.cancelled() and task.exception() is None and (close := task.result().aclose) is not None:
        _kept(asyncio.ensure_future(close()))


def _abandon(pools: _Pools) -> None:
    """Free the sockets of a loop that is gone or stands still: nothing can be awaited on it."""
    for pool in pools.all():
        for connection in pool.connections:
            stream = getattr(getattr(connection, "_connection", None), "_network_stream", None)
            if isinstance(stream, AsyncioStream):
                stream.abandon()

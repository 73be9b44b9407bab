"""httpcore's pools behind the face of ours, for what ours do not do: HTTP/2, and connections through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from wirewright.messages import Headers, HttpResponse
from wirewright.transport._httpx.aio import AsyncioBackend, AsyncioStream, kept
from wirewright.transport._httpx.backend import DeadlineBackend, end_reading
from wirewright.transport._httpx.http11 import encoded
from wirewright.transport._httpx.places import place_of
from wirewright.transport._httpx.pool import NO_LIMIT

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest
    from wirewright.transport import PoolOptions
    from wirewright.transport._httpx.backend import Attempt

_CLEANUP = 1.0  # seconds a cancelled caller waits for its connection to be closed


class _Exchange:
    """An answer of httpcore's; see `connection.Exchange`."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self.headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers])
        self._response: Any = response
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.stream:
            yield chunk

    def close(self) -> None:
        self._closed = True
        self._response.close()

    async def aclose(self) -> None:
        self._closed = True
        await self._response.aclose()

    def wake(self) -> None:
        stream = self._response.extensions.get("network_stream")
        if stream is not None and not self._closed:
            end_reading(stream)


def _arguments(options: PoolOptions, backend: Any, ssl_context: Any) -> dict[str, Any]:
    return {
        "network_backend": backend,
        "ssl_context": ssl_context,
        "max_connections": options.max_connections,
        "max_keepalive_connections": options.max_keepalive,
        "keepalive_expiry": options.keepalive_expiry,
        "http2": options.http2,
    }


def _made(plain: Any, http: Any, socks: Any, proxy: str | None, arguments: dict[str, Any]) -> Any:
    if proxy is None:
        return plain(**arguments)
    try:
        parsed = httpx.Proxy(proxy)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None
    url = parsed.url
    if (url.port or 0) > 65_535:
        raise ValueError("its port is above 65535")
    core_url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return (socks if url.scheme.startswith("socks") else http)(
        proxy_url=core_url, proxy_auth=parsed.raw_auth, **arguments
    )


def _request(request: HttpRequest, content: Any, attempt: Attempt) -> httpcore.Request:
    place = place_of(request.origin)
    headers = [(b"host", place.netloc)]
    for name, value in request.headers.items():
        headers.append((name.encode("ascii"), encoded(value)))
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=request.target.encode("ascii")),
        headers=headers,
        content=content,
        extensions={"timeout": attempt.limits(request.timeout or NO_LIMIT)},
    )


class CorePool:
    """See `pool.Pool`."""

    def __init__(self, options: PoolOptions, ssl_context: Any, proxy: str | None) -> None:
        arguments = _arguments(options, DeadlineBackend(whole=not options.http2), ssl_context)
        self._pool = _made(httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy, proxy, arguments)

    def start(self, request: HttpRequest, content: Any, attempt: Attempt) -> _Exchange:
        return _Exchange(self._pool.handle_request(_request(request, content, attempt)))

    def close(self) -> None:
        self._pool.close()


class AsyncCorePool:
    """See `pool.AsyncPool`. Whoever may be cancelled uses it by `apart`."""

    def __init__(self, options: PoolOptions, ssl_context: Any, proxy: str | None) -> None:
        arguments = _arguments(options, AsyncioBackend(), ssl_context)
        self._http2 = options.http2
        self._pool = _made(
            httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy, proxy, arguments
        )

    async def start(self, request: HttpRequest, content: Any, attempt: Attempt) -> _Exchange:
        return _Exchange(await self._pool.handle_async_request(_request(request, content, attempt)))

    async def apart(self, work: Coroutine[Any, Any, HttpResponse], attempt: Attempt) -> HttpResponse:
        """One attempt, in a task of its own.

        A cancellation never reaches httpcore, which would lose that place in its pool: the connection is broken
        instead (or refused, once the attempt gets one), and httpcore cleans up as after any lost connection.
        HTTP/2 connections are shared, there the task is cancelled.
        """
        task = asyncio.get_running_loop().create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_retrieve)
            attempt.aborted = True
            if self._http2:
                task.cancel()
            elif attempt.abort is not None:
                attempt.abort()
                await asyncio.wait({task}, timeout=_CLEANUP)
                task.cancel()  # if it is held up by something else, such as the source of its body
            raise

    async def aclose(self) -> None:
        await self._pool.aclose()

    def abandon(self) -> None:
        for connection in self._pool.connections:
            stream = getattr(getattr(connection, "_connection", None), "_network_stream", None)
            if isinstance(stream, AsyncioStream):
                stream.abandon()


def _retrieve(task: asyncio.Task[HttpResponse]) -> None:
    """The end of an attempt that nobody waits for any more."""
    if not task.cancelled() and task.exception() is None and (close := task.result().aclose) is not None:
        kept(asyncio.ensure_future(close()))

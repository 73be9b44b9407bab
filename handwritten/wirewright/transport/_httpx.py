"""The default transport: httpcore's connection pools, used below `httpx.Client`; and any httpx transport, wrapped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpcore
import httpx

from wirewright.errors import ConnectError, ConnectionLost, TimeoutError, TransportError
from wirewright.messages import Headers, HttpRequest, HttpResponse, Timeout

_NO_LIMIT = Timeout(None, None, None, None)


def map_error(error: Exception) -> TransportError:
    """One of our errors for one of httpcore's or httpx's."""
    text = str(error) or type(error).__name__
    if isinstance(error, httpcore.ConnectTimeout | httpx.ConnectTimeout):
        return TimeoutError(f"no connection in time: {text}", phase="connect", sent=False, last_error=error)
    if isinstance(error, httpcore.PoolTimeout | httpx.PoolTimeout):
        return TimeoutError("no free connection in time", phase="pool", sent=False, last_error=error)
    if isinstance(error, httpcore.WriteTimeout | httpx.WriteTimeout):
        return TimeoutError("the request could not be written in time", phase="write", last_error=error)
    if isinstance(error, httpcore.TimeoutException | httpx.TimeoutException):
        return TimeoutError("no answer in time", phase="read", last_error=error)
    if isinstance(error, httpcore.ConnectError | httpcore.ProxyError | httpx.ConnectError | httpx.ProxyError):
        return ConnectError(f"no connection: {text}", sent=False, last_error=error)
    if isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol | httpx.UnsupportedProtocol):
        return TransportError(f"the request cannot be sent: {text}", sent=False, last_error=error)
    return ConnectionLost(f"the connection broke: {text}", last_error=error)


_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpx.TransportError,
)


def _timeouts(request: HttpRequest) -> dict[str, float | None]:
    limit = request.timeout or _NO_LIMIT
    return {"connect": limit.connect, "read": limit.read, "write": limit.write, "pool": limit.pool}


def _httpx_request(request: HttpRequest, content: Any) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=content,
        extensions={"timeout": _timeouts(request)},
    )


class HttpxTransport:
    """Any sync httpx transport as a `Transport`."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content if isinstance(request.content, bytes | None) else request.content.open()
        try:
            response = self._transport.handle_request(_httpx_request(request, content))
            headers = Headers(response.headers.multi_items())
            if request.stream:
                return HttpResponse(response.status_code, headers, body=_chunks(response), close=response.close)
            return HttpResponse(response.status_code, headers, response.read())
        except _ERRORS as error:
            raise map_error(error) from error

    def close(self) -> None:
        self._transport.close()


class AsyncHttpxTransport:
    """Any async httpx transport as an `AsyncTransport`."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content if isinstance(request.content, bytes | None) else request.content.aopen()
        try:
            response = await self._transport.handle_async_request(_httpx_request(request, content))
            headers = Headers(response.headers.multi_items())
            if request.stream:
                return HttpResponse(response.status_code, headers, body=_achunks(response), aclose=response.aclose)
            return HttpResponse(response.status_code, headers, await response.aread())
        except _ERRORS as error:
            raise map_error(error) from error

    async def aclose(self) -> None:
        await self._transport.aclose()


def _chunks(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except _ERRORS as error:
        raise map_error(error) from error


async def _achunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except _ERRORS as error:
        raise map_error(error) from error


def wrap(transport: Any) -> Any:
    """A `Transport` for whatever was given: ours as it is, an httpx one wrapped, None the default."""
    if transport is None:
        return HttpxTransport(httpx.HTTPTransport())
    return HttpxTransport(transport) if isinstance(transport, httpx.BaseTransport) else transport


def awrap(transport: Any) -> Any:
    """The async counterpart of `wrap`."""
    if transport is None:
        return AsyncHttpxTransport(httpx.AsyncHTTPTransport())
    return AsyncHttpxTransport(transport) if isinstance(transport, httpx.AsyncBaseTransport) else transport

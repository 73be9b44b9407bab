"""Any httpx transport (a mock, an ASGI application, a custom one), or a whole httpx client, as one of ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

import httpx

from wirewright.bodies import Upload
from wirewright.errors import DecodeError, TimeoutError
from wirewright.messages import Headers, HttpRequest, HttpResponse, Timeout
from wirewright.transport._httpx.errors import LIBRARY_ERRORS, map_error
from wirewright.transport._httpx.pooled import is_streamed

_ERRORS = (*LIBRARY_ERRORS, httpx.RequestError, httpx.InvalidURL)
_NO_LIMIT = Timeout(None, None, None, None)
_parsed = lru_cache(maxsize=512)(httpx.URL)


def _httpx_request(request: HttpRequest, content: Any) -> httpx.Request:
    limit = request.timeout or _NO_LIMIT
    return httpx.Request(
        request.method,
        _parsed(request.url),
        headers=request.headers,
        content=content,
        extensions={
            "timeout": {
                "connect": limit.connect,
                "read": request.idle if request.stream else limit.read,
                "write": limit.write,
                "pool": limit.pool,
            }
        },
    )


def _checked(content: bytes, max_bytes: int | None) -> bytes:
    if max_bytes is not None and len(content) > max_bytes:
        raise DecodeError(f"the answer is larger than the limit of {max_bytes} bytes")
    return content


class WrappedTransport:
    """Any sync httpx transport as a `Transport`."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content.open() if isinstance(request.content, Upload) else request.content
        started = time.monotonic()
        try:
            response = self._transport.handle_request(_httpx_request(request, content))
            headers = Headers(response.headers.multi_items())
            if is_streamed(request, response.status_code):
                return HttpResponse(response.status_code, headers, body=self._chunks(response), close=response.close)
            body = _checked(response.read(), request.max_bytes)
        except _ERRORS as error:
            raise map_error(error) from error
        if request.budget is not None and time.monotonic() - started > request.budget:
            raise TimeoutError("the deadline passed", phase="deadline", bytes_received=len(body))
        return HttpResponse(response.status_code, headers, body)

    @staticmethod
    def _chunks(response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_bytes()
        except _ERRORS as error:
            raise map_error(error, None, response.num_bytes_downloaded) from error
        finally:
            response.close()

    def close(self) -> None:
        self._transport.close()


class AsyncWrappedTransport:
    """Any async httpx transport as an `AsyncTransport`."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content.aopen() if isinstance(request.content, Upload) else request.content
        try:
            response = await self._transport.handle_async_request(_httpx_request(request, content))
            headers = Headers(response.headers.multi_items())
            if is_streamed(request, response.status_code):
                return HttpResponse(response.status_code, headers, body=self._chunks(response), aclose=response.aclose)
            body = _checked(await response.aread(), request.max_bytes)
        except _ERRORS as error:
            raise map_error(error) from error
        return HttpResponse(response.status_code, headers, body)

    @staticmethod
    async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except _ERRORS as error:
            raise map_error(error, None, response.num_bytes_downloaded) from error
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Through(httpx.BaseTransport):
    """The connections, hooks and redirects of a client that somebody else owns, and closes."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._client.send(request, stream=True)


class _ThroughAsync(httpx.AsyncBaseTransport):
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True)


def wrapped(transport: Any) -> Any:
    """What a program brought, as a `Transport`. Raises `TypeError`."""
    if isinstance(transport, httpx.Client):
        return WrappedTransport(_Through(transport))
    if isinstance(transport, httpx.BaseTransport):
        return WrappedTransport(transport)
    if isinstance(transport, httpx.AsyncBaseTransport | httpx.AsyncClient) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the sync Client")
    return transport


def awrapped(transport: Any) -> Any:
    """The same, async."""
    if isinstance(transport, httpx.AsyncClient):
        return AsyncWrappedTransport(_ThroughAsync(transport))
    if isinstance(transport, httpx.AsyncBaseTransport):
        return AsyncWrappedTransport(transport)
    if isinstance(transport, httpx.BaseTransport | httpx.Client) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the AsyncClient")
    return transport

"""What the transport needs of an HTTP library, over the runtime's transport or over an `httpx.AsyncClient` that was
given.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx
    from wirewright.transport import AsyncTransport


_CONNECTIONS = 32
"""Enough to keep a gateway busy; each more makes every POST a little slower, and the gateway's life harder."""


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _closed() -> None:
    return


@dataclass(slots=True)
class Answer:
    """An HTTP answer; a streamed one has its body in `chunks`."""

    status: int
    content_type: str = ""
    content: bytes = b""
    chunks: AsyncIterator[bytes] = field(default_factory=_nothing)
    aclose: Callable[[], Awaitable[object]] = _closed

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")


class HttpPort(Protocol):
    """Requests with whole answers, and GETs that are read as they come. Redirects are not followed."""

    async def send(self, method: str, url: str, headers: dict[str, str], content: bytes | None = None) -> Answer: ...
    async def stream(self, url: str, headers: dict[str, str]) -> Answer: ...
    async def aclose(self) -> None: ...


def open_port(client: httpx.AsyncClient | None, timeout: float) -> HttpPort:
    """Over `client` when there is one, with its own timeouts, else over connections of our own, with `timeout`
    seconds.
    """
    if client is not None:
        return _ClientPort(client)
    return _RuntimePort(open_transport(), timeout)


def open_transport() -> AsyncTransport:
    """The runtime's, with connections of its own."""
    from wirewright.transport import PoolOptions
    from wirewright.transport._httpx import awrap

    return cast("AsyncTransport", awrap(PoolOptions(max_connections=_CONNECTIONS, max_keepalive=_CONNECTIONS)))


class _ClientPort:
    """Over somebody's client, which stays theirs."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, method: str, url: str, headers: dict[str, str], content: bytes | None = None) -> Answer:
        response = await self._client.request(method, url, headers=headers, content=content, follow_redirects=False)
        return Answer(response.status_code, response.headers.get("content-type", ""), response.content)

    async def stream(self, url: str, headers: dict[str, str]) -> Answer:
        request = self._client.build_request("GET", url, headers=headers, timeout=None)
        response = await self._client.send(request, stream=True, follow_redirects=False)
        return Answer(response.status_code, chunks=response.aiter_bytes(), aclose=response.aclose)

    async def aclose(self) -> None:
        return


class _RuntimePort:
    """Over the runtime's transport."""

    def __init__(self, transport: AsyncTransport, timeout: float) -> None:
        from wirewright.messages import Timeout

        self._transport = transport
        self._timeout = Timeout.of(timeout)
        self._patient = Timeout(connect=timeout, read=None, write=timeout, pool=timeout)

    async def send(self, method: str, url: str, headers: dict[str, str], content: bytes | None = None) -> Answer:
        from wirewright.messages import HttpRequest

        origin, target = _split(url)
        if content is not None:
            headers = {**headers, "content-length": str(len(content))}
        request = HttpRequest(method, origin, target, headers, content, timeout=self._timeout)
        response = await self._transport.send(request)
        return Answer(response.status, response.headers.get("content-type", ""), response.content)

    async def stream(self, url: str, headers: dict[str, str]) -> Answer:
        from wirewright.messages import HttpRequest

        origin, target = _split(url)
        request = HttpRequest("GET", origin, target, headers, timeout=self._patient, stream=True)
        response = await self._transport.send(request)
        body = cast("AsyncIterator[bytes] | None", response.body)  # what an async transport's answers have
        return Answer(response.status, chunks=body or _nothing(), aclose=response.aclose or _closed)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin, url[len(origin) :] or "/"


@asynccontextmanager
async def opened_port(client: httpx.AsyncClient | None, seconds: float = 30.0) -> AsyncGenerator[HttpPort, None]:
    """`open_port` for the length of a block."""
    port = open_port(client, seconds)
    try:
        yield port
    finally:
        await port.aclose()

"""The SDK's door to the network, in the shape that programs and test doubles know from aiohttp.

    async with ClientSession() as session:
        async with session.post(url, json=body, headers={"x-api-key": key}) as response:
            response.status, await response.json()

`exospherehost.runtime.ClientSession`, `exospherehost.signals.ClientSession` and
`exospherehost.statemanager.aiohttp.ClientSession` are this class; replacing one of them replaces what that module sends
with. Below it is wirewright's transport; where a test has put a double in the place of aiohttp itself (by patching
`aiohttp.ClientSession`, or with aioresponses), the double answers.
"""

from __future__ import annotations

import json as json_module
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest, HttpResponse
    from wirewright.transport import AsyncTransport

_SAFE = "/%:@!$&'()*+,;=-._~"
USER_AGENT = "exospherehost/0.0.3 wirewright"


def http_request(method: str, url: str, headers: dict[str, str], json: Any = None) -> HttpRequest:
    """One attempt as the transports take it. `ValueError` for what is no URL of a server."""
    from wirewright.messages import HttpRequest, Timeout

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"{url} is not the address of a state manager: it must begin with http:// or https://")
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{parts.query}" if parts.query else "")
    own = {"accept": "*/*", "user-agent": USER_AGENT}
    content = None
    if json is not None:
        content = json_module.dumps(json).encode()
        own |= {"content-type": "application/json", "content-length": str(len(content))}
    limits = Timeout(connect=30.0, read=300.0, write=300.0, pool=300.0)
    return HttpRequest(method, f"{parts.scheme}://{parts.netloc}", target, own | headers, content, timeout=limits)


def send_once(method: str, url: str, headers: dict[str, str], json: Any = None) -> ClientResponse:
    """Send without a loop, over a connection that is closed after it."""
    from wirewright.transport import _httpx

    transport = _httpx.wrap(None)
    try:
        response = transport.send(http_request(method, url, headers, json))
        return ClientResponse(response.status, response.content)
    finally:
        transport.close()


class Connections:
    """Connections of one event loop, kept open between calls until `aclose`; opened when they are needed.

    Each call has a transport to itself, so it never looks through the connections of other calls for a free one.
    """

    def __init__(self) -> None:
        self._free: list[AsyncTransport] = []
        self._all: list[AsyncTransport] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        """One attempt. Raises `wirewright.errors.TransportError` when nothing usable comes back."""
        transport = self._free.pop() if self._free else self._open()
        try:
            return await transport.send(request)
        finally:
            self._free.append(transport)

    def _open(self) -> AsyncTransport:
        from wirewright.transport import _httpx

        transport: AsyncTransport = _httpx.awrap(None)
        self._all.append(transport)
        return transport

    async def aclose(self) -> None:
        """Close all connections; the next `send` opens new ones."""
        everything, self._all, self._free = self._all, [], []
        for transport in everything:
            await transport.aclose()


class ClientSession:
    """Sends JSON, over `connections` (which are left open) or over its own (which are closed at the end)."""

    def __new__(cls, connections: Connections | None = None) -> Self:
        library = sys.modules.get("aiohttp")
        if library is not None and _is_double(library.ClientSession):
            return cast("Self", library.ClientSession())
        return super().__new__(cls)

    def __init__(self, connections: Connections | None = None) -> None:
        self._connections = connections or Connections()
        self._is_owner = connections is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_owner:
            await self._connections.aclose()

    def get(self, url: str, *, headers: dict[str, str] | None = None) -> PendingResponse:
        """A GET, sent when the answer is entered."""
        return PendingResponse(self._connections, "GET", url, headers or {}, None)

    def post(self, url: str, *, json: Any = None, headers: dict[str, str] | None = None) -> PendingResponse:
        """A POST with a JSON body, sent when the answer is entered."""
        return PendingResponse(self._connections, "POST", url, headers or {}, json)

    def put(self, url: str, *, json: Any = None, headers: dict[str, str] | None = None) -> PendingResponse:
        """A PUT with a JSON body, sent when the answer is entered."""
        return PendingResponse(self._connections, "PUT", url, headers or {}, json)


def _is_double(session: Any) -> bool:
    """Whether a test replaced aiohttp's session, or what it sends with."""
    sends = getattr(session, "_request", None)
    places = (getattr(value, "__module__", "") for value in (session, sends))
    return hasattr(sends, "mock") or not all(str(place).startswith("aiohttp") for place in places)


class PendingResponse:
    """An answer that is on its way; `async with` waits for it."""

    def __init__(self, connections: Connections, method: str, url: str, headers: dict[str, str], json: Any) -> None:
        self._connections = connections
        self._method = method
        self._url = url
        self._headers = headers
        self._json = json

    async def __aenter__(self) -> ClientResponse:
        response = await self._connections.send(http_request(self._method, self._url, self._headers, self._json))
        return ClientResponse(response.status, response.content)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class ClientResponse:
    """A whole answer."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status = status
        self.content = content

    async def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    async def json(self) -> Any:
        """The body as JSON; `ValueError` when it is none."""
        return json_module.loads(self.content)

"""Talks to a sandbox without a socket: a transport for httpx, sync and async, with streams and faults.

The one place besides `wirewright.transport` that imports the HTTP library: tests hand this to any httpx client.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from wirewright.sandbox.sandbox import Sandbox


class _Connection:
    """Stands for the socket: remembers how a fault ended the exchange."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def reset(self) -> None:
        self._exchange.fail(httpx.ReadError("connection reset by peer"))

    def close(self) -> None:
        self._exchange.fail(httpx.RemoteProtocolError("peer closed connection without sending complete message body"))


class _Exchange:
    """One request running in the sandbox's loop; what it sends is put into `pieces`, the end is None or an error."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self.pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.wake: Any = lambda: None
        self._request = request
        self._body = body
        self._sent = False
        self._over = False
        self.gone: asyncio.Event

    def put(self, piece: Any) -> None:
        if not self._over:
            self._over = piece is None or isinstance(piece, Exception)
            self.pieces.put(piece)
            self.wake()

    def fail(self, error: httpx.TransportError) -> None:
        error.request = self._request
        self.put(error)

    async def receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.put((message["status"], message["headers"]))
        else:
            if message.get("body"):
                self.put(message["body"])
            if not message.get("more_body"):
                self.put(None)

    async def run(self, app: Any) -> None:
        self.gone = asyncio.Event()
        url = self._request.url
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "state": {"connection": _Connection(self)},
        }
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:  # what a server answers by closing the connection
            self.fail(httpx.RemoteProtocolError(f"the sandbox failed: {error}"))
        self.put(None)


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange, task: Any, loop: asyncio.AbstractEventLoop, read: Any) -> None:
        self._exchange, self._task, self._loop, self._read = exchange, task, loop, read

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._exchange.pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._read()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._exchange.gone.set)

    async def aclose(self) -> None:
        self.close()


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client(transport=...)` and `httpx.AsyncClient(transport=...)`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request, request.read())
        loop = self._running_loop()
        task = asyncio.run_coroutine_threadsafe(exchange.run(self._sandbox.app), loop)
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            first = exchange.pieces.get(timeout=timeout)
        except queue.Empty:
            loop.call_soon_threadsafe(exchange.gone.set)
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        return self._response(first, _Stream(exchange, task, loop, None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request, await request.aread())
        mine, theirs = asyncio.get_running_loop(), self._running_loop()
        arrived = asyncio.Event()
        exchange.wake = arrived.set if mine is theirs else lambda: mine.call_soon_threadsafe(arrived.set)
        work = exchange.run(self._sandbox.app)
        task: Any = mine.create_task(work) if mine is theirs else asyncio.run_coroutine_threadsafe(work, theirs)

        async def read() -> Any:
            while exchange.pieces.empty():
                arrived.clear()
                if exchange.pieces.empty():
                    await arrived.wait()
            return exchange.pieces.get_nowait()

        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            first = await asyncio.wait_for(read(), timeout)
        except TimeoutError:
            theirs.call_soon_threadsafe(exchange.gone.set)
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        return self._response(first, _Stream(exchange, task, theirs, read))

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        loop = self._sandbox.loop
        if loop is None:
            raise RuntimeError("the sandbox is not running: use it in a with block")
        return loop

    @staticmethod
    def _response(first: Any, stream: _Stream) -> httpx.Response:
        if isinstance(first, Exception):
            raise first
        if first is None:
            raise httpx.RemoteProtocolError("server disconnected without sending a response")
        status, headers = first
        return httpx.Response(status, headers=headers, stream=stream)

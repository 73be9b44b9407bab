"""A server made of raw sockets, a clock that does not tick by itself, and both clients behind one face."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from wirewright import AsyncClient, Client, Content, Operation, Request, RetryPolicy, StreamRequest


class Item(msgspec.Struct):
    id: str


def operation(method: str = "GET", path: str = "/item", **options: Any) -> Operation:
    options.setdefault("responses", {"200": (Content("application/json", lambda: Item),)})
    options.setdefault("request", (Content("application/json"),))
    return Operation("get_item", method, path, codec="msgspec", **options)


GET = operation()
POST = operation("POST")
KEYED_POST = operation("POST", idempotency_header="Idempotency-Key")
EVENTS = operation(path="/events", responses={"200": (Content("text/event-stream", lambda: Item),), "204": ()})


class Received:
    """One request as the server read it."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.target, self.headers, self.body = method, target, headers, body


class Connection:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: RawServer) -> None:
        self.sock = sock
        self._server = server
        self._file = sock.makefile("rb")

    def read(self) -> Received | None:
        """The next request; None when the client has closed."""
        line = self._file.readline()
        if not line:
            return None
        method, target, _ = line.decode().split(" ", 2)
        headers: dict[str, str] = {}
        while (field := self._file.readline().strip()) != b"":
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = (
            self._chunked()
            if headers.get("transfer-encoding") == "chunked"
            else self._file.read(int(headers.get("content-length", 0)))
        )
        received = Received(method, target, headers, body)
        self._server.requests.append(received)
        return received

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self._file.readline(), 16):
            body += self._file.read(size)
            self._file.readline()
        self._file.readline()
        return body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)

    def begin_events(self, **headers: str) -> None:
        fields = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"} | headers
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end_events(self) -> None:
        self.send(b"0\r\n\r\n")

    def reset(self) -> None:
        """End with a TCP reset, not an orderly close; what was sent before is given time to be read."""
        self._server._stop.wait(0.1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self.sock.close()

    def wait_closed(self, seconds: float = 5.0) -> bool:
        """Whether the client closes its end in time."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


class RawServer:
    """Runs `script(connection, number)` in a thread for each connection; numbers count from 1."""

    def __init__(self, script: Callable[[Connection, int], None]) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._script = script
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        for number in itertools.count(1):
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections = number
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        connection = Connection(sock, self)
        with suppress(OSError, ValueError):
            self._script(connection, number)
        with suppress(OSError, ValueError):
            connection._file.close()
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def wait(self, seconds: float = 30.0) -> None:
        """Block a script until the test is over."""
        self._stop.wait(seconds)

    def close(self) -> None:
        self._stop.set()
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Connection, int], None]], RawServer]]:
    servers: list[RawServer] = []

    def start(script: Callable[[Connection, int], None]) -> RawServer:
        servers.append(RawServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Face:
    """One way to call: the same test drives the sync and the async client."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._runner = asyncio.Runner() if kind == "async" else None
        self._clients: list[Any] = []

    def client(self, url: str, **options: Any) -> Any:
        client = AsyncClient(url, **options) if self._runner else Client(url, **options)
        self._clients.append(client)
        return client

    def run(self, value: Any) -> Any:
        return self._runner.run(value) if self._runner else value

    def send(self, client: Any, request: Request[Any]) -> Any:
        return self.run(client.send(request))

    def deliver(self, client: Any, request: Request[Any]) -> Any:
        return self.run(client.deliver(request))

    def events(self, stream: Any) -> list[Any]:
        """All events until the stream ends."""
        if self._runner is None:
            return list(stream.events())

        async def collect() -> list[Any]:
            return [event async for event in stream.events()]

        return self._runner.run(collect())

    def next(self, stream: Any) -> Any:
        if self._runner is None:
            return next(stream)

        async def one() -> Any:
            return await anext(stream)

        return self._runner.run(one())

    def close(self) -> None:
        for client in self._clients:
            if self._runner is not None:
                self._runner.run(client.aclose())
            else:
                client.close()
        if self._runner is not None:
            self._runner.close()


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    face = Face(request.param)
    yield face
    face.close()


class Kit:
    """The operations and helpers that fault tests share."""

    Item = Item
    get: Operation = GET
    post: Operation = POST
    keyed_post: Operation = KEYED_POST
    events: Operation = EVENTS
    operation = staticmethod(operation)
    patient = RetryPolicy(jitter="none")

    @staticmethod
    def request(operation: Operation = GET, **parts: Any) -> Request[Any]:
        return Request(operation, **parts)

    @staticmethod
    def stream(operation: Operation = EVENTS, **parts: Any) -> StreamRequest[Any]:
        return StreamRequest(operation, **parts)


@pytest.fixture
def kit() -> type[Kit]:
    return Kit

"""Stores of all kinds, both clients with an outbox, and couriers that go when they are told to."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from wirewright import AsyncClient, Client, Content, Operation, Request, couriers
from wirewright.couriers import Round
from wirewright.outbox import Limits, MemoryOutbox, Outbox, Store, StoredCall
from wirewright.outbox.memory import MemoryStore
from wirewright.outbox.sqlite import SqliteStore

START = 1_800_000_000.0
EMIT = Operation(
    "emit", "POST", "/v1/records", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()}
)


@pytest.fixture
def emit() -> Operation:
    return EMIT


class Hand:
    """A clock that moves when told to, or by sleeping."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Hand:
    return Hand()


class Server:
    """Answers as told, and remembers what it was sent: (idempotency key, body, path)."""

    def __init__(self) -> None:
        self.answer: Callable[[httpx.Request], httpx.Response] | int = 200
        self.seen: list[tuple[str, str, str]] = []
        self.attempts: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.headers["idempotency-key"], request.content.decode(), request.url.raw_path.decode()))
        self.attempts.append(request.headers.get("x-retry-attempt"))
        return httpx.Response(self.answer) if isinstance(self.answer, int) else self.answer(request)

    @property
    def bodies(self) -> list[str]:
        return [body for _, body, _ in self.seen]

    @property
    def ids(self) -> list[str]:
        return [key for key, _, _ in self.seen]


@pytest.fixture
def server() -> Server:
    return Server()


class Face:
    """One way to call; the same test drives the sync and the async client."""

    def __init__(self, kind: str, server: Server) -> None:
        self.kind = kind
        self._server = server
        self._runner = asyncio.Runner() if kind == "async" else None
        self._clients: list[Any] = []

    def client(self, outbox: Any, url: str = "http://x/api", **options: Any) -> Any:
        options.setdefault("transport", httpx.MockTransport(self._server))
        options.setdefault("retry", None)

        def make() -> Any:
            return AsyncClient(url, outbox=outbox, **options) if self._runner else Client(url, outbox=outbox, **options)

        client = self.run(_in_loop(make)) if self._runner else make()
        self._clients.append(client)
        return client

    def run(self, value: Any) -> Any:
        return self._runner.run(value) if self._runner else value

    def deliver(self, client: Any, body: Any = None, **options: Any) -> Any:
        return self.run(client.deliver(Request(EMIT, body=body).with_options(**options)))

    def round(self, client: Any) -> bool:
        """Let the courier go once."""
        outbox = client.settings.outbox
        sent: bool = self.run(client.run(Round(client.settings, outbox, outbox.channel_of(client.base_url)).send()))
        return sent

    def flush(self, outbox: Any, seconds: float) -> bool:
        done: bool = self.run(outbox.aflush(seconds)) if self._runner else outbox.flush(seconds)
        return done

    def close(self, client: Any) -> None:
        if self._runner is not None:
            self._runner.run(client.aclose())
        else:
            client.close()

    def end(self) -> None:
        for client in self._clients:
            self.close(client)
        if self._runner is not None:
            self._runner.close()


async def _in_loop(make: Callable[[], Any]) -> Any:
    return make()


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest, server: Server) -> Iterator[Face]:
    face = Face(request.param, server)
    yield face
    face.end()


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No courier goes by itself: tests let one go with `face.round`."""
    for kind in (couriers.ThreadCourier, couriers.TaskCourier):
        monkeypatch.setattr(kind, "ensure", lambda self: False)


# Redis -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server: what WIREWRIGHT_TEST_REDIS names, else one started for this session."""
    pytest.importorskip("redis", reason="the extra `outbox-redis` is not installed")
    named = os.environ.get("WIREWRIGHT_TEST_REDIS")
    if named:
        yield named
        return
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no Redis: set WIREWRIGHT_TEST_REDIS or install the package redis-server")
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        port = _free_port()
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _until(lambda: _answers(port), 10.0)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def start_redis(tmp_path: Path) -> Callable[..., Any]:
    """A server of one's own, that can be stopped and started again with what it had on disk."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no Redis: install the package redis-server")
    pytest.importorskip("redis", reason="the extra `outbox-redis` is not installed")
    running: list[subprocess.Popen[bytes]] = []
    port = _free_port()

    def start() -> None:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--appendonly", "yes"]
        command = [binary, *options, "--appendfsync", "always"]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        _until(lambda: _answers(port), 10.0)

    def stop() -> None:
        for process in running:
            process.kill()
            process.wait(10)

    @contextmanager
    def manage() -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
        start()
        try:
            yield f"redis://127.0.0.1:{port}/0", stop, start
        finally:
            stop()

    return manage


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5) as sock:
        sock.sendall(b"PING\r\n")
        return sock.recv(7) == b"+PONG\r\n"  # not yet while it loads what it has on disk
    return False


def _until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something to come true; what it came to."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true in time")
        time.sleep(0.005)
    return value


@pytest.fixture
def until() -> Callable[..., Any]:
    return _until


# Stores and outboxes of all kinds -----------------------------------------------------------------------------------

MakeStore = Callable[..., Store]


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Makes views of one store: for SQLite and Redis, as other processes would have them."""
    kind, made, name = request.param, list[Store](), uuid.uuid4().hex
    url = request.getfixturevalue("redis_url") if kind == "redis" else ""

    def make(**limits: Any) -> Store:
        chosen = Limits(**limits)
        if kind == "memory":
            store: Store = made[0] if made else MemoryStore(chosen)
        elif kind == "sqlite":
            store = SqliteStore(tmp_path / "out.db", chosen, lease_seconds=60)
        else:
            import redis
            from wirewright.outbox.redis import RedisStore

            connection: Any = redis.Redis.from_url(url)
            store = RedisStore(connection, chosen, name=name, streams=4, lease_seconds=60)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


@pytest.fixture
def call() -> Callable[..., StoredCall]:
    """A stored call: `call("a", key="k")`."""

    def make(id: str | None = None, key: str = "k", content: bytes = b"{}", **fields: Any) -> StoredCall:
        return StoredCall(
            **{
                "id": id or uuid.uuid4().hex,
                "operation": "emit",
                "method": "POST",
                "target": "/v1/records",
                "headers": {"content-type": "application/json"},
                "content": content,
                "repeatable": True,
                "base_url": "http://x/api",
                "key": key,
                **fields,
            }
        )

    return make


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make_outbox(request: pytest.FixtureRequest, tmp_path: Path, clock: Hand) -> Iterator[Callable[..., Any]]:
    """An outbox of each kind on an injected clock, without luck."""
    made: list[Any] = []
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    def make(**options: Any) -> Any:
        options = {"clock": clock, "random": lambda: 1.0, **options}
        if request.param == "memory":
            outbox: Any = MemoryOutbox(**options)
        elif request.param == "sqlite":
            outbox = Outbox(tmp_path / "out.db", **{"send_now": False, **options})
        else:
            from wirewright import RedisOutbox

            outbox = RedisOutbox(url, name=uuid.uuid4().hex, streams=4, **options)
        made.append(outbox)
        return outbox

    yield make
    for outbox in made:
        outbox.close(0)


@pytest.fixture
def durable(tmp_path: Path, clock: Hand) -> Iterator[Callable[..., Outbox]]:
    """Outboxes on one file, on an injected clock, without luck."""
    made: list[Outbox] = []

    def make(**options: Any) -> Outbox:
        made.append(Outbox(tmp_path / "out.db", **{"clock": clock, "random": lambda: 1.0, **options}))
        return made[-1]

    yield make
    for outbox in made:
        outbox.close(0)

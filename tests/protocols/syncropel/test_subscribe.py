"""Following a thread: frames, reconnects and silence, scripted; and nothing lost or repeated over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from syncropel import Client, Identity, SubscribeError
from syncropel.subscribe import Backoff, RunResult, SseTransport, start_subscription
from wirewright.sandbox import Sandbox


class Body(httpx.AsyncByteStream):
    """Chunks of a stream; after them it ends, or stays silent."""

    def __init__(self, chunks: list[bytes], silent: bool = False) -> None:
        self._chunks, self._silent = chunks, silent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._silent:
            await asyncio.Event().wait()


class Feed(httpx.AsyncBaseTransport):
    """A kernel whose watch stream sends what it is told to, one item per connection; afterwards it is silent."""

    def __init__(self, *connections: Any) -> None:
        self._connections = list(connections)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self._connections:
            return self._stream([], silent=True)
        item = self._connections.pop(0)
        if isinstance(item, Exception):
            raise item
        return item if isinstance(item, httpx.Response) else self._stream(item)

    @staticmethod
    def _stream(chunks: list[bytes], silent: bool = False) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body(chunks, silent))


class Heard:
    """What a subscriber was told."""

    def __init__(self, feed: Any, **options: Any) -> None:
        self.records: list[dict[str, Any]] = []
        self.errors: list[SubscribeError] = []
        self.opened = self.beats = 0
        self._changed = asyncio.Event()
        self.client = Client(endpoint="http://kernel.test", identity=Identity.static("did:example:me"), transport=feed)
        self.subscription = self.client.subscribe(
            "t",
            self._record,
            on_error=self._error,
            on_open=self._open,
            on_heartbeat=self._beat,
            **{"reconnect_base_s": 0.0, **options},
        )

    def _record(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        self._changed.set()

    def _error(self, error: SubscribeError) -> None:
        self.errors.append(error)
        self._changed.set()

    def _open(self) -> None:
        self.opened += 1
        self._changed.set()

    def _beat(self) -> None:
        self.beats += 1
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def over(self) -> None:
        await self.subscription.wait_closed(timeout=10)
        await self.client.close()


def frame(data: Any, event: str | None = "record.created", id: str | None = None) -> bytes:
    lines = [f"event: {event}"] if event else []
    lines += [f"id: {id}"] if id else []
    return "\n".join([*lines, f"data: {json.dumps(data)}", "", ""]).encode()


def created(name: str, clock: int = 1, cursor: str | None = None) -> bytes:
    return frame({"id": name, "record": {"id": name, "clock": clock}}, id=cursor)


async def test_records_are_delivered() -> None:
    heard = Heard(Feed([created("a", 1, "1") + created("b", 2, "2")]), max_reconnects=0)
    await heard.over()
    assert [record["id"] for record in heard.records] == ["a", "b"]
    assert (heard.opened, heard.subscription.cursor, heard.subscription.closed) == (1, "2", True)


FRAMES: list[tuple[bytes, list[Any], str | None]] = [
    (b'data: {"record":{"a":1}}\n\n', [{"a": 1}], None),
    (b'id: 3\ndata: {"id":"x","record":{"a":1}}\n\n', [{"a": 1, "id": "x"}], "3"),
    (b'data: {"id":"x","record":{"id":""}}\n\n', [{"id": ""}], None),
    (b'event: weird\nid: 4\ndata: {"record":{"a":1}}\n\n', [], "4"),
    (b"event: heartbeat\n\n", [], None),
    (b"id: 9\ndata: [1]\n\n", [], "9"),
    (b"id: 9\ndata: no json\n\n", [], "9"),
    (b'data: {"record":\ndata: {"a":1}}\n\n', [{"a": 1}], None),
    (b'data:{"record":{"a":1}}\r\n\r\n', [{"a": 1}], None),
    (b': comment\n\ndata: {"record":{"a":1}}\n\n', [{"a": 1}], None),
    (b'data: {"record":{"a":1}}\n', [], None),
    ('data: {"record":{"a":"\u2028\u0085"}}\n\n'.encode(), [{"a": "\u2028\u0085"}], None),
    (b'data: {"record":"text"}\n\n', [], None),
]


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(("content", "records", "cursor"), FRAMES)
async def test_frames(content: bytes, records: list[Any], cursor: str | None, bytewise: bool) -> None:
    chunks = [bytes([byte]) for byte in content] if bytewise else [content]
    heard = Heard(Feed(chunks), max_reconnects=0)
    await heard.over()
    assert (heard.records, heard.subscription.cursor) == (records, cursor)


async def test_what_a_connection_asks_for() -> None:
    feed = Feed([created("a", 1, "c1")])
    client = Client(endpoint="http://h/pre", identity=Identity.static("did:example:me"), api_key="key", transport=feed)
    subscription = client.subscribe(
        "a/b", print, since_clock=0, bearer="token", reconnect_base_s=0.0, max_reconnects=1, heartbeat_timeout_s=0.05
    )
    await subscription.wait_closed(10)
    first, second = feed.requests
    assert str(first.url) == "http://h/pre/v1/threads/a%2Fb/watch?since_clock=0"
    wanted = ("accept", "cache-control", "x-api-key", "authorization", "content-type")
    assert [first.headers[name] for name in wanted] == [
        "text/event-stream",
        "no-cache",
        "key",
        "Bearer token",
        "application/json",
    ]
    assert ("last-event-id" in first.headers, second.headers["last-event-id"]) == (False, "c1")
    assert second.url.query == b""
    await client.close()


# Reconnecting


@pytest.mark.parametrize(
    ("connection", "reason", "message"),
    [
        ([], "transport_error", "stream closed by server without event"),
        ([frame({"code": "lagged", "message": "too slow"}, "error")], "lagged", "too slow"),
        ([frame({"code": "other"}, "error")], "transport_error", "stream error"),
        ([frame({"retry_after_ms": 0}, "server_shutdown")], "server_shutdown", "disconnected: server_shutdown"),
        (httpx.ConnectError("refused"), "transport_error", "ConnectError: refused"),
        (httpx.Response(401, text="x" * 300), "transport_error", f"HTTP 401: {'x' * 200}"),
        (httpx.Response(404, text="no"), "transport_error", "HTTP 404: no"),
        (httpx.Response(503, text=""), "transport_error", "HTTP 503: "),
    ],
)
async def test_why_a_connection_ended(connection: Any, reason: str, message: str) -> None:
    heard = Heard(Feed(connection), max_reconnects=1, heartbeat_timeout_s=0.05)
    await heard.until(lambda: len(heard.errors) >= 1)
    await heard.client.close()
    assert (heard.errors[0].reason, heard.errors[0].message, heard.errors[0].attempt) == (reason, message, 0)


async def test_attempts_are_counted_until_the_stream_lives() -> None:
    refused = httpx.ConnectError("refused")
    heard = Heard(Feed(refused, [], refused, [created("a")], refused, refused, refused), max_reconnects=3)
    await heard.over()
    assert [error.attempt for error in heard.errors] == [0, 1, 2, 0, 1, 2, 3]
    assert heard.opened == 2


@pytest.mark.parametrize(("limit", "connections"), [(0, 1), (1, 2), (2, 3)])
async def test_the_number_of_reconnects(limit: int, connections: int) -> None:
    feed = Feed(*[httpx.ConnectError("refused")] * 5)
    heard = Heard(feed, max_reconnects=limit)
    await heard.over()
    assert (len(feed.requests), len(heard.errors)) == (connections, connections)


async def test_an_opened_connection_alone_is_no_sign_of_life() -> None:
    heard = Heard(Feed([], [], []), max_reconnects=2)
    await heard.over()
    assert [error.attempt for error in heard.errors] == [0, 1, 2]


def test_pauses_double_with_full_jitter_and_obey_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    backoff = Backoff(0.5, 30.0, 10)
    assert [backoff.pause(attempt, None) for attempt in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.pause(10**9, None) == 30
    assert (backoff.pause(0, 2.5), backoff.pause(0, 100.0)) == (2.5, 30.0)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [({"retry_after_ms": 1500}, 1.5), ({}, 5.0), ({"retry_after_ms": "soon"}, 5.0), ({"retry_after_ms": True}, 5.0)],
)
async def test_the_pause_that_a_kernel_asks_for(data: Any, seconds: float) -> None:
    heard = Heard(Feed([frame(data, "server_shutdown")]), max_reconnects=0)
    await heard.over()
    assert heard.errors[0].next_retry_s == seconds


# Nothing lost, nothing repeated


async def test_the_first_clock_is_asked_for_until_there_is_a_cursor() -> None:
    feed = Feed(httpx.ConnectError("refused"), [], [created("a", 5)], [created("b", 6, "c")], [])
    heard = Heard(feed, since_clock=3)
    await heard.until(lambda: len(feed.requests) >= 5)
    await heard.client.close()
    asked = [(request.url.query, request.headers.get("last-event-id")) for request in feed.requests[:5]]
    assert asked == [(b"since_clock=3", None)] * 4 + [(b"", "c")]


async def test_without_any_cursor_the_lowest_clock_leads_back() -> None:
    feed = Feed([created("a", 7) + created("b", 6)], [created("a", 7) + created("b", 6) + created("c", 8)])
    heard = Heard(feed, max_reconnects=1)
    await heard.until(lambda: len(heard.records) == 3)
    await heard.client.close()
    assert [record["id"] for record in heard.records] == ["a", "b", "c"]
    assert feed.requests[1].url.query == b"since_clock=6"


async def test_what_an_earlier_connection_delivered_is_not_delivered_again() -> None:
    feed = Feed([created("a", 1, "1") + created("b", 2, "2")], [created("b", 2, "2") + created("c", 3, "3")])
    heard = Heard(feed, max_reconnects=1)
    await heard.until(lambda: len(heard.records) == 3)
    await heard.client.close()
    assert [record["id"] for record in heard.records] == ["a", "b", "c"]


async def test_silence_ends_a_connection() -> None:
    feed = Feed()
    heard = Heard(feed, heartbeat_timeout_s=0.05, max_reconnects=1)
    await heard.over()
    assert [error.reason for error in heard.errors] == ["heartbeat_timeout"] * 2
    assert (heard.opened, len(feed.requests)) == (2, 2)


async def test_comments_do_not_break_the_silence() -> None:
    class Commenting(Feed):
        @staticmethod
        def _stream(chunks: list[bytes], silent: bool = False) -> httpx.Response:
            async def comments() -> AsyncIterator[bytes]:
                while True:
                    yield b": still here\n\n"
                    await asyncio.sleep(0.01)

            return httpx.Response(200, content=comments())

    heard = Heard(Commenting(), heartbeat_timeout_s=0.1, max_reconnects=0)
    await heard.over()
    assert heard.errors[0].reason == "heartbeat_timeout"


async def test_frames_do_break_it() -> None:
    class Beating(Feed):
        @staticmethod
        def _stream(chunks: list[bytes], silent: bool = False) -> httpx.Response:
            async def beats() -> AsyncIterator[bytes]:
                for _ in range(10):
                    yield frame({}, "heartbeat")
                    await asyncio.sleep(0.03)

            return httpx.Response(200, content=beats())

    heard = Heard(Beating(), heartbeat_timeout_s=0.2, max_reconnects=0)
    await heard.over()
    assert (heard.beats, heard.errors[0].reason) == (10, "transport_error")


# Callbacks, closing, transports


async def test_callbacks_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*args: Any) -> None:
        raise KeyError("mine")

    feed = Feed([frame({}, "heartbeat") + created("a", 1, "7")])
    client = Client(endpoint="http://h", identity=Identity.static("did:example:me"), transport=feed)
    with caplog.at_level(logging.WARNING, logger="syncropel"):
        subscription = client.subscribe(
            "t", broken, on_error=broken, on_open=broken, on_heartbeat=broken, max_reconnects=0
        )
        await subscription.wait_closed(10)
    assert subscription.cursor == "7"
    assert [record.message.split(" raised ")[0] for record in caplog.records] == [
        "subscribe on_open",
        "subscribe on_heartbeat",
        "subscribe callback",
        "subscribe on_error",
    ]
    assert all(record.message.endswith("; swallowing") for record in caplog.records)
    await client.close()


async def test_closing_is_silent_and_may_be_repeated() -> None:
    heard = Heard(Feed())
    await heard.until(lambda: heard.opened == 1)
    heard.subscription.close()
    heard.subscription.close()
    await heard.subscription.wait_closed()
    assert (heard.subscription.closed, heard.errors) == (True, [])
    await heard.client.close()


async def test_a_client_closes_its_subscriptions() -> None:
    heard = Heard(Feed())
    await heard.until(lambda: heard.opened == 1)
    await heard.client.close()
    assert heard.subscription.closed


async def test_waiting_has_a_limit() -> None:
    heard = Heard(Feed())
    await heard.subscription.wait_closed(timeout=0.01)
    assert not heard.subscription.closed
    await heard.client.close()


async def test_mistakes_in_the_arguments_raise() -> None:
    client = Client(identity=Identity.static("did:example:me"))
    with pytest.raises(ValueError, match="subscribe requires a non-empty thread id"):
        client.subscribe("", print)
    with pytest.raises(TypeError, match="subscribe requires a callback"):
        client.subscribe("t", None)  # type: ignore[arg-type]


def test_a_subscription_needs_an_event_loop() -> None:
    client = Client(identity=Identity.static("did:example:me"))
    with pytest.raises(RuntimeError):
        client.subscribe("t", print)


class Pigeon:
    """A transport of somebody else's."""

    name = "pigeon"

    def __init__(self, *flights: Any) -> None:
        self.flights = list(flights)
        self.asked: list[dict[str, Any]] = []

    async def run(self, *, hooks: Any, **asked: Any) -> RunResult:
        self.asked.append(asked)
        flight = self.flights.pop(0)
        if isinstance(flight, Exception):
            raise flight
        hooks.on_open()
        hooks.on_record({"id": flight}, f"c-{flight}")
        return RunResult("transport_error", f"c-{flight}", "tired")


async def test_another_transport() -> None:
    pigeon = Pigeon("a", "b")
    heard = Heard(Feed(), transport=pigeon, max_reconnects=0, since_clock=1)
    await heard.over()
    assert (heard.subscription.transport_name, heard.subscription.cursor) == ("pigeon", "c-a")
    assert set(pigeon.asked[0]) == {
        "endpoint", "thread", "cursor", "since_clock", "api_key", "bearer", "heartbeat_timeout_s",
        "client", "cancel_event",
    }  # fmt: skip
    assert (heard.errors[0].message, heard.errors[0].reason) == ("tired", "transport_error")


async def test_a_transport_that_fails_ends_the_subscription() -> None:
    heard = Heard(Feed(), transport=Pigeon(KeyError("lost")))
    await heard.over()
    assert (heard.subscription.closed, heard.errors) == (True, [])


async def test_an_httpx_client_carries_a_subscription_too() -> None:
    records: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url="http://h", transport=Feed([created("a")])) as http:
        subscription = start_subscription(
            thread="t", callback=records.append, endpoint="http://h", api_key=None, http=http, max_reconnects=0
        )
        await subscription.wait_closed(10)
    assert [record["id"] for record in records] == ["a"]
    assert SseTransport.name == subscription.transport_name == "sse"


# Over real sockets


async def test_a_kernel_is_followed(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    arrived: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await client.emit(act="PUT", kind="core.x", body={"n": 0}, thread="t", clock=1)
    client.subscribe("t", arrived.put_nowait, since_clock=0)
    result = await client.emit(act="PUT", kind="core.x", body={"n": 1, "separator": "\u2028\u0085"}, thread="t")
    await client.emit(act="PUT", kind="core.x", body={}, thread="another")
    async with asyncio.timeout(10):
        first, second = await arrived.get(), await arrived.get()
    assert (first["body"]["n"], second["id"], second["body"]["separator"]) == (0, result.record_id, "\u2028\u0085")
    await client.close()
    assert arrived.empty()


@pytest.mark.parametrize(
    "break_", ["reset=mid:40%", "truncate=:40%", "drop=:40%@watch_thread", "status=503:40%@watch_thread"]
)
async def test_cuts_neither_lose_nor_repeat_a_record(
    connect: Callable[..., Client], kernel: Sandbox, break_: str
) -> None:
    kernel.faults.add(f"seed=7,{break_.partition('@')[0]}@watch_thread")
    client = connect()
    arrived: list[str] = []
    done = asyncio.Event()

    def callback(record: dict[str, Any]) -> None:
        arrived.append(record["id"])
        if len(arrived) == 40:
            done.set()

    client.subscribe("t", callback, since_clock=0, reconnect_base_s=0.01, reconnect_max_s=0.02)
    sent = [(await client.emit(act="PUT", kind="core.x", body={"n": n}, thread="t")).record_id for n in range(40)]
    async with asyncio.timeout(20):
        await done.wait()
    await client.close()
    assert arrived == sent


async def test_a_restart_neither_loses_nor_repeats_a_record(tmp_path: Any) -> None:
    data = tmp_path / "records.db"
    first = Sandbox("syncropel", data=data)
    first.__enter__()
    client = Client(endpoint=first.url, identity=Identity.static("did:example:me"), backoff_ms=20, max_retries=6)
    arrived: asyncio.Queue[str] = asyncio.Queue()
    errors: list[SubscribeError] = []
    standing = asyncio.Event()
    client.subscribe(
        "t",
        lambda record: arrived.put_nowait(record["id"]),
        on_error=errors.append,
        on_heartbeat=standing.set,
        reconnect_base_s=0.01,
        reconnect_max_s=0.05,
    )
    async with asyncio.timeout(20):
        await standing.wait()
        ids = [(await client.emit(act="PUT", kind="core.x", body={"n": 1}, thread="t")).record_id]
        assert await arrived.get() == ids[0]
        port = int(first.url.rpartition(":")[2])
        await asyncio.to_thread(first.close)
        with Sandbox("syncropel", data=data, port=port):
            ids.append((await client.emit(act="PUT", kind="core.x", body={"n": 2}, thread="t")).record_id)
            assert await arrived.get() == ids[1]
            assert [r["id"] for r in await client.query_thread("t")] == ids
            await client.close()
    assert errors[0].reason == "server_shutdown"
    assert arrived.empty()


async def test_a_kernel_that_forgot_everything_starts_over(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    arrived: asyncio.Queue[str] = asyncio.Queue()
    standing = asyncio.Event()
    client.subscribe(
        "t",
        lambda r: arrived.put_nowait(r["id"]),
        on_heartbeat=standing.set,
        reconnect_base_s=0.01,
        reconnect_max_s=0.05,
    )
    async with asyncio.timeout(10):
        await standing.wait()
        before = (await client.emit(act="PUT", kind="core.x", body={"n": 1}, thread="t")).record_id
        assert await arrived.get() == before
        await asyncio.to_thread(kernel.reset)
        after = (await client.emit(act="PUT", kind="core.x", body={"n": 2}, thread="t")).record_id
        assert await arrived.get() == after
    await client.close()


async def test_a_reader_that_was_too_slow_resumes(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    arrived: asyncio.Queue[str] = asyncio.Queue()
    errors: list[SubscribeError] = []
    opened = asyncio.Event()
    client.subscribe(
        "t",
        lambda r: arrived.put_nowait(r["id"]),
        on_error=errors.append,
        on_heartbeat=opened.set,
        reconnect_base_s=0.0,
    )
    async with asyncio.timeout(10), httpx.AsyncClient() as http:
        await opened.wait()
        await http.post(f"{kernel.url}/_sandbox/syncropel/lag")
        sent = (await client.emit(act="PUT", kind="core.x", body={}, thread="t")).record_id
        assert await arrived.get() == sent
    await client.close()
    assert [error.reason for error in errors] == ["lagged"]


async def test_a_silent_kernel_is_left(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    kernel.faults.add("silence=x1@watch_thread")
    client = connect()
    arrived: asyncio.Queue[str] = asyncio.Queue()
    errors: list[SubscribeError] = []
    client.subscribe(
        "t",
        lambda r: arrived.put_nowait(r["id"]),
        since_clock=0,
        on_error=errors.append,
        heartbeat_timeout_s=0.3,
        reconnect_base_s=0.0,
    )
    async with asyncio.timeout(10):
        sent = (await client.emit(act="PUT", kind="core.x", body={}, thread="t")).record_id
        assert await arrived.get() == sent
    await client.close()
    assert errors[0].reason == "heartbeat_timeout"

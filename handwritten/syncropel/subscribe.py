"""Following a thread: a subscription that reconnects, and the transport that reads the watch stream (protocol sheet §17).

A subscription keeps a cursor, the id of the last frame it saw, and resumes right after it. Until there is one it asks again from the
clock it began with, or from the lowest it delivered. A record that an earlier connection delivered is not delivered again,
so that restarts and overlapping replays neither lose nor repeat anything.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from syncropel_api.v0_7.operations.threads import watch_thread
from wirewright.errors import WirewrightError
from wirewright.messages import Timeout
from wirewright.request import Request
from wirewright.sse import RawEvent, SseDecoder

from syncropel import wire

KNOWN_EVENTS = frozenset({"record.created", "heartbeat", "error", "server_shutdown"})
DEFAULT_HEARTBEAT_TIMEOUT_S = 60.0
DEFAULT_RECONNECT_BASE_S = 0.5
DEFAULT_RECONNECT_MAX_S = 30.0
DEFAULT_RETRY_AFTER_S = 5.0
REMEMBERED_RECORDS = 10_000
"""Ids of delivered records that are kept to recognise them after a reconnect."""

log = logging.getLogger("syncropel")

JsonRecord = dict[str, Any]


@dataclass
class SubscribeError:
    """Why a connection ended: `server_shutdown`, `lagged`, `heartbeat_timeout` or `transport_error`.

    `attempt` counts the reconnects since the stream was last alive, `next_retry_s` is the pause before the next one.
    """

    reason: str
    message: str
    attempt: int
    next_retry_s: float


@dataclass
class RunResult:
    """How one connection ended. `last_cursor`: where to resume; `retry_after_s`: the pause that the kernel asked for."""

    reason: str
    last_cursor: str | None = None
    error: str | None = None
    retry_after_s: float | None = None


class TransportHooks(Protocol):
    """What a transport tells its subscription."""

    def on_open(self) -> None: ...

    def on_record(self, record: JsonRecord, cursor: str | None) -> None: ...

    def on_heartbeat(self) -> None: ...


class SubscriptionTransport(Protocol):
    """One connection of a subscription, from opening it to its end. What `run` raises ends the subscription."""

    @property
    def name(self) -> str: ...

    async def run(
        self,
        *,
        endpoint: str,
        thread: str,
        cursor: str | None,
        since_clock: int | None,
        api_key: str | None,
        bearer: str | None,
        heartbeat_timeout_s: float,
        client: Any,
        cancel_event: asyncio.Event,
        hooks: TransportHooks,
    ) -> Any: ...


class SseTransport:
    """Server-sent events over HTTP."""

    name = "sse"

    async def run(
        self,
        *,
        endpoint: str,
        thread: str,
        cursor: str | None,
        since_clock: int | None,
        api_key: str | None,
        bearer: str | None,
        heartbeat_timeout_s: float,
        client: Any,
        cancel_event: asyncio.Event,
        hooks: TransportHooks,
    ) -> RunResult:
        """Read one connection until it ends, for whatever reason.

        `heartbeat_timeout_s`: seconds without a frame after which the connection is taken for dead; 0 waits forever.
        """
        frames = _Frames(hooks, cursor)
        limit = heartbeat_timeout_s if heartbeat_timeout_s > 0 else None
        request = watch_request(thread, cursor=cursor, since_clock=since_clock, api_key=api_key, bearer=bearer)
        try:
            async with asyncio.timeout(limit) as silence, wire.async_client(client).download(request) as stream:
                hooks.on_open()
                async for chunk in stream:
                    for ended in frames.feed(chunk):
                        return ended
                    if limit is not None and frames.seen():
                        silence.reschedule(asyncio.get_running_loop().time() + limit)
                    if cancel_event.is_set():
                        return frames.ended("client_close")
        except TimeoutError as error:
            if silence.expired():
                return frames.ended("heartbeat_timeout", f"no frame within {heartbeat_timeout_s:g} s")
            return frames.ended("transport_error", f"{type(error).__name__}: {error}")
        except WirewrightError as error:
            return frames.ended("transport_error", wire.describe(error))
        return frames.ended("transport_error", "stream closed by server without event")


def watch_request(
    thread: str, *, cursor: str | None, since_clock: int | None, api_key: str | None, bearer: str | None
) -> Request[Any]:
    """One connection of the watch stream; it may stay silent as long as it likes."""
    headers = {"accept": "text/event-stream", "cache-control": "no-cache"}
    if api_key:
        headers["x-api-key"] = api_key
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    request = watch_thread(
        thread, since_clock=None if since_clock is None else int(since_clock), last_event_id=cursor or None
    )
    return request.with_options(headers=headers, timeout=Timeout(read=None), deadline=None, retry=None)


class _Frames:
    """Frames of one connection, read and handed to the hooks."""

    def __init__(self, hooks: TransportHooks, cursor: str | None) -> None:
        self._hooks = hooks
        self._cursor = cursor
        self._decoder = SseDecoder()
        self._seen = False

    def feed(self, chunk: bytes) -> Iterator[RunResult]:
        """What the chunk completes; yields the end of the connection when a frame says so."""
        for event in self._decoder.feed(chunk):
            self._seen = True
            self._cursor = event.id or self._cursor
            ended = self._frame(event)
            if ended is not None:
                yield ended
        self._cursor = self._decoder.last_event_id or self._cursor

    def seen(self) -> bool:
        """Whether there was a frame since this was last asked."""
        seen, self._seen = self._seen, False
        return seen

    def ended(self, reason: str, error: str | None = None, retry_after_s: float | None = None) -> RunResult:
        """The end of the connection."""
        return RunResult(reason, self._cursor, error, retry_after_s)

    def _frame(self, event: RawEvent) -> RunResult | None:
        data = wire.json_object(event.data)
        if event.event in {"record.created", "message"}:
            self._record(data)
        elif event.event == "heartbeat":
            self._hooks.on_heartbeat()
        elif event.event == "error":
            reason = "lagged" if data.get("code") == "lagged" else "transport_error"
            return self.ended(reason, str(data.get("message") or "stream error"))
        elif event.event == "server_shutdown":
            return self.ended("server_shutdown", retry_after_s=_seconds(data.get("retry_after_ms")))
        return None

    def _record(self, data: Mapping[str, Any]) -> None:
        record = data.get("record")
        if isinstance(record, dict):
            named = {**record, "id": data["id"]} if "id" not in record and data.get("id") else record
            self._hooks.on_record(named, self._cursor)


def _seconds(milliseconds: Any) -> float:
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
        return max(milliseconds / 1000, 0.0)
    return DEFAULT_RETRY_AFTER_S


@dataclass(frozen=True)
class Callbacks:
    """What a subscriber wants to hear. What they raise is logged and goes no further."""

    on_record: Callable[[JsonRecord], object]
    on_error: Callable[[SubscribeError], object] | None = None
    on_open: Callable[[], object] | None = None
    on_heartbeat: Callable[[], object] | None = None

    def call(self, name: str, callback: Callable[..., object] | None, *args: object) -> None:
        """Call one of them, if it is there."""
        if callback is None:
            return
        try:
            callback(*args)
        except Exception as error:
            log.warning("subscribe %s raised %s: %s; swallowing", name, type(error).__name__, error)


@dataclass(frozen=True)
class Backoff:
    """Pauses between connections: full jitter, doubling from `base_s` up to `max_s`; at most `max_reconnects` in a row."""

    base_s: float
    max_s: float
    max_reconnects: float

    def pause(self, attempt: int, asked_for_s: float | None) -> float:
        """Seconds before the next connection."""
        if asked_for_s is not None:
            return min(asked_for_s, self.max_s)
        return random.uniform(0, min(self.max_s, self.base_s * 2 ** min(attempt, 60)))  # noqa: S311 - no secret


class Progress:
    """How far a subscription has come. Is the `hooks` of its transport."""

    def __init__(self, callbacks: Callbacks, since_clock: int | None) -> None:
        self.cursor: str | None = None
        self.attempt = 0
        self._callbacks = callbacks
        self._asked_clock = since_clock
        self._lowest_clock: int | None = None
        self._connection = 0
        self._delivered: dict[str, int] = {}

    @property
    def since_clock(self) -> int | None:
        """The clock to resume from, as long as no cursor is known: the one asked for, else the lowest delivered."""
        if self.cursor is not None:
            return None
        return self._lowest_clock if self._asked_clock is None else self._asked_clock

    def connecting(self) -> None:
        """A new connection begins."""
        self._connection += 1

    def on_open(self) -> None:
        """The connection stands."""
        self._callbacks.call("on_open", self._callbacks.on_open)

    def on_heartbeat(self) -> None:
        """The kernel is alive."""
        self.attempt = 0
        self._callbacks.call("on_heartbeat", self._callbacks.on_heartbeat)

    def on_record(self, record: JsonRecord, cursor: str | None) -> None:
        """A record arrived: deliver it, unless an earlier connection did."""
        self.attempt = 0
        self.cursor = cursor or self.cursor
        if self._is_new(record):
            self._callbacks.call("callback", self._callbacks.on_record, record)

    def _is_new(self, record: JsonRecord) -> bool:
        clock, name = record.get("clock"), record.get("id")
        if isinstance(clock, int):
            self._lowest_clock = clock if self._lowest_clock is None else min(self._lowest_clock, clock)
        if not isinstance(name, str):
            return True
        if self._delivered.get(name, self._connection) < self._connection:
            return False
        self._delivered[name] = self._connection
        if len(self._delivered) > REMEMBERED_RECORDS:
            del self._delivered[next(iter(self._delivered))]
        return True


class Subscription:
    """A subscription that runs; made by `Client.subscribe`."""

    def __init__(
        self,
        *,
        thread: str,
        transport: SubscriptionTransport,
        callbacks: Callbacks,
        since_clock: int | None,
        backoff: Backoff,
        connect: Mapping[str, Any],
    ) -> None:
        self.thread = thread
        self._transport = transport
        self._callbacks = callbacks
        self._progress = Progress(callbacks, since_clock)
        self._backoff = backoff
        self._connect = connect
        self._cancelled = asyncio.Event()
        self._ended = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"syncropel-subscribe-{thread}")

    @property
    def transport_name(self) -> str:
        """The transport's name, `sse` unless another one was given."""
        return self._transport.name

    @property
    def cursor(self) -> str | None:
        """The id of the last frame that had one."""
        return self._progress.cursor

    @property
    def closed(self) -> bool:
        """Whether the subscription is over, for whatever reason."""
        return self._ended

    def close(self) -> None:
        """End it. Doing it again does no harm."""
        self._cancelled.set()
        self._task.cancel()

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Wait until it is over, at most `timeout` seconds."""
        await asyncio.wait([self._task], timeout=timeout)

    async def _run(self) -> None:
        try:
            while await self._once():
                pass
        finally:
            self._ended = True

    async def _once(self) -> bool:
        """One connection and the pause after it; False when there is to be no other."""
        progress = self._progress
        progress.connecting()
        result = await self._transport.run(
            thread=self.thread,
            cursor=progress.cursor,
            since_clock=progress.since_clock,
            cancel_event=self._cancelled,
            hooks=progress,
            **self._connect,
        )
        progress.cursor = result.last_cursor or progress.cursor
        if self._cancelled.is_set() or result.reason == "client_close":
            return False
        asked_for_s = result.retry_after_s if result.reason == "server_shutdown" else None
        pause = self._backoff.pause(progress.attempt, asked_for_s)
        message = result.error or f"disconnected: {result.reason}"
        error = SubscribeError(result.reason, message, progress.attempt, pause)
        self._callbacks.call("on_error", self._callbacks.on_error, error)
        if progress.attempt >= self._backoff.max_reconnects:
            return False
        progress.attempt += 1
        await asyncio.sleep(pause)
        return not self._cancelled.is_set()


def start_subscription(
    *,
    thread: str,
    callback: Callable[[JsonRecord], object],
    endpoint: str,
    api_key: str | None,
    http: Any,
    transport: SubscriptionTransport | None = None,
    since_clock: int | None = None,
    bearer: str | None = None,
    on_error: Callable[[SubscribeError], object] | None = None,
    on_open: Callable[[], object] | None = None,
    on_heartbeat: Callable[[], object] | None = None,
    reconnect_base_s: float = DEFAULT_RECONNECT_BASE_S,
    reconnect_max_s: float = DEFAULT_RECONNECT_MAX_S,
    max_reconnects: float = float("inf"),
    heartbeat_timeout_s: float = DEFAULT_HEARTBEAT_TIMEOUT_S,
) -> Subscription:
    """Start a subscription in the running event loop. `http` is the runtime's client, or an `httpx.AsyncClient`."""
    if not thread:
        raise ValueError("subscribe requires a non-empty thread id")
    if not callable(callback):
        raise TypeError(f"subscribe requires a callback, got {type(callback).__name__}")
    return Subscription(
        thread=thread,
        transport=transport or SseTransport(),
        callbacks=Callbacks(callback, on_error, on_open, on_heartbeat),
        since_clock=since_clock,
        backoff=Backoff(reconnect_base_s, reconnect_max_s, max_reconnects),
        connect={
            "endpoint": endpoint,
            "api_key": api_key,
            "bearer": bearer,
            "heartbeat_timeout_s": heartbeat_timeout_s,
            "client": http,
        },
    )

"""Following a thread: a subscription that reconnects, and the transport that reads the stream (protocol sheet §17).

A subscription keeps a cursor, the id of the last frame it saw, and resumes right after it. Until there is one it asks
again from the clock it began with, or from the lowest it delivered. A record that an earlier connection delivered is
not delivered again, so that restarts and overlapping replays neither lose nor repeat anything.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from syncropel.watch import KNOWN_EVENTS, JsonRecord, RunResult, SseTransport, SubscriptionTransport, TransportHooks

__all__ = [
    "DEFAULT_HEARTBEAT_TIMEOUT_S",
    "DEFAULT_RECONNECT_BASE_S",
    "DEFAULT_RECONNECT_MAX_S",
    "KNOWN_EVENTS",
    "RunResult",
    "SseTransport",
    "SubscribeError",
    "Subscription",
    "SubscriptionTransport",
    "TransportHooks",
    "start_subscription",
]

DEFAULT_HEARTBEAT_TIMEOUT_S = 60.0
DEFAULT_RECONNECT_BASE_S = 0.5
DEFAULT_RECONNECT_MAX_S = 30.0
REMEMBERED_RECORDS = 10_000
"""Ids of delivered records that are kept to recognise them after a reconnect."""

log = logging.getLogger("syncropel")


@dataclass
class SubscribeError:
    """Why a connection ended: `server_shutdown`, `lagged`, `heartbeat_timeout` or `transport_error`.

    `attempt` counts the reconnects since the stream was last alive, `next_retry_s` is the pause before the next one.
    """

    reason: str
    message: str
    attempt: int
    next_retry_s: float


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
    """Pauses between connections: full jitter, doubling from `base_s` up to `max_s`; `max_reconnects` in a row."""

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

    async def wait_closed(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as it was published
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

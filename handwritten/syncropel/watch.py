"""One connection of the watch stream: opened, read frame by frame, and left when it is dead (protocol sheet §17)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from syncropel_api.v0_7.operations.threads import watch_thread
from wirewright.errors import WirewrightError
from wirewright.messages import Timeout
from wirewright.request import Request
from wirewright.sse import RawEvent, SseDecoder

from syncropel import wire
from syncropel.checks import is_number, is_object

KNOWN_EVENTS = frozenset({"record.created", "heartbeat", "error", "server_shutdown"})
DEFAULT_RETRY_AFTER_S = 5.0

JsonRecord = dict[str, Any]


@dataclass
class RunResult:
    """How one connection ended. `last_cursor`: where to resume; `retry_after_s`: the pause the kernel asked for."""

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
        silence = asyncio.timeout(limit)
        try:
            async with silence, wire.async_client(client).download(request) as stream:
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
        if is_object(record):
            named = {**record, "id": data["id"]} if "id" not in record and data.get("id") else record
            self._hooks.on_record(named, self._cursor)


def _seconds(milliseconds: Any) -> float:
    if is_number(milliseconds):
        return max(milliseconds / 1000, 0.0)
    return DEFAULT_RETRY_AFTER_S

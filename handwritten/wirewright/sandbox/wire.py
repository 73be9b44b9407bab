"""Puts an answer on the wire, whole or with the faults that were decided for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from wirewright.sandbox.answers import Events, Lines
from wirewright.sandbox.clock import Clock
from wirewright.sandbox.faults import Plan
from wirewright.sandbox.incoming import Receive, Send
from wirewright.sandbox.render import Outgoing, event_bytes, line_bytes

Seen = Callable[[bytes], None]
T = TypeVar("T")


class Connection(Protocol):
    """The transport below a request."""

    def reset(self) -> None:
        """Breaks the connection at once (TCP RST); what was not sent yet is lost."""
        ...

    def close(self) -> None:
        """Ends the connection once what was written is sent."""
        ...


class Cut(Exception):  # noqa: N818 - not an error but the end of an answer that a fault asked for
    """The connection was cut on purpose."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A request's way to and from its client, as the ASGI server gives it."""

    send: Send
    receive: Receive
    connection: Connection | None = None


class Wire:
    """Sends one answer, with the plan's faults."""

    def __init__(self, channel: Channel, plan: Plan, clock: Clock, stopping: asyncio.Event) -> None:
        self._send = channel.send
        self._receive = channel.receive
        self._connection = channel.connection
        self._plan = plan
        self._clock = clock
        self._stopping = stopping
        self._last_write = 0.0

    # Faults before an answer exists ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Waits out the latency; raises Cut when a fault ends the exchange before the request is handled."""
        plan = self._plan
        if plan.latency:
            await self._clock.sleep(plan.latency)
        reset = plan.get("reset")
        if plan.get("drop"):
            self.close()
        elif reset and not reset.mid:
            self._reset()
        elif silence := plan.get("silence"):
            await self._silence(silence.value)

    async def _silence(self, seconds: float | None) -> None:
        """Says nothing until the time is over, the client goes away or the sandbox stops."""
        waits: list[asyncio.Future[Any]] = [_task(self._gone()), _task(self._stopping.wait())]
        if seconds is not None:
            waits.append(_task(self._clock.sleep(seconds)))
        await _first_of(waits)
        self.close()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _reset(self) -> None:
        if self._connection:
            self._connection.reset()
        raise Cut

    def close(self) -> None:
        """Ends the connection, wherever the answer is. Raises Cut."""
        if self._connection:
            self._connection.close()
        raise Cut

    # The answer ----------------------------------------------------------------------------------------------------

    async def whole(self, answer: Outgoing, *, head: bool = False) -> None:
        """Sends an answer whose body is known."""
        headers = answer.headers
        if answer.status not in {204, 304} and answer.status >= 200:
            headers = [*headers, (b"content-length", str(len(answer.body)).encode())]
        body = b"" if head else answer.body
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if not self._plan.faults:
            await self._send({"type": "http.response.body", "body": body})
            return
        await self._faulty(body)

    async def _faulty(self, body: bytes) -> None:
        plan = self._plan
        cut, reset = plan.get("truncate"), plan.get("reset")
        if cut or reset:
            keep = int(cut.value) if cut and cut.value is not None else int(len(body) * plan.roll)
            await self._pieces(body[: min(keep, max(0, len(body) - 1))])
            if reset:
                await self._clock.sleep(0.001)  # let the bytes out, so that the client has read some of the answer
                self._reset()
            self.close()
        await self._pieces(body)
        if slow := plan.get("slow_close"):
            await self._clock.sleep(slow.value or 0)
        await self._send({"type": "http.response.body", "body": b""})

    async def _pieces(self, body: bytes) -> None:
        plan = self._plan
        size, pause = len(body) or 1, 0.0
        if slices := plan.get("slice"):
            size, pause = int(slices.value or 1), 0.0005
        if bandwidth := plan.get("bandwidth"):
            rate = bandwidth.value or 1
            size = min(size, max(1, int(rate / 20)))
            pause = size / rate
        if drip := plan.get("drip"):
            size, pause = 1, drip.value or 0
        for start in range(0, len(body), size):
            if start and pause:
                await self._clock.sleep(pause)
            await self._send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})

    async def stream(self, answer: Outgoing, seen: Seen | None = None) -> None:
        """Sends an answer piece by piece until its source ends, the client goes away or the sandbox stops."""
        await self._send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        source = answer.stream
        pump = _task(self._pump(source, seen))
        waits: list[asyncio.Future[Any]] = [pump, _task(self._gone()), _task(self._stopping.wait())]
        if isinstance(source, Events) and source.heartbeat and source.heartbeat_event is not None:
            waits.append(_task(self._beat(source, seen)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(waits)
        for task in waits:
            if not task.cancelled():
                task.result()
        if self._stopping.is_set() and isinstance(source, Events) and source.farewell is not None:
            await self._send(
                {"type": "http.response.body", "body": event_bytes(_made(source.farewell)), "more_body": True}
            )
        await self._send({"type": "http.response.body", "body": b""})

    async def _pump(self, source: Any, seen: Seen | None) -> None:
        """Writes the items of a stream; what breaks an answer, breaks a stream after some items."""
        plan = self._plan
        last = int(plan.roll * 8) if plan.get("truncate") or plan.get("reset") else -1
        count = 0
        async for piece in _pieces_of(source):
            if count == last:
                self._reset() if plan.get("reset") else self.close()
            count += 1
            await self._write(piece, seen)
            if plan.get("duplicate"):
                await self._write(piece, seen)

    async def _write(self, piece: bytes, seen: Seen | None) -> None:
        self._last_write = self._clock.time()
        if seen:
            seen(piece)
        if self._plan.faults:
            await self._pieces(piece)
        else:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _beat(self, events: Events, seen: Seen | None) -> None:
        """Fills silences with heartbeats."""
        every = events.heartbeat or 0
        self._last_write = max(self._last_write, self._clock.time())
        while True:
            idle = self._clock.time() - self._last_write
            if idle >= every:
                await self._write(event_bytes(_made(events.heartbeat_event)), seen)
                idle = 0
            await self._clock.sleep(every - idle)


def _task(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    return asyncio.get_running_loop().create_task(work)


def _made(event: Any) -> Any:
    return event() if callable(event) else event


async def _pieces_of(source: Any) -> AsyncIterator[bytes]:
    if isinstance(source, Events):
        encode: Callable[[Any], bytes] = event_bytes
        source = source.source
    elif isinstance(source, Lines):
        encode, source = line_bytes, source.source
    else:
        encode = bytes
    async with _closing(source):
        async for item in _iterate(source):
            yield encode(item)


async def _iterate(source: AsyncIterable[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    if isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _closing(source: Any) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()


async def _first_of(waits: Sequence[asyncio.Future[Any]]) -> None:
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(waits)


async def _cancel(waits: Sequence[asyncio.Future[Any]]) -> None:
    for task in waits:
        task.cancel()
    await asyncio.gather(*waits, return_exceptions=True)

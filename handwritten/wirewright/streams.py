"""Typed streams of server-sent events and JSON lines: the sync and the async face of one flow.

    with client.stream(operations.watch_thread("t")) as stream:
        for record in stream: ...

An event that cannot be decoded raises `DecodeError` in its place; iterating on goes on behind it.
"""

from __future__ import annotations

import builtins
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from wirewright.errors import TimeoutError
from wirewright.following import Follower
from wirewright.messages import HttpResponse
from wirewright.request import StreamRequest
from wirewright.sse import ServerSentEvent
from wirewright.steps import Emit, Read, Sleep, StreamStep
from wirewright.streaming import ReconnectPolicy, Session

if TYPE_CHECKING:
    from wirewright.client import AsyncClient, Client

T = TypeVar("T")


class _Stream(Generic[T]):
    def __init__(self, client: Any, request: StreamRequest[T], policy: ReconnectPolicy | None) -> None:
        self._client = client
        self._closing = threading.Event()
        self._session = Session(
            policy or ReconnectPolicy(),
            safe=request.operation.is_idempotent,
            last_event_id=str(request.headers.get("Last-Event-ID") or ""),
        )
        follower = Follower(client.settings, request, self._session, self._closing.is_set)
        self._steps = follower.run()
        self._pending: deque[Any] = deque()
        self._response: HttpResponse | None = None

    @property
    def last_event_id(self) -> str:
        """Where a reconnect goes on; empty when the server gives no ids."""
        return self._session.last_event_id

    def _take(self) -> ServerSentEvent[T]:
        item = self._pending.popleft()
        if isinstance(item, Exception):
            raise item
        event: ServerSentEvent[T] = item
        return event

    def _resume(self, answer: Any, error: Exception | None) -> StreamStep:
        return self._steps.throw(error) if error is not None else self._steps.send(answer)


class EventStream(_Stream[T]):
    """A stream for threads. Iterate it for values, `events()` for events with their names and ids.

    `close` may be called from any thread and ends a blocked read at once.
    """

    _client: Client

    def events(self) -> Iterator[ServerSentEvent[T]]:
        """The events, from where the stream is."""
        while True:
            try:
                event = self._next()
            except StopIteration:
                return
            yield event

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        return self._next().data

    def _next(self) -> ServerSentEvent[T]:
        answer: Any = None
        error: Exception | None = None
        while not self._pending:
            if self._closing.is_set():
                raise StopIteration
            try:
                step = self._resume(answer, error)
            except BaseException:
                self._release()
                raise
            answer = error = None
            try:
                answer = self._perform(step)
            except Exception as raised:
                error = raised
            except BaseException:
                self.close()
                raise
        return self._take()

    def _perform(self, step: StreamStep) -> Any:
        if isinstance(step, Emit):
            self._pending.extend(step.items)
            return None
        if isinstance(step, Read):
            self._response = step.response
            body = step.response.body
            return next(body, None) if isinstance(body, Iterator) else None
        if isinstance(step, Sleep):
            self._release()
            return self._client.settings.clock.sleep(step.seconds, self._closing)
        return self._client.perform(step)

    def _release(self) -> None:
        response, self._response = self._response, None
        if response is not None and response.close is not None:
            with suppress(Exception):
                response.close()

    def close(self) -> None:
        """End the stream and free its connection. A reader blocked in another thread ends, without an error."""
        self._closing.set()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()


class AsyncEventStream(_Stream[T]):
    """A stream for tasks. Iterate it for values, `events()` for events with their names and ids.

    Cancelling the reading task closes the connection.
    """

    _client: AsyncClient

    async def events(self) -> AsyncIterator[ServerSentEvent[T]]:
        """The events, from where the stream is."""
        while True:
            try:
                event = await self._next()
            except StopAsyncIteration:
                return
            yield event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return (await self._next()).data

    async def _next(self) -> ServerSentEvent[T]:
        answer: Any = None
        error: Exception | None = None
        while not self._pending:
            if self._closing.is_set():
                raise StopAsyncIteration
            try:
                step = self._resume(answer, error)
            except StopIteration:
                await self._release()
                raise StopAsyncIteration from None
            except BaseException:
                await self._release()
                raise
            answer = error = None
            try:
                answer = await self._perform(step)
            except Exception as raised:
                error = raised
            except BaseException:
                await self.aclose()
                raise
        return self._take()

    async def _perform(self, step: StreamStep) -> Any:
        if isinstance(step, Emit):
            self._pending.extend(step.items)
            return None
        if isinstance(step, Read):
            self._response = step.response
            return await self._read(step)
        if isinstance(step, Sleep):
            await self._release()
            return await self._client.settings.clock.asleep(step.seconds)
        return await self._client.perform(step)

    async def _read(self, step: Read) -> bytes | None:
        import asyncio

        try:
            async with asyncio.timeout(step.seconds):
                body = step.response.body
                return await anext(body, None) if isinstance(body, AsyncIterator) else None
        except builtins.TimeoutError as error:
            if isinstance(error, TimeoutError):
                raise
            raise TimeoutError("no data in time", phase="idle", last_error=error) from error

    async def _release(self) -> None:
        response, self._response = self._response, None
        if response is not None and response.aclose is not None:
            with suppress(Exception):
                await response.aclose()

    async def aclose(self) -> None:
        """End the stream and free its connection."""
        self._closing.set()
        await self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

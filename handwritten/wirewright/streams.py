"""Typed streams of server-sent events and JSON lines, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from wirewright import codecs, flow
from wirewright.decode import match
from wirewright.messages import HttpResponse
from wirewright.request import StreamRequest
from wirewright.sse import ServerSentEvent, SseDecoder
from wirewright.steps import Step

if TYPE_CHECKING:
    from wirewright.client import AsyncClient, Client

T = TypeVar("T")


def _open(settings: flow.Settings, request: StreamRequest[Any]) -> Generator[Step, Any, HttpResponse]:
    plan = flow.plan_of(request.operation)
    http = flow.build(settings, request, plan)
    http.stream = True
    response = yield from flow.attempt(settings, request, http)
    if not plan.decoder.is_success(response.status):
        raise plan.decoder.error(response)
    return response


class _Reader:
    def __init__(self, request: StreamRequest[Any], response: HttpResponse) -> None:
        operation = request.operation
        decoder = flow.plan_of(operation).decoder
        self._codec = codecs.get(operation.codec)
        self._content = match(decoder.contents(response.status) or (), response.headers.get("content-type"))
        self._sse = SseDecoder()

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent[Any]]:
        for event in self._sse.feed(chunk):
            kind: Any = Any
            if self._content is not None:
                reference = (self._content.events or {}).get(event.event) or self._content.type
                kind = reference() if reference else Any
            value = self._codec.decoder(kind)(event.data.encode())
            yield ServerSentEvent(value, event.event, event.id, event.retry)


class EventStream(Generic[T]):
    """Iterate for values, `events()` for events with their names and ids. A context manager."""

    def __init__(self, client: Client, request: StreamRequest[T]) -> None:
        self._client, self._request = client, request
        self._response: HttpResponse | None = None

    def events(self) -> Iterator[ServerSentEvent[T]]:
        """The events as they arrive."""
        response = self._response = self._client._run(_open(self._client._settings, self._request))
        reader = _Reader(self._request, response)
        try:
            for chunk in response.body or ():  # type: ignore[union-attr]
                yield from reader.feed(chunk)
        finally:
            self.close()

    def __iter__(self) -> Iterator[T]:
        for event in self.events():
            yield event.data

    def close(self) -> None:
        """End the stream and free its connection."""
        if self._response is not None and self._response.close is not None:
            self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncEventStream(Generic[T]):
    """The async counterpart of `EventStream`."""

    def __init__(self, client: AsyncClient, request: StreamRequest[T]) -> None:
        self._client, self._request = client, request
        self._response: HttpResponse | None = None

    async def events(self) -> AsyncIterator[ServerSentEvent[T]]:
        """The events as they arrive."""
        response = self._response = await self._client._run(_open(self._client._settings, self._request))
        reader = _Reader(self._request, response)
        try:
            async for chunk in response.body:  # type: ignore[union-attr]
                for event in reader.feed(chunk):
                    yield event
        finally:
            await self.aclose()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for event in self.events():
            yield event.data

    async def aclose(self) -> None:
        """End the stream and free its connection."""
        if self._response is not None and self._response.aclose is not None:
            await self._response.aclose()  # type: ignore[misc]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

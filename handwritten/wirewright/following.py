"""The flow of a stream, written once for sync and async: connect, decode, hand out, reconnect."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from wirewright import codecs
from wirewright.bodies import is_json_lines
from wirewright.codecs import CodecError, Decoder
from wirewright.decode import match
from wirewright.errors import (
    DecodeError,
    ServerError,
    StreamError,
    TimeoutError,
    TransportError,
    WirewrightError,
)
from wirewright.flow import Exchange
from wirewright.hooks import log
from wirewright.jsonlines import JsonLinesDecoder
from wirewright.messages import HttpResponse
from wirewright.operation import Content
from wirewright.request import Request
from wirewright.settings import Settings
from wirewright.sse import RawEvent, ServerSentEvent, SseDecoder, TooLarge
from wirewright.steps import Emit, Read, Sleep, StreamStep
from wirewright.streaming import Session

_DONE = b"[DONE]"
_BROKEN: tuple[type[WirewrightError], ...] = (TransportError, ServerError)

Flow = Generator[StreamStep, Any, None]


class Follower:
    """One stream. `closed` is asked whether the consumer has left."""

    def __init__(self, settings: Settings, request: Request[Any], session: Session, closed: Callable[[], bool]) -> None:
        self._settings, self._request, self._session, self._closed = settings, request, session, closed
        self._attempts = 0

    def run(self) -> Flow:
        """The stream's whole life."""
        session, clock = self._session, self._settings.clock
        while not self._closed():
            cause: WirewrightError | None = None
            try:
                finished = yield from self._connection()
                if finished or not session.resumes(broken=False):
                    return
            except _BROKEN as error:
                if self._closed():
                    return
                if not session.connections:
                    raise
                if not session.resumes(broken=True):
                    raise self._lost(error) from error
                cause = error
            delay = session.delay(clock.monotonic(), self._settings.random)
            if delay is None:
                raise self._lost(cause) from cause
            log.info("%s: reconnecting in %.3f s: %s", self._request.operation.id, delay, cause or "the stream ended")
            yield Sleep(delay)

    def _lost(self, cause: WirewrightError | None) -> StreamError:
        why = cause or "the server keeps ending it without an event"
        return StreamError(
            f"the stream of {self._request.operation.id} broke and was not resumed: {why}",
            last_event_id=self._session.last_event_id,
            request=self._request,
            attempts=self._attempts,
        )

    def _connection(self) -> Generator[StreamStep, Any, bool]:
        """One connection, to its end. True: the stream is over for good."""
        response = yield from self._open()
        if response.status == 204:
            return True
        self._session.opened(self._settings.clock.monotonic())
        reader = self._reader(response)
        idle = self._session.policy.idle_timeout
        while True:
            try:
                chunk = yield Read(response, idle)
            except TimeoutError as error:
                raise TimeoutError(f"silent for {idle:g} s", phase="idle", last_error=error) from error
            items = reader.feed(chunk) if chunk is not None else reader.finish()
            if items:
                yield Emit(items)
            if chunk is None or reader.done:
                return reader.done

    def _open(self) -> Generator[StreamStep, Any, HttpResponse]:
        exchange = Exchange(self._settings, self._request, stream=True)
        try:
            exchange.prepare().idle = self._session.policy.idle_timeout
            return (yield from exchange.answer(self._session.headers()))
        except WirewrightError as error:
            exchange.note(error)
            raise
        finally:
            self._attempts += exchange.attempts

    def _reader(self, response: HttpResponse) -> Reader:
        decoder = Exchange(self._settings, self._request).plan.decoder
        media_type = response.headers.get("content-type") or ""
        content = match(decoder.contents(response.status) or (), media_type or None)
        base = media_type.partition(";")[0].strip().lower()
        if base != "text/event-stream" and not is_json_lines(base):
            raise DecodeError(
                f"{self._request.operation.id} should answer with a stream, it answered with {media_type or 'no type'}",
                status=response.status,
                request=self._request,
                attempts=self._attempts,
            )
        return Reader(self._request, content, self._session, base)


class Reader:
    """Bytes of one connection to typed events."""

    def __init__(self, request: Request[Any], content: Content | None, session: Session, media_type: str) -> None:
        self.done = False
        self._request, self._content, self._session = request, content, session
        self._codec = codecs.get(request.operation.codec)
        self._by_name: dict[str, Decoder] = {}
        limit = session.policy.max_event_bytes
        self._decoder: SseDecoder | JsonLinesDecoder = (
            JsonLinesDecoder(limit)
            if is_json_lines(media_type)
            else SseDecoder(limit, last_event_id=session.last_event_id)
        )

    def feed(self, chunk: bytes) -> list[Any]:
        """Events, and errors in the place of those that cannot be decoded."""
        items = self._items(self._decoder.feed(chunk))
        self._session.heard(self._decoder.last_event_id, self._decoder.retry)
        return items

    def finish(self) -> list[Any]:
        """What the end of the bytes completes."""
        return self._items(self._decoder.finish())

    def _items(self, events: list[RawEvent]) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if event.data == _DONE:
                self.done = True
                break
            if self._session.accept(event):
                items.append(self._typed(event))
        return items

    def _typed(self, event: RawEvent) -> ServerSentEvent[Any] | DecodeError:
        if isinstance(event, TooLarge):
            return self._error("an event is larger than the limit", event, "")
        decode = self._by_name.get(event.event) or self._choose(event.event)
        try:
            return ServerSentEvent(decode(event.data), event.event, event.id, event.retry)
        except CodecError as error:
            place = f" at {error.path}" if error.path else ""
            return self._error(f"an event {event.event!r} is not what the spec says: {error}{place}", event, error.path)

    def _error(self, message: str, event: RawEvent, path: str) -> DecodeError:
        return DecodeError(message, path=path, content=event.data, request=self._request)

    def _choose(self, name: str) -> Decoder:
        content = self._content
        known = content is not None and content.events is not None and name in content.events
        reference = content.events[name] if known and content and content.events else content and content.type
        decode = self._decode_as(reference() if reference else None)
        if content is not None and content.events is not None and not known:
            decode = _or_plain(decode)
        if len(self._by_name) < 256:
            self._by_name[name] = decode
        return decode

    def _decode_as(self, kind: Any) -> Decoder:
        if kind is None:
            return _plain
        if kind is str:
            return lambda data: data.decode(errors="replace")
        if kind is bytes:
            return lambda data: data
        decode = self._codec.decoder(kind)

        def typed(data: bytes) -> Any:
            try:
                return decode(data)
            except CodecError:
                repaired = data.decode(errors="replace").encode()
                if repaired == data:
                    raise
                return decode(repaired)

        return typed


def _plain(data: bytes) -> Any:
    """An event the spec does not name: JSON as plain values, anything else as text."""
    try:
        return codecs.get("msgspec").decoder(Any)(data)
    except CodecError:
        return data.decode(errors="replace")


def _or_plain(decode: Decoder) -> Decoder:
    def decoded(data: bytes) -> Any:
        try:
            return decode(data)
        except CodecError:
            return _plain(data)

    return decoded

"""Server-sent events, parsed to the letter of the WHATWG text (HTML standard, section 9.2.6). No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)

MAX_EVENT_BYTES = 128 * 1024 * 1024
_DIGITS = re.compile(rb"[0-9]+").fullmatch
_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(Generic[T_co]):
    """One event. `id` is the last event id at that moment (empty when there never was one), `retry` the reconnection
    time in milliseconds when this event's block set it."""

    __slots__ = ("data", "event", "id", "retry")

    def __init__(self, data: T_co, event: str = "message", id: str = "", retry: int | None = None) -> None:
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerSentEvent) and (
            (self.data, self.event, self.id, self.retry) == (other.data, other.event, other.id, other.retry)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ServerSentEvent({self.data!r}, event={self.event!r}, id={self.id!r}, retry={self.retry!r})"


class SseDecoder:
    """Feed bytes, get events. Every way of splitting the bytes gives the same events, in linear time."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self._buffer = bytearray()
        self._scanned = 0
        self._started = False
        self._data: list[bytes] = []
        self._event = b""
        self._id = b""
        self._block_retry: int | None = None

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent[str]]:
        """The events that this chunk completes."""
        self._buffer += chunk
        if not self._started:
            if len(self._buffer) < 3 and _BOM.startswith(bytes(self._buffer)):
                return
            self._started = True
            if self._buffer.startswith(_BOM):
                del self._buffer[:3]
        for line in self._lines():
            event = self._line(line)
            if event is not None:
                yield event

    def _lines(self) -> Iterator[bytes]:
        while True:
            found = _EOL(self._buffer, self._scanned)
            if found is None:
                self._scanned = len(self._buffer)
                return
            if found.group() == b"\r" and found.end() == len(self._buffer):
                self._scanned = found.start()
                return
            line = bytes(self._buffer[: found.start()])
            del self._buffer[: found.end()]
            self._scanned = 0
            yield line

    def _line(self, line: bytes) -> ServerSentEvent[str] | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value
        elif name == b"retry" and _DIGITS(value):
            self.retry = self._block_retry = int(value)
        return None

    def _dispatch(self) -> ServerSentEvent[str] | None:
        self.last_event_id = self._id.decode(errors="replace")
        data, event, retry = self._data, self._event, self._block_retry
        self._data, self._event, self._block_retry = [], b"", None
        if not data:
            return None
        return ServerSentEvent(
            b"\n".join(data).decode(errors="replace"),
            event.decode(errors="replace") or "message",
            self.last_event_id,
            retry,
        )


_EOL = re.compile(rb"\r\n|\n|\r").search

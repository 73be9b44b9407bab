"""Server-sent events, decoded to the letter of the WHATWG text (HTML standard, section 9.2.6). No I/O.

Every way of splitting the bytes gives the same events; time is linear in the bytes, memory bounded by one event.
"""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)

MAX_EVENT_BYTES = 128 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_DIGITS = re.compile(rb"[0-9]{1,15}").fullmatch
_IGNORED_LINE = b":"
_DATA = b"data:"


class ServerSentEvent(Generic[T_co]):
    """One event.

    `event` is its name ("message" when it has none), `id` the last event id at that moment (empty when there never was
    one), `retry` the reconnection time in milliseconds if this event set it.
    """

    __slots__ = ("data", "event", "id", "retry")

    def __init__(self, data: T_co, event: str = "message", id: str = "", retry: int | None = None) -> None:
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry

    def _key(self) -> tuple[Any, ...]:
        return self.data, self.event, self.id, self.retry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerSentEvent) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.event, self.id))

    def __repr__(self) -> str:
        return f"ServerSentEvent({self.data!r}, event={self.event!r}, id={self.id!r}, retry={self.retry!r})"


class RawEvent(ServerSentEvent[bytes]):
    """An event as it came off the wire: `data` is bytes that should be UTF-8. `own_id`: its block had an `id` line."""

    __slots__ = ("own_id",)

    def __init__(
        self, data: bytes, event: str = "message", id: str = "", retry: int | None = None, *, own_id: bool = False
    ) -> None:
        super().__init__(data, event, id, retry)
        self.own_id = own_id

    @property
    def text(self) -> str:
        """The data as text, bytes that are no UTF-8 replaced by U+FFFD."""
        return self.data.decode(errors="replace")


class TooLarge(RawEvent):
    """Stands for an event that was larger than the limit; its data was not kept, decoding goes on behind it."""

    __slots__ = ()


class SseDecoder:
    """Feed bytes, get the events they complete. The last block is an event only if a blank line ends it.

    An event whose data is larger than `max_event_bytes` comes as `TooLarge`; longer lines of other fields are ignored.

    `last_event_id` and `retry` (milliseconds) are what a reconnect should use.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES, *, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self._max = max_event_bytes
        self._head: bytes | None = b""
        self._tail = bytearray()
        self._after_cr = False
        self._id = last_event_id
        self._reset()

    def _reset(self) -> None:
        self._data: list[bytes] = []
        self._size = 0
        self._event = b""
        self._own_id = False
        self._own_retry: int | None = None
        self._oversized = False

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """The events that `chunk` completes."""
        if self._head is not None:
            chunk = self._without_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if end == 0:
            self._keep(chunk)
            return []
        self._after_cr = end == len(chunk) and chunk[-1] == 0x0D
        lines = (bytes(self._tail) + chunk[:end] if self._tail else chunk[:end]).splitlines()
        self._tail = bytearray()
        events = [event for line in lines if (event := self._line(line)) is not None]
        self._keep(chunk[end:])
        return events

    def _without_bom(self, chunk: bytes) -> bytes:
        """One byte order mark at the very start is no content; it may come in pieces."""
        head = (self._head or b"") + chunk
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BOM)

    def _keep(self, part: bytes) -> None:
        """The beginning of a line. Once it is too long, whatever may follow, its rest is read as a comment."""
        self._tail += part
        if self._size + len(self._tail) <= self._max:
            return
        if self._tail.startswith(_DATA):
            value = len(self._tail) - len(_DATA) - self._tail.startswith(b" ", len(_DATA))
            if self._size + value + 1 > self._max:
                self._drop()
                self._tail = bytearray(_IGNORED_LINE)
        elif len(self._tail) > max(self._max, len(_DATA)):
            self._tail = bytearray(_IGNORED_LINE)

    def _drop(self) -> None:
        self._oversized = True
        self._data = []
        self._size = 0

    def _line(self, line: bytes) -> RawEvent | None:
        if not line:
            return self._dispatch()
        if len(line) > self._max and len(line) > len(_DATA) and not line.startswith(_DATA):
            return None  # too long to be kept while it came, so it means the same when it comes at once
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._add(value)
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id, self._own_id = value.decode(errors="replace"), True
        elif name == b"retry" and _DIGITS(value):
            self.retry = self._own_retry = int(value)
        return None

    def _add(self, value: bytes) -> None:
        self._size += len(value) + 1
        if self._size > self._max:
            self._drop()
        elif not self._oversized:
            self._data.append(value)

    def _dispatch(self) -> RawEvent | None:
        self.last_event_id = self._id
        if not self._data and not self._oversized:
            self._event = b""
            self._own_id, self._own_retry = False, None
            self._size = 0
            return None
        name = self._event.decode(errors="replace") or "message"
        kind = TooLarge if self._oversized else RawEvent
        event = kind(b"\n".join(self._data), name, self._id, self._own_retry, own_id=self._own_id)
        self._reset()
        return event

    def finish(self) -> list[RawEvent]:
        """The bytes have ended: a block that no blank line ended is dropped, as the standard says."""
        return []

"""JSON values one per line (`application/jsonl`, `application/x-ndjson`) and RFC 7464 sequences. No I/O."""

from __future__ import annotations

from wirewright.sse import MAX_EVENT_BYTES, RawEvent, TooLarge

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\x1e"


class JsonLinesDecoder:
    """Feed bytes, get the lines they complete, as nameless events. Blank lines are skipped, the last needs no newline.

    A line longer than the limit is dropped, and decoding goes on with the next.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self._max = max_event_bytes
        self._tail = bytearray()
        self._first = True
        self._oversized = False

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """The values that `chunk` completes."""
        end = chunk.rfind(b"\n") + 1
        if end == 0:
            self._keep(chunk)
            return []
        lines = (bytes(self._tail) + chunk[:end] if self._tail else chunk[:end]).split(b"\n")[:-1]
        self._tail = bytearray()
        events = [event for line in lines if (event := self._line(line)) is not None]
        self._keep(chunk[end:])
        return events

    def _keep(self, part: bytes) -> None:
        self._tail += part
        if len(self._tail) > self._max:
            self._oversized = True
            self._tail = bytearray()

    def _line(self, line: bytes) -> RawEvent | None:
        first, self._first = self._first, False
        if self._oversized or len(line) > self._max:
            self._oversized = False
            return TooLarge(b"")
        if first:
            line = line.removeprefix(_BOM)
        line = line.strip(_BLANK)
        return RawEvent(line) if line else None

    def finish(self) -> list[RawEvent]:
        """The bytes have ended: what is left is the last line."""
        if not self._tail and not self._oversized:
            return []
        last = self._line(bytes(self._tail))
        self._tail = bytearray()
        return [] if last is None else [last]

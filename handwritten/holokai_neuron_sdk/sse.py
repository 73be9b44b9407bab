"""Server-sent events as this protocol reads them (protocol sheet §6.1).

The rules are those of the HTML standard but for three corners that existing gateways and clients rely on: a bare `data`
line without a colon is ignored, an event name loses all surrounding white space and may be empty, and a byte order mark
is not stripped. A line end may be split over chunks.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its name (`message` when it has none) and its data lines, joined by newlines."""

    event: str
    data: str


class SseReader:
    """Bytes in, events out, in linear time however the bytes are split."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._after_cr = False
        self._name: str | None = None
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """The events that `chunk` completes."""
        if not chunk:
            return
        follows_cr, self._after_cr = self._after_cr, chunk.endswith(b"\r")
        if follows_cr:
            chunk = chunk.removeprefix(b"\n")
        head, *lines = _LINE_END.split(chunk)
        self._unfinished.append(head)
        if not lines:
            return
        whole = b"".join(self._unfinished)
        self._unfinished = [lines.pop()]
        for line in (whole, *lines):
            event = self._line(line)
            if event:
                yield event

    def _line(self, line: bytes) -> SseEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" ").decode(errors="replace"))
        elif line.startswith(b"event:"):
            self._name = line[6:].decode(errors="replace").strip()
        return None

    def _dispatch(self) -> SseEvent | None:
        name, data = self._name, self._data
        self._name, self._data = None, []
        return SseEvent("message" if name is None else name, "\n".join(data)) if data else None


async def parse_sse_stream(byte_chunks: AsyncIterator[bytes]) -> AsyncIterator[SseEvent]:
    """The events of a stream of byte chunks. An unfinished last event is dropped."""
    reader = SseReader()
    async for chunk in byte_chunks:
        for event in reader.feed(chunk):
            yield event

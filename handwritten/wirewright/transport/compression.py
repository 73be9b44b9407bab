"""Content codings of answers: gzip and deflate, undone while reading, with a limit on what they may grow to."""

from __future__ import annotations

import zlib
from typing import Protocol

from wirewright.errors import DecodeError

ACCEPT_ENCODING = "gzip, deflate"
_STEP = 1024 * 1024


class Decompressor(Protocol):
    """Undoes one coding, chunk by chunk. Raises `DecodeError`."""

    def feed(self, chunk: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class _Zlib:
    def __init__(self, window_bits: int, max_bytes: int | None) -> None:
        self._object = zlib.decompressobj(window_bits)
        self._window_bits = window_bits
        self._left = max_bytes
        self._fed = False

    def feed(self, chunk: bytes) -> bytes:
        if not self._fed and chunk and self._window_bits == zlib.MAX_WBITS and chunk[0] & 0x0F != 8:
            self._object = zlib.decompressobj(
                -zlib.MAX_WBITS
            )  # "deflate" without its zlib header, as many servers send it
        self._fed = self._fed or bool(chunk)
        parts: list[bytes] = []
        try:
            while chunk:
                part = self._object.decompress(chunk, _STEP)
                self._count(part)
                parts.append(part)
                if not part and not self._object.unconsumed_tail:
                    break
                chunk = self._object.unconsumed_tail
        except zlib.error as error:
            raise DecodeError(f"the answer's compression is broken: {error}") from error
        return b"".join(parts)

    def _count(self, part: bytes) -> None:
        if self._left is not None:
            self._left -= len(part)
            if self._left < 0:
                raise DecodeError("the answer is larger than the limit when decompressed")

    def finish(self) -> bytes:
        if not self._fed:
            return b""
        if not self._object.eof:
            raise DecodeError("the answer's compression ends too early")
        return b""


def decompressor(coding: str | None, max_bytes: int | None = None) -> Decompressor | None:
    """What undoes a `Content-Encoding`; None when there is nothing to undo, or nothing known."""
    match (coding or "").strip().lower():
        case "gzip" | "x-gzip":
            return _Zlib(zlib.MAX_WBITS | 16, max_bytes)
        case "deflate":
            return _Zlib(zlib.MAX_WBITS, max_bytes)
        case _:
            return None

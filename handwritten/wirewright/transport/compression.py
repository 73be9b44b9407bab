"""Content codings of answers: gzip and deflate, undone while reading, with a limit on what they may grow to."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Protocol

from wirewright.errors import DecodeError
from wirewright.messages import Headers

ACCEPT_ENCODING = "gzip, deflate"
_STEP = 1024 * 1024
_LAYERS = 5  # codings one upon the other, as curl allows
_GZIP = zlib.MAX_WBITS | 16
_NOT_ASKED_FOR = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class Decompressor(Protocol):
    """Undoes one coding, chunk by chunk. Raises `DecodeError`."""

    def feed(self, chunk: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class _Zlib:
    def __init__(self, window_bits: int, max_bytes: int | None) -> None:
        self._object = zlib.decompressobj(window_bits)
        self._window_bits = window_bits
        self._left = max_bytes
        self._fed = self._over = False

    def feed(self, chunk: bytes) -> bytes:
        if not self._fed and chunk and self._window_bits == zlib.MAX_WBITS and chunk[0] & 0x0F != 8:
            self._object = zlib.decompressobj(
                -zlib.MAX_WBITS
            )  # "deflate" without its zlib header, as many servers send it
        self._fed = self._fed or bool(chunk)
        parts: list[bytes] = []
        try:
            while chunk and not self._over:
                if self._object.eof:
                    self._begin_member(chunk)
                    continue
                part = self._object.decompress(chunk, _STEP)
                self._count(part)
                parts.append(part)
                chunk = self._object.unused_data if self._object.eof else self._object.unconsumed_tail
        except zlib.error as error:
            raise DecodeError(f"the answer's compression is broken: {error}") from error
        return b"".join(parts)

    def _begin_member(self, chunk: bytes) -> None:
        """gzip may go on with another member (RFC 1952, section 2.2); anything else behind the end is padding."""
        if self._window_bits == _GZIP and chunk[0] == 0x1F:
            self._object = zlib.decompressobj(_GZIP)
        else:
            self._over = True

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


class _NotAskedFor:
    """A coding that no request of ours accepts: said clearly, where the bytes would be taken for the content."""

    def __init__(self, coding: str) -> None:
        self._coding = coding

    def feed(self, chunk: bytes) -> bytes:
        if chunk:
            raise DecodeError(f"the answer is compressed as {self._coding}, which was not asked for")
        return b""

    def finish(self) -> bytes:
        return b""


class _Layers:
    """Codings one upon the other, the outermost first."""

    def __init__(self, layers: Sequence[Decompressor]) -> None:
        self._layers = layers

    def feed(self, chunk: bytes) -> bytes:
        for layer in self._layers:
            chunk = layer.feed(chunk)
        return chunk

    def finish(self) -> bytes:
        for layer in self._layers:
            layer.finish()
        return b""


class BodyReader:
    """What an answer's body goes through, chunk by chunk: counted (`received`), limited, decompressed.

    Raises `DecodeError` above `max_bytes`, before or after decompression.
    """

    def __init__(self, headers: Headers, max_bytes: int | None) -> None:
        self.received = 0
        self._max_bytes = max_bytes
        self._coding = decompressor(headers.get("content-encoding"), max_bytes)

    def feed(self, chunk: bytes) -> bytes:
        self.received += len(chunk)
        if self._max_bytes is not None and self.received > self._max_bytes:
            raise DecodeError(f"the answer is larger than the limit of {self._max_bytes} bytes")
        return chunk if self._coding is None else self._coding.feed(chunk)

    def finish(self) -> bytes:
        return b"" if self._coding is None else self._coding.finish()


def decompressor(coding: str | None, max_bytes: int | None = None) -> Decompressor | None:
    """What undoes a `Content-Encoding`; None when there is nothing to undo, or nothing known."""
    if not coding:
        return None
    names = [name.strip().lower() for name in coding.split(",")]
    if len(names) > _LAYERS:
        raise DecodeError(f"the answer is compressed {len(names)} times")
    layers = [layer for name in reversed(names) if (layer := _layer(name, max_bytes)) is not None]
    return _Layers(layers) if len(layers) > 1 else layers[0] if layers else None


def _layer(name: str, max_bytes: int | None) -> Decompressor | None:
    if name in {"gzip", "x-gzip"}:
        return _Zlib(_GZIP, max_bytes)
    if name == "deflate":
        return _Zlib(zlib.MAX_WBITS, max_bytes)
    return _NotAskedFor(name) if name in _NOT_ASKED_FOR else None

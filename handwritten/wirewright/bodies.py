"""Request bodies on the wire: JSON, forms, multipart, text, bytes, and streams of them.

A body is either bytes, or an `Upload`: something that is read while it is sent, never held in memory whole.
"""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote_plus

import msgspec

from wirewright.codecs import Codec, CodecError
from wirewright.codecs.scalars import text_of
from wirewright.errors import RequestError
from wirewright.operation import Content, Encoding

CHUNK = 64 * 1024

FileContent = bytes | bytearray | memoryview | os.PathLike[str] | IO[bytes] | Iterable[bytes] | AsyncIterable[bytes]


class File:
    """A binary body or a part of a multipart body.

    `content`: bytes, a path, a binary file or an iterator of bytes (sync or async). A path names itself; `media_type`
    is what the spec says, else `application/octet-stream`.
    """

    __slots__ = ("content", "filename", "media_type")

    def __init__(self, content: FileContent, filename: str | None = None, media_type: str | None = None) -> None:
        self.content = content
        self.filename = filename
        self.media_type = media_type

    def __repr__(self) -> str:
        return f"File(filename={self.filename!r}, media_type={self.media_type!r})"


class Upload:
    """A body that is read while it is sent.

    `length` in bytes, None when unknown (sent chunked). `replayable`: it can be opened again for another attempt.
    """

    __slots__ = ("_start", "length", "opened", "replayable", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self.opened = False
        self._start = 0
        self.length: int | None = None
        self.replayable = False
        self._measure()

    def _measure(self) -> None:
        source = self.source
        if isinstance(source, os.PathLike):
            self.length = Path(source).stat().st_size
            self.replayable = True
        elif hasattr(source, "read") and _seekable(source):
            self._start = source.tell()
            self.length = source.seek(0, io.SEEK_END) - self._start
            source.seek(self._start)
            self.replayable = True
        elif isinstance(source, list | tuple):
            self.length = sum(len(chunk) for chunk in source)
            self.replayable = True

    def open(self) -> Iterator[bytes]:
        """The body from its start, in chunks. Raises `RequestError` when it was read before and cannot be again."""
        source = self.source
        if isinstance(source, AsyncIterable):
            raise RequestError("an async iterator cannot be sent by the sync client")
        self._claim()
        if isinstance(source, os.PathLike):
            return _read_path(source)
        if hasattr(source, "read"):
            if self.replayable:
                source.seek(self._start)
            return _read_file(source)
        return iter(source)

    def aopen(self) -> AsyncIterator[bytes]:
        """As `open`, for the async client; sync sources are read in a thread."""
        if isinstance(self.source, AsyncIterable):
            self._claim()
            return self.source.__aiter__()
        return _in_thread(self.open())

    def _claim(self) -> None:
        if self.opened and not self.replayable:
            raise RequestError("the body is an iterator that was already read, so the request cannot be sent again")
        self.opened = True


def _seekable(source: Any) -> bool:
    seekable = getattr(source, "seekable", None)
    return bool(seekable and seekable())


def _read_path(path: os.PathLike[str]) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        yield from _read_file(file)


def _read_file(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


async def _in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    import asyncio

    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


class Payload(msgspec.Struct, frozen=True):
    """A body ready to send."""

    content: bytes | Any
    media_type: str


def is_json(media_type: str) -> bool:
    """`application/json` and everything `+json`."""
    base = media_type.partition(";")[0].strip().lower()
    return base.endswith(("/json", "+json"))


def is_json_lines(media_type: str) -> bool:
    """JSON values one per line, under any of the names in use."""
    base = media_type.partition(";")[0].strip().lower()
    return base in {
        "application/jsonl",
        "application/x-ndjson",
        "application/ndjson",
        "application/json-lines",
        "application/x-jsonlines",
        "application/jsonlines",
    }


def encode_body(body: Any, content: Content, codec: Codec) -> Payload:
    """`body` as `content` says. Raises `RequestError` when it cannot be written so."""
    media_type = content.media_type
    base = media_type.partition(";")[0].strip().lower()
    try:
        if isinstance(body, File):
            return _file_payload(body, base)
        if is_json(base):
            return Payload(codec.encode(body), media_type)
        if base == "application/x-www-form-urlencoded":
            return Payload(encode_form(codec.to_builtins(body), content.encoding or {}), media_type)
        return _other(body, media_type, codec)
    except (CodecError, TypeError) as error:
        raise RequestError(f"the body cannot be written as {media_type}: {error}") from error


def _file_payload(file: File, base: str) -> Payload:
    media_type = file.media_type or (base if "*" not in base else "application/octet-stream")
    return Payload(_raw(file.content), media_type)


def _raw(content: Any) -> bytes | Upload:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    return Upload(content)


def _other(body: Any, media_type: str, codec: Codec) -> Payload:
    if isinstance(body, str):
        return Payload(body.encode(), media_type)
    if isinstance(body, bytes | bytearray | memoryview | os.PathLike) or hasattr(body, "read"):
        return Payload(_raw(body), media_type if "*" not in media_type else "application/octet-stream")
    return Payload(codec.encode(body), media_type)


def encode_form(body: Mapping[str, Any], encoding: Mapping[str, Encoding]) -> bytes:
    """`application/x-www-form-urlencoded`."""
    pairs: list[str] = []
    for name, value in body.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                pairs.append(f"{quote_plus(name)}={quote_plus(text_of(item))}")
    return "&".join(pairs).encode()

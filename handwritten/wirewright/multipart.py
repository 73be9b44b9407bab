"""`multipart/form-data` and other multipart bodies (RFC 7578, RFC 2046), in memory or streamed as their parts are."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from wirewright.bodies import File, FileContent, Upload, encode_as, is_file_like
from wirewright.codecs import Codec
from wirewright.codecs.scalars import text_of
from wirewright.errors import RequestError
from wirewright.operation import Encoding
from wirewright.parameters import is_array

_UNSAFE = re.compile(r'[\r\n"]')
_ESCAPES = {"\r": "%0D", "\n": "%0A", '"': "%22"}


class Part(msgspec.Struct, frozen=True):
    """One part: its head, and its content as bytes or an `Upload`."""

    head: bytes
    content: bytes | Upload


class MultipartUpload(Upload):
    """A multipart body with at least one part that is streamed."""

    __slots__ = ("_closing", "_parts")

    def __init__(self, parts: list[Part], closing: bytes) -> None:
        super().__init__(())
        self._parts, self._closing = parts, closing
        uploads = [part.content for part in parts if isinstance(part.content, Upload)]
        self.replayable = all(upload.replayable for upload in uploads)
        lengths = [len(part.content) if isinstance(part.content, bytes) else part.content.length for part in parts]
        fixed = len(closing) + sum(len(part.head) + 2 for part in parts)
        known = [length for length in lengths if length is not None]
        self.length = fixed + sum(known) if len(known) == len(lengths) else None

    def open(self) -> Iterator[bytes]:
        self.claim()
        return self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        for part in self._parts:
            yield part.head
            if isinstance(part.content, bytes):
                yield part.content
            else:
                yield from part.content.open()
            yield b"\r\n"
        yield self._closing

    def aopen(self) -> AsyncIterator[bytes]:
        self.claim()
        return self._achunks()

    async def _achunks(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part.head
            if isinstance(part.content, bytes):
                yield part.content
            else:
                async for chunk in part.content.aopen():
                    yield chunk
            yield b"\r\n"
        yield self._closing


def encode_multipart(
    body: Mapping[str, Any], encoding: Mapping[str, Encoding], codec: Codec, boundary: str
) -> bytes | Upload:
    """The members of `body` as parts; an array is a part for each item. Raises `RequestError`."""
    opening = b"--" + boundary.encode() + b"\r\n"
    parts = [
        _part(name, item, encoding.get(name), codec, opening)
        for name, value in body.items()
        for item in (_items(value))
        if item is not None and item is not msgspec.UNSET
    ]
    closing = b"--" + boundary.encode() + b"--\r\n"
    if any(isinstance(part.content, Upload) for part in parts):
        return MultipartUpload(parts, closing)
    contents = [part.head + part.content + b"\r\n" for part in parts if isinstance(part.content, bytes)]
    return b"".join([*contents, closing])


def _items(value: Any) -> list[Any]:
    if is_array(value) and not is_file_like(value) and not hasattr(value, "model_fields_set"):
        return list(value)
    return [value]


def _part(name: str, value: Any, encoding: Encoding | None, codec: Codec, opening: bytes) -> Part:
    declared = encoding.content_type.partition(",")[0].strip() if encoding and encoding.content_type else None
    if isinstance(value, File) or is_file_like(value):
        file = value if isinstance(value, File) else File(value)
        media_type = file.media_type or (declared if declared and "*" not in declared else "application/octet-stream")
        content: bytes | Upload = _file_content(file.content)
        return Part(_head(opening, name, file_name(file), media_type), content)
    if declared is not None:
        return Part(_head(opening, name, None, declared), _bytes(encode_as(value, declared, codec), name))
    try:
        return Part(_head(opening, name, None, None), text_of(value).encode())
    except TypeError:
        return Part(_head(opening, name, None, "application/json"), codec.encode(value))


def _bytes(content: bytes | Upload, name: str) -> bytes:
    if isinstance(content, bytes):
        return content
    raise RequestError(f"part {name!r} cannot be written as its content type")


def _file_content(content: FileContent) -> bytes | Upload:
    return bytes(content) if isinstance(content, bytes | bytearray | memoryview) else Upload(content)


def file_name(file: File) -> str:
    """The name a file part is sent with: given, else the path's, else the open file's, else "upload"."""
    if file.filename is not None:
        return file.filename
    if isinstance(file.content, os.PathLike):
        return PurePath(file.content).name
    name = getattr(file.content, "name", None)
    return PurePath(name).name if isinstance(name, str) else "upload"


def _head(opening: bytes, name: str, filename: str | None, media_type: str | None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        disposition += f'; filename="{_quoted(filename)}"'
    if media_type is None:
        return opening + disposition.encode() + b"\r\n\r\n"
    if "\r" in media_type or "\n" in media_type:
        raise RequestError(f"part {name!r} has a line break in its content type")
    return opening + f"{disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()


def _quoted(text: str) -> str:
    """As browsers do (HTML standard, "multipart/form-data encoding algorithm")."""
    return _UNSAFE.sub(lambda found: _ESCAPES[found.group()], text)

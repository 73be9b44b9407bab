"""Request bodies on the wire: JSON, forms, multipart, text, bytes, and streams of them.

A body is either bytes, or an `Upload`: something that is read while it is sent, never held in memory whole.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, get_args
from urllib.parse import parse_qsl

import msgspec

from wirewright.codecs import Codec, CodecError
from wirewright.codecs.scalars import text_of
from wirewright.codecs.shapes import shape_of
from wirewright.errors import RequestError
from wirewright.narrow import is_async_iterable, is_bytes, is_iterator, is_mapping, is_path, is_sequence
from wirewright.operation import Content, Encoding, Parameter
from wirewright.parameters import query_pairs

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
        if is_path(source):
            self.length = Path(source).stat().st_size
            self.replayable = True
        elif hasattr(source, "read") and _seekable(source):
            self._start = source.tell()
            self.length = source.seek(0, io.SEEK_END) - self._start
            source.seek(self._start)
            self.replayable = True
        elif is_sequence(source):
            self.length = sum(len(chunk) for chunk in source)
            self.replayable = True

    def open(self) -> Iterator[bytes]:
        """The body from its start, in chunks. Raises `RequestError` when it was read before and cannot be again."""
        source = self.source
        if is_async_iterable(source):
            raise RequestError("an async iterator cannot be sent by the sync client")
        self.claim()
        if is_path(source):
            return _read_path(source)
        if hasattr(source, "read"):
            if self.replayable:
                source.seek(self._start)
            return _read_file(source)
        return iter(source)

    def aopen(self) -> AsyncIterator[bytes]:
        """As `open`, for the async client; sync sources are read in a thread."""
        source = self.source
        if is_async_iterable(source):
            self.claim()
            return aiter(source)
        return _in_thread(self.open())

    def claim(self) -> None:
        """Note that the source is read. Raises `RequestError` when it was before and cannot be again."""
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


def is_file_like(value: Any) -> bool:
    """Whether a value is binary content: bytes, a path, an open file or an iterator."""
    if isinstance(value, bytes | bytearray | memoryview | os.PathLike) or hasattr(value, "read"):
        return True
    return isinstance(value, Iterator | AsyncIterable)


def encode_body(body: Any, content: Content, codec: Codec) -> Payload:
    """`body` as `content` says. Raises `RequestError` when it cannot be written so."""
    media_type = content.media_type
    base = media_type.partition(";")[0].strip().lower()
    try:
        if base == "multipart/form-data" or base.startswith("multipart/"):
            return _multipart(body, media_type, content, codec)
        if isinstance(body, File):
            return _file_payload(body, base)
        if base == "application/x-www-form-urlencoded":
            return Payload(_form(body, content, codec), media_type)
        return Payload(encode_as(body, media_type, codec), concrete(media_type))
    except (CodecError, TypeError) as error:
        raise RequestError(f"the body cannot be written as {media_type}: {error}") from error


def concrete(media_type: str) -> str:
    """A media type that can be sent. Of ranges, `application/*+json` is JSON, `text/*` text, others are any bytes."""
    if "*" not in media_type:
        return media_type
    if is_json(media_type):
        return "application/json"
    return "text/plain" if media_type.strip().lower().startswith("text/") else "application/octet-stream"


def encode_as(value: Any, media_type: str, codec: Codec) -> bytes | Upload:
    """One value as one media type: JSON, JSON lines, text, or bytes as they are."""
    if is_json(media_type):
        return codec.encode(value)
    if isinstance(value, str):
        return value.encode()
    if is_file_like(value) and not is_json_lines(media_type):
        return _raw(value)
    if is_json_lines(media_type):
        return _json_lines(value, codec)
    try:
        return text_of(value).encode()
    except TypeError:
        return codec.encode(value)


def _json_lines(values: Any, codec: Codec) -> bytes | Upload:
    """A list at once; an iterator (sync or async) as a stream of lines."""
    if isinstance(values, bytes | bytearray | memoryview | os.PathLike) or hasattr(values, "read"):
        return _raw(values)
    if is_async_iterable(values):
        return Upload(_alines(values, codec))
    if is_iterator(values):
        return Upload(codec.encode(value) + b"\n" for value in values)
    return b"".join(codec.encode(value) + b"\n" for value in values)


async def _alines(values: AsyncIterable[Any], codec: Codec) -> AsyncIterator[bytes]:
    async for value in values:
        yield codec.encode(value) + b"\n"


def _file_payload(file: File, base: str) -> Payload:
    return Payload(_raw(file.content), file.media_type or concrete(base))


def _raw(content: Any) -> bytes | Upload:
    if is_bytes(content):
        return bytes(content)
    return Upload(content)


def members(body: Any, codec: Codec) -> dict[str, Any]:
    """A model or mapping as its members by wire name, files among them left as they are.

    Bytes where a model asks for bytes are base64, as everywhere in it; where it asks for a file they are its content.
    """
    if is_mapping(body):
        return dict(body)
    shape = shape_of(body.__class__)
    if shape is not None:
        tag: dict[str, Any] = {shape.tag_field: shape.tag} if shape.tag_field else {}
        own = {field.wire: _member(getattr(body, field.attribute), field.type) for field in shape.fields}
        return {**tag, **own, **(codec.extras(body) or {})}
    if hasattr(body, "model_fields_set"):
        fields: dict[str, Any] = body.__class__.model_fields
        own = {
            fields[name].serialization_alias or name: _member(getattr(body, name), fields[name].annotation)
            for name in fields
            if name in body.model_fields_set
        }
        return {**own, **(body.model_extra or {})}
    raise TypeError(f"{type(body).__name__} has no members")


def _member(value: Any, type: Any) -> Any:
    return text_of(value) if is_bytes(value) and (type is bytes or bytes in get_args(type)) else value


def _multipart(body: Any, media_type: str, content: Content, codec: Codec) -> Payload:
    from wirewright.multipart import encode_multipart

    boundary = secrets.token_hex(16)
    kind = media_type.partition(";")[0].strip()
    encoded = encode_multipart(members(body, codec), content.encoding or {}, codec, boundary)
    return Payload(encoded, f"{kind}; boundary={boundary}")


def _form(body: Any, content: Content, codec: Codec) -> bytes | Upload:
    if isinstance(body, bytes | str):
        return body.encode() if isinstance(body, str) else body
    return encode_form(codec.to_builtins(body), content.encoding or {}, codec)


def encode_form(body: Mapping[str, Any], encoding: Mapping[str, Encoding], codec: Codec) -> bytes:
    """`application/x-www-form-urlencoded`: each member as a query parameter would be, style `form` by default.

    Objects inside a member are JSON unless its encoding names a style, as OpenAPI says.
    """
    pairs: list[str] = []
    for name, value in body.items():
        if value is not None:
            pairs += _form_pairs(name, value, encoding.get(name), codec)
    return "&".join(pairs).encode()


def _form_pairs(name: str, value: Any, encoding: Encoding | None, codec: Codec) -> list[str]:
    chosen = encoding or Encoding()
    styled = chosen.style is not None or chosen.explode is not None or chosen.allow_reserved
    if chosen.content_type is not None and not styled:
        encoded = encode_as(value, chosen.content_type, codec)
        value = encoded.decode() if isinstance(encoded, bytes) else value
    elif is_mapping(value) and not styled:
        value = codec.encode(value).decode()
    elif is_sequence(value) and not styled:
        value = [codec.encode(item).decode() if isinstance(item, dict | list) else item for item in value]
    parameter = Parameter("query", name, chosen.style, chosen.explode, chosen.allow_reserved)
    return [pair.replace("%20", "+") for pair in query_pairs(parameter, value)]


def decode_message(body: bytes, media_type: str, type: Any, codec: Codec) -> Any:
    """A body that was sent to us, such as a webhook's, read as its media type is written; None where there is none.

    The fields of a form are text, or the JSON values that they spell, as the model asks. Raises `CodecError`.
    """
    base = media_type.partition(";")[0].strip().lower()
    if type is None:
        return None
    if type is bytes and not is_json(base):
        return body
    try:
        if base == "application/x-www-form-urlencoded":
            return _form_message(body.decode(), type, codec)
        return body.decode() if type is str and not is_json(base) else codec.decoder(type)(body)
    except UnicodeDecodeError as error:
        raise CodecError(f"the body is not text: {error.reason}") from error


def _form_message(text: str, type: Any, codec: Codec) -> Any:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    readings = {name: _readings(values) for name, values in found.items()}
    while True:
        try:
            return codec.convert({name: ways[0] for name, ways in readings.items()}, type)
        except CodecError as error:
            wrong = [name for name, ways in readings.items() if error.path.startswith(f"$.{name}") and len(ways) > 1]
            if not wrong:
                raise
            readings[max(wrong, key=len)].pop(0)


def _readings(values: list[str]) -> list[Any]:
    """What a field may mean, the likeliest first: its text, the JSON value that it spells, a list of one."""
    spelled = [_spelled(value) for value in values]
    return [values, spelled] if len(values) > 1 else [values[0], spelled[0], values, spelled]


def _spelled(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value

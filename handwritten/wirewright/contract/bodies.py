"""Reads bodies off the wire, by media type."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

import msgspec

_decode_json = msgspec.json.Decoder().decode
_JSON = re.compile(r"(application|text)/(.+\+)?json", re.ASCII)
JSON_LINES = frozenset({"application/jsonl", "application/x-ndjson", "application/json-seq", "application/x-jsonlines"})
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part of a multipart body."""

    content: bytes = field(repr=False)
    filename: str | None
    media_type: str


@lru_cache(256)
def is_json(media_type: str) -> bool:
    return _JSON.fullmatch(media_type) is not None


@lru_cache(256)
def media_type_of(content_type: str) -> str:
    """`application/json` from `Application/JSON; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def charset_of(content_type: str) -> str:
    """The charset of a text; UTF-8 when none, or an unknown one, is named."""
    if "charset" not in content_type.lower():
        return "utf-8"
    name = _header(content_type).get_content_charset() or "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name


def match_media_type(documented: Mapping[str, Any], actual: str) -> str | None:
    """The documented media type (a key, ranges such as `text/*` allowed) that covers `actual`; the most exact one."""
    if actual in documented:
        return actual
    kind = actual.partition("/")[0]
    for key in documented:
        if media_type_of(key) == actual:
            return key
    for wanted in (f"{kind}/*", "*/*"):
        for key in documented:
            if media_type_of(key) == wanted:
                return key
    return None


def read_body(body: bytes, content_type: str) -> Any:
    """JSON as builtins, JSON lines as a list, text as str, forms as a dict (texts and uploads), anything else as bytes.

    Raises ValueError when the bytes are not what the media type says.
    """
    media_type = media_type_of(content_type)
    if is_json(media_type):
        return read_json(body)
    if media_type in JSON_LINES:
        return read_json_lines(body)
    if media_type == "application/x-www-form-urlencoded":
        return read_form(body)
    if media_type == "multipart/form-data":
        return read_multipart(body, content_type)
    if media_type.startswith("text/"):
        try:
            return body.decode(charset_of(content_type))
        except UnicodeDecodeError as error:
            raise ValueError(f"not text in {charset_of(content_type)}: {error}") from error
    return body


def read_json(body: bytes) -> Any:
    try:
        return _decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error


def read_json_lines(body: bytes) -> list[Any]:
    lines = (line.strip(b"\x1e \r\t") for line in body.split(b"\n"))
    return [read_json(line) for line in lines if line]


def split_pairs(text: str) -> list[tuple[str, str]]:
    """Name and raw value of `a=1&b=2`, names decoded, values as they are."""
    pieces = (piece.partition("=") for piece in text.split("&") if piece)
    return [(unquote_plus(name), value) for name, _, value in pieces]


def read_form(body: bytes) -> dict[str, Any]:
    try:
        pairs = split_pairs(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise ValueError("a form must be percent-encoded ASCII") from error
    return _gather((name, unquote_plus(value)) for name, value in pairs)


def read_multipart(body: bytes, content_type: str) -> dict[str, Any]:
    """Parts by name: texts as str, files as `Upload`, JSON parts as builtins; repeated names become a list."""
    boundary = _header(content_type).get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise ValueError("a multipart body needs a boundary in its content type")
    delimiter = b"--" + boundary.encode("latin-1")
    sections = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise ValueError("the multipart body has no end")
    return _gather(_read_part(section) for section in sections[1:-1])


def _read_part(section: bytes) -> tuple[str, Any]:
    head, separator, content = section.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("a part has no blank line after its headers")
    headers = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    part = headers.get_param("name", header="content-disposition")
    if not isinstance(part, str):
        raise ValueError("a part has no name")
    filename = headers.get_filename()
    media_type = headers.get_content_type() if "content-type" in headers else None
    if filename is not None:
        return part, Upload(content, filename, media_type or "application/octet-stream")
    if media_type is None or media_type.startswith("text/"):
        return part, content.decode("utf-8", "replace")
    return part, read_body(content, media_type) if is_json(media_type) else Upload(content, None, media_type)


def _gather(pairs: Any) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _header(content_type: str) -> Message:
    message = Message()
    message["content-type"] = content_type
    return message

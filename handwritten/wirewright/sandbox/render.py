"""Answers as bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from wirewright.contract.bodies import is_json, media_type_of
from wirewright.sandbox.answers import UNSET, Answer, Event, Events, Lines

RawHeaders = list[tuple[bytes, bytes]]
_encode = msgspec.json.Encoder().encode
_NO_BODY = frozenset({204, 205, 304})
_JSON_HEADER = (b"content-type", b"application/json")


@dataclass(slots=True)
class Outgoing:
    """An answer ready for the wire: a whole body, or a stream of pieces."""

    status: int
    headers: RawHeaders
    body: bytes = b""
    stream: Events | Lines | AsyncIterable[bytes] | Iterable[bytes] | None = None

    @property
    def header_pairs(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]


def render(answer: Any, success_status: int = 200) -> Outgoing:
    """What a rule returned, as bytes. A value that is no answer becomes the JSON body of a plain success."""
    if isinstance(answer, Answer):
        return _render_answer(answer)
    if isinstance(answer, Events):
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        return Outgoing(answer.status, headers + raw_headers(answer.headers), stream=answer)
    if isinstance(answer, Lines):
        headers = [(b"content-type", answer.media_type.encode())]
        return Outgoing(answer.status, headers + raw_headers(answer.headers), stream=answer)
    if answer is None and success_status in _NO_BODY:
        return Outgoing(success_status, [])
    return Outgoing(success_status, [_JSON_HEADER], _encode(answer))


def raw_headers(headers: Mapping[str, str] | None) -> RawHeaders:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]


def _render_answer(answer: Answer) -> Outgoing:
    headers = raw_headers(answer.headers)
    typed = any(name == b"content-type" for name, _ in headers)
    if answer.chunks is not None:
        if not typed:
            headers.insert(0, (b"content-type", (answer.media_type or "application/octet-stream").encode()))
        return Outgoing(answer.status, headers, stream=answer.chunks)
    if answer.body is UNSET or answer.status in _NO_BODY:
        return Outgoing(answer.status, headers)
    body, media_type = _encoded(answer.body, answer.media_type)
    if not typed:
        headers.insert(0, (b"content-type", media_type.encode()))
    return Outgoing(answer.status, headers, body)


def _encoded(body: Any, media_type: str | None) -> tuple[bytes, str]:
    if isinstance(body, bytes):
        return body, media_type or "application/octet-stream"
    if media_type is None:
        return _encode(body), "application/json"
    if isinstance(body, str) and not is_json(media_type_of(media_type)):
        return body.encode(), media_type if "charset" in media_type else media_type + "; charset=utf-8"
    return _encode(body), media_type


def event_bytes(item: Any) -> bytes:
    """One server-sent event. JSON is written on one line, in ASCII: some parsers split lines at U+2028 and the like."""
    if isinstance(item, bytes):
        return item
    event = item if isinstance(item, Event) else Event(*item)
    lines = [f": {part}" for part in event.comment.split("\n")] if event.comment is not None else []
    if event.event is not None:
        lines.append(f"event: {event.event}")
    if event.id is not None:
        lines.append(f"id: {event.id}")
    if event.retry is not None:
        lines.append(f"retry: {event.retry}")
    if event.data is not UNSET:
        text = str(event.data) if event.raw else json_text(event.data)
        lines += [f"data: {part}" for part in text.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


def json_text(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=True, separators=(",", ":"))


def line_bytes(value: Any) -> bytes:
    return _encode(value) + b"\n"

"""Media types: what a body or an answer is in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirewright_codegen.document import MediaType, UntrustedString, plain
from wirewright_codegen.models.annotations import annotation, holds_bytes
from wirewright_codegen.models.schemas import Schema, as_schema, kind_of, ref_name
from wirewright_codegen.operations.projection import ITEM_SCHEMA, SCHEMA
from wirewright_codegen.operations.values import Media, PartEncoding, Stream

JSON_LINES = {
    "application/jsonl", "application/x-ndjson", "application/ndjson", "application/json-lines",
    "application/x-jsonlines", "application/jsonlines", "application/json-seq",
}  # fmt: skip
FORMS = ("application/x-www-form-urlencoded", "multipart/")
UPLOAD = "File | FileContent"
Schemas = Mapping[str, Schema]


def base_of(media_type: str) -> str:
    """The media type without parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """JSON, under any name."""
    base = base_of(media_type)
    return base.endswith(("/json", "+json")) or base in ("json", "text/json")


def is_form(media_type: str) -> bool:
    """A form, urlencoded or multipart."""
    return base_of(media_type).startswith(FORMS)


def is_text(media_type: str) -> bool:
    """Text that is handed over as it is; XML and YAML among it."""
    base = base_of(media_type)
    return base.startswith("text/") or base.endswith(
        ("+xml", "/xml", "/yaml", "/x-yaml", "+yaml", "/javascript", "/graphql")
    )


def stream_of(media_type: str) -> Stream | None:
    """Whether, and how, a media type is a stream of values."""
    base = base_of(media_type)
    if base == "text/event-stream":
        return "sse"
    return "lines" if base in JSON_LINES else None


def answer(media_type: UntrustedString, media: MediaType, schemas: Schemas) -> Media:
    """One media type of an answer."""
    extra: Mapping[str, Any] = media.model_extra or {}
    name = plain(media_type)
    schema: Schema | None = extra.get(SCHEMA)
    stream = stream_of(name)
    if stream is not None:
        return _stream(media_type, stream, extra)
    if not is_json(name) and base_of(name) != "*/*":
        return Media(media_type, "str" if is_text(name) else "bytes")
    envelope = _envelope(extra.get("x-envelope"))
    if schema is None:
        return Media(media_type, None)
    if envelope is None:
        return Media(media_type, _bytes_or(schema, name))
    member, optional = envelope
    return Media(media_type, annotation(_member(schema, member, schemas), "m."), UntrustedString(member), optional)


def _bytes_or(schema: Schema, media_type: str) -> str:
    if base_of(media_type) == "*/*" and holds_bytes(schema):
        return "bytes"
    return annotation(schema, "m.")


def _stream(media_type: UntrustedString, stream: Stream, extra: Mapping[str, Any]) -> Media:
    item: Schema = extra.get(ITEM_SCHEMA, extra.get(SCHEMA, {}))
    events: Mapping[str, Schema] = extra.get("x-sse-events") or {}
    return Media(
        media_type,
        annotation(item, "m."),
        events=tuple((UntrustedString(name), annotation(schema, "m.")) for name, schema in events.items()),
        stream=stream,
    )


def _envelope(value: object) -> tuple[str, bool] | None:
    if isinstance(value, str):
        return value, False
    told = as_schema(value) or {}
    member = told.get("member")
    return (member, told.get("optional") is True) if isinstance(member, str) else None


def envelope_member(extra: Mapping[str, Any]) -> str | None:
    """The member of an answer that holds the value, of a media type's extensions."""
    found = _envelope(extra.get("x-envelope"))
    return found[0] if found else None


def _member(schema: Schema, member: str, schemas: Schemas) -> Schema:
    """The schema of an answer's member; anything when the schema has none."""
    name = ref_name(schema)
    if name is not None:
        schema = schemas.get(name, {})
    found = schema.get("properties", {}).get(member)
    if found is None and kind_of(schema) == "union":
        found = next((inner for v in schema["anyOf"] if (inner := _member(v, member, schemas))), None)
    return found or {}


def request(media_type: UntrustedString, media: MediaType, schemas: Schemas) -> Media:
    """One media type of a request."""
    extra: Mapping[str, Any] = media.model_extra or {}
    name = plain(media_type)
    schema: Schema = extra.get(SCHEMA, {})
    encoding = tuple(
        PartEncoding(
            part,
            value.contentType,
            value.style,
            value.explode if "explode" in value.model_fields_set else None,
            value.allowReserved,
        )
        for part, value in (media.encoding or {}).items()
    )
    return Media(media_type, _sent(name, schema, extra), encoding=encoding)


def _sent(name: str, schema: Schema, extra: Mapping[str, Any]) -> str:
    if stream_of(name) == "lines":
        return f"Iterable[{annotation(extra.get(ITEM_SCHEMA, {}), 'm.')}]"
    if is_json(name):
        return annotation(schema, "m.")
    if is_form(name):
        return "dict[str, Any]" if kind_of(schema) in ("any", "map") else annotation(schema, "m.")
    if is_text(name):
        return "str"
    return UPLOAD if schema.get("type") in (None, "string") else f"{annotation(schema, 'm.')} | {UPLOAD}"

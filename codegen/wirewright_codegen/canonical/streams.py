"""Streams: what one item of a body is, for server-sent events and for JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.places import At
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.read.values import is_list, is_map

EVENT_STREAM = "text/event-stream"
LINES = frozenset(
    ("application/jsonl", "application/x-ndjson", "application/ndjson", "application/x-jsonlines",
     "application/json-lines", "application/jsonlines", "application/json-seq", "application/x-json-stream",
     "application/stream+json")
)  # fmt: skip
_ENVELOPE = frozenset(("event", "id", "data", "retry"))


def is_stream(media_type: str) -> bool:
    """Whether a body of this media type is a sequence of items."""
    bare = media_type.partition(";")[0].strip().lower()
    return bare == EVENT_STREAM or bare in LINES or bare.endswith("+json-seq")


@dataclass(frozen=True, slots=True)
class Payload:
    """A raw schema of what an event carries, and the names of the events that carry it (none: any event)."""

    events: tuple[str, ...]
    raw: Any
    at: At


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Recognises schemas that describe whole server-sent events instead of what they carry."""

    references: References

    def payloads(self, raw: Any, at: At, above: frozenset[At] = frozenset()) -> list[Payload] | None:
        """What the events carry when the schema is an envelope, or a choice of envelopes; else None.

        OpenAPI 3.2 describes whole events by `itemSchema`. A `schema` describes what each carries, unless it cannot be
        anything but an envelope: `event` is a constant, or `data` is text.
        """
        raw, at = self._resolved(raw, at)
        if not is_map(raw) or at in above:  # a choice that holds itself is no envelope
            return None
        for word in ("oneOf", "anyOf"):
            members = raw.get(word)
            if is_list(members) and members:
                inside = above | {at}
                found = [self.payloads(member, at.child(word, n), inside) for n, member in enumerate(members)]
                if any(part is None for part in found):
                    return None
                return [payload for part in found if part for payload in part]
        return self._single(raw, at)

    def _single(self, raw: Mapping[str, Any], at: At) -> list[Payload] | None:
        properties = self._properties(raw, at)
        data = properties.get("data")
        if data is None or not properties.keys() <= _ENVELOPE:
            return None
        schema, where = self._resolved(*data)
        if not is_map(schema):
            return None
        textual = schema.get("type") == "string" or "contentMediaType" in schema or "contentSchema" in schema
        names = self._names(properties)
        if not textual and not names:
            return None
        payload, payload_at = self._payload(schema, where)
        return [Payload(names, payload, payload_at)]

    def _properties(
        self, raw: Mapping[str, Any], at: At, above: frozenset[At] = frozenset()
    ) -> dict[str, tuple[Any, At]]:
        """Properties of an object, those of its `allOf` included, each with its location."""
        found: dict[str, tuple[Any, At]] = {}
        members = raw.get("allOf")
        for number, member in enumerate(members if is_list(members) else ()):
            inner, where = self._resolved(member, at.child("allOf", number))
            if is_map(inner) and where not in above:
                found |= self._properties(inner, where, above | {at})
        own = raw.get("properties")
        for name, schema in (own if is_map(own) else {}).items():
            merged = {**found[name][0], **schema} if name in found and is_map(schema) else schema
            found[name] = (merged, at.child("properties", name))
        return found

    def _payload(self, schema: Mapping[str, Any], at: At) -> tuple[Any, At]:
        if "contentSchema" in schema:
            return schema["contentSchema"], at.child("contentSchema")
        if "json" in str(schema.get("contentMediaType", "")):
            return {}, at
        return schema, at

    def _names(self, properties: Mapping[str, tuple[Any, At]]) -> tuple[str, ...]:
        event = properties.get("event")
        schema = self._resolved(*event)[0] if event else None
        if not is_map(schema):
            return ()
        values = [schema["const"]] if "const" in schema else schema.get("enum", [])
        return tuple(value for value in values if isinstance(value, str))

    def _resolved(self, raw: Any, at: At) -> tuple[Any, At]:
        raw, at = self.references.followed(raw, at)
        return (None if is_map(raw) and "$ref" in raw else raw), at


def bare(media_type: str) -> str:
    """A media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()

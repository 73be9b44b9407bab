"""A JSON Schema of sample values: what they have in common, and no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from wirewright.contract.schemas import json_type
from wirewright.contract.shapes import is_array, is_object
from wirewright.messages import MASK

_URI = re.compile(r"https?://\S+", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+", re.ASCII | re.IGNORECASE)
_ORDER = ("object", "array", "string", "integer", "number", "boolean", "null")


def schema_of(samples: Iterable[Any]) -> dict[str, Any]:
    """The schema; several types are an `anyOf`, null last. Without samples any value is allowed."""
    by_type: dict[str, list[Any]] = {}
    for value in samples:
        by_type.setdefault(json_type(value), []).append(value)
    if "number" in by_type and "integer" in by_type:
        by_type["number"] += by_type.pop("integer")
    branches = [_branch(name, by_type[name]) for name in _ORDER if name in by_type]
    if len(branches) < 2:
        return branches[0] if branches else {}
    return {"anyOf": branches}


def _branch(name: str, values: Sequence[Any]) -> dict[str, Any]:
    if name == "object":
        return _object(values)
    if name == "array":
        items = [item for value in values for item in value]
        return {"type": "array", "items": schema_of(items)}
    if name == "string":
        texts = [value for value in values if value != MASK]
        return {"type": "string"} | ({"format": found} if (found := _format(texts)) else {})
    return {"type": name}


def _object(values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Its members; those that every sample has are required."""
    names = list(dict.fromkeys(name for value in values for name in value))
    properties = {name: schema_of(value[name] for value in values if name in value) for name in names}
    required = [name for name in names if all(name in value for value in values)]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _format(texts: Sequence[str]) -> str | None:
    """The format that all of the texts have."""
    for name, fits in (("date-time", _is_moment), ("date", _is_date), ("uuid", _is_uuid)):
        if texts and all(map(fits, texts)):
            return name
    for name, pattern in (("uri", _URI), ("email", _EMAIL)):
        if texts and all(map(pattern.fullmatch, texts)):
            return name
    return None


def _is_moment(text: str) -> bool:
    if "T" not in text.upper():
        return False
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def in_words(schema: Any) -> str:
    """What a schema describes, for people: `an object with id, name`, `a text (date-time)`, `null`."""
    if not is_object(schema) or not schema:
        return "anything"
    if is_array(schema.get("anyOf")):
        return " or ".join(in_words(branch) for branch in schema["anyOf"])
    kind = schema.get("type")
    if kind == "object":
        names = list(schema.get("properties", {}))
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        return f"an object with {', '.join(names[:6])}{more}" if names else "an object"
    if kind == "array":
        return f"a list, each {in_words(schema.get('items'))}" if schema.get("items") else "a list"
    words = {"string": "a text", "integer": "an integer", "number": "a number", "boolean": "a boolean", "null": "null"}
    told = words.get(str(kind), "anything")
    return f"{told} ({schema['format']})" if "format" in schema else told

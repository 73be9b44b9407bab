"""Values out of canonical schemas, for reading and writing back: any that the types allow, whatever the constraints."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
PREFIX = "#/components/schemas/"
_TEXTS = {
    "date-time": ["2026-01-02T03:04:05Z", "1999-12-31T23:59:59.123456Z"],
    "date": ["2026-01-02"],
    "time": ["03:04:05Z"],
    "uuid": ["0e7f0a52-3a3b-4c4d-8e8f-0123456789ab"],
    "decimal": ["12.50"],
    "byte": [base64.b64encode(b"\x00bytes").decode()],
}
_WORDS = ["", "a", "Ünïcode ☃", "quote\" ' \\ back", "line\nbreak", "true", "12", "2026-01-02"]


class Sampler:
    """Builds values; `full` gives every optional property, else only some."""

    def __init__(self, schemas: Mapping[str, Schema], seed: int, *, full: bool | None = None) -> None:
        self._schemas = schemas
        self._random = random.Random(seed)
        self._full = full

    def of(self, name: str) -> Any:
        """A value of a named schema."""
        return self.value(self._schemas[name], 0)

    def value(self, schema: Schema, depth: int) -> Any:
        """A value of a schema; deep ones take the shortest way out."""
        if "$ref" in schema:
            return self.value(self._schemas[schema["$ref"].removeprefix(PREFIX)], depth + 1)
        if "anyOf" in schema:
            return self.value(self._variant(schema["anyOf"], depth), depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        return self._typed(schema, depth)

    def _variant(self, variants: list[Schema], depth: int) -> Schema:
        if depth > 6:
            short = [v for v in variants if v.get("type") in ("null", "string", "integer", "number", "boolean")]
            if short:
                return short[0]
            return min(variants, key=lambda v: self._depth(v, 0))
        return self._random.choice(variants)

    def _depth(self, schema: Schema, level: int) -> int:
        """How deep a value of a schema has to be, looked up to some level."""
        if level > 12:
            return 100
        if "$ref" in schema:
            return 1 + self._depth(self._schemas[schema["$ref"].removeprefix(PREFIX)], level + 1)
        if "anyOf" in schema:
            return min(self._depth(v, level + 1) for v in schema["anyOf"])
        properties = schema.get("properties", {})
        needed = [properties[name] for name in schema.get("required", ()) if name in properties]
        return 1 + max((self._depth(inner, level + 1) for inner in needed), default=0)

    def _typed(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind == "string":
            return self._text(schema)
        if kind == "integer":
            return self._random.choice([0, 1, -7, 2**40])
        if kind == "number":
            return self._random.choice([0.5, -1.25, 3])
        if kind == "boolean":
            return self._random.choice([True, False])
        if kind == "null" or schema.get("not") == {}:
            return None
        return self._random.choice([None, True, 1, "any", [1, {"a": None}], {"free": ["form"]}])

    def _text(self, schema: Schema) -> str:
        form = schema.get("format")
        if schema.get("contentEncoding") == "base64":
            form = "byte"
        return self._random.choice(_TEXTS.get(form, _WORDS) if isinstance(form, str) else _WORDS)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        found: dict[str, Any] = {}
        for name, inner in properties.items():
            if inner.get("not") == {}:
                continue
            wanted = name in required or (depth < 4 and self._wanted())
            if wanted:
                found[name] = self.value(inner, depth + 1)
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping) and extra.get("not") != {} and depth < 4 and self._wanted():
            found["extra-key"] = self.value(extra, depth + 1)
        return found

    def _wanted(self) -> bool:
        return self._random.random() < 0.6 if self._full is None else self._full

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.value(inner, depth + 1) for inner in schema["prefixItems"]]
        items = schema.get("items")
        if not isinstance(items, Mapping) or items.get("not") == {}:
            return []
        return [self.value(items, depth + 1) for _ in range(0 if depth > 4 else self._random.randrange(3))]

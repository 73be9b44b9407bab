"""Hypothesis strategies for the values that a canonical schema allows, constraints of scalars included.

Containers are built here, from the few kinds of the form; scalars with constraints are hypothesis-jsonschema's. Moments
and the like are in the form that is sent (`Z`, no trailing zeros): their types keep the moment and not its spelling.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]
PREFIX = "#/components/schemas/"
DEPTH = 5
_SAFE = 2**53
_CHARACTERS = st.characters(exclude_categories=["Cs"])
_TEXT = st.text(_CHARACTERS, max_size=20)
_KEYS = st.text(_CHARACTERS, min_size=1, max_size=8)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-_SAFE, _SAFE)
_SCALARS: dict[str, Strategy] = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": _FLOATS,
    "boolean": st.booleans(),
    "null": st.none(),
    "string": _TEXT,
}
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-_SAFE, _SAFE) | _FLOATS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=5,
)


def _zoned(moment: dt.datetime) -> str:
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


_OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: dt.timezone(dt.timedelta(minutes=15 * quarters)))
_MOMENTS = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=_OFFSETS | st.just(dt.UTC)).map(_zoned)
_FORMATS: dict[str, Strategy] = {
    "date-time": _MOMENTS,
    "date": st.dates().map(dt.date.isoformat),
    "time": st.times().map(lambda time: f"{time.isoformat()}Z"),
    "uuid": st.uuids().map(str),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda d: str(decimal.Decimal(d))),
    "byte": st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode()),
}


class Values:
    """Strategies for the schemas of one document. A schema that nothing satisfies has none (`of` answers None)."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._made: dict[tuple[str, int], Strategy] = {}

    def of(self, name: str) -> Strategy | None:
        """A strategy for a named schema."""
        least = self._heights[name]
        return None if math.isinf(least) else self._named(name, max(DEPTH, int(least)))

    @cached_property
    def _heights(self) -> dict[str, float]:
        """How deep the shallowest value of each schema is; infinite where there is none."""
        heights = dict.fromkeys(self._schemas, math.inf)
        while True:
            found = {name: self._height(schema, heights) for name, schema in self._schemas.items()}
            if found == heights:
                return heights
            heights = found

    def _height(self, schema: Schema, heights: Mapping[str, float]) -> float:
        if "$ref" in schema:
            return 1 + heights[schema["$ref"].removeprefix(PREFIX)]
        if "anyOf" in schema:
            return min(self._height(variant, heights) for variant in schema["anyOf"])
        if schema.get("not") == {}:
            return math.inf
        inner = [schema["properties"][n] for n in schema.get("required", ()) if n in schema.get("properties", {})]
        inner += schema.get("prefixItems", ())
        if schema.get("minItems", 0) and isinstance(schema.get("items"), Mapping):
            inner.append(schema["items"])
        return 1 + max((self._height(one, heights) for one in inner), default=0)

    def _named(self, name: str, depth: int) -> Strategy:
        key = (name, depth)
        if key not in self._made:
            self._made[key] = st.deferred(lambda: self._schema(self._schemas[name], depth))
        return self._made[key]

    def _fits(self, schema: Schema, depth: int) -> bool:
        return self._height(schema, self._heights) <= depth

    def _schema(self, schema: Schema, depth: int) -> Strategy:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(PREFIX)
            return self._named(name, max(depth - 1, int(self._heights[name])))
        if "anyOf" in schema:
            fitting = [variant for variant in schema["anyOf"] if self._fits(variant, depth)]
            least = min(schema["anyOf"], key=lambda variant: self._height(variant, self._heights))
            return st.one_of([self._schema(variant, depth) for variant in fitting or [least]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        return self._typed(schema, depth)

    def _typed(self, schema: Schema, depth: int) -> Strategy:
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind is None:
            return _ANY
        return self._text(schema) if kind == "string" else self._number(schema, str(kind))

    def _number(self, schema: Schema, kind: str) -> Strategy:
        limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        asked = {word: schema[word] for word in limits if word in schema}
        if not asked or kind not in ("integer", "number"):
            return _SCALARS[kind]
        return from_schema({"type": kind, **asked}).filter(lambda value: abs(value) <= _SAFE)

    def _text(self, schema: Schema) -> Strategy:
        form = "byte" if schema.get("contentEncoding") == "base64" else schema.get("format")
        if form in _FORMATS:
            return _FORMATS[form]
        asked = {word: schema[word] for word in ("minLength", "maxLength", "pattern") if word in schema}
        if not asked:
            return _TEXT
        try:
            re.compile(asked.get("pattern", ""))
        except re.error:
            return _TEXT  # an expression of ECMAScript's own
        return from_schema({"type": "string", **asked})

    def _object(self, schema: Schema, depth: int) -> Strategy:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = {name for name in schema.get("required", ()) if name in properties}
        own = {name: self._schema(properties[name], depth - 1) for name in sorted(required)}
        more = {
            name: self._schema(inner, depth - 1)
            for name, inner in properties.items()
            if name not in required and self._fits(inner, depth - 1)
        }
        known = st.fixed_dictionaries(own, optional=more)
        extra = schema.get("additionalProperties")
        if extra is False or (properties and not isinstance(extra, Mapping)):
            return known
        inner = extra if isinstance(extra, Mapping) else {}
        if not self._fits(inner, depth - 1):
            return known
        keys = _KEYS.filter(lambda key: key not in properties)
        others = st.dictionaries(keys, self._schema(inner, depth - 1), max_size=3)
        return st.tuples(others, known).map(lambda parts: {**parts[0], **parts[1]})

    def _array(self, schema: Schema, depth: int) -> Strategy:
        if "prefixItems" in schema:
            return st.tuples(*(self._schema(inner, depth - 1) for inner in schema["prefixItems"])).map(list)
        items = schema.get("items", {})
        least = schema.get("minItems", 0)
        if not isinstance(items, Mapping) or (not least and not self._fits(items, depth - 1)):
            return st.just([])
        most = min(schema.get("maxItems", least + 3), least + 3)
        distinct = (lambda item: json.dumps(item, sort_keys=True)) if schema.get("uniqueItems") else None
        return st.lists(self._schema(items, depth - 1), min_size=least, max_size=most, unique_by=distinct)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: 1 is 1.0, and true is neither."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)

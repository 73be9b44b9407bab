"""Schemas as the comparison sees them: references followed, null apart, one kind each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from wirewright_codegen.diff.facts import SCHEMAS
from wirewright_codegen.diff.values import Json
from wirewright_codegen.models.annotations import FORMATS
from wirewright_codegen.read.values import is_list, is_map

Relation = Literal["same", "wider", "narrower", "given", "dropped", "different"]
_NULL = {"type": "null"}
_LONG = 60


@dataclass(frozen=True, slots=True)
class Use:
    """What a schema says at one place.

    Attributes:
        name: its class, when it has one.
        schema: what it says itself, references followed and null left out.
        nullable: whether null is allowed.
    """

    name: str | None
    schema: Json
    nullable: bool


def use_of(schemas: Json, schema: Any) -> Use:
    """A schema at its place."""
    name: str | None = None
    nullable = False
    current: Any = schema
    for _ in range(len(schemas) + 2):
        if current is False:
            return Use(None, {"not": {}}, nullable)
        if not is_map(current):
            return Use(None, {}, nullable)
        reference = current.get("$ref")
        if isinstance(reference, str):
            name = reference.removeprefix(SCHEMAS)
            current = schemas.get(name, {})
            continue
        variants = current.get("anyOf")
        if is_list(variants) and _NULL in variants:
            nullable = True
            rest = [variant for variant in variants if variant != _NULL]
            if len(rest) != 1:
                return Use(name, {**current, "anyOf": rest}, nullable)
            current, name = rest[0], None
            continue
        values = current.get("enum")
        if is_list(values) and None in values and len(values) > 1:
            nullable = True
            current = {**current, "enum": [value for value in values if value is not None]}
        break
    return Use(name, current if is_map(current) else {}, nullable)


def kind_of(schema: Json) -> str:
    """`union`, `enum`, `object`, `map`, `array`, `tuple`, `null`, `any`, `never`, or the type of a scalar."""
    if "anyOf" in schema:
        return "union"
    if "enum" in schema or "const" in schema:
        return "enum"
    kind = schema.get("type")
    if kind == "object":
        return "object" if "properties" in schema or schema.get("additionalProperties") is False else "map"
    if kind == "array":
        return "tuple" if "prefixItems" in schema else "array"
    if isinstance(kind, str):
        return kind
    return "never" if schema.get("not") == {} else "any"


def relation(old: Json, new: Json) -> Relation:
    """How the kind of values in `new` stands to that in `old`, unions apart."""
    before, after = kind_of(old), kind_of(new)
    if before == after:
        return "same"
    if after == "any":
        return "dropped"
    if before == "any":
        return "given"
    if _within(old, before, new, after):
        return "wider"
    return "narrower" if _within(new, after, old, before) else "different"


def _within(inner: Json, inner_kind: str, outer: Json, outer_kind: str) -> bool:
    if inner_kind == "never" or (inner_kind, outer_kind) in {("integer", "number"), ("tuple", "array")}:
        return True
    if (inner_kind, outer_kind) == ("object", "map"):
        return outer.get("additionalProperties", {}) in ({}, True)
    return False


def enum_values(schema: Json) -> list[Any]:
    """The values of an enum or a constant."""
    values = [schema["const"]] if "const" in schema else schema["enum"]
    return list(values) if is_list(values) else []


def scalar_kinds(values: list[Any]) -> set[str]:
    """The JSON types of some values."""
    names = {"bool": "boolean", "int": "integer", "float": "number", "str": "string", "NoneType": "null"}
    return {names.get(type(value).__name__, "object") for value in values}


def python_format(form: Any) -> str | None:
    """The Python type that a format stands for; None for one that is a hint."""
    return FORMATS.get(form, "bytes" if form == "binary" else None) if isinstance(form, str) else None


def variants_of(use: Use) -> list[Any]:
    """The variants of a union; the schema itself when it is none."""
    variants = use.schema.get("anyOf")
    if is_list(variants):
        return list(variants)
    return [{"$ref": SCHEMAS + use.name}] if use.name else [use.schema]


def described(schemas: Json, schema: Any) -> str:
    """A schema in a few words, without what is said about it."""
    if not is_map(schema):
        return "anything" if schema is not False else "nothing"
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return reference.removeprefix(SCHEMAS)
    return _described(schemas, schema, kind_of(schema))


def _described(schemas: Json, schema: Json, kind: str) -> str:
    if kind == "union":
        parts = [described(schemas, variant) for variant in schema["anyOf"]]
        return " or ".join(parts[:4]) + (f" or {len(parts) - 4} more" if len(parts) > 4 else "")
    if kind == "enum":
        return "one of " + ", ".join(shown(value) for value in enum_values(schema)[:6])
    if kind in ("array", "tuple"):
        return f"list of {described(schemas, schema.get('items', {}))}" if kind == "array" else "tuple"
    if kind == "map":
        return f"map of {described(schemas, schema.get('additionalProperties', {}))}"
    form = schema.get("format")
    words = {"any": "anything", "never": "nothing"}.get(kind, kind)
    return f"{words} ({form})" if isinstance(form, str) else words


def shown(value: Any) -> str:
    """A value for people, short; text as it is."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def structure(value: Any) -> Any:
    """A schema without what is only said about it, to compare and to hash."""
    if is_map(value):
        return {
            key: _properties(item) if key == "properties" else structure(item)
            for key, item in value.items()
            if key not in ANNOTATIONS and not (key.startswith("x-") and key not in MEANT)
        }
    return [structure(item) for item in value] if is_list(value) else value


def _properties(value: Any) -> Any:
    return {name: structure(item) for name, item in value.items()} if is_map(value) else value


ANNOTATIONS = frozenset({"description", "title", "example", "examples", "externalDocs", "$comment", "xml"})
MEANT = frozenset({"x-constraints", "x-discriminator"})

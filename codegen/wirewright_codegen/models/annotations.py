"""Type expressions of canonical schemas, as Python source. Class names are prefixed (`m.`) where a caller needs it.

Names are exact in every position: what a schema allows is what the expression says.
"""

from __future__ import annotations

from typing import Any

from wirewright_codegen.models.schemas import Schema, as_schema, is_literal, kind_of, ref_name
from wirewright_codegen.text import literal

SCALARS = {"integer": "int", "number": "float", "boolean": "bool", "string": "str", "null": "None"}
FORMATS = {
    "date-time": "_dt.datetime",
    "date": "_dt.date",
    "time": "_dt.time",
    "uuid": "UUID",
    "decimal": "Decimal",
    "byte": "bytes",
}
FILE = "_File"


def annotation(schema: Schema, prefix: str = "", *, binary: str = "str") -> str:
    """The Python type of a schema.

    Args:
        schema: a canonical schema.
        prefix: stands before class names.
        binary: the type of strings that stand for bytes: "str" inside JSON, "bytes" or "_File" elsewhere.
    """
    return " | ".join(_members(schema, prefix, binary))


def _members(schema: Schema, prefix: str, binary: str) -> list[str]:
    kind = kind_of(schema)
    if kind == "union":
        found: dict[str, None] = {}
        for variant in schema["anyOf"]:
            found.update(dict.fromkeys(_members(variant, prefix, binary)))
        return _null_last(["Any"] if "Any" in found else list(found))
    if kind == "ref":
        return [f"{prefix}{ref_name(schema)}"]
    if kind == "enum":
        return enum_members(schema["enum"])
    if kind == "const":
        return [const_type(schema["const"])]
    return [_container(schema, kind, prefix, binary)]


def _container(schema: Schema, kind: str, prefix: str, binary: str) -> str:
    if kind == "scalar":
        return scalar(schema, binary)
    if kind == "null":
        return "None"
    if kind in ("map", "object"):
        values = as_schema(schema.get("additionalProperties"))
        inner = annotation(values, prefix, binary=binary) if values is not None else "Any"
        return f"dict[str, {inner}]"
    if kind == "array":
        return f"list[{annotation(as_schema(schema.get('items')) or {}, prefix, binary=binary)}]"
    if kind == "tuple":
        return tuple_type([annotation(item, prefix, binary=binary) for item in schema["prefixItems"]], schema)
    return "Any"


def tuple_type(items: list[str], schema: Schema) -> str:
    """A tuple where the length is fixed, else a list of anything."""
    return f"tuple[{', '.join(items)}]" if is_fixed_tuple(schema) else "list[Any]"


def is_fixed_tuple(schema: Schema) -> bool:
    """Whether an array has exactly the items of its `prefixItems`."""
    size = len(schema.get("prefixItems", ()))
    closed = schema.get("items") in (False, {"not": {}}) or schema.get("maxItems") == size
    return bool(size and closed and schema.get("minItems") == size)


def scalar(schema: Schema, binary: str = "str") -> str:
    """The Python type of a schema with a single scalar type."""
    kind = str(schema.get("type"))
    if kind != "string":
        return SCALARS[kind]
    form = schema.get("format")
    if schema.get("contentEncoding") in ("base64", "base64url") or form == "byte":
        return "bytes" if schema.get("contentEncoding") != "base64url" else "str"
    if holds_bytes(schema):
        return binary
    return FORMATS.get(form, "str") if isinstance(form, str) else "str"


def holds_bytes(schema: Schema) -> bool:
    """Whether a string stands for bytes that are no text, by the words of OpenAPI 3.0 or of JSON Schema (3.1)."""
    if schema.get("format") == "binary":
        return True
    media_type = schema.get("contentMediaType")
    if not isinstance(media_type, str) or "contentEncoding" in schema or "format" in schema:
        return False
    base = media_type.partition(";")[0].strip().lower()
    return not base.startswith("text/") and not base.endswith(_TEXTUAL)


_TEXTUAL = ("json", "xml", "yaml", "javascript", "graphql", "x-www-form-urlencoded")


def const_type(value: Any) -> str:
    """The type of one constant."""
    if is_literal(value):
        return f"Literal[{literal(value)}]"
    return plain_type(value)


def plain_type(value: Any) -> str:
    """The type of values like this one."""
    if value is None:
        return "None"
    for python, name in ((bool, "bool"), (str, "str"), (int, "int"), (float, "float")):
        if isinstance(value, python):
            return name
    return "list[Any]" if isinstance(value, list) else "dict[str, Any]"


def enum_literals(values: list[Any]) -> list[str]:
    """The values that a `Literal` can hold, as source."""
    return [literal(value) for value in dict.fromkeys(v for v in values if is_literal(v))]


def enum_bases(values: list[Any]) -> list[str]:
    """The types of an enum's values, null last: what an unknown value may be."""
    return _null_last(list(dict.fromkeys(plain_type(value) for value in values)))


def enum_members(values: list[Any]) -> list[str]:
    """An open enum: its known values, and whatever else may come of their types."""
    literals = enum_literals(values)
    return ([f"Literal[{', '.join(literals)}]"] if literals else []) + enum_bases(values)


def _null_last(members: list[str]) -> list[str]:
    return [m for m in members if m != "None"] + (["None"] if "None" in members else [])

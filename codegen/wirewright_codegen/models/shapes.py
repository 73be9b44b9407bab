"""What each schema becomes, decided before anything is rendered: a class, an alias, an open enum or a union.

The decisions are the same for all flavours, so that classes, attributes and static types are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from wirewright_codegen import naming, text
from wirewright_codegen.models.annotations import (
    FORMATS,
    enum_bases,
    enum_literals,
    holds_bytes,
    is_fixed_tuple,
    plain_type,
)
from wirewright_codegen.models.schemas import REF_PREFIX, Schema, as_schema, is_literal, kind_of, ref_name

# Attributes of pydantic's base class, and types that annotations name: no field may hide them, in any flavour.
RESERVED_FIELDS = naming.RESERVED_IDENTIFIERS | frozenset(
    [
        "copy",
        "json",
        "dict",
        "schema",
        "validate",
        "construct",
        "parse_obj",
        "parse_raw",
        "parse_file",
        "from_orm",
        "schema_json",
        "update_forward_refs",
        "model_config",
        "model_fields",
        "model_computed_fields",
        "model_construct",
        "model_copy",
        "model_dump",
        "model_dump_json",
        "model_json_schema",
        "model_parametrized_name",
        "model_post_init",
        "model_rebuild",
        "model_validate",
        "model_validate_json",
        "model_validate_strings",
        "model_extra",
        "model_fields_set",
        "list",
        "str",
        "int",
        "float",
        "bool",
        "bytes",
        "tuple",
        "msgspec",
        "attrs",
        "pydantic",
    ]
)
_UNHOLDABLE = re.compile(r'[\x00-\x1f"\\]')
ShapeKind = Literal["class", "alias", "enum", "union"]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a class.

    `key` is its name for the renderer, which must not meet a name of the document; `schema` is what the renderer sees;
    `const` is the value of a constant string or integer, `None` where there is none.
    """

    key: str
    name: str
    wire: str
    schema: Mapping[str, Any]
    required: bool
    doc: str
    const: str | int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One named schema: `fields` of a class, `values` of an enum, `variants` of a union."""

    name: str
    kind: ShapeKind
    source: Schema
    doc: str
    fields: tuple[Field, ...] = ()
    values: tuple[Any, ...] = ()
    discriminator: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()

    def rendered_schema(self) -> dict[str, Any]:
        """The schema as the renderer sees it: types alone, every property present."""
        if self.kind == "class":
            return {
                "type": "object",
                "properties": {field.key: field.schema for field in self.fields},
                "required": [field.key for field in self.fields],
            }
        return typed(self.source)


def shapes_of(schemas: Mapping[str, Schema], files: frozenset[str] = frozenset()) -> dict[str, Shape]:
    """Every schema's shape. `files` names the classes whose binary strings are uploads (multipart bodies)."""
    return {name: _shape(name, schema, name in files) for name, schema in schemas.items()}


def _shape(name: str, schema: Schema, files: bool) -> Shape:
    kind = kind_of(schema)
    doc = text.described(schema.get("description") or "", schema if kind != "object" else _of_class(schema))
    if kind == "object":
        return Shape(name, "class", schema, doc, fields=_fields(schema, files))
    if kind == "enum":
        return Shape(name, "enum", schema, doc, values=tuple(schema["enum"]))
    if kind == "union":
        discriminator = as_schema(schema.get("discriminator")) or {}
        mapping = as_schema(discriminator.get("mapping")) or {}
        return Shape(
            name,
            "union",
            schema,
            doc,
            discriminator=discriminator.get("propertyName"),
            mapping=tuple((value, str(ref).removeprefix(REF_PREFIX)) for value, ref in mapping.items()),
        )
    return Shape(name, "alias", schema, doc)


def _of_class(schema: Schema) -> Schema:
    """Of a class's own keywords what its words say; its properties say theirs."""
    return {"deprecated": schema["deprecated"]} if "deprecated" in schema else {}


def _fields(schema: Schema, files: bool) -> tuple[Field, ...]:
    properties: Mapping[str, Schema] = schema["properties"]
    required = set(schema.get("required", ()))
    names = field_names(properties)
    return tuple(
        Field(
            key=f"p{number}",
            name=names[wire],
            wire=wire,
            schema=typed(inner, files),
            required=wire in required,
            doc=text.described(inner.get("description") or "", inner),
            const=_const(inner),
        )
        for number, (wire, inner) in enumerate(properties.items())
    )


def without_unholdable(shape: Shape) -> tuple[Shape, list[str]]:
    """The shape without the properties whose names msgspec cannot hold, and those names: they are unknown fields."""
    out = [field.wire for field in shape.fields if _UNHOLDABLE.search(field.wire)]
    if not out:
        return shape, []
    shown = ", ".join(f"`{text.clean(wire)}`" for wire in out)
    words = text.paragraphs([shape.doc, f"Had by `wirewright.extras`, for their names: {shown}."])
    return replace(shape, fields=tuple(f for f in shape.fields if f.wire not in out), doc=words), out


def field_names(properties: Mapping[str, Any]) -> dict[str, str]:
    """Wire name → attribute name."""
    wanted = {wire: [naming.identifier(wire, reserved=RESERVED_FIELDS), _spelled(wire)] for wire in properties}
    rank = {wire: 0 if wire == wanted[wire][0] else 1 for wire in properties}
    return naming.unique(wanted, rank=rank)


def _spelled(wire: str) -> str:
    return naming.identifier(naming.spelled(wire), reserved=RESERVED_FIELDS)


def _const(schema: Schema) -> str | int | None:
    value = schema.get("const")
    return value if is_literal(value) else None


def typed(schema: Schema, files: bool = False) -> dict[str, Any]:
    """A schema without anything but its type: no constraints, defaults, names or words."""
    kind = kind_of(schema)
    if kind == "ref":
        return {"$ref": REF_PREFIX + str(ref_name(schema))}
    if kind == "union":
        return {"anyOf": _absorbed(_typed_variants(schema["anyOf"], files))}
    if kind == "enum":
        return _typed_enum(list(schema["enum"]))
    if kind == "const":
        return _typed_const(schema["const"])
    if kind in ("map", "object"):
        values = as_schema(schema.get("additionalProperties"))
        return {"type": "object", "additionalProperties": typed(values, files) if values is not None else {}}
    if kind == "array":
        items = as_schema(schema.get("items"))
        return {"type": "array", "items": typed(items, files) if items is not None else {}}
    if kind == "tuple":
        return _typed_tuple(schema, files)
    return _typed_scalar(schema, files) if kind in ("scalar", "null") else {}


def _typed_variants(variants: list[Schema], files: bool) -> list[dict[str, Any]]:
    """The variants of a union; constants among them are the values of one enum, and as open as it."""
    values = [value for variant in variants for value in variant.get("enum", [variant.get("const")])]
    found: list[dict[str, Any]] = []
    for variant in variants:
        if kind_of(variant) in ("const", "enum"):
            whole = _typed_enum([v for v in values if v is not None or {"const": None} in variants])
            found += [part for part in whole.get("anyOf", [whole]) if part not in found]
        else:
            found.append(typed(variant, files))
    return found


def _typed_tuple(schema: Schema, files: bool) -> dict[str, Any]:
    if not is_fixed_tuple(schema):
        return {"type": "array", "items": {}}
    items = [typed(item, files) for item in schema["prefixItems"]]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items), "items": False}


def _typed_scalar(schema: Schema, files: bool) -> dict[str, Any]:
    if schema["type"] != "string":
        return {"type": schema["type"]}
    form, encoding = schema.get("format"), schema.get("contentEncoding")
    if encoding == "base64" or (form == "byte" and encoding is None):
        return {"type": "string", "format": "binary"}
    if holds_bytes(schema):
        return {"type": "string", "customTypePath": "wirewright.bodies._File"} if files else {"type": "string"}
    return {"type": "string", "format": form} if form in FORMATS else {"type": "string"}


def _typed_enum(values: list[Any]) -> dict[str, Any]:
    literals = [v for v in values if is_literal(v)]
    bases: list[dict[str, Any]] = [{"enum": literals}] if enum_literals(values) else []
    bases += [_BASES[base] for base in enum_bases(values)]
    return bases[0] if len(bases) == 1 else {"anyOf": bases}


def _typed_const(value: Any) -> dict[str, Any]:
    if is_literal(value):
        return {"const": value}
    return _BASES[plain_type(value)]


_BASES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "list[Any]": {"type": "array", "items": {}},
    "dict[str, Any]": {"type": "object", "additionalProperties": {}},
}


def _absorbed(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A plain string takes in every formatted one; a variant of anything takes in all."""
    if {} in variants:
        return [{}]
    if {"type": "string"} in variants:
        return [v for v in variants if v.get("type") != "string" or "format" not in v]
    return variants

"""The words of JSON Schema, sorted by what they are about, and small questions about schemas in canonical form.

A *tree* is a schema on its way to the canonical form: `allOf` is merged and types are single, but objects, enums and
unions may still be inline. Private keys travel with it: they start with a null character, which the reader refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wirewright_codegen.read.values import is_list

Schema = dict[str, Any]

AT = "\x00at"
"""In raw schemas: the location that they come from, when it is not where they stand."""
SOURCE = "\x00source"
"""In trees: the id of the location that the tree was built from, as it stands there."""
ORIGIN = "\x00origin"
"""In trees: the id of the schema that a variant of a union was before it was merged with something."""

OBJECT_WORDS = (
    "properties", "additionalProperties", "patternProperties", "required", "minProperties", "maxProperties",
    "propertyNames", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
)  # fmt: skip
ARRAY_WORDS = (
    "items", "prefixItems", "additionalItems", "contains", "minContains", "maxContains", "minItems", "maxItems",
    "uniqueItems", "unevaluatedItems",
)  # fmt: skip
STRING_WORDS = ("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType", "contentSchema")
NUMBER_WORDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
NUMBER_FORMATS = frozenset(
    ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double")
)

ANNOTATIONS = frozenset(
    (
        "title",
        "description",
        "default",
        "examples",
        "readOnly",
        "writeOnly",
        "deprecated",
        "externalDocs",
        "xml",
        "$comment",
    )
)
SITE_ANNOTATIONS = ("description", "default", "readOnly", "writeOnly", "deprecated")
"""What belongs to the use of a schema and stays with its `$ref` when the schema itself moves away."""
CONSTRAINT_WORDS = (
    "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "dependencies", "propertyNames", "contains",
    "minContains", "maxContains",
)  # fmt: skip
CONSTRAINTS = "x-constraints"
"""List of schemas that an instance also satisfies, and that no type expresses."""

VERBATIM = frozenset(("example", "examples", "default", "enum", "const", "security", "externalDocs", "links"))
"""Keywords whose values are data: a `$ref` in them means nothing."""
MAPS = frozenset(
    ("properties", "responses", "headers", "content", "encoding", "x-sse-events", "x-additional-operations")
)
"""Keywords whose values have names for keys, which may well be those of keywords."""
OWN_EXTENSIONS = frozenset((CONSTRAINTS, "x-sse-events", "x-additional-operations", "x-discriminator"))

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
ANY: Schema = {}
NULL: Schema = {"type": "null"}


def is_annotation(key: str) -> bool:
    """Whether a keyword describes and does not restrict."""
    return key in ANNOTATIONS or (key.startswith("x-") and key != CONSTRAINTS)


def description_of(schema: Mapping[str, Any]) -> Schema:
    """The part of a schema that describes."""
    return {key: value for key, value in schema.items() if is_annotation(key)}


def structure(schema: Mapping[str, Any]) -> Schema:
    """The part of a schema that restricts."""
    return {key: value for key, value in schema.items() if not is_annotation(key) and key[0] != "\x00"}


def is_any(schema: Mapping[str, Any]) -> bool:
    """Whether everything is valid."""
    return not any(not is_annotation(key) and key[0] != "\x00" for key in schema)


def is_never(schema: Mapping[str, Any]) -> bool:
    """Whether nothing is valid."""
    return schema.get("not") == {} and "type" not in schema


def never() -> Schema:
    """The schema that nothing satisfies."""
    return {"not": {}}


def is_null(schema: Mapping[str, Any]) -> bool:
    """Whether only null is valid."""
    return schema.get("type") == "null"


def variants(schema: Mapping[str, Any]) -> list[Schema]:
    """The members of a union without null; the schema itself when it is none."""
    members: list[Schema] = schema.get("anyOf") or [dict(schema)]
    return [member for member in members if not is_null(member)]


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether it is an object with named properties (or one that is closed and empty)."""
    return schema.get("type") == "object" and (
        bool(schema.get("properties")) or schema.get("additionalProperties") is False
    )


def is_named_kind(schema: Mapping[str, Any]) -> bool:
    """Whether the schema gets a name of its own when it stands inline: objects, enums, tuples and unions."""
    return (
        is_object(schema)
        or "enum" in schema
        or "prefixItems" in schema
        or ("anyOf" in schema and len(variants(schema)) > 1)
    )


def nodes(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of a schema, media type, response, operation or path item that are such things themselves."""
    for key, value in node.items():
        if key in VERBATIM or (key[:2] == "x-" and key not in OWN_EXTENSIONS):
            continue
        yield key, value


def json_key(value: object) -> str:
    """A text that is equal exactly when two JSON values are (true is not 1)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def without_duplicates(values: Iterable[Any]) -> list[Any]:
    """Values in their order, each once."""
    seen: dict[str, Any] = {}
    for value in values:
        seen.setdefault(json_key(value), value)
    return list(seen.values())


def type_of(value: object) -> str:
    """The JSON type of a value; a number without fraction is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if is_list(value) else "object"

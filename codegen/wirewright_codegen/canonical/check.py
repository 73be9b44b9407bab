"""Whether a document is in canonical form: for tests, and for anyone who builds one by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wirewright_codegen.canonical.head import operations
from wirewright_codegen.canonical.vocabulary import (
    CONSTRAINTS,
    TYPES,
    Schema,
    is_named_kind,
    is_never,
    is_null,
    structure,
    variants,
)
from wirewright_codegen.naming import RESERVED_CLASS_NAMES
from wirewright_codegen.read.values import is_list, is_map

_PREFIX = "#/components/schemas/"
_GONE = frozenset(
    ("allOf", "oneOf", "nullable", "$defs", "definitions", "$id", "$anchor", "patternProperties", "if", "then", "else",
     "dependentSchemas", "unevaluatedProperties", "$dynamicRef", "$recursiveRef", "example")
)  # fmt: skip
_DATA = frozenset(("example", "examples", "const", "enum"))
_STATUS = re.compile(r"([1-5][0-9]{2}|[1-5]XX|default|x-.*)\Z")
_CLASS = re.compile(r"[^\W\d_]\w*\Z")


def assert_canonical(document: Mapping[str, Any]) -> None:
    """Raise AssertionError with every place where a document is not in canonical form."""
    problems = list(problems_of(document))
    assert not problems, "\n".join(problems[:50])


def problems_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Every place where a document is not in canonical form, as sentences."""
    schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    if not str(document.get("openapi", "")).startswith("3.1"):
        yield "openapi: the version is not 3.1"
    yield from _leaks(document, "#")
    for name, schema in schemas.items():
        if not _CLASS.match(name) or name in RESERVED_CLASS_NAMES:
            yield f"{_PREFIX}{name}: the key is no class name"
        if "x-source" not in schema:
            yield f"{_PREFIX}{name}: x-source is missing"
        yield from _body(schema, _PREFIX + name, schemas)
    identifiers: set[str] = set()
    for where in ("paths", "webhooks"):
        for operation in operations(document.get(where, {})):
            identifier = operation.get("operationId")
            if not isinstance(identifier, str) or identifier in identifiers:
                yield f"{operation.get('x-source')}: the operationId {identifier!r} is missing or not unique"
            identifiers.add(str(identifier))
            yield from _operation(operation, schemas)


def _leaks(document: Any, pointer: str) -> Iterator[str]:
    stack = [(document, pointer)]
    while stack:
        node, where = stack.pop()
        if is_list(node):
            stack.extend((item, f"{where}/{number}") for number, item in enumerate(node))
        elif is_map(node):
            yield from (f"{where}: the key {key!r}" for key in node if key.startswith("\x00"))
            stack.extend((value, f"{where}/{key}") for key, value in node.items() if key not in _DATA)


def _operation(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    where = f"operation {operation.get('operationId')}"
    for word in ("parameters", "responses", "security", "x-source"):
        if word not in operation:
            yield f"{where}: {word} is missing"
    for parameter in operation.get("parameters", ()):
        at = f"{where} parameter {parameter.get('name')}"
        if ("schema" in parameter) == ("content" in parameter):
            yield f"{at}: one of schema and content"
        if "schema" in parameter:
            yield from _inline(parameter["schema"], at, schemas)
        yield from _content(parameter.get("content", {}), at, schemas)
    yield from _content(operation.get("requestBody", {}).get("content", {}), f"{where} request", schemas)
    for status, response in operation.get("responses", {}).items():
        if not _STATUS.match(status):
            yield f"{where}: the status {status!r}"
        if status.startswith("x-"):
            continue
        yield from _content(response.get("content", {}), f"{where} response {status}", schemas)
        for name, header in response.get("headers", {}).items():
            yield from _inline(header.get("schema", {}), f"{where} header {name}", schemas)


def _content(content: Mapping[str, Any], where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    for media_type, media in content.items():
        at = f"{where} {media_type}"
        if ("schema" in media) == ("itemSchema" in media):
            yield f"{at}: one of schema and itemSchema"
        for word in ("schema", "itemSchema"):
            if word in media:
                yield from _inline(media[word], at, schemas)
        for name, schema in media.get("x-sse-events", {}).items():
            yield from _inline(schema, f"{at} event {name}", schemas)


def _body(schema: Any, where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    if "anyOf" in schema:
        members = schema["anyOf"]
        if len(members) < 2:
            yield f"{where}: a union of {len(members)}"
        for number, member in enumerate(members):
            if structure(member).keys() <= {CONSTRAINTS} or is_never(member) or "anyOf" in member:
                yield f"{where}/anyOf/{number}: a member that makes the union pointless"
            yield from _inline(member, f"{where}/anyOf/{number}", schemas)
        yield from _discriminator(schema, where, schemas)
        return
    yield from _plain(schema, where, schemas)


def _inline(schema: Any, where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    if not is_map(schema):
        yield f"{where}: {schema!r} is no schema"
        return
    members = variants(schema)
    if "anyOf" in schema and len(members) == 1 and len(schema["anyOf"]) == 2:
        if not is_null(schema["anyOf"][1]):
            yield f"{where}: null comes last"
        yield from _inline(members[0], f"{where}/anyOf/0", schemas)
        return
    if is_named_kind(schema):
        yield f"{where}: an object, enum, tuple or union stands inline"
        return
    yield from _plain(schema, where, schemas)


def _plain(schema: Mapping[str, Any], where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    """Anything but a union."""
    for word in _GONE & schema.keys():
        yield f"{where}: {word} is left"
    if "$ref" in schema:
        reference = schema["$ref"]
        if not reference.startswith(_PREFIX) or reference.removeprefix(_PREFIX) not in schemas:
            yield f"{where}: the reference {reference!r} leads nowhere"
        if structure(schema).keys() - {"$ref", "x-constraints"}:
            yield f"{where}: rules beside a reference"
        return
    if structure(schema).keys() <= {CONSTRAINTS} or is_never(schema):
        return
    if schema.get("type") not in TYPES:
        yield f"{where}: the type {schema.get('type')!r}"
        return
    yield from _children(schema, where, schemas)


def _children(schema: Mapping[str, Any], where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    kind = schema["type"]
    if kind == "object":
        properties = schema.get("properties", {})
        if not properties and "additionalProperties" not in schema:
            yield f"{where}: neither properties nor additionalProperties"
        for name, child in properties.items():
            yield from _inline(child, f"{where}/properties/{name}", schemas)
        for name in schema.get("required", ()):
            if name not in properties and schema.get("additionalProperties") is not False and properties:
                yield f"{where}: {name!r} is required and no property"
        if is_map(schema.get("additionalProperties")):
            yield from _inline(schema["additionalProperties"], f"{where}/additionalProperties", schemas)
        if schema.get("additionalProperties") is True:
            yield f"{where}: additionalProperties is written as a schema or false"
    if kind == "array":
        for number, child in enumerate(schema.get("prefixItems", ())):
            yield from _inline(child, f"{where}/prefixItems/{number}", schemas)
        if "items" in schema:
            yield from _inline(schema["items"], f"{where}/items", schemas)
        elif "prefixItems" not in schema:
            yield f"{where}: an array without items"
    if len(schema.get("enum", (1, 2))) < 2:
        yield f"{where}: an enum of one"


def _discriminator(schema: Schema, where: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    tag = schema.get("discriminator")
    if tag is None:
        return
    members = {member.get("$ref") for member in variants(schema)}
    if set(tag["mapping"].values()) != members:
        yield f"{where}: the mapping of the discriminator is not complete"
    for reference in members:
        target: Mapping[str, Any] = schemas.get(str(reference).removeprefix(_PREFIX), {})
        for _ in range(10):
            if "$ref" in target:
                target = schemas.get(target["$ref"].removeprefix(_PREFIX), {})
        if tag["propertyName"] not in target.get("required", ()):
            yield f"{where}: {reference} does not require {tag['propertyName']!r}"

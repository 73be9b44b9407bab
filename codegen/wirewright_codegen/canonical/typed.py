"""The keywords of one schema that are not about other schemas: types, properties, items, limits, enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from wirewright_codegen.account import Account
from wirewright_codegen.canonical.places import At
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.union import union, values_union
from wirewright_codegen.canonical.vocabulary import (
    ARRAY_WORDS,
    CONSTRAINTS,
    NUMBER_FORMATS,
    NUMBER_WORDS,
    OBJECT_WORDS,
    STRING_WORDS,
    TYPES,
    Schema,
    json_key,
    type_of,
    without_duplicates,
)
from wirewright_codegen.read.values import is_list, is_map

_COMPOSITES = ("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf")
_EVERYTHING = frozenset(("", ".", ".*", "^.*$", ".+", "^.+$", "^", "^.*", ".*$", "^.+", r"[\s\S]*", r"^[\s\S]*$"))


class Children(Protocol):
    """What this module needs of the builder."""

    references: References
    account: Account
    infer_types: bool

    def child(self, raw: Any, at: At) -> Schema:
        """The tree of a schema inside another."""
        ...

    def fragment(self, raw: Any, at: At) -> Any:
        """A piece of a raw schema whose references are ids."""
        ...

    def lose(self, at: At, reason: str) -> None:
        """Put a loss into the account."""
        ...


def own(builder: Children, raw: Mapping[str, Any], at: At) -> tuple[Schema, bool]:
    """The tree of a schema's own keywords, and whether it says its type (else the type is read off the keywords)."""
    types = _types(builder, raw, at)
    explicit = bool(types)
    if "const" in raw or is_list(raw.get("enum")):
        return _values(builder, raw, at, types), True
    if not types:
        types = _implied(raw)
        if types and not builder.infer_types:  # keywords bind values of their type, and every other value is valid
            types, explicit = [kind for kind in TYPES if kind != "integer"], True
    trees = [_one(builder, raw, at, kind) for kind in types]
    if not trees:
        return {}, False
    return union(trees), explicit or not any(word in raw for word in _COMPOSITES)


def closed(tree: Schema, raw: Mapping[str, Any], builder: Children, at: At) -> Schema:
    """Apply `unevaluatedProperties` and `unevaluatedItems`: once all is merged they are about the additional ones."""
    for word, kind, meaning in (
        ("unevaluatedProperties", "object", "additionalProperties"),
        ("unevaluatedItems", "array", "items"),
    ):
        if word not in raw:
            continue
        extra = raw[word]
        if is_map(extra):
            extra = builder.child(extra, at.child(word))
        exact = tree.get("type") == kind and not any(other in raw for other in ("if", "contains", "anyOf", "oneOf"))
        if exact and meaning not in tree:
            value = _extra(extra)
            tree = {**tree, meaning: {"not": {}} if value is False and kind == "array" else value}
        elif extra is not True and extra != {}:
            builder.account.note(builder.references.id(at), f"documented, not typed: {word}")
    return tree


def _types(builder: Children, raw: Mapping[str, Any], at: At) -> list[str]:
    declared = raw.get("type")
    if declared is None:
        return ["null"] if "type" in raw and len(raw) == 1 else []
    found: list[str] = []
    for kind in declared if is_list(declared) else [declared]:
        if kind in TYPES:
            found.append(kind)
        elif kind == "file":
            found.append("file")
        elif kind == "any":
            return []
        elif kind is None:
            found.append("null")
        elif isinstance(kind, str) and kind.lower() in TYPES:
            builder.account.note(builder.references.id(at), f"the type {kind!r} is read as {kind.lower()!r}")
            found.append(kind.lower())
        elif isinstance(kind, str) and kind in _COMMON_SLIPS:
            builder.account.note(builder.references.id(at), f"the type {kind!r} is read as {_COMMON_SLIPS[kind]!r}")
            found.append(_COMMON_SLIPS[kind])
        else:
            builder.lose(at, f"{json_key(kind)[:80]} is no type; it becomes any")
            return []
    return list(dict.fromkeys(found))


_COMMON_SLIPS = {
    "int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "float": "number", "double": "number",
    "bool": "boolean", "str": "string", "date": "string", "datetime": "string", "date-time": "string", "uuid": "string",
    "list": "array", "dict": "object",
}  # fmt: skip


def _implied(raw: Mapping[str, Any]) -> list[str]:
    """The types that the keywords are about, for a schema that names none."""
    found: list[str] = []
    if any(word in raw for word in OBJECT_WORDS[:6]):
        found.append("object")
    if any(word in raw for word in ARRAY_WORDS):
        found.append("array")
    declared = raw.get("format")
    declared = declared if isinstance(declared, str) else ""
    numeric = declared in NUMBER_FORMATS
    if any(word in raw for word in STRING_WORDS) or (declared and not numeric):
        found.append("string")
    if any(word in raw for word in NUMBER_WORDS) or numeric:
        found.append("integer" if numeric and "int" in declared else "number")
    return found


def _one(builder: Children, raw: Mapping[str, Any], at: At, kind: str) -> Schema:
    if kind == "object":
        return _object(builder, raw, at)
    if kind == "array":
        return _array(builder, raw, at)
    if kind == "file":
        return {"type": "string", "format": "binary"}
    return _scalar(builder, raw, at, kind)


def _scalar(builder: Children, raw: Mapping[str, Any], at: At, kind: str) -> Schema:
    tree: Schema = {"type": kind}
    declared = raw.get("format")
    if isinstance(declared, str) and kind in ("string", "integer", "number"):
        numeric = declared in NUMBER_FORMATS
        if numeric == (kind != "string") or declared in ("decimal", "unix-time", "timestamp") or kind != "string":
            tree["format"] = declared
        elif numeric:  # a number that travels as text
            tree["x-format"] = declared
    if kind == "string":
        _lengths(tree, raw, ("minLength", "maxLength"))
        for word in ("pattern", "contentEncoding", "contentMediaType"):
            if isinstance(raw.get(word), str):
                tree[word] = raw[word]
        if "contentSchema" in raw:
            tree["contentSchema"] = builder.child(raw["contentSchema"], at.child("contentSchema"))
    elif kind in ("integer", "number"):
        _bounds(tree, raw)
    return tree


def _lengths(tree: Schema, raw: Mapping[str, Any], words: tuple[str, ...]) -> None:
    for word in words:
        value = raw.get(word)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and float(value).is_integer():
            tree[word] = int(value)


def _bounds(tree: Schema, raw: Mapping[str, Any]) -> None:
    """Limits of a number; the boolean `exclusive…` of OpenAPI 3.0 and draft 4 turns the limit beside it."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        value, strict = raw.get(limit), raw.get(exclusive)
        if _is_number(value):
            tree[exclusive if strict is True else limit] = value
        if _is_number(strict):
            tree[exclusive] = strict
    step = raw.get("multipleOf")
    if _is_number(step) and step is not None and step > 0:
        tree["multipleOf"] = step


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(builder: Children, raw: Mapping[str, Any], at: At) -> Schema:
    tree: Schema = {"type": "object"}
    properties, where = builder.references.followed(raw.get("properties"), at.child("properties"))
    if is_map(properties):
        tree["properties"] = {
            str(name): builder.child(schema, where.child(name)) for name, schema in properties.items()
        }
    elif properties is not None:
        builder.lose(at.child("properties"), "properties must be an object; they are left out")
    required = raw.get("required")
    if is_list(required):
        names = list(dict.fromkeys(name for name in required if isinstance(name, str)))
        if names:
            tree["required"] = names
    extra = raw.get("additionalProperties")
    if is_map(extra):
        tree["additionalProperties"] = _extra(builder.child(extra, at.child("additionalProperties")))
    elif isinstance(extra, bool):
        tree["additionalProperties"] = _extra(extra)
    elif extra is not None:
        builder.lose(at.child("additionalProperties"), "additionalProperties must be a schema; they may be anything")
    if is_map(raw.get("patternProperties")):
        _patterns(builder, raw["patternProperties"], at, tree)
    _lengths(tree, raw, ("minProperties", "maxProperties"))
    return tree


def _extra(schema: Any) -> Any:
    if schema is True:
        return {}
    return False if is_map(schema) and schema.get("not") == {} else schema


def _patterns(builder: Children, patterns: Mapping[str, Any], at: At, tree: Schema) -> None:
    """`patternProperties` as `additionalProperties`: exact when nothing else is allowed, else wide enough for both."""
    where = at.child("patternProperties")
    schemas = {pattern: builder.child(schema, where.child(pattern)) for pattern, schema in patterns.items()}
    rest = tree.get("additionalProperties", {})
    universal = [schema for pattern, schema in schemas.items() if pattern in _EVERYTHING]
    members = [*schemas.values()]
    if not universal and rest is not False:
        members.append(rest)
    tree["additionalProperties"] = union(members)
    if universal and len(schemas) == 1:
        return
    constraint: Schema = {"patternProperties": builder.fragment(patterns, where)}
    if rest is False:
        constraint |= {"properties": dict.fromkeys(tree.get("properties", ()), True), "additionalProperties": False}
    tree[CONSTRAINTS] = [constraint]
    builder.account.note(builder.references.id(where), "documented, not typed: the patterns of patternProperties")


def _array(builder: Children, raw: Mapping[str, Any], at: At) -> Schema:
    tree: Schema = {"type": "array"}
    items: Any = raw.get("items")
    heads, rest = raw.get("prefixItems"), None
    where = at.child("prefixItems")
    if is_list(items):  # tuples of older drafts
        heads, rest, where = items, raw.get("additionalItems"), at.child("items")
    elif is_map(items) or isinstance(items, bool):
        rest = items
    elif items is not None:
        builder.lose(at.child("items"), "items must be a schema; they may be anything")
    if is_list(heads) and heads:
        tree["prefixItems"] = [builder.child(schema, where.child(number)) for number, schema in enumerate(heads)]
        if rest is not None:
            tree["items"] = builder.child(rest, at.child("additionalItems" if is_list(items) else "items"))
    elif rest is not None:
        tree["items"] = builder.child(rest, at.child("items"))
    _lengths(tree, raw, ("minItems", "maxItems"))
    if isinstance(raw.get("uniqueItems"), bool):
        tree["uniqueItems"] = raw["uniqueItems"]
    return tree


def _values(builder: Children, raw: Mapping[str, Any], at: At, types: list[str]) -> Schema:
    """An enumeration, by the types that the schema allows."""
    found = [raw["const"]] if "const" in raw else list(raw["enum"])
    values = without_duplicates(found)
    if raw.get("nullable") is True and None in values:
        types = [*types, "null"] if types else types
    kept = [value for value in (_fitting(builder, value, types, at) for value in values) if value is not _UNFIT]
    kept = without_duplicates(kept)
    if values and not kept:
        builder.lose(at, "no value of the enumeration has the schema's type; the values are left out")
        return union([_one(builder, raw, at, kind) for kind in types])
    scalars = [value for value in kept if type_of(value) not in ("object", "array")]
    containers = [value for value in kept if type_of(value) in ("object", "array")]
    members: list[Schema] = []
    for kind in dict.fromkeys(type_of(value) for value in containers):
        exact = [value for value in containers if type_of(value) == kind]
        members.append({**_one(builder, raw, at, kind), CONSTRAINTS: [{"enum": exact}]})
        builder.account.note(builder.references.id(at), "documented, not typed: objects and lists as values of enum")
    if scalars:
        members.append(values_union(scalars))
    tree = union(members)
    if not found:
        builder.lose(at, "the enumeration is empty; it becomes any")
        return {}
    return tree


_UNFIT: Any = object()


def _fitting(builder: Children, value: Any, types: list[str], at: At) -> Any:
    """A value of an enumeration as the schema's type wants it; YAML makes numbers of what was meant as text."""
    kind = type_of(value)
    if not types or kind in types or (kind == "integer" and "number" in types):
        return value
    note = builder.account.note
    if "string" in types and kind in ("integer", "number", "boolean"):
        note(builder.references.id(at), f"the value {json_key(value)} is read as text, as the schema's type says")
        return json_key(value)
    if isinstance(value, str) and ("integer" in types or "number" in types):
        try:
            number = int(value) if "integer" in types else float(value)
        except ValueError:
            pass
        else:
            note(
                builder.references.id(at), f"the value {json_key(value)} is read as a number, as the schema's type says"
            )
            return number
    if kind == "null":
        return value
    builder.lose(at, f"the value {json_key(value)[:80]} does not have the schema's type; it is left out")
    return _UNFIT

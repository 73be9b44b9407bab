"""Unions of trees: flat, without duplicates, null at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirewright_codegen.canonical.vocabulary import (
    CONSTRAINTS,
    NULL,
    ORIGIN,
    Schema,
    description_of,
    is_any,
    is_never,
    is_null,
    json_key,
    structure,
    type_of,
)

MAX_VARIANTS = 256
"""More members than this are not combined with another union."""


def union(members: Sequence[Schema], discriminator: Any = None) -> Schema:
    """One tree for what satisfies any of the members: the member itself when only one is left."""
    flat: dict[str, Schema] = {}
    nullable = False
    for member in _flattened(members):
        if is_never(member):
            continue
        if structure(member).keys() <= {CONSTRAINTS}:
            return description_of(member)
        if is_null(member):
            nullable = True
            continue
        flat.setdefault(_key(member), member)
    kept = _absorbed(list(flat.values()))
    if not kept:
        return dict(NULL) if nullable else {"not": {}}
    if len(kept) == 1 and not nullable:
        return kept[0]
    tree: Schema = {"anyOf": [*kept, dict(NULL)] if nullable else kept}
    if discriminator and len(kept) > 1:
        tree["discriminator"] = discriminator
    return tree


def nullable(tree: Schema) -> Schema:
    """The tree, or null. What describes it stays outside."""
    if is_any(tree) or is_null(tree) or any(is_null(member) for member in tree.get("anyOf", ())):
        return tree
    outside = description_of(tree)
    inside = {key: value for key, value in tree.items() if key not in outside}
    return {**union([inside, NULL], inside.get("discriminator")), **outside}


def values_union(values: Sequence[Any]) -> Schema:
    """The tree of an enumeration of scalars: one enum for each type."""
    groups: dict[str, list[Any]] = {}
    for value in values:
        groups.setdefault(type_of(value), []).append(value)
    if "number" in groups and "integer" in groups:
        groups["number"] = [value for value in values if type_of(value) in ("integer", "number")]
        del groups["integer"]
    return union([_enumeration(kind, group) for kind, group in groups.items()])


def _enumeration(kind: str, values: list[Any]) -> Schema:
    if kind == "null":
        return dict(NULL)
    if kind == "boolean" and len(values) > 1:
        return {"type": "boolean"}
    if kind == "integer":
        values = [int(value) for value in values]
    return {"type": kind, "const": values[0]} if len(values) == 1 else {"type": kind, "enum": values}


def _flattened(members: Sequence[Schema]) -> list[Schema]:
    flat: list[Schema] = []
    for member in members:
        # a nested union is dissolved, unless its discriminator makes it one thing
        if "anyOf" in member and "discriminator" not in member:
            flat.extend(member["anyOf"])
        elif "anyOf" in member and any(is_null(inner) for inner in member["anyOf"]):
            inner = [one for one in member["anyOf"] if not is_null(one)]
            flat.extend(({**member, "anyOf": inner} if len(inner) > 1 else inner[0], dict(NULL)))
        else:
            flat.append(member)
    return flat


def _key(member: Schema) -> str:
    return json_key({**structure(member), ORIGIN: member.get(ORIGIN)} if ORIGIN in member else structure(member))


def _absorbed(members: list[Schema]) -> list[Schema]:
    """Members without the plain integer that a plain number covers."""
    plain = {member["type"] for member in members if structure(member).keys() == {"type"}}
    if not plain >= {"number", "integer"}:
        return members
    return [member for member in members if structure(member) != {"type": "integer"}]

"""Where named types that are no classes are used: an enum changes for every property and parameter that has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from wirewright_codegen.diff.calls import calls_of
from wirewright_codegen.diff.facts import members, references
from wirewright_codegen.diff.shapes import kind_of
from wirewright_codegen.diff.values import Json

Member = tuple[str, str]
"""A class or an operationId, and the wire name of a property or parameter."""
Carriers = dict[str, set[Member]]


def carriers_of(document: Json) -> Carriers:
    """Type → the members that carry it, through lists, maps, unions and aliases."""
    schemas = members(members(document, "components"), "schemas")
    found: Carriers = defaultdict(set)
    for name, schema in schemas.items():
        for wire, declared in members(schema, "properties").items():
            for carried in _carried(schemas, declared, set()):
                found[carried].add((name, wire))
    for call in calls_of(document):
        for parameter in call.declared.get("parameters", ()):
            for carried in _carried(schemas, parameter, set()):
                found[carried].add((call.id, str(parameter.get("name"))))
    return found


def _carried(schemas: Json, value: Any, above: set[str]) -> Iterator[str]:
    for name in references(value):
        target = schemas.get(name, {})
        if name not in above and kind_of(target) != "object":
            yield name
            yield from _carried(schemas, target, above | {name})

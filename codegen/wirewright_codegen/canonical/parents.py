"""Parents with a discriminator: a schema that others extend by `allOf` stands for all of them wherever it is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.canonical.places import At
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.vocabulary import Schema, is_object, variants
from wirewright_codegen.errors import SpecError
from wirewright_codegen.read.pointer import split
from wirewright_codegen.read.values import is_list, is_map


@dataclass(slots=True)
class Parents:
    """Which declared schemas are parents, and of whom."""

    references: References
    registry: Registry
    children: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _listed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def index(self, entries: Sequence[Entry]) -> None:
        """Find out who extends whom, from the raw schemas."""
        extends: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            for parent in self._extended(entry.raw, entry.at):
                extends[parent].add(entry.id)
        self.children = {parent: sorted(children - {parent}) for parent, children in extends.items()}

        for entry in entries:
            if entry.id in self.children:
                self._listed |= {
                    (child, entry.id) for child in self._alternatives(entry) if child in self.children[entry.id]
                }

    def extends(self, child: str, parent: str) -> bool:
        """Whether one schema extends another that lists it among its alternatives."""
        return (child, parent) in self._listed

    def inherits(self, child: str, parent: str) -> bool:
        """Whether one schema extends another that stands for all who extend it."""
        if child not in self.children.get(parent, ()):
            return False
        return self.extends(child, parent) or _has_discriminator(self.registry[parent].raw)

    def _alternatives(self, entry: Entry) -> Iterable[str]:
        for word in ("oneOf", "anyOf"):
            members = entry.raw.get(word) if is_map(entry.raw) else None
            for member in members if is_list(members) else ():
                if is_map(member) and isinstance(member.get("$ref"), str):
                    try:
                        yield self.references.id(self.references.target(member["$ref"], entry.at))
                    except SpecError:
                        continue

    def stands_for_children(self, entry: Entry, tree: Schema) -> bool:
        """Whether a schema is a parent: an object with a discriminator that others extend."""
        name = tree.get("discriminator", {}).get("propertyName")
        return isinstance(name, str) and is_object(tree) and bool(self.children.get(entry.id))

    def family(self, entry: Entry, tree: Schema, base: str) -> Schema:
        """The union that a parent stands for: all who extend it, and its own object where a value is left for it."""
        declared: Mapping[str, str] = tree["discriminator"]["mapping"]
        name = tree["discriminator"]["propertyName"]
        mapping: dict[str, str] = {}
        members: list[str] = []
        for child in self._descendants(entry.id):
            target = self._object_of(child)
            values = [value for value, mapped in declared.items() if mapped == child] or [self._key(child)]
            members.append(target)
            mapping.update((value, target) for value in values if value not in mapping)
        own = [value for value, mapped in declared.items() if mapped == entry.id]
        allowed = _values(tree["properties"].get(name, {}), self.registry)
        if allowed is not None:
            own = [value for value in allowed if value not in mapping]
        elif not own:
            own = [self._key(entry.id)]
        if own:
            members.append(base)
            mapping.update((value, base) for value in own)
        return {
            "anyOf": [{"$ref": member} for member in members],
            "discriminator": {"propertyName": name, "mapping": mapping},
        }

    def _descendants(self, parent: str) -> list[str]:
        found: list[str] = []
        waiting = list(self.children.get(parent, ()))
        while waiting:
            child = waiting.pop(0)
            if child not in found and child != parent:
                found.append(child)
                waiting.extend(self.children.get(child, ()))
        return sorted(found)

    def _object_of(self, identifier: str) -> str:
        """A child that is a parent itself takes part with its own object; its children are members anyway."""
        raw = self.registry[identifier].raw
        is_parent = _has_discriminator(raw) and self.children.get(identifier)
        return base_id(identifier) if is_parent else identifier

    def _key(self, identifier: str) -> str:
        tokens = split(self.registry[identifier].at.pointer)
        return tokens[-1] if tokens else identifier

    def _extended(self, raw: Any, at: At) -> list[str]:
        found: list[str] = []
        members = raw.get("allOf") if is_map(raw) else None
        for number, member in enumerate(members if is_list(members) else ()):
            where = at.child("allOf", number)
            if is_map(member) and isinstance(member.get("$ref"), str):
                try:
                    found.append(self.references.id(self.references.target(member["$ref"], where)))
                except SpecError:
                    continue
            else:
                found.extend(self._extended(member, where))
        return found


def base_id(identifier: str) -> str:
    """The id of the object that belongs to a parent with discriminator."""
    return f"{identifier}?base"


def _has_discriminator(raw: Any) -> bool:
    if not is_map(raw):
        return False
    if "discriminator" in raw:
        return "oneOf" not in raw and "anyOf" not in raw
    members = raw.get("allOf")
    return is_list(members) and any(_has_discriminator(member) for member in members)


def _values(schema: Schema, registry: Registry) -> list[str] | None:
    """The values that a property may have, when they are listed."""
    for _ in range(5):
        entry = registry.get(schema["$ref"]) if "$ref" in schema else None
        if entry is None or entry.body is None:
            break
        schema = entry.body
    found = variants(schema)
    if len(found) != 1:
        return None
    values: list[str] | None = [found[0]["const"]] if "const" in found[0] else found[0].get("enum")
    return values

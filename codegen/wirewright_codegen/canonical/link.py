"""Ids to class names: the last pass over schemas and operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.registry import Registry
from wirewright_codegen.canonical.union import nullable, union
from wirewright_codegen.canonical.vocabulary import (
    CONSTRAINTS,
    MAPS,
    OWN_EXTENSIONS,
    VERBATIM,
    Schema,
    is_named_kind,
    structure,
)
from wirewright_codegen.read.values import is_list, is_map

_PREFIX = "#/components/schemas/"


@dataclass(slots=True)
class Linker:
    """Writes references by name, and inlines what needs no name of its own after all."""

    registry: Registry
    names: Mapping[str, str]

    def value(self, node: Any) -> Any:
        """A value of the canonical document, with final references and without private keys."""
        if is_list(node):
            return [self.value(item) for item in node]
        if not is_map(node):
            return node
        if isinstance(node.get("$ref"), str):
            return self._reference(node)
        linked = {key: self._member(key, value) for key, value in node.items() if key[0:1] != "\x00"}
        if "anyOf" in linked and "anyOf" in node:
            return self._flat(linked)
        return linked

    def each(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A map of names to values."""
        return {name: self.value(value) for name, value in values.items()}

    def _member(self, key: str, value: Any) -> Any:
        if key in VERBATIM or (key[:2] == "x-" and key not in OWN_EXTENSIONS):
            return value
        if key == CONSTRAINTS:
            return self._fragment(value)
        if key in MAPS and is_map(value):
            return self.each(value)
        if key in ("discriminator", "x-discriminator") and is_map(value) and "mapping" in value:
            mapping = {tag: f"{_PREFIX}{self._name(target)}" for tag, target in value["mapping"].items()}
            return {**value, "mapping": mapping}
        return self.value(value)

    def _fragment(self, node: Any) -> Any:
        """A rule in raw JSON Schema: only its references change."""
        if is_list(node):
            return [self._fragment(item) for item in node]
        if not is_map(node):
            return node
        if isinstance(node.get("$ref"), str):
            return self._reference(node)
        return {key: value if key in VERBATIM else self._fragment(value) for key, value in node.items()}

    def _name(self, identifier: str) -> str:
        return self.names[self.registry[identifier].id]

    def _reference(self, node: Schema) -> Schema:
        entry = self.registry.get(node["$ref"])
        beside = {key: self._member(key, value) for key, value in node.items() if key != "$ref" and key[0:1] != "\x00"}
        if entry is None:  # a word of the document that only looks like a reference
            return beside
        if entry.id in self.names:
            target: Schema = {"$ref": f"{_PREFIX}{self.names[entry.id]}"}
        else:
            target = self.value(entry.body)
        linked = {**target, **beside}
        return nullable(linked) if entry.nullable else linked

    @staticmethod
    def _flat(linked: Schema) -> Schema:
        """A union whose members may have become unions with null, or any."""
        if not any("anyOf" in member or structure(member).keys() <= {CONSTRAINTS} for member in linked["anyOf"]):
            return linked
        rest = {key: value for key, value in linked.items() if key not in ("anyOf", "discriminator")}
        return {**union(linked["anyOf"], linked.get("discriminator")), **rest}


def needs_name(body: Schema) -> bool:
    """Whether a schema that nobody declared is worth a name; what is simple is written where it is used."""
    return is_named_kind(body)

"""Defaults that are no value of their schema: they go, so that nobody builds a model on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.account import Account
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.vocabulary import Schema, json_key, type_of
from wirewright_codegen.read.values import is_list, is_map


@dataclass(slots=True)
class Defaults:
    """Checks defaults by type, constants and enumerations; not by limits."""

    registry: Registry
    account: Account

    def check_entries(self, entries: Iterable[Entry]) -> None:
        """Check everything inside the bodies of entries."""
        for entry in entries:
            if entry.body is None:
                continue
            entry.body = self._checked(entry.body, entry.source)
            properties = entry.body.get("properties")
            if properties:
                entry.body["properties"] = {
                    name: self._checked(schema, f"{entry.source} property {name!r}")
                    for name, schema in properties.items()
                }

    def check_parameter(self, parameter: Schema, pointer: str) -> None:
        """Check the schema of a parameter."""
        if "schema" in parameter:
            parameter["schema"] = self._checked(parameter["schema"], f"{pointer} parameter {parameter.get('name')!r}")

    def _checked(self, schema: Schema, where: str) -> Schema:
        if "default" not in schema or self._fits(schema["default"], schema, 0):
            return schema
        self.account.note(
            where, f"the default {json_key(schema['default'])[:60]} is no value of the schema; it is left out"
        )
        return {key: value for key, value in schema.items() if key != "default"}

    def _fits(self, value: Any, schema: Schema, depth: int) -> bool:
        if depth > 8:
            return True
        if "$ref" in schema:
            target = self.registry.get(schema["$ref"])
            if target is None or target.body is None:
                return True
            return (value is None and target.nullable) or self._fits(value, target.body, depth + 1)
        if "anyOf" in schema:
            return any(self._fits(value, member, depth + 1) for member in schema["anyOf"])
        if "const" in schema:
            return json_key(schema["const"]) == json_key(value)
        if "enum" in schema:
            return any(json_key(one) == json_key(value) for one in schema["enum"])
        kind = schema.get("type")
        found = type_of(value)
        if kind is None or found == kind or (kind == "number" and found == "integer"):
            return "not" not in schema and self._items_fit(value, schema, depth)
        return False

    def _items_fit(self, value: Any, schema: Schema, depth: int) -> bool:
        if is_list(value) and is_map(schema.get("items")) and "prefixItems" not in schema:
            return all(self._fits(item, schema["items"], depth + 1) for item in value)
        return True

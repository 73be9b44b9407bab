"""Which properties of a registered JSON Schema are strings (protocol sheet §6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_OTHER_TYPES = frozenset({"date-time", "date", "time", "uuid", "uri"})
"""Formats whose values are no longer plain strings once they are parsed."""


class SchemaError(ValueError):
    """A schema says nothing that fields could be read from."""


def fields(schema: Mapping[str, Any]) -> dict[str, bool]:
    """For each property in the schema's order, whether it is a plain string."""
    found: dict[str, bool] = {}
    for name, declared in _mapping(schema.get("properties")).items():
        if name.startswith("_"):
            raise SchemaError(f"Fields must not use names with leading underscores: {name!r}")
        found[name] = _is_string(_resolved(_mapping(declared), schema))
    return found


def _is_string(declared: Mapping[str, Any]) -> bool:
    if declared.keys() & {"enum", "const", "anyOf", "oneOf"}:
        return False
    if "type" not in declared:
        raise SchemaError(
            "Schema must specify a type. Set allow_undefined_type=True to infer Any type for schemas without "
            "explicit types."
        )
    return bool(declared["type"] == "string" and declared.get("format") not in _OTHER_TYPES)


def _resolved(declared: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    seen: set[str] = set()
    while True:
        parts = cast(list[Any], declared.get("allOf") or [])
        if len(parts) == 1:
            declared = _mapping(parts[0])
        reference = declared.get("$ref")
        if not isinstance(reference, str):
            return declared
        if reference in seen:
            raise SchemaError(f"Reference {reference} leads to itself")
        seen.add(reference)
        declared = _pointed(root, reference)


def _pointed(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    node: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        node = _mapping(node).get(key)
    if not isinstance(node, Mapping):
        raise SchemaError(f"Reference {reference} leads nowhere")
    return _mapping(node)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}

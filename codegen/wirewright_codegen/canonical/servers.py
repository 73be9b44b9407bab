"""Servers as every later step may rely on them: text where the specification asks for text, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirewright_codegen.read.values import is_list, is_map

_RENAMED = ("name",)


def servers(raw: Any) -> list[dict[str, Any]]:
    """Those that have a URL, their variables with a default each; the words of OpenAPI 3.2 become extensions."""
    return [_server(one) for one in (raw if is_list(raw) else ()) if is_map(one) and isinstance(one.get("url"), str)]


def _server(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"x-{key}" if key in _RENAMED else key: value for key, value in raw.items()}
    if not isinstance(found.get("description", ""), str):
        found["description"] = str(found["description"])
    declared = found.pop("variables", None)
    if is_map(declared):
        found["variables"] = {str(name): _variable(variable) for name, variable in declared.items() if is_map(variable)}
    return found


def _variable(raw: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in raw.items() if key.startswith("x-")}
    choices = raw.get("enum")
    if is_list(choices) and choices:
        found["enum"] = [_text(choice) for choice in choices]
    default = raw.get("default", found.get("enum", [""])[0])
    found["default"] = _text(default)
    if isinstance(raw.get("description"), str):
        found["description"] = raw["description"]
    return found


def _text(value: Any) -> str:
    """What YAML reads as a number (a port) is text."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else str(value)

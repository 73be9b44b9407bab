"""Values on their way through a run: copies that nobody else changes, and what a step added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["added", "isolated"]

_SCALARS = frozenset({str, int, float, bool, type(None), bytes})


def isolated(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose containers are its own, so that a step changes nothing that another one sees."""
    return {key: value if type(value) in _SCALARS else _isolated(value) for key, value in values.items()}


def _isolated(value: Any) -> Any:
    match value:
        case dict():
            return {key: _isolated(item) for key, item in value.items()} if type(value) is dict else value
        case list():
            return [_isolated(item) for item in value] if type(value) is list else value
        case set():
            return set(value) if type(value) is set else value
        case _:
            return value


def added(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `after` that are new or different; a removed key counts for nothing (sheet §7.4)."""
    return {key: value for key, value in after.items() if key not in before or _differs(before[key], value)}


def _differs(old: Any, new: Any) -> bool:
    return old is not new and (type(old) is not type(new) or bool(old != new))

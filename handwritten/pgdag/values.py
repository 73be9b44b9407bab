"""Values on their way through a run: copies that nobody else changes, and what a step added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

__all__ = ["added", "isolated"]


def isolated(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose dictionaries, lists and sets are its own, so that a step changes nothing that another one sees."""
    copy = dict(values)
    for key in [key for key, value in values.items() if type(value) in _COPIES]:
        copy[key] = _isolated(copy[key])
    return copy


def _isolated(value: Any) -> Any:
    kind = cast("type[object]", type(value))
    return _COPIES[kind](value) if kind in _COPIES else value


_COPIES: dict[type, Callable[[Any], Any]] = {
    dict: lambda value: {key: _isolated(item) for key, item in value.items()},
    list: lambda value: [_isolated(item) for item in value],
    set: set,
}
"""By exact type: what else a step hands on, it shares."""


def added(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `after` that are new or different; a removed key counts for nothing (sheet §7.4)."""
    suspects = {key: value for key, value in after.items() if before.get(key, _MISSING) is not value}
    return {key: value for key, value in suspects.items() if key not in before or _differs(before[key], value)}


_MISSING = object()


def _differs(old: Any, new: Any) -> bool:
    return type(old) is not type(new) or bool(old != new)

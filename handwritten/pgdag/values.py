"""Values on their way through a run: copies that nobody else changes, and what a step added.

Thousands of values pass here for each step, most of them texts that stay as they are: hence `map` and `compress`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import compress, repeat
from operator import is_not
from typing import Any, cast

__all__ = ["added", "isolated"]


def isolated(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose dictionaries, lists and sets are its own, so that a step changes nothing that another one sees."""
    copy = dict(values)
    for key in compress(values, map(_COPIES.__contains__, map(type, values.values()))):
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
    others = map(is_not, map(before.get, after, repeat(_MISSING)), after.values())
    suspects = compress(after.items(), others)
    return {key: value for key, value in suspects if key not in before or _differs(before[key], value)}


_MISSING = object()


def _differs(old: Any, new: Any) -> bool:
    return type(old) is not type(new) or bool(old != new)

"""Values that survive being written down: JSON's own types, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["NotJsonError", "plain"]

_DEPTH = 200


class NotJsonError(TypeError):
    """A value that JSON has no form for; says where it is and of which type."""

    def __init__(self, path: str, value: object) -> None:
        super().__init__(
            f"{path} is of type {type(value).__name__}, which a journal cannot keep: it keeps JSON values only"
        )


def plain(value: Any, path: str = "value") -> Any:
    """A copy of the value as JSON would give it back: tuples are lists, enumerations of text are text.

    Raises:
        NotJsonError: some part of it has no JSON form, or keys that are no text.
    """
    return _plain(value, path, 0)


def _plain(value: Any, path: str, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case _ if depth > _DEPTH:
            raise NotJsonError(f"{path[:80]}... (nested deeper than {_DEPTH})", value)
        case list() | tuple():
            return [_plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        case Mapping():
            return {_key(key, path): _plain(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
        case _:
            raise NotJsonError(path, value)


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise NotJsonError(f"key {key!r} of {path}", key)
    return str.__str__(key)

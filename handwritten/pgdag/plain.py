"""Values that survive being written down: JSON's own types, and nothing else."""

from __future__ import annotations

from typing import Any

from wirewright.narrow import is_mapping, is_sequence

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
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration's text, not its name
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if depth > _DEPTH:
        raise NotJsonError(f"{path[:80]}... (nested deeper than {_DEPTH})", value)
    if is_sequence(value):
        return [_plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if is_mapping(value):
        return {_key(key, path): _plain(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    raise NotJsonError(path, value)


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise NotJsonError(f"key {key!r} of {path}", key)
    return str.__str__(key)

"""What a value is, said so that type checkers know it too; for arguments and for JSON from elsewhere."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string."""
    return isinstance(value, str)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a JSON number; booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def type_name(value: object) -> str:
    """The name of its type, for error messages."""
    return type(value).__name__

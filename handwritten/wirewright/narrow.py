"""`isinstance` for containers whose members may be anything, in a form that strict type checkers follow."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """A mapping of anything."""
    return isinstance(value, Mapping)


def is_sequence(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """A list or tuple of anything."""
    return isinstance(value, list | tuple)


def is_collection(value: object) -> TypeGuard[Iterable[Any]]:
    """A list, tuple or set of anything."""
    return isinstance(value, list | tuple | set | frozenset)


def is_iterable(value: object) -> TypeGuard[Iterable[Any]]:
    """Anything that can be iterated."""
    return isinstance(value, Iterable)


def is_iterator(value: object) -> TypeGuard[Iterator[Any]]:
    """Anything that is being iterated."""
    return isinstance(value, Iterator)


def is_async_iterable(value: object) -> TypeGuard[AsyncIterable[Any]]:
    """Anything that can be iterated asynchronously."""
    return isinstance(value, AsyncIterable)


def is_bytes(value: object) -> TypeGuard[bytes | bytearray]:
    """Bytes in any form."""
    return isinstance(value, bytes | bytearray | memoryview)


def is_path(value: object) -> TypeGuard[os.PathLike[str]]:
    """A path object (a `str` is text, not a path)."""
    return isinstance(value, os.PathLike)

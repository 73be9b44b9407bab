"""How the SDK's records are read from answers: leniently, field by field (protocol sheet, section 7).

    id: str = field(metadata=text("id"))

A missing id reads as the text `"None"`, a moment that cannot be parsed as None, a missing list or object as an empty
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Self, cast

from wirewright.calls import Reply, is_array, is_object, member, unwrapped

Read = Callable[[Mapping[str, Any]], Any]
Meta = dict[str, Read]


class Record:
    """A record that can be read from an answer."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the record; unknown members are ignored."""
        return cls(**{name: read(data) for name, read in _readers(cast("Any", cls))})

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """The record in an answer, wrapped in `data` or not."""
        return cls.from_dict(unwrapped(reply))

    @classmethod
    def list_of(cls, name: str) -> Callable[[Reply], list[Self]]:
        """The records in an array of an answer."""
        items = member(name)
        return lambda reply: [cls.from_dict(item) for item in items(reply)]


@cache
def _readers(cls: Any) -> tuple[tuple[str, Read], ...]:
    return tuple((item.name, item.metadata.get("read") or raw(item.name)["read"]) for item in fields(cls))


def _first(data: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if data.get(name):
            return data[name]
    return data.get(names[0])


def raw(*names: str) -> Meta:
    """The member as it is; of several names the first that holds something."""
    return {"read": lambda data: _first(data, names)}


def text(*names: str, default: str | None = None) -> Meta:
    """The member as text. Without a default a missing one reads as `"None"`."""
    if default is None:
        return {"read": lambda data: str(_first(data, names))}
    return {"read": lambda data: str(_first(data, names) or default)}


def required(name: str) -> Meta:
    """The member as text; a missing one is a KeyError."""
    return {"read": lambda data: str(data[name])}


def number(name: str) -> Meta:
    """The member as an integer, 0 when missing."""
    return {"read": lambda data: int(data.get(name) or 0)}


def flag(name: str, default: bool = False) -> Meta:
    """The member as a boolean."""
    return {"read": lambda data: bool(data.get(name, default))}


def mapping(name: str) -> Meta:
    """The member as an object of its own."""
    return {"read": lambda data: dict(data.get(name) or {})}


def items(name: str) -> Meta:
    """The member as an array of its own."""
    return {"read": lambda data: list(data.get(name) or [])}


def moment(name: str) -> Meta:
    """The member as a moment in time."""
    return {"read": lambda data: parse_moment(data.get(name))}


def records(name: str, kind: type[Record]) -> Meta:
    """The member as an array of records."""
    return {"read": lambda data: [kind.from_dict(item) for item in listed(data, name)]}


def parse_moment(value: Any) -> datetime | None:
    """ISO 8601 with an offset or `Z`; None for nothing, and for what cannot be parsed."""
    if not value:
        return None
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(cast("str", value).replace("Z", "+00:00"))
    except ValueError:
        return None


def listed(value: Mapping[str, Any] | None, name: str) -> list[Any]:
    """A member that is an array; empty when there is none."""
    found: Any = (value or {}).get(name)
    return found if is_array(found) else []


def mapped(value: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """A member that is an object; empty when there is none."""
    found: Any = (value or {}).get(name)
    return found if is_object(found) else {}

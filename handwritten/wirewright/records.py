"""Records that are read from answers leniently, field by field: for SDKs whose users hold plain dataclasses.

    @dataclass(slots=True)
    class Slot(Record):
        id: str = field(metadata=text("id"))
        opened_at: datetime | None = field(metadata=moment("opened_at"))

Each reader takes a place in the answer: a member, `a.b` below one, `.` for the answer itself, and `a|b` for the first
of several that holds something. A missing text without a default reads as `"None"`, a moment that cannot be parsed as
None, a missing list or object as an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeVar, cast

from wirewright.calls import Reply, is_array, is_object, member, unwrapped

Json = Mapping[str, Any]
Read = Callable[[Json], Any]
Meta = dict[str, Read]
R = TypeVar("R", bound="Record")


class Record:
    """A record that can be read from an answer."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Json) -> Self:
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
    return tuple((item.name, item.metadata.get("read") or at(item.name)) for item in fields(cls))


def at(place: str) -> Read:
    """Reads what is at a place; None when there is nothing."""
    if place == ".":
        return lambda data: data
    if "|" in place:
        places = [at(each) for each in place.split("|")]
        return lambda data: next((found for each in places if (found := each(data))), places[0](data))
    if "." in place:
        above, _, name = place.rpartition(".")
        outer = at(above)
        return lambda data: mapped_value(outer(data)).get(name)
    return lambda data: data.get(place)


def raw(place: str) -> Meta:
    """The member as it is."""
    return {"read": at(place)}


def text(place: str, default: str | None = None) -> Meta:
    """The member as text. Without a default a missing one reads as `"None"`."""
    found = at(place)
    if default is None:
        return {"read": lambda data: str(found(data))}
    return {"read": lambda data: str(found(data) or default)}


def required(place: str) -> Meta:
    """The member as text; a missing one is a KeyError."""
    return {"read": lambda data: str(data[place])}


def number(place: str) -> Meta:
    """The member as an integer, 0 when missing."""
    found = at(place)
    return {"read": lambda data: int(found(data) or 0)}


def flag(place: str, default: bool = False) -> Meta:
    """The member as a boolean."""
    found = at(place)
    return {"read": lambda data: default if (value := found(data)) is None and place not in data else bool(value)}


def mapping(place: str) -> Meta:
    """The member as an object of its own."""
    found = at(place)
    return {"read": lambda data: dict(found(data) or {})}


def items(place: str) -> Meta:
    """The member as an array of its own."""
    found = at(place)
    return {"read": lambda data: list(found(data) or [])}


def moment(place: str) -> Meta:
    """The member as a moment in time."""
    found = at(place)
    return {"read": lambda data: parse_moment(found(data))}


def record(place: str, kind: type[R]) -> Meta:
    """The member as a record; of a missing one, a record of nothing."""
    found = at(place)
    return {"read": lambda data: kind.from_dict(found(data) or {})}


def records(place: str, kind: type[R]) -> Meta:
    """The member as an array of records."""
    return {"read": lambda data: [kind.from_dict(item) for item in listed(data, place)]}


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


def listed(value: Json | None, name: str) -> list[Any]:
    """A member that is an array; empty when there is none."""
    found: Any = (value or {}).get(name)
    return found if is_array(found) else []


def mapped(value: Json | None, name: str) -> dict[str, Any]:
    """A member that is an object; empty when there is none."""
    return mapped_value((value or {}).get(name))


def mapped_value(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if is_object(value) else {}

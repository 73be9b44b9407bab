"""Objects to plain values in Python, where msgspec's C encoder would lose something: unknown fields, renamed attrs
fields, and the offset of naive moments."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from wirewright.codecs.scalars import moment, text_of
from wirewright.codecs.shapes import EXTRAS, shape_of
from wirewright.narrow import is_mapping

Write = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """`value` as dicts, lists and scalars that msgspec encodes as they should be on the wire."""
    write = writer(value.__class__)
    return value if write is None else write(value)


_WRITERS: dict[type[Any], Write | None] = {}


def writer(cls: type[Any]) -> Write | None:
    """The function that writes values of a class; None for those that are written as they are."""
    if cls not in _WRITERS:
        _WRITERS[cls] = _make(cls)
    return _WRITERS[cls]


def _make(cls: type[Any]) -> Write | None:
    if shape_of(cls) is not None:
        return _object_writer(cls)
    if issubclass(cls, Mapping):
        return lambda value: {_key(key): plain(item) for key, item in value.items() if item is not UNSET}
    if issubclass(cls, list | tuple | set | frozenset):
        return lambda value: [plain(item) for item in value]
    if issubclass(cls, enum.Enum):
        return lambda value: value.value
    return moment if issubclass(cls, dt.datetime) else None


def _object_writer(cls: type[Any]) -> Write:
    shape = shape_of(cls)
    assert shape is not None
    names = tuple((field.attribute, field.wire) for field in shape.fields)
    tag = {shape.tag_field: shape.tag} if shape.tag_field is not None else {}
    known = _WRITERS

    def write(value: Any) -> dict[Any, Any]:
        written: dict[Any, Any] = tag.copy()
        for attribute, wire in names:
            member = getattr(value, attribute)
            if member is UNSET:
                continue
            kind = member.__class__
            make = known[kind] if kind in known else writer(kind)
            written[wire] = member if make is None else make(member)
        extras: dict[str, Any] | None = getattr(value, EXTRAS, None)
        if extras:
            for wire, member in extras.items():
                written.setdefault(wire, plain(member))
        return written

    return write


def _key(key: Any) -> str:
    return key if key.__class__ is str else text_of(key)


def encode_unknown(value: Any) -> Any:
    """`enc_hook`: what msgspec cannot write itself."""
    if value.__class__.__module__.startswith("pydantic") or hasattr(value, "model_dump"):
        import pydantic_core

        return pydantic_core.to_jsonable_python(value, by_alias=True)
    if is_mapping(value):
        return dict(value)
    raise TypeError(f"values of type {value.__class__.__name__} cannot be sent")

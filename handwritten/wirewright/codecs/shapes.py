"""What a model class looks like on the wire, the same description for Structs and attrs classes."""

from __future__ import annotations

import typing
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec

EXTRAS = "__extras__"
NO_DEFAULT: Any = object()


class Field(msgspec.Struct, frozen=True):
    """One field: its attribute, its wire name, its resolved type. `default` is an attrs class's own, or NO_DEFAULT."""

    attribute: str
    wire: str
    type: Any
    required: bool
    default: Any = NO_DEFAULT


class Shape(msgspec.Struct, frozen=True, eq=False):
    """One class. `tag` is the value of `tag_field`, which msgspec writes; `extra_type` the type of unknown fields."""

    cls: type[Any]
    fields: tuple[Field, ...]
    tag_field: str | None = None
    tag: Any = None
    extra_type: Callable[[], Any] | None = None


_SHAPES: dict[type[Any], Shape | None] = {}


def shape_of(cls: type[Any]) -> Shape | None:
    """The shape of a Struct or attrs class; None for anything else."""
    if cls not in _SHAPES:
        _SHAPES[cls] = _shape(cls)
    return _SHAPES[cls]


def _shape(cls: type[Any]) -> Shape | None:
    if issubclass(cls, msgspec.Struct):
        return _struct_shape(cls)
    if hasattr(cls, "__attrs_attrs__"):
        return _attrs_shape(cls)
    return None


def _struct_shape(cls: type[msgspec.Struct]) -> Shape:
    config = cls.__struct_config__
    fields = tuple(Field(f.name, f.encode_name, f.type, f.required) for f in msgspec.structs.fields(cls))
    return Shape(cls, fields, config.tag_field, config.tag, _extra_type(cls))


def _attrs_shape(cls: type[Any]) -> Shape:
    import attrs

    hints = typing.get_type_hints(cls, include_extras=True)
    fields = tuple(
        Field(
            a.name,
            a.metadata.get("wire", a.name),
            hints.get(a.name, Any),
            a.default is attrs.NOTHING,
            NO_DEFAULT if a.default is attrs.NOTHING else a.default,
        )
        for a in attrs.fields(cls)
        if a.init
    )
    return Shape(cls, fields, extra_type=_extra_type(cls))


def _extra_type(cls: type[Any]) -> Callable[[], Any] | None:
    found: Callable[[], Any] | None = cls.__dict__.get("__extra_type__")
    return getattr(found, "__func__", found)


class _Seen:
    """Whether any object of this process has unknown fields: until then encoders need not look."""

    extras = False


def seen_extras() -> bool:
    """Whether any object may have unknown fields."""
    return _Seen.extras


def extras_of(value: Any) -> MutableMapping[str, Any] | None:
    """The live mapping of an object's unknown fields; None when its class keeps none."""
    try:
        held: MutableMapping[str, Any] | None = getattr(value, EXTRAS)
    except AttributeError:
        held = None
    if held is not None:
        return held
    return attach(value, {})


def attach(value: Any, extras: MutableMapping[str, Any]) -> MutableMapping[str, Any] | None:
    """Give an object its unknown fields; None when its class has no place for them."""
    try:
        if isinstance(value, msgspec.Struct):
            vars(value)[EXTRAS] = extras
        else:
            object.__setattr__(value, EXTRAS, extras)
    except AttributeError:
        return None
    _Seen.extras = True
    return extras

"""The attrs flavour: attrs classes, decoded by way of private Structs.

For every attrs class that a type reaches, a Struct of the same fields and wire names is derived when a decoder is made.
msgspec fills those in C and refuses what they do not know (then the document is built field by field and keeps it);
the attrs objects are made from them.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from wirewright.codecs import CodecError, Decoder
from wirewright.codecs.lenient import shape_of_any
from wirewright.codecs.msgspec import MsgspecCodec
from wirewright.codecs.plain import plain
from wirewright.codecs.shapes import EXTRAS, Shape
from wirewright.narrow import is_collection

_MODULE = types.ModuleType("wirewright.codecs._shadows", "Structs derived from attrs classes.")
sys.modules[_MODULE.__name__] = _MODULE

Rebuild = Callable[[Any], Any]


class Model:
    """The base of generated attrs classes: a place for unknown fields (`wirewright.extras`)."""

    __slots__ = (EXTRAS,)


class _Shadow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The base of derived Structs."""


class Shadows:
    """Derived Structs, and the functions that make attrs objects from them."""

    def __init__(self) -> None:
        self._structs: dict[type[Any], Any] = {}
        self._builders: dict[Any, Rebuild] = {}

    def derive(self, type: Any) -> Any:
        """`type` with every attrs class replaced by its Struct."""
        shape = shape_of_any(type)
        if shape is not None:
            return self._struct(shape) if is_attrs(type) else type
        args = typing.get_args(type)
        origin = typing.get_origin(type)
        if not args or origin is typing.Literal:
            return type
        if origin is typing.Annotated:
            return typing.Annotated[(self.derive(args[0]), *type.__metadata__)]
        replaced = tuple(self.derive(arg) for arg in args)
        if origin in {typing.Union, types.UnionType}:
            return typing.Union[replaced]  # noqa: UP007 - of a tuple
        return origin[replaced]

    def _struct(self, shape: Shape) -> Any:
        found = self._structs.get(shape.cls)
        if found is None:
            name = f"{shape.cls.__name__}_{len(self._structs)}"
            self._structs[shape.cls] = typing.ForwardRef(name)
            found = self._structs[shape.cls] = self._define(shape, name)
        return found

    def _define(self, shape: Shape, name: str) -> Any:
        fields: list[Any] = []
        for field in shape.fields:
            kind = self.derive(field.type)
            fields.append((field.attribute, kind) if field.required else (field.attribute, kind | UnsetType, UNSET))
        wires = {field.attribute: field.wire for field in shape.fields}
        struct = msgspec.defstruct(name, fields, bases=(_Shadow,), module=_MODULE.__name__, rename=wires, kw_only=True)
        setattr(_MODULE, name, struct)
        self._builders[struct] = self._builder(shape)
        return struct

    def _builder(self, shape: Shape) -> Rebuild:
        if any(not field.required and not field.unset_default for field in shape.fields):
            return self._sparse_builder(shape)
        # Text, as attrs makes its own `__init__`: three times as fast as passing names and values as data.
        arguments = ", ".join(
            f"{name}=rebuild(s.{name})" if _holds_objects(field.type) else f"{name}=s.{name}"
            for field in shape.fields
            if (name := field.attribute).isidentifier()
        )
        build: Rebuild = eval(f"lambda s: cls({arguments})", {"cls": shape.cls, "rebuild": self.rebuild})  # noqa: S307
        return build

    def _sparse_builder(self, shape: Shape) -> Rebuild:
        """For classes with defaults of their own: what is absent is not passed."""
        cls, rebuild = shape.cls, self.rebuild
        names = tuple(field.attribute for field in shape.fields)

        def build(shadow: Any) -> Any:
            return cls(**{name: rebuild(v) for name in names if (v := getattr(shadow, name)) is not UNSET})

        return build

    def rebuild(self, value: Any) -> Any:
        """`value` with every derived Struct in it replaced by its attrs object."""
        build = self._builders.get(value.__class__)
        if build is not None:
            return build(value)
        if value.__class__ is list:
            return [self.rebuild(item) for item in value]
        if value.__class__ is dict:
            return {key: self.rebuild(item) for key, item in value.items()}
        if is_collection(value):
            return _like(value, [self.rebuild(item) for item in value])
        return value


def _like(original: Any, items: list[Any]) -> Any:
    return original.__class__(items)


def is_attrs(type: Any) -> bool:
    """Whether a type is an attrs class."""
    return hasattr(type, "__attrs_attrs__")


def _classes(type: Any) -> Iterator[Any]:
    yield type
    for arg in typing.get_args(type):
        yield from _classes(arg)


def _holds_objects(type: Any) -> bool:
    return any(is_attrs(part) for part in _classes(type))


class AttrsCodec(MsgspecCodec):
    """See `wirewright.codecs.Codec`."""

    name = "attrs"

    def __init__(self) -> None:
        super().__init__()
        self._shadows = Shadows()

    def _make(self, type: Any) -> Decoder:
        rebuild = self._shadows.rebuild
        shadow = self._shadows.derive(type)
        decode = msgspec.json.Decoder(shadow, dec_hook=self._decode_custom).decode

        def convert(value: Any) -> Any:
            return rebuild(msgspec.convert(value, shadow, dec_hook=self._decode_custom))

        if not _holds_objects(type):
            return self._guarded(decode, convert, shadow, type)
        return self._guarded(lambda content: rebuild(decode(content)), convert, shadow, type)

    def encode(self, value: Any) -> bytes:
        try:
            return self._encode(plain(value))
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise CodecError(str(error)) from error

"""Structs derived from attrs classes, and the functions that turn one into the other.

The functions are written as text and compiled, as attrs makes its own `__init__`: three times as fast as passing names
and values as data. They set attributes on a bare object where that is all that `__init__` would do.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from wirewright.codecs.lenient import shape_of_any
from wirewright.codecs.shapes import NO_DEFAULT, Field, Shape
from wirewright.codecs.unions import is_marker
from wirewright.codecs.variants import literal_values
from wirewright.narrow import is_collection

_MODULE = types.ModuleType("wirewright.codecs._shadows", "Structs derived from attrs classes.")
sys.modules[_MODULE.__name__] = _MODULE

_FACTORY: Any = cast("Any", attrs.Factory(dict[str, Any])).__class__
Tag = tuple[str, str]
"""The wire name of the field that tells a class from the others of a union, and its value."""
Rebuild = Callable[[Any], Any]


class _Shadow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The base of derived Structs. They live for one document and refer to nothing that refers to them."""


class Shadows:
    """Derived Structs by attrs class and tag, and the functions that make attrs objects from them."""

    def __init__(self) -> None:
        self._structs: dict[tuple[type[Any], Tag | None], Any] = {}
        self._builders: dict[Any, Rebuild] = {}
        self._scope: dict[str, Any] = {"new": object.__new__, "UNSET": UNSET, "rebuild": self.rebuild}

    def derive(self, type: Any) -> Any:
        """`type` with every attrs class replaced by its Struct, and unions of them that have a tag by tagged ones."""
        shape = shape_of_any(type)
        if shape is not None:
            return self._struct(shape, None) if is_attrs(type) else type
        if is_marker(type):
            return self._union(type)
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

    def _union(self, marker: Any) -> Any:
        tagged = tags_of(marker)
        if not tagged:
            return marker
        structs = tuple(self._struct(shape, tag) for shape, tag in tagged)
        return typing.Union[structs]  # noqa: UP007 - of a tuple

    def _struct(self, shape: Shape, tag: Tag | None) -> Any:
        key = (shape.cls, tag)
        found = self._structs.get(key)
        if found is None:
            name = f"{shape.cls.__name__}_{len(self._structs)}"
            self._structs[key] = typing.ForwardRef(name)
            found = self._structs[key] = self._define(shape, tag, name)
        return found

    def _define(self, shape: Shape, tag: Tag | None, name: str) -> Any:
        fields: list[Any] = []
        own = [field for field in shape.fields if tag is None or field.wire != tag[0]]
        for field in own:
            kind = self.derive(field.type)
            fields.append((field.attribute, kind) if field.required else (field.attribute, kind | UnsetType, UNSET))
        struct = msgspec.defstruct(
            name, fields, bases=(_Shadow,), module=_MODULE.__name__, kw_only=True,
            rename={field.attribute: field.wire for field in own},
            tag_field=tag and tag[0], tag=tag and tag[1],
        )  # fmt: skip
        setattr(_MODULE, name, struct)
        self._scope[f"struct_{name}"] = struct
        self._builders[struct] = self._builder(shape, tag, name)
        return struct

    def _builder(self, shape: Shape, tag: Tag | None, name: str) -> Rebuild:
        values = [(field.attribute, self._value(field, tag, name)) for field in shape.fields]
        self._scope[f"class_{name}"] = shape.cls
        if is_bare(shape):
            lines = [f"o.{attribute} = {value}" for attribute, value in values]
            return self._compiled(f"build_{name}", f"o = new(class_{name})", *lines, "return o")
        pairs = ", ".join(f"{attribute}={value}" for attribute, value in values)
        present = "{k: v for k, v in given.items() if v is not UNSET}"
        return self._compiled(f"build_{name}", f"given = dict({pairs})", f"return class_{name}(**{present})")

    def _compiled(self, name: str, *lines: str) -> Rebuild:
        exec("\n    ".join([f"def {name}(s):", *lines]), self._scope)  # noqa: S102 - attributes are identifiers
        built: Rebuild = self._scope[name]
        return built

    def _value(self, field: Field, tag: Tag | None, name: str) -> str:
        """The expression of an attribute's value, out of the Struct `s`."""
        if tag is not None and field.wire == tag[0]:
            return self._kept(f"tag_{name}", tag[1])
        source = f"s.{field.attribute}"
        if holds_objects(field.type):
            source = self._objects(field.type, source)
        default = field.default
        if default is NO_DEFAULT or default is UNSET:
            return source
        if is_factory(default):
            made = self._kept(f"default_{name}_{field.attribute}", default.factory)
            return f"{made}() if s.{field.attribute} is UNSET else {source}"
        return (
            f"{self._kept(f'default_{name}_{field.attribute}', default)} if s.{field.attribute} is UNSET else {source}"
        )

    def _kept(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name

    def _objects(self, type: Any, source: str) -> str:
        """The expression for a type that holds attrs objects: compiled for one class or a list of it, else general."""
        args = typing.get_args(type) if is_union(type) else (type,)
        kinds = [arg for arg in args if arg not in {UnsetType, None, types.NoneType}]
        sure = len(args) == 1
        if len(kinds) == 1 and is_attrs(kinds[0]):
            name = self._name(kinds[0])
            return (
                f"build_{name}({source})"
                if sure
                else f"build_{name}(v) if (v := {source}).__class__ is struct_{name} else v"
            )
        inner = typing.get_args(kinds[0])
        if len(kinds) == 1 and typing.get_origin(kinds[0]) is list and is_attrs(inner[0]):
            every = f"[build_{self._name(inner[0])}(i) for i in "
            return f"{every}{source}]" if sure else f"{every}v] if (v := {source}).__class__ is list else v"
        return f"rebuild({source})"

    def _name(self, cls: Any) -> str:
        shape = shape_of_any(cls)
        assert shape is not None
        struct = self._struct(shape, None)
        name: str = struct.__forward_arg__ if isinstance(struct, typing.ForwardRef) else struct.__name__
        return name

    def rebuilder(self, type: Any) -> Rebuild:
        """The function that turns what `derive(type)` decodes into `type`."""
        if is_attrs(type):
            return self._builders[self.derive(type)]
        args = typing.get_args(type)
        if typing.get_origin(type) is list and is_attrs(args[0]):
            build = self._builders[self.derive(args[0])]
            return lambda shadows: [build(shadow) for shadow in shadows]
        return self.rebuild

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


class Leaner:
    """attrs objects to what msgspec encodes by their wire names: Structs, or themselves where the names agree."""

    def __init__(self) -> None:
        self._writers: dict[type[Any], Rebuild | None] = {}
        self._native: dict[Any, bool] = {}
        self._scope: dict[str, Any] = {"lean": self.lean}

    def lean(self, value: Any) -> Any:
        """`value` with attrs objects whose names differ on the wire replaced by Structs."""
        kind = value.__class__
        writers = self._writers
        write = writers[kind] if kind in writers else self._writer(kind)
        return value if write is None else write(value)

    def _writer(self, cls: type[Any]) -> Rebuild | None:
        self._writers[cls] = self._make(cls)
        return self._writers[cls]

    def _make(self, cls: type[Any]) -> Rebuild | None:
        if is_attrs(cls):
            return None if self.is_native(cls) else self._object(cls)
        if issubclass(cls, Mapping):
            return lambda value: {key: self.lean(item) for key, item in value.items()}
        if issubclass(cls, list | tuple | set | frozenset):
            return lambda value: [self.lean(item) for item in value]
        return None

    def _object(self, cls: type[Any]) -> Rebuild:
        shape = shape_of_any(cls)
        assert shape is not None
        name = f"{cls.__name__}_{len(self._scope)}"
        fields: list[Any] = [(field.attribute, Any, UNSET) for field in shape.fields]
        wires = {field.attribute: field.wire for field in shape.fields}
        self._scope[name] = msgspec.defstruct(name, fields, rename=wires, kw_only=True, gc=False)
        pairs = ", ".join(
            f"{field.attribute}=o.{field.attribute}"
            if self.is_native(field.type)
            else f"{field.attribute}=lean(o.{field.attribute})"
            for field in shape.fields
        )
        write: Rebuild = eval(f"lambda o: {name}({pairs})", self._scope)  # noqa: S307 - attributes are identifiers
        return write

    def is_native(self, type: Any) -> bool:
        """Whether msgspec writes every value of a type as it should be on the wire."""
        if type not in self._native:
            self._native[type] = all(_agrees(part) for part in parts(type, fields=True))
        return self._native[type]


def _agrees(type: Any) -> bool:
    if is_attrs(type):
        shape = shape_of_any(type)
        assert shape is not None
        return is_bare(shape) and all(field.wire == field.attribute for field in shape.fields)
    return type is not Any and type is not object


def tags_of(marker: Any) -> list[tuple[Shape, Tag]]:
    """The classes of a union that are told apart by a required constant, each with its tag; empty for other unions."""
    shapes = [shape_of_any(variant) for variant in marker.__variants__() if variant not in {None, types.NoneType}]
    found = [shape for shape in shapes if shape is not None and is_attrs(shape.cls)]
    if len(found) < len(shapes) or len(found) < 2:
        return []
    constants = [_constants(shape) for shape in found]
    wires = [wire for wire in constants[0] if all(wire in other for other in constants)]
    for wire in sorted(wires, key=lambda wire: wire != marker.__discriminator__):
        values = [constant[wire] for constant in constants]
        if len(set(values)) == len(values):
            return [(shape, (wire, value)) for shape, value in zip(found, values, strict=True)]
    return []


def _constants(shape: Shape) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in shape.fields:
        values = literal_values(field.type) if typing.get_origin(field.type) is typing.Literal else ()
        if len(values) == 1 and isinstance(values[0], str):
            found[field.wire] = values[0]
    return found


def is_attrs(type: Any) -> bool:
    """Whether a type is an attrs class."""
    return hasattr(type, "__attrs_attrs__")


def is_factory(default: Any) -> bool:
    """Whether an attrs default is made anew for each object."""
    return isinstance(default, _FACTORY)


def is_union(type: Any) -> bool:
    """Whether a type is `A | B`."""
    return typing.get_origin(type) in {typing.Union, types.UnionType}


def is_bare(shape: Shape) -> bool:
    """Whether making an object of an attrs class is setting its attributes, and nothing else."""
    cls: Any = shape.cls
    own = (
        cls.__init__.__code__.co_filename.startswith("<attrs generated") if hasattr(cls.__init__, "__code__") else False
    )
    hooks = any(hasattr(cls, name) for name in ("__attrs_pre_init__", "__attrs_post_init__"))
    return (
        own
        and not hooks
        and cls.__setattr__ is object.__setattr__
        and len(shape.fields) == len(cls.__attrs_attrs__)
        and all(_is_plain(attribute) for attribute in cls.__attrs_attrs__)
    )


def _is_plain(attribute: Any) -> bool:
    default = attribute.default
    hinges = is_factory(default) and default.takes_self
    return attribute.validator is None and attribute.converter is None and not hinges


def parts(type: Any, *, fields: bool = False, seen: set[Any] | None = None) -> Iterator[Any]:
    """A type and all that it is made of, each once; with `fields`, what the fields of attrs classes are made of too."""
    seen = set[Any]() if seen is None else seen
    if type in seen:
        return
    seen.add(type)
    yield type
    inner: tuple[Any, ...] = () if typing.get_origin(type) is typing.Literal else typing.get_args(type)
    if is_marker(type):
        inner = type.__variants__()
    elif fields and is_attrs(type) and (shape := shape_of_any(type)) is not None:
        inner = tuple(field.type for field in shape.fields)
    for part in inner:
        yield from parts(part, fields=fields, seen=seen)


def holds_objects(type: Any) -> bool:
    """Whether an attrs class is part of a type."""
    return any(is_attrs(part) for part in parts(type))

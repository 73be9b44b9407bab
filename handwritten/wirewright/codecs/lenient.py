"""Builds typed objects from plain values field by field, keeping what the types do not know.

The slow twin of msgspec's C decoder, used for documents that it refuses (unknown fields, unknown variants) and for the
variants of union markers. One builder is compiled per type and kept.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from wirewright.codecs import CodecError
from wirewright.codecs.shapes import Shape, attach, shape_of
from wirewright.codecs.unions import is_marker
from wirewright.narrow import is_mapping, is_sequence

Tally = list[int]
"""One counter: how many keys of the document the types did not know."""
Build = Callable[[Any, Tally], Any]
Hook = Callable[[Any, Any], Any]

_ARRAYS: dict[Any, Callable[[Any], Any]] = {list: list, set: set, frozenset: frozenset, tuple: tuple}
_NEVER: frozenset[Any] = frozenset()
_EXACT: dict[Any, frozenset[Any]] = {
    str: frozenset({str}),
    int: frozenset({int}),
    bool: frozenset({bool}),
    float: frozenset({float}),
    None: frozenset({type(None)}),
    types.NoneType: frozenset({type(None)}),
}


class Misfit(Exception):  # noqa: N818
    """A value does not fit its type; `place` grows on the way out."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class Builders:
    """Compiled builders by type. `hook` is msgspec's `dec_hook`."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._compiled: dict[Any, Build] = {}

    def convert(self, value: Any, type: Any) -> Any:
        """`value` as `type`. Raises `CodecError`."""
        try:
            return self.of(type)(value, [0])
        except Misfit as misfit:
            raise CodecError(str(misfit), f"${misfit.place}") from misfit
        except RecursionError as error:
            raise CodecError("the document is nested too deeply") from error

    def of(self, type: Any) -> Build:
        """The builder of a type."""
        found = self._compiled.get(type)
        if found is None:
            found = self._compiled[type] = _later(self, type)
            self._compiled[type] = found = self._compile(type)
        return found

    def _compile(self, type: Any) -> Build:
        if type is Any or type is object:
            return lambda value, tally: value
        if is_marker(type):
            from wirewright.codecs.variants import Chooser

            return Chooser(self, type).choose
        shape = shape_of(type) if isinstance(type, type_) else None
        if shape is not None:
            return self._object(shape)
        alias = getattr(type, "__value__", None) or getattr(type, "__supertype__", None)
        if alias is not None:
            return self.of(alias)
        return self._generic(type)

    def _generic(self, type: Any) -> Build:
        origin, args = typing.get_origin(type), typing.get_args(type)
        if origin is typing.Annotated:
            return self._leaf(type) if is_leaf(args[0]) else self.of(args[0])
        if origin in {typing.Union, types.UnionType}:
            return self._union(args)
        if origin in _ARRAYS and not (origin is tuple and (len(args) != 2 or args[1] is not ...)):
            return self._array(_ARRAYS[origin], args[0])
        if origin is dict:
            return self._map(*args)
        return self._leaf(type)

    def _leaf(self, type: Any) -> Build:
        exact = exact_classes(type)

        def leaf(value: Any, tally: Tally) -> Any:
            return value if value.__class__ in exact else self.scalar(value, type)

        return leaf

    def scalar(self, value: Any, type: Any) -> Any:
        """`value` by msgspec alone. Raises `Misfit`."""
        try:
            return msgspec.convert(value, type, dec_hook=self._hook)
        except msgspec.ValidationError as error:
            if isinstance(value, float) and value.is_integer():  # 1.0 is an integer, as JSON Schema has it
                return self.scalar(int(value), type)
            raise Misfit(str(error)) from error

    def _object(self, shape: Shape) -> Build:
        fields = {f.wire: (f.attribute, exact_classes(f.type), self.of(f.type)) for f in shape.fields}
        required = {field.wire for field in shape.fields if field.required}
        extra = self.of(shape.extra_type()) if shape.extra_type else None

        def build(value: Any, tally: Tally) -> Any:
            if not is_mapping(value):
                raise Misfit(f"Expected `object`, got `{json_kind(value)}`")
            known: dict[str, Any] = {}
            unknown: dict[str, Any] = {}
            key: Any = ""
            try:
                for key, member in value.items():
                    if key in fields:
                        attribute, exact, member_of = fields[key]
                        known[attribute] = member if member.__class__ in exact else member_of(member, tally)
                    elif key != shape.tag_field:
                        unknown[key] = member if extra is None else extra(member, tally)
                    elif member != shape.tag:
                        raise Misfit(f"Invalid value {member!r}")
            except Misfit as misfit:
                misfit.place = f".{key}{misfit.place}"
                raise
            if not required <= value.keys():
                raise Misfit(f"Object missing required field `{min(required - value.keys())}`")
            built = shape.cls(**known)
            if unknown:
                tally[0] += 0 if extra else len(unknown)
                attach(built, unknown)
            return built

        return build

    def _array(self, make: Callable[[Any], Any], item: Any) -> Build:
        item_of = self.of(item)

        def build(value: Any, tally: Tally) -> Any:
            if not is_sequence(value):
                raise Misfit(f"Expected `array`, got `{json_kind(value)}`")
            return make([_at(f"[{index}]", item_of, member, tally) for index, member in enumerate(value)])

        return build

    def _map(self, key: Any, item: Any) -> Build:
        item_of = self.of(item)

        def build(value: Any, tally: Tally) -> Any:
            if not is_mapping(value):
                raise Misfit(f"Expected `object`, got `{json_kind(value)}`")
            return {
                (name if key in {str, Any} else self._key(name, key)): _at(f".{name}", item_of, member, tally)
                for name, member in value.items()
            }

        return build

    def _key(self, name: Any, type: Any) -> Any:
        try:
            return msgspec.convert(name, type, strict=False, dec_hook=self._hook)
        except msgspec.ValidationError as error:
            raise Misfit(str(error)) from error

    def _union(self, args: tuple[Any, ...]) -> Build:
        members = [arg for arg in args if arg not in {UnsetType, None, types.NoneType}]
        nullable = len(members) < len([arg for arg in args if arg is not UnsetType])
        if not members:
            return self._leaf(None)
        inner = self.of(members[0]) if len(members) == 1 else self._several(members)

        def build(value: Any, tally: Tally) -> Any:
            if (value is None and nullable) or value is UNSET:
                return value
            return inner(value, tally)

        return build

    def _several(self, members: list[Any]) -> Build:
        """A union msgspec holds natively: at most one array, one map or several tagged objects, and scalars."""
        shapes = [shape for member in members if isinstance(member, type_) and (shape := shape_of(member))]
        tagged = {shape.tag: self.of(shape.cls) for shape in shapes}
        arrays = [member for member in members if _origin(member) in _ARRAYS]
        maps = [member for member in members if _origin(member) is dict]
        scalars = [m for m in members if m not in arrays and m not in maps and not (shape_of_any(m))]
        scalar = self._leaf(typing.Union[tuple(scalars)]) if scalars else None  # noqa: UP007 - of a tuple

        def build(value: Any, tally: Tally) -> Any:
            if is_mapping(value) and (shapes or maps):
                if maps:
                    return self.of(maps[0])(value, tally)
                if len(shapes) == 1:
                    return self.of(shapes[0].cls)(value, tally)
                tag = value.get(shapes[0].tag_field)
                found = tagged.get(tag) if isinstance(tag, str | int) else None
                return value if found is None else found(value, tally)
            if is_sequence(value) and arrays:
                return self.of(arrays[0])(value, tally)
            return value if scalar is None else scalar(value, tally)

        return build


type_ = type


def _later(builders: Builders, type: Any) -> Build:
    """Stands for a builder that is being compiled, so that types may contain themselves."""

    def build(value: Any, tally: Tally) -> Any:
        return builders.of(type)(value, tally)

    return build


def _at(place: str, build: Build, value: Any, tally: Tally) -> Any:
    try:
        return build(value, tally)
    except Misfit as misfit:
        misfit.place = place + misfit.place
        raise


def _origin(type: Any) -> Any:
    return typing.get_origin(type) or type


def shape_of_any(type: Any) -> Shape | None:
    """The shape of a type that may be no class."""
    return shape_of(type) if isinstance(type, type_) else None


def exact_classes(type: Any) -> frozenset[Any]:
    """Classes whose values are of the type as they are: `str` and `NoneType` for `str | None`."""
    if typing.get_origin(type) in {typing.Union, types.UnionType}:
        return _NEVER.union(*(_EXACT.get(arg, _NEVER) for arg in typing.get_args(type)))
    return _EXACT.get(type, _NEVER)


def is_leaf(type: Any) -> bool:
    """Whether msgspec alone can convert to a type: it holds no model and no marker."""
    if is_marker(type) or shape_of_any(type):
        return False
    if isinstance(type, type_) and issubclass(type, enum.Enum):
        return True
    return all(is_leaf(arg) for arg in typing.get_args(type) if typing.get_origin(type) is not typing.Literal)


def json_kind(value: Any) -> str:
    """The JSON name of a plain value's type."""
    if value is None:
        return "null"
    name: str = value.__class__.__name__
    return {"list": "array", "dict": "object"}.get(name, name)

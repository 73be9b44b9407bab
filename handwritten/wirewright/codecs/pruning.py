"""Documents with unknown fields, most of the way in C: set the unknown fields aside, let msgspec convert the rest, put
them on the objects it made.

It stands between msgspec's own decoder, which refuses such documents, and `lenient`, which builds anything, in Python.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from wirewright.codecs.lenient import shape_of_any
from wirewright.codecs.shapes import Shape, attach
from wirewright.codecs.unions import is_marker


class Aside(msgspec.Struct):
    """What was taken out of one object or array: its own unknown fields, and those of its members.

    `branches`: by attribute, index or key; `attributes` tells which of the two it is.
    """

    extras: dict[str, Any] | None
    branches: list[tuple[Any, Aside]]
    attributes: bool


Prune = Callable[[Any], Aside | None]


class Pruners:
    """Compiled by type: functions that take unknown fields out of plain values, in place."""

    def __init__(self) -> None:
        self._compiled: dict[Any, Prune | None] = {}

    def of(self, type: Any) -> Prune | None:
        """The pruner of a type; None when it holds no objects of known shape."""
        if type not in self._compiled:
            self._compiled[type] = lambda value: self._later(type, value)
            self._compiled[type] = self._compile(type)
        return self._compiled[type]

    def _later(self, type: Any, value: Any) -> Aside | None:
        prune = self._compiled[type]
        return None if prune is None else prune(value)

    def _compile(self, type: Any) -> Prune | None:
        shape = shape_of_any(type)
        if shape is not None:
            return self._object(shape)
        origin, args = typing.get_origin(type), typing.get_args(type)
        if is_marker(type) or not args or origin is typing.Literal:
            return None
        if origin is typing.Annotated:
            return self.of(args[0])
        if origin in {typing.Union, types.UnionType}:
            return self._union(args)
        if origin is list:
            return self._members(self.of(args[0]), enumerate)
        if origin is dict and args[0] is str:
            return self._members(self.of(args[1]), dict[str, Any].items)
        return None

    def _object(self, shape: Shape) -> Prune | None:
        if shape.extra_type is not None:
            return None
        known = frozenset({field.wire for field in shape.fields} | {shape.tag_field})
        nested = [(f.wire, f.attribute, prune) for f in shape.fields if (prune := self.of(f.type)) is not None]

        def prune_object(value: Any) -> Aside | None:
            if value.__class__ is not dict:
                return None
            extras = None if value.keys() <= known else {key: value.pop(key) for key in value.keys() - known}
            branches: list[tuple[Any, Aside]] = []
            for wire, attribute, prune in nested:
                aside = prune(value.get(wire))
                if aside is not None:
                    branches.append((attribute, aside))
            return Aside(extras, branches, True) if extras or branches else None

        return prune_object

    @staticmethod
    def _members(prune: Prune | None, pairs: Callable[[Any], Any]) -> Prune | None:
        if prune is None:
            return None
        kind: Any = list if pairs is enumerate else dict

        def prune_members(value: Any) -> Aside | None:
            if value.__class__ is not kind:
                return None
            branches = [(key, aside) for key, member in pairs(value) if (aside := prune(member)) is not None]
            return Aside(None, branches, False) if branches else None

        return prune_members

    def _union(self, args: tuple[Any, ...]) -> Prune | None:
        shapes = [shape for arg in args if (shape := shape_of_any(arg)) is not None]
        others = [prune for arg in args if shape_of_any(arg) is None and (prune := self.of(arg)) is not None]
        by_tag = {shape.tag: self.of(shape.cls) for shape in shapes}
        tag_field = shapes[0].tag_field if shapes else None

        def prune_union(value: Any) -> Aside | None:
            if value.__class__ is dict and shapes:
                tag = None if tag_field is None else value.get(tag_field)
                prune = by_tag.get(tag) if isinstance(tag, str | int | None) else None
                return None if prune is None else prune(value)
            return next((aside for prune in others if (aside := prune(value)) is not None), None)

        return prune_union if shapes or others else None


def graft(value: Any, aside: Aside) -> None:
    """Put unknown fields on the objects they came with."""
    if aside.extras:
        attach(value, aside.extras)
    for key, branch in aside.branches:
        graft(getattr(value, key) if aside.attributes else value[key], branch)

"""Which variant of a union a value is. See `wirewright.codecs.unions` for the rule."""

from __future__ import annotations

import enum
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from wirewright.codecs.lenient import Build, Builders, Misfit, Tally, shape_of_any
from wirewright.codecs.shapes import Shape
from wirewright.narrow import is_mapping

_LAST = 9


class _ObjectVariant:
    """One object type of the union, with what tells it from the others."""

    def __init__(self, builders: Builders, shape: Shape) -> None:
        self.cls = shape.cls
        self.build = builders.of(shape.cls)
        self.known = {field.wire for field in shape.fields}
        # A constant that may not be absent has itself as default, for those who build objects; here it must be there.
        self.required = {f.wire for f in shape.fields if f.required or typing.get_origin(f.type) is typing.Literal}
        self.consts = {f.wire: frozenset(values) for f in shape.fields if (values := literal_values(f.type))}
        if shape.tag_field is not None:
            self.known.add(shape.tag_field)
            self.consts[shape.tag_field] = frozenset({shape.tag})

    def fits(self, value: Mapping[str, Any]) -> bool:
        return self.required <= value.keys() and all(
            key not in value or _among(value[key], allowed) for key, allowed in self.consts.items()
        )

    def unknown(self, value: Mapping[str, Any]) -> int:
        return len(value.keys() - self.known)


def _among(value: Any, allowed: frozenset[Any]) -> bool:
    return value.__hash__ is not None and value in allowed


def literal_values(type: Any) -> tuple[Any, ...]:
    """The values of a field that may be only some: `Literal[...]`, or a closed enum."""
    if typing.get_origin(type) is typing.Literal:
        return typing.get_args(type)
    members = [arg for arg in typing.get_args(type) if arg is not msgspec.UnsetType]
    if len(members) == 1 and typing.get_origin(members[0]) is typing.Literal:
        return typing.get_args(members[0])
    return ()


class Chooser:
    """Decodes the values of one union marker."""

    def __init__(self, builders: Builders, marker: Any) -> None:
        self._builders = builders
        self._marker = marker
        self._ready = False

    def _prepare(self) -> None:
        """Only at the first value: the variants may not have been defined before."""
        builders, marker = self._builders, self._marker
        variants = [variant for variant in marker.__variants__() if variant not in {None, type(None)}]
        self._discriminator: str | None = marker.__discriminator__
        mapping: dict[str, Any] = marker.__mapping__() if marker.__mapping__ else {}
        self._mapped = {tag: builders.of(variant) for tag, variant in mapping.items()}
        shapes = {variant: shape for variant in variants if (shape := shape_of_any(variant))}
        self._objects = [_ObjectVariant(builders, shape) for shape in shapes.values()]
        others = [variant for variant in variants if variant not in shapes]
        self._others: list[Build] = [builders.of(variant) for variant in sorted(others, key=_specificity)]
        self._ready = True

    def choose(self, value: Any, tally: Tally) -> Any:
        """`value` as the variant it is, or as it came when it is none of them."""
        if not self._ready:
            self._prepare()
        if is_mapping(value) and self._objects:
            found = self._by_discriminator(value)
            if found is not None:
                try:
                    return found(value, tally)
                except Misfit:
                    pass
            candidates = [variant for variant in self._objects if variant.fits(value)]
            if len(candidates) == 1 and not self._others:
                return _first_that_builds([candidates[0].build], value, tally)
            return self._best(candidates, value, tally)
        return _first_that_builds(self._others, value, tally)

    def _by_discriminator(self, value: Mapping[str, Any]) -> Build | None:
        tag = value.get(self._discriminator) if self._discriminator else None
        return self._mapped.get(tag) if isinstance(tag, str) else None

    def _best(self, candidates: list[_ObjectVariant], value: Mapping[str, Any], tally: Tally) -> Any:
        """The candidate that knows most of the value's keys; those equal at the top are compared all the way down."""
        best: tuple[int, Any] | None = None
        fewest: int | None = None
        for variant in sorted(candidates, key=lambda candidate: candidate.unknown(value)):
            if fewest is not None and variant.unknown(value) > fewest:
                break
            count = [0]
            try:
                built = variant.build(value, count)
            except Misfit:
                continue
            fewest = variant.unknown(value)
            if best is None or count[0] < best[0]:
                best = count[0], built
        if best is None:
            return _first_that_builds(self._others, value, tally)
        tally[0] += best[0]
        return best[1]


def _first_that_builds(builds: list[Build], value: Any, tally: Tally) -> Any:
    """For values that are no objects: the variant that drops fewest keys, or the most specific one for scalars."""
    best: tuple[int, Any] | None = None
    for build in builds:
        count = [0]
        try:
            built = build(value, count)
        except Misfit:
            continue
        if best is None or count[0] < best[0]:
            best = count[0], built
        if count[0] == 0:
            break
    if best is None:
        return value
    tally[0] += best[0]
    return best[1]


def _specificity(type: Any) -> int:
    """What accepts less is tried first; `str` accepts what dates and ids are written as, an open enum any text."""
    if typing.get_origin(type) is typing.Literal:
        return 0
    if isinstance(type, enum.EnumType):
        return 8
    return 7 if type in {str, float} else _LAST if type is Any else 1

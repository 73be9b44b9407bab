"""Unions, as model libraries can hold them: which decode natively, which by a tag, which need the runtime's help."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wirewright_codegen.models.annotations import annotation, enum_bases, plain_type, scalar
from wirewright_codegen.models.schemas import Schema, is_literal, kind_of, ref_name, references, strongly_connected
from wirewright_codegen.models.shapes import Shape

_TELLING = ("type", "kind", "object")
_STRINGS = {"str", "bytes", "UUID", "Decimal", "_dt.datetime", "_dt.date", "_dt.time"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that a union may hold, with nothing of a union left in it.

    `category` is "object", "map", "array", "any", or a scalar's type; `runtime` is the expression that decodes it,
    `name` the class of an object.
    """

    category: str
    runtime: str
    name: str | None = None
    literals: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """The constant that tells a class from the others of its unions."""

    wire: str
    value: str


class Unions:
    """What every union of a document comes down to."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._leaves: dict[str, tuple[Leaf, ...]] = {}
        self.recursive = _recursive_aliases(shapes)

    def leaves(self, name: str) -> tuple[Leaf, ...]:
        """The leaves of a named union, in order, nested unions opened up."""
        if name not in self._leaves:
            found: dict[Leaf, None] = {}
            self._collect(self._shapes[name].source, found, {name})
            self._leaves[name] = tuple(found)
        return self._leaves[name]

    def _collect(self, schema: Schema, found: dict[Leaf, None], seen: set[str]) -> None:
        kind = kind_of(schema)
        if kind == "union":
            for variant in schema["anyOf"]:
                self._collect(variant, found, seen)
            return
        if kind == "ref":
            self._follow(str(ref_name(schema)), found, seen)
            return
        found.update(dict.fromkeys(_leaves_of(schema, kind)))

    def _follow(self, name: str, found: dict[Leaf, None], seen: set[str]) -> None:
        shape = self._shapes.get(name)
        if shape is None or name in seen:
            return
        if shape.kind == "class":
            found[Leaf("object", name, name)] = None
        elif name in self.recursive and shape.kind == "alias":
            found[Leaf(_leaves_of(shape.source, kind_of(shape.source))[0].category, name)] = None
        else:
            self._collect(shape.source, found, seen | {name})

    def attribute(self, class_name: str, wire: str) -> str:
        """The attribute of a class that holds a property."""
        return next((field.name for field in self._shapes[class_name].fields if field.wire == wire), wire)

    def tags(self) -> dict[str, Tag]:
        """Class name → tag, for all classes that are told apart by a constant in every union they are in.

        A tag is whole or nothing: a union is tagged only when all its objects have different values of one required
        constant, and no class can have two tags.
        """
        wanted: dict[str, dict[str, Tag]] = {}
        for name, shape in sorted(self._shapes.items()):
            if shape.kind == "union" and (found := self._union_tags(name, shape)):
                wanted[name] = found
        wires: dict[str, set[Tag]] = defaultdict(set)
        for found in wanted.values():
            for class_name, tag in found.items():
                wires[class_name].add(tag)
        sound = [found for found in wanted.values() if all(len(wires[class_name]) == 1 for class_name in found)]
        return {class_name: tag for found in sound for class_name, tag in found.items()}

    def _union_tags(self, name: str, shape: Shape) -> dict[str, Tag] | None:
        classes = [str(leaf.name) for leaf in self.leaves(name) if leaf.category == "object"]
        if len(classes) < 2:
            return None
        constants = [self._constants(class_name) for class_name in classes]
        shared = [wire for wire in constants[0] if all(wire in other for other in constants)]
        for wire in sorted(shared, key=lambda wire: (wire != shape.discriminator, wire not in _TELLING, wire)):
            values = [c[wire] for c in constants]
            if len(set(values)) == len(values):
                return {class_name: Tag(wire, value) for class_name, value in zip(classes, values, strict=True)}
        return None

    def _constants(self, class_name: str) -> dict[str, str]:
        fields = self._shapes[class_name].fields
        return {field.wire: field.const for field in fields if field.required and isinstance(field.const, str)}


def _leaves_of(schema: Schema, kind: str) -> list[Leaf]:
    if kind == "enum":
        values = [v for v in schema["enum"] if is_literal(v)]
        return [
            Leaf(base.partition("[")[0], base, literals=tuple(v for v in values if plain_type(v) == base))
            for base in enum_bases(list(schema["enum"]))
        ]
    if kind == "const":
        value = schema["const"]
        base = plain_type(value)
        literals = (value,) if is_literal(value) else ()
        category = {"list": "array", "dict": "map"}.get(base.partition("[")[0], base)
        return [Leaf(category, base, literals=literals)]
    if kind in ("array", "tuple"):
        return [Leaf("array", annotation(schema))]
    if kind in ("map", "object"):
        return [Leaf("map", annotation(schema))]
    if kind in ("scalar", "null"):
        found = scalar(schema) if kind == "scalar" else "None"
        return [Leaf(found, found)]
    return [Leaf("any", "Any")]


def native_members(leaves: Iterable[Leaf], tags: Mapping[str, Tag]) -> list[str] | None:
    """The members of a union that msgspec holds natively; None when it cannot."""
    leaves = list(leaves)
    if any(leaf.category == "any" for leaf in leaves):
        return ["Any"]
    objects = [leaf for leaf in leaves if leaf.category == "object"]
    maps = [leaf for leaf in leaves if leaf.category == "map"]
    arrays = [leaf for leaf in leaves if leaf.category == "array"]
    strings = _strings(leaves)
    if len(arrays) > 1 or len(maps) > 1 or (objects and maps) or strings is None:
        return None
    if len({tags[str(leaf.name)].wire for leaf in objects if leaf.name in tags}) > 1:
        return None
    if len(objects) > 1 and not told_apart(objects, tags):
        return None
    numbers = _numbers(leaves)
    null = ["None"] if any(leaf.category == "None" for leaf in leaves) else []
    return [leaf.runtime for leaf in (*objects, *maps, *arrays)] + strings + numbers + null


def told_apart(objects: Iterable[Leaf], tags: Mapping[str, Tag]) -> bool:
    """Whether each has a tag, of one property and with a value that no other has."""
    found = [tags.get(str(leaf.name)) for leaf in objects]
    return None not in found and len(set(found)) == len(found) and len({tag.wire for tag in found if tag}) == 1


def _strings(leaves: Iterable[Leaf]) -> list[str] | None:
    kinds = {leaf.runtime for leaf in leaves if leaf.category in _STRINGS}
    if "str" in kinds:
        return ["str"]
    literals = [leaf for leaf in leaves if leaf.category == "str"]
    others = kinds - {leaf.runtime for leaf in literals}
    if not literals:
        return None if len(others) > 1 else sorted(others)
    if others:
        return None
    return list(dict.fromkeys(leaf.runtime for leaf in literals))


def _numbers(leaves: Iterable[Leaf]) -> list[str]:
    categories = {leaf.category: leaf.runtime for leaf in leaves if leaf.category in ("int", "float", "bool")}
    plain = {leaf.runtime for leaf in leaves}
    found: list[str] = []
    if "int" in categories:
        whole = "int" in plain or "float" in categories
        found += ["int"] if whole else list(dict.fromkeys(x.runtime for x in leaves if x.category == "int"))
    return found + [name for name in ("float", "bool") if name in categories]


def _recursive_aliases(shapes: Mapping[str, Shape]) -> frozenset[str]:
    """Aliases and unions that contain themselves without a class in between."""
    aliases = {name for name, shape in shapes.items() if shape.kind in ("alias", "union")}
    graph = {name: sorted(set(references(shapes[name].source)) & aliases) for name in sorted(aliases)}
    return frozenset(
        name
        for component in strongly_connected(graph)
        for name in component
        if len(component) > 1 or name in graph[name]
    )

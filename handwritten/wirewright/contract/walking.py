"""A value beside its schema: every node of it with the schemas that describe it, unions decided by what is valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wirewright.contract.document import MediaType
from wirewright.contract.schemas import Schemas, json_type, pointer, type_names
from wirewright.contract.shapes import is_array, is_object

_DEPTH = 24


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a value: `path` is where in the value, `place` the JSON pointer of its schema in the document."""

    path: tuple[str | int, ...]
    value: Any
    schema: dict[str, Any]
    place: str
    tags: frozenset[str] = frozenset()  # members by which a union tells this object from others
    use: str = ""  # the JSON pointer of what names its schema: a reference to it, a union that it is a branch of


def walk(form: MediaType, value: Any) -> Iterator[Node]:
    """All nodes of a JSON body, the outer before the inner. Parts that no schema describes are left out."""
    if "schema" in form.declared:
        yield from walk_schema(form.schemas, form.place + "/schema", value)


def walk_closely(form: MediaType, value: Any) -> Iterator[Node]:
    """As `walk`, also for a value that its schema does not allow: of a union the branch that comes nearest is taken."""
    if "schema" in form.declared:
        yield from _Walk(form.schemas, closely=True).nodes(form.place + "/schema", value, _Where())


def walk_schema(schemas: Schemas, place: str, value: Any) -> Iterator[Node]:
    """All nodes of a value of the schema at a place."""
    yield from _Walk(schemas).nodes(place, value, _Where())


@dataclass(frozen=True, slots=True)
class _Where:
    """Where in a value we are. `steps` counts schemas on the way, so that one inside itself comes to an end."""

    path: tuple[str | int, ...] = ()
    tags: frozenset[str] = frozenset()
    steps: int = 0
    use: str = ""

    def inside(self, key: str | int) -> _Where:
        return _Where((*self.path, key), frozenset(), self.steps + 1)

    def branch(self, tags: frozenset[str], use: str) -> _Where:
        return _Where(self.path, self.tags | tags, self.steps + 1, use)


class _Walk:
    def __init__(self, schemas: Schemas, *, closely: bool = False) -> None:
        self._schemas = schemas
        self._closely = closely

    def nodes(self, place: str, value: Any, where: _Where) -> Iterator[Node]:
        use = where.use or place
        place, schema = _resolved(self._schemas, place)
        if not is_object(schema) or where.steps > _DEPTH:
            return
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branch = _branch(self._schemas, f"{place}/{keyword}", len(schema[keyword]), value)
                if branch is None and self._closely:
                    branch = _nearest(self._schemas, f"{place}/{keyword}", schema[keyword], value)
                if branch is not None:
                    yield from self.nodes(branch, value, where.branch(_tags(schema), use))
                elif self._closely:
                    yield Node(where.path, value, schema, place, where.tags, use)
                return
        yield Node(where.path, value, schema, place, where.tags, use)
        for key, member, inside in _members(schema, place, value):
            yield from self.nodes(inside, member, where.inside(key))


def _members(schema: dict[str, Any], place: str, value: Any) -> Iterator[tuple[str | int, Any, str]]:
    """Key, value and place of the schema of each member that is described."""
    if is_object(value):
        for name, member in value.items():
            inside = _member_place(schema, place, name)
            if inside is not None:
                yield name, member, inside
    elif is_array(value):
        prefix = len(schema.get("prefixItems", ()))
        for index, item in enumerate(value):
            if index < prefix:
                yield index, item, place + pointer("prefixItems", index)
            elif "items" in schema:
                yield index, item, place + "/items"


def _resolved(schemas: Schemas, place: str) -> tuple[str, Any]:
    schema = schemas.look_up(place)
    for _ in range(32):
        if not is_object(schema) or not isinstance(schema.get("$ref"), str):
            break
        place = schema["$ref"].removeprefix("#")
        schema = schemas.look_up(place)
    return place, schema


def _tags(schema: dict[str, Any]) -> frozenset[str]:
    declared = schema.get("discriminator") or schema.get("x-discriminator")
    return frozenset({str(declared.get("propertyName"))}) if is_object(declared) else frozenset()


def _branch(schemas: Schemas, place: str, count: int, value: Any) -> str | None:
    for index in range(count):
        candidate = f"{place}/{index}"
        validator = schemas.usable(candidate)
        if validator is not None and validator.is_valid(value):
            return candidate
    return None


def _nearest(schemas: Schemas, place: str, branches: list[Any], value: Any) -> str | None:
    """Of the branches for the JSON type of a value the one that it breaks in the fewest places; None without any."""
    kind = json_type(value)
    found: list[tuple[int, str]] = []
    for index, branch in enumerate(branches):
        names = type_names(schemas, branch)
        validator = schemas.usable(f"{place}/{index}")
        if validator is not None and (kind in names or not names):
            found.append((len(validator.problems(value, "")), f"{place}/{index}"))
    return min(found)[1] if found else None


def _member_place(schema: dict[str, Any], place: str, name: str) -> str | None:
    if name in schema.get("properties", {}):
        return place + pointer("properties", name)
    return place + "/additionalProperties" if is_object(schema.get("additionalProperties")) else None


def put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """A copy of a value with another one at a path."""
    if not path:
        return new
    key = path[0]
    if is_object(value):
        return {**value, key: put(value.get(str(key)), path[1:], new)}
    items = list(value)
    items[int(key)] = put(items[int(key)], path[1:], new)
    return items


def get(value: Any, path: tuple[str | int, ...]) -> Any:
    """What is at a path."""
    for key in path:
        value = value[key]
    return value


def without(value: Any, path: tuple[str | int, ...]) -> Any:
    """A copy of a value that lacks the member at a path."""
    parent = get(value, path[:-1])
    rest = {name: member for name, member in parent.items() if name != path[-1]}
    return put(value, path[:-1], rest)

"""What a canonical schema is: its kind, what it refers to, and the few questions that every later step asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

Schema = Mapping[str, Any]
Kind = Literal["ref", "object", "map", "array", "tuple", "enum", "const", "scalar", "null", "union", "any", "never"]

REF_PREFIX = "#/components/schemas/"
_SCALARS = {"string", "integer", "number", "boolean"}


def as_schema(value: object) -> Schema | None:
    """The value when it is an object, as a schema; None otherwise (a boolean, nothing)."""
    return cast("Schema", value) if isinstance(value, Mapping) else None


def ref_name(schema: Schema) -> str | None:
    """The class name that a reference points at; None when the schema is no reference."""
    ref = schema.get("$ref")
    return ref.removeprefix(REF_PREFIX) if isinstance(ref, str) else None


def kind_of(schema: Schema) -> Kind:
    """One of the kinds that the canonical form allows."""
    if "$ref" in schema:
        return "ref"
    if "anyOf" in schema:
        return "union"
    if "const" in schema:
        return "const"
    if "enum" in schema:
        return "enum"
    if schema.get("not") == {}:
        return "never"
    return _kind_of_type(schema)


def _kind_of_type(schema: Schema) -> Kind:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return "object" if "properties" in schema else "map"
    if kind == "array":
        return "tuple" if schema.get("prefixItems") else "array"
    if kind == "null":
        return "null"
    return "scalar" if kind in _SCALARS else "any"


def allows_null(schema: Schema, schemas: Mapping[str, Schema], *, above: frozenset[str] = frozenset()) -> bool:
    """Whether a value of the schema may be null and the schema says so; one that allows anything does not."""
    name = ref_name(schema)
    if name is not None:
        return name not in above and allows_null(schemas.get(name, {}), schemas, above=above | {name})
    if "anyOf" in schema:
        return any(allows_null(variant, schemas, above=above) for variant in schema["anyOf"])
    return schema.get("type") == "null" or None in schema.get("enum", ())


def is_literal(value: object) -> bool:
    """Whether a `Literal` can hold a value in every flavour: text, and integers of 64 bits."""
    if isinstance(value, int):
        return not isinstance(value, bool) and -(2**63) <= value < 2**63
    return isinstance(value, str)


def children(schema: Schema) -> Iterator[Schema]:
    """The schemas directly inside a schema."""
    yield from schema.get("properties", {}).values()
    yield from schema.get("anyOf", ())
    yield from schema.get("prefixItems", ())
    for key in ("items", "additionalProperties"):
        if (inner := as_schema(schema.get(key))) is not None:
            yield inner


def references(schema: Schema) -> Iterator[str]:
    """Names of all schemas that a schema refers to, at any depth inside it."""
    name = ref_name(schema)
    if name is not None:
        yield name
    for child in children(schema):
        yield from references(child)


def strongly_connected(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """Strongly connected components (Tarjan, iterative), each after those it refers to."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    components.append(_popped(node, stack, on_stack))
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(graph[target])))
            elif target in on_stack:
                low[node] = min(low[node], index[target])
    return components


def _popped(node: str, stack: list[str], on_stack: set[str]) -> list[str]:
    component: list[str] = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        component.append(member)
        if member == node:
            return sorted(component)


def without_union_cycles(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas, with unions that contain themselves (alone or through each other) holding what they come down to."""
    graph = {
        name: sorted({str(ref_name(v)) for v in schema["anyOf"] if ref_name(v)} & schemas.keys())
        if kind_of(schema) == "union"
        else []
        for name, schema in sorted(schemas.items())
    }
    found = dict(schemas)
    for component in strongly_connected(graph):
        if len(component) == 1 and component[0] not in graph[component[0]]:
            continue
        variants = [v for name in component for v in schemas[name]["anyOf"] if ref_name(v) not in component]
        for name in component:
            found[name] = {**schemas[name], "anyOf": variants} if variants else {}
    return found

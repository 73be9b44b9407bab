"""The intersection of two trees: what `allOf` means."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.canonical.union import MAX_VARIANTS, union
from wirewright_codegen.canonical.vocabulary import (
    CONSTRAINTS,
    ORIGIN,
    SOURCE,
    Schema,
    description_of,
    is_annotation,
    is_any,
    is_never,
    json_key,
    structure,
    without_duplicates,
)


class ConflictError(Exception):
    """Two schemas have nothing in common; the text says why."""


class TooMuchError(ConflictError):
    """Two schemas may well have something in common, but not in a form that can be written down."""


@dataclass(slots=True)
class Merger:
    """Merges trees.

    Args:
        expand: the tree behind a reference, without what describes it.
        contradiction: called with a reason when no value satisfies two schemas and the later one was taken.
        loss: called with a reason when the later one was taken though it allows more than both.
    """

    expand: Callable[[str], Schema]
    contradiction: Callable[[str], None]
    loss: Callable[[str], None]
    _unfolding: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _above: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def intersect(self, first: Schema, second: Schema) -> Schema:
        """A tree for what satisfies both. Where nothing does, the later one wins and the contradiction is reported."""
        try:
            return self._merge(first, second)
        except ConflictError as conflict:
            self._report(conflict)
            return _described(second, description_of(first))

    def _report(self, conflict: ConflictError, where: str = "") -> None:
        if isinstance(conflict, TooMuchError):
            self.loss(f"allOf{where} cannot be merged: {conflict}; the later schema is taken")
        else:
            self.contradiction(f"allOf{where} contradicts itself: {conflict}; the later schema is taken")

    def soft(self, tree: Schema, extra: Schema) -> Schema:
        """Apply keywords that came without a `type`: they bind only values of the type that they are about."""
        if is_any(tree) or is_any(extra):
            return self.intersect(tree, extra)
        resolved = self._resolved(tree)
        if "anyOf" not in resolved:
            return self.intersect(tree, extra) if _same_type(resolved, extra) else tree
        members = [self._soft_member(member, extra) for member in resolved["anyOf"]]
        if all(new is old for new, old in zip(members, resolved["anyOf"], strict=True)):
            return tree
        return _described(union(members, resolved.get("discriminator")), description_of(tree))

    def _soft_member(self, member: Schema, extra: Schema) -> Schema:
        if not _same_type(self._resolved(member), extra):
            return member
        return self._variant(member, self.intersect(member, extra))

    def _resolved(self, tree: Schema) -> Schema:
        """What a reference leads to in the end; any when it leads to itself."""
        seen: set[str] = set()
        while "$ref" in tree:
            if tree["$ref"] in seen:
                return {}
            seen.add(tree["$ref"])
            tree = self.expand(tree["$ref"])
        return tree

    def _merge(self, first: Schema, second: Schema) -> Schema:
        constraints = [*first.get(CONSTRAINTS, ()), *second.get(CONSTRAINTS, ())]
        if not constraints:
            return self._merge_bare(first, second)
        merged = self._merge_bare(_without(first, CONSTRAINTS), _without(second, CONSTRAINTS))
        return {**merged, CONSTRAINTS: without_duplicates([*constraints, *merged.get(CONSTRAINTS, ())])}

    def _merge_bare(self, first: Schema, second: Schema) -> Schema:
        if is_any(first):
            return _described(second, description_of(first))
        if is_any(second):
            return {**first, **description_of(second)}
        if is_never(first) or is_never(second):
            raise ConflictError("one of them allows nothing")
        described = {**description_of(first), **description_of(second)}
        if "$ref" in first or "$ref" in second:
            return {**self._merge_references(first, second), **described}
        if "anyOf" in first or "anyOf" in second:
            return {**self._distribute(first, second), **described}
        return {**self._merge_typed(first, second), **described}

    def _merge_references(self, first: Schema, second: Schema) -> Schema:
        if first.get("$ref") == second.get("$ref"):
            return {"$ref": first["$ref"]}
        pair = (_identity(first), _identity(second))
        if pair in self._unfolding:
            raise ConflictError("it contains itself")
        if pair in self._above:
            self.loss("allOf of two schemas that contain themselves; inside, the later schema is taken")
            return {key: value for key, value in second.items() if not is_annotation(key)}
        self._unfolding.add(pair)
        self._above.add(pair)
        try:
            return self._merge_expanded(first, second)
        finally:
            self._unfolding.discard(pair)
            self._above.discard(pair)

    def _merge_expanded(self, first: Schema, second: Schema) -> Schema:
        one, two = self._resolved(first), self._resolved(second)
        merged = self._merge(structure_of(one), structure_of(two))
        # an intersection that adds nothing is the schema itself, under its own name
        for part, whole in ((second, two), (first, one)):
            if "$ref" in part and _equal(merged, whole):
                return {"$ref": part["$ref"]}
        return merged

    def _inside(self, first: Schema, second: Schema) -> Schema:
        """The intersection of two members: a schema may contain itself there."""
        outside, self._unfolding = self._unfolding, set()
        try:
            return self._merge(first, second)
        finally:
            self._unfolding = outside

    def _distribute(self, first: Schema, second: Schema) -> Schema:
        ones, twos = first.get("anyOf") or [first], second.get("anyOf") or [second]
        if len(ones) * len(twos) > MAX_VARIANTS * 4:
            raise TooMuchError(f"two unions of {len(ones)} and {len(twos)} members are too many to combine")
        merged: list[Schema] = []
        reason = "no variant fits"
        for one, two in itertools.product(ones, twos):
            try:
                merged.append(self._combined(one, two))
            except TooMuchError:
                raise
            except ConflictError as conflict:
                reason = str(conflict)
        if not merged:
            raise ConflictError(reason)
        return union(merged, first.get("discriminator") or second.get("discriminator"))

    def _combined(self, one: Schema, two: Schema) -> Schema:
        result = self._merge(one, two)
        for member in (one, two):
            if "$ref" in member or ORIGIN in member:
                return self._variant(member, result)
        return result

    @staticmethod
    def _variant(member: Schema, result: Schema) -> Schema:
        """Remember which variant a merged one was, for the mapping of the discriminator and for its name."""
        if "$ref" in result or "anyOf" in result:
            return result
        return {**result, ORIGIN: member.get(ORIGIN) or member.get("$ref", "")}

    def _merge_typed(self, first: Schema, second: Schema) -> Schema:
        kind = _common_type(first.get("type"), second.get("type"))
        if kind == "object":
            merged = self._merge_objects(first, second)
        elif kind == "array":
            merged = self._merge_arrays(first, second)
        else:
            merged = _merge_scalars(first, second)
        merged["type"] = kind
        overridden = _overridden(first, second)
        if overridden:
            merged[CONSTRAINTS] = overridden
        return merged

    def _merge_objects(self, first: Schema, second: Schema) -> Schema:
        merged = _limits(first, second)
        required = list(dict.fromkeys([*first.get("required", ()), *second.get("required", ())]))
        properties: Schema = {**first.get("properties", {})}
        for name, schema in second.get("properties", {}).items():
            properties[name] = (
                self._property(name, properties[name], schema, name in required) if name in properties else schema
            )
        if properties or "properties" in first or "properties" in second:
            merged["properties"] = properties
        if required:
            merged["required"] = required
        extra = self._additional(first.get("additionalProperties"), second.get("additionalProperties"))
        if extra is not None:
            merged["additionalProperties"] = extra
        return merged

    def _property(self, name: str, first: Schema, second: Schema, required: bool) -> Schema:
        if is_never(second) or is_never(first):
            if required:
                raise ConflictError(f"property {name!r} is required and allows nothing")
            return second if is_never(second) else first
        try:
            return self._inside(first, second)
        except ConflictError as conflict:
            if required and not isinstance(conflict, TooMuchError):
                raise ConflictError(f"property {name!r}: {conflict}") from None
            self._report(conflict, f" at property {name!r}")
            return second

    def _additional(self, first: Any, second: Any) -> Any:
        if first is False or second is False:
            return False
        if first is None or second is None:
            return second if first is None else first
        try:
            return self._inside(first, second)
        except ConflictError as conflict:
            self._report(conflict, " at additionalProperties")
            return second

    def _merge_arrays(self, first: Schema, second: Schema) -> Schema:
        merged = _limits(first, second)
        heads = list(itertools.zip_longest(first.get("prefixItems", ()), second.get("prefixItems", ()), fillvalue=None))
        if heads:
            rests = (first.get("items", {}), second.get("items", {}))
            merged["prefixItems"] = [
                self._inside(
                    rests[0] if one is None else one,
                    rests[1] if two is None else two,
                )
                for one, two in heads
            ]
        if "items" in first and "items" in second:
            merged["items"] = self._inside(first["items"], second["items"])
        elif "items" in first or "items" in second:
            merged["items"] = first["items"] if "items" in first else second["items"]
        return merged


def structure_of(tree: Schema) -> Schema:
    """A tree without what describes it, with the marks of its variants."""
    return {key: value for key, value in tree.items() if not is_annotation(key) and key != SOURCE}


def _without(tree: Schema, word: str) -> Schema:
    return {key: value for key, value in tree.items() if key != word}


def _identity(tree: Schema) -> str:
    return tree["$ref"] if "$ref" in tree else json_key(structure(tree))


def _described(tree: Schema, beneath: Schema) -> Schema:
    return {**beneath, **tree} if beneath else tree


def _same_type(tree: Schema, other: Schema) -> bool:
    try:
        _common_type(tree.get("type"), other.get("type"))
    except ConflictError:
        return False
    return True


def _common_type(first: Any, second: Any) -> str:
    if first == second:
        return str(first)
    if {first, second} == {"integer", "number"}:
        return "integer"
    raise ConflictError(f"{first} and {second}")


def _equal(merged: Schema, whole: Schema) -> bool:
    return structure(merged) == structure(whole) and json_shape(merged) == json_shape(whole)


def json_shape(tree: Schema) -> tuple[str, ...]:
    """What Python's equality does not tell apart: the consts and enums (true is not 1)."""
    return tuple(json_key(tree[word]) for word in ("const", "enum") if word in tree)


_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_OWN_RULES = frozenset(
    ("type", "properties", "required", "additionalProperties", "prefixItems", "items", "enum", "const", CONSTRAINTS)
)


def _limits(first: Schema, second: Schema) -> Schema:
    """The tighter limits of both; of two patterns or formats the later one."""
    merged: Schema = {
        key: value
        for key, value in first.items()
        if key not in _OWN_RULES and key[0] != "\x00" and not is_annotation(key)
    }
    for key, value in second.items():
        if key in _OWN_RULES or key[0] == "\x00" or is_annotation(key):
            continue
        if key in _LEAST and key in merged:
            merged[key] = max(merged[key], value)
        elif key in _MOST and key in merged:
            merged[key] = min(merged[key], value)
        else:
            merged[key] = value
    return merged


def _overridden(first: Schema, second: Schema) -> list[Schema]:
    """Rules of which a schema can hold only one: the earlier becomes a constraint."""
    return [
        {word: first[word]}
        for word in ("pattern", "multipleOf")
        if word in first and word in second and first[word] != second[word]
    ]


def _merge_scalars(first: Schema, second: Schema) -> Schema:
    merged = _limits(first, second)
    values = _common_values(first, second)
    if values is None:
        return merged
    if not values:
        raise ConflictError("no value is allowed by both")
    if len(values) == 1:
        merged["const"] = values[0]
    else:
        merged["enum"] = values
    return merged


def _common_values(first: Schema, second: Schema) -> list[Any] | None:
    one, two = _values(first), _values(second)
    if one is None or two is None:
        return one if two is None else two
    keys = {json_key(value) for value in two}
    return [value for value in one if json_key(value) in keys]


def _values(tree: Schema) -> list[Any] | None:
    if "const" in tree:
        return [tree["const"]]
    return tree.get("enum")

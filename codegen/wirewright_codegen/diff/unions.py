"""The variants of two unions: which belong together, and how they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirewright_codegen.diff.facts import SCHEMAS, Scope, members
from wirewright_codegen.diff.shapes import kind_of, structure, use_of
from wirewright_codegen.diff.values import At, Json
from wirewright_codegen.read.values import is_map

if TYPE_CHECKING:
    from wirewright_codegen.diff.schemas import Schemas


@dataclass(slots=True)
class Variants:
    """The variants that belong together, and those that only one side has."""

    pairs: list[tuple[Any, Any]] = field(default_factory=list[tuple[Any, Any]])
    gone: list[Any] = field(default_factory=list[Any])
    new: list[Any] = field(default_factory=list[Any])


def matched(schemas: Schemas, old: list[Any], new: list[Any], old_union: Json, new_union: Json) -> Variants:
    """Variants by name, then by the discriminator's value, then by what they are."""
    found = Variants(gone=list(old), new=list(new))
    tags = _tags(old_union), _tags(new_union)

    def called_alike(was: Any, is_: Any) -> bool:
        return was == is_ or (_name(was) is not None and _name(was) == _name(is_))

    def tagged_alike(was: Any, is_: Any) -> bool:
        return bool(tags[0].get(_name(was), set()) & tags[1].get(_name(is_), set()))

    def built_alike(was: Any, is_: Any) -> bool:
        before, after = use_of(schemas.old, was), use_of(schemas.new, is_)
        return bool(structure(before.schema) == structure(after.schema))

    def renamed(was: Any, is_: Any) -> bool:
        return _renamed(schemas, was, is_)

    for fits in (called_alike, tagged_alike, built_alike, renamed):
        _pair(found, fits)
    return found


def _pair(found: Variants, fits: Callable[[Any, Any], bool]) -> None:
    for was in list(found.gone):
        for is_ in found.new:
            if fits(was, is_):
                found.pairs.append((was, is_))
                found.gone.remove(was)
                found.new.remove(is_)
                break


def _name(variant: Any) -> str | None:
    reference = variant.get("$ref") if is_map(variant) else None
    return reference.removeprefix(SCHEMAS) if isinstance(reference, str) else None


def _renamed(schemas: Schemas, was: Any, is_: Any) -> bool:
    """Whether two variants of one kind may be one: neither has a namesake on the other side."""
    old, new = _name(was), _name(is_)
    if old in schemas.new or new in schemas.old:
        return False
    before, after = use_of(schemas.old, was).schema, use_of(schemas.new, is_).schema
    kinds = kind_of(before), kind_of(after)
    if kinds[0] != kinds[1]:
        return False
    if kinds[0] != "object":
        return True
    names = set(members(before, "properties")), set(members(after, "properties"))
    return 2 * len(names[0] & names[1]) >= len(names[0] | names[1])


def _tags(union: Json) -> dict[str | None, set[str]]:
    found: dict[str | None, set[str]] = {}
    mapping = members(members(union, "discriminator"), "mapping")
    for value, reference in mapping.items():
        found.setdefault(str(reference).removeprefix(SCHEMAS), set()).add(str(value))
    return found


def compare_discriminators(scope: Scope, at: At, old: Json, new: Json, found: Variants) -> None:
    """The property that tells variants apart, and its values for the variants that stayed."""
    was, is_ = members(old, "discriminator"), members(new, "discriminator")
    before, after = was.get("propertyName"), is_.get("propertyName")
    if before is None and after is not None:
        scope.note("discriminator-added", at, None, after)
    elif after is None and before is not None:
        scope.note("discriminator-removed", at, before)
    elif before != after:
        scope.note("discriminator-changed", at, before, after)
    elif before is not None:
        tags = _tags(old), _tags(new)
        for left, right in found.pairs:
            values = tags[0].get(_name(left), set()), tags[1].get(_name(right), set())
            if values[0] != values[1]:
                named = " and ".join(sorted(values[0])), " and ".join(sorted(values[1]))
                scope.note("discriminator-value-changed", at, *named, subject=_name(right) or "a variant")
    if old.get("x-discriminator") != new.get("x-discriminator"):
        scope.note("keyword-changed", at, old.get("x-discriminator"), new.get("x-discriminator"), subject="hint")

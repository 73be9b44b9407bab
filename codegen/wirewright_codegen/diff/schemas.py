"""Two schemas side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wirewright_codegen.diff import keywords
from wirewright_codegen.diff.facts import SCHEMAS, Pair, Scope, members
from wirewright_codegen.diff.shapes import (
    Use,
    described,
    enum_values,
    kind_of,
    relation,
    scalar_kinds,
    shown,
    use_of,
    variants_of,
)
from wirewright_codegen.diff.unions import Variants, compare_discriminators, matched
from wirewright_codegen.diff.values import At, Json, escaped
from wirewright_codegen.read.values import is_list

_RELATIONS = {
    "wider": "type-widened",
    "narrower": "type-narrowed",
    "given": "type-given",
    "dropped": "type-dropped",
    "different": "type-changed",
}
_KINDS = {("object", "map"): "object-became-map", ("map", "object"): "map-became-object"}


class Schemas:
    """Compares schemas of two documents. Named ones are compared once, wherever they are used."""

    def __init__(self, old: Json, new: Json) -> None:
        self.old = members(members(old, "components"), "schemas")
        self.new = members(members(new, "components"), "schemas")

    def compare(self, scope: Scope, at: At, old: Any, new: Any) -> None:
        """A schema where it is used: what is said beside a reference, null, and what it is."""
        if old == new:
            scope.equal_parts(old)
            return
        before, after = use_of(self.old, old), use_of(self.new, new)
        keywords.compare_beside(scope, at, old, new)
        if before.nullable != after.nullable:
            scope.note("became-nullable" if after.nullable else "became-not-nullable", at)
        if before.name is not None and after.name is not None and self._comparable(before, after):
            self._named(scope, at, before.name, after.name)
        else:
            self.structure(scope, at, before, after)

    def pair(self, pair: Pair, scope: Scope, at: At) -> None:
        """A named schema in both documents."""
        old, new = self.old.get(pair[0], {}), self.new.get(pair[1], {})
        before, after = use_of(self.old, old), use_of(self.new, new)
        keywords.compare_beside(scope, at, old, new)
        if before.nullable != after.nullable:
            scope.note("became-nullable" if after.nullable else "became-not-nullable", at)
        if before.name and after.name:  # aliases: what they name is compared under its own name
            self._named(scope, at, before.name, after.name)
            return
        self.structure(scope, at, replace(before, name=pair[0]), replace(after, name=pair[1]))

    def structure(self, scope: Scope, at: At, old: Use, new: Use) -> None:
        """What two schemas are, null and text apart."""
        kinds = kind_of(old.schema), kind_of(new.schema)
        if "union" in kinds:
            self._variants(scope, at, old, new)
        elif "enum" in kinds:
            self._enum(scope, at, old.schema, new.schema)
        elif (found := relation(old.schema, new.schema)) != "same":
            rule = _KINDS.get((kinds[0], kinds[1]), _RELATIONS[found])
            scope.note(rule, at, self._said(old, new=False), self._said(new, new=True))
            if found in ("wider", "narrower"):
                keywords.compare_limits(scope, at, old.schema, new.schema)
        else:
            self._same_kind(scope, at, old.schema, new.schema, kinds[0])

    def _said(self, use: Use, *, new: bool) -> str:
        schemas = self.new if new else self.old
        if use.name is None or "anyOf" in use.schema:
            return described(schemas, use.schema)
        return use.name

    def _comparable(self, old: Use, new: Use) -> bool:
        """Whether two named schemas are one thing under one or two names, rather than two things."""
        if old.name == new.name:
            return True
        if _is_variant(old, new) or _is_variant(new, old):
            return False
        return old.name not in self.new or new.name not in self.old or kind_of(old.schema) == kind_of(new.schema)

    def _named(self, scope: Scope, at: At, old: str, new: str) -> None:
        scope.parts.add((old, new))
        if old != new:
            scope.note("type-renamed", at, old, new)

    def _same_kind(self, scope: Scope, at: At, old: Json, new: Json, kind: str) -> None:
        keywords.compare_limits(scope, at, old, new)
        if kind == "string":
            keywords.compare_formats(scope, at, old, new)
        elif old.get("format") != new.get("format"):
            scope.note("format-hint-changed", at, old.get("format"), new.get("format"))
        if kind in ("object", "map"):
            self._properties(scope, at, old, new)
            self._additional(scope, at, old, new)
        if kind == "tuple":
            self._tuple(scope, at, old, new)
        if kind in ("array", "tuple"):
            self.compare(scope, at.to("[]", "items"), old.get("items", {}), new.get("items", {}))

    def _properties(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        before, after = members(old, "properties"), members(new, "properties")
        needed, needs = set(_texts(old.get("required"))), set(_texts(new.get("required")))
        for name, schema in before.items():
            here = at.to(f".{name}", "properties", name, new=name in after)
            if name not in after:
                rule = "required-property-removed" if name in needed else "property-removed"
                scope.note(rule, here, described(self.old, schema), subject=name, member=name)
                continue
            if (name in needed) != (name in needs):
                rule = "property-became-required" if name in needs else "property-became-optional"
                scope.note(rule, here, subject=name, member=name)
            self.compare(scope.member(name), here, schema, after[name])
        for name in sorted((needed ^ needs) - before.keys() - after.keys()):
            scope.note("property-became-required" if name in needs else "property-became-optional", at, subject=name)
        for name, schema in after.items():
            if name not in before:
                here = at.to(f".{name}", "properties", name, old=False)
                said = described(self.new, schema)
                scope.note(_added(name, needs, old), here, None, said, subject=name, member=name)

    def _additional(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        before, after = _unnamed(old), _unnamed(new)
        if (before is False) != (after is False):
            scope.note("object-closed" if after is False else "object-opened", at)
        elif before is not False:
            self.compare(scope, at.to(".*", "additionalProperties"), before, after)

    def _tuple(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            scope.note("tuple-length-changed", at, len(before), len(after))
        for index, (was, is_) in enumerate(zip(before, after, strict=False)):
            self.compare(scope, at.to(f"[{index}]", "prefixItems", index), was, is_)

    def _enum(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        kinds = kind_of(old), kind_of(new)
        if kinds == ("enum", "enum"):
            self._values(scope, at, old, new)
        elif kinds[1] == "enum":
            self._introduced(scope, at, old, new, kinds[0])
        elif _holds(kinds[1], enum_values(old)):
            scope.note("enum-dropped", at, [shown(value) for value in enum_values(old)], kinds[1])
            keywords.compare_formats(scope, at, {}, new)
        else:
            scope.note("type-changed", at, described(self.old, old), described(self.new, new))

    def _introduced(self, scope: Scope, at: At, old: Json, new: Json, kind: str) -> None:
        if _holds(kind, enum_values(new)):
            scope.note("enum-introduced", at, kind, [shown(value) for value in enum_values(new)])
        else:
            rule = "type-given" if kind == "any" else "type-changed"
            scope.note(rule, at, described(self.old, old), described(self.new, new))

    def _values(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        before, after = enum_values(old), enum_values(new)
        if old.get("format") != new.get("format"):
            scope.note("format-hint-changed", at, old.get("format"), new.get("format"))
        if "const" in old and "const" in new:
            if before != after:
                scope.note("const-changed", at, before[0], after[0])
            return
        for value in before:
            if value not in after:
                scope.note("enum-value-removed", at, value, subject=shown(value))
        for value in after:
            if value not in before:
                scope.note("enum-value-added", at, None, value, subject=shown(value))

    def _variants(self, scope: Scope, at: At, old: Use, new: Use) -> None:
        before, after = variants_of(old), variants_of(new)
        both = "anyOf" in old.schema and "anyOf" in new.schema
        found: Variants = matched(self, before, after, old.schema, new.schema)
        if both:
            for variant in found.gone:
                scope.note("variant-removed", at, described(self.old, variant))
            for variant in found.new:
                scope.note("variant-added", at, None, described(self.new, variant))
            compare_discriminators(scope, at, old.schema, new.schema, found)
        elif not found.pairs:
            scope.note("type-changed", at, self._said(old, new=False), self._said(new, new=True))
        else:
            rule = "union-widened" if "anyOf" in new.schema else "union-narrowed"
            scope.note(rule, at, self._said(old, new=False), self._said(new, new=True))
        for index, (was, is_) in enumerate(found.pairs):
            here = at.to(f"|{escaped(described(self.new, is_))}" if len(found.pairs) > 1 else "", "anyOf", index)
            self.compare(scope, here, was, is_)


def _is_variant(one: Use, union: Use) -> bool:
    """Whether one of them is a union that holds the other."""
    return {"$ref": f"{SCHEMAS}{one.name}"} in union.schema.get("anyOf", ())


def _added(name: str, needs: set[str], old: Json) -> str:
    if name in needs:
        return "required-property-added"
    closed = old.get("additionalProperties") is False
    return "optional-property-added-to-closed" if closed else "optional-property-added"


def _unnamed(schema: Json) -> Any:
    """The schema of properties that have no name here; anything where nothing is said."""
    found: Any = schema.get("additionalProperties", True)
    empty: Json = {}
    return empty if found is True else found


def _holds(kind: str, values: list[Any]) -> bool:
    """Whether a kind of scalar has room for all these values."""
    kinds = scalar_kinds(values) - {"null"}
    return kind == "any" or kinds <= {kind} or (kind == "number" and kinds <= {"integer", "number"})


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if is_list(value) else []

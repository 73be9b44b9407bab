"""Discriminators: kept where they can be relied on, inferred where constants tell variants apart, else dropped.

`discriminator` means: every member is an object that requires the property, and the mapping is complete and
unambiguous. `x-discriminator` has the same form and is a hint: the mapping is unambiguous, but a member may lack the
property or be no object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wirewright_codegen.account import Account
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.vocabulary import ORIGIN, Schema, is_object, variants
from wirewright_codegen.read.pointer import split

_LIKELY = ("type", "kind", "object", "event", "op", "action", "status")


@dataclass(frozen=True, slots=True)
class _Member:
    """A variant of a union: what refers to it, and the object behind it (None when it is no object)."""

    reference: str
    origins: frozenset[str]
    body: Schema | None

    def requires(self, name: str) -> bool:
        return self.body is not None and name in self.body.get("required", ())


@dataclass(slots=True)
class Tagger:
    """Decides on the discriminator of each union."""

    registry: Registry
    account: Account

    def tag_all(self, entries: Iterable[Entry]) -> None:
        """Settle every union among the entries."""
        for entry in entries:
            if entry.body is None:
                continue
            declared = entry.body.pop("discriminator", None)
            if "anyOf" not in entry.body:
                continue
            if len(variants(entry.body)) > 1:
                self._tag(entry, entry.body, declared)
            for member in entry.body["anyOf"]:
                member.pop(ORIGIN, None)

    def _tag(self, entry: Entry, body: Schema, declared: Schema | None) -> None:
        members = [self._member(member) for member in variants(body)]
        found = self._declared(declared, members, entry) if declared else self._inferred(members)
        if found is None:
            return
        name, mapping = found
        exact = all(member.requires(name) for member in members) and {*mapping.values()} == {
            m.reference for m in members
        }
        described = {key: value for key, value in (declared or {}).items() if key.startswith("x-")}
        tag = {"propertyName": name, "mapping": mapping, **described}
        body["discriminator" if exact else "x-discriminator"] = tag
        if declared and not exact:
            self.account.note(entry.source, f"not every variant requires {name!r}, so the discriminator is only a hint")

    def _member(self, member: Schema) -> _Member:
        reference = member.get("$ref", "")
        origins = {member.get(ORIGIN, reference), reference}
        target = member
        for _ in range(10):
            known = self.registry.get(target["$ref"]) if "$ref" in target else None
            if known is None or known.body is None:
                break
            target = known.body
            origins |= {known.id, known.body.get(ORIGIN, known.id)}
        return _Member(reference, frozenset(origins), target if is_object(target) and reference else None)

    def _declared(self, declared: Schema, members: list[_Member], entry: Entry) -> tuple[str, dict[str, str]] | None:
        name = declared.get("propertyName")
        if not isinstance(name, str):
            self.account.note(entry.source, "the discriminator names no property; it is left out")
            return self._inferred(members)
        mapping: dict[str, str] = {}
        for member in members:
            values = self._tag_values(declared["mapping"], name, member, entry)
            clash = next((value for value in values if mapping.get(value, member.reference) != member.reference), None)
            if clash is not None or (not values and member.body is not None):
                reason = f"{clash!r} stands for two variants" if clash is not None else "a variant has no value for it"
                self.account.note(entry.source, f"the discriminator {name!r} cannot be used: {reason}")
                return None
            mapping.update(dict.fromkeys(values, member.reference))
        return (name, mapping) if len({*mapping.values()}) > 1 else None

    def _tag_values(self, declared: dict[str, str], name: str, member: _Member, entry: Entry) -> list[str]:
        """The values that stand for a variant: those of its own property, else of the mapping, else its name."""
        if member.body is None or name not in member.body.get("properties", {}):
            return []
        mapped = [value for value, target in declared.items() if target in member.origins]
        own = self._own_values(member.body, name)
        if own is None:
            return mapped or [self._key(member)]
        if mapped and not {*mapped} & {*own}:
            self.account.note(
                entry.source, f"the mapping of {name!r} contradicts the property of {member.reference}, which is right"
            )
            return own
        # a child has its parent's enumeration: the values of its siblings are not its own
        return [value for value in own if value in mapped or value not in declared] if mapped else own

    def _own_values(self, body: Schema, name: str) -> list[str] | None:
        schema: Schema = body.get("properties", {}).get(name, {})
        for _ in range(10):
            known = self.registry.get(schema["$ref"]) if "$ref" in schema else None
            if known is None or known.body is None:
                break
            schema = known.body
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        return values if values and all(isinstance(value, str) for value in values) else None

    def _key(self, member: _Member) -> str:
        origin = min((one for one in member.origins if "|" not in one), key=len, default=member.reference)
        entry = self.registry.get(origin)
        tokens = split(entry.at.pointer) if entry else []
        return tokens[-1] if tokens else origin

    def _inferred(self, members: list[_Member]) -> tuple[str, dict[str, str]] | None:
        """A property whose constants tell all the objects apart."""
        objects = [member for member in members if member.body is not None]
        if len(objects) < 2:
            return None
        names = {
            name
            for name, schema in (objects[0].body or {}).get("properties", {}).items()
            if all(member.requires(name) for member in objects) and schema
        }
        for name in sorted(
            names, key=lambda name: (name not in _LIKELY, _LIKELY.index(name) if name in _LIKELY else 0, name)
        ):
            mapping: dict[str, str] = {}
            values = [(member, self._own_values(member.body or {}, name)) for member in objects]
            for member, own in values:
                mapping.update(dict.fromkeys(own or (), member.reference))
            if all(own for _, own in values) and len(mapping) == sum(len(own or ()) for _, own in values):
                return name, mapping
        return None

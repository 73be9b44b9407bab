"""Taking inline objects, enums, tuples and unions out of a tree, each with a name after its place."""

from __future__ import annotations

from dataclasses import dataclass

from wirewright_codegen.canonical.members import member_words
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.vocabulary import (
    NULL,
    SITE_ANNOTATIONS,
    SOURCE,
    Schema,
    description_of,
    is_any,
    is_named_kind,
    is_never,
    variants,
)
from wirewright_codegen.read.values import is_map

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(slots=True)
class Hoister:
    """Turns trees into bodies: what is inside is inline and simple, or a reference."""

    registry: Registry

    def settle(self, entry: Entry, tree: Schema) -> None:
        """Make a tree the body of an entry; a class cannot be null, so that goes to the entry's uses."""
        assert entry.place is not None
        place = entry.place
        members = [_sealed(member) for member in variants(tree)]
        outside = description_of(tree)
        if "anyOf" in tree and len(members) == 1 and is_named_kind(members[0]) and "$ref" not in members[0]:
            entry.nullable = True
            tree = {**members[0], **outside}
        entry.body = self._body(tree, place, entry)

    def inline(self, tree: Schema, place: Place, at: At, owner: str) -> Schema:
        """What stands at a place: the tree itself when it is simple, else a reference to a new entry."""
        tree = _sealed(tree)
        if "$ref" in tree:
            return _clean(tree)
        if is_any(tree) or is_never(tree):
            return _clean(tree)
        members = variants(tree)
        if "anyOf" in tree and len(members) != len(tree["anyOf"]):
            return self._nullable(tree, members, place, at, owner)
        if is_named_kind(tree):
            return self._hoisted(tree, place, at, owner)
        return self._children(tree, place, at, owner)

    def _nullable(self, tree: Schema, members: list[Schema], place: Place, at: At, owner: str) -> Schema:
        site = {key: value for key, value in tree.items() if key in description_of(tree)}
        inner = members[0] if len(members) == 1 else {**tree, "anyOf": members}
        settled = self.inline(
            {**{k: v for k, v in site.items() if k in ("title", "description")}, **inner}, place, at, owner
        )
        if is_any(settled):
            return {**settled, **site}
        inside = {key: value for key, value in settled.items() if key not in site}
        return {"anyOf": [inside, dict(NULL)], **site}

    def _hoisted(self, tree: Schema, place: Place, at: At, owner: str) -> Schema:
        site = {key: tree[key] for key in SITE_ANNOTATIONS if key in tree}
        source = tree.get(SOURCE)
        known = self.registry.get(source) if source else None
        if known is not None:
            return {"$ref": known.id, **site}
        identifier = self.registry.free_id(source or f"{owner}|{place.words[-1] if place.words else ''}")
        entry = Entry(identifier, at, source or owner.partition("|")[0], place=place, state="done")
        self.registry.entries[identifier] = entry
        moved = {key: value for key, value in tree.items() if key not in SITE_ANNOTATIONS or key == "description"}
        entry.body = self._body(moved, place, entry)
        return {"$ref": entry.id, **site}

    def _body(self, tree: Schema, place: Place, entry: Entry) -> Schema:
        if "anyOf" in tree:
            return self._union(tree, place, entry)
        return self._children(tree, place, entry.at, entry.id)

    def _union(self, tree: Schema, place: Place, entry: Entry) -> Schema:
        members: list[Schema] = tree["anyOf"]
        words = member_words(members, self.registry)
        settled = [
            self.inline(member, place.child(word), entry.at, entry.id)
            for member, word in zip(members, words, strict=True)
        ]
        return _clean({**tree, "anyOf": settled})

    def _children(self, tree: Schema, place: Place, at: At, owner: str) -> Schema:
        body = _clean(_sealed(tree))
        if "$ref" in body:
            return body
        if "properties" in body:
            body["properties"] = {
                name: self.inline(child, place.child(name), at, owner) for name, child in body["properties"].items()
            }
        if "prefixItems" in body:
            body["prefixItems"] = [
                self.inline(child, place.child(_ordinal(number)), at, owner)
                for number, child in enumerate(body["prefixItems"])
            ]
        for word, inner in (
            ("items", place.child("item")),
            ("additionalProperties", place.child("value")),
            ("contentSchema", place),
        ):
            if is_map(body.get(word)):
                body[word] = self.inline(body[word], inner, at, owner)
        return body


def _ordinal(number: int) -> str:
    return _ORDINALS[number] if number < len(_ORDINALS) else f"item {number + 1}"


def _clean(tree: Schema) -> Schema:
    return {key: value for key, value in tree.items() if key not in (SOURCE,)}


def _sealed(body: Schema) -> Schema:
    """Say outright what an open object means: a map without properties, and a property for each required name."""
    if body.get("type") == "array" and "items" not in body and "prefixItems" not in body:
        return {**body, "items": {}}
    if body.get("type") != "object":
        return body
    properties: Schema = body.get("properties") or {}
    extra = body.get("additionalProperties")
    missing = [name for name in body.get("required", ()) if name not in properties]
    if missing:
        value = extra if is_map(extra) else {}
        properties = {**properties, **dict.fromkeys(missing, value)}
    if not properties and extra is not False:
        sealed = {key: value for key, value in body.items() if key != "properties"}
        return {**sealed, "additionalProperties": {} if extra is None else extra}
    return {**body, "properties": properties}

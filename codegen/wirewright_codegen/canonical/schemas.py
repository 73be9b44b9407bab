"""Schemas, for those who read operations: from raw to canonical in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.account import Account, Subject
from wirewright_codegen.canonical.build import Builder
from wirewright_codegen.canonical.hoist import Hoister
from wirewright_codegen.canonical.location import place_of
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.union import union
from wirewright_codegen.canonical.vocabulary import AT, Schema
from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read.values import is_map

_ITEM_PARTS = frozenset(
    ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query", "parameters",
     "additionalOperations", "x-additional-operations")
)  # fmt: skip


@dataclass(slots=True)
class Schemas:
    """Builds schemas where operations hold them, and follows references to everything else."""

    references: References
    builder: Builder
    hoister: Hoister
    account: Account
    items: set[At] = field(default_factory=set[At])
    """Path items that belong to one path."""
    _shared: dict[At, Schema] = field(default_factory=dict[At, Schema])

    def inline(self, raw: Any, at: At, place: Place) -> Schema:
        """The canonical form of a schema at a place: simple, or a reference to a schema named after the place."""
        where = raw.get(AT, at) if is_map(raw) else at
        try:
            tree = self.builder.build(raw, where)
        except RecursionError:
            self.account.lose(self.references.id(where), "schemas nest too deeply; it becomes any")
            tree = {}
        return self.hoister.inline(tree, place, where, self.references.id(where))

    def choice(self, members: Sequence[Schema], at: At, place: Place) -> Schema:
        """The union of schemas in canonical form, named after a place."""
        tree = union(list(members))
        return self.hoister.inline(tree, place, at, f"{self.references.id(at)}|choice")

    def follow(self, raw: Any, at: At, subject: Subject) -> tuple[Mapping[str, Any], At] | None:
        """An object, or what it refers to, and where that stands. None, with a loss, when it cannot be had.

        What stands beside a `$ref` describes and overrides, as in OpenAPI 3.1.
        """
        beside: dict[str, Any] = {}
        start = at
        for _ in range(50):
            if not is_map(raw):
                self.account.lose(self.references.id(start), "this must be an object", subject)
                return None
            if "$ref" not in raw:
                return ({**raw, **beside} if beside else raw), raw.get(AT, at)
            beside = {key: raw[key] for key in ("summary", "description") if key in raw} | beside
            try:
                at = self.references.target(raw["$ref"], at)
                raw = self.references.value(at)
            except ForbiddenReferenceError:
                raise
            except SpecError as error:
                self.account.lose(self.references.id(start), error.reason, subject)
                return None
        self.account.lose(self.references.id(start), "the references go in a circle", subject)
        return None

    def examples(self, raw: Mapping[str, Any], at: At) -> Schema:
        """Named examples, resolved; the data forms of OpenAPI 3.2 become `value`."""
        examples: Schema = {}
        for name, example in raw.items():
            found = self.follow(example, at.child(name), "document") if is_map(example) else None
            if found is None:
                continue
            value = dict(found[0])
            for word in ("dataValue", "serializedValue"):
                if word in value:
                    value.setdefault("value", value[word])
                    value[f"x-{word}"] = value.pop(word)
            examples[str(name)] = value
        return examples

    def _is_inline(self, at: At) -> bool:
        """Whether a location is inside a path item that belongs to one path, wherever its file is."""
        if at.file == self.references.document.name and at.pointer.startswith(
            ("/paths/", "/webhooks/", "/x-webhooks/")
        ):
            return True
        pointer, _, token = at.pointer.rpartition("/")
        while token:
            if token in _ITEM_PARTS and At(at.file, pointer) in self.items:
                return True
            pointer, _, token = pointer.rpartition("/")
        return False

    def placed(self, raw: Any, at: At, otherwise: Place, make: Callable[[Any, At, Place], Schema]) -> Schema:
        """Make something at its place: of what is shared that is where it stands, and it is made once."""
        if self._is_inline(at):
            return make(raw, at, otherwise)
        place = place_of(self.references, at)
        if raw is not self.references.value(at):  # with a description of its own
            return make(raw, at, place)
        if at not in self._shared:
            self._shared[at] = make(raw, at, place)
        return self._shared[at]

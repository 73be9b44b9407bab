"""Raw schemas to trees: one schema at a time, whatever dialect it is written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wirewright_codegen.account import Account
from wirewright_codegen.canonical import typed
from wirewright_codegen.canonical.merge import Merger
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.union import nullable, union
from wirewright_codegen.canonical.vocabulary import (
    AT,
    CONSTRAINT_WORDS,
    CONSTRAINTS,
    SOURCE,
    Schema,
    description_of,
    is_annotation,
    is_any,
    is_object,
    json_key,
    never,
    variants,
)
from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read.pointer import split
from wirewright_codegen.read.values import is_list, is_map

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class InProgressError(Exception):
    """A schema is needed whole while it is being built."""

    def __init__(self, identifier: str) -> None:
        super().__init__(identifier)
        self.id = identifier


@dataclass(slots=True)
class Builder:
    """Builds trees, and the entries that references ask for.

    `infer_types`: a schema that names no type has the one that its keywords are about.
    `old_siblings`: the document is older than OpenAPI 3.1, where what stands beside a `$ref` only describes.
    """

    references: References
    registry: Registry
    account: Account
    old_siblings: bool
    infer_types: bool
    finish: Callable[[Entry, Schema], None]
    place: Callable[[At], Place]
    extends: Callable[[str, str], bool]
    inherits: Callable[[str, str], bool]
    _building: list[Entry] = field(default_factory=list[Entry])
    _cyclic: set[str] = field(default_factory=set[str])

    # -- entries

    def entry_at(self, at: At) -> Entry:
        """The entry for a location; a new one when it is met for the first time."""
        identifier = self.references.id(at)
        entry = self.registry.get(identifier)
        if entry is None:
            raw = self.references.value(at)
            entry = self.registry.add(Entry(identifier, at, identifier, raw, place=self.place(at)))
        return entry

    def complete(self, entry: Entry) -> None:
        """Build an entry if that has not happened. Raises InProgressError when it is being built right now."""
        if entry.state == "done":
            return
        if entry.state == "building":
            raise InProgressError(entry.id)
        entry.state = "building"
        self._building.append(entry)
        try:
            self._complete(entry)
            entry.state = "done"
        except RecursionError:
            if len(self._building) > 1:
                raise
            self.lose(entry.at, "schemas nest too deeply; it becomes any")
            self.finish(entry, {})
            entry.state = "done"
        finally:
            self._building.pop()
            if entry.state == "building":
                entry.state = "waiting"

    def _complete(self, entry: Entry) -> None:
        if len(self._building) > _MAX_CHAIN:
            self.lose(entry.at, "schemas extend one another in too long a chain; it becomes any")
            self.finish(entry, {})
            return
        try:
            tree = self.build(entry.raw, entry.at)
        except InProgressError as cycle:
            if cycle.id != entry.id and len(self._building) > 1:
                raise
            self.lose(entry.at, "allOf leads back to the schema itself; that member is left out")
            self._cyclic.add(cycle.id)
            tree = self.build(entry.raw, entry.at)
        self.finish(entry, tree)

    def expand(self, identifier: str) -> Schema:
        """The tree behind a reference, without what describes it; of a parent with discriminator, the object itself."""
        entry = self.registry[identifier]
        if self._building and self.extends(self._building[-1].id, entry.id):
            entry = self._own_object(entry)
        if entry.state == "building" and entry.id in self._cyclic:
            return {}
        self.complete(entry)
        if entry.base is not None:
            entry = self.registry[entry.base]
        body = {key: value for key, value in (entry.body or {}).items() if not is_annotation(key)}
        return nullable(body) if entry.nullable else body

    def _own_object(self, parent: Entry) -> Entry:
        """Of a parent that lists its children as alternatives, what the children extend: all but the alternatives."""
        identifier = f"{parent.id}?own"
        known = self.registry.get(identifier)
        if known is not None:
            return known
        raw = {key: value for key, value in parent.raw.items() if key not in ("oneOf", "anyOf", "discriminator")}
        place = self.place(parent.at).form("own")
        return self.registry.add(Entry(identifier, parent.at, parent.source, raw, place=place))

    # -- trees

    def build(self, raw: Any, at: At) -> Schema:
        """The tree of a raw schema. What cannot be understood becomes any, and is in the account."""
        if isinstance(raw, bool):
            return {} if raw else never()
        if raw is None:
            self.account.note(self.references.id(at), "no schema is written here; it may be anything")
            return {}
        if not is_map(raw):
            self.lose(at, f"a schema must be an object, not {_kind(raw)}; it becomes any")
            return {}
        at = raw.get(AT, at)
        try:
            tree = self._combine(raw, at)
        except ForbiddenReferenceError:
            raise
        except SpecError as error:
            self.lose(at, f"{error.reason}; it becomes any")
            return {}
        return _sourced(tree, self.references.id(at))

    def child(self, raw: Any, at: At) -> Schema:
        """The tree of a schema inside another; a schema of its own when it needs one that is still being built."""
        try:
            return self.build(raw, at)
        except InProgressError:
            return {"$ref": self.entry_at(raw.get(AT, at)).id}

    def _combine(self, raw: Mapping[str, Any], at: At) -> Schema:
        here = self.references.id(at)
        merger = Merger(self.expand, partial(self.account.note, here), partial(self.account.lose, here))
        tree = self._reference(raw, at)
        siblings = raw
        if tree is not None and self.old_siblings:
            siblings = {key: value for key, value in raw.items() if key in ("nullable", "x-nullable")}
        tree = tree or {}
        constraints: list[Any] = []
        for number, member in enumerate(_list(siblings.get("allOf"))):
            part = self.build(member, at.child("allOf", number))
            tree = merger.intersect(tree, self._inherited(part) if self._is_own(at) else part)
        own, hard = typed.own(self, siblings, at)
        for word in ("anyOf", "oneOf"):
            if word not in siblings:
                continue
            if (not is_any(own) or not is_any(tree)) and _only_constrains(siblings[word]):
                constraints.append({"anyOf": siblings[word]})
                continue
            tree = merger.intersect(tree, self._alternatives(siblings, word, at))
        tree = merger.intersect(tree, own) if hard else merger.soft(tree, own)
        tree = typed.closed(tree, siblings, self, at)
        constraints.extend(_constraints(siblings))
        if constraints:
            tree = self._constrained(tree, constraints, at)
        tree = {**tree, **self._described(raw, at)}
        tree.pop(SOURCE, None)
        parent = siblings.get("discriminator")
        if parent is not None and is_object(tree):
            parent = parent if is_map(parent) else {"propertyName": parent}  # Swagger has the name alone
            tree["discriminator"] = self._discriminator(parent, at)
        is_nullable = siblings.get("nullable") is True or siblings.get("x-nullable") is True
        return nullable(tree) if is_nullable else tree

    def _is_own(self, at: At) -> bool:
        """Whether a location is the schema that is being built, or one of those that it consists of by `allOf`."""
        whole = self._building[-1].at if self._building else None
        if whole is None or at.file != whole.file or not at.pointer.startswith(whole.pointer):
            return False
        steps = split(at.pointer)[len(split(whole.pointer)) :]
        return all(step == "allOf" or step.isdigit() for step in steps)

    def _inherited(self, tree: Schema) -> Schema:
        """What a child has of its parent: a parent's name means all of its children, the child among them."""
        if "$ref" in tree and self.inherits(self._building[-1].id, tree["$ref"]):
            return {**self.expand(tree["$ref"]), **description_of(tree)}
        return tree

    def _reference(self, raw: Mapping[str, Any], at: At) -> Schema | None:
        for word in _REFERENCES:
            if word not in raw:
                continue
            if word == "$dynamicRef":
                return self._dynamic(raw[word], at)
            if word == "$recursiveRef":
                target = self.references.recursive(at, self._root_of(at))
            else:
                target = self.references.target(raw[word], at)
            return {"$ref": self.entry_at(target).id}
        return None

    def _dynamic(self, reference: object, at: At) -> Schema:
        targets = self.references.dynamic(reference, at)
        if len(targets) > 1:
            here = self.references.id(at)
            self.account.note(here, f"{reference} may mean {len(targets)} schemas, as it is reached: any of them fits")
        return union([{"$ref": self.entry_at(target).id} for target in targets])

    def _root_of(self, at: At) -> At:
        """The schema that a location belongs to: a component, or the outermost schema being built."""
        tokens = split(at.pointer)
        if tokens[:2] == ["components", "schemas"] and len(tokens) > 2:
            return At(at.file, "").child(*tokens[:3])
        return self._building[0].at if self._building else at

    def _alternatives(self, raw: Mapping[str, Any], word: str, at: At) -> Schema:
        members = raw[word]
        if not is_list(members) or not members:
            self.lose(at.child(word), f"{word} must be a list of schemas; it is left out")
            return {}
        trees = [self.child(member, at.child(word, number)) for number, member in enumerate(members)]
        discriminator = raw.get("discriminator")
        if is_map(discriminator):
            return union(trees, self._discriminator(discriminator, at))
        return union(trees)

    def _discriminator(self, raw: Mapping[str, Any], at: At) -> Schema:
        """A discriminator with ids in its mapping, and the raw rest."""
        mapping: dict[str, str] = {}
        declared = raw.get("mapping")
        for value, name in (declared if is_map(declared) else {}).items():
            target = self._mapped(name, at)
            if target is None:
                self.account.note(
                    self.references.id(at), f"the discriminator maps {value!r} to {name!r}, which is no schema"
                )
            else:
                mapping[str(value)] = target
        return {"propertyName": raw.get("propertyName"), "mapping": mapping, **description_of(raw)}

    def _mapped(self, name: Any, at: At) -> str | None:
        if not isinstance(name, str):
            return None
        for reference in (f"#/components/schemas/{name}", f"#/definitions/{name}", name):
            if reference != name and ("/" in name or "#" in name):
                continue
            try:
                return self.entry_at(self.references.target(reference, at)).id
            except ForbiddenReferenceError:
                raise
            except SpecError:
                continue
        return None

    def _described(self, raw: Mapping[str, Any], at: At) -> Schema:
        described = description_of(raw)
        if "example" in raw and "examples" not in described:
            described["examples"] = [raw["example"]]
        examples = described.get("examples")
        if is_map(examples):  # some write OpenAPI's examples into a schema
            described["examples"] = [item.get("value", item) if is_map(item) else item for item in examples.values()]
        elif examples is not None and not is_list(examples):
            described["examples"] = [examples]
        if is_list(raw.get("enum")):
            described |= _aligned(raw["enum"], described)
        for word in ("description", "title"):
            if word in described and not isinstance(described[word], str):
                described[word] = str(described[word])
        return described

    def _constrained(self, tree: Schema, constraints: list[Any], at: At) -> Schema:
        kept = [self.fragment(constraint, at) for constraint in constraints]
        self.account.note(
            self.references.id(at),
            "documented, not typed: " + ", ".join(sorted({word for constraint in constraints for word in constraint})),
        )
        return {**tree, CONSTRAINTS: [*tree.get(CONSTRAINTS, ()), *kept]}

    def fragment(self, raw: Any, at: At) -> Any:
        """A piece of a raw schema whose references are ids; a reference that leads nowhere becomes any."""
        if is_list(raw):
            return [self.fragment(item, at) for item in raw]
        if not is_map(raw):
            return raw
        if isinstance(raw.get("$ref"), str):
            try:
                return {"$ref": self.entry_at(self.references.target(raw["$ref"], at)).id}
            except ForbiddenReferenceError:
                raise
            except SpecError as error:
                self.lose(at, error.reason)
                return {}
        return {key: self.fragment(value, at) for key, value in raw.items()}

    def lose(self, at: At, reason: str) -> None:
        """Put a loss into the account."""
        self.account.lose(self.references.id(at), reason)


_MAX_CHAIN = 60


def _sourced(tree: Schema, identifier: str) -> Schema:
    """The tree marked as what stands at a location; of something or null, the something is marked."""
    if "$ref" in tree or is_any(tree):
        return tree
    members = variants(tree)
    if "anyOf" not in tree or len(members) > 1:
        return {**tree, SOURCE: identifier}
    inner = members[0]
    if "$ref" in inner:
        return tree
    return {**tree, "anyOf": [{SOURCE: identifier, **inner}, *tree["anyOf"][1:]]}


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    return "a list" if is_list(value) else "a number"


def _aligned(values: list[Any], described: Schema) -> Schema:
    """Lists that say something about each value of an enumeration, without what they say of null and of repetitions."""
    keys = [json_key(value) for value in values]
    kept = [number for number, key in enumerate(keys) if key != "null" and keys.index(key) == number]
    return {
        word: [described[word][number] for number in kept]
        for word in ("x-enum-varnames", "x-enumNames", "x-enum-descriptions")
        if is_list(described.get(word)) and len(described[word]) == len(values)
    }


def _list(value: Any) -> list[Any]:
    return value if is_list(value) else []


def _only_constrains(members: Any) -> bool:
    """Whether alternatives differ in rules alone, such as in what they require."""
    return is_list(members) and all(is_map(member) and member and member.keys() <= _RULES for member in members)


_RULES = frozenset(
    (
        "required",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "minProperties",
        "maxProperties",
        "title",
        "description",
    )
)


def _constraints(raw: Mapping[str, Any]) -> list[Schema]:
    found: list[Schema] = []
    conditional = {word: raw[word] for word in ("if", "then", "else") if word in raw}
    if "if" in conditional:
        found.append(conditional)
    contains = {word: raw[word] for word in ("contains", "minContains", "maxContains") if word in raw}
    if "contains" in contains:
        found.append(contains)
    found.extend(
        {word: raw[word]}
        for word in CONSTRAINT_WORDS
        if word in raw and word not in ("if", "then", "else", "contains", "minContains", "maxContains")
    )
    return found

"""The passes in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wirewright_codegen.account import Account, Count, Loss
from wirewright_codegen.canonical import head
from wirewright_codegen.canonical.build import Builder
from wirewright_codegen.canonical.content import Contents
from wirewright_codegen.canonical.cycles import break_cycles
from wirewright_codegen.canonical.defaults import Defaults
from wirewright_codegen.canonical.directions import Directions, references_in
from wirewright_codegen.canonical.hoist import Hoister
from wirewright_codegen.canonical.link import Linker, needs_name
from wirewright_codegen.canonical.location import file_stem, place_of
from wirewright_codegen.canonical.naming_pass import name_all, place_key
from wirewright_codegen.canonical.operations import Operations
from wirewright_codegen.canonical.parameters import Parameters
from wirewright_codegen.canonical.parents import Parents, base_id
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.schemas import Schemas
from wirewright_codegen.canonical.security import requirements
from wirewright_codegen.canonical.swagger import Lifter
from wirewright_codegen.canonical.tags import Tagger
from wirewright_codegen.canonical.templates import PATHS
from wirewright_codegen.canonical.vocabulary import Schema
from wirewright_codegen.errors import SpecError
from wirewright_codegen.naming import Names
from wirewright_codegen.read.document import Document
from wirewright_codegen.read.values import is_map


@dataclass(slots=True)
class Session:
    """One run over one document."""

    document: Document
    infer_types: bool = True
    account: Account = field(default_factory=Account)
    registry: Registry = field(default_factory=Registry)
    references: References = field(init=False)
    builder: Builder = field(init=False)
    hoister: Hoister = field(init=False)
    parents: Parents = field(init=False)
    operations: Operations = field(init=False)

    def __post_init__(self) -> None:
        self.references = References(self.document)
        self.hoister = Hoister(self.registry)
        self.parents = Parents(self.references, self.registry)
        root = self.document.root
        version = str(root.get("openapi", root.get("swagger", "3.1")))
        self.builder = Builder(
            self.references,
            self.registry,
            self.account,
            old_siblings=version.startswith(("2", "3.0")),
            infer_types=self.infer_types,
            finish=self._finish,
            place=lambda at: place_of(self.references, at),
            extends=self.parents.extends,
            inherits=self.parents.inherits,
        )
        schemas = Schemas(self.references, self.builder, self.hoister, self.account)
        contents = Contents(schemas)
        self.operations = Operations(
            schemas,
            contents,
            Parameters(schemas, contents),
            requirements(root.get("security")) or [],
            lifter=Lifter(self.references, root) if self.document.kind == "swagger" else None,
        )

    def run(self, lock: Names, *, prune: bool) -> tuple[Names, Schema]:
        """Everything: the names that are now published, and the canonical document."""
        self.operations.published = lock.section("operation_ids")
        declared = self._declare()
        self.parents.index(declared)
        for entry in declared:
            self.builder.complete(entry)
        paths = self._paths()
        for entry in self.registry.waiting():
            self.builder.complete(entry)
        break_cycles(self.registry, self.registry, self.account)
        self._check_defaults(paths)
        Tagger(self.registry, self.account).tag_all(self.registry)
        paths, webhooks = self._directed(paths, self.operations.webhooks)
        kept = self._kept(paths, webhooks, prune=prune)
        names = name_all(kept, lock.section("schemas"))
        linker = Linker(self.registry, names)
        components = {names[entry.id]: self._component(entry, linker) for entry in kept}
        result = head.document(self.document, self.references, self.operations.lifter)
        result["paths"] = linker.each(paths)
        if webhooks:
            result["webhooks"] = linker.each(webhooks)
        result.setdefault("components", {})["schemas"] = components
        self._count(paths, webhooks, declared, components if prune else None, names)
        self.account.losses[:] = [self._located(loss) for loss in self.account.losses]
        published = lock.grown("operation_ids", self.operations.keys)
        return published.grown("schemas", {place_key(entry): names[entry.id] for entry in kept}), result

    # -- schemas

    def _declare(self) -> list[Entry]:
        """An entry for each component schema, before anything is built."""
        found: list[tuple[At, str, Any]] = []
        root = At(self.document.name, "")
        components = self.document.root.get("components")
        for tokens, holder in (
            (("components", "schemas"), components.get("schemas") if is_map(components) else None),
            (("definitions",), self.document.root.get("definitions") if self.document.kind == "swagger" else None),
        ):
            for key, raw in (holder if is_map(holder) else {}).items():
                found.append((root.child(*tokens, key), str(key), raw))
        for name in self.document.schemas:
            found.extend(_schema_file(self.document.files[name].value, name))
        entries: list[Entry] = []
        for at, key, raw in found:
            identifier = self.references.id(at)
            place = Place(identifier, key, entry=identifier)
            entries.append(self.registry.add(Entry(identifier, at, identifier, raw, declared=True, place=place)))
        self._adopt(entries)
        return entries

    def _adopt(self, entries: list[Entry]) -> None:
        """A component that only refers to a schema elsewhere is that schema, under the component's name."""
        for entry in sorted(entries, key=lambda entry: entry.id):
            if not is_map(entry.raw) or entry.raw.keys() != {"$ref"}:
                continue
            try:
                target = self.references.target(entry.raw["$ref"], entry.at)
            except SpecError:
                continue  # the builder will say so, with the place
            identifier = self.references.id(target)
            if self.registry.get(identifier) is None:
                self.registry.alias(identifier, entry.id)
                entry.raw, entry.at = self.references.value(target), target

    def _finish(self, entry: Entry, tree: Schema) -> None:
        if self.parents.stands_for_children(entry, tree):
            family = self.parents.family(entry, tree, base_id(entry.id))
            base = Entry(base_id(entry.id), entry.at, entry.source, place=_place(entry).form("base"), state="done")
            self.registry.entries[base.id] = base
            self.hoister.settle(base, {key: value for key, value in tree.items() if key != "discriminator"})
            entry.base = base.id
            described: Schema = {key: tree[key] for key in ("title", "description", "deprecated") if key in tree}
            tree = {**family, **described}
        self.hoister.settle(entry, tree)

    def _component(self, entry: Entry, linker: Linker) -> Schema:
        return {**linker.value(entry.body), "x-source": entry.source}

    # -- operations

    def _paths(self) -> Schema:
        root, at = self.document.root, At(self.document.name, "")
        paths = self.operations.paths([(root.get(word), at.child(word)) for word in PATHS])
        for word in ("webhooks", "x-webhooks"):
            self.operations.hooks(root.get(word), at.child(word))
        return paths

    def _check_defaults(self, paths: Schema) -> None:
        defaults = Defaults(self.registry, self.account)
        defaults.check_entries(self.registry)
        for operation in head.operations(paths):
            for parameter in operation["parameters"]:
                defaults.check_parameter(parameter, operation["x-source"])

    def _directed(self, paths: Schema, webhooks: Schema) -> tuple[Schema, Schema]:
        sent: set[str] = set()
        received: set[str] = set()
        for items, outgoing, incoming in ((paths, sent, received), (webhooks, received, sent)):
            for operation in head.operations(items):
                outgoing.update(references_in([operation["parameters"], operation.get("requestBody")]))
                incoming.update(references_in([*operation["responses"].values()]))
        directions = Directions(self.registry, sent, received)
        if not directions.split():
            return paths, webhooks
        for items, words in ((paths, ("parameters", "requestBody")), (webhooks, ("responses",))):
            for operation in head.operations(items):
                operation.update({word: directions.as_sent(operation[word]) for word in words if word in operation})
        return paths, webhooks

    def _kept(self, paths: Schema, webhooks: Schema, *, prune: bool) -> list[Entry]:
        """Entries that become components: those that are used, and unless pruned those that are declared."""
        roots = [*references_in([*paths.values(), *webhooks.values()])]
        if not prune:
            roots.extend(entry.id for entry in self.registry if entry.declared)
        reached: dict[str, Entry] = {}
        while roots:
            entry = self.registry.get(roots.pop())
            if entry is not None and entry.id not in reached:
                reached[entry.id] = entry
                roots.extend(references_in(entry.body))
        return [entry for entry in self.registry if entry.id in reached and (entry.declared or self._named(entry))]

    def _named(self, entry: Entry) -> bool:
        if needs_name(entry.body or {}):
            return True
        return entry.id in self._recursive(entry)

    def _recursive(self, entry: Entry) -> set[str]:
        """What a nameless schema leads to through nameless schemas: it needs a name after all when that is itself."""
        reached: set[str] = set()
        waiting = [*references_in(entry.body)]
        while waiting:
            target = self.registry.get(waiting.pop())
            if target is not None and target.id not in reached:
                reached.add(target.id)
                if not target.declared and not needs_name(target.body or {}):
                    waiting.extend(references_in(target.body))
        return reached

    # -- the account

    def _located(self, loss: Loss) -> Loss:
        """A loss with its line; lines of very large files take too long to find."""
        name, _, pointer = loss.pointer.partition("#")
        source = self.document.files.get(name or self.document.name)
        if source is None or len(source.text) > _LINES_UP_TO:
            return loss
        return replace(loss, line=self.document.line(source.name, pointer))

    def _count(
        self, paths: Schema, webhooks: Schema, declared: list[Entry], pruned: Schema | None, names: Mapping[str, str]
    ) -> None:
        raw = head.count(self.document, self.references)
        operations = sum(1 for _ in head.operations(paths))
        hooks = sum(1 for _ in head.operations(webhooks))
        self.account.operations = Count(raw.operations, operations)
        self.account.webhooks = Count(max(raw.webhooks, hooks), hooks)
        kept = sum(1 for entry in declared if entry.id in names)
        if pruned is not None:
            self.account.note(
                "#/components/schemas", f"{len(declared) - kept} schemas that nothing reaches are left out on request"
            )
        self.account.schemas = Count(kept if pruned is not None else len(declared), kept)


_LINES_UP_TO = 1_000_000


def _place(entry: Entry) -> Place:
    assert entry.place is not None
    return entry.place


_DEFINITIONS = ("$defs", "definitions")
_META = frozenset(
    ("$schema", "$id", "$comment", "$vocabulary", "title", "description", "examples", "$anchor", *_DEFINITIONS)
)


def _schema_file(raw: Any, name: str) -> list[tuple[At, str, Any]]:
    """The schemas of a file: itself, unless it only holds definitions, and its definitions."""
    at = At(name, "")
    found: list[tuple[At, str, Any]] = []
    inner = [
        (at.child(word, key), str(key), schema)
        for word in _DEFINITIONS
        if is_map(raw) and is_map(raw.get(word))
        for key, schema in raw[word].items()
    ]
    if not is_map(raw) or raw.keys() - _META or not inner:
        found.append((at, file_stem(name), raw))
    return [*found, *inner]

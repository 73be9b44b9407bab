"""`readOnly` and `writeOnly`: one schema as answered and one as sent, where both exist and they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.vocabulary import MAPS, OWN_EXTENSIONS, VERBATIM, Schema, nodes
from wirewright_codegen.read.values import is_list, is_map


def references_in(node: Any) -> Iterator[str]:
    """Every id that a canonical value refers to: by `$ref`, or by the mapping of a discriminator."""
    stack = [node]
    while stack:
        value = stack.pop()
        if is_list(value):
            stack.extend(value)
        elif is_map(value):
            reference = value.get("$ref")
            if isinstance(reference, str):
                yield reference
            for key, item in nodes(value):
                stack.extend(item.values() if key in MAPS and is_map(item) else (item,))


@dataclass(slots=True)
class Directions:
    """Splits schemas by direction.

    Args:
        registry: all entries, finished.
        sent, received: ids that requests and answers refer to.
    """

    registry: Registry
    sent: set[str]
    received: set[str]
    _inputs: dict[str, str] = field(default_factory=dict[str, str])

    def split(self) -> dict[str, str]:
        """Do it. Returns the id as sent for each id that became two."""
        entries = {entry.id: entry for entry in self.registry if entry.body is not None}
        users = self._users(entries.values())
        exempt = self._tags(entries.values())
        unsendable = self._affected(entries, users, "readOnly", exempt)
        unanswered = self._affected(entries, users, "writeOnly", exempt)
        if not unsendable and not unanswered:
            return {}
        sent, received = self._reached(self.sent), self._reached(self.received)
        for entry in entries.values():
            if entry.id in sent and entry.id in received and entry.id in unsendable | unanswered:
                self._inputs[entry.id] = f"{entry.id}?input"
        for entry in entries.values():
            body = entry.body or {}
            names = exempt[entry.id]
            if entry.id in self._inputs:
                self._add_input(entry, self._without(body, "readOnly", names))
                entry.body = self._without(body, "writeOnly", names)
            elif entry.id in sent and entry.id not in received:
                entry.body = self.as_sent(self._without(body, "readOnly", names))
            elif entry.id in received and entry.id not in sent:
                entry.body = self._without(body, "writeOnly", names)
        return self._inputs

    def as_sent(self, node: Any) -> Any:
        """A canonical value with references to schemas as sent."""
        if not self._inputs:
            return node
        if is_list(node):
            return [self.as_sent(item) for item in node]
        if not is_map(node):
            return node
        return {key: self._member_as_sent(key, value) for key, value in node.items()}

    def _member_as_sent(self, key: str, value: Any) -> Any:
        if key == "$ref" and isinstance(value, str):
            return self._inputs.get(self._id(value), value)
        if key == "mapping" and is_map(value):
            return {tag: self._inputs.get(self._id(target), target) for tag, target in value.items()}
        if key in VERBATIM or (key[:2] == "x-" and key not in OWN_EXTENSIONS):
            return value
        if key in MAPS and is_map(value):
            return {name: self.as_sent(item) for name, item in value.items()}
        return self.as_sent(value)

    def _add_input(self, entry: Entry, body: Schema) -> None:
        assert entry.place is not None
        self.registry.entries[f"{entry.id}?input"] = Entry(
            f"{entry.id}?input",
            entry.at,
            entry.source,
            place=entry.place.form("input"),
            body=self.as_sent(body),
            state="done",
            nullable=entry.nullable,
        )

    def _users(self, entries: Iterable[Entry]) -> Mapping[str, set[str]]:
        users: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            for reference in references_in(entry.body):
                users[self._id(reference)].add(entry.id)
        return users

    def _id(self, reference: str) -> str:
        entry = self.registry.get(reference)
        return entry.id if entry else reference

    def _tags(self, entries: Iterable[Entry]) -> Mapping[str, set[str]]:
        """Properties that tell variants apart: they stay, whatever they say about direction."""
        tags: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            for word in ("discriminator", "x-discriminator"):
                tag = (entry.body or {}).get(word)
                if tag:
                    for target in tag["mapping"].values():
                        tags[self._id(target)].add(tag["propertyName"])
        return tags

    def _affected(
        self, entries: Mapping[str, Entry], users: Mapping[str, set[str]], word: str, exempt: Mapping[str, set[str]]
    ) -> set[str]:
        waiting = [
            entry.id
            for entry in entries.values()
            if any(self._marked(schema, word) and name not in exempt[entry.id] for name, schema in _properties(entry))
        ]
        affected: set[str] = set()
        while waiting:
            identifier = waiting.pop()
            if identifier not in affected:
                affected.add(identifier)
                waiting.extend(users.get(identifier, ()))
        return affected

    def _marked(self, schema: Schema, word: str) -> bool:
        if schema.get(word) is True:
            return True
        target = self.registry.get(schema["$ref"]) if "$ref" in schema else None
        return target is not None and (target.body or {}).get(word) is True

    def _without(self, body: Schema, word: str, exempt: set[str]) -> Schema:
        gone = {
            name
            for name, schema in body.get("properties", {}).items()
            if self._marked(schema, word) and name not in exempt
        }
        if not gone:
            return body
        kept = {name: schema for name, schema in body["properties"].items() if name not in gone}
        result = {
            **body,
            "properties": kept,
            "required": [name for name in body.get("required", ()) if name not in gone],
        }
        if not kept and result.get("additionalProperties") is not False:
            result.setdefault("additionalProperties", {})
            del result["properties"]
        if not result["required"]:
            del result["required"]
        return result

    def _reached(self, roots: Iterable[str]) -> set[str]:
        reached: set[str] = set()
        waiting = [self._id(root) for root in roots]
        while waiting:
            identifier = waiting.pop()
            entry = self.registry.get(identifier)
            if entry is not None and entry.id not in reached:
                reached.add(entry.id)
                waiting.extend(self._id(reference) for reference in references_in(entry.body))
        return reached


def _properties(entry: Entry) -> Iterable[tuple[str, Schema]]:
    found: dict[str, Schema] = (entry.body or {}).get("properties", {})
    return found.items()

"""What the comparison finds: facts, gathered by the message or the schema that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.diff.values import At, Element, Flow, Json
from wirewright_codegen.read.values import is_list, is_map

Pair = tuple[str, str]
"""The class names of a schema in the old and in the new document."""
SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Fact:
    """One difference, not yet classed: the rule it falls under, and the values to fill in."""

    rule: str
    at: At
    before: Any
    after: Any
    subject: str
    element: Element


@dataclass(slots=True)
class Scope:
    """One message of an operation, or one pair of schemas, and what was found in it.

    Attributes:
        element: what the facts are about; a member is added where there is one.
        flows: known from the start for messages; for schemas they follow from who uses them.
        operations: likewise.
        parts: the pairs of schemas that it names.
        facts: what was found.
    """

    element: Element
    flows: set[Flow] = field(default_factory=set[Flow])
    operations: set[str] = field(default_factory=set[str])
    parts: set[Pair] = field(default_factory=set[Pair])
    facts: list[Fact] = field(default_factory=list[Fact])

    def note(
        self,
        rule: str,
        at: At,
        before: Any = None,
        after: Any = None,
        *,
        subject: str = "",
        member: str | None = None,
    ) -> None:
        """Add a fact."""
        element = Element(self.element.operations, self.element.schemas, member or self.element.member)
        self.facts.append(Fact(rule, at, before, after, subject, element))

    def member(self, name: str) -> Scope:
        """The same scope, for what is about one property or parameter."""
        if self.element.member is not None:
            return self
        element = Element(self.element.operations, self.element.schemas, name)
        return Scope(element, self.flows, self.operations, self.parts, self.facts)

    def equal_parts(self, value: Any) -> None:
        """Note the schemas that an unchanged value names."""
        for name in references(value):
            self.parts.add((name, name))


def references(value: Any) -> Iterator[str]:
    """The names of the schemas that a value refers to."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if is_map(item):
            target = item.get("$ref")
            if isinstance(target, str) and target.startswith(SCHEMAS):
                yield target.removeprefix(SCHEMAS)
            waiting.extend(item.values())
        elif is_list(item):
            waiting.extend(item)


def members(value: Any, key: str) -> Json:
    """A member that is an object; an empty one when it is not there."""
    found: object = value.get(key) if is_map(value) else None
    return found if is_map(found) else {}

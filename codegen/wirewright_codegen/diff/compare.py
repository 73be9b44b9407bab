"""Two canonical documents → all changes, classed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wirewright_codegen.diff.calls import calls_of, match_calls
from wirewright_codegen.diff.document import compare_document
from wirewright_codegen.diff.facts import Fact, Pair, Scope, members
from wirewright_codegen.diff.operations import Operations
from wirewright_codegen.diff.rules import RULES
from wirewright_codegen.diff.schemas import Schemas
from wirewright_codegen.diff.shapes import shown
from wirewright_codegen.diff.values import At, Bump, Change, Class, Element, Flow, Json, escaped
from wirewright_codegen.diff.versions import Step, step_between
from wirewright_codegen.read.values import is_list, is_map


@dataclass(frozen=True)
class Diff:
    """The changes between two documents, the worst first, then by place.

    Attributes:
        changes: all of them.
        old, new: the versions that the documents give themselves.
    """

    changes: tuple[Change, ...]
    old: str
    new: str

    @cached_property
    def bump(self) -> Bump:
        """The part of the version number to raise."""
        return max((change.bump for change in self.changes), default=Bump.none)

    @property
    def step(self) -> Step:
        """The step that the version number made, against the one that the changes ask for."""
        return step_between(self.old, self.new, self.bump)

    def of(self, least: Class) -> list[Change]:
        """The changes that are at least so bad for clients."""
        return [change for change in self.changes if change.clients >= least]

    def counts(self) -> dict[str, int]:
        """How many changes of each class there are for clients."""
        counted = Counter(change.clients for change in self.changes)
        return {name.name: counted[name] for name in sorted(Class, reverse=True)}

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "old": self.old,
            "new": self.new,
            "bump": self.bump.name,
            "step": self.step.as_json(),
            "counts": self.counts(),
            "changes": [change.as_json() for change in self.changes],
        }


def compare(old: Json, new: Json) -> Diff:
    """Every difference between two canonical documents.

    A pure function. With two equal documents there are no changes; `info.version`, `x-source` and the order of members
    do not count.
    """
    found = _Comparison(old, new)
    changes = [
        _change(fact, scope, found.sources)
        for scope in found.scopes
        for fact in sorted(scope.facts, key=lambda fact: (fact.at.label, fact.rule))
    ]
    changes.sort(key=lambda change: (-change.clients, -change.worst, change.place, change.rule))
    return Diff(tuple(changes), _version(old), _version(new))


def _version(document: Json) -> str:
    return str(members(document, "info").get("version", ""))


class _Comparison:
    """Walks both documents; afterwards every scope knows which messages it is in."""

    def __init__(self, old: Json, new: Json) -> None:
        self._schemas = Schemas(old, new)
        operations = Operations(self._schemas)
        matched = match_calls(calls_of(old), calls_of(new))
        self.scopes = [compare_document(old, new)]
        for before, after in matched.both:
            self.scopes += operations.compare(before, after)
        self.scopes += [operations.gone(call) for call in matched.gone]
        self.scopes += [operations.new(call) for call in matched.new]
        self._pairs: dict[Pair, Scope] = {}
        self._walk(pair for scope in self.scopes for pair in scope.parts)
        self._walk((name, name) for name in self._schemas.old if name in self._schemas.new)
        self._spread()
        self.scopes += [scope for _, scope in sorted(self._pairs.items()) if scope.facts]
        self.scopes.append(self._names())
        self.sources = _Sources(old, new)

    def _walk(self, pairs: Iterable[Pair]) -> None:
        waiting = list(pairs)
        while waiting:
            pair = waiting.pop()
            if pair in self._pairs:
                continue
            old, new = pair
            scope = Scope(Element(schemas=(old,) if old == new else (old, new)))
            self._pairs[pair] = scope
            at = At(
                old if old == new else f"{new} (was {old})",
                f"/components/schemas/{escaped(old)}",
                f"/components/schemas/{escaped(new)}",
            )
            self._schemas.pair(pair, scope, at)
            waiting.extend(scope.parts)

    def _spread(self) -> None:
        """Messages tell the schemas that they name, and those theirs, which way they go and whose they are."""
        users: dict[Pair, set[str]] = defaultdict(set)
        for flow in Flow:
            for scope in self.scopes:
                if flow in scope.flows:
                    for pair in self._reached(scope.parts):
                        self._pairs[pair].flows.add(flow)
                        users[pair] |= scope.operations
        for pair, names in users.items():
            self._pairs[pair].operations |= names

    def _reached(self, pairs: Iterable[Pair]) -> set[Pair]:
        seen: set[Pair] = set()
        waiting = list(pairs)
        while waiting:
            pair = waiting.pop()
            if pair not in seen:
                seen.add(pair)
                waiting.extend(self._pairs[pair].parts)
        return seen

    def _names(self) -> Scope:
        """Types that came and went."""
        scope = Scope(Element())
        old, new = self._schemas.old, self._schemas.new
        renamed = {was: is_ for was, is_ in sorted(self._pairs) if was not in new and is_ not in old}
        for name in old:
            if name not in new:
                at = At(name, f"/components/schemas/{escaped(name)}", None)
                scope.element = Element(schemas=(name,))
                if name in renamed:
                    scope.note("schema-renamed", at, name, renamed[name], subject=name)
                else:
                    scope.note("schema-removed", at, name, subject=name)
        for name in new:
            if name not in old and name not in renamed.values():
                scope.element = Element(schemas=(name,))
                at = At(name, None, f"/components/schemas/{escaped(name)}")
                scope.note("schema-added", at, None, name, subject=name)
        return scope


class _Sources:
    """Where things are written: the nearest `x-source` above, and what is below it."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new

    def of(self, at: At) -> str | None:
        document, pointer = (self._new, at.new) if at.new is not None else (self._old, at.old)
        if pointer is None:
            return None
        current: Any = document
        found: tuple[str, int] | None = None
        tokens = pointer.split("/")[1:]
        for depth, token in enumerate(["", *tokens]):
            if depth:
                key = token.replace("~1", "/").replace("~0", "~")
                current = _below(current, key)
            source = current.get("x-source") if is_map(current) else None
            if isinstance(source, str):
                found = source, depth
        if found is None:
            return None
        rest = "".join(f"/{token}" for token in tokens[found[1] :])
        return found[0] + rest


def _below(value: Any, key: str) -> Any:
    if is_list(value):
        return value[int(key)] if key.isdigit() and int(key) < len(value) else None
    return value.get(key) if is_map(value) else None


def _change(fact: Fact, scope: Scope, sources: _Sources) -> Change:
    rule = RULES[fact.rule]
    effect = rule.effect(scope.flows)
    clients = rule.clients(scope.flows)
    said = {"subject": fact.subject, "before": shown(fact.before), "after": shown(fact.after)}
    return Change(
        rule=rule.id,
        place=fact.at.label,
        text=rule.text.format(**said),
        do=rule.do,
        subject=fact.subject,
        before=fact.before,
        after=fact.after,
        flows=tuple(flow for flow in Flow if flow in scope.flows or not scope.flows),
        senders=effect.senders,
        receivers=effect.receivers,
        clients=clients,
        bump=rule.asks(clients),
        operations=tuple(sorted(scope.operations)),
        element=fact.element,
        old=fact.at.old,
        new=fact.at.new,
        source=sources.of(fact.at),
    )

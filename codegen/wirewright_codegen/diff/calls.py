"""The operations of a document, and which of two documents' belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wirewright_codegen.diff.facts import members
from wirewright_codegen.diff.values import Flow, Json, escaped
from wirewright_codegen.read.values import is_map

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VARIABLE = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation or webhook.

    Attributes:
        id: its operationId.
        method: upper case.
        path: as written; of a webhook its name.
        declared: what the document says.
        pointer: JSON pointer in the canonical document.
        webhook: whether the server calls it.
    """

    id: str
    method: str
    path: str
    declared: Json
    pointer: str
    webhook: bool

    @property
    def label(self) -> str:
        """What people call it."""
        return f"webhook {self.path}" if self.webhook else f"{self.method} {self.path}"

    @property
    def route(self) -> tuple[bool, str, str]:
        """What a server tells it by: the names of path parameters do not count."""
        return (self.webhook, self.method, self.path if self.webhook else _VARIABLE.sub("{}", self.path))

    @property
    def request(self) -> Flow:
        """Which way its request goes."""
        return Flow.received if self.webhook else Flow.sent

    @property
    def response(self) -> Flow:
        """Which way its answer goes."""
        return Flow.sent if self.webhook else Flow.received

    @property
    def variables(self) -> list[str]:
        """The names of its path parameters, in the order of the path."""
        return [found[1:-1] for found in _VARIABLE.findall(self.path)]


def calls_of(document: Json) -> list[Call]:
    """All operations, then all webhooks."""
    return [*_calls(document, "paths", webhook=False), *_calls(document, "webhooks", webhook=True)]


def _calls(document: Json, section: str, *, webhook: bool) -> Iterator[Call]:
    for path, item in members(document, section).items():
        if not is_map(item):
            continue
        place = f"/{section}/{escaped(path)}"
        found = [(method.upper(), item[method], f"{place}/{method}") for method in METHODS if method in item]
        found += [
            (method, declared, f"{place}/x-additional-operations/{escaped(method)}")
            for method, declared in members(item, "x-additional-operations").items()
        ]
        for method, declared, pointer in found:
            if is_map(declared):
                yield Call(str(declared.get("operationId", "")), method, path, declared, pointer, webhook)


@dataclass(frozen=True, slots=True)
class Matched:
    """Operations of two documents."""

    both: list[tuple[Call, Call]]
    gone: list[Call]
    new: list[Call]


def match_calls(old: list[Call], new: list[Call]) -> Matched:
    """By route; what is left by operationId."""
    both: list[tuple[Call, Call]] = []
    for key in (_route, _name):
        waiting = {key(call): call for call in reversed(new)}
        rest: list[Call] = []
        for call in old:
            other = waiting.pop(key(call), None)
            if other is None:
                rest.append(call)
            else:
                both.append((call, other))
        taken = {id(pair[1]) for pair in both}
        old, new = rest, [call for call in new if id(call) not in taken]
    return Matched(both, old, new)


def _route(call: Call) -> tuple[object, ...]:
    return call.route


def _name(call: Call) -> tuple[object, ...]:
    return (call.webhook, call.id)

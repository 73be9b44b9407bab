"""Finds the operation that a request means.

A tree of path segments. A literal segment wins over a pattern (`{name}.json`), a pattern over a whole parameter, and
that over a *wide* one, which may span several segments (`/frontiers/{ref}/seal` with `ref` = `a/b`), longest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from wirewright.contract.document import SpecDocument, SpecOperation

_TEMPLATE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """An operation with its path parameters, still percent-encoded."""

    operation: SpecOperation
    path: dict[str, str]


@dataclass(slots=True)
class _Leaf:
    names: tuple[str, ...]
    fixed_query: frozenset[tuple[str, str]]
    operation: SpecOperation


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    patterns: dict[str, tuple[re.Pattern[str], _Node]] = field(
        default_factory=dict[str, "tuple[re.Pattern[str], _Node]"]
    )
    parameter: _Node | None = None
    wide: _Node | None = None
    leaves: dict[str, list[_Leaf]] = field(default_factory=dict[str, list[_Leaf]])  # by method


class Router:
    """Operations by method and raw (still percent-encoded) path."""

    def __init__(self, document: SpecDocument, wide: Mapping[str, Iterable[str]] | None = None) -> None:
        self._root = _Node()
        self._prefixes = sorted(document.server_paths, key=len, reverse=True)
        for operation in document.operations:
            self._add(operation, frozenset((wide or {}).get(operation.id, ())))

    def match(self, method: str, raw_path: str, query: str = "") -> Match | None:
        """The operation of this method, with or without the path of a declared server in front."""
        for node, values in self._found(raw_path):
            leaves = node.leaves.get(method)
            if leaves and (match := _choose(leaves, values, query)):
                return match
        return None

    def allowed(self, raw_path: str) -> list[str]:
        """The methods for which this path means something."""
        return sorted({method for node, _ in self._found(raw_path) for method in node.leaves})

    def _found(self, raw_path: str) -> Iterator[tuple[_Node, tuple[str, ...]]]:
        """Every node that the path leads to with the values on the way, the best first."""
        for path in self._candidates(raw_path):
            yield from _walk(self._root, path.split("/")[1:], 0, ())

    def _candidates(self, raw_path: str) -> list[str]:
        if not self._prefixes:
            return [raw_path]
        stripped = [raw_path.removeprefix(prefix) for prefix in self._prefixes if raw_path.startswith(prefix + "/")]
        return [raw_path, *stripped]

    def _add(self, operation: SpecOperation, wide: frozenset[str]) -> None:
        template, _, fixed = operation.path.partition("#")[0].partition("?")
        node, names = self._root, list[str]()
        for segment in template.split("/")[1:]:
            found: list[str] = _TEMPLATE.findall(segment)
            names += found
            if not found:
                node = node.literal.setdefault(segment, _Node())
            elif len(found) > 1 or segment != "{" + found[0] + "}":
                node = node.patterns.setdefault(_shape(segment), (_pattern(segment), _Node()))[1]
            elif found[0] in wide:
                node.wide = node.wide or _Node()
                node = node.wide
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        leaf = _Leaf(tuple(names), frozenset(parse_qsl(fixed, keep_blank_values=True)), operation)
        leaves = node.leaves.setdefault(operation.method, [])
        leaves.append(leaf)
        leaves.sort(key=lambda held: -len(held.fixed_query))


def _walk(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if at == len(segments):
        yield node, values
        return
    segment = segments[at]
    literal = node.literal.get(segment) or (node.literal.get(unquote(segment)) if "%" in segment else None)
    if literal:
        yield from _walk(literal, segments, at + 1, values)
    for pattern, child in node.patterns.values():
        if hit := pattern.fullmatch(segment):
            yield from _walk(child, segments, at + 1, (*values, *hit.groups()))
    if node.parameter and segment:
        yield from _walk(node.parameter, segments, at + 1, (*values, segment))
    if node.wide:
        for end in range(len(segments), at, -1):
            if span := "/".join(segments[at:end]):
                yield from _walk(node.wide, segments, end, (*values, span))


def _choose(leaves: Iterable[_Leaf], values: tuple[str, ...], query: str) -> Match | None:
    for leaf in leaves:
        if not leaf.fixed_query or leaf.fixed_query <= set(parse_qsl(query, keep_blank_values=True)):
            return Match(leaf.operation, dict(zip(leaf.names, values, strict=True)))
    return None


def _shape(segment: str) -> str:
    return _TEMPLATE.sub("{}", segment)


def _pattern(segment: str) -> re.Pattern[str]:
    pieces = _TEMPLATE.split(segment)
    return re.compile("".join(re.escape(piece) if index % 2 == 0 else "(.+)" for index, piece in enumerate(pieces)))

"""Which node uses come before which: the walk that decides what a placeholder may name (protocol sheet §6.3).

A use that `unites` another inherits the united one's ancestors instead of its own predecessor's; where the united one
has not been reached yet, the walk comes back to the join when it is. In the original a join is not among the ancestors
of what follows it, though its outputs are at hand when that runs; `joins_are_ancestors` lets them be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exospherehost.models import GraphNodeModel


class DisconnectedError(ValueError):
    """Joins wait for a use that the walk never reaches."""


class Ancestry:
    """The ancestors of every use, and the uses on the way to it; `walk` has `n` itself where a circle closes."""

    def __init__(self, nodes: Sequence[GraphNodeModel], root: str, *, joins_are_ancestors: bool = False) -> None:
        self._joins_are_ancestors = joins_are_ancestors
        self._nodes: Mapping[str, GraphNodeModel] = {node.identifier: node for node in nodes}
        self.ancestors: dict[str, set[str]] = {node.identifier: set() for node in nodes}
        self.walk: dict[str, set[str]] = {node.identifier: set() for node in nodes}
        self._seen: set[str] = set()
        self._waiting: dict[str, list[str]] = {}
        self._explore(root)
        if self._waiting:
            waiting = {name for names in self._waiting.values() for name in names}
            raise DisconnectedError(f"Error building dependency graph: Graph is disconnected at: {waiting}")

    def _explore(self, root: str) -> None:
        """Depth first, children in order, with a stack of our own: graphs may be deeper than Python's."""
        stack: list[tuple[str, frozenset[str], frozenset[str]]] = [(root, frozenset(), frozenset())]
        while stack:
            name, parents, walk = stack.pop()
            stack.extend(reversed(self._visit(name, parents, walk)))

    def _visit(
        self, name: str, parents: frozenset[str], walk: frozenset[str]
    ) -> list[tuple[str, frozenset[str], frozenset[str]]]:
        self.ancestors[name] |= parents
        self.walk[name] |= walk
        if name in self._seen:
            return []
        self._seen.add(name)
        node = self._nodes[name]
        if node.unites is None:
            passed_on = parents | {name}
        elif node.unites.identifier in self._seen:
            united = node.unites.identifier
            self.ancestors[name] = self.ancestors[united] | {united}
            passed_on = frozenset(self.ancestors[name])
            if self._joins_are_ancestors:
                passed_on |= {name}
        else:
            self._waiting.setdefault(node.unites.identifier, []).append(name)
            return []
        released = [(join, passed_on, frozenset(self.walk[join])) for join in self._waiting.pop(name, ())]
        children = [(child, passed_on, walk | {name}) for child in node.next_nodes or ()]
        return released + children

"""Workflow templates, and the order that they ask for (sheet §2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import compress, pairwise
from typing import Any

from .conditions import ConditionError, check_condition

__all__ = ["DAGEdge", "DAGNode", "DAGTemplate", "Plan", "TemplateError"]

RESERVED_IDS = frozenset({"interrupted", "__run_close__"})
"""Step ids that proofs and outcomes of a whole run go by (sheet §14, 32)."""


_TOLD = 20


class TemplateError(ValueError):
    """A template that cannot run; `problems` lists everything that is wrong with it, the message the beginning."""

    def __init__(self, template: str, problems: list[str]) -> None:
        self.problems = problems
        more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
        super().__init__(f"template {template!r} cannot run: {'; '.join([*problems[:_TOLD], *more])}")


@dataclass
class DAGNode:
    id: str
    label: str = ""
    step_type: str = ""
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_subworkflow(self) -> bool:
        return self.step_type.strip().lower() in {"subworkflow", "delegated_workflow"}


@dataclass
class DAGEdge:
    """`target` runs after `source`, and only if `condition` (see `pgdag.conditions`) holds over what `source` gave."""

    source: str
    target: str
    edge_type: str = "sequence"
    condition: str | None = None

    def __post_init__(self) -> None:
        if self.condition and self.edge_type == "sequence":
            self.edge_type = self.condition


@dataclass
class DAGTemplate:
    name: str
    version: str = "1.0"
    nodes: list[DAGNode] = field(default_factory=list[DAGNode])
    edges: list[DAGEdge] = field(default_factory=list[DAGEdge])
    domain: str = "general"
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def node_ids(self) -> list[str]:
        return [node.id for node in self.nodes]

    @property
    def is_linear(self) -> bool:
        """Without edges, the nodes run in the order of the list."""
        return not self.edges

    def dependency_map(self) -> dict[str, set[str]]:
        """Each node's prerequisites; edges to unknown nodes are left out."""
        prerequisites: dict[str, set[str]] = {node.id: set() for node in self.nodes}
        for edge in self.edges:
            if edge.target in prerequisites:
                prerequisites[edge.target].add(edge.source)
        return prerequisites

    def ready_steps(self, completed: set[str]) -> list[str]:
        """The nodes that may run next, in the order of the list."""
        waiting = [node.id for node in self.nodes if node.id not in completed]
        if self.is_linear:
            return waiting[:1]
        prerequisites = self.dependency_map()
        return [step for step in waiting if prerequisites[step] <= completed]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, `specs/pgdag/0.9/template.schema.yaml`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DAGTemplate:
        """Read the JSON form.

        Raises:
            TypeError, KeyError: the document has not the form of the schema.
        """
        return cls(
            name=str(data["name"]),
            version=str(data.get("version", "1.0")),
            nodes=[DAGNode(**node) for node in data.get("nodes", ())],
            edges=[DAGEdge(**edge) for edge in data.get("edges", ())],
            domain=str(data.get("domain", "general")),
            metadata=dict(data.get("metadata") or {}),
        )


class Plan:
    """A checked template with what the scheduler asks of it, each computed once.

    `rank` is the order in which one worker would run the steps: level by level, each in list order. Every
    tie is settled by it, so that a run means the same whatever ran side by side.
    """

    def __init__(self, template: DAGTemplate) -> None:
        self.template = template
        self.nodes = {node.id: node for node in template.nodes}
        self.edges_into: dict[str, list[DAGEdge]] = {step: [] for step in self.nodes}
        self.dependents: dict[str, list[str]] = {step: [] for step in self.nodes}
        problems = [*self._bad_ids(), *self._bad_edges()]
        if problems:
            raise TemplateError(template.name, problems)
        self._link()
        self.levels = self._levels()
        self.order = [step for level in self.levels for step in level]
        if len(self.order) < len(self.nodes):
            rest = [step for step in self.nodes if step not in set(self.order)]
            raise TemplateError(template.name, [f"steps {', '.join(rest)} wait for each other (a cycle)"])
        self.rank = {step: rank for rank, step in enumerate(self.order)}
        self.level_of = {step: number for number, level in enumerate(self.levels) for step in level}

    @cached_property
    def ancestors(self) -> dict[str, int]:
        """Every step that a step depends on, near or far, as a bit set over ranks."""
        found: dict[str, int] = {}
        for step in self.order:
            bits = 0
            for source in self.prerequisites(step):
                bits |= found[source] | (1 << self.rank[source])
            found[step] = bits
        return found

    def ancestors_of(self, step: str) -> list[str]:
        """Every step that this one depends on, near or far, by rank."""
        lowest_first = bin(self.ancestors[step])[:1:-1]
        return list(compress(self.order, map("1".__eq__, lowest_first)))

    def prerequisites(self, step: str) -> list[str]:
        """Direct prerequisites without repeats, by rank where that is known, else in edge order."""
        return list(dict.fromkeys(edge.source for edge in self.edges_into[step]))

    def _bad_ids(self) -> list[str]:
        ids = self.template.node_ids
        return [
            *(f"step id {step!r} is used twice" for step, times in Counter(ids).items() if times > 1),
            *(f"step id {step!r} is reserved" for step in ids if step in RESERVED_IDS),
        ]

    def _bad_edges(self) -> list[str]:
        problems: list[str] = []
        for edge in self.template.edges:
            unknown = [end for end in (edge.source, edge.target) if end not in self.nodes]
            problems += [f"edge {edge.source} -> {edge.target} names unknown step {end!r}" for end in unknown]
            try:
                check_condition(edge.condition)
            except ConditionError as error:
                problems.append(f"edge {edge.source} -> {edge.target}: {error}")
        return problems

    def _link(self) -> None:
        ids = self.template.node_ids
        edges = self.template.edges or [DAGEdge(a, b) for a, b in pairwise(ids)]
        linked: set[tuple[str, str]] = set()
        for edge in edges:
            if (edge.source, edge.target) not in linked:
                linked.add((edge.source, edge.target))
                self.dependents[edge.source].append(edge.target)
            self.edges_into[edge.target].append(edge)

    def _levels(self) -> list[list[str]]:
        missing = {step: len(self.prerequisites(step)) for step in self.nodes}
        position = {step: index for index, step in enumerate(self.nodes)}
        level = [step for step, count in missing.items() if count == 0]
        levels: list[list[str]] = []
        while level:
            levels.append(level)
            following: list[str] = []
            for step in level:
                for dependent in self.dependents[step]:
                    missing[dependent] -= 1
                    if missing[dependent] == 0:
                        following.append(dependent)
            level = sorted(following, key=position.__getitem__)
        return levels

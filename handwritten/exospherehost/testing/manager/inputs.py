"""Filling the inputs of what comes next (protocol sheet §6.7 c and d)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from exospherehost.models import GraphNodeModel
from exospherehost.testing.manager import placeholders, states
from exospherehost.testing.manager.graphs import Graph
from exospherehost.testing.manager.nodes import Registration
from exospherehost.testing.manager.placeholders import InputTemplate, Source
from exospherehost.testing.manager.states import State
from exospherehost.testing.manager.tables import STORE

Templates = dict[str, InputTemplate]


class ProgressError(ValueError):
    """What follows a state cannot be made; the text is kept with the state."""


class InputResolver:
    """Inputs of the uses that come after one executed state, from its outputs, its ancestors' and the store."""

    def __init__(self, connection: sa.Connection, graph: Graph, executed: State) -> None:
        self._connection = connection
        self._graph = graph
        self._executed = executed
        self._ancestors: dict[str, State] = {}

    def templates(self, node: GraphNodeModel, registered: Registration | None) -> Templates:
        """The parsed inputs that the node's schema asks for, after a check that every placeholder can be filled."""
        if registered is None:
            raise ProgressError(
                f"Registered node not found for node name: {node.node_name} and namespace: {node.namespace}"
            )
        templates: Templates = {}
        for field in registered.inputs():
            if field not in node.inputs:
                raise ProgressError(f"Field '{field}' not found in inputs for template '{node.identifier}'")
            templates[field] = placeholders.parse(node.inputs[field])
        self._check(node, {source for template in templates.values() for source in template.sources})
        return templates

    def inputs(self, node: GraphNodeModel, templates: Templates, current: State) -> dict[str, str]:
        """The filled inputs; `current` is the state whose outputs go by its identifier."""
        return {
            field: template.render({source: self._value(node, source, current) for source in template.sources})
            for field, template in templates.items()
        }

    def _check(self, node: GraphNodeModel, sources: set[Source]) -> None:
        here = self._executed.identifier
        elsewhere = [source for source in sources if not source.is_store and source.identifier != here]
        for source in elsewhere:
            if source.identifier not in self._executed.parents:
                raise ProgressError(
                    f"\"Identifier '{source.identifier}' not found in parents for template '{node.identifier}'\""
                )
        self._load({source.identifier for source in elsewhere})
        for source in elsewhere:
            if source.field not in self._ancestors[source.identifier].outputs:
                raise ProgressError(
                    f"Output field '{source.field}' not found on state '{source.identifier}' "
                    f"for template '{node.identifier}'"
                )

    def _load(self, identifiers: set[str]) -> None:
        missing = identifiers - self._ancestors.keys()
        found = states.find_many(self._connection, (self._executed.parents[name] for name in missing))
        self._ancestors |= {name: found[self._executed.parents[name]] for name in missing}

    def _value(self, node: GraphNodeModel, source: Source, current: State) -> Any:
        if source.is_store:
            return self._store_value(source.field)
        if source.identifier != current.identifier:
            return self._ancestors[source.identifier].outputs[source.field]
        if source.field not in current.outputs:
            raise ProgressError(
                f"Output field '{source.field}' not found on current state '{source.identifier}' "
                f"for template '{node.identifier}'"
            )
        return current.outputs[source.field]

    def _store_value(self, key: str) -> str:
        value = self._store.get(key, self._graph.store_config.default_values.get(key))
        if value is None:
            raise ProgressError(
                f"Store value not found for field '{key}' in namespace '{self._executed.namespace}' "
                f"and graph '{self._executed.graph_name}'"
            )
        return value

    @cached_property
    def _store(self) -> dict[str, str]:
        query = sa.select(STORE.c.key, STORE.c.value).where(STORE.c.run_id == self._executed.run_id)
        return {row.key: row.value for row in self._connection.execute(query)}

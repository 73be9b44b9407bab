"""Starting a run (protocol sheet §6.5)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import bodies, placeholders, states
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.graphs import Graph, Graphs
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.tables import RUNS, STORE


class Launch:
    """Makes the run, its store, and the state of the root."""

    def __init__(self, context: Context, graphs: Graphs) -> None:
        self._context = context
        self._graphs = graphs

    def trigger(self, namespace: str, graph_name: str, body: bodies.TriggerGraph) -> dict[str, Any]:
        """Start a run; 404 without the graph, 400 when it is not valid or the root's inputs cannot be filled."""
        with self._context.database.begin() as connection:
            run_id = self.start(connection, namespace, graph_name, body)
        return {"status": "CREATED", "run_id": run_id}

    def start(
        self, connection: sa.Connection, namespace: str, graph_name: str, body: bodies.TriggerGraph | None = None
    ) -> str:
        """The same within a transaction; without a body, with nothing. The run's id."""
        body = body or bodies.TriggerGraph()
        graph = self._valid_graph(connection, namespace, graph_name)
        inputs = _root_inputs(graph, body)
        missing = sorted(set(graph.store_config.required_keys) - body.store.keys())
        if missing:
            raise Refusal(400, f"Missing store keys: {{{', '.join(map(repr, missing))}}}")
        run_id = self._context.new_uuid()
        connection.execute(
            RUNS.insert().values(
                run_id=run_id, created_at=self._context.now, namespace=namespace, graph_name=graph.name
            )
        )
        if body.store:
            connection.execute(
                STORE.insert(), [{"run_id": run_id, "key": key, "value": value} for key, value in body.store.items()]
            )
        root = states.fresh(
            self._context,
            node_name=graph.root.node_name,
            namespace=namespace,
            graph_namespace=namespace,
            identifier=graph.root.identifier,
            graph_name=graph.name,
            run_id=run_id,
            inputs=inputs,
            enqueue_after=self._context.after(body.start_delay),
        )
        states.insert(self._context, connection, [root])
        return run_id

    def _valid_graph(self, connection: sa.Connection, namespace: str, graph_name: str) -> Graph:
        found = self._graphs.find(connection, namespace, graph_name)
        if found is None:
            raise Refusal(404, f"Graph template not found for namespace {namespace} and graph {graph_name}")
        graph, status = found
        if status != "VALID":
            raise Refusal(400, "Graph template is not valid")
        return graph


def _root_inputs(graph: Graph, body: bodies.TriggerGraph) -> dict[str, str]:
    try:
        return {
            name: _filled(graph, text, body.store)
            for name, text in (graph.root.inputs | _of(body.inputs, graph.root.inputs)).items()
        }
    except (ValueError, TypeError) as error:
        raise Refusal(400, f"Invalid input: {error}") from error


def _of(given: dict[str, str], known: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, text in given.items() if name in known}


def _filled(graph: Graph, text: str, store: dict[str, str]) -> str:
    template = placeholders.parse(text)
    values: dict[placeholders.Source, str] = {}
    for source in template.sources:
        if not source.is_store:
            raise ValueError(f"400: Root node can have only store identifier as dependent but got {source.identifier}")
        value = store.get(source.field, graph.store_config.default_values.get(source.field))
        if value is None:
            raise ValueError(f"400: Dependent {source.field} not found in store for root node {graph.root.identifier}")
        values[source] = value
    return template.render(values)

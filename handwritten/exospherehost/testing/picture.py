"""The state manager as people think of it: the newest runs as graphs, with the status of every node."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from wirewright.sandbox.picture import Graph, Node, Picture, Table, Tone

from exospherehost.testing.manager import Manager
from exospherehost.testing.manager.tables import NODES, RUNS

MOST_RUNS = 5
_TONES: dict[str, Tone] = {
    "CREATED": "waiting",
    "RETRY_CREATED": "plain",
    "QUEUED": "busy",
    "EXECUTED": "busy",
    "SUCCESS": "good",
    "PRUNED": "plain",
    "ERRORED": "bad",
    "NEXT_CREATED_ERROR": "bad",
}


def draw(manager: Manager) -> Picture:
    """The newest runs, then the nodes that are registered. Reads the database."""
    with manager.database.begin() as connection:
        runs = connection.execute(RUNS.select().order_by(RUNS.c.created_at.desc()).limit(MOST_RUNS)).all()
        nodes = connection.execute(sa.select(NODES.c.namespace, NODES.c.name, NODES.c.runtime_name)).all()
    graphs = [_run(manager.runs.graph(run.namespace, run.run_id), run) for run in runs]
    table = Table("Registered nodes", ["Namespace", "Node", "Runtime"], [list(map(str, node)) for node in nodes])
    return [*(graphs or [Graph("Runs", empty="No run yet: trigger a graph.")]), table]


def _run(graph: dict[str, Any], run: sa.Row[Any]) -> Graph:
    nodes = [
        Node(node["id"], str(node["identifier"]), note=str(node["status"]), tone=_TONES.get(node["status"], "plain"))
        for node in graph["nodes"]
    ]
    edges = [(edge["source"], edge["target"]) for edge in graph["edges"]]
    return Graph(f"{run.graph_name}, run {run.run_id[:8]}", nodes, edges, note=f"namespace {run.namespace}")

"""What has happened: runs in figures, a run as a graph, one state in full (protocol sheet §6.13)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import moments, states
from exospherehost.testing.manager.context import LARGEST, Context
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.states import UNFINISHED, Status
from exospherehost.testing.manager.tables import RUNS, STATES

SUCCEEDED = (Status.SUCCESS, Status.PRUNED)
FAILED = (Status.ERRORED, Status.NEXT_CREATED_ERROR)


class Runs:
    """Reads runs; nothing is changed here."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, namespace: str, page: int, size: int) -> dict[str, Any]:
        """One page of runs, newest first. `size` 0 is no limit and a negative one counts as its absolute value."""
        if page < 1:
            raise Refusal(500, "internal server error")
        here = RUNS.c.namespace == namespace
        limit = min(abs(size), LARGEST)
        query = RUNS.select().where(here).order_by(RUNS.c.created_at.desc(), RUNS.c.run_id)
        if limit:
            query = query.limit(limit).offset(min((page - 1) * limit, LARGEST))
        with self._context.database.begin() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(RUNS).where(here)).scalar_one()
            runs = list(connection.execute(query))
            counts = _counts(connection, [run.run_id for run in runs])
        return {
            "namespace": namespace,
            "total": total,
            "page": page,
            "size": size,
            "runs": [_summary(run, counts.get(run.run_id, Counter())) for run in runs],
        }

    def graph(self, namespace: str, run_id: str) -> dict[str, Any]:
        """The states of a run that belong to a namespace, and how they came of each other."""
        query = (
            STATES.select()
            .where(STATES.c.run_id == run_id, self._belongs_to(namespace))
            .order_by(STATES.c.created_at, STATES.c.id)
        )
        with self._context.database.begin() as connection:
            rows = [states.read(row) for row in connection.execute(query)]
        known = {state.id for state in rows}
        edges = [
            {"source": source, "target": state.id}
            for state in rows
            if state.parents and (source := list(state.parents.values())[-1]) in known
        ]
        counts = Counter(state.status for state in rows)
        return {
            "root_states": [_point(state) for state in rows if not state.parents],
            "graph_name": rows[0].graph_name if rows else "",
            "nodes": [_point(state) for state in rows],
            "edges": edges,
            "node_count": len(rows),
            "edge_count": len(edges),
            "execution_summary": {status.value: counts[status.value] for status in Status},
        }

    def node(self, namespace: str, graph_name: str, run_id: str, node_id: str) -> dict[str, Any]:
        """One state with its inputs and outputs; 404 unless everything matches."""
        states.check_id(self._context, node_id, kind="node")
        with self._context.database.begin() as connection:
            query = STATES.select().where(
                STATES.c.id == node_id.lower(),
                STATES.c.run_id == run_id,
                STATES.c.graph_name == graph_name,
                self._belongs_to(namespace),
            )
            row = connection.execute(query).first()
        if row is None:
            raise Refusal(404, f"Node {node_id} not found in run {run_id} for graph {graph_name}")
        state = states.read(row)
        return {
            "id": state.id,
            "node_name": state.node_name,
            "identifier": state.identifier,
            "graph_name": state.graph_name,
            "run_id": state.run_id,
            "status": state.status,
            "inputs": state.inputs,
            "outputs": state.outputs,
            "error": state.error,
            "parents": state.parents,
            "created_at": moments.stored(state.created_at),
            "updated_at": moments.stored(state.updated_at),
        }

    def _belongs_to(self, namespace: str) -> sa.ColumnElement[bool]:
        """In this namespace, or (where states remember it) of a graph in this namespace."""
        here: sa.ColumnElement[bool] = STATES.c.namespace == namespace
        if self._context.settings.behaviour.states_remember_their_graph:
            return here | (STATES.c.graph_namespace == namespace)
        return here


def _counts(connection: sa.Connection, run_ids: list[str]) -> dict[str, Counter[Status]]:
    query = (
        sa.select(STATES.c.run_id, STATES.c.status, sa.func.count().label("states"))
        .where(STATES.c.run_id.in_(run_ids))
        .group_by(STATES.c.run_id, STATES.c.status)
    )
    found: dict[str, Counter[Status]] = {}
    for row in connection.execute(query):
        found.setdefault(row.run_id, Counter())[Status(row.status)] = row.states
    return found


def _summary(run: sa.Row[Any], counts: Counter[Status]) -> dict[str, Any]:
    pending = sum(counts[status] for status in UNFINISHED)
    errored = sum(counts[status] for status in FAILED)
    total = counts.total()
    ended = "FAILED" if errored or not total else "SUCCESS"
    return {
        "run_id": run.run_id,
        "graph_name": run.graph_name,
        "success_count": sum(counts[status] for status in SUCCEEDED),
        "pending_count": pending,
        "errored_count": errored,
        "retried_count": counts[Status.RETRY_CREATED],
        "total_count": total,
        "status": "PENDING" if pending else ended,
        "created_at": moments.stored(run.created_at),
    }


def _point(state: states.State) -> dict[str, Any]:
    return {
        "id": state.id,
        "node_name": state.node_name,
        "identifier": state.identifier,
        "status": state.status,
        "error": state.error,
    }

"""What follows an executed state: its next states, then the joins that nothing holds back (protocol sheet §6.7, §6.8).

Everything that follows one `executed` report happens in one transaction, so a process that dies leaves the state
EXECUTED and another one finishes the work. Finishers of one united state queue up behind a lock on it: the last of
them sees all others as finished, and makes the join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from exospherehost.models import GraphNodeModel, UnitesStrategyEnum
from exospherehost.testing.manager import nodes, states
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.graphs import Graph, Graphs
from exospherehost.testing.manager.inputs import InputResolver, ProgressError
from exospherehost.testing.manager.states import UNFINISHED, State, Status
from exospherehost.testing.manager.tables import ANCESTRY, STATES

CAUSES = (ValueError, TypeError, LookupError)
"""What a graph's author can bring about; anything else is a failure of the server and undoes the transaction."""


@dataclass(frozen=True)
class _Outcome:
    """What becomes of an executed state and its siblings, and the states that follow them."""

    status: Status
    error: str | None = None
    made: Sequence[State] = ()


class Progress:
    """Moves runs on."""

    def __init__(self, context: Context, graphs: Graphs) -> None:
        self._context = context
        self._graphs = graphs

    def after_executed(self, connection: sa.Connection, executed: State, further: Sequence[State]) -> None:
        """Write `executed`, a state just reported on, and its siblings, and make what follows them.

        They end as SUCCESS or NEXT_CREATED_ERROR. While the graph is not verified they stay EXECUTED, and nothing is
        made.
        """
        siblings = [executed, *further]
        graph, outcome = self._outcome(connection, siblings)
        ended = [replace(state, status=outcome.status, error=outcome.error) for state in siblings]
        states.save(connection, ended[0])
        states.insert(self._context, connection, [*ended[1:], *outcome.made])
        self._finish(connection, graph, ended)

    def run_orphans(self, older_than: int) -> None:
        """Finish what was left EXECUTED before that moment (milliseconds): by a process that died, or for a graph
        that was not verified yet."""
        left = (STATES.c.status == sa.literal_column("'EXECUTED'")) & (STATES.c.updated_at < older_than)
        with self._context.database.begin() as connection:
            origins = list(connection.execute(sa.select(STATES.c.origin_id).where(left).distinct()).scalars())
        for origin in origins:
            with self._context.database.begin() as connection:
                self._finish_orphans(connection, _executed_of(connection, origin))

    def _finish_orphans(self, connection: sa.Connection, siblings: Sequence[State]) -> None:
        if not siblings:
            return
        graph, outcome = self._outcome(connection, siblings)
        states.insert(self._context, connection, outcome.made)
        _set_status(connection, siblings, outcome.status, error=outcome.error)
        self._finish(connection, graph, [replace(state, status=outcome.status) for state in siblings])

    def _outcome(self, connection: sa.Connection, siblings: Sequence[State]) -> tuple[Graph | None, _Outcome]:
        try:
            graph = self._graph(connection, siblings[0])
            if graph is None:
                return None, _Outcome(Status.EXECUTED)
            return graph, _Outcome(Status.SUCCESS, made=self._next_states(connection, graph, siblings))
        except CAUSES as error:
            return None, _Outcome(Status.NEXT_CREATED_ERROR, error=str(error))

    def _finish(self, connection: sa.Connection, graph: Graph | None, ended: Sequence[State]) -> None:
        """The joins, once what came before is written."""
        if ended[0].status == Status.NEXT_CREATED_ERROR:
            self._follow_end(connection, ended[0])
        if graph is None or not graph.joins:
            return
        try:
            with connection.begin_nested():
                self._joins_after(connection, graph, ended[0])
        except CAUSES as error:
            _set_status(connection, ended, Status.NEXT_CREATED_ERROR, error=str(error))

    def after_end(self, connection: sa.Connection, state: State) -> None:
        """A state has ended without being executed; joins may have waited for it alone."""
        self._follow_end(connection, state)

    def _graph(self, connection: sa.Connection, state: State) -> Graph | None:
        place = f"namespace: {state.graph_namespace} and graph name: {state.graph_name}"
        found = self._graphs.find(connection, state.graph_namespace, state.graph_name)
        if found is None:
            raise ProgressError(f"Graph template not found for {place}")
        graph, status = found
        if status == "VALID":
            return graph
        if status == "INVALID":
            raise ProgressError(f"Graph template is in a non-validating state: INVALID for {place}")
        wait = self._context.settings.template_wait
        if self._context.now - state.updated_at > wait:
            raise ProgressError(f"Graph template is not valid for {place} after {wait / 1000} seconds")
        return None

    def _next_states(self, connection: sa.Connection, graph: Graph, siblings: Sequence[State]) -> list[State]:
        executed = siblings[0]
        followers = [node for node in _next_nodes(graph, executed.identifier) if node.unites is None]
        resolver = InputResolver(connection, graph, executed)
        registered = nodes.find(connection, ((node.namespace, node.node_name) for node in followers))
        made: list[State] = []
        for node in followers:
            templates = resolver.templates(node, registered.get((node.namespace, node.node_name)))
            made += [self._following(node, state, resolver.inputs(node, templates, state)) for state in siblings]
        return made

    def _following(self, node: GraphNodeModel, state: State, inputs: dict[str, str], *, is_join: bool = False) -> State:
        remembers = self._context.settings.behaviour.states_remember_their_graph
        return states.fresh(
            self._context,
            node_name=node.node_name,
            namespace=node.namespace,
            graph_namespace=state.graph_namespace if remembers else node.namespace,
            identifier=node.identifier,
            graph_name=state.graph_name,
            run_id=state.run_id,
            inputs=inputs,
            parents={**_without(state.parents, state.identifier), state.identifier: state.id},
            does_unites=is_join,
        )

    def _joins_after(self, connection: sa.Connection, graph: Graph, executed: State) -> None:
        """Joins that are next to the executed state, and those that other branches had left waiting for this one."""
        following = [node for node in _next_nodes(graph, executed.identifier) if node.unites is not None]
        for node in following:
            if node.unites is not None and node.unites.identifier not in executed.parents:
                raise ProgressError(f"Unit identifier not found in parents: {node.unites.identifier}")
        waiting = graph.joins if self._context.settings.behaviour.every_end_moves_joins else ()
        self._start_joins(
            connection, graph, executed, [*following, *(join for join in waiting if join not in following)]
        )

    def _follow_end(self, connection: sa.Connection, ended: State) -> None:
        """Joins that had waited for this state alone. What goes wrong is kept as the state's error, if it has none."""
        if not self._context.settings.behaviour.every_end_moves_joins:
            return
        found = self._graphs.find(connection, ended.graph_namespace, ended.graph_name)
        if found is None or not found[0].joins:
            return
        try:
            with connection.begin_nested():
                self._start_joins(connection, found[0], ended, found[0].joins)
        except CAUSES as error:
            without_error = (STATES.c.id == ended.id) & STATES.c.error.is_(None)
            connection.execute(STATES.update().where(without_error).values(error=str(error)))

    def _start_joins(
        self, connection: sa.Connection, graph: Graph, witness: State, joins: Sequence[GraphNodeModel]
    ) -> None:
        """Start those of the joins that a branch has reached and that nothing holds back.

        So what comes of a join does not depend on the order in which the branches end.
        """
        targets = [
            (node, node.unites.strategy, witness.parents[node.unites.identifier])
            for node in joins
            if node.unites is not None and node.unites.identifier in witness.parents
        ]
        united = _locked(connection, {target for _, _, target in targets})
        for node, strategy, target in targets:
            if not _held_back(connection, target, strategy) and _is_reached(connection, graph, node, target):
                self._start_join(connection, graph, witness, node, united[target])

    def _start_join(
        self, connection: sa.Connection, graph: Graph, witness: State, node: GraphNodeModel, target: State
    ) -> None:
        resolver = InputResolver(connection, graph, witness)
        registered = nodes.find(connection, [(node.namespace, node.node_name)])
        templates = resolver.templates(node, registered.get((node.namespace, node.node_name)))
        join = self._following(node, target, resolver.inputs(node, templates, target), is_join=True)
        states.insert_or_ignore(self._context, connection, join)


def _next_nodes(graph: Graph, identifier: str) -> list[GraphNodeModel]:
    current = graph.by_identifier.get(identifier)
    if current is None:
        raise ProgressError(f"Current state node template not found for identifier: {identifier}")
    return [graph.by_identifier[name] for name in current.next_nodes or ()]


def _without(parents: dict[str, str], identifier: str) -> dict[str, str]:
    return {name: parent for name, parent in parents.items() if name != identifier}


def _set_status(
    connection: sa.Connection, siblings: Sequence[State], status: Status, *, error: str | None = None
) -> None:
    connection.execute(
        STATES.update()
        .where(STATES.c.id.in_([state.id for state in siblings]))
        .values(status=status.value, error=error)
    )


def _executed_of(connection: sa.Connection, origin: str) -> list[State]:
    query = (
        STATES.select()
        .where(STATES.c.origin_id == origin, STATES.c.status == Status.EXECUTED.value)
        .order_by(STATES.c.id)
        .with_for_update()
    )
    return [states.read(row) for row in connection.execute(query)]


_YOUNGEST_FIRST_LOCKED = (
    STATES.select()
    .where(STATES.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(STATES.c.id.desc())
    .with_for_update()
)
_DESCENDANT = (
    sa.select(STATES.c.id)
    .join(ANCESTRY, ANCESTRY.c.state_id == STATES.c.id)
    .where(ANCESTRY.c.ancestor_id == sa.bindparam("target"))
    .limit(1)
)
# The youngest are the ones still to be done, so that the search ends early while there is work.
_YOUNGEST_DESCENDANT = _DESCENDANT.order_by(ANCESTRY.c.state_id.desc())
_HOLDING = {
    UnitesStrategyEnum.ALL_DONE: _YOUNGEST_DESCENDANT.where(STATES.c.status.in_([each.value for each in UNFINISHED])),
    UnitesStrategyEnum.ALL_SUCCESS: _YOUNGEST_DESCENDANT.where(
        STATES.c.status.not_in([Status.SUCCESS.value, Status.RETRY_CREATED.value])
    ),
}
_REACHING = _DESCENDANT.where(
    STATES.c.identifier.in_(sa.bindparam("before", expanding=True)), STATES.c.status == Status.SUCCESS.value
)


def _locked(connection: sa.Connection, ids: set[str]) -> dict[str, State]:
    """The united states, locked from the youngest to the oldest as everybody does, so that nobody waits in a circle."""
    if not ids:
        return {}
    return {row.id: states.read(row) for row in connection.execute(_YOUNGEST_FIRST_LOCKED, {"ids": list(ids)})}


def _is_reached(connection: sa.Connection, graph: Graph, join: GraphNodeModel, target: str) -> bool:
    before = [node.identifier for node in graph.nodes if join.identifier in (node.next_nodes or ())]
    return connection.execute(_REACHING, {"target": target, "before": before}).first() is not None


def _held_back(connection: sa.Connection, target: str, strategy: UnitesStrategyEnum) -> bool:
    return connection.execute(_HOLDING[strategy], {"target": target}).first() is not None

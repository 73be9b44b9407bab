"""What callers report on states (protocol sheet §5, §6.7, §6.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import bodies, retry, states
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.graphs import Graphs
from exospherehost.testing.manager.progress import Progress
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.states import State, Status


class Reports:
    """Takes reports. Each is one transaction over the state, which is locked first."""

    def __init__(self, context: Context, graphs: Graphs, progress: Progress) -> None:
        self._context = context
        self._graphs = graphs
        self._progress = progress

    def executed(self, state_id: str, body: bodies.Executed) -> dict[str, Any]:
        """QUEUED becomes EXECUTED, with a sibling for each further output; then what follows is made."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = self._queued(connection, state_id)
            first, *further = body.outputs or [{}]
            executed = replace(state, status=Status.EXECUTED, outputs=first, updated_at=self._context.now)
            self._progress.after_executed(
                connection, executed, [self._sibling(executed, outputs) for outputs in further]
            )
        return {"status": Status.EXECUTED.value}

    def _sibling(self, state: State, outputs: dict[str, Any]) -> State:
        return states.fresh(
            self._context,
            node_name=state.node_name,
            namespace=state.namespace,
            graph_namespace=state.graph_namespace,
            identifier=state.identifier,
            graph_name=state.graph_name,
            run_id=state.run_id,
            inputs=state.inputs,
            parents=state.parents,
            status=Status.EXECUTED,
            outputs=outputs,
            origin_id=state.id,
        )

    def errored(self, namespace: str, state_id: str, body: bodies.Errored) -> dict[str, Any]:
        """QUEUED becomes RETRY_CREATED beside a copy to be tried later, or ERRORED when no retry is left."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = states.required(connection, state_id)
            if state.status == Status.EXECUTED:
                raise Refusal(400, "State is already executed")
            if state.status != Status.QUEUED:
                raise Refusal(400, "State is not queued or executed")
            is_retried = self._retry(connection, namespace, state)
            ended = replace(
                state,
                status=Status.RETRY_CREATED if is_retried else Status.ERRORED,
                error=body.error,
                updated_at=self._context.now,
            )
            states.save(connection, ended)
            if not is_retried:
                self._progress.after_end(connection, ended)
        return {"status": Status.ERRORED.value, "retry_created": is_retried}

    def _retry(self, connection: sa.Connection, namespace: str, state: State) -> bool:
        """Whether a retry of the state exists now; one that another report made counts."""
        remembers = self._context.settings.behaviour.states_remember_their_graph
        at_home = remembers and namespace == state.namespace
        found = self._graphs.find(connection, state.graph_namespace if at_home else namespace, state.graph_name)
        if found is None:
            raise Refusal(404, "Graph template not found")
        policy = found[0].retry_policy
        if state.retry_count >= policy.max_retries:
            return False
        attempt = state.retry_count + 1
        wait = retry.delay(policy, attempt, self._context.settings.random)
        copy = states.again(self._context, state, retry_count=attempt, enqueue_after=self._context.after(wait))
        states.insert_or_ignore(self._context, connection, copy)
        return True

    def prune(self, state_id: str, body: bodies.Prune) -> dict[str, Any]:
        """QUEUED becomes PRUNED: this branch ends."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = self._queued(connection, state_id)
            pruned = replace(state, status=Status.PRUNED, data=body.data, updated_at=self._context.now)
            states.save(connection, pruned)
            self._progress.after_end(connection, pruned)
        return {"enqueue_after": state.enqueue_after, "status": Status.PRUNED.value}

    def requeue_after(self, state_id: str, body: bodies.ReEnqueueAfter) -> dict[str, Any]:
        """The same state can be claimed again after the duration."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = states.required(connection, state_id)
            has_ended = state.status not in {Status.CREATED, Status.QUEUED}
            if has_ended and self._context.settings.behaviour.ended_states_stay_ended:
                raise Refusal(400, "State is not queued")
            now = self._context.now
            waiting = replace(
                state,
                status=Status.CREATED,
                enqueue_after=self._context.after(body.enqueue_after),
                claimed_at=None,
                updated_at=now,
            )
            states.save(connection, waiting)
        return {"enqueue_after": waiting.enqueue_after, "status": Status.CREATED.value}

    def manual_retry(self, namespace: str, state_id: str, body: bodies.ManualRetry) -> dict[str, Any]:
        """A fresh copy with all its retries; the original becomes RETRY_CREATED whatever it was. 409 when repeated."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = states.required(connection, state_id)
            if state.namespace != namespace:
                raise Refusal(404, "State not found")
            now = self._context.now
            copy = states.again(
                self._context,
                state,
                retry_count=0,
                fanout_id=body.fanout_id,
                manual_retry_fanout_id=body.fanout_id,
                enqueue_after=now,
            )
            if not states.insert_or_ignore(self._context, connection, copy):
                raise Refusal(409, "Duplicate retry state detected")
            states.save(connection, replace(state, status=Status.RETRY_CREATED, updated_at=now))
        return {"id": copy.id, "status": Status.CREATED.value}

    def secrets(self, namespace: str, state_id: str) -> dict[str, Any]:
        """All secrets of the state's graph in clear."""
        states.check_id(self._context, state_id)
        with self._context.database.begin() as connection:
            state = states.find(connection, state_id)
            secrets = (
                self._graphs.secrets(connection, state.graph_namespace, state.graph_name)
                if state is not None and state.namespace == namespace
                else None
            )
        if secrets is not None:
            return {"secrets": secrets}
        if not self._context.settings.behaviour.unknown_states_are_refused:
            raise Refusal(500, "internal server error")
        raise Refusal(404, "Graph template not found" if state and state.namespace == namespace else "State not found")

    def _queued(self, connection: sa.Connection, state_id: str) -> State:
        state = states.required(connection, state_id)
        if state.status != Status.QUEUED:
            raise Refusal(400, "State is not queued")
        return state

"""States as records: reading them, making them, and the index by which joins find descendants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.fingerprint import fingerprint
from exospherehost.testing.manager.ids import is_object_id
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.tables import ANCESTRY, STATES


class Status(StrEnum):
    """Where a state stands; the order is that of `execution_summary`."""

    CREATED = "CREATED"
    QUEUED = "QUEUED"
    EXECUTED = "EXECUTED"
    ERRORED = "ERRORED"
    NEXT_CREATED_ERROR = "NEXT_CREATED_ERROR"
    SUCCESS = "SUCCESS"
    PRUNED = "PRUNED"
    RETRY_CREATED = "RETRY_CREATED"


UNFINISHED = (Status.CREATED, Status.QUEUED, Status.EXECUTED)


@dataclass(frozen=True, kw_only=True)
class State:
    """One attempt at one use of a node. Moments are milliseconds since 1970."""

    id: str
    created_at: int
    updated_at: int
    node_name: str
    namespace: str
    graph_namespace: str
    identifier: str
    graph_name: str
    run_id: str
    status: str = Status.CREATED
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str | None = None
    parents: dict[str, str] = field(default_factory=dict[str, str])
    does_unites: bool = False
    fingerprint: str | None = None
    enqueue_after: int
    retry_count: int = 0
    fanout_id: str
    manual_retry_fanout_id: str = ""
    origin_id: str
    claimed_at: int | None = None


MEMBERS = tuple(member.name for member in fields(State))
SAVED = ("updated_at", "status", "outputs", "data", "error", "enqueue_after", "claimed_at")
"""What of a state a report may change."""


def fresh(context: Context, **members: Any) -> State:
    """A new state with id and times; `enqueue_after` is now unless it is given."""
    now, state_id = context.now, context.new_id()
    base: dict[str, Any] = {
        "id": state_id,
        "created_at": now,
        "updated_at": now,
        "enqueue_after": now,
        "fanout_id": context.new_uuid(),
        "origin_id": state_id,
    }
    return State(**(base | members))


def again(context: Context, state: State, **changes: Any) -> State:
    """A copy of a state to be tried again: same place in the run, same inputs, nothing put out yet."""
    now, state_id = context.now, context.new_id()
    return replace(
        state,
        id=state_id,
        origin_id=state_id,
        created_at=now,
        updated_at=now,
        status=Status.CREATED,
        outputs={},
        data={},
        error=None,
        claimed_at=None,
        **changes,
    )


def insert(context: Context, connection: sa.Connection, states: Sequence[State]) -> None:
    """Add states; `sqlalchemy.exc.IntegrityError` when one breaks a unique rule."""
    if not states:
        return
    connection.execute(_INSERT, [_record(state) for state in states])
    _index(connection, states)


def insert_or_ignore(context: Context, connection: sa.Connection, state: State) -> bool:
    """Add a state unless it breaks a unique rule; whether it was added."""
    statement = context.database.insert_or_ignore(STATES).values(**_record(state))
    if not connection.execute(statement).rowcount:
        return False
    _index(connection, [state])
    return True


_INSERT = STATES.insert()
_INSERT_ANCESTRY = ANCESTRY.insert()


def _index(connection: sa.Connection, states: Sequence[State]) -> None:
    pairs = [
        {"ancestor_id": ancestor, "state_id": state.id} for state in states for ancestor in set(state.parents.values())
    ]
    if pairs:
        connection.execute(_INSERT_ANCESTRY, pairs)


def _record(state: State) -> dict[str, Any]:
    record = {name: getattr(state, name) for name in MEMBERS}
    record["status"] = Status(state.status).value
    if state.does_unites:
        record["fingerprint"] = fingerprint(
            node_name=state.node_name,
            namespace_name=state.namespace,
            graph_name=state.graph_name,
            identifier=state.identifier,
            run_id=state.run_id,
            retry_count=state.retry_count,
            parents=state.parents,
            manual_retry_fanout_id=state.manual_retry_fanout_id,
        )
    return record


def read(row: sa.Row[Any]) -> State:
    """The state of a whole row."""
    return State(**{name: getattr(row, name) for name in MEMBERS})


# Statements of the busiest paths are built once: putting one together costs more than SQLite takes to run it.
_BY_ID = STATES.select().where(STATES.c.id == sa.bindparam("state_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_BY_IDS = STATES.select().where(STATES.c.id.in_(sa.bindparam("ids", expanding=True)))
_SAVE = (
    STATES.update()
    .where(STATES.c.id == sa.bindparam("state_id"))
    .values({name: sa.bindparam(f"new_{name}", type_=STATES.c[name].type) for name in SAVED})
)


def find(connection: sa.Connection, state_id: str, *, lock: bool = False) -> State | None:
    """The state of that id; ids are the same in either case."""
    row = connection.execute(_BY_ID_LOCKED if lock else _BY_ID, {"state_id": state_id.lower()}).first()
    return None if row is None else read(row)


def save(connection: sa.Connection, state: State) -> None:
    """Write what a report may change of a state."""
    values = {f"new_{name}": getattr(state, name) for name in SAVED}
    values["new_status"] = Status(state.status).value
    connection.execute(_SAVE, {"state_id": state.id, **values})


def find_many(connection: sa.Connection, ids: Iterable[str]) -> dict[str, State]:
    """Those of the states that exist, by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {row.id: read(row) for row in connection.execute(_BY_IDS, {"ids": list(wanted)})}


def required(connection: sa.Connection, state_id: str, *, lock: bool = True) -> State:
    """The state of that id, or 404."""
    state = find(connection, state_id, lock=lock)
    if state is None:
        raise Refusal(404, "State not found")
    return state


def check_id(context: Context, state_id: str, kind: str = "state") -> None:
    """Refuse what cannot be an id: 400, or 500 as the original does."""
    if is_object_id(state_id):
        return
    if context.settings.behaviour.unknown_states_are_refused:
        raise Refusal(400, f"Invalid {kind} ID format: {state_id}")
    raise Refusal(500, "internal server error")

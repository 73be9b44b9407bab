"""Handing out work (protocol sheet §6.6)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import bodies, moments
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.states import Status
from exospherehost.testing.manager.tables import STATES


class Claims:
    """Makes CREATED states QUEUED, each for one caller: atomic on one server and on many."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def enqueue(self, namespace: str, body: bodies.Enqueue) -> dict[str, Any]:
        """Claim up to `batch_size` states whose time has come, in order of `enqueue_after`."""
        claimed = self._claim(namespace, body.nodes, body.batch_size) if body.batch_size > 0 and body.nodes else []
        return {
            "count": len(claimed),
            "namespace": namespace,
            "status": Status.QUEUED.value,
            "states": [_shown(row) for row in sorted(claimed, key=lambda row: (row.enqueue_after, row.id))],
        }

    def _claim(self, namespace: str, nodes: list[str], count: int) -> list[Any]:
        now = self._context.now
        ready = (
            sa.select(STATES.c.id)
            .where(
                STATES.c.namespace == namespace,
                STATES.c.status == sa.literal_column("'CREATED'"),  # literal, so that the partial index is used
                STATES.c.node_name.in_(nodes),
                STATES.c.enqueue_after <= now,
            )
            .order_by(STATES.c.enqueue_after, STATES.c.id)
            .limit(min(count, 1 << 31))
            .with_for_update(skip_locked=True)
            .cte("ready")
        )
        claim = (
            STATES.update()
            .where(STATES.c.id.in_(sa.select(ready.c.id)))
            .values(status=Status.QUEUED.value, claimed_at=now)
            .returning(
                STATES.c.id,
                STATES.c.node_name,
                STATES.c.identifier,
                STATES.c.inputs,
                STATES.c.created_at,
                STATES.c.enqueue_after,
            )
        )
        with self._context.database.begin() as connection:
            return list(connection.execute(claim))

    def reclaim(self, lease: int) -> int:
        """Make states claimable that were claimed more than `lease` milliseconds ago and never reported on."""
        stale = (STATES.c.status == sa.literal_column("'QUEUED'")) & (STATES.c.claimed_at < self._context.now - lease)
        with self._context.database.begin() as connection:
            released = connection.execute(
                STATES.update().where(stale).values(status=Status.CREATED.value, claimed_at=None)
            )
            return released.rowcount


def _shown(row: Any) -> dict[str, Any]:
    return {
        "state_id": row.id,
        "node_name": row.node_name,
        "identifier": row.identifier,
        "inputs": row.inputs,
        "created_at": moments.stored(row.created_at),
    }

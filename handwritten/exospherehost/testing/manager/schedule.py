"""Cron triggers: entries of what is to be fired when, and the firing (protocol sheet §6.12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import cron, moments
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.tables import SCHEDULE

CRON = "CRON"
FINISHED = ("TRIGGERED", "FAILED")


class Schedule:
    """Fires what is due. Several server processes may tick at once: an entry is locked by one of them, and claimed,
    fired and followed up in one transaction, so that no firing is lost with a process and none happens twice."""

    def __init__(self, context: Context, trigger: Callable[[sa.Connection, str, str], Any]) -> None:
        self._context = context
        self._trigger = trigger

    def tick(self, moment: datetime | None = None) -> int:
        """Fire every entry that is due at `moment` (now, in local time) and plan what follows; how many there were.

        Times that were missed are all fired, one after the other.
        """
        moment = moment or moments.local(self._context.settings.clock())
        fired = 0
        while self._fire_one(moment):
            fired += 1
        self._forget_old()
        return fired

    def _fire_one(self, moment: datetime) -> bool:
        due = (
            SCHEDULE.select()
            .where(SCHEDULE.c.status == "PENDING", SCHEDULE.c.trigger_time <= _written(moment))
            .order_by(SCHEDULE.c.trigger_time, SCHEDULE.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._context.database.begin() as connection:
            entry = connection.execute(due).first()
            if entry is None:
                return False
            status = self._triggered(connection, entry)
            connection.execute(
                SCHEDULE.update()
                .where(SCHEDULE.c.id == entry.id)
                .values(status=status, expires_at=self._context.now + self._context.settings.schedule_retention)
            )
            times = cron.firings(entry.expression, datetime.fromisoformat(entry.trigger_time), moment)
            place = {"namespace": entry.namespace, "graph_name": entry.graph_name}
            _enter(connection, self._context, times, expression=entry.expression, **place)
        return True

    def _triggered(self, connection: sa.Connection, entry: sa.Row[Any]) -> str:
        try:
            with connection.begin_nested():
                self._trigger(connection, entry.namespace, entry.graph_name)
        except Refusal:
            return "FAILED"
        return "TRIGGERED"

    def _forget_old(self) -> None:
        with self._context.database.begin() as connection:
            connection.execute(
                SCHEDULE.delete().where(SCHEDULE.c.status.in_(FINISHED), SCHEDULE.c.expires_at < self._context.now)
            )

    def entries(self, namespace: str, graph_name: str) -> list[dict[str, Any]]:
        """All entries of a graph, earliest first."""
        here = (SCHEDULE.c.namespace == namespace) & (SCHEDULE.c.graph_name == graph_name)
        with self._context.database.begin() as connection:
            rows = connection.execute(SCHEDULE.select().where(here).order_by(SCHEDULE.c.trigger_time)).mappings()
            return [dict(row) for row in rows]


def plan(connection: sa.Connection, context: Context, template: sa.Row[Any]) -> None:
    """Enter the next firing of each distinct expression of a template; `CroniterError` where there is none."""
    now = moments.local(context.settings.clock())
    for expression in dict.fromkeys(trigger["value"]["expression"] for trigger in template.triggers):
        place = {"namespace": template.namespace, "graph_name": template.name}
        _enter(connection, context, [cron.next_after(expression, now)], expression=expression, **place)


def drop_pending(connection: sa.Connection, namespace: str, graph_name: str, expressions: Sequence[str]) -> None:
    """Take back what a template of before would have fired."""
    connection.execute(
        SCHEDULE.delete().where(
            SCHEDULE.c.namespace == namespace,
            SCHEDULE.c.graph_name == graph_name,
            SCHEDULE.c.status == "PENDING",
            SCHEDULE.c.expression.in_(expressions),
        )
    )


def _enter(
    connection: sa.Connection,
    context: Context,
    times: Iterable[datetime],
    *,
    namespace: str,
    graph_name: str,
    expression: str,
) -> None:
    for time in times:
        connection.execute(
            context.database.insert_or_ignore(SCHEDULE).values(
                id=context.new_id(),
                type=CRON,
                expression=expression,
                graph_name=graph_name,
                namespace=namespace,
                status="PENDING",
                trigger_time=_written(time),
                expires_at=context.now + context.settings.schedule_retention,
            )
        )


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")

"""Cron expressions, as croniter reads them, on the server's wall clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from croniter import CroniterError, croniter


def is_valid(expression: str) -> bool:
    """Five fields, six (seconds last) or seven (year last), or an alias such as `@daily`."""
    try:
        return bool(croniter.is_valid(expression))
    except (CroniterError, ValueError):
        return False


def next_after(expression: str, moment: datetime) -> datetime:
    """The first time after `moment`; `CroniterError` when there is none (30 February)."""
    found: datetime = croniter(expression, moment).get_next(datetime)
    return found


def firings(expression: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every time after `after`, up to and including the first one later than `until`, where there is one."""
    moment = after
    while moment <= until:
        try:
            moment = next_after(expression, moment)
        except CroniterError:
            return
        yield moment

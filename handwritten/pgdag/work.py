"""Queries for tables that hold work: claim rows, stamp them, let them go, find the ones left behind (sheet §10.5).

Needs SQLAlchemy, and imports it when a query is built. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .artifact import utc_now

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

__all__ = ["WorkClaimer"]


class WorkClaimer:
    """Builds queries for SQLAlchemy models, and sets the attributes of their rows."""

    def __init__(self) -> None:
        import sqlalchemy as sqlalchemy  # noqa: PLC0414 - say at once that it is missing

    def claim_query(
        self,
        *,
        model: Any,
        status_col: Any,
        status_value: Any,
        worker_col: Any,
        locked_at_col: Any,
        batch_size: int = 5,
        order_col: Any = None,
        extra_filters: Sequence[ColumnElement[bool]] | None = None,
    ) -> Select[Any]:
        """Up to `batch_size` rows that nobody has, oldest first; rows that others are claiming are passed over."""
        from sqlalchemy import select

        query = select(model).where(status_col == status_value, worker_col.is_(None), *(extra_filters or ()))
        ordered = query.order_by(model.created_at if order_col is None else order_col)
        return ordered.limit(batch_size).with_for_update(skip_locked=True)

    def stamp(
        self,
        row: object,
        *,
        worker_id: str,
        worker_col_name: str = "worker_id",
        locked_at_col_name: str = "locked_at",
        lock_timeout_col_name: str = "lock_timeout_at",
        timeout_minutes: float = 5,
        now: datetime | None = None,
    ) -> None:
        """Claim a row for a worker, for so many minutes."""
        moment = now or utc_now()
        setattr(row, worker_col_name, worker_id)
        setattr(row, locked_at_col_name, moment)
        setattr(row, lock_timeout_col_name, moment + timedelta(minutes=timeout_minutes))

    def release(
        self,
        row: object,
        *,
        worker_col_name: str = "worker_id",
        locked_at_col_name: str = "locked_at",
        lock_timeout_col_name: str = "lock_timeout_at",
    ) -> None:
        """Let a row go."""
        for name in (worker_col_name, locked_at_col_name, lock_timeout_col_name):
            setattr(row, name, None)

    def reap_expired_query(
        self,
        *,
        model: Any,
        status_col: Any,
        running_status: Any,
        pending_status: Any,
        lock_timeout_col: Any,
        worker_col: Any,
        locked_at_col: Any,
        batch_size: int = 20,
        now: datetime | None = None,
    ) -> Select[Any]:
        """Up to `batch_size` running rows whose time is up; the caller sets them back to `pending_status`."""
        from sqlalchemy import select

        expired = (status_col == running_status, lock_timeout_col.is_not(None), lock_timeout_col < (now or utc_now()))
        return select(model).where(*expired).limit(batch_size)

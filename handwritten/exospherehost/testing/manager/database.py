"""One door to SQLite (in memory or in a file) and to PostgreSQL; every use of it is one transaction."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from exospherehost.testing.manager.tables import METADATA

IN_MEMORY = "sqlite://"
BUSY_SECONDS = 30
_SCHEMA_LOCK = 0x65786F73  # any number that nobody else locks: "exos"


class Database:
    """The tables of one state manager.

    Several processes may open the same file or the same PostgreSQL database. On SQLite a transaction takes the write
    lock when it begins, so there is one at a time; on PostgreSQL, rows are locked where it matters.
    """

    def __init__(self, url: str = IN_MEMORY) -> None:
        self._engine = _engine(url)
        self._one_at_a_time = threading.RLock() if self.is_sqlite else None
        self._create_tables()

    @property
    def is_sqlite(self) -> bool:
        """Whether transactions run one at a time."""
        return self._engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def begin(self) -> Generator[sa.Connection, None, None]:
        """A transaction: committed at the end, rolled back by an exception."""
        with self._one_at_a_time or contextlib.nullcontext(), self._engine.begin() as connection:
            yield connection

    def insert_or_ignore(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that leaves out rows which break a unique rule."""
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    def reset(self) -> None:
        """Forget everything."""
        with self.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())

    def close(self) -> None:
        """Let go of all connections; an in-memory database is gone."""
        self._engine.dispose()

    def _create_tables(self) -> None:
        with self.begin() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            METADATA.create_all(connection)


def url_of(data: str | None) -> str:
    """The SQLAlchemy URL for what a user named: nothing, a file, or a URL."""
    if data is None or data == ":memory:":
        return IN_MEMORY
    return data if "://" in data else f"sqlite:///{data}"


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20)
    raise ValueError(f"the state manager keeps its data in SQLite or PostgreSQL, not in {parsed.get_backend_name()}")


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    # One connection for all threads: an in-memory database is its connection, and a file has one writer anyway.
    engine = sa.create_engine(
        url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and takes no write lock
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

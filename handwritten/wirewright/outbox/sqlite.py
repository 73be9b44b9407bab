"""Calls kept in a SQLite file: what was acknowledged survives the process and the machine.

WAL with `synchronous=FULL`: adding a call returns after its bytes were synced to the disk. Finishing one is not synced
by itself: after a power cut it may be sent again, with the same id. Calls that are added at the same time by several
threads share one commit. Several processes may use one file: they lease calls by key, so order holds, and a lease ends
by itself when its holder dies.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from wirewright.outbox import sqlite_statements as sql
from wirewright.outbox.store import Added, Claimed, Dropped, Lease, Limits, StoreError
from wirewright.outbox.values import DropReason, Stats, StoredCall

SCHEMA = 1
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredCall).decode


class _Ticket:
    """A call that waits for its commit, and what became of it."""

    __slots__ = ("added", "call", "channel", "error", "lease", "now")

    def __init__(self, call: StoredCall, channel: str, now: float, lease: bool) -> None:
        self.call, self.channel, self.now, self.lease = call, channel, now, lease
        self.added: Added | None = None
        self.error: StoreError | None = None


class SqliteStore:
    """A `Store` in one file, made when it is first used."""

    blocking = True
    durable = True

    def __init__(
        self, path: str | os.PathLike[str], limits: Limits, *, lease_seconds: float, busy: float = 5.0
    ) -> None:
        self.path = Path(path)
        self._limits, self._lease_seconds, self._busy = limits, lease_seconds, busy
        self._db: sqlite3.Connection | None = None
        self._synchronous = ""
        self._reset_locks()

    def __repr__(self) -> str:
        return self.path.name

    def _reset_locks(self) -> None:
        self._lock = threading.Lock()
        self._queue_lock = threading.Lock()
        self._tickets: list[_Ticket] = []

    # -- the file

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            db = sqlite3.connect(self.path, timeout=self._busy, isolation_level=None, check_same_thread=False)
            try:
                db.execute("PRAGMA journal_mode=WAL")
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            self._db, self._synchronous = db, ""
        return self._db

    @staticmethod
    def _prepare(db: sqlite3.Connection) -> None:
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            db.execute("BEGIN IMMEDIATE")  # of several processes, one makes the tables
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in sql.TABLES.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={SCHEMA}")
            db.execute("COMMIT")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA:
            raise sqlite3.DatabaseError(f"the outbox file has version {version}, this is version {SCHEMA}")

    @contextmanager
    def _transaction(self, *, synced: bool = False) -> Generator[sqlite3.Connection]:
        """The lock must be held."""
        try:
            db = self._open()
            level = "FULL" if synced else "NORMAL"
            if self._synchronous != level:
                db.execute(f"PRAGMA synchronous={level}")
                self._synchronous = level
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    with suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path.name}: {error}") from error

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._open()
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self.path.name}: {error}") from error

    # -- in

    def add(self, call: StoredCall, channel: str, now: float, *, lease: bool) -> Added:
        ticket = _Ticket(call, channel, now, lease)
        with self._queue_lock:
            self._tickets.append(ticket)
        with self._lock:
            if ticket.added is None and ticket.error is None:
                self._commit_all()
        if ticket.error is not None:
            raise ticket.error
        assert ticket.added is not None
        return ticket.added

    def _commit_all(self) -> None:
        """Commit whatever waits for it: whoever gets the lock does it for all."""
        with self._queue_lock:
            tickets, self._tickets = self._tickets, []
        try:
            with self._transaction(synced=True) as db:
                added = [self._insert(db, ticket) for ticket in tickets]
        except StoreError as error:
            for ticket in tickets:
                ticket.error = error
            return
        for ticket, result in zip(tickets, added, strict=True):
            ticket.added = result

    def _insert(self, db: sqlite3.Connection, ticket: _Ticket) -> Added:
        call, channel, now = ticket.call, ticket.channel, ticket.now
        if db.execute("SELECT 1 FROM calls WHERE channel = ? AND id = ?", (channel, call.id)).fetchone():
            return Added(kept=True)
        size = call.size
        db.execute(sql.COUNT_ONE, (channel,))
        dropped: list[Dropped] = []
        reason: DropReason | None = "too_large" if self._limits.never_fits(size) else None
        while reason is None and self._is_full(db, channel, size):
            victim = self._oldest(db, channel, now) if self._limits.drop == "oldest" else None
            if victim is None:
                reason = "full"
            else:
                dropped += self._dropped(db, channel, victim, "full")
        if reason is not None:
            db.execute(sql.COUNT_DROP, (channel, reason))
            return Added(kept=False, dropped=[*dropped, (call, reason)])
        return Added(kept=True, lease=self._keep(db, ticket, size), dropped=dropped)

    def _is_full(self, db: sqlite3.Connection, channel: str, size: int) -> bool:
        queued, taken = db.execute("SELECT queued, bytes FROM totals WHERE channel = ?", (channel,)).fetchone()
        return self._limits.exceeded(queued + 1, taken + size)

    def _oldest(self, db: sqlite3.Connection, channel: str, now: float) -> int | None:
        """The oldest call that is not on its way."""
        values = {"channel": channel, "now": now, "lease": self._lease_seconds}
        found = db.execute(sql.OLDEST, values).fetchone()
        return None if found is None else found[0]

    def _keep(self, db: sqlite3.Connection, ticket: _Ticket, size: int) -> Lease | None:
        call, channel, now = ticket.call, ticket.channel, ticket.now
        cursor = db.execute(sql.INSERT, (channel, call.key, call.id, now, size, _encode(call)))
        db.execute(sql.COUNT_QUEUED, (size, channel))
        db.execute(sql.INSERT_KEY, (channel, call.key))
        if not ticket.lease:
            return None
        owner = uuid.uuid4().hex
        values = {"owner": owner, "now": now, "lease": self._lease_seconds, "channel": channel, "key": call.key}
        taken = db.execute(sql.TAKE_NEW_KEY, values).rowcount
        return Lease(call=call, channel=channel, token=(cursor.lastrowid, owner, True)) if taken else None

    def _delete(self, db: sqlite3.Connection, channel: str, seq: int, reason: DropReason | None) -> StoredCall | None:
        """Delete a call and count it. None when it is gone already."""
        row = db.execute(sql.DELETE, (seq,)).fetchone()
        if row is None:
            return None
        key, size, call = row
        if db.execute(sql.DELETE_FROM_KEY, (channel, key)).fetchone() == (0,):
            db.execute("DELETE FROM keys WHERE channel = ? AND key = ?", (channel, key))
        db.execute(sql.COUNT_GONE, (size, int(reason is None), channel))
        if reason is not None:
            db.execute(sql.COUNT_DROP, (channel, reason))
        return _decode(call)

    # -- out

    def claim(self, channel: str, now: float, limit: int) -> Claimed:
        with self._lock, self._transaction() as db:
            dropped = self._expire(db, channel, now)
            leases: list[Lease] = []
            values = {"channel": channel, "now": now, "lease": self._lease_seconds, "limit": limit}
            free = db.execute(sql.FREE_KEYS, values).fetchall()
            for (key,) in free:
                if len(leases) >= limit:
                    break
                leases += self._lease(db, channel, key, now, limit - len(leases))
        return Claimed(leases=leases, dropped=dropped)

    def _lease(self, db: sqlite3.Connection, channel: str, key: str, now: float, limit: int) -> list[Lease]:
        owner = uuid.uuid4().hex
        db.execute(sql.TAKE_KEY, (owner, now + self._lease_seconds, channel, key))
        rows = db.execute(sql.OF_KEY, (channel, key, limit)).fetchall()
        return [
            Lease(call=_decode(call), channel=channel, token=(seq, owner, seq == rows[-1][0]), attempts=attempts)
            for seq, attempts, call in rows
        ]

    def _expire(self, db: sqlite3.Connection, channel: str, now: float) -> list[Dropped]:
        if self._limits.age is None:
            return []
        values = {"before": now - self._limits.age, "channel": channel, "now": now, "lease": self._lease_seconds}
        old = db.execute(sql.EXPIRED, values).fetchall()
        return [gone for (seq,) in old for gone in self._dropped(db, channel, seq, "expired")]

    def _dropped(self, db: sqlite3.Connection, channel: str, seq: int, reason: DropReason) -> list[Dropped]:
        call = self._delete(db, channel, seq, reason)
        return [] if call is None else [(call, reason)]

    # -- afterwards

    def renew(self, lease: Lease, now: float) -> bool:
        with self._lock, self._transaction() as db:
            until = now + self._lease_seconds
            kept = db.execute(sql.RENEW, (until, lease.channel, lease.call.key, lease.token[1]))
            return bool(kept.rowcount)

    def finish(self, lease: Lease, reason: DropReason | None) -> None:
        seq, owner, last = lease.token
        with self._lock, self._transaction() as db:
            self._delete(db, lease.channel, seq, reason)
            if last:
                self._release(db, lease, owner, 0.0)

    def put_back(self, leases: Sequence[Lease], due_at: float, *, attempted: bool) -> None:
        with self._lock, self._transaction() as db:
            for lease in leases:
                seq, owner, _ = lease.token
                if attempted:
                    db.execute("UPDATE calls SET attempts = attempts + 1 WHERE seq = ?", (seq,))
                self._release(db, lease, owner, due_at)

    @staticmethod
    def _release(db: sqlite3.Connection, lease: Lease, owner: str, due_at: float) -> None:
        """Let others have the key, unless they have it already."""
        db.execute(sql.RELEASE, (due_at, lease.channel, lease.call.key, owner))

    # -- looking

    def due_at(self, channel: str, now: float) -> float | None:
        values = {"channel": channel, "now": now, "lease": self._lease_seconds}
        with self._reading() as db:
            found = db.execute(sql.NEXT_DUE, values).fetchone()
        moment: float | None = found[0]
        return moment

    def hurry(self, channel: str, now: float) -> None:
        with self._lock, self._transaction() as db:
            db.execute("UPDATE keys SET due_at = 0 WHERE channel = ? AND due_at > ?", (channel, now))

    def holds(self, channel: str, key: str) -> bool:
        with self._reading() as db:
            return bool(db.execute("SELECT 1 FROM keys WHERE channel = ? AND key = ?", (channel, key)).fetchone())

    def stats(self, channel: str | None = None) -> Stats:
        with self._reading() as db:
            db.execute("BEGIN")  # one snapshot
            try:
                sums = db.execute(sql.SUMS, {"channel": channel}).fetchone()
                dropped = dict(db.execute(sql.DROPS, {"channel": channel}).fetchall())
            finally:
                db.execute("COMMIT")
        total, delivered, queued, size = map(int, sums)
        return Stats(total=total, delivered=delivered, queued=queued, dropped=dropped, bytes=size)

    def mark(self, channel: str) -> int:
        with self._reading() as db:
            return int(db.execute("SELECT IFNULL(MAX(seq), 0) FROM calls WHERE channel = ?", (channel,)).fetchone()[0])

    def waiting(self, channel: str, mark: int) -> bool:
        with self._reading() as db:
            found = db.execute("SELECT 1 FROM calls WHERE channel = ? AND seq <= ? LIMIT 1", (channel, mark))
            return found.fetchone() is not None

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()

    # -- fork

    def lock_for_fork(self) -> None:
        """Also close the file: what SQLite knows of locks in this process would be wrong in a child."""
        self._lock.acquire()
        self._queue_lock.acquire()
        self._close()

    def unlock_after_fork(self, *, child: bool) -> None:
        if child:
            self._reset_locks()
        else:
            self._queue_lock.release()
            self._lock.release()

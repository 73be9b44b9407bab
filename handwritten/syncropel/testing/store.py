"""What a kernel remembers: an append-only log of records, in memory and, where a file is given, in SQLite."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (sequence INTEGER PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Entry(NamedTuple):
    """A record and its place in the log, from 1."""

    sequence: int
    record: Record


class DuplicateClockError(Exception):
    """This actor already used this clock on this thread, for another record."""


class File:
    """The log on disk: every record is committed before it is answered. `epoch` names this log over restarts."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO facts VALUES ('epoch', ?)", (secrets.token_hex(4),))
        (self.epoch,) = self._db.execute("SELECT value FROM facts WHERE name = 'epoch'").fetchone()

    def entries(self) -> Iterator[Entry]:
        """Everything that was written, in order."""
        for sequence, text in self._db.execute("SELECT sequence, record FROM records ORDER BY sequence"):
            yield Entry(sequence, json.loads(text))

    def append(self, entry: Entry) -> None:
        """Write one more."""
        self._db.execute("INSERT INTO records VALUES (?, ?)", (entry.sequence, json.dumps(entry.record)))

    def facts(self, prefix: str) -> dict[str, str]:
        """Small things to remember, by name without the prefix."""
        rows = self._db.execute("SELECT name, value FROM facts WHERE name GLOB ?", (f"{prefix}*",))
        return {name.removeprefix(prefix): value for name, value in rows}

    def keep(self, name: str, value: str) -> None:
        """Remember a small thing."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def erase(self) -> None:
        """Forget everything; what comes next is another log."""
        self._db.executescript("DELETE FROM records; DELETE FROM facts;")


class RecordStore:
    """All records, by what they are asked for."""

    def __init__(self, path: str | None = None) -> None:
        self.file = None if path is None else File(_path_of(path))
        self.epoch: str = secrets.token_hex(4) if self.file is None else self.file.epoch
        self.kind = "memory" if self.file is None else "sqlite"
        self._log: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._by_clock: dict[tuple[Any, Any, Any], str] = {}
        self._by_thread: dict[str, list[Entry]] = defaultdict(list)
        self._woken: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._ended = False
        for entry in self.file.entries() if self.file else ():
            self._index(entry)

    def add(self, record: Record) -> Entry:
        """Store a record, once: one that is there already is answered as it is. Raises `DuplicateClockError`."""
        known = self._by_id.get(record["id"])
        if known is not None:
            return known
        if _clock_key(record) in self._by_clock:
            raise DuplicateClockError(
                f"DuplicateClock: thread={record['thread']} actor={record['actor']} clock={record['clock']}"
            )
        entry = Entry(len(self._log) + 1, record)
        if self.file is not None:
            self.file.append(entry)
        self._index(entry)
        woken = self._woken.pop(record["thread"], None)
        if woken is not None:
            woken.set()
        return entry

    def _index(self, entry: Entry) -> None:
        record = entry.record
        self._log.append(entry)
        self._by_id[record["id"]] = entry
        self._by_clock[_clock_key(record)] = record["id"]
        self._by_thread[record["thread"]].append(entry)

    def __len__(self) -> int:
        return len(self._log)

    def entries(self, thread: str | None = None) -> list[Entry]:
        """The log, or one thread of it, in the order of ingestion."""
        return self._log if thread is None else self._by_thread.get(thread, [])

    def select(
        self, *, thread: str | None = None, actor: str | None = None, since: int | None = None, limit: int = 100
    ) -> list[Record]:
        """At most `limit` records of a thread and an actor, with clocks from `since` on."""
        found: list[Record] = []
        for _, record in self.entries(thread):
            if len(found) == limit:
                break
            if (actor is None or record["actor"] == actor) and (since is None or record["clock"] >= since):
                found.append(record)
        return found

    def threads(self) -> dict[str, int]:
        """How many records each thread has."""
        return {thread: len(entries) for thread, entries in self._by_thread.items() if entries}

    async def follow(self, thread: str, after: int) -> AsyncIterator[Entry]:
        """The thread's records behind the sequence number `after`, then each as it arrives, until `end`.

        Readers pull from the log, so a slow one costs nothing and misses nothing.
        """
        while not self._ended:
            woken = self._woken[thread]
            for entry in self._behind(thread, after):
                after = entry.sequence
                yield entry
            await woken.wait()

    def _behind(self, thread: str, after: int) -> list[Entry]:
        entries = self.entries(thread)
        start = len(entries)
        while start and entries[start - 1].sequence > after:
            start -= 1
        return entries[start:]

    def end(self) -> None:
        """End all readers, and let go of the file."""
        self._ended = True
        for woken in self._woken.values():
            woken.set()
        if self.file is not None:
            self.file.close()


def erase(path: str) -> None:
    """Empty the log that is kept at `path`."""
    file = File(_path_of(path))
    file.erase()
    file.close()


def _clock_key(record: Record) -> tuple[Any, Any, Any]:
    return record["thread"], record["actor"], record["clock"]


def _path_of(data: str) -> str:
    path = data.removeprefix("sqlite:///")
    Path(path).resolve().parent.mkdir(parents=True, exist_ok=True)
    return path

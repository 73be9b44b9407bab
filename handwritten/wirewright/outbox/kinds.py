"""The outbox in a file, and the one in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from wirewright.outbox.base import BaseOutbox
from wirewright.outbox.memory import Combine, MemoryStore
from wirewright.outbox.sqlite import SqliteStore
from wirewright.outbox.store import Limits
from wirewright.outbox.values import StoredCall

DAY = 24 * 3600.0
MIB = 1024 * 1024


class Outbox(BaseOutbox):
    """Calls in a SQLite file: `Client(url, outbox=Outbox("out.db"))` makes `deliver` durable.

    Acknowledged (`Outcome.queued and Outcome.durable`, or `success`) means that the call is on disk or delivered. It is
    sent at least once, every time with the same idempotency key, in the order of its key (by default its path; see
    `Request.with_options(ordering_key=...)`), by this process or by any other that has the file open, now or at the
    next start. It is given up only when the server refuses it for good, or when it is older than `max_age`; `stats()`
    counts what and why, `on_drop` hears of each.

    - `max_count`, `max_bytes`, `max_age` (seconds): how much is kept of the calls to one base URL; None lifts a limit.
      When full, `drop="newest"` refuses what comes (`deliver` says so), "oldest" makes room for it.
    - A disk that is full or read-only does not stop the app: calls are then kept in memory within the same limits,
      until the disk works again; `degraded` says why, and `Outcome.durable` is False for them.
    - Everything else: see `BaseOutbox`.

    Nothing is sent while no client has it. A process that ends with `os._exit` or is killed loses nothing but what was
    in memory for want of a disk.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_count: int | None = 100_000,
        max_bytes: int | None = 256 * MIB,
        max_age: float | None = 7 * DAY,
        drop: Literal["newest", "oldest"] = "newest",
        lease: float = 60.0,
        **options: Any,
    ) -> None:
        limits = Limits(count=max_count, bytes=max_bytes, age=max_age, drop=drop)
        super().__init__(SqliteStore(path, limits, lease_seconds=lease), limits, lease=lease, **options)


class MemoryOutbox(BaseOutbox):
    """Calls in memory, for rates at which nobody may wait: `deliver` only queues, in microseconds.

        outbox = MemoryOutbox(combine=json_array("/v1/events/batch"))
        with Client(url, outbox=outbox) as client:
            client.deliver(api.record_event(...))            # Outcome.queued

    - `max_count`, `max_bytes`, `max_age` (seconds) bound it. When full, `drop="newest"` refuses what comes, "oldest"
      makes room for it; each is counted, so that `total == delivered + queued + dropped` at all times.
    - `batch` calls are taken at a time. With `combine` neighbours of one operation become one call, repeated as it was
      if it fails; `json_array` is one, any function from calls to a call will do.
    - Everything else: see `BaseOutbox`.

    What is queued when the client closes or the interpreter ends is sent within `exit_timeout` (2 s); what then remains
    is lost, and counted. `os._exit`, a signal without handler and a crash lose all of it. The child of a fork starts
    empty: its parent sends what it has.
    """

    def __init__(
        self,
        *,
        max_count: int | None = 10_000,
        max_bytes: int | None = 64 * MIB,
        max_age: float | None = 3600.0,
        drop: Literal["newest", "oldest"] = "newest",
        combine: Combine | None = None,
        **options: Any,
    ) -> None:
        limits = Limits(count=max_count, bytes=max_bytes, age=max_age, drop=drop)
        options.setdefault("send_now", False)
        super().__init__(MemoryStore(limits, combine=combine), limits, **options)


def json_array(target: str, *, method: str = "POST", member: str | None = None) -> Combine:
    """Combines calls with JSON bodies into one whose body is the array of theirs, or an object with it as `member`.

    `target` is the path (and query) of the batch operation, below the client's base URL.
    """

    def combine(calls: Sequence[StoredCall]) -> StoredCall:
        array = b"[" + b",".join(call.content for call in calls) + b"]"
        content = array if member is None else b"{" + msgspec.json.encode(member) + b":" + array + b"}"
        headers = calls[0].headers | {"content-type": "application/json"}
        return msgspec.structs.replace(calls[0], method=method, target=target, headers=headers, content=content)

    return combine

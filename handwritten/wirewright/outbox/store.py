"""Where an outbox keeps its calls: the interface of SQLite, Redis and memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

from wirewright.outbox.values import DropReason, Stats, StoredCall


class StoreError(Exception):
    """The store cannot be written or read now: the disk is full, the broker unreachable."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one base URL's calls is kept, and for how long; None lifts a limit.

    `count` calls, `bytes` of them, `age` in seconds. When full, `drop` says which are given up: "newest" refuses what
    comes, "oldest" makes room for it.
    """

    count: int | None = 100_000
    bytes: int | None = 256 * 1024 * 1024
    age: float | None = 7 * 24 * 3600.0
    drop: Literal["newest", "oldest"] = "newest"

    def exceeded(self, count: int, size: int) -> bool:
        """Whether so many calls of so many bytes are too much."""
        return (self.count is not None and count > self.count) or (self.bytes is not None and size > self.bytes)

    def never_fits(self, size: int) -> bool:
        """Whether a call of this size is larger than the whole room."""
        return self.exceeded(1, size)


class Lease(msgspec.Struct, kw_only=True, eq=False):
    """The right to send one call, until it is finished, put back, or the lease ends.

    `attempts` were made before. `token` is the store's own. `count` is how many calls were combined into this one.
    `spilled`: it is kept in memory because the store failed.
    """

    call: StoredCall
    channel: str
    token: Any
    attempts: int = 0
    count: int = 1
    claimed_at: float = 0.0
    spilled: bool = False


Dropped = tuple[StoredCall, DropReason]


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call that was added, and which others had to go for it."""

    kept: bool
    lease: Lease | None = None
    dropped: Sequence[Dropped] = ()


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Calls to send, those of one key in order; and what was found to be too old."""

    leases: Sequence[Lease] = ()
    dropped: Sequence[Dropped] = ()


class Store(Protocol):
    """Keeps calls by channel (one per base URL), in order by key. Thread-safe; times are seconds since 1970.

    Methods raise `StoreError` alone. While a call of some key is leased, no other of that key is handed out elsewhere.
    """

    blocking: bool
    durable: bool

    def add(self, call: StoredCall, channel: str, now: float, *, lease: bool) -> Added:
        """Keep a call; it is safe when this returns. One of an id that is kept already changes nothing.

        `lease`: lease it at once if nothing of its key is waiting.
        """
        ...

    def claim(self, channel: str, now: float, limit: int) -> Claimed:
        """Lease up to so many calls that are due."""
        ...

    def renew(self, lease: Lease, now: float) -> bool:
        """Whether the lease still stands; if so it starts anew."""
        ...

    def finish(self, lease: Lease, reason: DropReason | None) -> None:
        """The call was delivered, or given up for `reason`."""
        ...

    def put_back(self, leases: Sequence[Lease], due_at: float, *, attempted: bool) -> None:
        """Not delivered: may be claimed again from `due_at` on. `attempted`: counts as an attempt."""
        ...

    def due_at(self, channel: str, now: float) -> float | None:
        """When the next call may be claimed; None when there is none."""
        ...

    def hurry(self, channel: str, now: float) -> None:
        """Make everything due now."""
        ...

    def holds(self, channel: str, key: str) -> bool:
        """Whether any call of this key is kept."""
        ...

    def stats(self, channel: str | None = None) -> Stats:
        """What became of all calls, of one channel or of all."""
        ...

    def mark(self, channel: str) -> Any:
        """The end of what is queued now, for `waiting`."""
        ...

    def waiting(self, channel: str, mark: Any) -> bool:
        """Whether anything is queued that was there at the mark."""
        ...

    def close(self) -> None: ...

    def lock_for_fork(self) -> None:
        """Before a fork: let no other thread be in the middle of something."""
        ...

    def unlock_after_fork(self, *, child: bool) -> None:
        """After it; a child must not use what belongs to its parent."""
        ...

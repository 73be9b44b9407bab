"""Calls kept in memory: for rates at which nobody may wait for a disk, and while a disk is full."""

from __future__ import annotations

import heapq
import threading
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from wirewright.outbox.store import Added, Claimed, Dropped, Lease, Limits
from wirewright.outbox.values import DropReason, Stats, StoredCall

Combine = Callable[[Sequence[StoredCall]], StoredCall]
"""Makes one call of several that have the same operation; its id and idempotency key are set by the store."""


class _Entry:
    __slots__ = ("attempts", "batch", "call", "channel", "due_at", "number", "stored_at")

    def __init__(self, number: int, call: StoredCall, channel: str, now: float) -> None:
        self.number = number
        self.call = call
        self.channel = channel
        self.stored_at = now
        self.due_at = 0.0
        self.attempts = 0
        self.batch: _Batch | None = None


class _Batch:
    """Entries that are sent as one call, from their first attempt to the last: a repetition must be the same."""

    __slots__ = ("call", "entries", "keys", "leased")

    def __init__(self, entries: list[_Entry], call: StoredCall) -> None:
        self.entries = entries
        self.call = call
        self.keys = {(entry.channel, entry.call.key) for entry in entries}
        self.leased = False


class MemoryStore:
    """A `Store` in memory. Every operation takes microseconds, whatever is queued."""

    blocking = False
    durable = False

    def __init__(self, limits: Limits, *, combine: Combine | None = None) -> None:
        self._limits = limits
        self._combine = combine
        self._reset()

    def __repr__(self) -> str:
        return "memory"

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._ids: dict[tuple[str, str], _Entry] = {}
        self._keys: Counter[tuple[str, str]] = Counter()
        self._busy: Counter[tuple[str, str]] = Counter()  # leases by key
        self._due: list[float] = []  # a heap of the moments at which something was put back for
        self._numbers = 0
        self._bytes = 0
        self._total = self._delivered = 0
        self._dropped: Counter[str] = Counter()

    # -- in

    def add(self, call: StoredCall, channel: str, now: float, *, lease: bool) -> Added:
        size, limits = call.size, self._limits
        with self._lock:
            if (channel, call.id) in self._ids:
                return Added(kept=True)
            self._total += 1
            dropped: list[Dropped] = []
            if limits.never_fits(size):
                return self._refuse(call, "too_large")
            while limits.exceeded(len(self._entries) + 1, self._bytes + size):
                victims = self._oldest() if limits.drop == "oldest" else []
                if not victims:
                    return self._refuse(call, "full", dropped)
                dropped.extend((self._remove(entry, "full").call, "full") for entry in victims)
            entry = self._keep(call, channel, now)
            if not lease or self._keys[channel, call.key] > 1 or self._busy[channel, call.key]:
                return Added(kept=True, dropped=dropped)
            return Added(kept=True, lease=self._lease([entry]), dropped=dropped)

    def _refuse(self, call: StoredCall, reason: DropReason, dropped: Sequence[Dropped] = ()) -> Added:
        self._dropped[reason] += 1
        return Added(kept=False, dropped=[*dropped, (call, reason)])

    def _oldest(self) -> list[_Entry]:
        """What goes first: the oldest that is not on its way, with the others of its batch."""
        for entry in self._entries.values():
            if entry.batch is None:
                return [entry]
            if not entry.batch.leased:
                return entry.batch.entries
        return []

    def _keep(self, call: StoredCall, channel: str, now: float) -> _Entry:
        self._numbers += 1
        entry = _Entry(self._numbers, call, channel, now)
        self._entries[entry.number] = entry
        self._ids[channel, call.id] = entry
        self._keys[channel, call.key] += 1
        self._bytes += call.size
        return entry

    def _remove(self, entry: _Entry, reason: DropReason | None) -> _Entry:
        del self._entries[entry.number], self._ids[entry.channel, entry.call.id]
        key = entry.channel, entry.call.key
        self._keys[key] -= 1
        if not self._keys[key]:
            del self._keys[key]
        self._bytes -= entry.call.size
        if reason is None:
            self._delivered += 1
        else:
            self._dropped[reason] += 1
        return entry

    # -- out

    def claim(self, channel: str, now: float, limit: int) -> Claimed:
        with self._lock:
            dropped = self._expire(now)
            leases: list[Lease] = []
            for entries in self._ready(channel, now, limit):
                leases.append(self._lease(entries))
            return Claimed(leases=leases, dropped=dropped)

    def _expire(self, now: float) -> list[Dropped]:
        age, dropped = self._limits.age, list[Dropped]()
        while age is not None and self._entries:
            entry = next(iter(self._entries.values()))
            if entry.stored_at > now - age or (entry.batch is not None and entry.batch.leased):
                break
            gone = [entry] if entry.batch is None else entry.batch.entries
            dropped.extend((self._remove(one, "expired").call, "expired") for one in gone)
        return dropped

    def _ready(self, channel: str, now: float, limit: int) -> list[list[_Entry]]:
        """What may be sent now, in order: entries one by one, or as the batch that they have been sent in before."""
        held: set[str] = set()
        seen: set[int] = set()
        ready: list[list[_Entry]] = []
        for entry in self._entries.values():
            key = entry.call.key
            if entry.channel != channel or key in held or entry.number in seen:
                continue
            if self._busy[channel, key] or entry.due_at > now:
                held.add(key)
                if len(held) == len(self._keys):
                    break  # all that is left is held up, however much it is
                continue
            together = [entry] if entry.batch is None else entry.batch.entries
            seen |= {one.number for one in together}
            ready.append(together)
            if len(seen) >= limit:
                break
        return ready if self._combine is None else self._grouped(ready)

    @staticmethod
    def _grouped(ready: Sequence[list[_Entry]]) -> list[list[_Entry]]:
        """Neighbours of one operation together; what was sent in a batch before stays as it was."""
        groups: list[list[_Entry]] = []
        for entries in ready:
            last = groups[-1][-1] if groups else None
            alike = last is not None and last.batch is None and last.call.operation == entries[0].call.operation
            if alike and entries[0].batch is None:
                groups[-1] += entries
            else:
                groups.append(entries[:])
        return groups

    def _lease(self, entries: list[_Entry]) -> Lease:
        first = entries[0]
        batch = first.batch
        if batch is None:
            batch = _Batch(entries, self._one_call([entry.call for entry in entries]))
            for entry in entries:
                entry.batch = batch
        batch.leased = True
        self._busy.update(batch.keys)
        return Lease(
            call=batch.call, channel=first.channel, token=batch, attempts=first.attempts, count=len(batch.entries)
        )

    def _one_call(self, calls: Sequence[StoredCall]) -> StoredCall:
        if self._combine is None:
            return calls[0]
        made = self._combine(calls)
        id = str(uuid.uuid4())
        names = [name for name, value in made.headers.items() if value == calls[0].id] or ["idempotency-key"]
        return msgspec.structs.replace(made, id=id, key="", headers=made.headers | dict.fromkeys(names, id))

    # -- afterwards

    def renew(self, lease: Lease, now: float) -> bool:
        batch: _Batch = lease.token
        return batch.leased

    def finish(self, lease: Lease, reason: DropReason | None) -> None:
        with self._lock:
            for entry in self._unlease(lease):
                self._remove(entry, reason)

    def take_out(self, lease: Lease) -> None:
        """It is kept elsewhere now, and counted there."""
        with self._lock:
            for entry in self._unlease(lease):
                self._remove(entry, None)
                self._delivered -= 1
                self._total -= 1

    def put_back(self, leases: Sequence[Lease], due_at: float, *, attempted: bool) -> None:
        with self._lock:
            for lease in leases:
                for entry in self._unlease(lease):
                    entry.attempts += attempted
                    entry.due_at = due_at
                    if not entry.attempts:  # never tried, so the next batch need not be the same
                        entry.batch = None
            if due_at:
                heapq.heappush(self._due, due_at)

    def _unlease(self, lease: Lease) -> list[_Entry]:
        batch: _Batch = lease.token
        if not batch.leased:
            return []
        batch.leased = False
        self._busy -= Counter(batch.keys)
        return batch.entries

    # -- looking

    def due_at(self, channel: str, now: float) -> float | None:
        with self._lock:
            while self._due and self._due[0] <= now:
                heapq.heappop(self._due)
            if self._due:
                return self._due[0]
            return now if self._entries and not self._busy else None

    def channels(self) -> list[str]:
        """Those that have something queued."""
        with self._lock:
            return list(dict.fromkeys(channel for channel, _ in self._keys))

    def hurry(self, channel: str, now: float) -> None:
        with self._lock:
            self._due.clear()
            for entry in self._entries.values():
                if entry.channel == channel:
                    entry.due_at = 0.0

    def holds(self, channel: str, key: str) -> bool:
        return bool(self._keys[channel, key])

    def stats(self, channel: str | None = None) -> Stats:
        """Of all channels: a store in memory does not count them apart."""
        with self._lock:
            return Stats(
                total=self._total,
                delivered=self._delivered,
                queued=len(self._entries),
                dropped=dict(self._dropped),
                bytes=self._bytes,
            )

    def mark(self, channel: str) -> int:
        return self._numbers

    def waiting(self, channel: str, mark: int) -> bool:
        with self._lock:
            return any(entry.channel == channel and entry.number <= mark for entry in self._entries.values())

    def close(self) -> None:
        """What is still queued is lost, and counted."""
        with self._lock:
            for entry in list(self._entries.values()):
                self._remove(entry, "shutdown")

    def lock_for_fork(self) -> None:
        self._lock.acquire()

    def unlock_after_fork(self, *, child: bool) -> None:
        if child:  # the parent sends what it has
            self._reset()
        else:
            self._lock.release()

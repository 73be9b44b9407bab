"""A store that does not fail: while its disk is full or its broker away, calls are kept in memory, and said to be."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from wirewright.clock import Clock
from wirewright.hooks import log
from wirewright.outbox.memory import MemoryStore
from wirewright.outbox.store import Added, Claimed, Dropped, Lease, Limits, Store, StoreError
from wirewright.outbox.values import DropReason, Stats, StoredCall

RECHECK = 5.0
"""Seconds after which a store that failed is tried again."""


class Spill:
    """A store, and the memory that stands in for it. `failure` says why it does, and is empty when all is well.

    What was spilled goes back into the store, in order, before anything new does. Calls in memory wait while the store
    holds older ones of their key, unless it cannot even be read.
    """

    def __init__(self, store: Store, limits: Limits, clock: Clock) -> None:
        self.store = store
        self.failure = ""
        self._clock = clock
        self._memory = MemoryStore(limits)
        self._recheck_at = 0.0
        self._unfinished: dict[str, tuple[Lease, DropReason | None]] = {}
        self._recovering = threading.Lock()
        self.dropped: list[Dropped] = []  # while calls went back into the store: to be told by whoever asks next

    # -- in and out

    def add(self, call: StoredCall, channel: str, now: float, *, lease: bool) -> tuple[Added, bool]:
        """What became of the call, and whether it is where it belongs."""
        if self._usable():
            try:
                return self.store.add(call, channel, now, lease=lease), self.store.durable
            except StoreError as error:
                self._failed(error)
        added = self._memory.add(call, channel, now, lease=lease and not self._holds_older(channel, call.key))
        if added.lease is not None:
            added.lease.spilled = True
        return added, False

    def claim(self, channel: str, now: float, limit: int) -> Claimed:
        leases: list[Lease] = []
        dropped: list[Dropped] = []
        if self._usable():
            try:
                claimed = self.store.claim(channel, now, limit)
                leases += [lease for lease in claimed.leases if not self._finished_before(lease)]
                dropped += claimed.dropped
            except StoreError as error:
                self._failed(error)
        if self.failure:
            spilled = self._memory.claim(channel, now, limit)
            dropped += spilled.dropped
            leases += [lease for lease in spilled.leases if self._may_go(lease, now)]
        dropped += self.dropped
        self.dropped = []
        return Claimed(leases=leases, dropped=dropped)

    def _may_go(self, lease: Lease, now: float) -> bool:
        lease.spilled = True
        if self._holds_older(lease.channel, lease.call.key):
            self._memory.put_back([lease], now + RECHECK, attempted=False)
            return False
        return True

    def _finished_before(self, lease: Lease) -> bool:
        """It was delivered, but the store could not be told: it is not sent again."""
        before = self._unfinished.get(lease.call.id)
        if before is None:
            return False
        self.finish(lease, before[1])
        return True

    def _holds_older(self, channel: str, key: str) -> bool:
        try:
            return self.store.holds(channel, key)
        except StoreError:
            return False

    # -- afterwards

    def renew(self, lease: Lease, now: float) -> bool:
        return self._home(lease).renew(lease, now)

    def finish(self, lease: Lease, reason: DropReason | None) -> None:
        try:
            self._home(lease).finish(lease, reason)
            self._unfinished.pop(lease.call.id, None)
        except StoreError as error:
            self._unfinished[lease.call.id] = lease, reason
            self._failed(error)

    def put_back(self, leases: Sequence[Lease], due_at: float, *, attempted: bool) -> None:
        for spilled in (True, False):
            some = [lease for lease in leases if lease.spilled is spilled]
            with suppress(StoreError):  # else its lease ends by itself
                if some:
                    self._home(some[0]).put_back(some, due_at, attempted=attempted)

    def _home(self, lease: Lease) -> Store:
        return self._memory if lease.spilled else self.store

    # -- looking

    def due_at(self, channel: str, now: float) -> float | None:
        moments: list[float | None] = [self._memory.due_at(channel, now)] if self.failure else []
        try:
            moments.append(now + RECHECK if self.failure else self.store.due_at(channel, now))
        except StoreError:
            moments.append(now + RECHECK)
        return min((moment for moment in moments if moment is not None), default=None)

    def hurry(self, channel: str, now: float) -> None:
        self._recheck_at = 0.0
        self._memory.hurry(channel, now)
        with suppress(StoreError):
            self.store.hurry(channel, now)

    def stats(self) -> Stats:
        return self.store.stats() + self._memory.stats()

    def mark(self, channel: str) -> tuple[Any, int]:
        return self.store.mark(channel), self._memory.mark(channel)

    def waiting(self, channel: str, mark: tuple[Any, int]) -> bool:
        return self._memory.waiting(channel, mark[1]) or self.store.waiting(channel, mark[0])

    @property
    def spilled(self) -> int:
        """How many calls are in memory only."""
        return self._memory.stats().queued

    # -- failing and recovering

    def _failed(self, error: StoreError) -> None:
        if not self.failure:
            log.error("the outbox keeps calls in memory only: %s", error)
        self.failure = str(error)
        self._recheck_at = self._clock.monotonic() + RECHECK

    def _usable(self) -> bool:
        if not self.failure:
            return True
        if self._clock.monotonic() < self._recheck_at or not self._recovering.acquire(blocking=False):
            return False
        try:
            self._recover()
        except StoreError as error:
            self._failed(error)
        finally:
            self._recovering.release()
        return not self.failure

    def _recover(self) -> None:
        for lease, reason in list(self._unfinished.values()):
            self.store.finish(lease, reason)
            self._unfinished.pop(lease.call.id, None)
        now = self._clock.time()
        for channel in self._memory.channels():
            self._memory.hurry(channel, now)
            while leases := self._memory.claim(channel, now, 100).leases:
                self._move(leases, now)
        if not self.spilled:  # else something is being sent from memory; what comes after it must wait
            self.failure = ""
            log.warning("the outbox keeps calls where they belong again")

    def _move(self, leases: Sequence[Lease], now: float) -> None:
        moved = 0
        try:
            for lease in leases:
                self.dropped += self.store.add(lease.call, lease.channel, now, lease=False).dropped
                self._memory.take_out(lease)
                moved += 1
        finally:
            self._memory.put_back(leases[moved:], 0.0, attempted=False)

    def close(self) -> None:
        if self.failure:
            self._recheck_at = 0.0
            self._usable()
        self._memory.close()
        self.store.close()

    # -- fork

    def lock_for_fork(self) -> None:
        self._memory.lock_for_fork()
        self.store.lock_for_fork()

    def unlock_after_fork(self, *, child: bool) -> None:
        self.store.unlock_after_fork(child=child)
        self._memory.unlock_after_fork(child=child)
        if child:
            self._recovering = threading.Lock()
            self._unfinished.clear()

"""What all outboxes do alike, wherever they keep their calls: order, bounds, patience, counting, and telling the truth.

`deliver` and the couriers (the threads and tasks that send what is queued) call an outbox; it decides, and its store
keeps. When the store fails (a full disk, an unreachable broker) calls are kept in memory until it works again, and
`degraded`, the log and `Outcome.durable` say so.
"""

from __future__ import annotations

import random as _random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from wirewright.clock import Clock, SystemClock
from wirewright.errors import WirewrightError
from wirewright.hooks import log
from wirewright.outbox import lifecycle
from wirewright.outbox.droplog import DropLog
from wirewright.outbox.flushing import POLL, Flush
from wirewright.outbox.gate import BACKOFF, Gate, pause
from wirewright.outbox.lifecycle import Courier
from wirewright.outbox.spill import Spill
from wirewright.outbox.store import Dropped, Lease, Limits, Store, StoreError
from wirewright.outbox.values import DropReason, Fate, Receipt, Stats, StoredCall
from wirewright.retry import RetryPolicy
from wirewright.steps import settled

T = TypeVar("T")
_REST = 1.0
"""Seconds after which to look again without being told: another process may have died with calls to send; when
something is queued, a quarter of it: whoever has the key may have let it go."""


def by_path(call: StoredCall) -> str:
    """The default order: calls of one path, one after another."""
    return urlsplit(call.target).path


class BaseOutbox:
    """See `wirewright.outbox`. Derive from it, with a `Store`, for places of your own.

    - `channel`: calls are kept apart by the base URL of their client, so that none reaches another server; a name of
      your own instead lets calls outlive a change of the base URL.
    - `key`: calls of one key are sent in order; by default those of one path. A request's `ordering_key` goes before.
    - `send_now`: `deliver` tries a call itself, at once, when nothing of its key is queued; else it is only queued.
    - `batch`: calls that are taken at a time. `lease`: seconds for which a process has a call to itself; an attempt
      ends before.
    - `backoff`: pauses between attempts (its `base`, `factor`, `cap` and `jitter`); a `Retry-After` within its
      `respect_retry_after` makes them longer. `max_attempts`: None is until the call is too old.
    - `exit_timeout`: seconds that the end of the process may be delayed by what is being sent.
    - `on_drop`: called with every call that is given up, and why; may be called from any thread.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits,
        *,
        channel: str | None = None,
        key: Callable[[StoredCall], str] = by_path,
        send_now: bool = True,
        batch: int = 100,
        lease: float = 60.0,
        backoff: RetryPolicy = BACKOFF,
        max_attempts: int | None = None,
        exit_timeout: float = 2.0,
        on_drop: Callable[[StoredCall, str], None] | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self._channel, self._key, self._send_now, self._batch = channel, key, send_now, batch
        self._lease_seconds, self._backoff, self._max_attempts = lease, backoff, max_attempts
        self.exit_timeout = exit_timeout
        self._on_drop = on_drop
        self._clock: Clock = clock or SystemClock()
        self._random = random or _random.random
        self._store = store
        self._spill = Spill(store, limits, self._clock)
        self._gates: dict[str, Gate] = {}
        self._held: dict[str, Lease] = {}
        self._changed: Future[None] = Future()
        self._lock = threading.Lock()
        self._closed = False
        self._drop_log = DropLog()
        self._couriers: weakref.WeakSet[Courier] = weakref.WeakSet()
        self._refusals = frozenset({"too_large", "full"} if limits.drop == "newest" else {"too_large"})
        lifecycle.register(self)

    # -- what a client asks

    @property
    def blocking(self) -> bool:
        """Whether handing over a call may wait for a disk or a network."""
        return self._store.blocking

    @property
    def durable(self) -> bool:
        """Whether what is queued outlives the process."""
        return self._store.durable

    def store(self, call: StoredCall) -> Receipt:
        """See `OutboxLike.store`."""
        if self._closed:
            return Receipt(kept=False, reason="it is closed")
        if not call.key:
            call = msgspec.structs.replace(call, key=self._key(call))
        channel, now = self.channel_of(call.base_url), self._clock.time()
        lease = self._send_now and not self._gate(channel).narrow()
        added, durable = self._spill.add(call, channel, now, lease=lease)
        self._tell_dropped(added.dropped)
        if not added.kept:
            return Receipt(kept=False, reason=added.dropped[-1][1])
        reason = "" if durable or not self.durable else f"kept in memory only, {self.degraded}"
        if added.lease is None:
            self.notify()
            return Receipt(kept=True, durable=durable, reason=reason)
        self._held[call.id] = added.lease
        return Receipt(kept=True, durable=durable, try_now=True, seconds=self.attempt_seconds, reason=reason)

    def settle(self, call: StoredCall, fate: Fate, error: WirewrightError | None = None) -> None:
        """See `OutboxLike.settle`."""
        lease = self._held.pop(call.id, None)
        if lease is None:
            return
        if fate == "postponed" and error is None:
            self.put_back([lease])
        else:
            self.ended(lease, fate, error)

    # -- what a courier asks

    def channel_of(self, base_url: str) -> str:
        return self._channel or base_url

    @property
    def attempt_seconds(self) -> float:
        """How long one attempt may take, so that it ends before its lease does."""
        return self._lease_seconds * 0.75

    def signal(self) -> Future[None]:
        """Done at the next change. Take it before looking, so that nothing is missed."""
        with self._lock:
            return self._changed

    def notify(self) -> None:
        """Wake couriers and those who wait for a flush."""
        with self._lock:
            changed, self._changed = self._changed, Future()
        changed.set_result(None)

    def claim(self, channel: str) -> Sequence[Lease]:
        """What to send now; nothing while the server is taken to be down."""
        now, gate = self._clock.time(), self._gate(channel)
        if self._closed or gate.shut(now):
            return ()
        claimed = self._spill.claim(channel, now, 1 if gate.narrow() else self._batch)
        self._tell_dropped(claimed.dropped)
        for lease in claimed.leases:
            lease.claimed_at = now
        return claimed.leases

    def patience(self, channel: str) -> float:
        """Seconds until it is worth looking again, if nothing happens before."""
        now, gate = self._clock.time(), self._gate(channel)
        if gate.shut(now):
            return gate.opens_at - now
        due = self._spill.due_at(channel, now)
        if due is None:
            return _REST if self.blocking else 10 * _REST
        longest = _REST / 4 if self.blocking else 10 * _REST
        return min(longest, max(0.01, due - now))

    def pausing(self, channel: str) -> bool:
        """Whether the server is taken to be down."""
        return self._gate(channel).shut(self._clock.time())

    def has_queued(self, channel: str) -> bool:
        """Whether there is anything to send, now or later. Raises `StoreError`."""
        return self._store.due_at(channel, self._clock.time()) is not None

    def still_ours(self, lease: Lease) -> bool:
        """Whether there is time for one more attempt under this lease; renewed when it is getting short."""
        now = self._clock.time()
        if lease.claimed_at <= now <= lease.claimed_at + self._lease_seconds - self.attempt_seconds:
            return True
        with suppress(StoreError):
            if self._spill.renew(lease, now):
                lease.claimed_at = now
                return True
        return False

    def ended(self, lease: Lease, fate: Fate, error: WirewrightError | None = None) -> None:
        """How an attempt ended."""
        now, gate = self._clock.time(), self._gate(lease.channel)
        exhausted = self._max_attempts is not None and lease.attempts + 1 >= self._max_attempts
        if fate == "postponed":
            gate.failed(now)
            log.info("%s waits in the outbox: %s", lease.call.operation, error)
        else:
            gate.succeeded()
        if fate == "postponed" and not exhausted:
            self._spill.put_back([lease], now + self._pause(lease, error), attempted=True)
        else:
            reason: DropReason | None = (
                None if fate == "delivered" else "rejected" if fate == "rejected" else "exhausted"
            )
            self._spill.finish(lease, reason)
            if reason is not None:
                self._tell_dropped([(lease.call, reason)], error)
        self.notify()

    def _pause(self, lease: Lease, error: WirewrightError | None) -> float:
        own = pause(self._backoff, lease.attempts + 1, self._random)
        asked: float | None = getattr(error, "retry_after", None)
        longest = self._backoff.respect_retry_after
        if asked is None or longest is None:
            return own
        return max(own, min(asked, longest))

    def put_back(self, leases: Sequence[Lease]) -> None:
        """Not sent after all."""
        if leases:
            self._spill.put_back(leases, 0.0, attempted=False)
            self.notify()

    # -- what its owner asks

    @property
    def degraded(self) -> str:
        """Why calls are kept in memory rather than where they belong; empty when all is well."""
        return self._spill.failure

    def stats(self) -> Stats:
        """What became of everything that was handed over, by this process and all that share the file or broker.

        Raises `StoreError` when that cannot be read.
        """
        return self._spill.stats()

    def flush(self, timeout: float) -> bool:
        """Deliver now what is queued now. True when all of it was delivered within `timeout` seconds; else False.

        Ended early by `close`, and when no client of this process is there to send. What could not be delivered stays
        queued; what had to be given up counts as not delivered. From a coroutine call `aflush`.
        """
        if in_loop():
            raise RuntimeError("flush would block the event loop: await aflush instead")
        deadline = time.monotonic() + timeout
        flush, signal = self._begin_flush(), self.signal()
        while flush.waiting() and self._can_send() and (left := deadline - time.monotonic()) > 0:
            if self._sending() or not self._send_here():
                wait([signal], min(left, POLL))
            signal = self.signal()
        return flush.delivered

    async def aflush(self, timeout: float) -> bool:
        """As `flush`, for coroutines."""
        deadline = time.monotonic() + timeout
        flush, signal = await self._off_loop(self._begin_flush), self.signal()
        while await self._off_loop(flush.waiting) and self._can_send() and (left := deadline - time.monotonic()) > 0:
            self._sending()
            await settled(signal, min(left, POLL))
            signal = self.signal()
        return flush.delivered

    def _begin_flush(self) -> Flush:
        channels = {courier.channel for courier in self._couriers}
        flush = Flush(self._spill, sorted(channels), self._refusals, self._clock.time())
        for channel in channels:
            self._gate(channel).open()
        self.notify()
        return flush

    def _can_send(self) -> bool:
        return not self._closed and any(courier.able() for courier in self.couriers())

    async def _off_loop(self, function: Callable[[], T]) -> T:
        import asyncio

        return await asyncio.to_thread(function) if self.blocking else function()

    def _sending(self) -> bool:
        """Whether somebody sends, in a thread or task of their own."""
        at_work = [courier.ensure() for courier in self.couriers()]
        return any(at_work)

    def _send_here(self) -> bool:
        """Send in this thread: at the end of the process none can be started."""
        return any(courier.send_here() for courier in self.couriers())

    def close(self, timeout: float | None = None) -> None:
        """Stop sending, and close. A flush or a pause that goes on ends; an attempt may take `timeout` seconds more
        (default `exit_timeout`). What is durable stays queued for the next time; what is not, is given up.
        """
        self._closed = True
        self.notify()
        deadline = time.monotonic() + (self.exit_timeout if timeout is None else timeout)
        for courier in self.couriers():
            courier.stop(max(0.0, deadline - time.monotonic()))
        lost = self._spill.spilled if self.durable else self.stats().queued
        if lost:
            log.warning("%d calls were queued in memory and are lost", lost)
        self._spill.close()

    async def aclose(self, timeout: float | None = None) -> None:
        """As `close`, for coroutines."""
        self._closed = True
        self.notify()
        for courier in self.couriers():
            await courier.astop()
        await self._off_loop(lambda: self.close(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    # -- couriers, fork and the end

    def attach(self, courier: Courier) -> None:
        """Somebody who sends, as long as they live."""
        self._couriers.add(courier)

    def couriers(self) -> list[Courier]:
        return list(self._couriers)

    def at_exit(self, timeout: float) -> None:
        """The process ends: send what would be lost, in so many seconds, and stop."""
        deadline = time.monotonic() + timeout
        if not self._closed and (not self.durable or self._spill.spilled):
            self.flush(timeout)
        self.close(max(0.0, deadline - time.monotonic()))

    def lock_for_fork(self) -> None:
        self._lock.acquire()
        self._spill.lock_for_fork()

    def unlock_after_fork(self, *, child: bool) -> None:
        self._spill.unlock_after_fork(child=child)
        if child:
            self._lock = threading.Lock()
            self._changed = Future()
            self._held = {}
        else:
            self._lock.release()

    # -- helpers

    def _gate(self, channel: str) -> Gate:
        gate = self._gates.get(channel)
        if gate is None:
            gate = self._gates.setdefault(channel, Gate(self._backoff, self._random))
        return gate

    def _tell_dropped(self, dropped: Sequence[Dropped], error: WirewrightError | None = None) -> None:
        for call, reason in dropped:
            self._drop_log.note(call, reason, error, self._clock.monotonic())
            if self._on_drop is not None:
                try:
                    self._on_drop(call, reason)
                except Exception:
                    log.exception("on_drop failed")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._store!r}>"


def in_loop() -> bool:
    """Whether this thread runs an event loop."""
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False

"""Who sends what an outbox has queued: a thread for the `Client`, a task for the `AsyncClient`, one flow for both.

A courier lives as long as its client, works only while there is something to send, and starts again by itself where it
ended: in the child of a fork, on another event loop, after `close`.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections import deque
from collections.abc import Generator
from concurrent.futures import wait
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from wirewright.delivery import fate_of, redeliver
from wirewright.hooks import log
from wirewright.outbox.base import BaseOutbox, in_loop
from wirewright.outbox.store import Lease, StoreError
from wirewright.settings import Settings
from wirewright.steps import Call, Step, settled

_AFTER_A_BUG = 1.0


class Round:
    """One round of sending; `in_hand` is what it has leased and not yet ended."""

    def __init__(self, settings: Settings, outbox: BaseOutbox, channel: str) -> None:
        self.in_hand: deque[Lease] = deque()
        self.stopped = threading.Event()
        self._settings, self._outbox, self._channel = settings, outbox, channel
        self._lock = threading.Lock()
        self._cancelled = False

    def send(self) -> Generator[Step, Any, bool]:
        """Send what is due, those of one key in order. Whether there was anything."""
        outbox = self._outbox
        waiting: list[Lease] = []
        failed: set[str] = set()
        try:
            yield Call(self._claim, blocking=outbox.blocking)
            any_sent = bool(self.in_hand)
            while self.in_hand and not self.stopped.is_set():
                lease = self.in_hand[0]
                if lease.call.key in failed or outbox.pausing(lease.channel):
                    waiting.append(self.in_hand.popleft())
                elif not (yield Call(partial(outbox.still_ours, lease), blocking=outbox.blocking)):
                    self.in_hand.popleft()  # another process has it now
                else:
                    yield from self._send(lease, failed)
            yield Call(lambda: self.give_back(waiting), blocking=outbox.blocking)
        except BaseException:
            with self._lock:
                self._cancelled = True
            self.give_back(waiting)
            raise
        return any_sent

    def _claim(self) -> None:
        leases = self._outbox.claim(self._channel)
        with self._lock:
            if not self._cancelled:  # while this thread was waiting for a disk
                self.in_hand.extend(leases)
                return
        self._outbox.put_back(leases)

    def _send(self, lease: Lease, failed: set[str]) -> Generator[Step, Any, None]:
        outbox = self._outbox
        outcome = yield from redeliver(self._settings, lease, outbox.attempt_seconds)
        fate = fate_of(outcome, self._settings.retry)
        if not self.in_hand or self.in_hand[0] is not lease:
            return  # it took too long to stop, and was put back
        self.in_hand.popleft()
        if fate == "postponed":
            failed.add(lease.call.key)
        yield Call(lambda: outbox.ended(lease, fate, outcome.error), blocking=outbox.blocking)

    def give_back(self, others: list[Lease] | None = None) -> None:
        """Let others have what was not sent."""
        leases = [*(others or ()), *self.in_hand]
        self.in_hand.clear()
        if leases:
            self._outbox.put_back(leases)


class _Sender(Protocol):
    """A client, as its courier sees it; `run` performs a flow, in an async client as a coroutine."""

    settings: Settings


class _Courier:
    def __init__(self, client: _Sender, outbox: BaseOutbox, base_url: str) -> None:
        self.channel = outbox.channel_of(base_url)
        self._client: weakref.ref[Any] = weakref.ref(client)
        self._outbox = outbox
        self._round = Round(client.settings, outbox, self.channel)

    def _new_round(self) -> Round:
        """A round of this client, which must live."""
        client = self._client()
        assert client is not None
        return Round(client.settings, self._outbox, self.channel)

    def wanted(self) -> bool:
        """Whether there is anything to send already: calls that an earlier process left."""
        with suppress(StoreError):
            return self._outbox.has_queued(self.channel)
        return False


class ThreadCourier(_Courier):
    """Sends in a daemon thread, started when there is something to send."""

    _thread: threading.Thread | None = None

    def __init__(self, client: _Sender, outbox: BaseOutbox, base_url: str) -> None:
        super().__init__(client, outbox, base_url)
        self._lock, self._pid = threading.Lock(), os.getpid()
        outbox.attach(self)
        if self.wanted():
            self.ensure()

    def able(self) -> bool:
        return self._client() is not None

    def ensure(self) -> bool:
        thread = self._thread
        if self._pid != os.getpid():  # the child of a fork has neither the thread nor whoever held the lock
            self._lock, self._pid, thread = threading.Lock(), os.getpid(), None
        if thread is not None and thread.is_alive() and not self._round.stopped.is_set():
            return True
        if self._client() is None or not self._lock.acquire(blocking=False):
            return False
        try:
            self._round = self._new_round()
            self._thread = threading.Thread(
                target=_work, args=(self._client, self._outbox, self._round, self.channel), name="outbox", daemon=True
            )
            self._thread.start()
        except RuntimeError:  # the interpreter shuts down
            self._thread = None
            return False
        finally:
            self._lock.release()
        return True

    def send_here(self) -> bool:
        client = self._client()
        return client is not None and bool(client.run(self._new_round().send()))

    def stop(self, seconds: float) -> None:
        thread, this = self._thread, self._round
        this.stopped.set()
        self._outbox.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)
            if thread.is_alive():
                this.give_back()

    async def astop(self) -> None:
        await asyncio.to_thread(self.stop, self._outbox.exit_timeout)

    def close(self) -> None:
        """The client is closed. What is not durable is sent first, as far as that is possible in `exit_timeout`."""
        if not self._outbox.durable and not in_loop():
            self._outbox.flush(self._outbox.exit_timeout)
        self.stop(self._outbox.exit_timeout)


def _work(ref: weakref.ref[Any], outbox: BaseOutbox, this: Round, channel: str) -> None:
    """A thread's life. It holds the client only while it sends, so that a forgotten one can go."""
    while not this.stopped.is_set():
        signal = outbox.signal()
        client = ref()
        if client is None:
            return
        try:
            busy = client.run(this.send())
        except Exception:
            log.exception("the outbox' courier failed")
            this.stopped.wait(_AFTER_A_BUG)
            busy = False
        del client
        if not busy:
            wait([signal], outbox.patience(channel))


class TaskCourier(_Courier):
    """Sends in a task of the loop on which the client is used."""

    _task: asyncio.Task[None] | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self, client: _Sender, outbox: BaseOutbox, base_url: str) -> None:
        super().__init__(client, outbox, base_url)
        outbox.attach(self)
        if in_loop() and self.wanted():
            self.ensure()

    def ensure(self) -> bool:
        task = self._task
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._loop is not None and self._loop.is_running() and task is not None and not task.done()
        if task is not None and self._loop is loop and not task.done():
            return True
        if self._client() is None:
            return False
        self._round, self._loop = self._new_round(), loop
        self._task = loop.create_task(_awork(self._client, self._outbox, self._round, self.channel), name="outbox")
        return True

    def able(self) -> bool:
        return in_loop() or (self._loop is not None and self._loop.is_running())

    def send_here(self) -> bool:
        return False

    def stop(self, seconds: float) -> None:
        task, loop = self._task, self._loop
        if task is not None and loop is not None and not loop.is_closed() and not task.done():
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)
        self._round.stopped.set()

    async def astop(self) -> None:
        task, self._task = self._task, None
        if task is not None and self._loop is asyncio.get_running_loop():
            task.cancel()
            await asyncio.wait([task])

    async def aclose(self) -> None:
        """The client is closed. What is not durable is sent first, as far as that is possible in `exit_timeout`."""
        if not self._outbox.durable:
            await self._outbox.aflush(self._outbox.exit_timeout)
        await self.astop()


async def _awork(ref: weakref.ref[Any], outbox: BaseOutbox, this: Round, channel: str) -> None:
    """A task's life."""
    while not this.stopped.is_set():
        signal = outbox.signal()
        client = ref()
        if client is None:
            return
        try:
            busy = await client.run(this.send())
        except Exception:
            log.exception("the outbox' courier failed")
            await asyncio.sleep(_AFTER_A_BUG)
            busy = False
        del client
        if busy:
            await asyncio.sleep(0)
        else:
            rest = await asyncio.to_thread(outbox.patience, channel) if outbox.blocking else outbox.patience(channel)
            await settled(signal, rest)

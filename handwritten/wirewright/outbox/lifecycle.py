"""Forks and the end of the process: what must happen to every outbox then.

A fork waits until no thread is in the middle of a store's work (milliseconds), so that no lock is inherited locked and
no SQLite call is cut in two. The child has none of what its parent queued in memory, and opens files and connections of
its own. At the end of the process all outboxes share one deadline, the longest `exit_timeout` among them.
"""

from __future__ import annotations

import atexit
import os
import time
import weakref
from typing import Protocol

from wirewright.hooks import log


class Courier(Protocol):
    """Somebody who sends what an outbox has queued, for one client."""

    @property
    def channel(self) -> str: ...

    def ensure(self) -> bool:
        """Be at work; False when that is not possible here and now."""
        ...

    def able(self) -> bool:
        """Whether it can send at all, now or soon."""
        ...

    def send_here(self) -> bool:
        """Send what is due, in this thread; False when there was nothing, or it cannot be done."""
        ...

    def stop(self, seconds: float) -> None:
        """End, after what is being sent but within so many seconds; the rest is put back."""
        ...

    async def astop(self) -> None:
        """End now; what is being sent is put back."""
        ...


class Mortal(Protocol):
    """What is told of forks and of the end."""

    exit_timeout: float

    def lock_for_fork(self) -> None: ...

    def unlock_after_fork(self, *, child: bool) -> None: ...

    def at_exit(self, timeout: float) -> None: ...


_all: weakref.WeakSet[Mortal] = weakref.WeakSet()
_locked: list[Mortal] = []


def register(one: Mortal) -> None:
    """Tell it of forks and of the end, as long as it lives."""
    _all.add(one)


def _before_fork() -> None:
    _locked[:] = sorted(_all, key=id)
    for one in _locked:
        one.lock_for_fork()


def _after_fork(*, child: bool) -> None:
    while _locked:
        _locked.pop().unlock_after_fork(child=child)


@atexit.register
def at_exit() -> None:
    """End all outboxes."""
    everyone = list(_all)
    deadline = time.monotonic() + max((one.exit_timeout for one in everyone), default=0.0)
    for one in everyone:
        try:
            one.at_exit(max(0.0, deadline - time.monotonic()))
        except Exception:
            log.exception("an outbox could not be ended")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(child=False),
        after_in_child=lambda: _after_fork(child=True),
    )

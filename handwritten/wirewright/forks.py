"""Locks across forks: a child must not wait for a thread that only its parent has.

A fork waits until no thread is between `with self._lock` and its end (at most `PATIENCE`), so what the lock guards is
whole in the child. The child gets a lock of its own.
"""

from __future__ import annotations

import os
import threading
import weakref

PATIENCE = 2.0
"""Seconds that a fork waits for one lock. A limit, because a thread may have to wait for locks of others (of `logging`,
say) that were taken for the same fork before ours."""


class ForkSafe:
    """Base of what has a `_lock`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        _all.add(self)

    def before_fork(self) -> None:
        """Hold the lock."""
        self._held = self._lock.acquire(timeout=PATIENCE)

    def after_fork(self, *, child: bool) -> None:
        """Let it go; a child makes it anew, and may forget what other threads had begun."""
        if child:
            self._lock = threading.Lock()
        elif self._held:
            self._lock.release()
        self._held = False


_all: weakref.WeakSet[ForkSafe] = weakref.WeakSet()
_forking: list[ForkSafe] = []


def _before() -> None:
    _forking[:] = sorted(_all, key=id)
    for one in _forking:
        one.before_fork()


def _after(*, child: bool) -> None:
    while _forking:
        _forking.pop().after_fork(child=child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=lambda: _after(child=False), after_in_child=lambda: _after(child=True)
    )

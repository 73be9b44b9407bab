"""Room for work that recurses as deep as types lead to each other, which is deeper than Python's limit allows."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_FRAMES = 200_000
_BYTES = 512 * 1024 * 1024  # of addresses; what is not used costs no memory
_one = [threading.Lock()]  # at a time: the limit is the whole interpreter's


def _anew() -> None:
    _one[0] = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)  # the thread that held it is not in the child


def deeply(work: Callable[[], T]) -> T:
    """What `work` returns or raises; done in a thread with a stack of its own when this one is not deep enough."""
    try:
        return work()
    except RecursionError:
        return in_a_deep_thread(work)


def in_a_deep_thread(work: Callable[[], T]) -> T:
    """What `work` returns or raises, done in a thread with a large stack."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # it is raised again where it is waited for
            errors.append(error)

    with _one[0]:
        frames, size = sys.getrecursionlimit(), threading.stack_size(_BYTES)
        sys.setrecursionlimit(_FRAMES)
        try:
            thread = threading.Thread(target=run, name="wirewright-deep")
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(frames)
            threading.stack_size(size)
    if errors:
        raise errors[0]
    return results[0]

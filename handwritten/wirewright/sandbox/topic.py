"""An ordered log that any number of streams follow: publish once, replay from an id, then live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from wirewright.sandbox.answers import Event


class Lagged(Exception):  # noqa: N818 - a fact about the reader
    """A follower was slower than its backlog allows; nothing more is delivered to it."""


class _Follower:
    __slots__ = ("ended", "lagged", "pending", "wanted", "woken")

    def __init__(self, wanted: Callable[[Event], bool] | None) -> None:
        self.wanted = wanted
        self.pending: deque[Event] = deque()
        self.woken = asyncio.Event()
        self.lagged = False
        self.ended = False


class Topic:
    """Events with ids 1, 2, 3 ... (as text, unless given). The last `keep` are held for replay.

    A follower that is more than `backlog` events behind is cut off: its iterator raises `Lagged`.
    """

    def __init__(self, *, keep: int = 100_000, backlog: int = 10_000) -> None:
        self._log: deque[Event] = deque(maxlen=keep)
        self._backlog = backlog
        self._followers: set[_Follower] = set()
        self._count = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._log)

    @property
    def followers(self) -> int:
        return len(self._followers)

    def publish(self, event: str | None, data: Any, id: str | None = None) -> Event:
        """Adds an event and wakes the followers. Call it in the sandbox's event loop."""
        self._count += 1
        made = Event(event, data, str(self._count) if id is None else id)
        self._log.append(made)
        for follower in self._followers:
            if follower.wanted is None or follower.wanted(made):
                if len(follower.pending) >= self._backlog:
                    follower.lagged = True
                else:
                    follower.pending.append(made)
                follower.woken.set()
        return made

    def follow(
        self,
        *,
        after: str | None = None,
        replay: bool = False,
        start: Callable[[Event], bool] | None = None,
        where: Callable[[Event], bool] | None = None,
    ) -> AsyncIterator[Event]:
        """Live events, registered from this call on, after those that were missed.

        `after`: replay what came after the event with this id (everything held, when the id is not held any more);
        `replay=True`: replay everything held; `start`: replay from the first event for which it holds.
        `where` filters what is replayed and what is live.
        """
        follower = _Follower(where)
        if after is not None or replay or start is not None:
            follower.pending.extend(event for event in self._missed(after, start) if where is None or where(event))
        self._followers.add(follower)
        follower.ended = self._closed
        return self._deliver(follower)

    def close(self) -> None:
        """Ends all followers once they have delivered what is pending."""
        self._closed = True
        for follower in self._followers:
            follower.ended = True
            follower.woken.set()

    def _missed(self, after: str | None, start: Callable[[Event], bool] | None) -> list[Event]:
        held = list(self._log)
        if after is not None:
            index = next((i for i in range(len(held) - 1, -1, -1) if held[i].id == after), -1)
            return held[index + 1 :]
        if start is not None:
            return held[next((i for i, event in enumerate(held) if start(event)), len(held)) :]
        return held

    async def _deliver(self, follower: _Follower) -> AsyncIterator[Event]:
        try:
            while True:
                while follower.pending:
                    yield follower.pending.popleft()
                if follower.lagged:
                    raise Lagged
                if follower.ended:
                    return
                follower.woken.clear()
                await follower.woken.wait()
        finally:
            self._followers.discard(follower)

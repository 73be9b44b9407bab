"""The life of a stream over its connections: when to reconnect, after how long, from where. No I/O.

The rules, beside those of the WHATWG text: the delay grows until a connection was healthy for a while; 204 ends a
stream; what was delivered once is not delivered again; a stream that cannot be resumed ends with an error rather than
with a gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from wirewright.sse import MAX_EVENT_BYTES, RawEvent

_REMEMBERED_IDS = 4096


class ReconnectPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream survives its connection.

    - `when`: "auto" reconnects after a break when nothing can be lost or repeated by it (the operation is idempotent,
      and an event id says where to go on, or nothing was delivered yet), and after a clean end when the server said to
      (it sent a `retry`). "always" reconnects after every end but 204, "never" never.
    - `base`, `factor`, `cap`: seconds of delay; half of it is random. The server's `retry` replaces `base`, and the
      delay is never shorter.
    - `healthy_after`: the delay starts over once a connection lived so many seconds.
    - `attempts`: connections in a row without a single event before giving up; None is never.
    - `idle_timeout`: seconds of silence (no event, no comment) after which the connection counts as broken; None is for
      ever. Choose two or three of the server's heartbeats.
    - `max_event_bytes`: larger events raise `DecodeError`; iterating on goes on behind them.
    """

    when: Literal["auto", "always", "never"] = "auto"
    base: float = 1.0
    factor: float = 2.0
    cap: float = 30.0
    healthy_after: float = 60.0
    attempts: int | None = 10
    idle_timeout: float | None = 300.0
    max_event_bytes: int = MAX_EVENT_BYTES


class Session:
    """What is known of one stream. `safe`: its operation may be repeated."""

    def __init__(self, policy: ReconnectPolicy, *, safe: bool, last_event_id: str = "") -> None:
        self.policy = policy
        self.last_event_id = last_event_id
        self.connections = 0
        self._safe = safe
        self._retry: float | None = None
        self._delivered = False
        self._opened_at: float | None = None
        self._exponent = 0
        self._fruitless = 0
        self._ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._seen: set[str] = set()
        self._ids_unique = True
        self._resuming = False

    def headers(self) -> dict[str, str]:
        """What a (re)connecting request says."""
        return {"last-event-id": self.last_event_id} if self.last_event_id else {}

    def opened(self, now: float) -> None:
        """A connection answered with a stream."""
        self.connections += 1
        self._opened_at = now
        self._resuming = self.connections > 1 and bool(self.last_event_id)

    def accept(self, event: RawEvent) -> bool:
        """Whether an event is new. A server that resumes at an event rather than behind it repeats what we had."""
        self._fruitless = 0
        if event.own_id and event.id:
            if event.id in self._seen:
                if self._resuming and self._ids_unique:
                    return False
                self._ids_unique = False
            else:
                self._resuming = False
                self._remember(event.id)
        self._delivered = True
        self.last_event_id = event.id
        return True

    def _remember(self, id: str) -> None:
        if len(self._ids) == _REMEMBERED_IDS:
            self._seen.discard(self._ids[0])
        self._ids.append(id)
        self._seen.add(id)

    def heard(self, last_event_id: str, retry: int | None) -> None:
        """What blocks without data said: an id, or a reconnection time in milliseconds."""
        self.last_event_id = last_event_id
        if retry is not None:
            self._retry = retry / 1000

    def resumes(self, *, broken: bool) -> bool:
        """Whether to connect again after the connection broke, or ended well."""
        if self.policy.when == "never":
            return False
        if self.policy.when == "always":
            return True
        if not self._safe:
            return False
        if broken:
            return bool(self.last_event_id) or not self._delivered
        return self._retry is not None

    def delay(self, now: float, random: Callable[[], float]) -> float | None:
        """Seconds until the next connection; None when there were too many in vain."""
        if self._opened_at is not None and now - self._opened_at >= self.policy.healthy_after:
            self._exponent = 0
        self._opened_at = None
        self._fruitless += 1
        if self.policy.attempts is not None and self._fruitless > self.policy.attempts:
            return None
        grown = (self._retry or self.policy.base) * self.policy.factor ** min(self._exponent, 64)
        self._exponent += 1
        longest = min(max(self.policy.cap, self._retry or 0), grown)
        shortest = self._retry if self._retry is not None else longest / 2
        return shortest + random() * max(longest - shortest, shortest / 2)

"""What passes between a client, its outbox and the place where calls are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from wirewright.errors import WirewrightError


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that can be sent without the code that built it.

    It holds no credentials of its client: they are added when it is sent. What was given for this call alone is kept.

    - `id` stays the same over all its deliveries and is its idempotency key.
    - `base_url` is the client's that it was built for, `target` path and query below it; `server` replaces the base
      URL where the operation has a server of its own.
    - Calls of one `key` are sent in the order in which they were stored.
    """

    id: str
    operation: str
    method: str
    target: str
    headers: dict[str, str]
    content: bytes
    repeatable: bool
    base_url: str = ""
    server: str = ""
    key: str = ""

    def __repr__(self) -> str:
        path = self.target.partition("?")[0]
        return f"<StoredCall {self.id} {self.operation} {self.method} {self.server or self.base_url}{path}>"

    @property
    def size(self) -> int:
        """Bytes it counts for: body, headers and target."""
        return len(self.content) + len(self.target) + sum(map(len, self.headers)) + sum(map(len, self.headers.values()))


Fate = Literal["delivered", "rejected", "postponed"]
"""How an attempt at delivery ended. The server will never take what it `rejected`; `postponed` is tried later."""

DropReason = Literal["full", "too_large", "expired", "rejected", "exhausted", "shutdown"]
"""Why a call was given up: no room (by count or bytes), larger than the whole room, too old, refused by the server,
tried `max_attempts` times, or in memory when the process ended."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What an outbox says of a call that it was handed.

    - `kept`: it is the outbox's now; otherwise it was refused, `reason` says why, and nothing was done.
    - `durable`: it is on disk (or with the broker), not in memory alone; `reason` says why not where it should be.
    - `try_now`: the caller is to try it at once, for at most `seconds`, and to settle it.
    """

    kept: bool
    durable: bool = False
    try_now: bool = False
    seconds: float | None = None
    reason: str = ""


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all calls that were ever handed over: `total == delivered + queued + sum(dropped.values())`.

    `bytes` is the size of what is queued.
    """

    total: int = 0
    delivered: int = 0
    queued: int = 0
    dropped: Mapping[str, int] = {}
    bytes: int = 0

    def __add__(self, other: Stats) -> Stats:
        dropped = {**self.dropped}
        for reason, count in other.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        return Stats(
            total=self.total + other.total,
            delivered=self.delivered + other.delivered,
            queued=self.queued + other.queued,
            dropped=dropped,
            bytes=self.bytes + other.bytes,
        )


class OutboxLike(Protocol):
    """What `deliver` asks of an outbox. Methods are thread-safe; where they may block, async clients call them in a
    thread.
    """

    def store(self, call: StoredCall) -> Receipt:
        """Take the call; when this returns, it is kept as the receipt says."""
        ...

    def settle(self, call: StoredCall, fate: Fate, error: WirewrightError | None = None) -> None:
        """How the try that a receipt asked for ended; `postponed` without an error is that there was none."""
        ...


def blocks(outbox: Any) -> bool:
    """Whether an outbox' methods may wait for a disk or a network; unless it says otherwise, they may."""
    return bool(getattr(outbox, "blocking", True))

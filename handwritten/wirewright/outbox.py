"""The seam between `deliver` and a durable outbox.

A client with an outbox hands it every delivery before the first attempt. The outbox says whether to try at once, and
hears how that went; what it keeps it sends later with `Client.replay`.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that can be sent without the code that built it. Holds no credentials: they are added when it is sent.

    `id` stays the same over all its deliveries and is its idempotency key. `target` is path and query below the
    client's base URL.
    """

    id: str
    operation: str
    method: str
    target: str
    headers: dict[str, str]
    content: bytes
    repeatable: bool


Fate = Literal["delivered", "rejected", "postponed"]


class Outbox(Protocol):
    """What `deliver` asks of an outbox. Methods are called off the event loop, may block, and are thread-safe."""

    def store(self, call: StoredCall) -> bool:
        """Keep the call; when this returns, it is kept. True: try it now; False: it waits its turn."""
        ...

    def settle(self, call: StoredCall, fate: Fate, reason: str = "") -> None:
        """How an attempt at delivery ended.

        `delivered` and `rejected` (the server will never take it) are final; a `postponed` call is to be tried later.
        """
        ...

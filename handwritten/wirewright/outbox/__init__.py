"""Outboxes: calls that cannot be delivered now are kept, and delivered later.

    from wirewright import Client, Outbox

    outbox = Outbox("out.db")
    with Client("https://api.example.com", outbox=outbox) as client:
        outcome = client.deliver(api.emit(record))       # on disk before the first attempt; never raises
        outbox.flush(5.0)                                # True: all that was queued has been delivered
        outbox.stats()                                   # total == delivered + queued + dropped

With the `AsyncClient` the same, and `await outbox.aflush(5.0)`. Three of them have this face: `Outbox` (a SQLite file,
for one machine and any number of processes), `RedisOutbox` (for several machines), `MemoryOutbox` (for high rates,
where the caller must never wait and losing some is allowed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach
from wirewright.outbox.values import DropReason, Fate, OutboxLike, Receipt, Stats, StoredCall, blocks

if TYPE_CHECKING:
    from wirewright.outbox.base import BaseOutbox
    from wirewright.outbox.kinds import MemoryOutbox, Outbox, json_array
    from wirewright.outbox.redis import RedisOutbox
    from wirewright.outbox.store import Limits, Store, StoreError

_HOMES = {
    "base": "BaseOutbox",
    "store": "Limits Store StoreError",
    "kinds": "MemoryOutbox Outbox json_array",
    "redis": "RedisOutbox",
}

__all__ = [
    "BaseOutbox",
    "DropReason",
    "Fate",
    "Limits",
    "MemoryOutbox",
    "Outbox",
    "OutboxLike",
    "Receipt",
    "RedisOutbox",
    "Stats",
    "Store",
    "StoreError",
    "StoredCall",
    "blocks",
    "json_array",
]

__getattr__, __dir__ = attach(__name__, _HOMES)

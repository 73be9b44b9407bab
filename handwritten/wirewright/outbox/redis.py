"""Calls kept by a Redis server, for apps on several machines: streams, read by a consumer group. Extra `outbox-redis`.

A channel is spread over a fixed number of streams by key; whoever holds a stream's lease sends its calls, in order, and
inherits what a process that died had taken. So calls of one key stay in order over all machines, and every call is sent
at least once.
"""

from __future__ import annotations

import importlib
import os
import socket
import threading
import uuid
import zlib
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import msgspec

from wirewright.outbox import redis_scripts
from wirewright.outbox.base import BaseOutbox
from wirewright.outbox.store import Added, Claimed, Dropped, Lease, Limits, StoreError
from wirewright.outbox.values import DropReason, Stats, StoredCall

GROUP = "couriers"
_WINDOW = 256
"""How far behind calls that wait it is looked for others, in each stream."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredCall).decode


class _Script(Protocol):
    def __call__(self, *, keys: Sequence[str], args: Sequence[Any]) -> Any: ...


class _Server(Protocol):
    """What is used of redis-py."""

    def register_script(self, script: str) -> _Script: ...
    def hgetall(self, name: str) -> dict[bytes, bytes]: ...
    def hexists(self, name: str, key: str) -> bool: ...
    def smembers(self, name: str) -> set[bytes]: ...
    def sadd(self, name: str, *values: str) -> int: ...
    def delete(self, *names: str) -> int: ...
    def close(self) -> None: ...


class RedisOutbox(BaseOutbox):
    """As `Outbox`, with a Redis server (7.0 or later) in the place of the file: `RedisOutbox("redis://queue:6379/0")`.

    - `name`: outboxes of one name share their calls, on however many machines.
    - `streams`: over how many streams the calls to one base URL are spread: so many machines can send at once. All that
      share a name must say the same.
    - `max_count` and the others: as with `Outbox`.

    `deliver` only queues; it never tries a call itself. What is acknowledged is as safe as the server keeps it: with
    `appendonly yes` and `appendfsync always` it survives a power cut, with `everysec` the last second may be lost.
    While the server cannot be reached calls are kept in memory, and `degraded` and `Outcome.durable` say so.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "outbox",
        streams: int = 16,
        max_count: int | None = 1_000_000,
        max_bytes: int | None = 1024**3,
        max_age: float | None = 7 * 24 * 3600.0,
        drop: Literal["newest", "oldest"] = "newest",
        lease: float = 60.0,
        timeout: float = 2.0,
        **options: Any,
    ) -> None:
        limits = Limits(count=max_count, bytes=max_bytes, age=max_age, drop=drop)
        connected = _library().Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        store = RedisStore(connected, limits, name=name, streams=streams, lease_seconds=lease)
        options["send_now"] = False
        super().__init__(store, limits, lease=lease, **options)


def _library() -> Any:
    """redis-py, asked for when an outbox is made: its name can be imported everywhere."""
    try:
        return importlib.import_module("redis")
    except ModuleNotFoundError as error:
        hint = "RedisOutbox needs redis: pip install 'wirewright[outbox-redis]'"
        raise ModuleNotFoundError(hint, name=error.name) from None


class _Token(msgspec.Struct, frozen=True):
    entry: str
    stream: int
    owner: str
    size: int


class RedisStore:
    """A `Store` on a Redis server."""

    blocking = True
    durable = True

    def __init__(self, server: _Server, limits: Limits, *, name: str, streams: int, lease_seconds: float) -> None:
        self._server, self._limits, self._name, self._streams = server, limits, name, streams
        self._lease_ms = int(lease_seconds * 1000)
        self._consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        script = server.register_script
        self._add, self._claim, self._finish = (
            script(redis_scripts.ADD),
            script(redis_scripts.CLAIM),
            script(redis_scripts.FINISH),
        )
        self._postpone, self._renew, self._release = (
            script(redis_scripts.POSTPONE),
            script(redis_scripts.RENEW),
            script(redis_scripts.RELEASE),
        )
        self._look, self._ends, self._waiting = (
            script(redis_scripts.LOOK),
            script(redis_scripts.ENDS),
            script(redis_scripts.WAITING),
        )
        self._errors: type[Exception] = _library().RedisError
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()  # leased calls by owner of a stream's lease
        self._next = 0
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"redis {self._name!r}"

    # -- names

    def _named(self, channel: str, what: str) -> str:
        return f"wirewright:{{{self._name}:{channel}}}:{what}"

    def _all(self, channel: str, what: str) -> list[str]:
        return [self._named(channel, f"{what}:{number}") for number in range(self._streams)]

    def _stream_of(self, key: str) -> int:
        return zlib.crc32(key.encode()) % self._streams

    @contextmanager
    def _asking(self) -> Generator[None]:
        try:
            yield
        except self._errors as error:
            raise StoreError(f"redis: {error}") from error

    # -- in and out

    def add(self, call: StoredCall, channel: str, now: float, *, lease: bool) -> Added:
        limits = self._limits
        names = [self._named(channel, what) for what in ("totals", "ids", "keys")]
        arguments = (
            self._stream_of(call.key),
            call.id,
            call.key,
            call.size,
            f"{now:017.6f}",
            _encode(call),
            -1 if limits.count is None else limits.count,
            -1 if limits.bytes is None else limits.bytes,
            int(limits.drop == "oldest"),
            GROUP,
        )
        with self._asking():
            if channel not in self._known:
                self._server.sadd(f"wirewright:{self._name}:channels", channel)
                self._known.add(channel)
            what, *victims = self._add(keys=[*names, *self._all(channel, "stream")], args=arguments)
        dropped: list[Dropped] = [(_decode(victim), "full") for victim in victims]
        if what == b"kept":
            return Added(kept=True, dropped=dropped)
        return Added(kept=False, dropped=[*dropped, (call, "too_large" if what == b"too_large" else "full")])

    def claim(self, channel: str, now: float, limit: int) -> Claimed:
        leases: list[Lease] = []
        dropped: list[Dropped] = []
        with self._lock:
            first, self._next = self._next, (self._next + 1) % self._streams
        for offset in range(self._streams):
            if len(leases) >= limit:
                break
            number = (first + offset) % self._streams
            claimed = self._claim_stream(channel, number, now, limit - len(leases))
            leases += claimed.leases
            dropped += claimed.dropped
        return Claimed(leases=leases, dropped=dropped)

    def _claim_stream(self, channel: str, number: int, now: float, limit: int) -> Claimed:
        owner = uuid.uuid4().hex
        names = [self._named(channel, f"{what}:{number}") for what in ("stream", "lease", "due", "tries")]
        with self._asking():
            entries = self._claim(keys=names, args=[GROUP, self._consumer, owner, self._lease_ms, max(limit, _WINDOW)])
        held: set[bytes] = set()
        mine: list[Lease] = []
        old: list[Lease] = []
        for entry, key, size, stored_at, call, due, tries in entries:
            token = _Token(entry.decode(), number, owner, int(size))
            lease = Lease(call=_decode(call), channel=channel, token=token, attempts=int(tries))
            if self._limits.age is not None and float(stored_at) <= now - self._limits.age:
                old.append(lease)
            elif key not in held and float(due) <= now and len(mine) < limit:
                mine.append(lease)
            else:
                held.add(key)
        if entries:
            with self._lock:
                self._open[owner] = len(mine) + len(old)
        for lease in old:
            self.finish(lease, "expired")
        if entries and not mine:
            self._close(channel, number, owner, 0)
        return Claimed(leases=mine, dropped=[(lease.call, "expired") for lease in old])

    # -- afterwards

    def renew(self, lease: Lease, now: float) -> bool:
        token: _Token = lease.token
        with self._asking():
            name = self._named(lease.channel, f"lease:{token.stream}")
            return bool(self._renew(keys=[name], args=[token.owner, self._lease_ms]))

    def finish(self, lease: Lease, reason: DropReason | None) -> None:
        token: _Token = lease.token
        names = [self._named(lease.channel, f"{what}:{token.stream}") for what in ("stream", "due", "tries")]
        names += [self._named(lease.channel, what) for what in ("totals", "ids", "keys")]
        counted = "delivered" if reason is None else f"dropped:{reason}"
        with self._asking():
            self._finish(keys=names, args=[GROUP, token.entry, lease.call.id, lease.call.key, token.size, counted])
        self._close(lease.channel, token.stream, token.owner, 1)

    def put_back(self, leases: Sequence[Lease], due_at: float, *, attempted: bool) -> None:
        for lease in leases:
            token: _Token = lease.token
            names = [self._named(lease.channel, f"{what}:{token.stream}") for what in ("due", "tries")]
            with self._asking():
                self._postpone(keys=names, args=[token.entry, lease.call.key, f"{due_at:.6f}", int(attempted)])
            self._close(lease.channel, token.stream, token.owner, 1)

    def _close(self, channel: str, number: int, owner: str, ended: int) -> None:
        """So many calls of a stream's lease have ended; with the last, others may have the stream."""
        with self._lock:
            self._open[owner] -= ended
            if self._open[owner] > 0:
                return
            del self._open[owner]
        with self._asking():
            self._release(keys=[self._named(channel, f"lease:{number}")], args=[owner])

    # -- looking

    def due_at(self, channel: str, now: float) -> float | None:
        names = [name for what in ("stream", "lease", "due") for name in self._all(channel, what)]
        with self._asking():
            found: bytes = self._look(keys=names, args=[f"{now:.6f}"])
        return float(found) if found else None

    def hurry(self, channel: str, now: float) -> None:
        with self._asking():
            self._server.delete(*self._all(channel, "due"))

    def holds(self, channel: str, key: str) -> bool:
        with self._asking():
            return self._server.hexists(self._named(channel, "keys"), key)

    def stats(self, channel: str | None = None) -> Stats:
        with self._asking():
            known = self._server.smembers(f"wirewright:{self._name}:channels")
            channels = [one.decode() for one in known] if channel is None else [channel]
            found = [self._server.hgetall(self._named(one, "totals")) for one in channels]
        return sum((_stats(one) for one in found), Stats())

    def mark(self, channel: str) -> list[bytes]:
        with self._asking():
            ends: list[bytes] = self._ends(keys=self._all(channel, "stream"), args=[])
            return ends

    def waiting(self, channel: str, mark: list[bytes]) -> bool:
        with self._asking():
            return bool(self._waiting(keys=self._all(channel, "stream"), args=mark))

    def close(self) -> None:
        self._server.close()

    def lock_for_fork(self) -> None:
        self._lock.acquire()

    def unlock_after_fork(self, *, child: bool) -> None:
        self._lock.release()
        if child:
            self._open.clear()
            self._consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _stats(fields: dict[bytes, bytes]) -> Stats:
    numbers = {name.decode(): int(value) for name, value in fields.items()}
    dropped = {name.removeprefix("dropped:"): n for name, n in numbers.items() if name.startswith("dropped:")}
    return Stats(
        total=numbers.get("total", 0),
        delivered=numbers.get("delivered", 0),
        queued=numbers.get("queued", 0),
        dropped=dropped,
        bytes=numbers.get("bytes", 0),
    )

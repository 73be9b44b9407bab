"""Kill -9, many times: a process that writes to an outbox, and one that sends from it.

    python tests/faults/crash.py [--rounds 1000] [--seed N] [--redis URL]          (nox -s crash)

So many rounds kill a process that writes (every other one sends, too), and as many kill one that sends what another
wrote, twice. Each round has a file of its own (with --redis, a name of its own on that server), and a kill comes at a
random moment. Promised, and checked: every call that was acknowledged is there or was delivered; none is there by
halves; the counts add up; all deliveries of a call carry the same id and the same body, and first ones come in the
order of their key. The server is not kind either: it answers some requests with an error, and breaks some connections
after the effect.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from wirewright import Client, Content, Operation, Outbox, RedisOutbox, Request, RetryPolicy, StoredCall, SystemClock
from wirewright.outbox import BaseOutbox

EMIT = Operation("emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()})
BACKOFF = RetryPolicy(base=0.005, cap=0.02)
CALLS = 40


class Later(SystemClock):
    """The real clock, two minutes ahead: the leases of the dead have ended."""

    def time(self) -> float:  # type: ignore[override]
        return time.time() + 120


# The server, in a process of its own ----------------------------------------------------------------------------------


async def serve(log: Path, port: int, seed: int) -> None:
    luck = random.Random(seed)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields["content-length"]))
                fate = luck.random()
                if fate > 0.05:  # it takes effect, even if nobody hears of it
                    with log.open("ab") as file:
                        file.write(json.dumps([fields["idempotency-key"], body.decode()]).encode() + b"\n")
                if fate > 0.1:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                elif fate > 0.05:
                    writer.transport.abort()
                    return
                else:
                    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def start_server(log: Path, seed: int) -> tuple[int, int]:
    """Its process id and port."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        asyncio.run(serve(log, 0, seed))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pid, int(pipe.readline())


# The processes that are killed ----------------------------------------------------------------------------------------


class Kept:
    """Where calls are kept: on a Redis server, else in a file."""

    redis = ""


def outbox_of(path: Path, **options: Any) -> BaseOutbox:
    if Kept.redis:
        return RedisOutbox(Kept.redis, name=str(path), streams=4, **options)
    return Outbox(path, **options)


def client_of(path: Path, port: int, *, send_now: bool, **options: Any) -> Client:
    outbox = outbox_of(path, send_now=send_now, backoff=BACKOFF, exit_timeout=0.1, **options)
    return Client(f"http://127.0.0.1:{port}", outbox=outbox, retry=None)


def write(path: Path, port: int, acknowledged: int, *, sending: bool) -> None:
    """Deliver, and say so of each that was acknowledged."""
    client = client_of(path, port, send_now=sending)
    if not sending:
        client._courier.ensure = lambda: False  # this one only writes
    for n in range(1000):
        body = {"n": n, "pad": "x" * (n * 37 % 500)}
        request = Request(EMIT, body=body).with_options(ordering_key=str(n % 3), idempotency_key=f"id-{n}")
        outcome = client.deliver(request)
        if outcome.success or (outcome.queued and outcome.durable):
            os.write(acknowledged, f"{n}\n".encode())


def send(path: Path, port: int, ready: int) -> None:
    """Send what is there."""
    client = client_of(path, port, send_now=False)
    client._courier.ensure()
    os.write(ready, b"go\n")
    time.sleep(30)


def kill_after(work: Any, seconds: float) -> list[str]:
    """Fork a process for the work, kill it so long after its first word, and answer with all its words."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            work(writing)
        finally:
            os._exit(0)
    os.close(writing)
    said = os.read(reading, 1)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while chunk := os.read(reading, 65536):
        said += chunk
    os.close(reading)
    return said.decode().split("\n")[:-1]


# What must hold afterwards --------------------------------------------------------------------------------------------


def check_kept(path: Path) -> dict[str, bytes]:
    """The calls that are kept, by id: whole ones, and as many as are counted."""
    outbox = outbox_of(path, clock=Later())
    stats = outbox.stats()
    assert stats.total == stats.delivered + stats.queued + sum(stats.dropped.values()), stats
    rows = rows_in_redis(path) if Kept.redis else rows_in_file(path, stats.queued)
    assert len(rows) == stats.queued
    left: dict[str, bytes] = {}
    for id, blob in rows:
        call = msgspec.msgpack.decode(blob, type=StoredCall)
        body = json.loads(call.content)
        assert id == call.id == f"id-{body['n']}"
        assert len(body["pad"]) == body["n"] * 37 % 500
        left[id] = call.content
    outbox.close(0)
    return left


def rows_in_file(path: Path, queued: int) -> list[tuple[str, bytes]]:
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT IFNULL(SUM(queued), 0) FROM keys").fetchone() == (queued,)
        return db.execute("SELECT id, call FROM calls ORDER BY seq").fetchall()


def named_in_redis(path: Path, what: str) -> tuple[Any, list[bytes]]:
    import redis

    server = redis.Redis.from_url(Kept.redis)
    return server, list(server.scan_iter(match=f"wirewright:{{{path}:*:{what}:*"))


def rows_in_redis(path: Path) -> list[tuple[str, bytes]]:
    server, streams = named_in_redis(path, "stream")
    entries = [fields for stream in streams for _, fields in server.xrange(stream)]
    return [(fields[b"i"].decode(), fields[b"c"]) for fields in entries]


def delivered_to(log: Path) -> list[tuple[str, str]]:
    return [tuple(json.loads(line)) for line in log.read_bytes().splitlines()] if log.exists() else []


def check_deliveries(log: Path) -> Counter[str]:
    """Every id with one body; first deliveries in the order of their key."""
    deliveries = delivered_to(log)
    bodies: dict[str, str] = {}
    order: dict[int, list[int]] = {}
    for id, body in deliveries:
        assert bodies.setdefault(id, body) == body, f"{id} came with two bodies"
        n = json.loads(body)["n"]
        firsts = order.setdefault(n % 3, [])
        if n not in firsts:
            firsts.append(n)
    for key, numbers in order.items():
        assert numbers == sorted(numbers), f"key {key} was delivered as {numbers}"
    return Counter(id for id, _ in deliveries)


def finish(path: Path, port: int) -> None:
    """Another process delivers what is left."""
    if Kept.redis:
        expire_leases(path)
    pid = os.fork()
    if pid == 0:
        client = client_of(path, port, send_now=False, clock=Later())
        client._courier.ensure()
        os._exit(0 if client.settings.outbox.flush(20.0) else 1)  # type: ignore[union-attr]
    _, status = os.waitpid(pid, 0)
    assert status == 0, "what was left could not be delivered"


def writer_round(directory: Path, port: int, luck: random.Random) -> int:
    """A process that only writes is killed: what it acknowledged is there."""
    path = directory / "out.db"
    said = kill_after(lambda pipe: write(path, port, pipe, sending=False), luck.random() ** 2 * 0.05)
    left = check_kept(path)
    lost = {f"id-{n}" for n in said} - left.keys()
    assert not lost, f"acknowledged and lost: {lost}"
    assert len(left) <= len(said) + 1
    return len(said)


def both_round(directory: Path, port: int, log: Path, luck: random.Random) -> int:
    """A process that writes and sends is killed; another sends the rest: what was acknowledged was delivered."""
    path = directory / "out.db"
    said = kill_after(lambda pipe: write(path, port, pipe, sending=luck.random() < 0.5), luck.random() ** 2 * 0.1)
    check_kept(path)
    finish(path, port)
    lost = {f"id-{n}" for n in said} - check_deliveries(log).keys()
    assert not lost, f"acknowledged and never delivered: {lost}"
    return len(said)


def sender_round(directory: Path, port: int, log: Path, luck: random.Random) -> int:
    """A process that sends what another wrote is killed, again and again."""
    path = directory / "out.db"
    client = client_of(path, port, send_now=False)
    client._courier.ensure = lambda: False
    for n in range(CALLS):
        request = Request(EMIT, body={"n": n, "pad": "x" * (n * 37 % 500)})
        client.deliver(request.with_options(ordering_key=str(n % 3), idempotency_key=f"id-{n}"))
    client.close()
    client.settings.outbox.close(0)  # type: ignore[union-attr]
    for _ in range(2):
        kill_after(lambda pipe: send(path, port, pipe), luck.random() * 0.03)
        left = check_kept(path)
        assert left.keys() | check_deliveries(log).keys() == {f"id-{n}" for n in range(CALLS)}
        expire_leases(path)
    finish(path, port)
    assert check_deliveries(log).keys() == {f"id-{n}" for n in range(CALLS)}
    return CALLS


def expire_leases(path: Path) -> None:
    """As time would."""
    if Kept.redis:
        server, leases = named_in_redis(path, "lease")
        server.delete(*leases, *named_in_redis(path, "due")[1], "none")
        return
    with sqlite3.connect(path) as db:
        db.execute("UPDATE keys SET leased_until = 0, due_at = 0")


def run(rounds: int, seed: int) -> dict[str, Any]:
    luck = random.Random(seed)
    calls: Counter[str] = Counter()
    repeated = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as root:
        for number in range(2 * rounds):
            directory = Path(root) / str(number)
            directory.mkdir()
            log = directory / "log"
            kind = ("write", "both", "send", "send")[number % 4]
            if kind == "write":
                calls[kind] += writer_round(directory, 1, luck)
                continue
            pid, port = start_server(log, luck.getrandbits(32))
            try:
                play = both_round if kind == "both" else sender_round
                calls[kind] += play(directory, port, log, luck)
                repeated += sum(count - 1 for count in check_deliveries(log).values())
            finally:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    return {
        "rounds": rounds,
        "seed": seed,
        "calls": dict(calls),
        "delivered more than once": repeated,
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--redis", default="", metavar="URL", help="kill processes that keep their calls there")
    options = parser.parse_args()
    Kept.redis = options.redis
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    print(json.dumps(run(options.rounds, options.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A long time under faults: what a client holds at the end is what it held when it had warmed up.

    python tests/faults/soak.py [--requests 100000] [--events 1000000] [--seed N]          (nox -s soak)

A server in a process of its own misbehaves (errors, resets, truncated and garbled answers, slow ones; streams that
break anywhere), behind a proxy with toxics. Tasks and threads call it, outboxes deliver to it, streams resume from it.
Checked: nothing is raised but the documented errors; every event comes once, in order; the sums of the outboxes hold;
and between a tenth of the way and the end memory does not grow, and sockets, tasks and threads do not become more.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
from wirewright import (
    AsyncClient,
    Client,
    Content,
    MemoryOutbox,
    Operation,
    Outbox,
    ReconnectPolicy,
    Request,
    RetryPolicy,
    RetryQuota,
    StreamRequest,
    WirewrightError,
)
from wirewright.outbox import json_array
from wirewright.testing import ChaosProxy, Latency, ResetPeer, Slicer

ROUNDS = 20
TASKS, THREADS, STREAMS = 16, 4, 4
GROWTH = 24 * 1024 * 1024
"""Bytes that memory may grow by after it has warmed up: the allocator's noise, not a leak of 100 bytes a call."""


class Item(msgspec.Struct):
    n: int


EMIT = Operation(
    "emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), idempotency_header="Idempotency-Key",
    responses={"200": (Content("application/json", lambda: Item),)},
)  # fmt: skip
EVENTS = Operation(
    "events", "GET", "/events", codec="msgspec", responses={"200": (Content("text/event-stream", lambda: Item),)}
)


# The server -----------------------------------------------------------------------------------------------------------


async def serve(seed: int) -> None:
    luck = random.Random(seed)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode("latin-1").split("\r\n")
                fields = {name.lower(): value for name, _, value in (field.partition(": ") for field in rest)}
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                if line.startswith("GET"):
                    await stream(writer, fields, line)
                    break
                if not await reply(writer, body):
                    break
        writer.close()

    async def reply(writer: asyncio.StreamWriter, body: bytes) -> bool:
        fate, size = luck.random(), len(body)
        if fate < 0.01:
            writer.transport.abort()
        elif fate < 0.02:
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (size + 9)
            )
        elif fate < 0.05:
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno")
            return True
        else:
            if fate < 0.055:
                await asyncio.sleep(0.05)
            elif fate < 0.06:
                body = b"{" * size
            ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            writer.write(ok % size + body)
            return True
        return False

    async def stream(writer: asyncio.StreamWriter, fields: dict[str, str], line: str) -> None:
        end = int(line.partition("?to=")[2].partition(" ")[0])
        start = int(fields.get("last-event-id", -1)) + 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 1\n\n")
        stop = min(end, start + luck.randrange(1, 20_000))
        for first in range(start, stop, 500):
            numbers = range(first, min(stop, first + 500))
            writer.write(b"".join(b'id: %d\ndata: {"n":%d}\n\n' % (n, n) for n in numbers))
            await writer.drain()
        if stop < end and luck.random() < 0.5:
            writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def misbehaving(seed: int) -> Iterator[ChaosProxy]:
    """The server, and the proxy before it."""
    command = [sys.executable, __file__, "--serve", "--seed", str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        toxics = (
            Latency(0.001, jitter=0.001, toxicity=0.05),
            Slicer(900, 400, toxicity=0.05),
            ResetPeer(2.0, toxicity=0.02),
        )
        with ChaosProxy(("127.0.0.1", port), *toxics, seed=seed) as proxy:
            yield proxy
    finally:
        process.kill()
        process.wait()


# The callers ----------------------------------------------------------------------------------------------------------


class Soak:
    """One process full of callers."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory
        self.results: Counter[str] = Counter()
        self.events = 0
        self.samples: list[dict[str, int]] = []

    def options(self) -> dict[str, Any]:
        return {"retry": RetryPolicy(base=0.001, cap=0.01), "quota": RetryQuota(1e9), "timeout": 10.0}

    def note(self, work: Any) -> None:
        try:
            work()
        except WirewrightError as error:
            self.results[type(error).__name__] += 1
        else:
            self.results["ok"] += 1

    async def tasks(self, client: AsyncClient, count: int) -> None:
        async def worker(share: int) -> None:
            for n in range(share):
                try:
                    assert (await client.send(Request(EMIT, body={"n": n}))).n == n
                except WirewrightError as error:
                    self.results[type(error).__name__] += 1
                else:
                    self.results["ok"] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(worker(-(-count // TASKS)))

    def threads(self, client: Client, count: int) -> None:
        def worker() -> None:
            for n in range(-(-count // THREADS)):
                self.note(lambda n=n: client.send(Request(EMIT, body={"n": n})))

        workers = [threading.Thread(target=worker) for _ in range(THREADS)]
        for thread in workers:
            thread.start()
        for thread in workers:
            thread.join()

    async def streams(self, client: AsyncClient, count: int) -> None:
        policy = ReconnectPolicy(when="always", base=0.001, cap=0.01, attempts=None)

        async def follow(share: int) -> None:
            expected = 0
            async with client.stream(StreamRequest(EVENTS, query={"to": share}), reconnect=policy) as stream:
                async for item in stream:
                    assert item.n == expected, f"event {item.n} came in the place of {expected}"
                    expected += 1
                    if expected == share:
                        break
            self.events += expected

        async with asyncio.TaskGroup() as group:
            for _ in range(STREAMS):
                group.create_task(follow(count // STREAMS))

    async def deliveries(self, memory: AsyncClient, file: AsyncClient, count: int) -> None:
        for n in range(count):
            await memory.deliver(Request(EMIT, body={"n": n}))
            if n % 5 == 0:
                await file.deliver(Request(EMIT, body={"n": n}))
            if n % 50 == 0:
                await asyncio.sleep(0)

    async def rounds(self, requests: int, events: int) -> None:
        """Twenty rounds of everything, and a look after each."""
        in_memory = MemoryOutbox(combine=json_array("/r"), max_count=2000, backoff=RetryPolicy(base=0.01, cap=0.1))
        on_disk = Outbox(self.directory / "out.db", backoff=RetryPolicy(base=0.01, cap=0.1))
        delivered = max(1, requests // 10 // ROUNDS)
        async with (
            AsyncClient(self.url, **self.options()) as client,
            AsyncClient(self.url, outbox=in_memory, **self.options()) as memory,
            AsyncClient(self.url, outbox=on_disk, **self.options()) as file,
        ):
            with Client(self.url, **self.options()) as sync:
                for _ in range(ROUNDS):
                    begun = time.monotonic()
                    await self.tasks(client, requests * 6 // 10 // ROUNDS)
                    await asyncio.to_thread(self.threads, sync, requests * 3 // 10 // ROUNDS)
                    await self.deliveries(memory, file, delivered)
                    await self.streams(client, events // ROUNDS)
                    assert await on_disk.aflush(60.0) or on_disk.stats().dropped
                    self.look(time.monotonic() - begun)
            for outbox in (in_memory, on_disk):
                stats = outbox.stats()
                assert stats.total == stats.delivered + stats.queued + sum(stats.dropped.values()), stats
                self.results[f"{type(outbox).__name__} delivered"] = stats.delivered
                self.results[f"{type(outbox).__name__} dropped"] = sum(stats.dropped.values())
        in_memory.close()
        on_disk.close()

    def look(self, seconds: float) -> None:
        gc.collect()
        process = psutil.Process()
        sample = {
            "rss": process.memory_info().rss,
            "fds": process.num_fds(),
            "threads": threading.active_count(),
            "tasks": len(asyncio.all_tasks()),
        }
        self.samples.append(sample)
        print(f"{sample['rss'] / 1e6:.1f} MB, {sample} in {seconds:.1f} s", file=sys.stderr, flush=True)

    def check(self) -> dict[str, Any]:
        warm = self.samples[max(1, len(self.samples) // 10) :]
        first, last = warm[0], warm[-1]
        assert last["rss"] - first["rss"] < GROWTH, f"memory grew from {first['rss']} to {last['rss']} bytes"
        for what in ("fds", "threads", "tasks"):
            most = max(sample[what] for sample in warm[: len(warm) // 2 or 1])
            assert last[what] <= most + 8, f"{what} grew from {most} to {last[what]}"
        return {"first": first, "last": last}


def run(requests: int, events: int, seed: int) -> dict[str, Any]:
    begun = time.monotonic()
    before = (psutil.Process().num_fds(), threading.active_count())
    with tempfile.TemporaryDirectory(prefix="soak-") as directory, misbehaving(seed) as proxy:
        soak = Soak(proxy.url, Path(directory))
        asyncio.run(soak.rounds(requests, events))
        held = soak.check()
    gc.collect()
    after = (psutil.Process().num_fds(), threading.active_count())
    assert after[0] <= before[0] + 2, f"{after[0] - before[0]} descriptors were left open"
    assert after[1] <= before[1], f"threads were left: {threading.enumerate()}"
    sent = sum(soak.results.values())
    return {
        "requests and deliveries": sent,
        "events": soak.events,
        "seed": seed,
        "results": dict(soak.results),
        "connections": proxy.connections,
        **held,
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.seed))
        return 0
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    print(json.dumps(run(options.requests, options.events, options.seed), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

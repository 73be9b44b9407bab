"""`deliver()` into memory and into a file: records per second, and how long a caller waits, whatever the server does.

    python tests/benchmarks/bench_delivery.py [--records N] [--rounds N]

The server is alive (in a process of its own), slow (50 ms an answer), or dead (accepts, and never answers). Without an
outbox, for comparison, a caller waits for the server. `p50`, `p99` and `worst` are the time that one `deliver()` takes;
`accepted` is how many a second one caller hands over, `delivered` how many arrive. Each line is the best of several
rounds. What a durable acknowledgement costs is the disk's: `commit` is one bare SQLite commit of the same size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wirewright import AsyncClient, Client, Content, MemoryOutbox, Operation, Outbox, Request, RetryPolicy
from wirewright.outbox import json_array

EMIT = Operation("emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()})
BODY = {"title": "Glow", "artists": ["Zonke"], "n": 1, "pad": "x" * 200}


async def serve(kind: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))
                if kind == "dead":
                    await asyncio.Event().wait()
                if kind == "slow":
                    await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def server(kind: str) -> Iterator[str]:
    """The URL of a server in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__, "--serve", kind], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def outbox_of(kind: str, directory: Path) -> Any:
    if kind == "memory":
        return MemoryOutbox(max_count=1_000_000, max_bytes=None, exit_timeout=0.05)
    if kind == "memory, batches of 100":
        return MemoryOutbox(max_count=1_000_000, max_bytes=None, exit_timeout=0.05, combine=json_array("/r"))
    if kind == "file":
        return Outbox(directory / f"{time.monotonic_ns()}.db", send_now=False, max_bytes=None, exit_timeout=0.05)
    return None


class Figures:
    """What one run showed."""

    def __init__(self, seconds: list[float], total: float, delivered: float | None) -> None:
        ordered = sorted(seconds)
        self.accepted = len(seconds) / total
        self.delivered = delivered
        self.p50, self.p99, self.worst = (ordered[min(int(q * len(ordered)), len(ordered) - 1)] for q in (0.5, 0.99, 1))

    def row(self, *names: str) -> str:
        arrived = "-" if self.delivered is None else f"{self.delivered:,.0f}"
        times = " | ".join(f"{value * 1e6:,.0f}" for value in (self.p50, self.p99, self.worst))
        return f"| {' | '.join(names)} | {self.accepted:,.0f} | {arrived} | {times} |"


def sync_run(url: str, kind: str, records: int, directory: Path, *, arrives: bool) -> Figures:
    outbox = outbox_of(kind, directory)
    with Client(url, outbox=outbox, retry=RetryPolicy(attempts=1), timeout=1.0) as client:
        if arrives:
            client.send(Request(EMIT, body=BODY))
        request = Request(EMIT, body=BODY)
        seconds = []
        begun = time.perf_counter()
        for _ in range(records):
            at = time.perf_counter()
            client.deliver(request)
            seconds.append(time.perf_counter() - at)
        total = time.perf_counter() - begun
        delivered = None
        if arrives and outbox is not None and outbox.flush(60.0):
            delivered = records / (time.perf_counter() - begun)
    if outbox is not None:
        outbox.close(0.05)
    return Figures(seconds, total, records / total if outbox is None else delivered)


async def async_run(url: str, kind: str, records: int, directory: Path, *, arrives: bool) -> Figures:
    outbox = outbox_of(kind, directory)
    async with AsyncClient(url, outbox=outbox, retry=RetryPolicy(attempts=1), timeout=1.0) as client:
        if arrives:
            await client.send(Request(EMIT, body=BODY))
        request = Request(EMIT, body=BODY)
        seconds = []
        begun = time.perf_counter()
        for n in range(records):
            at = time.perf_counter()
            await client.deliver(request)
            seconds.append(time.perf_counter() - at)
            if n % 100 == 0:
                await asyncio.sleep(0)
        total = time.perf_counter() - begun
        delivered = None
        if arrives and outbox is not None and await outbox.aflush(60.0):
            delivered = records / (time.perf_counter() - begun)
    if outbox is not None:
        await outbox.aclose(0.05)
    return Figures(seconds, total, records / total if outbox is None else delivered)


def best(rounds: int, measure: Callable[[], Figures]) -> Figures:
    return min((measure() for _ in range(rounds)), key=lambda figures: figures.p99)


def commit(directory: Path) -> float:
    """Seconds of one synced commit of the same bytes."""
    with sqlite3.connect(directory / "bare.db", isolation_level=None) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE t (a)")
        content = json.dumps(BODY).encode()
        begun = time.perf_counter()
        for _ in range(200):
            db.execute("INSERT INTO t VALUES (?)", (content,))
        return (time.perf_counter() - begun) / 200


def shared(records: int, directory: Path) -> float:
    """Durable acknowledgements per second with 16 threads at once."""
    outbox = outbox_of("file", directory)
    with Client("http://127.0.0.1:9", outbox=outbox) as client:
        client._courier.ensure = lambda: False
        work = [
            threading.Thread(target=lambda: [client.deliver(Request(EMIT, body=BODY)) for _ in range(records // 16)])
        ]
        work += [threading.Thread(target=work[0]._target) for _ in range(15)]  # type: ignore[attr-defined]
        begun = time.perf_counter()
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        rate = records // 16 * 16 / (time.perf_counter() - begun)
    outbox.close(0.05)
    return rate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", choices=["alive", "slow", "dead"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return 0
    logging.getLogger("wirewright").setLevel(logging.ERROR)  # that the dead server's calls are lost is no news here
    print(f"deliver(), {options.records} records, best of {options.rounds} rounds; times in microseconds\n")
    print("| server | outbox | client | accepted/s | delivered/s | p50 | p99 | worst |")
    print("| --- | --- | --- | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        for state in ("alive", "slow", "dead"):
            for kind in ("none", "memory", "memory, batches of 100", "file"):
                rows(options, state, kind, directory)
        bare, rate = commit(directory), shared(options.records, directory)
    print(f"\none bare commit: {bare * 1e6:,.0f} us; 16 threads into one file: {rate:,.0f} records/s")
    return 0


def rows(options: argparse.Namespace, state: str, kind: str, directory: Path) -> None:
    """Both clients against one server with one outbox."""
    arrives = state == "alive"
    records = options.records if kind != "none" or arrives else {"slow": 20, "dead": 2}[state]
    with server(state) as url:

        def sync() -> Figures:
            return sync_run(url, kind, records, directory, arrives=arrives)

        def tasks() -> Figures:
            return asyncio.run(async_run(url, kind, records, directory, arrives=arrives))

        print(best(options.rounds, sync).row(state, kind, "sync"), flush=True)
        print(best(options.rounds, tasks).row(state, kind, "async"), flush=True)


if __name__ == "__main__":
    sys.exit(main())

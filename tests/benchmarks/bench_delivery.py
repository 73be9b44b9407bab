"""`deliver()` into memory and into a file: records per second, and how long a caller waits, whatever the server does.

    python tests/benchmarks/bench_delivery.py [--records N] [--rounds N] [--version 7.91.1]

The server is alive (in a process of its own), slow (50 ms an answer), or dead (accepts, and never answers). Without an
outbox, for comparison, a caller waits for the server; PostHog's `capture()`, in an environment of its own, is the
queue of the same kind that the field trusts. `p50`, `p99` and `worst` are the time that one call takes; `accepted` is
how many a second one caller hands over, `delivered` how many arrive. Each line is the best of several rounds. What a
durable acknowledgement costs is the disk's: `commit` is one bare SQLite commit of the same size.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers
from figures import figure
from wirewright import AsyncClient, Client, Content, MemoryOutbox, Operation, Outbox, Request, RetryPolicy
from wirewright.outbox import json_array

EMIT = Operation("emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()})
STATES = ("alive", "slow", "dead")
KINDS = ("none", "memory", "memory, batches of 100", "file")
BODY = {"title": "Glow", "artists": ["Zonke"], "n": 1, "pad": "x" * 200}


async def serve(kind: str) -> None:
    never = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))
                if kind == "dead":
                    await never.wait()
                if kind == "slow":
                    await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
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


@dataclass(frozen=True)
class Run:
    """What one run showed: rates per second, times in seconds."""

    accepted: float
    delivered: float | None
    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: list[float], total: float, delivered: float | None) -> Run:
        ordered = sorted(seconds)
        times = (ordered[min(int(q * len(ordered)), len(ordered) - 1)] for q in (0.5, 0.99, 1))
        return cls(len(seconds) / total, delivered, *times)

    def row(self, *names: str) -> str:
        arrived = "-" if self.delivered is None else f"{self.delivered:,.0f}"
        times = " | ".join(f"{value * 1e6:,.0f}" for value in (self.p50, self.p99, self.worst))
        return f"| {' | '.join(names)} | {self.accepted:,.0f} | {arrived} | {times} |"


POSTHOG = """
import json, logging, sys, time
from posthog import Posthog
url, records, arrives, body = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "alive", json.loads(sys.argv[4])
logging.disable(logging.CRITICAL)
client = Posthog("key", host=url, max_queue_size=1_000_000, timeout=1, max_retries=0)
if arrives:
    client.capture("first", distinct_id="d", properties=body)
    client.flush()
seconds, begun = [], time.perf_counter()
for _ in range(records):
    at = time.perf_counter()
    client.capture("e", distinct_id="d", properties=body)
    seconds.append(time.perf_counter() - at)
total, delivered = time.perf_counter() - begun, None
if arrives:
    client.flush()
    delivered = records / (time.perf_counter() - begun)
print(json.dumps([seconds, total, delivered]), flush=True)
__import__("os")._exit(0)
"""


def posthog_run(python: Path, url: str, state: str, records: int) -> Run:
    command = [str(python), "-c", POSTHOG, url, str(records), state, json.dumps(BODY)]
    return Run.of(*json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def sync_run(url: str, kind: str, records: int, directory: Path, *, arrives: bool) -> Run:
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
    return Run.of(seconds, total, records / total if outbox is None else delivered)


async def async_run(url: str, kind: str, records: int, directory: Path, *, arrives: bool) -> Run:
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
    return Run.of(seconds, total, records / total if outbox is None else delivered)


def best(rounds: int, measure: Callable[[], Run]) -> Run:
    return min((measure() for _ in range(rounds)), key=lambda run: run.p99)


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
        client._courier.ensure = lambda: False  # nothing is sent meanwhile

        def share() -> None:
            for _ in range(records // 16):
                client.deliver(Request(EMIT, body=BODY))

        work = [threading.Thread(target=share) for _ in range(16)]
        begun = time.perf_counter()
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        rate = records // 16 * 16 / (time.perf_counter() - begun)
    outbox.close(0.05)
    return rate


Runs = dict[tuple[str, str, str], Run]
"""By state of the server, outbox and client."""


def measured(options: argparse.Namespace, state: str, directory: Path, runs: Runs) -> None:
    """Everything against one server, into `runs`."""
    arrives, posthog = state == "alive", f"posthog {options.version}"
    with server(state) as url:
        for kind in KINDS:
            records = options.records if kind != "none" or arrives else {"slow": 20, "dead": 2}[state]

            def sync(kind: str = kind, records: int = records) -> Run:
                return sync_run(url, kind, records, directory, arrives=arrives)

            def tasks(kind: str = kind, records: int = records) -> Run:
                return asyncio.run(async_run(url, kind, records, directory, arrives=arrives))

            runs[state, kind, "sync"] = best(options.rounds, sync)
            runs[state, kind, "async"] = best(options.rounds, tasks)
        python = peers.python_of(f"posthog=={options.version}")
        runs[state, posthog, "sync"] = best(options.rounds, lambda: posthog_run(python, url, state, options.records))
    for (where, kind, client), run in runs.items():
        if where == state:
            print(run.row(state, kind, client), flush=True)


def kept(options: argparse.Namespace, runs: Runs, bare: float, shared_rate: float) -> None:
    """The figures of the run: what a caller waits, beside the promise, the field and the disk."""
    posthog = f"posthog {options.version}"
    for state in STATES:
        for client in ("sync", "async"):
            case = f"a caller's p99, {client}, memory, server {state}"
            ours = runs[state, "memory", client].p99 * 1000
            figure("Delivery", case, ours, 1.0, beside="the promised 1 ms", unit="ms", target=1.0)
        case, ours = f"a caller's p99, server {state}", runs[state, "memory", "sync"].p99 * 1000
        theirs = runs[state, posthog, "sync"].p99 * 1000
        figure("Delivery", case, ours, theirs, beside=posthog, unit="ms", target=1.0, headline=state == "dead")
    waits = [runs["slow", kind, "sync"].p50 * 1000 for kind in ("memory", "none")]
    figure("Delivery", "a caller's p50, server slow", *waits, beside="no outbox", unit="ms", target=10.0)
    batches = runs["alive", "memory, batches of 100", "sync"].delivered or 0.0
    for beside, name in (("no outbox", "none"), (posthog, posthog)):
        other = runs["alive", name, "sync"].delivered or 0.0
        figure("Delivery", "records delivered, memory", batches, other, beside=beside, unit="/s", more=True, target=1.0)
    durable = runs["dead", "file", "sync"].p50 * 1000
    figure("Delivery", "a durable deliver()", durable, bare * 1000, beside="a bare commit", unit="ms", target=1 / 2)
    figure(
        "Delivery",
        "durable records, 16 threads",
        shared_rate,
        1 / bare,
        beside="bare commits in a row",
        unit="/s",
        more=True,
        target=1.0,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--version", default="7.91.1", help="of PostHog's client")
    parser.add_argument("--serve", choices=STATES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return 0
    logging.getLogger("wirewright").setLevel(logging.ERROR)  # that the dead server's calls are lost is no news here
    print(f"deliver(), {options.records} records, best of {options.rounds} rounds; times in microseconds\n")
    print("| server | outbox | client | accepted/s | delivered/s | p50 | p99 | worst |")
    print("| --- | --- | --- | --: | --: | --: | --: | --: |")
    runs: Runs = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        for state in STATES:
            measured(options, state, directory, runs)
        bare, rate = commit(directory), shared(options.records, directory)
    kept(options, runs, bare, rate)
    print(f"\none bare commit: {bare * 1e6:,.0f} us; 16 threads into one file: {rate:,.0f} records/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

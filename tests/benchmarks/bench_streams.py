"""Server-sent events end to end: events per second, typed, beside httpx-sse untyped; and memory over a long stream.

    python tests/benchmarks/bench_streams.py [--events N] [--long N]

The server is a process of its own that writes prepared bytes. `--long` is the length of the stream over which memory
is watched (10,000,000 takes some minutes; the default is a tenth of that).
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import httpx_sse
import msgspec
from figures import figure
from wirewright import AsyncClient, Client, Content, Operation, StreamRequest

EVENT = b'event: note\nid: %d\ndata: {"name":"first","text":"Hello there","revision":%d}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
BLOCK = 1000


class Note(msgspec.Struct):
    name: str
    text: str
    revision: int


WATCH = Operation(
    "watch", "GET", "/{count}", codec="msgspec", responses={"200": (Content("text/event-stream", lambda: Note),)}
)


def serve(ready: Any) -> None:
    """Writes as many events as the path asks for, then closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.send(listener.getsockname()[1])

    def connection(sock: socket.socket) -> None:
        count = int(sock.recv(65536).split(b" ")[1].strip(b"/"))
        block = b"".join(EVENT % (n, n) for n in range(BLOCK))
        try:
            sock.sendall(HEAD)
            for _ in range(count // BLOCK):
                sock.sendall(block)
        except OSError:
            pass
        sock.close()

    while True:
        threading.Thread(target=connection, args=(listener.accept()[0],), daemon=True).start()


def typed(url: str, count: int) -> float:
    with Client(url) as client, client.stream(StreamRequest(WATCH, path={"count": count}), reconnect=None) as notes:
        return rate(lambda: sum(1 for _ in notes), count)


def untyped(url: str, count: int) -> float:
    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", f"{url}/{count}") as source:
        return rate(lambda: sum(1 for event in source.iter_sse() if event.json()), count)


async def typed_async(url: str, count: int) -> float:
    async with AsyncClient(url) as client:
        started = time.perf_counter()
        seen = 0
        async with client.stream(StreamRequest(WATCH, path={"count": count}), reconnect=None) as notes:
            async for _ in notes:
                seen += 1
    assert seen == count
    return count / (time.perf_counter() - started)


async def untyped_async(url: str, count: int) -> float:
    async with httpx.AsyncClient() as client:
        started = time.perf_counter()
        seen = 0
        async with httpx_sse.aconnect_sse(client, "GET", f"{url}/{count}") as source:
            async for event in source.aiter_sse():
                seen += bool(event.json())
    assert seen == count
    return count / (time.perf_counter() - started)


def rate(work: Callable[[], int], count: int) -> float:
    started = time.perf_counter()
    assert work() == count
    return count / (time.perf_counter() - started)


def memory(url: str, count: int) -> None:
    """MiB at a tenth of a long stream and at its end."""
    with Client(url) as client, client.stream(StreamRequest(WATCH, path={"count": count}), reconnect=None) as notes:
        early = 0.0
        for seen, _ in enumerate(notes, 1):
            if seen == count // 10:
                early = peak()
    late = peak()
    print(f"memory: {early:.1f} MiB after {count // 10:,} events, {late:.1f} MiB after {count:,}")
    figure("Streams", f"peak memory after {count:,} events", late, early, beside="after a tenth of them", unit="MiB")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--long", type=int, default=10_000_000)
    options = parser.parse_args()
    parent, child = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(child,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{parent.recv()}"
    faces: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
        "sync": (lambda: typed(url, options.events), lambda: untyped(url, options.events)),
        "async": (
            lambda: asyncio.run(typed_async(url, options.events)),
            lambda: asyncio.run(untyped_async(url, options.events)),
        ),
    }
    for face, (ours, theirs) in faces.items():
        pairs = [(ours(), theirs()) for _ in range(3)]
        best = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
        times = figure(
            "Streams", f"events, typed, {face}", *best, beside="httpx-sse, untyped", unit="/s", more=True, headline=True
        )
        print(f"{face:6} {best[0]:>10,.0f} events/s, httpx-sse {best[1]:>10,.0f}: {times:.2f} times")
    memory(url, options.long)
    server.terminate()


if __name__ == "__main__":
    main()

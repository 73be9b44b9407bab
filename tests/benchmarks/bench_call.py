"""One typed call against raw httpx with `response.json()`, in process and over a loopback server. Prints ratios.

python tests/benchmarks/bench_call.py
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
from wirewright import AsyncClient, Client, Content, Operation, Request

BODY = b'{"id":"a","name":"something","tags":["x","y"],"size":12}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
ROUNDS, CALLS = 7, 400


class Item(msgspec.Struct):
    id: str
    name: str
    tags: list[str]
    size: int


GET = Operation(
    "get_item",
    "GET",
    "/v1/items/{id}",
    codec="msgspec",
    responses={"200": (Content("application/json", lambda: Item),)},
)
POST = Operation(
    "post_item", "POST", "/v1/items", codec="msgspec", request=(Content("application/json"),),
    responses={"200": (Content("application/json", lambda: Item),)},
)  # fmt: skip


def serve(ready: Any) -> None:
    """The least server that keeps connections alive, in a process of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.send(listener.getsockname()[1])

    def connection(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := sock.recv(65536):
            if data.startswith(b"POST") and not data.endswith(b"}"):
                sock.recv(65536)
            sock.sendall(HEAD + BODY)

    while True:
        sock, _ = listener.accept()
        threading.Thread(target=connection, args=(sock,), daemon=True).start()


def mock(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/json"}, content=BODY)


def best(run: Callable[[], None]) -> float:
    """Microseconds per call, the best of some rounds."""
    run()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) / CALLS * 1e6)
    return min(times)


def sync_pair(url: str, transport: Any, method: str) -> tuple[float, float]:
    raw = httpx.Client(base_url=url, transport=transport)
    ours = Client(url, transport=transport)

    def raw_run() -> None:
        for n in range(CALLS):
            if method == "GET":
                raw.get(f"/v1/items/{n}", params={"expand": "all"}).json()
            else:
                raw.post("/v1/items", json={"id": "a", "n": n}).json()

    def our_run() -> None:
        for n in range(CALLS):
            if method == "GET":
                ours.send(Request(GET, path={"id": n}, query={"expand": "all"}))
            else:
                ours.send(Request(POST, body={"id": "a", "n": n}))

    return best(raw_run), best(our_run)


def async_pair(url: str, transport: Any, method: str) -> tuple[float, float]:
    runner = asyncio.Runner()
    raw = httpx.AsyncClient(base_url=url, transport=transport)
    ours = AsyncClient(url, transport=transport)

    async def raw_calls() -> None:
        for n in range(CALLS):
            if method == "GET":
                (await raw.get(f"/v1/items/{n}", params={"expand": "all"})).json()
            else:
                (await raw.post("/v1/items", json={"id": "a", "n": n})).json()

    async def our_calls() -> None:
        for n in range(CALLS):
            if method == "GET":
                await ours.send(Request(GET, path={"id": n}, query={"expand": "all"}))
            else:
                await ours.send(Request(POST, body={"id": "a", "n": n}))

    result = best(lambda: runner.run(raw_calls())), best(lambda: runner.run(our_calls()))
    runner.run(raw.aclose())
    runner.run(ours.aclose())
    runner.close()
    return result


def main() -> None:
    """Print one line per case."""
    parent, child = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(child,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{parent.recv()}"
    print(f"{'case':<28}{'raw httpx':>12}{'wirewright':>12}{'ratio':>8}")
    for where, address, transport in (
        ("in process", "http://x", httpx.MockTransport(mock)),
        ("loopback", url, None),
    ):
        for face, pair in (("sync", sync_pair), ("async", async_pair)):
            for method in ("GET", "POST"):
                raw, ours = pair(address, transport, method)
                print(f"{where + ' ' + face + ' ' + method:<28}{raw:>9.0f} us{ours:>9.0f} us{ours / raw:>8.2f}")
    server.terminate()


if __name__ == "__main__":
    main()

"""One typed call over a kept-alive connection, beside raw httpx, openapi-python-client and raw aiohttp. Prints ratios.

    python tests/benchmarks/bench_call.py [--calls N]

The server is a process of its own that answers prepared bytes; "in process" is httpx's MockTransport. Each figure is
microseconds per call, the best of several rounds, all kinds in turn. What datamodel-code-generator writes has no
client: its models on top of raw httpx are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import multiprocessing
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pydantic
import uvloop
from figures import figure
from wirewright_codegen.pipeline import Target, generate

BODY = b'{"id":"a","name":"something","tags":["x","y"],"size":12}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
ITEM = {
    "type": "object",
    "required": ["id", "name", "tags", "size"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "size": {"type": "integer"},
    },
}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
EXPAND = {"name": "expand", "in": "query", "schema": {"type": "string"}}
ANSWER = {
    "description": "One.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/v1/items/{id}": {
            "get": {
                "operationId": "get_item",
                "tags": ["items"],
                "parameters": [ID, EXPAND],
                "responses": {"200": ANSWER},
            }
        }
    },
    "components": {"schemas": {"Item": ITEM}},
}
ROUNDS = 7


class Item(pydantic.BaseModel):
    """As datamodel-code-generator writes it."""

    id: str
    name: str
    tags: list[str]
    size: int


def serve(ready: Any) -> None:
    """The least server that keeps connections alive."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.send(listener.getsockname()[1])

    def connection(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while sock.recv(65536):
            sock.sendall(HEAD + BODY)

    while True:
        threading.Thread(target=connection, args=(listener.accept()[0],), daemon=True).start()


def clients(folder: Path) -> tuple[Any, Any]:
    """The packages that we and openapi-python-client write for the spec."""
    document = folder / "items.json"
    document.write_text(json.dumps(SPEC))
    result = generate(Target(document, "items_ours", folder, "msgspec", cache=None), verify=False)
    assert result.ok, result.as_json()
    tool = str(Path(sys.executable).with_name("openapi-python-client"))
    command = [tool, "generate", "--path", str(document), "--meta", "none", "--output-path", str(folder / "items_opc")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    sys.path.insert(0, str(folder))
    return importlib.import_module("items_ours"), importlib.import_module("items_opc.api.items.get_item")


def best(kinds: dict[str, Callable[[], None]], calls: int) -> dict[str, float]:
    """Microseconds per call of each kind, measured in turn."""
    found = dict.fromkeys(kinds, float("inf"))
    for number in range(ROUNDS + 1):
        for kind, run in kinds.items():
            started = time.perf_counter()
            run()
            took = (time.perf_counter() - started) / calls * 1e6
            if number:  # the first round warms up
                found[kind] = min(found[kind], took)
    return found


def sync_kinds(url: str, transport: Any, calls: int, ours: Any, opc: Any) -> dict[str, Callable[[], None]]:
    raw = httpx.Client(base_url=url, transport=transport)
    api = ours.Api(url, transport=transport)
    from items_opc.client import Client  # type: ignore[import-not-found]

    theirs = Client(url, httpx_args={"transport": transport} if transport else {})

    def each(call: Callable[[str], Any]) -> Callable[[], None]:
        def run() -> None:
            for n in range(calls):
                call(str(n))

        return run

    return {
        "wirewright": each(lambda n: api.items.get(n, expand="all")),
        "httpx, untyped": each(lambda n: raw.get(f"/v1/items/{n}", params={"expand": "all"}).json()),
        "httpx and pydantic models": each(
            lambda n: Item.model_validate_json(raw.get(f"/v1/items/{n}", params={"expand": "all"}).content)
        ),
        "openapi-python-client": each(lambda n: opc.sync(n, client=theirs, expand="all")),
    }


async def async_kinds(url: str, transport: Any, calls: int, ours: Any, opc: Any) -> dict[str, float]:
    from items_opc.client import Client  # type: ignore[import-not-found]

    session = aiohttp.ClientSession()
    raw = httpx.AsyncClient(base_url=url, transport=transport)
    api = ours.AsyncApi(url, transport=transport)
    theirs = Client(url, httpx_args={"transport": transport} if transport else {})

    async def by_aiohttp(n: str) -> Any:
        async with session.get(f"{url}/v1/items/{n}", params={"expand": "all"}) as answer:
            return await answer.json()

    async def by_httpx(n: str) -> Any:
        return (await raw.get(f"/v1/items/{n}", params={"expand": "all"})).json()

    kinds: dict[str, Callable[[str], Awaitable[Any]]] = {
        "wirewright": lambda n: api.items.get(n, expand="all"),
        "httpx, untyped": by_httpx,
        "openapi-python-client": lambda n: opc.asyncio(n, client=theirs, expand="all"),
    }
    if transport is None:
        kinds["aiohttp, untyped"] = by_aiohttp
    found = dict.fromkeys(kinds, float("inf"))
    for number in range(ROUNDS + 1):
        for kind, call in kinds.items():
            started = time.perf_counter()
            for n in range(calls):
                await call(str(n))
            took = (time.perf_counter() - started) / calls * 1e6
            if number:
                found[kind] = min(found[kind], took)
    for closing in (session.close(), raw.aclose(), api.aclose()):
        await closing
    return found


def tell(where: str, found: dict[str, float]) -> None:
    for kind, micros in found.items():
        print(f"{where:<20}{kind:<28}{micros:>9.0f} us{found['wirewright'] / micros:>8.2f}")
        if kind != "wirewright":
            target = 1 / 1.5 if kind.startswith("aiohttp") else 1.0
            headline = where.startswith("loopback") and ("uvloop" not in where or kind.startswith("aiohttp"))
            figure(
                "A typed call",
                where,
                found["wirewright"],
                micros,
                beside=kind,
                unit="us",
                target=target,
                headline=headline,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=400)
    calls = parser.parse_args().calls
    parent, child = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(child,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{parent.recv()}"

    def mock(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=BODY)

    with tempfile.TemporaryDirectory(prefix="wirewright-call-") as folder:
        ours, opc = clients(Path(folder))
        print(f"{'where':<20}{'kind':<28}{'a call':>12}{'ours/it':>8}")
        places: tuple[tuple[str, str, Any], ...] = (
            ("in process", "http://x", httpx.MockTransport(mock)),
            ("loopback", url, None),
        )
        for where, address, transport in places:
            tell(f"{where}, sync", best(sync_kinds(address, transport, calls, ours, opc), calls))
            tell(f"{where}, async", asyncio.run(async_kinds(address, transport, calls, ours, opc)))
        tell("loopback, uvloop", uvloop.run(async_kinds(url, None, calls, ours, opc)))
    server.terminate()


if __name__ == "__main__":
    main()

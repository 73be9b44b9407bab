"""Syncropel against its original, side by side in one run: emits per second, import, and typed decoding.

    python tests/benchmarks/bench_syncropel.py [--rounds N] [--emits N] [--version 0.7.0]

Each figure is the best of several rounds, ours and the original's in turn, so that noise hits both. The sandbox runs
in a process of its own; the original in an environment of its own (see peers.py).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers
from figures import figure

EMITS = '''
import asyncio, json, os, sys, time
import httpx
from syncropel import Client, Identity

url, count, gather = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

class Canned(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers in the process, at once."""
    body = json.dumps({"object": "record", "id": "a" * 64, "clock": 1, "thread": "t", "sequence": 1}).encode()
    def handle_request(self, request):
        request.read()
        return httpx.Response(200, headers={"content-type": "application/json"}, content=self.body)
    async def handle_async_request(self, request):
        await request.aread()
        return httpx.Response(200, headers={"content-type": "application/json"}, content=self.body)

def client(transport=None):
    endpoint = url if transport is None else "http://kernel.test"
    return Client(endpoint=endpoint, identity=Identity.static("did:example:me"), transport=transport)

def record(n):
    body = {"title": "Glow", "artists": ["Zonke"], "n": n}
    return dict(act="PUT", kind="music.catalog.track", body=body, thread="bench-%d" % os.getpid())

def sync_run(c):
    start = time.perf_counter()
    for n in range(count):
        assert c.emit_sync(**record(n)).success
    return count / (time.perf_counter() - start)

async def async_run(c):
    start = time.perf_counter()
    for n in range(count):
        assert (await c.emit(**record(n))).success
    return count / (time.perf_counter() - start)

async def gathered_run(c):
    start = time.perf_counter()
    async def worker(k):
        for n in range(k, count, gather):
            assert (await c.emit(**record(n))).success
    await asyncio.gather(*(worker(k) for k in range(gather)))
    return count / (time.perf_counter() - start)

async def main():
    results = {}
    for name, transport in (("kernel", None), ("in process", Canned())):
        async with client(transport) as c:
            assert (await c.emit(**record(0))).success
            results["async, " + name] = await async_run(c)
            results["async x%d, %s" % (gather, name)] = await gathered_run(c)
            assert c.emit_sync(**record(0)).success
            results["sync, " + name] = sync_run(c)
    print(json.dumps(results))

asyncio.run(main())
'''

IMPORT = """
import json, resource, sys, time
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([seconds * 1000, (after - before) / 1024, len(sys.modules), "httpx" in sys.modules]))
"""

KERNEL = """
import sys, time
from wirewright.sandbox import Sandbox
with Sandbox("syncropel", keep=10) as kernel:
    print(kernel.url, flush=True)
    sys.stdin.read()
"""


def run(python: Any, program: str, *arguments: str) -> Any:
    """What a program prints, as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), "-c", program, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout)


@contextmanager
def kernel() -> Iterator[str]:
    """The URL of a sandbox in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def best(rounds: int, ours: Callable[[], dict[str, float]], theirs: Callable[[], dict[str, float]]) -> Any:
    """The best figures of both, taken in turn."""
    mine: dict[str, float] = {}
    other: dict[str, float] = {}
    for _ in range(rounds):
        for held, measure in ((mine, ours), (other, theirs)):
            for name, value in measure().items():
                held[name] = max(held.get(name, 0.0), value)
    return mine, other


def emits(options: argparse.Namespace, original: Path) -> None:
    print(f"\nEmits per second, {options.emits} each, best of {options.rounds} (original {options.version})\n")
    with kernel() as url:
        arguments = (url, str(options.emits), "16")
        mine, other = best(
            options.rounds,
            lambda: run(sys.executable, EMITS, *arguments),
            lambda: run(original, EMITS, *arguments),
        )
    print(f"  {'':24}{'ours':>10}{'original':>12}{'ratio':>9}   target 1.5x")
    for name in sorted(mine):
        figure(
            "Syncropel",
            f"emits, {name}",
            mine[name],
            other[name],
            beside=f"syncropel {options.version}",
            unit="/s",
            more=True,
            target=1.5,
            headline=name in {"async, kernel", "sync, kernel"},
        )
        print(f"  {name:24}{mine[name]:10.0f}{other[name]:12.0f}{mine[name] / other[name]:8.2f}x")


def imports(options: argparse.Namespace, original: Path) -> None:
    print("\nImport, median of 7\n")
    print(f"  {'':44}{'ms':>8}{'MiB':>8}{'modules':>9}   httpx")
    cases = [
        ("ours: import syncropel", sys.executable, "import syncropel"),
        (f"original {options.version}: import syncropel", original, "import syncropel"),
        ("ours: from syncropel import Client", sys.executable, "from syncropel import Client"),
        (f"original {options.version}: from syncropel import Client", original, "from syncropel import Client"),
        ("ours: Client and a first sync emit", sys.executable, FIRST_EMIT),
        (f"original {options.version}: Client and a first sync emit", original, FIRST_EMIT),
    ]
    medians: list[float] = []
    for name, python, statement in cases:
        program = IMPORT.replace("{statement}", statement)
        run(python, program)
        samples = [run(python, program) for _ in range(7)]
        ms, mib = (statistics.median(sample[index] for sample in samples) for index in (0, 1))
        medians.append(ms)
        if len(medians) % 2 == 0:
            case, beside = cases[len(medians) - 2][0].removeprefix("ours: "), f"syncropel {options.version}"
            first = case == "import syncropel"
            figure("Syncropel", case, medians[-2], ms, beside=beside, unit="ms", target=1.0, headline=first)
        print(f"  {name:44}{ms:8.1f}{mib:8.1f}{samples[0][2]:9}   {'yes' if samples[0][3] else 'no'}")


FIRST_EMIT = textwrap.dedent(
    """
    from syncropel import Client, Identity
    client = Client(endpoint="http://127.0.0.1:9", identity=Identity.static("did:a"), max_retries=0)
    client.emit_sync(act="PUT", kind="core.x", body={}, thread="t")
    """
)


def decoding(options: argparse.Namespace) -> None:
    import time

    import orjson
    from syncropel.hashing import server_record_id
    from syncropel_api.v0_7.operations.threads import list_thread_records
    from wirewright.messages import Headers, HttpResponse
    from wirewright.plan import plan_of

    records = []
    for n in range(500):
        body = {"title": f"Track {n}", "artists": ["Zonke", "Glow"], "plays": n, "kind": "music.catalog.track", "_v": 1,
                "_refs": [{"kind": "@music.track", "id": f"isrc:USJI{n:08}"}]}  # fmt: skip
        envelope = {
            "act": "PUT",
            "actor": "did:example:me",
            "body": body,
            "clock": n,
            "data_type": "SCALAR",
            "parents": [],
            "thread": "t",
        }
        records.append({"object": "record", "id": server_record_id(envelope), **envelope})
    content = json.dumps({"object": "list", "data": records}).encode()
    response = HttpResponse(200, Headers([("content-type", "application/json")]), content)
    decoder = plan_of(list_thread_records("t").operation).decoder
    assert len(decoder.value(response)) == 500

    def seconds(work: Callable[[], Any]) -> float:
        start = time.perf_counter()
        for _ in range(50):
            work()
        return (time.perf_counter() - start) / 50

    cases = {
        "typed (ours, as an answer is decoded)": lambda: decoder.value(response),
        "orjson.loads, plain dicts": lambda: orjson.loads(content),
        "json.loads, plain dicts (the original)": lambda: json.loads(content),
    }
    figures = {name: min(seconds(work) for _ in range(options.rounds * 3)) for name, work in cases.items()}
    plain = figures["orjson.loads, plain dicts"]
    typed = figures["typed (ours, as an answer is decoded)"]
    figure("Syncropel", "decode 500 records, typed", typed, plain, beside="orjson to dicts", unit="s", target=1 / 1.2)
    print(f"\nDecoding an answer of 500 records, {len(content) // 1024} KiB\n")
    for name, value in figures.items():
        print(f"  {name:44}{value * 1000:8.3f} ms{value / plain:8.2f}x   {'target 1.2x' if 'typed' in name else ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--emits", type=int, default=500)
    parser.add_argument("--version", default="0.7.0")
    parser.add_argument("--only", choices=("emits", "imports", "decoding"))
    options = parser.parse_args()
    original = peers.python_of(f"syncropel=={options.version}")
    if options.only in {None, "emits"}:
        emits(options, original)
    if options.only in {None, "imports"}:
        imports(options, original)
    if options.only in {None, "decoding"}:
        decoding(options)


if __name__ == "__main__":
    main()

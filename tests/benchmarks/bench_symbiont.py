"""Symbiont against its originals, side by side in one run: import, memory, and calls per second.

    python tests/benchmarks/bench_symbiont.py [--rounds N] [--calls N] [--version 1.16.0] [--only imports|calls]

Each figure is the best of several rounds, ours and the original's in turn, so that noise hits both. The sandbox runs in
a process of its own; the original in an environment of its own (see tests/protocols/symbiont/interop/peers.py).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOKEN = "bench-token"
PEERS = Path(__file__).resolve().parents[1] / "protocols" / "symbiont" / "interop" / "peers.py"
_spec = importlib.util.spec_from_file_location("symbiont_peers", PEERS)
assert _spec is not None
assert _spec.loader is not None
peers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(peers)

SYNC = """
import json, os, sys, time
os.environ["SYMBIONT_AUTH_JWT_SECRET_KEY"] = "s" * 32
from symbiont import Client

url, count = sys.argv[1] + "/api/v1", int(sys.argv[2])
client = Client(api_key=sys.argv[3], base_url=url)
job = sys.argv[4]

def rate(call):
    call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - start)

print(json.dumps({
    "health_check": rate(client.health_check),
    "get_schedule": rate(lambda: client.schedules.get_schedule(job)),
    "list_agents": rate(client.list_agents),
}))
"""

ASYNC = """
import asyncio, json, sys, time
from symbiont import AsyncClient

url, count, job = sys.argv[1] + "/api/v1", int(sys.argv[2]), sys.argv[4]

async def main():
    async with AsyncClient(api_key=sys.argv[3], base_url=url) as client:
        async def rate(call, tasks):
            await call()
            start = time.perf_counter()
            async def worker():
                for _ in range(count // tasks):
                    await call()
            await asyncio.gather(*(worker() for _ in range(tasks)))
            return count / (time.perf_counter() - start)

        print(json.dumps({
            "health_check": await rate(client.health_check, 1),
            "get_schedule": await rate(lambda: client.schedules.get_schedule(job), 1),
            "list_agents": await rate(client.list_agents, 1),
            "health_check x16": await rate(client.health_check, 16),
        }))

asyncio.run(main())
"""

IMPORT = """
import json, os, resource, sys, time
os.environ["SYMBIONT_AUTH_JWT_SECRET_KEY"] = "s" * 32
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([seconds * 1000, (after - before) / 1024, len(sys.modules)]))
"""

RUNTIME = """
import sys
from wirewright.sandbox import Sandbox
from symbiont import Client
from symbiont.schedules import CreateScheduleRequest
with Sandbox("symbiont", profile="sdk", token=sys.argv[1]) as runtime:
    with Client(api_key=sys.argv[1], base_url=runtime.url + "/api/v1") as client:
        for n in range(3):
            client.create_agent({"name": f"agent-{n}", "dsl": "agent a {}"})
        job = client.schedules.create_schedule(CreateScheduleRequest("n", "0 30 6 * * *", "agent-0")).job_id
    print(runtime.url, job, flush=True)
    sys.stdin.read()
"""


def run(python: Any, program: str, *arguments: str) -> Any:
    """What a program prints, as JSON."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SYMBIONT"))}
    done = subprocess.run(
        [str(python), "-c", program, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout)


@contextmanager
def runtime() -> Iterator[tuple[str, str]]:
    """The URL of a sandbox in a process of its own, and a schedule's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNTIME, TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url, _, job = process.stdout.readline().strip().partition(" ")
        yield url, job
    finally:
        process.stdin.close()
        process.wait(10)


def best(rounds: int, measures: dict[str, Callable[[], dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The best figures of each, taken in turn."""
    held: dict[str, dict[str, float]] = {name: {} for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            for call, value in measure().items():
                held[name][call] = max(held[name].get(call, 0.0), value)
    return held


def calls(options: argparse.Namespace, original: Path) -> None:
    print(f"\nCalls per second, {options.calls} each, best of {options.rounds} (original {options.version})\n")
    with runtime() as (url, job):
        arguments = (url, str(options.calls), TOKEN, job)
        held = best(
            options.rounds,
            {
                "sync": lambda: run(sys.executable, SYNC, *arguments),
                "original": lambda: run(original, SYNC, *arguments),
                "async": lambda: run(sys.executable, ASYNC, *arguments),
            },
        )
    print(f"  {'':20}{'original':>10}{'ours, sync':>12}{'ratio':>8}{'ours, async':>13}{'ratio':>8}   target 3x")
    for name, theirs in held["original"].items():
        sync, later = held["sync"][name], held["async"][name]
        print(f"  {name:20}{theirs:10.0f}{sync:12.0f}{sync / theirs:7.1f}x{later:13.0f}{later / theirs:7.1f}x")
    at_once, theirs = held["async"]["health_check x16"], held["original"]["health_check"]
    print(f"  {'health_check x16':20}{theirs:10.0f}{'':20}{at_once:13.0f}{at_once / theirs:7.1f}x")


def imports(options: argparse.Namespace, original: Path) -> None:
    print("\nImport, median of 7 (target: a fifth of the time)\n")
    print(f"  {'':30}{'ms':>9}{'original':>10}{'ratio':>8}{'MiB':>9}{'original':>10}{'modules':>10}{'original':>10}")
    cases = {
        "import symbiont": "import symbiont",
        "from symbiont import Client": "from symbiont import Client",
        "and a client is made": "from symbiont import Client; Client(api_key='k')",
        "and 3 models are used": "from symbiont import Agent, Client, ReviewSession, Tool; Client(api_key='k')",
    }
    for name, statement in cases.items():
        program = IMPORT.replace("{statement}", statement)
        figures: list[tuple[float, float, int]] = []
        for python in (sys.executable, original):
            run(python, program)
            samples = [run(python, program) for _ in range(7)]
            ms, mib = (statistics.median(sample[index] for sample in samples) for index in (0, 1))
            figures.append((ms, mib, samples[0][2]))
        (ms, mib, modules), (old_ms, old_mib, old_modules) = figures
        print(
            f"  {name:30}{ms:9.1f}{old_ms:10.1f}{ms / old_ms:7.2f}x{mib:9.1f}{old_mib:10.1f}"
            f"{modules:10}{old_modules:10}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--version", default="1.16.0")
    parser.add_argument("--only", choices=("imports", "calls"))
    options = parser.parse_args()
    original = peers.python(options.version)
    if options.only in {None, "imports"}:
        imports(options, original)
    if options.only in {None, "calls"}:
        calls(options, original)


if __name__ == "__main__":
    main()

"""Symbiont against its originals, side by side in one run: import, memory, and calls per second.

    python tests/benchmarks/bench_symbiont.py [--rounds N] [--calls N] [--version 1.16.0] [--only imports|calls]

Calls go to our sandbox, and to a server that answers the same bytes to everything (what the client and its connections
cost, where the sandbox's own work is most of a call). Each figure is the best of several rounds, ours and the
original's in turn, so that noise hits both. Servers run in processes of their own; the original in an environment of
its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers
from figures import figure

TOKEN = "bench-token"
CALLS_TARGET, IMPORT_TARGET = 3.0, 5.0

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
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([seconds * 1000, after / 1024, len(sys.modules)]))
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

CANNED = """
import asyncio, sys
job = b'"job_id":"j","name":"n","cron_expression":"0 30 6 * * *","timezone":"UTC","status":"active","enabled":true'
schedule = b'{' + job + (
    b',"one_shot":false,"next_run":null,"last_run":null,"run_count":0,"failure_count":0,"created_at":"x","updated_at":"x"}'
)
bodies = {
    b"health": b'{"status":"healthy","uptime_seconds":5,"timestamp":"2026-01-01T00:00:00Z","version":"1.19.0"}',
    b"agents": b'[{"id":"a","name":"agent-0","state":"Ready"}]',
    b"schedules/j": schedule,
}

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        body = bodies[data.split(b" ", 2)[1].removeprefix(b"/api/v1/")]
        head = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
        self.transport.write(head % len(body) + body)

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]} j", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


def run(python: Any, program: str, *arguments: str) -> Any:
    """What a program prints, as JSON."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SYMBIONT"))}
    done = subprocess.run(
        [str(python), "-c", program, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout)


@contextmanager
def server(program: str) -> Iterator[tuple[str, str]]:
    """The URL of a server in a process of its own, and a schedule's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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


def rates(options: argparse.Namespace, original: Path, url: str, job: str) -> dict[str, dict[str, float]]:
    """Calls per second of the three clients against one server."""
    arguments = (url, str(options.calls), TOKEN, job)
    measures = {
        "original": lambda: run(original, SYNC, *arguments),
        "sync": lambda: run(sys.executable, SYNC, *arguments),
        "async": lambda: run(sys.executable, ASYNC, *arguments),
    }
    return best(options.rounds, measures)


def calls(options: argparse.Namespace, original: Path) -> None:
    for where, program in {"sandbox": RUNTIME, "canned answers": CANNED}.items():
        print(f"\nCalls per second, {where}, {options.calls} each, best of {options.rounds}\n")
        with server(program) as (url, job):
            held = rates(options, original, url, job)
        print(f"  {'':30}{'ours':>10}{'original':>10}{'times':>8}   target {CALLS_TARGET:.0f}x")
        for kind in ("sync", "async"):
            for call, ours in held[kind].items():
                theirs = held["original"][call.partition(" ")[0]]
                case = f"{call}/s, {kind}, {where}"
                is_headline = case == "get_schedule/s, sync, canned answers"
                times = told(options, case, ours, theirs, unit="/s", more=True, headline=is_headline)
                print(f"  {f'{call}, {kind}':30}{ours:10.0f}{theirs:10.0f}{times:7.1f}x")


def imports(options: argparse.Namespace, original: Path) -> None:
    print("\nImport, median of 7 (target: a fifth of the time)\n")
    print(f"  {'':30}{'ms':>9}{'original':>10}{'times':>8}{'MiB':>9}{'original':>10}{'modules':>10}{'original':>10}")
    cases = {
        "import symbiont": "import symbiont",
        "from symbiont import Client": "from symbiont import Client",
        "and a client is made": "from symbiont import Client; Client(api_key='k')",
        "and 3 models are used": "from symbiont import Agent, Client, ReviewSession, Tool; Client(api_key='k')",
    }
    for name, statement in cases.items():
        program = IMPORT.replace("{statement}", statement)
        sampled: list[tuple[float, float, int]] = []
        for python in (sys.executable, original):
            run(python, program)
            samples = [run(python, program) for _ in range(7)]
            ms, mib = (statistics.median(sample[index] for sample in samples) for index in (0, 1))
            sampled.append((ms, mib, samples[0][2]))
        (ms, mib, modules), (old_ms, old_mib, old_modules) = sampled
        target = IMPORT_TARGET if name == "import symbiont" else None
        times = told(options, name, ms, old_ms, unit="ms", target=target, headline=target is not None)
        told(options, f"{name}, memory", mib, old_mib, unit="MiB", target=None)
        print(f"  {name:30}{ms:9.1f}{old_ms:10.1f}{times:7.1f}x{mib:9.1f}{old_mib:10.1f}{modules:10}{old_modules:10}")


def told(
    options: argparse.Namespace,
    case: str,
    ours: float,
    other: float,
    *,
    unit: str,
    more: bool = False,
    target: float | None = CALLS_TARGET,
    headline: bool = False,
) -> float:
    beside = f"symbiont-sdk {options.version}"
    kept = {"unit": unit, "more": more, "target": target, "headline": headline}
    return figure("Symbiont", case, ours, other, beside=beside, **kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--version", default="1.16.0")
    parser.add_argument("--only", choices=("imports", "calls"))
    options = parser.parse_args()
    original = peers.python_of(f"symbiont-sdk=={options.version}")
    if options.only in {None, "imports"}:
        imports(options, original)
    if options.only in {None, "calls"}:
        calls(options, original)


if __name__ == "__main__":
    main()

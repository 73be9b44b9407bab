"""Leases per second with a handler that does nothing: ours and the original's in turn, against the same sandbox. Prints
ratios.

    python tests/benchmarks/bench_neuron.py [--leases N] [--rounds N]

Each neuron is a process of its own; the sandbox runs in a thread of this one. The best round counts. The original runs
in its own environment, made when it is missing (see peers.py); where it cannot be had, only ours
is measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peers
from figures import figure
from wirewright.sandbox import Sandbox

CONCURRENCIES = (1, 16, 256)
TARGET = 2.0
ORIGINAL = "0.2.0"

NEURON = """
import asyncio, sys
from holokai_neuron_sdk import Capability, Neuron

async def noop(task_input, ctx):
    return None

async def main(url, name, concurrency):
    neuron = Neuron(gateway_url=url, neuron_id=name, auth=lambda: "t")
    neuron.register_handler(Capability(type=f"bench/{name}", scope="any", concurrency=int(concurrency)), noop)
    await neuron.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await neuron.stop(drain=False)

asyncio.run(main(*sys.argv[1:]))
"""


@contextmanager
def neuron(python: str, sandbox: Sandbox, name: str, concurrency: int) -> Iterator[None]:
    """A registered neuron process."""
    command = [python, "-c", NEURON, sandbox.url, name, str(concurrency)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def registered() -> bool:
        return any(n.key[1] == name and n.session_id for n in sandbox.rules.gateway.neurons.values())

    try:
        if not sandbox.wait_for(registered, 20):
            raise RuntimeError(f"{name} did not register")
        yield
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(20)


def leases_per_second(python: str, sandbox: Sandbox, name: str, concurrency: int, leases: int) -> float:
    """One round; a few leases first, so that connections and caches are warm."""

    def create(count: int) -> None:
        for number in range(count):
            sandbox.rules.new_task({"type": f"bench/{name}", "input": number})

    def done(count: int) -> Any:
        # Only what is pending or leased; counting all tasks that ever were would slow the sandbox down.
        return lambda: all(task.state == "done" for task in list(sandbox.rules.gateway.tasks.values())[-count:])

    with neuron(python, sandbox, name, concurrency):
        for count in (100, leases):
            started = time.perf_counter()
            sandbox.call(create, count)
            if not sandbox.wait_for(done(count), 120):
                raise RuntimeError(f"{name} did not finish")
            elapsed = time.perf_counter() - started
    return leases / elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--leases", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pythons = {"ours": sys.executable}
    try:
        pythons["original"] = str(peers.python_of(f"holokai-neuron-sdk=={ORIGINAL}"))
    except peers.NoPeerError as error:
        print(f"only ours: {error}")
    print(f"leases per second, best of {arguments.rounds}; target: {TARGET:.0f} x the original")
    for concurrency in CONCURRENCIES:
        best = dict.fromkeys(pythons, 0.0)
        for number in range(arguments.rounds):
            for who, python in pythons.items():
                with Sandbox("neuron", keep=10) as sandbox:
                    speed = leases_per_second(python, sandbox, f"{who}-{number}", concurrency, arguments.leases)
                best[who] = max(best[who], speed)
        line = f"concurrency {concurrency:>3}: " + ", ".join(f"{who} {speed:,.0f}" for who, speed in best.items())
        if "original" in best:
            ratio = best["ours"] / best["original"]
            figure(
                "Neuron",
                f"leases, {concurrency} at a time",
                best["ours"],
                best["original"],
                beside=f"holokai-neuron-sdk {ORIGINAL}",
                unit="/s",
                more=True,
                target=TARGET,
                headline=concurrency == 16,
            )
            line += f", ratio {ratio:.1f} {'(target met)' if ratio >= TARGET else '(below target)'}"
        print(line, flush=True)


if __name__ == "__main__":
    main()

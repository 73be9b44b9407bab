"""pgdag against its original, side by side in one run: steps per second, and what Dask adds.

    python tests/benchmarks/bench_pgdag.py [--rounds N] [--nodes N] [--version 0.14.0] [--no-dask]

A chain and a random graph of no-op steps, and a fan of steps that sleep 1 ms (ours with 32 and 64 at a time; the
original has one). Each figure is the best of several rounds in processes of their own, ours and the original's in turn,
so that noise hits both. On Dask: the same fan of no-op steps on two worker processes, through the kernel and as plain
futures, each result fetched.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import peers
from figures import figure

KERNEL = """
import asyncio, random, sys, time
from pgdag import DAGEdge, DAGNode, DAGTemplate, PGDAGRunner
shape, count, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [f"s{i}" for i in range(count)]
if shape == "chain":
    edges = [DAGEdge(a, b) for a, b in zip(names, names[1:])]
elif shape == "fan":
    edges = [DAGEdge("s0", name) for name in names[1:]]
else:
    dice = random.Random(7)
    edges = [DAGEdge(names[dice.randrange(max(0, i - 50), i)], names[i]) for i in range(1, count) for _ in range(2)]
template = DAGTemplate("bench", nodes=[DAGNode(name) for name in names], edges=edges)
async def noop(ctx): return {}
async def sleeping(ctx):
    await asyncio.sleep(0.001)
    return {}
runner = PGDAGRunner(max_concurrency=width) if width else PGDAGRunner()
runner.register_steps({name: sleeping if shape == "fan" else noop for name in names})
start = time.perf_counter()
result = asyncio.run(runner.execute(template, {"a": 1}))
seconds = time.perf_counter() - start
assert result.success and len(result.proofs) == count, result.status
print(count / seconds)
"""
DASK = """
import asyncio, sys, time
from distributed import Client, LocalCluster, as_completed
from pgdag import DAGEdge, DAGNode, DAGTemplate, DaskExecutor, PGDAGRunner
from bench_pgdag_steps import noop
count = int(sys.argv[1])
template = DAGTemplate("bench", nodes=[DAGNode("root"), *(DAGNode(f"s{i}") for i in range(count))])
template.edges = [DAGEdge("root", node.id) for node in template.nodes[1:]]
def plain(client):
    futures = [client.submit(noop, i, pure=False) for i in range(count)]
    for _ in as_completed(futures, with_results=True):
        pass
def kernel(client):
    runner = PGDAGRunner(executor=DaskExecutor(client), max_concurrency=256)
    runner.register_steps({node.id: noop for node in template.nodes})
    assert asyncio.run(runner.execute(template, {})).success
if __name__ == "__main__":
    options = dict(processes=True, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        plain(client)
        for _ in range(int(sys.argv[2])):
            for name, work in (("plain", plain), ("kernel", kernel)):
                start = time.perf_counter()
                work(client)
                print(name, (time.perf_counter() - start) / count)
"""
STEPS = "def noop(ctx=None):\n    return {}\n"


def rate(python: str, shape: str, nodes: int, width: int) -> float:
    command = [python, "-c", KERNEL, shape, str(nodes), str(width)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def compare(options: argparse.Namespace) -> None:
    theirs = str(peers.python_of(f"sbn-sdk=={options.version}"))
    print(f"{'steps per second, ' + str(options.nodes) + ' steps':<40}{'ours':>10}{'original':>10}{'factor':>9}")
    for shape, width in (("chain", 1), ("chain", 32), ("random", 32), ("fan", 32), ("fan", 64)):
        ours, original_rates = [], []
        for _ in range(options.rounds):
            ours.append(rate(sys.executable, shape, options.nodes, width))
            original_rates.append(rate(theirs, shape, options.nodes, 0))
        sleeping = ", 1 ms each" if shape == "fan" else ", no-op"
        label = f"{shape}{sleeping}, {width} at a time"
        figure(
            "pgdag",
            f"steps, {label}",
            max(ours),
            max(original_rates),
            beside=f"sbn-sdk {options.version}",
            unit="/s",
            more=True,
            target=5.0 if shape == "fan" else 1.0,
            headline=(shape, width) in {("chain", 1), ("fan", 64)},
        )
        print(f"{label:<40}{max(ours):>10.0f}{max(original_rates):>10.0f}{max(ours) / max(original_rates):>8.2f}x")


def dask(options: argparse.Namespace) -> None:
    folder = peers.home() / "bench-pgdag"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench_pgdag_steps.py").write_text(STEPS)
    program = folder / "bench_pgdag_dask.py"
    program.write_text(DASK)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    command = [sys.executable, str(program), str(options.nodes // 2), str(options.rounds)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    seconds: dict[str, list[float]] = {"plain": [], "kernel": []}
    for name, value in map(str.split, printed.splitlines()):
        seconds[name].append(float(value))
    plain, kernel = min(seconds["plain"]), min(seconds["kernel"])
    figure(
        "pgdag", "a step on Dask", kernel * 1000, plain * 1000, beside="plain Dask futures", unit="ms", target=1 / 1.3
    )
    print(
        f"on Dask, ms a step: kernel {kernel * 1000:.2f}, plain futures {plain * 1000:.2f}: {kernel / plain - 1:+.0%}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--version", default="0.14.0")
    parser.add_argument("--no-dask", action="store_true")
    options = parser.parse_args()
    compare(options)
    if not options.no_dask:
        dask(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Exosphere against its original, side by side in one run: states per second through one state manager, and import.

    python tests/benchmarks/bench_exosphere.py [--rounds N] [--runs N]

A run is a graph with a fan-out of ten and a join: 22 states. One runtime executes them, ours and the original's in
turn; the best of several rounds counts. "as documented" is what users get, and what the target is for; with "no pause"
the original asks in a busy loop, and both wait for the state manager. That runs in a process of its own and starts
empty each time. The original runs in its own environment, made when it is missing (see
peers.py); without Python 3.12 only ours is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers
from figures import figure

KEY = "sandbox-key"
STATES_PER_RUN = 22
TARGET = 1.5
SETTINGS: dict[str, dict[str, int]] = {
    "as documented": {},
    "large batches": {"batch_size": 256, "workers": 16},
    "no pause": {"batch_size": 64, "workers": 16, "poll_interval": 0},
}

RUNTIME = """
import json, sys
from exospherehost import BaseNode, Runtime
from pydantic import BaseModel

class Text(BaseNode):
    class Inputs(BaseModel):
        text: str
    class Outputs(BaseModel):
        text: str
    class Secrets(BaseModel):
        pass
    async def execute(self):
        return self.Outputs(text=self.inputs.text)

class Root(Text): pass
class Work(Text): pass
class Join(Text): pass
class Split(Text):
    async def execute(self):
        return [self.Outputs(text=str(index)) for index in range(10)]

Runtime("ns", "bench", [Root, Split, Work, Join], sys.argv[1], "sandbox-key", **json.loads(sys.argv[2])).start()
"""

IMPORT = """
import sys, time
start = time.perf_counter()
import exospherehost
light = time.perf_counter() - start
exospherehost.Runtime
print(light * 1000, (time.perf_counter() - start) * 1000)
"""


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers, method=method)) as answer:
        return json.load(answer)


def use(name: str, text: str, following: list[str], unites: str | None = None) -> dict[str, Any]:
    return {
        "node_name": name, "namespace": "ns", "identifier": name, "inputs": {"text": text}, "next_nodes": following,
        "unites": unites and {"identifier": unites},
    }  # fmt: skip


GRAPH = [
    use("Root", "r", ["Split"]),
    use("Split", "${{ Root.outputs.text }}", ["Work"]),
    use("Work", "${{ Split.outputs.text }}", ["Join"]),
    use("Join", "${{ Root.outputs.text }}", [], "Root"),
]


@contextmanager
def state_manager() -> Iterator[str]:
    """Serves in a process of its own."""
    program = "from wirewright.cli import main; main()"
    arguments = ["serve", "exosphere", "--quiet", "--port", "0", "--format", "json"]
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["serving"]["url"]
        process.terminate()


def states_per_second(url: str, python: Any, settings: dict[str, int], runs: int) -> float:
    """From the first trigger until everything has ended."""
    call(url, "POST", "/_sandbox/reset")
    runtime = subprocess.Popen(
        [str(python), "-c", RUNTIME, url, json.dumps(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while call(url, "GET", "/v0/namespace/ns/nodes/")["count"] < 4:
            time.sleep(0.02)
        call(url, "PUT", "/v0/namespace/ns/graph/g", {"secrets": {}, "nodes": GRAPH})
        start = time.perf_counter()
        for _ in range(runs):
            call(url, "POST", "/v0/namespace/ns/graph/g/trigger", {})
        while call(url, "GET", "/_sandbox/state")["states"] != {"SUCCESS": runs * STATES_PER_RUN}:
            time.sleep(0.02)
        return runs * STATES_PER_RUN / (time.perf_counter() - start)
    finally:
        runtime.kill()
        runtime.wait()


def throughput(options: argparse.Namespace, original: Path | None) -> bool:
    print(f"\nStates per second, {options.runs} runs of {STATES_PER_RUN} states, best of {options.rounds}\n")
    print(f"  {'':18}{'ours':>8}{'original':>11}{'ratio':>9}   target {TARGET}x as documented")
    is_reached = True
    with state_manager() as url:
        for name, settings in SETTINGS.items():
            pythons = [sys.executable, *([original] if original else [])]
            best = [0.0, 0.0]
            for _ in range(options.rounds):
                for index, python in enumerate(pythons):
                    best[index] = max(best[index], states_per_second(url, python, settings, options.runs))
            if original is None:
                print(f"  {name:18}{best[0]:8.0f}")
                continue
            ratio = best[0] / best[1]
            figure(
                "Exosphere",
                f"states, {name}",
                best[0],
                best[1],
                beside="exospherehost 0.0.3",
                unit="/s",
                more=True,
                target=TARGET if name == "as documented" else None,
                headline=name == "as documented",
            )
            print(f"  {name:18}{best[0]:8.0f}{best[1]:11.0f}{ratio:8.2f}x")
            is_reached &= ratio >= TARGET or name != "as documented"
    return is_reached


def imports(original: Path | None) -> None:
    print("\nImport in milliseconds, median of 5\n")
    print(f"  {'':12}{'import exospherehost':>22}{'... and Runtime':>18}")
    measured: list[list[float]] = []
    for name, python in (("ours", sys.executable), ("original", original)):
        if python is None:
            continue
        samples = [_import_times(python) for _ in range(5)]
        light, whole = (statistics.median(sample[index] for sample in samples) for index in (0, 1))
        measured.append([light, whole])
        print(f"  {name:12}{light:22.1f}{whole:18.1f}")
    if len(measured) == 2:
        for case, ours, theirs in zip(("import exospherehost", "... and Runtime"), *measured, strict=True):
            figure("Exosphere", case, ours, theirs, beside="exospherehost 0.0.3", unit="ms", headline=case[0] == "i")


def _import_times(python: Any) -> list[float]:
    done = subprocess.run([str(python), "-c", IMPORT], capture_output=True, text=True, check=True)
    return [float(figure) for figure in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    try:
        original = peers.python_of("exospherehost==0.0.3", at_least=(3, 12))
    except peers.NoPeerError as error:
        print(f"without the original: {error}")
        original = None
    is_reached = throughput(options, original)
    imports(original)
    sys.exit(not is_reached)


if __name__ == "__main__":
    main()

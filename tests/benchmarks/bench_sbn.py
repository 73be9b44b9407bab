"""SBN against its original, side by side in one run: pulses per second in a slot, and start-up times.

    python tests/benchmarks/bench_sbn.py [--rounds N] [--pulses N] [--version 0.14.0]

Pulses go to our sandbox in a process of its own, sync and async, and to answers inside the process (what the SDK itself
costs). Each figure is the best of several rounds, ours and the original's in turn, so that noise hits both. The
original is installed in an environment of its own, made when it is missing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peers
from figures import figure

STREAM = 'dict(worker_id="w", task_type="t", domain="d")'
PULSE = '"picked_up", score=0.9, actions=[{"action": "picked_up", "score": 0.9}], events={"friendly": 1}'
SYNC = f"""
import sys, time
import httpx
from sbn import SbnClient
url, count = sys.argv[1], int(sys.argv[2])
body = b'{{"data": {{"id": "b", "slot_id": "s", "block_type": "Action", "receipt_id": "r"}}}}'
def canned(request):
    return httpx.Response(200, headers={{"content-type": "application/json"}}, content=body)
transport = httpx.MockTransport(canned) if url == "canned" else None
client = SbnClient(base_url="http://kernel.test" if transport else url, transport=transport)
client.authenticate_api_key("sbn_live_abc123")
with client.open_slot(**{STREAM}) as stream:
    stream.pulse({PULSE})
    start = time.perf_counter()
    for _ in range(count):
        stream.pulse({PULSE})
    print(count / (time.perf_counter() - start))
"""
ASYNC = """
import asyncio, sys, time
from sbn import AsyncSbnClient
url, count = sys.argv[1], int(sys.argv[2])
async def main():
    async with AsyncSbnClient(base_url=url) as client:
        client.authenticate_api_key("sbn_live_abc123")
        slot = await client.gateway.create_slot("w")
        payload = dict(action="picked_up", score=0.9, actions=[{"action": "picked_up"}], events={"friendly": 1})
        async def pulse():
            await client.bitblocks.submit(slot_id=slot.id, block_type="Action", domain="d", payload=payload)
        await pulse()
        start = time.perf_counter()
        for _ in range(count // 10):
            await asyncio.gather(*(pulse() for _ in range(10)))
        print(count / (time.perf_counter() - start))
asyncio.run(main())
"""


@contextmanager
def sandbox() -> Iterator[str]:
    """Our sandbox in a process of its own."""
    code = (
        "from wirewright.sandbox import Sandbox\nimport sys\n"
        "with Sandbox('sbn', '0.14', keep=1) as s:\n    print(s.url, flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def rate(python: str, program: str, url: str, count: int) -> float:
    return float(
        subprocess.run([python, "-c", program, url, str(count)], capture_output=True, text=True, check=True).stdout
    )


def seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env={**os.environ, **environment})
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pulses", type=int, default=500)
    parser.add_argument("--version", default="0.14.0")
    options = parser.parse_args()
    pythons = {"ours": sys.executable, "original": str(peers.python_of(f"sbn-sdk=={options.version}"))}
    tools = {name: [str(Path(python).parent / "sbn")] for name, python in pythons.items()}
    with sandbox() as url:
        environment = {"SBN_BASE_URL": url, "SBN_API_KEY": "sbn_live_abc123"}
        rates = {
            "pulses/s, sync": lambda who: rate(pythons[who], SYNC, url, options.pulses),
            "pulses/s, sync, no network": lambda who: rate(pythons[who], SYNC, "canned", options.pulses * 4),
            "submissions/s, async, 10 at a time": lambda who: rate(pythons[who], ASYNC, url, options.pulses),
        }
        spans = {
            "import sbn, s": lambda who: seconds([pythons[who], "-c", "import sbn"], {}),
            "sbn --help, s": lambda who: seconds([*tools[who], "--help"], {}),
            "sbn atlas apps, s": lambda who: seconds([*tools[who], "-f", "json", "atlas", "apps"], environment),
        }
        print(f"{'':<36}{'ours':>12}{'original':>12}{'factor':>9}")
        for measures, best in ((rates, max), (spans, min)):
            for label, measure in measures.items():
                results: dict[str, list[float]] = {"ours": [], "original": []}
                for _ in range(options.rounds):
                    for who, values in results.items():
                        values.append(measure(who))
                ours, theirs = best(results["ours"]), best(results["original"])
                factor = ours / theirs if measures is rates else theirs / ours
                digits = 0 if measures is rates else 3
                figure(
                    "SBN",
                    label.removesuffix(", s"),
                    ours,
                    theirs,
                    beside=f"sbn-sdk {options.version}",
                    unit="/s" if measures is rates else "s",
                    more=measures is rates,
                    target=1.5 if measures is rates else 2.0,
                    headline=label in {"pulses/s, sync", "import sbn, s"},
                )
                print(f"{label:<36}{ours:>12.{digits}f}{theirs:>12.{digits}f}{factor:>8.2f}x")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

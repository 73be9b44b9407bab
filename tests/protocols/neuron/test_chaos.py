"""Everything goes wrong at once, over real sockets: no task is lost, none ends twice, none hangs, memory stays flat.

Neurons are processes that are killed and started again; POSTs fail, are answered twice or not at all; streams break;
the gateway restarts with what its journal holds. The run of every day is small, `-m slow` has 10,000 tasks and 8
neurons.
"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from wirewright.sandbox import Sandbox

WORKER = Path(__file__).with_name("chaos_neuron.py")
POSTS_FAIL = "status=503:3%@{op}, drop=2%@{op}, reset=1%@{op}, reset=mid:1%@{op}, duplicate=2%@{op}, html=1%@{op}"
STREAMS_BREAK = (
    "duplicate=2%@watch_neuron_events, slice=7b:20%@watch_neuron_events, truncate=20000b:30%@watch_neuron_events"
)
FAULTS = ", ".join(
    [
        POSTS_FAIL.format(op=op)
        for op in ("ack_lease", "nack_lease", "report_lease_progress", "register_neuron", "send_neuron_heartbeat")
    ]
    + [STREAMS_BREAK]
)
FINAL = {"done", "failed", "cancelled"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """A sandbox that can be restarted on its port with its journal."""

    def __init__(self, journal: Path, seed: int) -> None:
        self._settings: dict[str, Any] = {
            "data": journal,
            "port": free_port(),
            "lease_ttl": 2.0,
            "max_attempts": 1000,
            "keep": 10,
        }
        self._seed = seed
        self.restarts = 0
        self.sandbox = self._new()

    def _new(self) -> Sandbox:
        return Sandbox("neuron", chaos=f"seed={self._seed + self.restarts}, {FAULTS}", **self._settings)

    @property
    def tasks(self) -> dict[str, Any]:
        tasks: dict[str, Any] = self.sandbox.rules.gateway.tasks
        return tasks

    async def restart(self) -> None:
        await self.sandbox.stop()
        self.restarts += 1
        self.sandbox = self._new()
        await self.sandbox.start()


class Neurons:
    """Processes."""

    def __init__(self, url: str, count: int, concurrency: int) -> None:
        self._url, self._concurrency = url, concurrency
        self.processes = {f"n-{number}": self._start(f"n-{number}") for number in range(count)}
        self.kills = 0

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(WORKER), self._url, name, str(self._concurrency)], stdin=subprocess.PIPE
        )

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()
        self.processes[name] = self._start(name)
        self.kills += 1

    def memory(self, name: str) -> int:
        """Resident pages of a process, in bytes."""
        fields = Path(f"/proc/{self.processes[name].pid}/statm").read_text().split()
        return int(fields[1]) * 4096

    async def stop(self) -> list[int]:
        for process in self.processes.values():
            assert process.stdin
            process.stdin.close()
        return [await asyncio.to_thread(process.wait, 30) for process in self.processes.values()]

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@asynccontextmanager
async def running(gateway: Gateway, count: int, concurrency: int) -> AsyncIterator[Neurons]:
    await gateway.sandbox.start()
    neurons = Neurons(gateway.sandbox.url, count, concurrency)
    try:
        yield neurons
    finally:
        neurons.end()
        await gateway.sandbox.stop()


async def chaos(
    journal: Path, *, tasks: int, neurons: int, concurrency: int, seed: int, every: float, limit: float
) -> tuple[Gateway, list[int]]:
    """Run until every task has ended; answers the gateway and the memory of the one neuron that is never killed."""
    rng = random.Random(seed)
    gateway = Gateway(journal, seed)
    memory: list[int] = []
    async with asyncio.timeout(limit), running(gateway, neurons, concurrency) as fleet:
        created, disturbed = 0, time.monotonic()
        while created < tasks or gateway.sandbox.rules.unfinished():
            backlog = gateway.sandbox.rules.unfinished()
            for _ in range(min(tasks - created, max(0, 200 - backlog))):
                created += 1
                fate = "fail" if created % 10 == 0 else "succeed"
                gateway.sandbox.rules.new_task({"type": "chaos/work", "input": {"n": created, "fate": fate}})
            await asyncio.sleep(0.02)
            if time.monotonic() - disturbed > every:
                disturbed = time.monotonic()
                memory.append(fleet.memory("n-0"))
                await disturb(rng, gateway, fleet)
        assert await fleet.stop() == [0] * neurons, "a neuron did not end well"
    return gateway, memory


async def disturb(rng: random.Random, gateway: Gateway, fleet: Neurons) -> None:
    match rng.randrange(4):
        case 0:
            await gateway.restart()
        case 1:
            fleet.kill(rng.choice([name for name in fleet.processes if name != "n-0"]))
        case 2:
            for neuron in list(gateway.sandbox.rules.gateway.neurons.values()):
                if neuron.close:
                    neuron.close()
        case _:
            task = rng.choice(list(gateway.tasks.values()))
            gateway.sandbox.rules.gateway.cancel(task, "chaos", gateway.sandbox.clock.time())


def check(gateway: Gateway, tasks: int) -> None:
    assert len(gateway.tasks) == tasks
    cancelled = 0
    for task in gateway.tasks.values():
        ends = [entry["event"] for entry in task.history if entry["event"] in FINAL]
        assert ends == [task.state], f"{task.id} ended {ends}"
        if task.state == "cancelled":
            cancelled += 1
        elif task.input["fate"] == "fail":
            assert (task.state, task.error["code"]) == ("failed", "MEANT")
        else:
            assert (task.state, task.output) == ("done", {"n": task.input["n"]})
    assert cancelled <= tasks // 20
    states = Counter(task.state for task in gateway.tasks.values())
    deliveries = sum(entry["event"] == "leased" for task in gateway.tasks.values() for entry in task.history)
    print(f"{dict(states)}, {deliveries} deliveries, {gateway.restarts} restarts")


async def test_a_small_chaos_every_day(tmp_path: Path) -> None:
    gateway, _ = await chaos(tmp_path / "journal", tasks=1000, neurons=2, concurrency=8, seed=1, every=1.0, limit=60)
    check(gateway, 1000)


@pytest.mark.slow
async def test_ten_thousand_tasks_and_eight_neurons(tmp_path: Path) -> None:
    gateway, memory = await chaos(
        tmp_path / "journal", tasks=10_000, neurons=8, concurrency=8, seed=2, every=1.0, limit=280
    )
    check(gateway, 10_000)
    settled, last = memory[len(memory) // 4], memory[-1]
    print(f"memory of a neuron: {[round(m / 1e6, 1) for m in memory]}")
    assert last - settled < 4_000_000, "memory grows"

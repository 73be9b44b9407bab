"""Past one process: many runtimes on one graph, one of them dying again and again, and several servers on one database.

`WIREWRIGHT_EXOSPHERE_STATES` sets the size of the load runs; the slow one takes 10,000 states when it is not set.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from exospherehost import GraphNodeModel, SyncStateManager, UnitesModel
from exospherehost.testing.manager import Manager, Settings, bodies
from wirewright.sandbox import Sandbox

Use = Callable[..., dict[str, Any]]
FAN_OUT = 10
STATES_PER_RUN = 1 + FAN_OUT + FAN_OUT + 1  # root, the splitter and its siblings, work, join

RUNTIME = """
import sys
from exospherehost import BaseNode, Runtime
from pydantic import BaseModel

class Text(BaseNode):
    class Inputs(BaseModel):
        text: str
    class Outputs(BaseModel):
        text: str
    async def execute(self):
        return self.Outputs(text=self.inputs.text)

class Root(Text): pass
class Work(Text): pass
class Join(Text): pass
class Split(Text):
    async def execute(self):
        return [self.Outputs(text=f"{self.inputs.text}.{i}") for i in range(10)]

Runtime("ns", sys.argv[2], [Root, Split, Work, Join], sys.argv[1], "sandbox-key", poll_interval=0.1).start()
"""
SERVER = "from wirewright.cli import main; main()"
GRAPH = [
    GraphNodeModel(node_name="Root", namespace="ns", identifier="root", inputs={"text": "r"}, next_nodes=["split"]),
    GraphNodeModel(
        node_name="Split",
        namespace="ns",
        identifier="split",
        inputs={"text": "${{ root.outputs.text }}"},
        next_nodes=["work"],
    ),
    GraphNodeModel(
        node_name="Work",
        namespace="ns",
        identifier="work",
        inputs={"text": "${{ split.outputs.text }}"},
        next_nodes=["join"],
    ),
    GraphNodeModel(
        node_name="Join",
        namespace="ns",
        identifier="join",
        inputs={"text": "${{ root.outputs.text }}"},
        unites=UnitesModel(identifier="root"),
    ),
]


class Fleet:
    """Runtimes in processes of their own."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, url: str, name: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "EXOSPHERE_LOG_LEVEL": "CRITICAL"}
        process = subprocess.Popen(
            [sys.executable, "-c", RUNTIME, url, name], env=environment, stdout=subprocess.DEVNULL
        )
        self._processes.append(process)
        return process

    def end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
        self._processes.clear()


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    made = Fleet()
    yield made
    made.end()


def wait(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Other processes are waited for; there is no loop to await in."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
    return value


def keep_graph(url: str, runtimes: int) -> SyncStateManager:
    manager = SyncStateManager("ns", url, "sandbox-key")
    wait(lambda: manager.api.nodes.list("ns").count == 4)
    manager.upsert_graph("g", GRAPH, {}, polling_interval=0)
    return manager


def run_counts(manager: Manager) -> Counter[tuple[str, str, str]]:
    """How many states there are of each run, identifier and status."""
    import sqlalchemy as sa
    from exospherehost.testing.manager.tables import STATES

    columns = (STATES.c.run_id, STATES.c.identifier, STATES.c.status)
    with manager.database.begin() as connection:
        rows = connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns))
        return Counter({(row[0], row[1], row[2]): row[3] for row in rows})


def every_run_ended_once(manager: Manager, runs: list[str]) -> None:
    expected = Counter(
        {
            (run, identifier, "SUCCESS"): count
            for run in runs
            for identifier, count in (("root", 1), ("split", FAN_OUT), ("work", FAN_OUT), ("join", 1))
        }
    )
    assert run_counts(manager) == expected


def test_eight_runtimes_in_processes_of_their_own_share_one_graph(sandbox: Sandbox, fleet: Fleet) -> None:
    for index in range(8):
        fleet.start(sandbox.url, f"rt{index}")
    manager = keep_graph(sandbox.url, 8)
    wait(lambda: sandbox.requests.total > 8 and len(sandbox.requests.of("register_nodes")) == 8)
    runs = [manager.trigger("g")["run_id"] for _ in range(12)]
    server = sandbox.rules.manager
    wait(lambda: server.overview()["states"] == {"SUCCESS": 12 * STATES_PER_RUN})
    every_run_ended_once(server, runs)


def load_run(states: int, fleet: Fleet) -> float:
    """Four runtimes, one of them killed at random times and started anew; states per second."""
    runs_wanted = max(1, states // STATES_PER_RUN)
    dice = random.Random(7)
    with Sandbox("exosphere", lease=2, keep=10) as sandbox:
        for index in range(3):
            fleet.start(sandbox.url, f"rt{index}")
        victim = fleet.start(sandbox.url, "victim")
        manager = keep_graph(sandbox.url, 4)
        server = sandbox.rules.manager
        began = time.monotonic()
        total, killed = runs_wanted * STATES_PER_RUN, 0
        with ThreadPoolExecutor(1) as pool:
            triggering = pool.submit(lambda: [manager.trigger("g")["run_id"] for _ in range(runs_wanted)])
            while server.overview()["states"] != {"SUCCESS": total}:
                assert time.monotonic() < began + 280, server.overview()
                time.sleep(dice.uniform(0.3, 2.0))
                if time.monotonic() < began + 120:
                    victim.send_signal(signal.SIGKILL)
                    victim.wait()
                    killed += 1
                    victim = fleet.start(sandbox.url, "victim")
            runs = triggering.result()
        seconds = time.monotonic() - began
        assert killed >= 1
        every_run_ended_once(server, runs)
    print(f"\n{total} states in {seconds:.1f} s: {total / seconds:.0f} states/s; one runtime killed {killed} times")
    return total / seconds


def size(default: int) -> int:
    return int(os.environ.get("WIREWRIGHT_EXOSPHERE_STATES", default))


def test_nothing_is_lost_when_a_runtime_dies_again_and_again(fleet: Fleet) -> None:
    load_run(min(size(700), 700), fleet)


@pytest.mark.slow
def test_ten_thousand_states_while_a_runtime_dies_again_and_again(fleet: Fleet) -> None:
    load_run(size(10_000), fleet)


# Several servers on one database -----------------------------------------------------------------------------------


@pytest.fixture(params=["file", "postgres"])
def shared_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that several servers use at once."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'shared.db'}"
    url: str = request.getfixturevalue("postgres")
    return url


@pytest.fixture
def servers(shared_database: str) -> Iterator[list[Manager]]:
    """Three managers that know nothing of each other but the database."""
    made = [Manager(shared_database, Settings(orphan_age=0)) for _ in range(3)]
    yield made
    for manager in made:
        manager.close()


def prepare(server: Manager, string_schema: Use, node_use: Use, fan_out: int) -> None:
    node = {
        "name": "Echo",
        "inputs_schema": string_schema("text"),
        "outputs_schema": string_schema("text"),
        "secrets": [],
    }
    server.nodes.register("ns", bodies.RegisterNodes.model_validate({"runtime_name": "r", "nodes": [node]}))
    uses = [
        node_use("root", None, "split", text="r"),
        node_use("split", None, "work", text="s"),
        node_use("work", None, "join", text="${{ split.outputs.text }}"),
        node_use("join", unites="root", text="j"),
    ]
    server.graphs.upsert("ns", "g", bodies.UpsertGraph.model_validate({"secrets": {}, "nodes": uses}))
    server.launch.trigger("ns", "g", bodies.TriggerGraph())
    for outputs in ([{"text": "r"}], [{"text": str(i)} for i in range(fan_out)]):
        [state] = server.claims.enqueue("ns", bodies.Enqueue(nodes=["Echo"], batch_size=1))["states"]
        server.reports.executed(state["state_id"], bodies.Executed(outputs=outputs))


def test_claims_of_many_servers_never_overlap(servers: list[Manager], string_schema: Use, node_use: Use) -> None:
    prepare(servers[0], string_schema, node_use, 120)

    def claim(index: int) -> list[str]:
        server, ids = servers[index % len(servers)], []
        while states := server.claims.enqueue("ns", bodies.Enqueue(nodes=["Echo"], batch_size=7))["states"]:
            ids += [state["state_id"] for state in states]
        return ids

    with ThreadPoolExecutor(6) as pool:
        claimed = [state for ids in pool.map(claim, range(6)) for state in ids]
    assert len(claimed) == len(set(claimed)) == 120


@pytest.mark.parametrize("round_", range(3))
def test_finishers_on_many_servers_make_one_join(
    servers: list[Manager], string_schema: Use, node_use: Use, round_: int
) -> None:
    prepare(servers[0], string_schema, node_use, 9)
    states = servers[0].claims.enqueue("ns", bodies.Enqueue(nodes=["Echo"], batch_size=99))["states"]
    together = threading.Barrier(len(states))

    def finish(index: int) -> None:
        together.wait(10)
        report = bodies.Executed(outputs=[{"text": "done"}])
        servers[index % len(servers)].reports.executed(states[index]["state_id"], report)

    with ThreadPoolExecutor(len(states)) as pool:
        list(pool.map(finish, range(len(states))))
    counts = Counter((identifier, status) for (_, identifier, status) in run_counts(servers[1]).elements())
    assert counts == {("root", "SUCCESS"): 1, ("split", "SUCCESS"): 9, ("work", "SUCCESS"): 9, ("join", "CREATED"): 1}


def test_a_report_is_taken_once_whoever_takes_it(servers: list[Manager], string_schema: Use, node_use: Use) -> None:
    from exospherehost.testing.manager import Refusal

    prepare(servers[0], string_schema, node_use, 1)
    [state] = servers[0].claims.enqueue("ns", bodies.Enqueue(nodes=["Echo"], batch_size=1))["states"]

    def report(index: int) -> bool:
        try:
            servers[index].reports.executed(state["state_id"], bodies.Executed(outputs=[{"text": "x"}]))
        except Refusal as refusal:
            assert refusal.status == 400
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(report, range(3))) == [False, False, True]


def test_a_graph_is_kept_once_and_fires_once_for_all_servers(
    servers: list[Manager], string_schema: Use, node_use: Use
) -> None:
    from datetime import datetime, timedelta

    prepare(servers[0], string_schema, node_use, 1)
    triggers = [{"type": "CRON", "value": {"expression": "* * * * *"}}]
    body = bodies.UpsertGraph.model_validate(
        {"secrets": {"s": "t"}, "nodes": [node_use("a", "Echo", text="x")], "triggers": triggers}
    )
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda server: server.graphs.upsert("ns", "cron", body), servers))
        assert servers[2].graphs.list("ns")["count"] == 2
        soon = datetime.now() + timedelta(minutes=1)
        fired = sum(pool.map(lambda server: server.schedule.tick(soon), servers))
    runs = [run for run in servers[1].runs.list("ns", 1, 0)["runs"] if run["graph_name"] == "cron"]
    assert len(runs) == fired >= 1


def test_two_server_processes_and_four_runtimes_on_postgresql(
    postgres: str, fleet: Fleet, unused_port: Callable[[], int]
) -> None:
    ports = [unused_port(), unused_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", SERVER, "serve", "exosphere", "--quiet", "--port", str(port), "--data", postgres],
            stdout=subprocess.DEVNULL,
        )
        for port in ports
    ]
    try:
        for url in urls:
            wait(lambda url=url: _answers(url))
        for index in range(4):
            fleet.start(urls[index % 2], f"rt{index}")
        manager = keep_graph(urls[0], 4)
        runs = [manager.trigger("g")["run_id"] for _ in range(10)]
        inside = Manager(postgres)
        wait(lambda: inside.overview()["states"] == {"SUCCESS": 10 * STATES_PER_RUN})
        every_run_ended_once(inside, runs)
        inside.close()
    finally:
        fleet.end()
        for server in servers:
            server.terminate()
            server.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def unused_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find

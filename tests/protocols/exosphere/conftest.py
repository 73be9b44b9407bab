"""A state manager to play with: `world` without HTTP, `sandbox` with; clock and randomness stand still unless moved."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from exospherehost._health import RuntimeStatus
from exospherehost.runtime import Runtime
from exospherehost.testing.manager import Behaviour, Manager, Settings, bodies
from wirewright.contract.document import SpecDocument
from wirewright.protocols import find_protocol
from wirewright.sandbox import Sandbox

NAMESPACE = "ns"
START = 1_767_323_045.0


class Hand:
    """Time that moves when told to."""

    def __init__(self, seconds: float = START) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


def schema(*fields: str) -> dict[str, Any]:
    properties = {field: {"type": "string", "title": field} for field in fields}
    return {"type": "object", "title": "Fields", "properties": properties, "required": list(fields)}


def use(
    identifier: str,
    node: str | None = None,
    *next_nodes: str,
    unites: Any = None,
    namespace: str = NAMESPACE,
    **inputs: Any,
) -> dict[str, Any]:
    """A node use: `use("b", "Echo", "c", text="${{ a.outputs.text }}")`."""
    return {
        "node_name": node or "Echo",
        "namespace": namespace,
        "identifier": identifier,
        "inputs": inputs,
        "next_nodes": list(next_nodes),
        "unites": {"identifier": unites} if isinstance(unites, str) else unites,
    }


class World:
    """A manager, its clock and its dice, with short words for what tests do to it."""

    def __init__(self, url: str = "sqlite://", **settings: Any) -> None:
        self.clock = Hand()
        self.dice = [0.5]
        self.manager = Manager(url, Settings(clock=self.clock, random=lambda: self.dice[0], **settings))
        self.node("Echo", ["text"], ["text"])

    def node(
        self,
        name: str,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        secrets: Sequence[str] = (),
        **where: Any,
    ) -> None:
        self.raw_node(name, schema(*inputs), schema(*outputs), secrets, **where)

    def raw_node(
        self, name: str, inputs: Any, outputs: Any, secrets: Sequence[str] = (), namespace: str = NAMESPACE
    ) -> None:
        node = {"name": name, "inputs_schema": inputs, "outputs_schema": outputs, "secrets": list(secrets)}
        body = {"runtime_name": "rt", "nodes": [node]}
        self.manager.nodes.register(namespace, bodies.RegisterNodes.model_validate(body))

    def graph(
        self, *nodes: dict[str, Any], name: str = "g", namespace: str = NAMESPACE, **members: Any
    ) -> dict[str, Any]:
        """Keep a graph; what it is after verification."""
        body = {"secrets": {}, "nodes": list(nodes), **members}
        self.manager.graphs.upsert(namespace, name, bodies.UpsertGraph.model_validate(body))
        return self.manager.graphs.get(namespace, name)

    def trigger(self, name: str = "g", namespace: str = NAMESPACE, **body: Any) -> str:
        run: str = self.manager.launch.trigger(namespace, name, bodies.TriggerGraph(**body))["run_id"]
        return run

    def claim(self, count: int = 100, *nodes: str, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
        names = list(nodes) or [node["name"] for node in self.manager.nodes.list(namespace)["nodes"]]
        states: list[dict[str, Any]] = self.manager.claims.enqueue(
            namespace, bodies.Enqueue(nodes=names, batch_size=count)
        )["states"]
        return states

    def claim_one(self, **kwargs: Any) -> dict[str, Any]:
        [state] = self.claim(**kwargs)
        return state

    def executed(self, state: dict[str, Any], *outputs: dict[str, Any]) -> None:
        self.manager.reports.executed(state["state_id"], bodies.Executed(outputs=list(outputs)))

    def errored(self, state: dict[str, Any], error: str = "kaboom", namespace: str = NAMESPACE) -> dict[str, Any]:
        return self.manager.reports.errored(namespace, state["state_id"], bodies.Errored(error=error))

    def prune(self, state: dict[str, Any], **data: Any) -> dict[str, Any]:
        return self.manager.reports.prune(state["state_id"], bodies.Prune(data=data))

    def requeue(self, state: dict[str, Any], milliseconds: int = 1) -> dict[str, Any]:
        return self.manager.reports.requeue_after(state["state_id"], bodies.ReEnqueueAfter(enqueue_after=milliseconds))

    def retry(self, state: dict[str, Any], fanout_id: str = "f", namespace: str = NAMESPACE) -> dict[str, Any]:
        return self.manager.reports.manual_retry(namespace, state["state_id"], bodies.ManualRetry(fanout_id=fanout_id))

    def run_graph(self, run: str, namespace: str = NAMESPACE) -> dict[str, Any]:
        return self.manager.runs.graph(namespace, run)

    def statuses(self, run: str) -> list[tuple[str, str]]:
        """Identifier and status of every state, in the order they were made."""
        return [(node["identifier"], node["status"]) for node in self.run_graph(run)["nodes"]]

    def errors(self, run: str) -> set[str]:
        return {node["error"] for node in self.run_graph(run)["nodes"] if node["error"]}

    def details(self, run: str, state: dict[str, Any], graph: str = "g") -> dict[str, Any]:
        return self.manager.runs.node(NAMESPACE, graph, run, state["state_id"])

    def run_to_the_end(self, outputs: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None) -> int:
        """Execute whatever can be claimed until there is nothing left; how much it was."""
        count = 0
        while states := self.claim():
            for state in states:
                self.executed(state, *(outputs(state) if outputs else [{"text": state["identifier"]}]))
                count += 1
        return count


@pytest.fixture
def node_use() -> Callable[..., dict[str, Any]]:
    return use


@pytest.fixture
def string_schema() -> Callable[..., dict[str, Any]]:
    return schema


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(url: str = "sqlite://", **settings: Any) -> World:
        made.append(World(url, **settings))
        return made[-1]

    yield make
    for world in made:
        world.manager.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A state manager in memory, without the original's surprises."""
    return make_world()


@pytest.fixture
def original(make_world: Callable[..., World]) -> World:
    """The same with them."""
    return make_world(behaviour=Behaviour.original())


@pytest.fixture(scope="session")
def document() -> SpecDocument:
    """The canonical document, read once: it takes longer than most tests."""
    return find_protocol("exosphere").document()


@pytest.fixture
def sandbox(document: SpecDocument) -> Iterator[Sandbox]:
    with Sandbox("exosphere", document=document, verify=True, seed=1) as running:
        yield running


@pytest.fixture
def connection(sandbox: Sandbox) -> dict[str, str]:
    """What `Runtime` and `StateManager` need to reach the sandbox."""
    return {"namespace": NAMESPACE, "state_manager_uri": sandbox.url, "key": "sandbox-key"}


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY", "CORS_ORIGINS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("EXOSPHERE_STATE_MANAGER_URI", "EXOSPHERE_API_KEY", "EXOSPHERE_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


# PostgreSQL --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: what WIREWRIGHT_TEST_POSTGRES names, else one started for this session."""
    named = os.environ.get("WIREWRIGHT_TEST_POSTGRES")
    if named:
        yield named
        return
    found = shutil.which("initdb") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if found is None:
        pytest.skip("no PostgreSQL: set WIREWRIGHT_TEST_POSTGRES or install the package postgresql")
    # Not below pytest's own directory, which every session closes to other users.
    with (
        tempfile.TemporaryDirectory(prefix="postgres-") as directory,
        _own_server(Path(found).parent, Path(directory)) as url,
    ):
        yield url


class _own_server:
    """A server in a directory of its own, run as a user of its own where we are root (PostgreSQL refuses root)."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self._binaries, self._directory = binaries, directory
        self._data = directory / "data"
        self._prefix: list[str] = []
        if os.geteuid() == 0:
            runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
            if runuser is None:
                pytest.skip("no PostgreSQL: it refuses root, and there is no runuser")
            self._prefix = [runuser, "-u", "postgres", "--"]

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([*self._prefix, *arguments], capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            pytest.skip(f"no PostgreSQL: {Path(arguments[0]).name} failed: {done.stderr.strip()[-300:]}")

    def __enter__(self) -> str:
        if self._prefix:
            shutil.chown(self._directory, "postgres")
        self._run(str(self._binaries / "initdb"), "-D", str(self._data), "-A", "trust", "-U", "exosphere")
        port = _free_port()
        options = f"-p {port} -k {self._directory} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self._directory / "log")
        self._run(str(self._binaries / "pg_ctl"), "-D", str(self._data), "-o", options, "-l", log, "-w", "start")
        return f"postgresql+psycopg://exosphere@127.0.0.1:{port}/postgres"

    def __exit__(self, *exc: object) -> None:
        stop = [str(self._binaries / "pg_ctl"), "-D", str(self._data), "-m", "immediate", "stop"]
        subprocess.run([*self._prefix, *stop], capture_output=True, check=False, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    name = f"exosphere_{time.time_ns()}"
    server = sa.make_url(postgres_server)
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


# Runtimes ----------------------------------------------------------------------------------------------------------


async def _until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something to come true; what it came to."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true in time")
        await asyncio.sleep(0.003)
    return value


@pytest.fixture
def until() -> Callable[..., Any]:
    return _until


@pytest.fixture
def running(connection: dict[str, str]) -> Callable[..., Any]:
    """`async with running(NodeA, NodeB) as runtime`: a runtime at work, polling often; stopped at the end."""

    @contextlib.asynccontextmanager
    async def run(*nodes: Any, **settings: Any) -> AsyncIterator[Runtime]:
        runtime = Runtime(name="rt", nodes=list(nodes), **{**connection, "poll_interval": 0.02, **settings})
        task = runtime.start()
        assert task is not None
        try:
            await _until(lambda: runtime.health.status is RuntimeStatus.RUNNING or task.done())
            yield runtime
        finally:
            await runtime.stop()
            await task

    return run


@pytest.fixture
def manager(sandbox: Sandbox) -> Manager:
    """The state manager inside the sandbox."""
    found: Manager = sandbox.rules.manager
    return found


class Play:
    """Graphs in the sandbox, and what became of their runs."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager

    def start(
        self, *nodes: dict[str, Any], trigger: dict[str, Any] | None = None, count: int = 1, **members: Any
    ) -> str:
        """Keep a graph whose nodes are registered, and trigger it; the last run."""
        body = {"secrets": {}, "nodes": list(nodes), **members}
        self.manager.graphs.upsert(NAMESPACE, "g", bodies.UpsertGraph.model_validate(body))
        assert self.manager.graphs.get(NAMESPACE, "g")["validation_errors"] == []
        for _ in range(count):
            run = self.manager.launch.trigger(NAMESPACE, "g", bodies.TriggerGraph(**(trigger or {})))["run_id"]
        return str(run)

    def statuses(self, run: str) -> list[str]:
        return [f"{node['identifier']} {node['status']}" for node in self.manager.runs.graph(NAMESPACE, run)["nodes"]]

    def errors(self, run: str) -> list[str]:
        return [node["error"] for node in self.manager.runs.graph(NAMESPACE, run)["nodes"] if node["error"]]

    def has_ended(self, run: str) -> bool:
        summary = self.manager.runs.graph(NAMESPACE, run)["execution_summary"]
        return not any(summary[status] for status in ("CREATED", "QUEUED", "EXECUTED"))

    def counts(self) -> dict[str, int]:
        found: Any = self.manager.overview()["states"]
        return dict(found)


@pytest.fixture
def play(manager: Manager) -> Play:
    return Play(manager)

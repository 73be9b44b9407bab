"""The original SDKs, unchanged, against our sandbox; every answer they get is checked against the spec."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peers
import pytest
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.interop
PROGRAM = Path(__file__).with_name("interop_neuron.py")


def environment_of(version: str) -> Path:
    """The interpreter that has the original; skips where it cannot be installed."""
    try:
        return peers.python_of(f"holokai-neuron-sdk=={version}")
    except peers.NoPeerError as error:
        pytest.skip(str(error))


class Original:
    """A neuron process of the original."""

    def __init__(self, python: Path, url: str, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [str(python), "-I", str(PROGRAM), url, *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        )

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("neuron", verify=True, lease_ttl=2.0) as running:
        yield running


@pytest.fixture(params=("0.1.1", "0.2.0"))
def original(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Original]:
    neuron = Original(environment_of(request.param), sandbox.url)
    assert sandbox.wait_for(lambda: registered(sandbox), 10)
    yield neuron
    if neuron.process.poll() is None:
        neuron.stop()
    assert neuron.process.returncode == 0, neuron.process.stderr.read() if neuron.process.stderr else ""


def neuron_of(sandbox: Sandbox) -> Any:
    return next((n for n in sandbox.rules.gateway.neurons.values() if n.key[1] == "original"), None)


def registered(sandbox: Sandbox) -> bool:
    neuron = neuron_of(sandbox)
    return neuron is not None and neuron.session_id is not None


def create(sandbox: Sandbox, task_input: str, **more: Any) -> Any:
    return sandbox.call(sandbox.rules.new_task, {"type": "acme/echo", "input": task_input, **more})


def wait(sandbox: Sandbox, condition: Callable[[], bool]) -> None:
    assert sandbox.wait_for(condition, 8)


def events(task: Any) -> list[str]:
    return [entry["event"] for entry in task.history]


@pytest.mark.parametrize(
    ("task_input", "more", "state", "seen"),
    [
        ("ack", {}, "done", {"output": {"echo": "ack"}}),
        ("terminal", {}, "failed", {"error": {"kind": "terminal", "reason": "for good", "code": "X1"}}),
        ("retryable", {}, "done", {"output": "second time", "attempt": 1}),
        ("ack", {"inputSchema": {"type": "object"}}, "failed", {}),
        ("output", {}, "failed", {}),
    ],
)
def test_endings(
    original: Original, sandbox: Sandbox, task_input: str, more: dict[str, Any], state: str, seen: dict[str, Any]
) -> None:
    task = create(sandbox, task_input, **more)
    wait(sandbox, lambda: task.state == state)
    for name, value in seen.items():
        assert getattr(task, name) == value
    if task_input == "ack" and not more:
        assert task.progress["percent"] == 50.0
    if state == "failed" and not seen:
        assert task.error["kind"] == "schema-mismatch"


def test_a_cancel(original: Original, sandbox: Sandbox) -> None:
    task = create(sandbox, "forever")
    wait(sandbox, lambda: task.state == "leased")
    sandbox.call(lambda: sandbox.rules.gateway.cancel(task, "enough", sandbox.clock.time()))
    wait(sandbox, lambda: task.state == "cancelled")
    assert next(e for e in task.history if e["event"] == "nacked")["kind"] == "cancelled"


def test_heartbeats_renew_a_lease(original: Original, sandbox: Sandbox) -> None:
    task = create(sandbox, "forever")
    wait(sandbox, lambda: task.state == "leased")
    first = task.lease_id
    begun = sandbox.clock.time()
    wait(sandbox, lambda: sandbox.clock.time() - begun > 3.0)
    assert task.lease_id == first, "a lease of 2 s lives on while its neuron beats"
    sandbox.call(lambda: sandbox.rules.gateway.cancel(task, "enough", sandbox.clock.time()))
    wait(sandbox, lambda: task.state == "cancelled")


def test_a_drain(original: Original, sandbox: Sandbox) -> None:
    task = create(sandbox, "slow")
    wait(sandbox, lambda: task.progress is not None)
    original.stop()
    wait(sandbox, lambda: task.state == "done")
    assert task.output == "drained"
    wait(sandbox, lambda: neuron_of(sandbox).send is None)


def test_a_reconnect_while_a_lease_runs(original: Original, sandbox: Sandbox) -> None:
    task = create(sandbox, "slow")
    wait(sandbox, lambda: task.progress is not None)
    old = neuron_of(sandbox).session_id
    sandbox.call(lambda: neuron_of(sandbox).close())
    wait(sandbox, lambda: neuron_of(sandbox).session_id not in (None, old))
    wait(sandbox, lambda: task.state == "done")
    assert [event for event in events(task) if event != "progress"] == ["created", "leased", "done"]


def test_an_update(original: Original, sandbox: Sandbox) -> None:
    original.say("update")
    wait(sandbox, lambda: neuron_of(sandbox).offers["acme/echo"].concurrency == 3)
    tasks = [create(sandbox, "slow") for _ in range(3)]
    wait(sandbox, lambda: all(task.state == "leased" for task in tasks))
    wait(sandbox, lambda: all(task.state == "done" for task in tasks))


def test_a_lost_ack_is_made_good_by_redelivery(original: Original, sandbox: Sandbox) -> None:
    sandbox.faults.fail_next(1, "status=503", only="ack_lease")
    task = create(sandbox, "ack")
    wait(sandbox, lambda: task.state == "done")
    assert events(task).count("leased") == 2
    assert task.attempt == 1


def test_the_original_enrolls_and_works_with_what_it_got(tmp_path: Path) -> None:
    python = environment_of("0.2.0")
    credential = tmp_path / "credential.json"
    with Sandbox("neuron", verify=True, auto_approve=True, device_interval=0.05, strict_auth=True) as sandbox:
        enroll = [
            str(python),
            "-I",
            "-m",
            "holokai_neuron_sdk",
            "enroll",
            "--moku-url",
            sandbox.url,
            "--credentials-file",
            str(credential),
        ]
        for said in ("and enter code", "lready enrolled"):
            done = subprocess.run(enroll, capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == 0, done.stderr
            assert said in done.stdout
        neuron = Original(python, sandbox.url, str(credential))
        wait(sandbox, lambda: registered(sandbox))
        task = create(sandbox, "ack")
        wait(sandbox, lambda: task.state == "done")
        neuron.stop()
        assert neuron.process.returncode == 0

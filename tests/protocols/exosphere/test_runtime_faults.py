"""A runtime on a bad day: no state is lost, nothing secret is told, and work goes on when the trouble is over."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime
from exospherehost._backoff import CAP_SECONDS, Backoff
from exospherehost._health import Counters, RuntimeStatus
from exospherehost._redact import redact
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from wirewright.contract.document import SpecDocument
from wirewright.sandbox import Sandbox

Use = Callable[..., dict[str, Any]]
KEY = "sandbox-key"


class Echo(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        text: str

    async def execute(self) -> Any:
        return self.Outputs(text=self.inputs.text)


class Failing(Echo):
    async def execute(self) -> Any:
        raise ValueError("kaboom")


class Pruning(Echo):
    async def execute(self) -> Any:
        raise PruneSignal({"a": "b"})


class Later(Echo):
    calls = 0

    async def execute(self) -> Any:
        Later.calls += 1
        if Later.calls % 2:
            raise ReQueueAfterSignal(timedelta(milliseconds=1))
        return self.Outputs(text="done")


@pytest.fixture
def sandbox(document: SpecDocument) -> Iterator[Sandbox]:
    """Not verified: faults break contracts."""
    with Sandbox("exosphere", document=document, seed=1) as running:
        yield running


@pytest.fixture
def settings(connection: dict[str, str]) -> dict[str, Any]:
    return {**connection, "name": "rt", "poll_interval": 0.02}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exospherehost._delivery.FIRST_WAIT_SECONDS", 0.01)


TROUBLE = [
    "reset=x2",
    "drop=x2",
    "status=503x2",
    "status=500x2",
    "html=x2",
    "status=429x2",
    "truncate=x1",
    "reset=mid:x1",
]
REPORTS: dict[str, tuple[type[BaseNode], str, str]] = {
    "mark_state_executed": (Echo, "SUCCESS", "executed"),
    "mark_state_errored": (Failing, "ERRORED", "errored"),
    "prune_state": (Pruning, "PRUNED", "pruned"),
    "requeue_state_after": (Later, "SUCCESS", "executed"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("operation", REPORTS)
async def test_a_report_arrives_whatever_happens_on_the_way(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any, operation: str, trouble: str
) -> None:
    """When the answer is lost after the report was taken, the second one is refused (400), which does no harm."""
    node, ending, counter = REPORTS[operation]
    Later.calls = 0
    async with running(node, workers=1) as runtime:
        sandbox.faults.add(f"{trouble}@{operation}")
        run = play.start(node_use("a", node.__name__, text="x"), retry_policy={"max_retries": 0})
        await until(lambda: play.has_ended(run))
    assert play.statuses(run) == [f"a {ending}"]
    counters = runtime.health.counters
    assert getattr(counters, counter) + counters.refused >= 1
    assert counters.lost == 0


async def test_a_report_that_will_never_be_taken_is_given_up_and_counted(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exospherehost._delivery.MAX_SERVER_FAILURES", 3)
    async with running(Echo, workers=1) as runtime:
        sandbox.faults.add("status=500x3@mark_state_executed")
        play.start(node_use("a", text="x"))
        await until(lambda: runtime.health.counters.lost == 1)
        run = play.start(node_use("a", text="y"))
        await until(lambda: play.has_ended(run))
    assert runtime.health.counters.retried_reports == 2


@pytest.mark.parametrize(
    "trouble", ["reset=x3", "drop=x3", "status=503x3", "status=500x3", "html=x3", "garble=x1", "empty=x1"]
)
async def test_polling_goes_on_after_trouble(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any, trouble: str
) -> None:
    async with running(Echo) as runtime:
        sandbox.faults.add(f"{trouble}@enqueue_states")
        await until(lambda: runtime.health.counters.failed_polls >= 1)
        run = play.start(node_use("a", text="x"))
        await until(lambda: play.has_ended(run))
        assert runtime.health.status is RuntimeStatus.RUNNING
        assert len(sandbox.requests.of("register_nodes")) >= 2


@pytest.mark.parametrize("trouble", ["status=503x2", "reset=x2"])
async def test_secrets_are_asked_for_until_they_are_had(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any, trouble: str
) -> None:
    class Caller(Echo):
        class Secrets(BaseModel):
            token: str

    async with running(Caller):
        sandbox.faults.add(f"{trouble}@get_state_secrets")
        run = play.start(node_use("a", "Caller", text="x"), secrets={"token": "t"})
        await until(lambda: play.has_ended(run))
    assert play.statuses(run) == ["a SUCCESS"]


async def test_secrets_that_are_refused_fail_the_state(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any
) -> None:
    class Caller(Echo):
        class Secrets(BaseModel):
            token: str

    async with running(Caller):
        sandbox.faults.add("status=404x1@get_state_secrets")
        run = play.start(node_use("a", "Caller", text="x"), secrets={"token": "t"}, retry_policy={"max_retries": 0})
        await until(lambda: play.has_ended(run))
    assert play.statuses(run) == ["a ERRORED"]


async def test_states_that_cannot_be_executed_here_are_reported(
    running: Any, play: Any, node_use: Use, until: Any
) -> None:
    async with running(Echo, workers=1) as runtime:
        run = play.start(node_use("a", text="x"), retry_policy={"max_retries": 0})
        runtime._node_mapping.clear()
        await until(lambda: play.has_ended(run))
        assert play.errors(run) == ["'Echo'"]
        await runtime._state_queue.put({"node_name": "Echo", "inputs": {}})
        await until(lambda: runtime.health.queued == 0)
        assert runtime.health.is_healthy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_state_manager_that_comes_up_late_is_waited_for(until: Any, node_use: Use) -> None:
    port = free_port()
    runtime = Runtime("ns", "rt", [Echo], f"http://127.0.0.1:{port}", KEY, poll_interval=1)
    task = runtime.start()
    assert task is not None
    await asyncio.sleep(0.05)
    assert not task.done()
    async with Sandbox("exosphere", port=port) as sandbox:
        await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
        assert sandbox.requests.of("register_nodes")
        await runtime.stop()
        await task


async def test_polling_without_a_pause_still_waits_while_the_state_manager_is_away() -> None:
    runtime = Runtime("ns", "rt", [Echo], f"http://127.0.0.1:{free_port()}", KEY, poll_interval=0)
    poller = asyncio.create_task(runtime._enqueue())
    await asyncio.sleep(0.3)
    poller.cancel()
    await asyncio.gather(poller, return_exceptions=True)
    assert 1 <= runtime.health.counters.failed_polls <= 3


async def test_stopping_does_not_wait_for_a_state_manager_that_is_away() -> None:
    runtime = Runtime("ns", "rt", [Echo], f"http://127.0.0.1:{free_port()}", KEY)
    task = runtime.start()
    assert task is not None
    await asyncio.sleep(0.05)
    await runtime.stop()
    await asyncio.wait_for(task, 1)
    assert runtime.health.status is RuntimeStatus.STOPPED


async def test_a_restarted_state_manager_that_forgot_everything_is_told_again(until: Any) -> None:
    port = free_port()
    async with Sandbox("exosphere", port=port):
        runtime = Runtime("ns", "rt", [Echo], f"http://127.0.0.1:{port}", KEY, poll_interval=0)  # type: ignore[arg-type]
        runtime._poll_interval = 0.02  # type: ignore[assignment]
        task = runtime.start()
        assert task is not None
        await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    await until(lambda: runtime.health.status is RuntimeStatus.AWAY)
    async with Sandbox("exosphere", port=port) as second:
        await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
        assert [node["name"] for node in second.rules.manager.nodes.list("ns")["nodes"]] == ["Echo"]
        await runtime.stop()
        await task


def blocking(gate: asyncio.Event) -> type[BaseNode]:
    async def execute(self: Any) -> Any:
        await gate.wait()
        return self.Outputs(text="done")

    return type("Echo", (Echo,), {"execute": execute})


async def test_stop_lets_what_runs_end_and_gives_back_what_waits(
    running: Any, play: Any, node_use: Use, until: Any
) -> None:
    gate = asyncio.Event()
    async with running(blocking(gate), workers=2, batch_size=4) as runtime:
        play.start(node_use("a", text="x"), count=6)
        await until(lambda: runtime.health.running == 2 and runtime.health.queued == 4)
        await runtime.stop()
        await until(lambda: runtime.health.status is RuntimeStatus.STOPPING)
        gate.set()
    assert play.counts() == {"SUCCESS": 2, "CREATED": 4}
    assert runtime.health.counters == Counters(claimed=6, executed=2, given_back=4)


async def test_what_does_not_end_in_time_is_interrupted_and_given_back(
    running: Any, play: Any, node_use: Use, until: Any
) -> None:
    async with running(blocking(asyncio.Event()), workers=2, drain_seconds=0.05) as runtime:
        play.start(node_use("a", text="x"), count=2)
        await until(lambda: runtime.health.running == 2)
    assert play.counts() == {"CREATED": 2}
    assert runtime.health.counters.given_back == 2


async def test_a_cancelled_runtime_gives_everything_back(settings: Any, play: Any, node_use: Use, until: Any) -> None:
    runtime = Runtime(nodes=[blocking(asyncio.Event())], **settings, workers=1, batch_size=2)
    task = runtime.start()
    assert task is not None
    await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    play.start(node_use("a", text="x"), count=3)
    await until(lambda: runtime.health.running + runtime.health.queued == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert play.counts() == {"CREATED": 3}


async def test_states_claimed_by_a_poll_that_was_under_way_are_given_back(
    sandbox: Sandbox, settings: Any, play: Any, node_use: Use, until: Any
) -> None:
    runtime = Runtime(nodes=[Echo], **settings)
    task = runtime.start()
    assert task is not None
    await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    sandbox.faults.add("drip=3ms@enqueue_states")  # the answer comes byte by byte
    play.start(node_use("a", text="x"), count=5)
    await until(lambda: play.counts().get("QUEUED") == 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert play.counts() == {"CREATED": 5}


async def test_a_report_under_way_arrives_before_a_cancelled_runtime_ends(
    sandbox: Sandbox, settings: Any, play: Any, node_use: Use, until: Any
) -> None:
    runtime = Runtime(nodes=[Echo], **settings)
    task = runtime.start()
    assert task is not None
    await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    sandbox.faults.add("latency=150ms@mark_state_executed")
    play.start(node_use("a", text="x"))
    await until(lambda: sandbox.requests.of("mark_state_executed"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert play.counts() == {"SUCCESS": 1}
    assert runtime.health.counters == Counters(claimed=1, executed=1)


async def test_what_cannot_be_delivered_in_the_end_is_counted(
    sandbox: Sandbox, settings: Any, play: Any, node_use: Use, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exospherehost.runtime.STOP_SECONDS", 0.1)
    runtime = Runtime(nodes=[Echo], **settings)
    task = runtime.start()
    assert task is not None
    await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    sandbox.faults.add("reset=100%@mark_state_executed")
    play.start(node_use("a", text="x"))
    await until(lambda: runtime.health.counters.retried_reports or sandbox.requests.of("mark_state_executed"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert runtime.health.counters.lost == 1


class TestSecretsStaySecret:
    SECRET = "correct horse 'battery' staple"

    async def told(
        self, node: type[BaseNode], running: Any, play: Any, node_use: Use, until: Any, caplog: pytest.LogCaptureFixture
    ) -> str:
        with caplog.at_level(logging.DEBUG):
            async with running(node, workers=1):
                secrets = {"token": self.SECRET}
                run = play.start(
                    node_use("a", node.__name__, text="x"), secrets=secrets, retry_policy={"max_retries": 0}
                )
                await until(lambda: play.has_ended(run))
        return caplog.text + "".join(play.errors(run))

    async def test_a_node_that_tells_its_secret_does_not(
        self, running: Any, play: Any, node_use: Use, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Blabber(Echo):
            class Secrets(BaseModel):
                token: str

            async def execute(self) -> Any:
                raise ValueError(f"cannot log in with {self.secrets.token} or {self.secrets.token!r}, says {KEY}")

        told = await self.told(Blabber, running, play, node_use, until, caplog)
        assert "cannot log in with *** or" in told
        assert "horse" not in told
        assert KEY not in told

    async def test_secrets_that_do_not_validate_are_not_shown(
        self, running: Any, play: Any, node_use: Use, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Demanding(Echo):
            class Secrets(BaseModel):
                token: str
                other: str

        told = await self.told(Echo, running, play, node_use, until, caplog)
        assert "horse" not in told
        assert KEY not in told

    async def test_the_key_is_in_no_log_when_the_state_manager_repeats_it(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runtime = Runtime("ns", "rt", [Echo], "http://sm", KEY)

        async def answer(*_: Any) -> Any:
            return 400, {"detail": f"you sent {KEY}"}

        monkeypatch.setattr(runtime, "_send", answer)
        await runtime._notify_executed("s1", [])
        await runtime._get_secrets("s1")
        assert "you sent ***" in caplog.text
        assert KEY not in caplog.text


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.lists(st.text(), max_size=4))
def test_no_secret_survives_redaction(secrets: list[str], words: list[str]) -> None:
    text = " ".join(words + secrets + [repr(secret) for secret in secrets])
    cleaned = redact(text, secrets)
    assert all(
        secret not in cleaned.replace("***", "") for secret in secrets if "*" not in secret and " " not in secret
    )


def test_waits_double_up_to_half_a_minute() -> None:
    backoff = Backoff(2, random=lambda: 0.0)
    assert [backoff.next() for _ in range(7)] == [2, 4, 8, 16, 30, 30, 30]
    backoff.reset()
    assert backoff.next() == 2
    shortened = Backoff(2, random=lambda: 1.0)
    assert [shortened.next() for _ in range(3)] == [2, 3, 6]
    assert CAP_SECONDS == 30

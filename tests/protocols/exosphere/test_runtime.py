"""What a runtime does with settings, nodes and states (protocol sheet §7.7, §7.8)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal
from unittest.mock import AsyncMock, MagicMock, patch

import pytest
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime
from exospherehost._health import RuntimeStatus
from pydantic import BaseModel, Field
from wirewright.sandbox import Sandbox

Use = Callable[..., dict[str, Any]]


class Echo(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        text: str

    async def execute(self) -> Outputs:
        return self.Outputs(text=self.inputs.text)


class Ok(BaseNode):
    class Inputs(BaseModel):
        x: str

    class Outputs(BaseModel):
        y: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> Outputs:
        return self.Outputs(y=self.inputs.x)


SETTINGS: dict[str, Any] = {
    "namespace": "ns", "name": "rt", "nodes": [Echo], "state_manager_uri": "http://sm", "key": "k"
}  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 0, "workers": 0}, "Batch size should be at least 1"),
        ({"workers": 0, "state_manager_uri": None}, "Workers should be at least 1"),
        ({"state_manager_uri": None, "key": None}, "State manager URI is not set"),
        ({"state_manager_uri": ""}, "State manager URI is not set"),
        ({"key": None}, "API key is not set"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Runtime(**{**SETTINGS, **settings})


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", "http://env")
    monkeypatch.setenv("EXOSPHERE_API_KEY", "env-key")
    runtime = Runtime("ns", "rt", [])
    assert (runtime._state_manager_uri, runtime._key) == ("http://env", "env-key")


def node_class(name: str = "Bad", **parts: Any) -> type:
    return type(name, (BaseNode,), {"execute": Echo.execute, **parts})


def model(**fields: Any) -> type:
    return type("Fields", (BaseModel,), {"__annotations__": fields})


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (type("Alien", (), {}), "Alien does not inherit from exospherehost.BaseNode"),
        (type("Alien", (), {}), "Alien does not have an Inputs class\nAlien does not have an Outputs class\n"),
        (type("Alien", (), {}), "Alien does not have an Secrets class"),
        (node_class(Inputs=dict), "Bad does not have an Inputs class that inherits from pydantic.BaseModel"),
        (node_class(Outputs=dict), "Bad does not have an Outputs class that inherits from pydantic.BaseModel"),
        (node_class(Secrets=dict), "Bad does not have an Secrets class that inherits from pydantic.BaseModel"),
        (node_class(Inputs=model(n=int)), "Bad.Inputs field 'n' must be of type str, got <class 'int'>"),
        (node_class(Outputs=model(n=str | None)), "Bad.Outputs field 'n' must be of type str, got str | None"),
        (node_class(Secrets=model(n=Literal["a"])), "Bad.Secrets field 'n' must be of type str, got "),
    ],
)
def test_nodes_that_cannot_work(node: type, words: str) -> None:
    with pytest.raises(ValueError, match="Following errors while validating nodes: ") as refused:
        Runtime(**{**SETTINGS, "nodes": [node]})
    assert words in str(refused.value)


def test_names_of_nodes_must_differ_and_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"Bad\.Inputs field 'n'") as refused:
        Runtime(**{**SETTINGS, "nodes": [node_class(Inputs=model(n=int)), node_class()]})
    assert "\nDuplicate node class names found: ['Bad']" in str(refused.value)


def test_constrained_strings_and_defaults_are_strings() -> None:
    fine = model(a=Annotated[str, Field(min_length=1)], b=str)
    assert Runtime(**{**SETTINGS, "nodes": [node_class(Inputs=fine)]})._node_names == ["Bad"]
    assert Runtime(**{**SETTINGS, "nodes": []})._node_names == []


def test_endpoints() -> None:
    runtime = Runtime(**{**SETTINGS, "state_manage_version": "v9"})
    root = "http://sm/v9/namespace/ns"
    assert runtime._get_register_endpoint() == f"{root}/nodes/"
    assert runtime._get_enque_endpoint() == f"{root}/states/enqueue"
    for name, path in {
        "executed": "executed", "errored": "errored", "secrets": "secrets", "prune": "prune",
        "requeue_after": "re-enqueue-after",
    }.items():  # fmt: skip
        assert getattr(runtime, f"_get_{name}_endpoint")("s1") == f"{root}/state/s1/{path}"


class TestLogging:
    @pytest.mark.parametrize(
        ("name", "level"),
        [("debug", logging.DEBUG), ("nonsense", logging.INFO), ("", logging.INFO), ("basic_format", logging.INFO)],
    )
    def test_the_level_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch, name: str, level: int) -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest adds its own for each test
        monkeypatch.setenv("EXOSPHERE_LOG_LEVEL", name)
        with patch("logging.basicConfig") as configure:
            Runtime(**SETTINGS)
        assert configure.call_args.kwargs["level"] == level
        assert configure.call_args.kwargs["datefmt"] == "%Y-%m-%d %H:%M:%S"

    def test_a_program_can_do_without_or_has_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        with patch("logging.basicConfig") as configure:
            monkeypatch.setenv("EXOSPHERE_DISABLE_DEFAULT_LOGGING", "1")
            Runtime(**SETTINGS)
            monkeypatch.delenv("EXOSPHERE_DISABLE_DEFAULT_LOGGING")
            monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
            Runtime(**SETTINGS)
        configure.assert_not_called()


async def test_requests_are_those_of_the_original(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any
) -> None:
    """The captured bodies of protocol sheet §7.8."""

    async with running(Ok):
        run = play.start(node_use("a", "Ok", x="vé"))
        await until(lambda: play.has_ended(run))
    [register] = sandbox.requests.of("register_nodes")
    assert register.body.decode() == (
        '{"runtime_name": "rt", "runtime_namespace": "ns", "nodes": [{"name": "Ok", "namespace": "ns", '
        '"inputs_schema": {"properties": {"x": {"title": "X", "type": "string"}}, "required": ["x"], '
        '"title": "Inputs", "type": "object"}, "outputs_schema": {"properties": {"y": {"title": "Y", '
        '"type": "string"}}, '
        '"required": ["y"], "title": "Outputs", "type": "object"}, "secrets": []}]}'
    )
    assert {request.body for request in sandbox.requests.of("enqueue_states")} == {
        b'{"nodes": ["Ok"], "batch_size": 16}'
    }
    [executed] = sandbox.requests.of("mark_state_executed")
    assert executed.body == b'{"outputs": [{"y": "v\\u00e9"}]}'
    headers = dict(executed.headers)
    assert (headers["x-api-key"], headers["content-type"], headers["accept"]) == (
        "sandbox-key",
        "application/json",
        "*/*",
    )
    assert sandbox.requests.of("get_state_secrets") == []


RETURNS: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "one": (lambda node: node.Outputs(text="1"), [{"text": "1"}]),
    "several": (lambda node: [node.Outputs(text="1"), node.Outputs(text="2")], [{"text": "1"}, {"text": "2"}]),
    "none": (lambda node: None, []),
    "an empty list": (lambda node: [], []),
}


@pytest.mark.parametrize("kind", RETURNS)
async def test_what_a_node_returns_is_reported(
    sandbox: Sandbox, running: Any, play: Any, node_use: Use, until: Any, kind: str
) -> None:
    give, outputs = RETURNS[kind]

    async def execute(self: Any) -> Any:
        return give(self)

    async with running(type("Echo", (Echo,), {"execute": execute})) as runtime:
        run = play.start(node_use("a", text="x"))
        await until(lambda: play.has_ended(run))
    [report] = sandbox.requests.of("mark_state_executed")
    assert json.loads(report.body) == {"outputs": outputs}
    assert runtime.health.counters.executed == 1


def raising(error: BaseException) -> Callable[[Any], Any]:
    async def execute(self: Any) -> Any:
        raise error

    return execute


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


FAILURES: dict[str, tuple[Any, str]] = {
    "raises what cannot be sent": (raising(ValueError("half \ud800 a character")), "half ? a character"),
    "raises what cannot be said": (raising(MuteError()), "MuteError"),
    "raises": (raising(ValueError("kaboom")), "kaboom"),
    "raises a key error": (raising(KeyError("x")), "'x'"),
    "wants to end the program": (raising(SystemExit(3)), "3"),
    "is cancelled from within": (raising(asyncio.CancelledError("inner")), "inner"),
    "is not async": (lambda self: 7, "can't be used in 'await' expression"),
    "returns what is no model": (AsyncMock(return_value="text"), "'str' object has no attribute 'model_dump'"),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_node_that_fails_is_reported_and_ends_nothing(
    running: Any, play: Any, node_use: Use, until: Any, kind: str
) -> None:
    execute, words = FAILURES[kind]
    bad = type("Echo", (Echo,), {"execute": execute})
    async with running(bad, Ok, workers=1) as runtime:
        run = play.start(node_use("a", text="x"), retry_policy={"max_retries": 0})
        await until(lambda: play.has_ended(run))
        assert play.statuses(run) == ["a ERRORED"]
        assert words in play.errors(run)[0]
        after = play.start(node_use("a", "Ok", x="still at work"))
        await until(lambda: play.has_ended(after))
        assert runtime.health.is_healthy
    assert runtime.health.counters.errored == 1


async def test_inputs_are_validated_by_the_node(running: Any, play: Any, node_use: Use, until: Any) -> None:
    class Picky(Echo):
        class Inputs(BaseModel):
            text: Annotated[str, Field(max_length=3)]

    async with running(Picky):
        run = play.start(node_use("a", "Picky", text="too long"), retry_policy={"max_retries": 0})
        await until(lambda: play.has_ended(run))
        assert "at most 3 characters" in play.errors(run)[0]


async def test_signals_are_sent(running: Any, play: Any, node_use: Use, until: Any, manager: Any) -> None:
    class Once(Echo):
        calls = 0

        async def execute(self) -> Any:
            Once.calls += 1
            if self.inputs.text == "prune":
                raise PruneSignal({"why": "enough"})
            if Once.calls == 1:
                raise ReQueueAfterSignal(timedelta(milliseconds=5))
            return self.Outputs(text="done")

    async with running(Once) as runtime:
        run = play.start(node_use("a", "Once", text="x"))
        await until(lambda: play.has_ended(run))
        assert play.statuses(run) == ["a SUCCESS"]
        pruned = play.start(node_use("a", "Once", text="prune"))
        await until(lambda: play.has_ended(pruned))
        assert play.statuses(pruned) == ["a PRUNED"]
    counters = runtime.health.counters
    assert (counters.requeued, counters.executed, counters.pruned) == (1, 1, 1)


async def test_secrets_are_fetched_for_nodes_that_ask(running: Any, play: Any, node_use: Use, until: Any) -> None:
    seen = []

    class Caller(Echo):
        class Secrets(BaseModel):
            token: str

        async def execute(self) -> Any:
            seen.append(self.secrets.token)

    async with running(Caller):
        run = play.start(node_use("a", "Caller", text="x"), secrets={"token": "t", "other": "o"})
        await until(lambda: play.has_ended(run))
    assert seen == ["t"]


async def test_no_more_than_the_workers_run_and_no_more_than_two_batches_wait(
    running: Any, play: Any, node_use: Use, until: Any
) -> None:
    gate = asyncio.Event()

    class Slow(Echo):
        async def execute(self) -> Any:
            await gate.wait()

    async with running(Slow, workers=2, batch_size=3) as runtime:
        play.start(node_use("a", "Slow", text="x"), count=30)
        await until(lambda: runtime.health.queued >= 3)
        await asyncio.sleep(0.1)
        health = runtime.health
        assert health.running == 2
        assert health.queued <= 6
        assert play.counts()["QUEUED"] == health.running + health.queued
        gate.set()
        await until(lambda: play.counts() == {"SUCCESS": 30})


async def test_a_long_interval_does_not_slow_a_chain_down(running: Any, play: Any, node_use: Use, until: Any) -> None:
    """What a report has made is asked for at once, not at the next interval."""
    steps = [node_use(f"n{i}", None, *([f"n{i + 1}"] if i < 9 else []), text="x") for i in range(10)]
    async with running(Echo, poll_interval=0.5):
        run = play.start(*steps)
        await until(lambda: play.has_ended(run), seconds=3)


async def test_a_runtime_in_a_loop_is_a_task_that_can_be_cancelled(running: Any, connection: Any, until: Any) -> None:
    runtime = Runtime(name="rt", nodes=[Echo], **connection)
    task = runtime.start()
    assert isinstance(task, asyncio.Task)
    await until(lambda: runtime.health.status is RuntimeStatus.RUNNING)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runtime.health.status is RuntimeStatus.STOPPED


async def test_a_refused_registration_ends_the_start(connection: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match=r"Failed to register nodes: .*Invalid API key"):
        await Runtime(name="rt", nodes=[Echo], **{**connection, "key": "wrong"})._start()


PROGRAM = """
import asyncio, sys
from exospherehost import BaseNode, Runtime
from pydantic import BaseModel

class Echo(BaseNode):
    class Inputs(BaseModel):
        text: str
    class Outputs(BaseModel):
        text: str
    async def execute(self):
        print("begun", flush=True)
        await asyncio.sleep(float(self.inputs.text))
        return self.Outputs(text="done")

Runtime("ns", "rt", [Echo], workers=1, batch_size=2, poll_interval=0.05).start()
print("ended", flush=True)
"""


def test_a_program_that_blocks_ends_on_sigterm_and_gives_back_what_waits(
    sandbox: Sandbox, play: Any, node_use: Use, string_schema: Use
) -> None:
    from exospherehost.testing.manager import bodies

    node = {
        "name": "Echo",
        "inputs_schema": string_schema("text"),
        "outputs_schema": string_schema("text"),
        "secrets": [],
    }
    play.manager.nodes.register("ns", bodies.RegisterNodes.model_validate({"runtime_name": "r", "nodes": [node]}))
    play.start(node_use("a", text="0.3"), count=3)
    environment = {**os.environ, "EXOSPHERE_STATE_MANAGER_URI": sandbox.url, "EXOSPHERE_API_KEY": "sandbox-key"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        program.terminate()
        rest, _ = program.communicate(timeout=20)
    assert (program.returncode, rest) == (0, "ended\n")
    assert play.counts() == {"SUCCESS": 1, "CREATED": 2}


class TestTestDoubles:
    """Programs and the original's tests replace `exospherehost.runtime.ClientSession`, and call private coroutines."""

    def double(self, status: int, answer: Any) -> MagicMock:
        session = MagicMock()
        response = MagicMock(status=status, json=AsyncMock(return_value=answer))
        for verb in ("put", "post", "get"):
            getattr(session, verb).return_value.__aenter__ = AsyncMock(return_value=response)
            getattr(session, verb).return_value.__aexit__ = AsyncMock(return_value=None)
        session.__aenter__ = AsyncMock(return_value=session)
        session.__aexit__ = AsyncMock(return_value=None)
        return session

    async def test_calls_go_through_the_session(self) -> None:
        runtime = Runtime(**SETTINGS)
        session = self.double(200, {"secrets": {"a": "b"}, "states": []})
        headers = {"x-api-key": "k"}
        with patch("exospherehost.runtime.ClientSession", return_value=session):
            await runtime._register()
            assert await runtime._enqueue_call() == {"secrets": {"a": "b"}, "states": []}
            assert await runtime._get_secrets("s1") == {"a": "b"}
            await runtime._notify_executed("s1", [Echo.Outputs(text="1")])
            await runtime._notify_errored("s2", "no")
        session.get.assert_called_once_with(runtime._get_secrets_endpoint("s1"), headers=headers)
        executed, errored = session.post.call_args_list[1:]
        assert executed.args == (runtime._get_executed_endpoint("s1"),)
        assert executed.kwargs == {"json": {"outputs": [{"text": "1"}]}, "headers": headers}
        assert errored.kwargs == {"json": {"error": "no"}, "headers": headers}

    @pytest.mark.parametrize("status", [400, 404, 500])
    async def test_refusals_are_told_or_logged(self, status: int) -> None:
        runtime = Runtime(**SETTINGS)
        session = self.double(status, {"detail": "no"})
        with patch("exospherehost.runtime.ClientSession", return_value=session):
            with pytest.raises(RuntimeError, match="Failed to register nodes"):
                await runtime._register()
            with pytest.raises(RuntimeError, match="Failed to enqueue states"):
                await runtime._enqueue_call()
            assert await runtime._get_secrets("s1") == {}
            await runtime._notify_executed("s1", [])
            await runtime._notify_errored("s1", "")
        assert session.post.call_count == 3

    async def test_an_answer_without_secrets_is_none(self) -> None:
        with patch("exospherehost.runtime.ClientSession", return_value=self.double(200, {})):
            assert await Runtime(**SETTINGS)._get_secrets("s1") == {}

    async def test_the_poller_sleeps_for_its_interval_and_twice_as_long_after_a_failure(self) -> None:
        runtime = Runtime(**{**SETTINGS, "poll_interval": 3})
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 2:
                raise asyncio.CancelledError

        calls = AsyncMock(side_effect=[{"states": [{"state_id": "1"}]}, RuntimeError("away")])
        with (
            patch("exospherehost.runtime.sleep", sleep),
            patch.object(runtime, "_enqueue_call", calls),
            pytest.raises(asyncio.CancelledError),
        ):
            await runtime._enqueue()
        assert slept == [3, 6]
        assert runtime._state_queue.qsize() == 1

    async def test_what_a_report_makes_while_a_poll_is_under_way_is_asked_for_at_once(self) -> None:
        runtime = Runtime(**{**SETTINGS, "poll_interval": 60})
        calls = 0
        asked_again = asyncio.Event()

        async def ask() -> dict[str, Any]:
            nonlocal calls
            calls += 1
            if calls == 1:
                runtime._look_for_work()  # a report ends after the state manager has looked, before its answer arrives
            else:
                asked_again.set()
            return {}

        with patch.object(runtime, "_enqueue_call", ask):
            poller = asyncio.create_task(runtime._enqueue())
            await asyncio.wait_for(asked_again.wait(), 5)
            poller.cancel()
            await asyncio.gather(poller, return_exceptions=True)

    async def test_a_worker_takes_states_from_the_queue(self, until: Any) -> None:
        runtime = Runtime(**SETTINGS)
        notify = AsyncMock(return_value=None)
        with patch.object(runtime, "_notify_executed", notify):
            await runtime._state_queue.put({"state_id": "s1", "node_name": "Echo", "inputs": {"text": "x"}})
            worker = asyncio.create_task(runtime._worker(0))
            await until(lambda: notify.called)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        state_id, outputs = notify.call_args.args
        assert (state_id, [output.text for output in outputs]) == ("s1", ["x"])

    async def test_start_registers_and_runs_one_poller_and_the_workers(self) -> None:
        runtime = Runtime(**{**SETTINGS, "workers": 3})
        with (
            patch.object(runtime, "_register", AsyncMock()) as register,
            patch.object(runtime, "_enqueue", AsyncMock()) as enqueue,
            patch.object(runtime, "_worker", AsyncMock()) as worker,
        ):
            await runtime._start()
        assert (register.call_count, enqueue.call_count) == (1, 1)
        assert [call.args for call in worker.call_args_list] == [(0,), (1,), (2,)]

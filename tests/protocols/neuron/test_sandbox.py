"""The sandbox over real HTTP: the quick start, the control surface, errors, authentication. Every answer is checked
against the spec.
"""

from __future__ import annotations

import asyncio
import logging
import re
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from holokai_neuron_sdk import Capability, HandlerContext, Neuron
from wirewright.sandbox import Sandbox

from .conftest import until

SEED = Path(__file__).parents[4] / "shared/seeds/002_ab35fa269d4a4b3b.txt"
STAMP = "2025-01-02T03:04:05Z"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("neuron", verify=True, seed=1) as running:
        yield running


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.url, headers={"authorization": "Bearer t"}) as client:
        yield client


def neuron_at(sandbox: Sandbox, handler: Any, concurrency: int = 1, **options: Any) -> Neuron:
    options.setdefault("auth", lambda: "t")
    neuron = Neuron(gateway_url=sandbox.url, neuron_id="n-1", initial_reconnect_delay_ms=10, **options)
    neuron.register_handler(Capability(type="acme/echo", scope="any", concurrency=concurrency), handler)
    return neuron


async def echo(task_input: Any, ctx: HandlerContext) -> Any:
    return {"echo": task_input}


# The seed.


@pytest.mark.skipif(not SEED.exists(), reason="the seeds are not beside this checkout")
async def test_the_quick_start_of_the_seed_runs_unchanged_but_for_address_and_token(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    fence = re.search(r"## Quick start\s+```python\n(.*?)```", SEED.read_text(), re.DOTALL)
    assert fence
    code = fence.group(1).replace("https://api.holokai.dev", sandbox.url).replace("<bearer token>", "any token")
    code = textwrap.dedent(code).replace("asyncio.run(main())", "")
    program: dict[str, Any] = {}
    exec(compile(code, "quick start", "exec"), program)
    running = asyncio.ensure_future(program["main"]())
    created = (await http.post("/_sandbox/tasks", json={"type": "example/echo", "input": {"a": 1}})).json()
    task = sandbox.rules.gateway.tasks[created["id"]]
    await until(lambda: task.state == "done")
    shown = (await http.get(f"/_sandbox/tasks/{task.id}")).json()
    assert shown["output"] == {"echo": {"a": 1}}
    assert shown["progress"]["percent"] == 50.0
    assert [entry["event"] for entry in shown["history"]] == ["created", "leased", "progress", "done"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


# Tasks from end to end.


async def test_every_ending(sandbox: Sandbox) -> None:
    async def handler(task_input: Any, ctx: HandlerContext) -> Any:
        if task_input == "fail":
            ctx.fail("for good", code="X1")
        if task_input == "throw" and ctx.task.attempt < 2:
            raise RuntimeError("again")
        return task_input

    neuron = neuron_at(sandbox, handler, 4)
    await neuron.start()
    create = sandbox.rules.new_task
    ok = create({"type": "acme/echo", "input": 1})
    failed = create({"type": "acme/echo", "input": "fail"})
    thrown = create({"type": "acme/echo", "input": "throw"})
    mismatch = create({"type": "acme/echo", "input": 1, "inputSchema": {"type": "string"}})
    await until(lambda: not sandbox.rules.unfinished())
    await neuron.stop()
    assert (ok.state, ok.output) == ("done", 1)
    assert (failed.state, failed.error) == ("failed", {"kind": "terminal", "reason": "for good", "code": "X1"})
    assert (thrown.state, thrown.attempt, thrown.output) == ("done", 2, "throw")
    assert (mismatch.state, (mismatch.error or {})["code"]) == ("failed", "INPUT_SCHEMA_MISMATCH")


async def test_a_cancel_reaches_running_and_queued_leases(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    async def forever(task_input: Any, ctx: HandlerContext) -> None:
        await asyncio.Event().wait()

    neuron = neuron_at(sandbox, forever)
    await neuron.start()
    task = sandbox.rules.new_task({"type": "acme/echo"})
    await until(lambda: task.state == "leased")
    answer = await http.post(f"/_sandbox/tasks/{task.id}/cancel", json={"reason": "enough"})
    assert answer.status_code == 200
    await until(lambda: task.state == "cancelled")
    assert task.history[-2]["kind"] == "cancelled"
    await neuron.stop()


async def test_a_neuron_that_is_pushed_off_comes_back_and_goes_on(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    neuron = neuron_at(sandbox, echo)
    opened: list[int] = []
    neuron.on("connection:registered", lambda _: opened.append(1))
    await neuron.start()
    await until(lambda: len(opened) == 1)
    await http.post("/_sandbox/neurons/n-1/disconnect", json={"reconnectable": False})
    await until(lambda: len(opened) == 2)
    task = sandbox.rules.new_task({"type": "acme/echo"})
    await until(lambda: task.state == "done")
    await neuron.stop()


async def test_an_update_and_a_revocation(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    neuron = neuron_at(sandbox, echo)
    revoked: list[Any] = []
    neuron.on("frame", lambda frame: revoked.append(frame) if frame.type == "capability-revoked" else None)
    await neuron.start()
    await neuron.update_capability("acme/echo", concurrency=9)

    def offered() -> int:
        offers = next(iter(sandbox.rules.gateway.neurons.values())).offers
        return offers["acme/echo"].concurrency if offers else 0

    await until(lambda: offered() == 9)
    (shown,) = (await http.get("/_sandbox/neurons")).json()
    assert shown["capabilities"][0]["concurrency"] == 9
    await http.post("/_sandbox/neurons/n-1/revoke", json={"capability": "acme/echo"})
    await until(lambda: bool(revoked))
    await neuron.stop()


async def test_an_ack_survives_failing_posts_and_is_counted_once(sandbox: Sandbox) -> None:
    neuron = neuron_at(sandbox, echo)
    await neuron.start()
    sandbox.faults.fail_next(2, only="ack_lease")
    task = sandbox.rules.new_task({"type": "acme/echo"})
    await until(lambda: task.state == "done")
    assert [entry["event"] for entry in task.history] == ["created", "leased", "done"]
    await neuron.stop()


async def test_an_expired_token_is_fetched_anew(sandbox: Sandbox) -> None:
    asked: list[int] = []

    def auth() -> str:
        asked.append(1)
        return f"token-{len(asked)}"

    neuron = neuron_at(sandbox, echo, auth=auth)
    await neuron.start()
    sandbox.faults.fail_next(1, "status=401", only="ack_lease")
    task = sandbox.rules.new_task({"type": "acme/echo"})
    await until(lambda: task.state == "done")
    first, second = list(sandbox.requests.of("ack_lease"))[-2:]
    assert (first.status, second.status) == (401, 200)
    await neuron.stop()


# What the gateway refuses.


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("register", {"type": "register", "neuronId": "n", "protocolVersion": "1.0.0", "capabilities": []}, 400),
        (
            "register",
            {
                "type": "register",
                "neuronId": "n",
                "protocolVersion": "1.0.0",
                "capabilities": [{"type": "a/b", "scope": "any", "concurrency": 1}],
            },
            409,
        ),
        (
            "register",
            {
                "type": "register",
                "neuronId": "n",
                "protocolVersion": "2.0.0",
                "capabilities": [{"type": "a/b", "scope": "any", "concurrency": 1}],
            },
            400,
        ),
        (
            "register",
            {
                "type": "register",
                "neuronId": "n",
                "protocolVersion": "1.0.0",
                "capabilities": [{"type": "a/b", "scope": "any", "concurrency": 1}] * 2,
            },
            400,
        ),
        (
            "update-capability",
            {
                "type": "update-capability",
                "neuronId": "n",
                "capability": {"type": "a/b", "scope": "any", "concurrency": 1},
            },
            404,
        ),
        (
            "update-capability",
            {
                "type": "update-capability",
                "neuronId": "n",
                "capability": {"type": "a/b", "scope": "any", "concurrency": 0},
            },
            400,
        ),
        ("heartbeat", {"type": "heartbeat", "neuronId": "n", "inFlight": [], "sentAt": STAMP}, 404),
        ("ack", {"type": "ack", "leaseId": "l", "completedAt": STAMP}, 409),
        ("ack", {"type": "ack", "leaseId": "l", "completedAt": STAMP, "extra": 1}, 400),
        ("nack", {"type": "nack", "leaseId": "l", "kind": "odd", "reason": "r", "failedAt": STAMP}, 400),
        ("nack", {"type": "nack", "leaseId": "l", "kind": "terminal", "reason": "r", "failedAt": STAMP}, 409),
        ("progress", {"type": "progress", "leaseId": "l", "percent": 101, "sentAt": STAMP}, 400),
        ("progress", {"type": "progress", "leaseId": "l", "sentAt": STAMP}, 409),
    ],
)
async def test_refusals(http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int) -> None:
    answer = await http.post(f"/neuron/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) >= {"error", "message"}


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({}, "/neuron/events?neuronId=n", 401),
        ({"authorization": "Bearer t"}, "/neuron/events", 400),
        ({"authorization": "Basic x"}, "/neuron/events?neuronId=n", 401),
    ],
)
async def test_streams_that_are_refused(sandbox: Sandbox, headers: dict[str, str], path: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url) as client:
        assert (await client.get(path, headers=headers)).status_code == status


async def test_strict_auth_takes_minted_tokens_only() -> None:
    async with (
        Sandbox("neuron", strict_auth=True, verify=True) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url) as client,
    ):
        answer = await client.get("/neuron/events?neuronId=n", headers={"authorization": "Bearer made-up"})
        assert answer.status_code == 401


# The control surface.


async def test_the_task_list_and_unknown_things(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    created = (await http.post("/_sandbox/tasks", json={"type": "a/b", "input": 1, "onBehalfOf": "u"})).json()
    assert (created["state"], created["onBehalfOf"]) == ("pending", "u")
    assert [task["id"] for task in (await http.get("/_sandbox/tasks?state=pending")).json()] == [created["id"]]
    assert (await http.get("/_sandbox/tasks?state=done")).json() == []
    assert (await http.get("/_sandbox/state")).json()["tasks"] == {"pending": 1}
    for path in (
        "/_sandbox/tasks/nope",
        "/_sandbox/neurons/nope/disconnect",
        "/_sandbox/enrollments/nope/approve",
        "/_sandbox/clients/nope/revoke",
    ):
        method = "GET" if path.endswith("tasks/nope") else "POST"
        assert (await http.request(method, path)).status_code == 404
    assert (await http.post("/_sandbox/tasks", json={"input": 1})).status_code == 400


async def test_a_restarted_gateway_knows_its_tasks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    release = asyncio.Event()

    async def slow(task_input: Any, ctx: HandlerContext) -> str:
        await release.wait()
        return "kept"

    first = Sandbox("neuron", data=tmp_path / "journal", verify=True)
    await first.start()
    port = int(first.url.rpartition(":")[2])
    neuron = neuron_at(first, slow)
    await neuron.start()
    task_id = first.rules.new_task({"type": "acme/echo"}).id
    await until(lambda: first.rules.gateway.tasks[task_id].state == "leased")
    await first.stop()
    second = Sandbox("neuron", data=tmp_path / "journal", port=port, verify=True)
    await second.start()
    release.set()
    await until(lambda: second.rules.gateway.tasks[task_id].state == "done")
    await neuron.stop()
    await second.stop()

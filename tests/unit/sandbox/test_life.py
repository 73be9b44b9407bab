"""Starting, stopping, and the ways to reach a sandbox."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from wirewright.sandbox import ContractBrokenError, ManualClock, Rules, Sandbox, SystemClock


def test_it_starts_at_once(spec: dict[str, Any], rules: type[Rules]) -> None:
    def seconds() -> float:
        started = time.perf_counter()
        with Sandbox.from_spec(spec, rules=rules):
            return time.perf_counter() - started

    assert min(seconds() for _ in range(3)) < 0.3


def test_it_stops_at_once_with_a_stream_open(spec: dict[str, Any], rules: type[Rules]) -> None:
    with Sandbox.from_spec(spec, rules=rules) as sandbox, httpx.Client() as client:
        stream = client.send(client.build_request("GET", sandbox.url + "/watch"), stream=True)
        state = sandbox.rules
        started = time.perf_counter()
        sandbox.close()
        assert time.perf_counter() - started < 1
        assert list(stream.iter_lines()) == ["event: bye", "data: {}", ""]
    assert state.ended


def test_its_port_is_free_again_afterwards(spec: dict[str, Any]) -> None:
    with Sandbox.from_spec(spec) as sandbox:
        port = urlsplit(sandbox.url).port
    assert port
    with Sandbox.from_spec(spec, port=port) as again:
        assert httpx.get(again.url + "/notes").status_code == 200


def test_a_taken_port_is_an_os_error(spec: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), Sandbox.from_spec(spec, port=taken.getsockname()[1]):
            pass


def test_a_silent_connection_does_not_hold_up_the_stop(spec: dict[str, Any]) -> None:
    with Sandbox.from_spec(spec, chaos="silence") as sandbox:
        address = urlsplit(sandbox.url)
        idle = socket.create_connection((address.hostname, address.port))
        waiting = socket.create_connection((address.hostname, address.port))
        waiting.sendall(b"GET /notes HTTP/1.1\r\nhost: x\r\n\r\n")
        assert sandbox.wait_for(lambda: len(sandbox.requests) == 1)
        started = time.perf_counter()
        sandbox.close()
        assert time.perf_counter() - started < 1
    assert (idle.recv(1), waiting.recv(1)) == (b"", b"")


async def test_it_runs_in_the_loop_of_async_users(spec: dict[str, Any], rules: type[Rules]) -> None:
    async with Sandbox.from_spec(spec, rules=rules) as sandbox, httpx.AsyncClient() as client:
        assert sandbox.loop is asyncio.get_running_loop()
        assert (await client.get(sandbox.url + "/notes")).status_code == 200
        with pytest.raises(RuntimeError, match="own event loop"):
            sandbox.reset()


def test_code_can_be_run_inside_it(sandbox: Sandbox) -> None:
    async def in_loop(number: int) -> tuple[int, bool]:
        return number, asyncio.get_running_loop() is sandbox.loop

    assert sandbox.call(in_loop, 5) == (5, True)
    assert sandbox.call(lambda: 6) == 6


def test_before_its_start_it_says_so(spec: dict[str, Any]) -> None:
    sandbox = Sandbox.from_spec(spec)
    for use in (lambda: sandbox.rules, lambda: sandbox.requests, sandbox.reset):
        with pytest.raises(RuntimeError, match="with block"):
            use()
    with pytest.raises(TypeError, match="from_spec"):
        Sandbox()


@pytest.mark.parametrize("serve", [True, False])
def test_it_is_reached_in_process_by_a_sync_client(spec: dict[str, Any], rules: type[Rules], serve: bool) -> None:
    with Sandbox.from_spec(spec, rules=rules, serve=serve) as sandbox:
        with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url) as client:
            client.put("/notes/a%2Fb", json={"text": "x"})
            assert client.get("/notes/a%2Fb").json() == {"text": "x"}
            with client.stream("GET", "/watch", headers={"last-event-id": "0"}) as stream:
                assert next(stream.iter_lines()) == "event: note"
        assert sandbox.wait_for(lambda: sandbox.rules.changes.followers == 0)


async def test_it_is_reached_in_process_from_its_own_loop_and_from_another(
    spec: dict[str, Any], rules: type[Rules]
) -> None:
    async def use(sandbox: Sandbox) -> None:
        async with httpx.AsyncClient(transport=sandbox.transport(), base_url="http://any") as client:
            await client.put("/notes/a", json={"text": "x"})
            async with client.stream("GET", "/watch", headers={"last-event-id": "0"}) as stream:
                assert await anext(stream.aiter_lines()) == "event: note"

    async with Sandbox.from_spec(spec, rules=rules, serve=False) as sandbox:
        await use(sandbox)
    with Sandbox.from_spec(spec, rules=rules, serve=False) as sandbox:
        await use(sandbox)


async def test_in_process_timeouts_are_kept(spec: dict[str, Any]) -> None:
    async with Sandbox.from_spec(spec, chaos="silence", serve=False) as sandbox:
        client = httpx.AsyncClient(transport=sandbox.transport(), base_url="http://any", timeout=0.01)
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/notes")


def test_answers_that_break_the_spec_are_noted_and_fail_the_block(spec: dict[str, Any], rules: type[Rules]) -> None:
    with pytest.raises(ContractBrokenError, match="GET /notes/broken -> 200: body/text: null is not of type") as raised:  # noqa: SIM117
        with Sandbox.from_spec(spec, rules=rules, verify=True) as sandbox:
            answer = httpx.get(sandbox.url + "/notes/broken")
            assert answer.headers["x-sandbox-verdict"] == 'body/text: null is not of type "string"'
            assert httpx.get(sandbox.url + "/notes/none").status_code == 404
    assert [exchange.target for exchange in raised.value.exchanges] == ["/notes/broken"]


def test_a_broken_answer_is_not_forgotten_by_a_reset_or_in_a_crowd(spec: dict[str, Any], rules: type[Rules]) -> None:
    with pytest.raises(ContractBrokenError) as raised:  # noqa: SIM117
        with Sandbox.from_spec(spec, rules=rules, verify=True, keep=1) as sandbox:
            httpx.get(sandbox.url + "/notes/broken")
            httpx.get(sandbox.url + "/notes")
            httpx.get(sandbox.url + "/notes/broken?again")
            sandbox.reset()
    assert [exchange.target for exchange in raised.value.exchanges] == ["/notes/broken", "/notes/broken?again"]


def test_a_start_that_fails_leaves_nothing_behind(spec: dict[str, Any]) -> None:
    class Failing(Rules):
        async def start(self) -> None:
            raise LookupError("no database")

    with Sandbox.from_spec(spec) as running:
        port = urlsplit(running.url).port
    with pytest.raises(LookupError, match="no database"), Sandbox.from_spec(spec, rules=Failing, port=port):
        pass
    with Sandbox.from_spec(spec, port=port):
        pass


def test_a_sandbox_that_is_started_again_has_the_same_port_and_a_fresh_state(
    spec: dict[str, Any], rules: type[Rules]
) -> None:
    sandbox = Sandbox.from_spec(spec, rules=rules)
    with sandbox:
        url = sandbox.url
        httpx.put(url + "/notes/a", json={"text": "x"})
    with sandbox:
        assert sandbox.url == url
        assert httpx.get(url + "/notes/a").status_code == 404


def test_an_error_in_the_block_is_not_hidden_by_a_broken_contract(spec: dict[str, Any], rules: type[Rules]) -> None:
    with pytest.raises(KeyError), Sandbox.from_spec(spec, rules=rules, verify=True) as sandbox:
        httpx.get(sandbox.url + "/notes/broken")
        raise KeyError


def test_documented_credentials_can_be_demanded(spec: dict[str, Any], rules: type[Rules]) -> None:
    with Sandbox.from_spec(spec, rules=rules, security=True) as sandbox:
        refused = httpx.put(sandbox.url + "/notes/a", json={"text": "x"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
        assert httpx.put(sandbox.url + "/notes/a", json={"text": "x"}, headers={"x-key": "any"}).status_code == 201


async def test_a_manual_clock_wakes_sleepers_in_order() -> None:
    clock = ManualClock(start=100.0)
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (3, 1, 2, 0):
            group.create_task(sleeper(seconds))
        await asyncio.sleep(0)
        clock.advance(1.5)
        await asyncio.sleep(0.001)
        assert (woken, clock.time(), clock.sleepers) == ([0, 1], 101.5, 2)
        clock.advance(10)
    assert woken == [0, 1, 2, 3]
    assert clock.now().isoformat() == "1970-01-01T00:01:51.500000+00:00"


async def test_background_work_follows_the_clock_and_ends_with_the_state(spec: dict[str, Any]) -> None:
    class Ticking(Rules):
        async def start(self) -> None:
            self.ticks: list[str] = []
            self.every(10, lambda: self.ticks.append("every"))
            self.after(15, self.late)

        async def late(self) -> None:
            self.ticks.append("late")

    clock = ManualClock()
    async with Sandbox.from_spec(spec, rules=Ticking, clock=clock, serve=False) as sandbox:
        await asyncio.sleep(0)
        for _ in range(3):
            clock.advance(5)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert sandbox.rules.ticks == ["every", "late"]
        await sandbox.app.reset()
        assert sandbox.rules.ticks == []
    assert abs(SystemClock().time() - time.time()) < 1

"""WebSockets of a sandbox: opened at a GET operation, asked at the door, recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from wirewright.contract.document import SpecDocument
from wirewright.sandbox import Answer, Call, Refuse, Rules, Sandbox, Socket, rule, socket

GET: dict[str, Any] = {"responses": {"101": {"description": "open"}, "200": {"description": "plain"}}}
DOCUMENT = SpecDocument(
    {
        "openapi": "3.1.0",
        "info": {"title": "Talk", "version": "1"},
        "paths": {
            "/rooms/{room}": {
                "get": {
                    "operationId": "talk",
                    "parameters": [{"name": "room", "in": "path", "required": True, "schema": {"type": "string"}}],
                    **GET,
                }
            },
            "/plain": {"get": {"operationId": "plain", **GET}},
        },
    }
)


class TalkRules(Rules):
    """Says back what it hears, in the room it was heard in."""

    def setup(self) -> None:
        self.ended = asyncio.Event()

    def before(self, call: Call) -> Answer | None:
        if call.query.get("token") == "none":
            raise Refuse(403, {"error": "no"})
        return Answer(401) if call.query.get("token") == "old" else None

    @rule("talk")
    def plainly(self, call: Call) -> Answer:
        return Answer(200, {"room": call.path["room"]})

    @socket("talk")
    async def talk(self, call: Call, line: Socket) -> None:
        async for frame in line.frames():
            if frame == "fail":
                raise RuntimeError("a defect")
            if frame == "bye":
                break
            if frame == b"raw":
                await line.send(b"raw")
            else:
                await line.send({call.path["room"]: frame})
        self.ended.set()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(document=DOCUMENT, rules=TalkRules) as sandbox:
        yield sandbox


def open_at(sandbox: Sandbox, path: str) -> connect:
    return connect(sandbox.url.replace("http", "ws") + path)


async def said(line: ClientConnection, text: str | bytes) -> Any:
    await line.send(text)
    return await asyncio.wait_for(line.recv(), 5)


async def test_frames_go_both_ways(sandbox: Sandbox) -> None:
    async with open_at(sandbox, "/rooms/blue%20room") as line:
        assert json.loads(await said(line, "hällo")) == {"blue room": "hällo"}
        assert await said(line, b"raw") == b"raw"


async def test_the_upgrade_is_recorded(sandbox: Sandbox) -> None:
    async with open_at(sandbox, "/rooms/a?token=x") as line:
        await said(line, "hi")
    (exchange,) = sandbox.requests
    assert (exchange.operation, exchange.status, exchange.target) == ("talk", 101, "/rooms/a?token=x")


async def test_it_closes_when_the_rule_returns(sandbox: Sandbox) -> None:
    async with open_at(sandbox, "/rooms/a") as line:
        await line.send("bye")
        await asyncio.wait_for(line.wait_closed(), 5)
        assert line.close_code == 1000


async def test_the_rule_learns_that_the_client_has_left(sandbox: Sandbox) -> None:
    async with open_at(sandbox, "/rooms/a") as line:
        await said(line, "hi")
    await asyncio.wait_for(sandbox.rules.ended.wait(), 5)


async def test_a_defect_of_the_rule_closes_with_1011_and_is_noted(sandbox: Sandbox) -> None:
    async with open_at(sandbox, "/rooms/a") as line:
        with pytest.raises(ConnectionClosedError) as caught:
            await said(line, "fail")
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1011
    assert "a defect" in str(sandbox.requests[0].answer_problems[0])


@pytest.mark.parametrize(
    ("path", "status"),
    [("/rooms/a?token=none", 403), ("/rooms/a?token=old", 401), ("/plain", 404), ("/nowhere", 404)],
)
async def test_who_is_refused_gets_an_http_answer(sandbox: Sandbox, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await open_at(sandbox, path)
    assert caught.value.response.status_code == status
    assert sandbox.requests[0].status == status


async def test_faults_refuse_the_upgrade(sandbox: Sandbox) -> None:
    sandbox.faults.fail_next(1, "status=503")
    with pytest.raises(InvalidStatus) as caught:
        await open_at(sandbox, "/rooms/a")
    assert caught.value.response.status_code == 503
    assert sandbox.requests[0].answered_by == "fault"
    async with open_at(sandbox, "/rooms/a") as line:
        assert await said(line, b"raw") == b"raw"


async def test_a_plain_request_at_the_same_path_is_the_rules(sandbox: Sandbox) -> None:
    import httpx

    async with httpx.AsyncClient() as client:
        assert (await client.get(sandbox.url + "/rooms/a")).json() == {"room": "a"}

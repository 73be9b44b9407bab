"""The chat's WebSocket (protocol sheet, section 4.6), over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from symbiont.testing.rules import SANDBOX_TOKEN
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from wirewright.sandbox import ManualClock, Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("symbiont", clock=ManualClock(), seed=7, verify=True) as sandbox:
        yield sandbox


def url(sandbox: Sandbox, token: str = SANDBOX_TOKEN) -> str:
    return f"{sandbox.url.replace('http', 'ws')}/ws/chat?token={token}"


async def heard(socket: Any, *, until: str) -> list[Any]:
    """Frames up to the first of this type; every one keeps the spec's union."""
    frames: list[Any] = []
    while not frames or frames[-1]["type"] != until:
        frames.append(json.loads(await asyncio.wait_for(socket.recv(), 5)))
    return frames


async def test_a_pong_at_once_and_every_thirty_seconds(sandbox: Sandbox) -> None:
    async with connect(url(sandbox)) as socket:
        assert await heard(socket, until="Pong") == [{"type": "Pong"}]
        clock = sandbox.clock
        assert isinstance(clock, ManualClock)
        for _ in range(100):
            if clock.sleepers:
                break
            await asyncio.sleep(0)
        clock.advance(30)
        assert await heard(socket, until="Pong") == [{"type": "Pong"}]


async def test_a_ping_is_answered(sandbox: Sandbox) -> None:
    async with connect(url(sandbox)) as socket:
        await heard(socket, until="Pong")
        await socket.send('{"type": "Ping"}')
        assert await heard(socket, until="Pong") == [{"type": "Pong"}]


async def test_a_message_is_answered_by_one_chunk_of_one_request(sandbox: Sandbox) -> None:
    async with connect(url(sandbox)) as socket:
        await heard(socket, until="Pong")
        await socket.send(json.dumps({"type": "ChatSend", "id": "m-1", "content": 'use echo {"text": "hi"}'}))
        frames = await heard(socket, until="ChatChunk")
    kinds = [frame["type"] for frame in frames]
    assert kinds == ["PolicyDecision", "ToolCallStarted", "PolicyDecision", "ChatChunk"]
    assert len({frame["request_id"] for frame in frames}) == 1
    assert frames[-1]["done"] is True
    assert "echo hi: done" in frames[-1]["content"]


async def test_frames_keep_the_spec(sandbox: Sandbox) -> None:
    union = sandbox.document.raw["components"]["schemas"]["ChatServerFrame"]
    validator = Draft202012Validator({**union, "components": sandbox.document.raw["components"]})
    async with connect(url(sandbox)) as socket:
        await socket.send(json.dumps({"type": "ChatSend", "id": "m", "content": 'use echo {"text": "hi"}'}))
        await socket.send("{")
        for frame in await heard(socket, until="Error"):
            validator.validate(frame)


@pytest.mark.parametrize(
    "frame", ["{", "7", "{}", '{"type": "Shout"}', '{"type": "ChatSend", "id": "x"}', b"\xff", '{"type": "ChatSend"}']
)
async def test_a_frame_that_cannot_be_read_is_told_and_the_socket_stays_open(sandbox: Sandbox, frame: Any) -> None:
    async with connect(url(sandbox)) as socket:
        await heard(socket, until="Pong")
        await socket.send(frame)
        (error,) = await heard(socket, until="Error")
        assert (error["code"], error["request_id"]) == ("PARSE_ERROR", None)
        await socket.send('{"type": "Ping"}')
        assert await heard(socket, until="Pong")


async def test_policies_decide_what_the_model_may(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url, headers={"authorization": f"Bearer {SANDBOX_TOKEN}"}) as http:
        policy = {"name": "no", "source": 'forbid(principal, action, resource == Tool::"echo");'}
        assert (await http.post("/api/v1/agents/chat/reasoning/cedar", json=policy)).is_success
    async with connect(url(sandbox)) as socket:
        await heard(socket, until="Pong")
        await socket.send(json.dumps({"type": "ChatSend", "id": "m", "content": 'use echo {"text": "hi"}'}))
        frames = await heard(socket, until="ChatChunk")
    assert [frame["decision"] for frame in frames if frame["type"] == "PolicyDecision"] == ["partial_deny", "allow"]
    assert "ToolCallStarted" not in {frame["type"] for frame in frames}


async def test_a_loop_that_does_not_end_is_an_error(sandbox: Sandbox) -> None:
    sandbox.rules.model.load([{"tool_calls": [{"name": "echo", "arguments": {"text": "x"}}]}] * 20)
    async with connect(url(sandbox)) as socket:
        await heard(socket, until="Pong")
        await socket.send(json.dumps({"type": "ChatSend", "id": "m", "content": "go"}))
        assert (await heard(socket, until="Error"))[-1]["code"] == "LOOP_ERROR"


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_a_stranger_is_refused_before_the_upgrade(sandbox: Sandbox, token: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(url(sandbox, token))
    assert (caught.value.response.status_code, caught.value.response.body) == (401, b"")


async def test_a_plain_get_is_told_to_upgrade(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url) as http:
        answer = await http.get(f"/ws/chat?token={SANDBOX_TOKEN}")
        assert (answer.status_code, "upgrade" in answer.text) == (400, True)
        assert (await http.get("/ws/chat")).status_code == 401


async def test_a_socket_that_is_open_when_the_sandbox_stops_is_closed() -> None:
    async with Sandbox("symbiont", clock=ManualClock()) as sandbox:
        socket = await connect(url(sandbox))
        await heard(socket, until="Pong")
    await asyncio.wait_for(socket.wait_closed(), 5)

"""Talking to a runtime over its WebSocket (protocol sheet, section 4.6)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from symbiont import AsyncClient, ChatSession
from symbiont.exceptions import APIError, AuthenticationError, NotFoundError
from wirewright.sandbox import Sandbox

websockets = pytest.importorskip("websockets.asyncio.server")

TOKEN = "sandbox-token"
Script = list[Any]


@pytest.fixture
async def server() -> AsyncIterator[Callable[..., Any]]:
    """`await server(script)`: the base URL of a runtime that answers each frame with the next line of the script."""
    running: list[Any] = []

    async def serve(script: Script, *, status: int | None = None, seen: list[Any] | None = None) -> str:
        async def talk(socket: Any) -> None:
            lines = iter(script)
            await socket.send('{"type": "Pong"}')
            async for text in socket:
                if seen is not None:
                    seen.append(json.loads(text))
                frames = next(lines, None)
                if frames is None:
                    return
                for frame in frames:
                    await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

        def refuse(connection: Any, request: Any) -> Any:
            return connection.respond(status, "") if status else None

        made = await websockets.serve(talk, "127.0.0.1", 0, process_request=refuse)
        running.append(made)
        port = made.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/api/v1"

    yield serve
    for made in running:
        made.close()
        await made.wait_closed()


def chunk(content: str, done: bool = True) -> dict[str, Any]:
    return {"type": "ChatChunk", "request_id": "r", "content": content, "done": done}


TOOL = {"type": "ToolCallStarted", "request_id": "r", "call_id": "c", "tool_name": "echo", "arguments": "{}"}


async def test_an_answer_is_whole_with_what_happened_on_the_way(server: Any) -> None:
    seen: list[Any] = []
    tomorrow = {"type": "Reflection", "request_id": "r", "depth": 2}
    url = await server([[TOOL, tomorrow, "no json", chunk("Hel", done=False), chunk("lo")]], seen=seen)

    async with ChatSession(url, TOKEN) as session:
        answer = await session.ask("Hi")

    assert (answer.content, answer.request_id) == ("Hello", "r")
    assert [frame.type for frame in answer.events] == ["ToolCallStarted", "ChatChunk", "ChatChunk"]
    assert (seen[0]["type"], seen[0]["content"], len(seen[0]["id"])) == ("ChatSend", "Hi", 36)


async def test_questions_wait_for_each_other(server: Any) -> None:
    url = await server([[chunk("one")], [chunk("two")]])

    async with ChatSession(url, TOKEN) as session:
        first, second = await asyncio.gather(session.ask("1"), session.ask("2"))

    assert (first.content, second.content) == ("one", "two")


async def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(server: Any) -> None:
    url = await server([[TOOL], [chunk("late"), chunk("mine")]])

    async with ChatSession(url, TOKEN) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.ask("1")
        assert (await session.ask("2")).content == "mine"


async def test_an_error_of_the_runtime_ends_one_answer_not_the_session(server: Any) -> None:
    failure = {"type": "Error", "request_id": "r", "code": "LOOP_ERROR", "message": "no model"}
    url = await server([[failure], [chunk("fine")]])

    async with ChatSession(url, TOKEN) as session:
        with pytest.raises(APIError, match="LOOP_ERROR") as caught:
            await session.ask("1")
        assert caught.value.response_text == "no model"
        assert (await session.ask("2")).content == "fine"


async def test_a_connection_that_ends_before_the_answer(server: Any) -> None:
    url = await server([])

    async with ChatSession(url, TOKEN) as session:
        with pytest.raises(APIError, match="ended before"):
            await session.ask("1")
        with pytest.raises(APIError, match="lost"):
            await session.ask("2")


async def test_silence_is_noticed(server: Any) -> None:
    url = await server([[]])

    async with ChatSession(url, TOKEN, silence=0.05) as session:
        with pytest.raises(APIError, match=r"silent for 0\.05 s"):
            await session.ask("1")


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (404, NotFoundError), (503, APIError)])
async def test_a_refusal_is_the_error_of_its_status(status: int, kind: type[Exception], server: Any) -> None:
    url = await server([], status=status)

    with pytest.raises(kind):
        await ChatSession(url, TOKEN).connect()


async def test_where_nobody_listens() -> None:
    with pytest.raises(APIError, match="could not be reached"):
        await ChatSession("http://127.0.0.1:1/api/v1", TOKEN).connect()


async def test_before_it_is_open_there_is_no_talking() -> None:
    with pytest.raises(APIError, match="not connected"):
        await ChatSession("http://h/api/v1", TOKEN).send("x")


async def test_frames_may_be_followed_and_life_asked_for(server: Any) -> None:
    seen: list[Any] = []
    url = await server([[{"type": "Pong"}, TOOL]], seen=seen)

    async with ChatSession(url, TOKEN) as session:
        await session.ping()
        async for frame in session.frames():
            assert frame.type == "ToolCallStarted"
            break

    assert seen == [{"type": "Ping"}]


async def test_the_token_is_in_no_log_and_no_repr(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = await server([[chunk("x")]])
    logging.getLogger("websockets").setLevel(logging.INFO)  # the server's own, in this process

    async with ChatSession(url, "planted-token") as session:
        await session.ask("1")
        shown = repr(session)
    with pytest.raises(APIError) as caught:
        await ChatSession("http://127.0.0.1:1/api/v1", "planted-token").connect()

    assert "planted-token" not in caplog.text + shown + str(caught.value) + repr(caught.value.__cause__)


async def test_against_the_sandbox(sandbox: Sandbox) -> None:
    async with AsyncClient(api_key=TOKEN, base_url=f"{sandbox.url}/api/v1") as client, client.chat() as session:
        answer = await session.ask("Hello")
    assert answer.content
    with pytest.raises(AuthenticationError):
        await AsyncClient(api_key="wrong", base_url=f"{sandbox.url}/api/v1").chat().connect()

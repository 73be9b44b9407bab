"""Conversations over networks that break: every question ends with its answer or an error, and one can start anew."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from symbiont import ChatSession
from symbiont.exceptions import APIError
from wirewright.sandbox import Sandbox
from wirewright.testing import (
    Bandwidth,
    ChaosProxy,
    Down,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
)

pytest.importorskip("websockets.asyncio.client")

TOKEN = "sandbox-token"
TOXICS = [
    Latency(0.02), Bandwidth(64_000), Slicer(1), SlowClose(0.05), LimitData(40), LimitData(600), ResetPeer(0.0),
    ResetPeer(0.05), Timeout(0.2), Down(),
]  # fmt: skip
HARMLESS = (Latency, Bandwidth, Slicer, SlowClose)


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[ChaosProxy]:
    host, _, port = sandbox.url.rpartition("/")[2].rpartition(":")
    with ChaosProxy((host, int(port)), seed=7) as proxy:
        yield proxy


def session_through(proxy: ChaosProxy, silence: float = 1.0) -> ChatSession:
    return ChatSession(f"{proxy.url}/api/v1", TOKEN, silence=silence, open_timeout=1.0)


@pytest.mark.parametrize("toxic", TOXICS, ids=repr)
@pytest.mark.promise("Symbiont: a question in the chat ends with its answer or an error, however the network breaks")
async def test_every_question_ends(toxic: Latency, proxy: ChaosProxy) -> None:
    proxy.add(toxic)

    async with asyncio.timeout(20):
        try:
            async with session_through(proxy) as session:
                answers = [await session.ask("one"), await session.ask("two")]
        except APIError as error:
            assert not isinstance(toxic, HARMLESS), error
            assert TOKEN not in f"{error} {error.__cause__!r}"
        else:
            assert [answer.content for answer in answers] == ["You said: one", "You said: two"]


async def test_what_waits_when_the_connection_is_lost_hears_of_it(proxy: ChaosProxy) -> None:
    async with session_through(proxy, silence=30.0) as session:
        await session.ask("one")
        proxy.add(Latency(0.5))
        asking = [asyncio.create_task(session.ask(text)) for text in ("two", "three")]
        await asyncio.sleep(0)
        proxy.break_all()

        ended = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 10)

    assert [type(error) for error in ended] == [APIError, APIError]


async def test_a_session_can_be_opened_again(proxy: ChaosProxy) -> None:
    session = session_through(proxy)
    async with session:
        proxy.break_all()
        with pytest.raises(APIError):
            await session.ask("one")
        await session.connect()
        assert (await session.ask("two")).content == "You said: two"


async def test_closing_ends_what_is_asked(proxy: ChaosProxy) -> None:
    session = session_through(proxy, silence=30.0)
    await session.connect()
    await session.ask("one")
    proxy.add(Latency(0.5))
    asking = asyncio.create_task(session.ask("two"))
    await asyncio.sleep(0)
    await session.aclose()

    with pytest.raises(APIError):
        await asyncio.wait_for(asking, 10)


async def test_a_frame_may_be_large(proxy: ChaosProxy) -> None:
    long = " ".join(itertools.repeat("word", 200_000))

    async with session_through(proxy, silence=10.0) as session:
        assert (await session.ask(long)).content == f"You said: {long}"

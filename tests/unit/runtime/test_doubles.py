"""Test doubles of httpx's users: what respx and pytest-httpx put in the place of the network answers our calls, too."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx
from wirewright import AsyncClient, Client, RetryPolicy
from wirewright.calls import Operation, Request
from wirewright.errors import ConnectError

URL = "https://server.test/things"
ONCE = RetryPolicy(attempts=1)
FIND: Request[Any] = Request(Operation("find", "GET", "/things"))


def _answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"asked": str(request.url)})


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx's transports as pytest-httpx leaves them: their methods replaced."""

    def send(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return _answer(request)

    async def send_async(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        return _answer(request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", send)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", send_async)


def sent() -> bytes:
    with Client("https://server.test", retry=ONCE) as client:
        return client.respond(FIND).content


async def sent_async() -> bytes:
    async with AsyncClient("https://server.test", retry=ONCE) as client:
        return (await client.respond(FIND)).content


@pytest.mark.usefixtures("replaced")
def test_a_replaced_transport_answers() -> None:
    assert URL.encode() in sent()


@pytest.mark.usefixtures("replaced")
async def test_a_replaced_transport_answers_async() -> None:
    assert URL.encode() in await sent_async()


def test_respx_answers() -> None:
    with respx.mock() as router:
        router.get(URL).respond(200, json={"from": "respx"})

        assert b"respx" in sent()


async def test_respx_answers_async() -> None:
    with respx.mock() as router:
        router.get(URL).respond(200, json={"from": "respx"})

        assert b"respx" in await sent_async()


async def test_the_errors_of_a_double_are_ours() -> None:
    with respx.mock() as router:
        router.get(URL).mock(side_effect=httpx.ConnectError("down"))

        with pytest.raises(ConnectError):
            await sent_async()


async def test_afterwards_the_network_is_real_again() -> None:
    with respx.mock() as router:
        router.get(URL).respond(200)
        await sent_async()

    async with AsyncClient("http://127.0.0.1:1", retry=ONCE) as client:
        with pytest.raises(ConnectError):
            await client.respond(FIND)

"""Shared by the tests of Syncropel: clients over scripted kernels, and kernels over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from syncropel import Client, Identity
from wirewright.clock import SystemClock
from wirewright.sandbox import Sandbox

ME = "did:example:me"


class Script:
    """A kernel that answers what it is told to, one item per request, the last one again and again.

    An item is a `Response`, an exception to raise, or a function of the request. `requests` keeps what came.
    """

    def __init__(self, *items: Any) -> None:
        self._items = list(items)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        item = self._items.pop(0) if len(self._items) > 1 else self._items[0]
        if isinstance(item, Exception):
            raise item
        if isinstance(item, httpx.Response):
            return httpx.Response(item.status_code, headers=item.headers, content=item.content)
        return item(request)  # type: ignore[no-any-return]

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    def client(self, **options: Any) -> Client:
        return Client(
            **{
                "endpoint": "http://kernel.test",
                "identity": Identity.static(ME),
                "transport": httpx.MockTransport(self),
                "backoff_ms": 0,
                **options,
            }
        )


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a client would have made; none is made."""
    made: list[float] = []

    async def asleep(self: object, seconds: float) -> None:
        made.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(SystemClock, "asleep", asleep)
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds, until=None: made.append(seconds))
    return made


@pytest.fixture
def kernel() -> Iterator[Sandbox]:
    """The sandbox over real HTTP, which fails the test when it breaks its own spec."""
    with Sandbox("syncropel", verify=True, heartbeat=5) as sandbox:
        yield sandbox


@pytest.fixture
def connect(kernel: Sandbox) -> Callable[..., Client]:
    """Makes clients of the sandbox."""

    def make(**options: Any) -> Client:
        return Client(**{"endpoint": kernel.url, "identity": Identity.static(ME), "backoff_ms": 1, **options})

    return make

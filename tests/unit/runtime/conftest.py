"""A clock that passes only by sleeping, and operations to call."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
import pytest
from wirewright import Content, Operation


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class Item(msgspec.Struct):
    id: str


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make():
    """Makes operations: `make("POST", "/x", idempotency_header="Idempotency-Key")`."""

    def operation(method: str = "GET", path: str = "/item", **options: Any) -> Operation:
        options.setdefault("responses", {"200": (Content("application/json", lambda: Item),)})
        options.setdefault("request", (Content("application/json"),))
        return Operation("the_call", method, path, codec="msgspec", **options)

    return operation

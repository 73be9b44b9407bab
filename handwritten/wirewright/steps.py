"""What a flow asks its driver to do. Flows are generators that yield these; drivers answer or throw."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from wirewright.messages import HttpRequest, HttpResponse


class Send(msgspec.Struct, frozen=True):
    """Send one attempt; answered by its `HttpResponse`, or a `TransportError` is thrown."""

    request: HttpRequest


class Sleep(msgspec.Struct, frozen=True):
    """Wait so many seconds."""

    seconds: float


class Call(msgspec.Struct, frozen=True):
    """Call a function and answer what it returns; an async driver awaits an awaitable.

    `blocking`: an async driver calls it in a thread. `seconds` limits how long an awaitable is awaited; what a sync
    driver calls cannot be interrupted.
    """

    function: Callable[[], Any]
    blocking: bool = False
    seconds: float | None = None


class Wait(msgspec.Struct, frozen=True):
    """Wait until another thread or task is done; answered by nothing, look at the future afterwards."""

    future: Future[None]
    seconds: float | None = None


class Read(msgspec.Struct, frozen=True):
    """Read on in a streamed answer: answered by a chunk, or None at its end; or a `TransportError` is thrown.

    `seconds` is how long silence may last.
    """

    response: HttpResponse
    seconds: float | None


class Emit(msgspec.Struct, frozen=True):
    """Hand these to the consumer; an exception among them is raised in its place."""

    items: list[Any]


Step = Send | Sleep | Call | Wait
StreamStep = Step | Read | Emit


async def settled(future: Future[None], seconds: float | None) -> None:
    """Wait for what another task or thread does; giving up waiting does not disturb it."""
    import asyncio

    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def wake(_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    try:
        async with asyncio.timeout(seconds):
            await done.wait()
    except TimeoutError:
        return

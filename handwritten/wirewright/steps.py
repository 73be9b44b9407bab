"""What a flow asks its driver to do. Flows are generators that yield these; drivers answer or throw."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from wirewright.messages import HttpRequest


class Send(msgspec.Struct, frozen=True):
    """Send one attempt; answered by its `HttpResponse`, or a `TransportError` is thrown."""

    request: HttpRequest


class Sleep(msgspec.Struct, frozen=True):
    """Wait so many seconds; ended early when the client is closed."""

    seconds: float


class Call(msgspec.Struct, frozen=True):
    """Call a function and answer what it returns; an async driver awaits an awaitable."""

    function: Callable[[], Any]


class Wait(msgspec.Struct, frozen=True):
    """Wait for what another thread or task is doing already; answered by nothing, look afterwards."""

    future: Future[None]
    seconds: float | None = None


Step = Send | Sleep | Call | Wait

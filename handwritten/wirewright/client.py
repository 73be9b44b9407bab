"""The two clients: thin drivers of the flows in `wirewright.flow`."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Self, TypeVar

from wirewright import flow
from wirewright.auth import Auth
from wirewright.messages import Timeout
from wirewright.request import Request, StreamRequest
from wirewright.response import Outcome, Response
from wirewright.retry import RetryPolicy
from wirewright.steps import Call, Send, Sleep, Step
from wirewright.streams import AsyncEventStream, EventStream

T = TypeVar("T")
R = TypeVar("R")

USER_AGENT = "wirewright/0.1.0"


class _Base:
    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        retry: RetryPolicy | None = RetryPolicy(),  # noqa: B008
        timeout: float | Timeout | None = 30.0,
        deadline: float | None = 60.0,
        headers: Mapping[str, str] | None = None,
        transport: Any = None,
        outbox: Any = None,
        hooks: Sequence[Any] = (),
        clock: Callable[[], float] | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.base_url = base_url
        origin, prefix = flow.split_base_url(base_url)
        self._settings = flow.Settings(
            origin,
            prefix,
            {"user-agent": USER_AGENT, **flow.lower(headers)},
            auth,
            retry or RetryPolicy(attempts=1),
            Timeout.of(timeout),
            deadline,
        )
        if clock is not None:
            self._settings.clock = clock
        if random is not None:
            self._settings.random = random
        self._given = transport
        self._transport: Any = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"


class Client(_Base):
    """Sends request values. Safe to share between threads; opens connections when first used.

    `timeout` is seconds per phase of one attempt (or a `Timeout`), `deadline` seconds for the whole call with all its
    attempts; None lifts a limit. `transport` is a `wirewright.transport.Transport` or any sync httpx transport.
    """

    def send(self, request: Request[T]) -> T:
        """The answer's value. Raises `WirewrightError`s."""
        value: T = self._run(flow.call(self._settings, request)).value
        return value

    def respond(self, request: Request[T]) -> Response[T]:
        """The answer with status and headers. Raises as `send`."""
        return self._run(flow.call(self._settings, request))

    def deliver(self, request: Request[T]) -> Outcome[T]:
        """How it went; never raises for what network or server do."""
        return self._run(flow.deliver(self._settings, request))

    def stream(self, request: StreamRequest[T]) -> EventStream[T]:
        """A stream of the answer's events; connects when iterated or entered."""
        return EventStream(self, request)

    def _run(self, steps: Generator[Step, Any, R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._perform(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: R = stop.value
            return value

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Send):
            return self._wire().send(step.request)
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        if isinstance(step, Call):
            return step.function()
        step.future.exception(step.seconds)
        return None

    def _wire(self) -> Any:
        if self._transport is None:
            from wirewright.transport import _httpx

            self._transport = _httpx.wrap(self._given)
        return self._transport

    def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncClient(_Base):
    """The async client; the same arguments and methods as `Client`. May be used from several loops in turn."""

    async def send(self, request: Request[T]) -> T:
        """The answer's value. Raises `WirewrightError`s."""
        value: T = (await self._run(flow.call(self._settings, request))).value
        return value

    async def respond(self, request: Request[T]) -> Response[T]:
        """The answer with status and headers. Raises as `send`."""
        return await self._run(flow.call(self._settings, request))

    async def deliver(self, request: Request[T]) -> Outcome[T]:
        """How it went; never raises for what network or server do."""
        return await self._run(flow.deliver(self._settings, request))

    def stream(self, request: StreamRequest[T]) -> AsyncEventStream[T]:
        """A stream of the answer's events; connects when iterated or entered."""
        return AsyncEventStream(self, request)

    async def _run(self, steps: Generator[Step, Any, R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._perform(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: R = stop.value
            return value

    async def _perform(self, step: Step) -> Any:
        if isinstance(step, Send):
            return await self._wire().send(step.request)
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        if isinstance(step, Call):
            answer = step.function()
            return await answer if inspect.isawaitable(answer) else answer
        await asyncio.wait([asyncio.wrap_future(step.future)], timeout=step.seconds)
        return None

    def _wire(self) -> Any:
        if self._transport is None:
            from wirewright.transport import _httpx

            self._transport = _httpx.awrap(self._given)
        return self._transport

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

"""The two clients: small drivers of the flows in `wirewright.flow`, `delivery` and `streams`."""

from __future__ import annotations

import builtins
import codecs
import concurrent.futures
import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any, Self, TypeVar

from wirewright import __version__, delivery, flow
from wirewright.auth import AuthLike
from wirewright.breaker import Breaker
from wirewright.clock import Clock
from wirewright.downloads import AsyncDownload, Download
from wirewright.errors import AuthError, TimeoutError
from wirewright.forks import ForkSafe
from wirewright.hooks import HookSet
from wirewright.hosts import PerHost
from wirewright.messages import HttpRequest, HttpResponse, Timeout
from wirewright.outbox import OutboxLike, StoredCall
from wirewright.request import Request, StreamRequest
from wirewright.response import Outcome, Response
from wirewright.retry import RetryPolicy, RetryQuota
from wirewright.settings import MAX_RESPONSE_BYTES, Settings
from wirewright.steps import Send, Sleep, Step, Wait, settled
from wirewright.streaming import ReconnectPolicy
from wirewright.streams import AsyncEventStream, EventStream

T = TypeVar("T")
R = TypeVar("R")

USER_AGENT = f"wirewright/{__version__}"
_DEFAULT_RETRY = RetryPolicy()


class _Base(ForkSafe):
    """What both clients are made with.

    - `base_url`: absolute; operations' paths are appended to its path.
    - `auth`: credentials; several in a sequence are all applied, in a mapping they are chosen by security scheme.
    - `retry`: a `RetryPolicy`, None for a single attempt. `quota`: retries shared with other clients.
    - `timeout`: seconds per phase of one attempt (or a `Timeout`); `deadline`: seconds for the whole call with all its
      attempts and pauses, streams excluded once they have begun. None lifts a limit.
    - `transport`: a transport of ours, any httpx transport, or `PoolOptions`.
    - `outbox`: makes `deliver` durable. `hooks`: see `wirewright.hooks.Hooks`. `breaker`: a circuit breaker, which
      clients may share; `PerHost(Breaker)` holds one per host, as `PerHost(RetryQuota)` does for `quota`.
    - `max_response_bytes`: larger answers are refused (`DecodeError`), streams and downloads excluded.
    - `clock`, `random`: for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthLike | None = None,
        retry: RetryPolicy | None = _DEFAULT_RETRY,
        timeout: float | Timeout | None = 30.0,
        deadline: float | None = 60.0,
        headers: Mapping[str, str] | None = None,
        transport: Any = None,
        outbox: OutboxLike | None = None,
        hooks: Sequence[Any] = (),
        breaker: Breaker | PerHost[Breaker] | None = None,
        quota: RetryQuota | PerHost[RetryQuota] | None = None,
        max_response_bytes: int | None = MAX_RESPONSE_BYTES,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        super().__init__()
        self.base_url = base_url
        self.settings = Settings(
            base_url,
            auth=auth,
            retry=retry,
            timeout=Timeout.of(timeout),
            deadline=deadline,
            headers={"user-agent": USER_AGENT, **(headers or {})},
            outbox=outbox,
            hooks=HookSet(hooks),
            breaker=breaker,
            quota=quota,
            max_response_bytes=max_response_bytes,
            clock=clock,
            random=random,
        )
        self._given = transport
        self._transport: Any = None
        self._courier: Any = self._make_courier(outbox)

    def _make_courier(self, outbox: OutboxLike | None) -> Any:
        """Who sends what the outbox has queued; None when it does that by itself, or there is none."""
        if outbox is None:
            return None
        from wirewright import couriers
        from wirewright.outbox.base import BaseOutbox

        if not isinstance(outbox, BaseOutbox):
            return None
        base_url = self.settings.origin + self.settings.prefix
        if isinstance(self, Client):
            self.connect()  # now, not in the courier's thread: a child that is forked during an import never ends it
            return couriers.ThreadCourier(self, outbox, base_url)
        return couriers.TaskCourier(self, outbox, base_url)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"


class Client(_Base):
    """Sends request values. Safe to share between threads; opens connections when first used."""

    def send(self, request: Request[T]) -> T:
        """The answer's value. Raises `WirewrightError`s."""
        value: T = self.run(flow.call(self.settings, request)).value
        return value

    def respond(self, request: Request[T]) -> Response[T]:
        """The answer with status and headers. Raises as `send`."""
        return self.run(flow.call(self.settings, request))

    def deliver(self, request: Request[T]) -> Outcome[T]:
        """How it went. Raises nothing but `RequestError`, for a call that cannot be built."""
        if self._courier is not None:
            self._courier.ensure()
        return self.run(delivery.deliver(self.settings, request))

    def stream(self, request: StreamRequest[T], *, reconnect: ReconnectPolicy | None = None) -> EventStream[T]:
        """A stream of the answer's events; connects when iterated or entered."""
        return EventStream(self, request, reconnect)

    def download(self, request: Request[Any]) -> Download:
        """The answer's body in chunks, not decoded and not held in memory; connects when iterated or entered."""
        return Download(self, request)

    def replay(self, stored: StoredCall) -> Outcome[None]:
        """Deliver a call that an outbox kept; without going through the outbox again."""
        return self.run(delivery.replay(self.settings, stored))

    def run(self, steps: Generator[Step, Any, R]) -> R:
        """Perform a flow."""
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._send(step.request) if isinstance(step, Send) else self.perform(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: R = stop.value
            return value
        finally:
            steps.close()

    def _send(self, request: HttpRequest) -> HttpResponse:
        transport = self._transport or self.connect()
        response: HttpResponse = transport.send(request)
        return response

    def perform(self, step: Step) -> Any:
        if isinstance(step, Send):
            return self._send(step.request)
        if isinstance(step, Sleep):
            return self.settings.clock.sleep(step.seconds)
        if isinstance(step, Wait):
            concurrent.futures.wait([step.future], step.seconds)
            return None
        answer = step.function()
        if inspect.iscoroutine(answer):
            answer.close()
            raise AuthError("an async token provider needs the AsyncClient")
        return answer

    def connect(self) -> Any:
        """The transport, made when first used: only then is the HTTP library loaded. No connection is opened yet."""
        with self._lock:
            if self._transport is None:
                from wirewright.transport import _httpx

                # The first connection would import it: a thread that imports while another forks deadlocks the child.
                codecs.lookup("idna")
                self._transport = _httpx.wrap(self._given)
            return self._transport

    def close(self) -> None:
        """Close all connections. A closed client opens new ones when it is used again.

        What an outbox in memory still has is sent first, within its `exit_timeout`; one on disk keeps it.
        """
        if self._courier is not None:
            self._courier.close()
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncClient(_Base):
    """The async client: the same arguments and methods. May be used from several event loops, at the same time too."""

    async def send(self, request: Request[T]) -> T:
        """The answer's value. Raises `WirewrightError`s."""
        value: T = (await self.run(flow.call(self.settings, request))).value
        return value

    async def respond(self, request: Request[T]) -> Response[T]:
        """The answer with status and headers. Raises as `send`."""
        return await self.run(flow.call(self.settings, request))

    async def deliver(self, request: Request[T]) -> Outcome[T]:
        """How it went. Raises nothing but `RequestError`, for a call that cannot be built."""
        if self._courier is not None:
            self._courier.ensure()
        return await self.run(delivery.deliver(self.settings, request))

    def stream(self, request: StreamRequest[T], *, reconnect: ReconnectPolicy | None = None) -> AsyncEventStream[T]:
        """A stream of the answer's events; connects when iterated or entered."""
        return AsyncEventStream(self, request, reconnect)

    def download(self, request: Request[Any]) -> AsyncDownload:
        """The answer's body in chunks, not decoded and not held in memory; connects when iterated or entered."""
        return AsyncDownload(self, request)

    async def replay(self, stored: StoredCall) -> Outcome[None]:
        """Deliver a call that an outbox kept; without going through the outbox again."""
        return await self.run(delivery.replay(self.settings, stored))

    async def run(self, steps: Generator[Step, Any, R]) -> R:
        """Perform a flow."""
        try:
            step = next(steps)
            while True:
                try:
                    answer = await (self._send(step.request) if isinstance(step, Send) else self.perform(step))
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: R = stop.value
            return value
        finally:
            steps.close()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        transport = self._transport or self._connect()
        response: HttpResponse = await _within(transport.send(request), request.budget)
        return response

    async def perform(self, step: Step) -> Any:
        if isinstance(step, Send):
            return await self._send(step.request)
        if isinstance(step, Sleep):
            return await self.settings.clock.asleep(step.seconds)
        if isinstance(step, Wait):
            return await settled(step.future, step.seconds)
        if step.blocking:
            import asyncio

            return await asyncio.to_thread(step.function)
        answer = step.function()
        return await _within(answer, step.seconds) if inspect.isawaitable(answer) else answer

    def _connect(self) -> Any:
        with self._lock:
            if self._transport is None:
                from wirewright.transport import _httpx

                self._transport = _httpx.awrap(self._given)
            return self._transport

    async def aclose(self) -> None:
        """Close all connections. A closed client opens new ones when it is used again.

        What an outbox in memory still has is sent first, within its `exit_timeout`; one on disk keeps it.
        """
        if self._courier is not None:
            await self._courier.aclose()
        if self._transport is not None:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


async def _within(work: Awaitable[R], seconds: float | None) -> R:
    """What `work` answers, if it does so in time."""
    import asyncio

    try:
        if seconds is None:
            return await work
        async with asyncio.timeout(seconds):
            return await work
    except builtins.TimeoutError as error:
        if isinstance(error, TimeoutError):
            raise
        raise TimeoutError("the deadline passed", phase="deadline", last_error=error) from error

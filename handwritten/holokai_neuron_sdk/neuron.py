"""The neuron: the driver that performs what the session machine decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._lease_runner import Handler, execute, handler_aborted, handler_threw
from holokai_neuron_sdk._session.machine import Session
from holokai_neuron_sdk._session.outputs import Delivery, Note, Output, Send, StartHandler, StopHandler
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import Link
from holokai_neuron_sdk.transport import AuthCallback, HttpTransport, ReconnectInfo, Transport

if TYPE_CHECKING:
    from holokai_neuron_sdk.protocol import (
        AckFrame,
        Capability,
        LeasePayload,
        NackFrame,
        RegisteredFrame,
        ServerToNeuronFrame,
    )

REFUSAL_PATIENCE = 0.5
"""Seconds that the stream waits for the answer to a refused lease: back pressure on a gateway that floods a neuron with
work it cannot do, but not so much that a slow POST holds up a cancel."""
_TRY_AGAIN = frozenset({401, 408, 425, 429})


class Neuron:
    """A process that offers capabilities to a gateway and runs the leases it gets.

    Args:
        gateway_url, auth: where the gateway is and what answers the bearer token; needed unless `transport` is given.
        neuron_id: under which the gateway knows this process.
        transport: anything with the members of `holokai_neuron_sdk.transport.Transport`.
        logger: also used by the transport.
        heartbeat_interval_ms: between two heartbeats. Leases that live for less than twice as long are renewed sooner.
        initial_reconnect_delay_ms, max_reconnect_delay_ms: see `HttpTransport`.

    Belongs to one event loop; may be made before that loop runs.
    """

    def __init__(
        self,
        *,
        gateway_url: str | None = None,
        neuron_id: str,
        auth: AuthCallback | None = None,
        transport: Transport | None = None,
        logger: logging.Logger | None = None,
        heartbeat_interval_ms: int = 10_000,
        initial_reconnect_delay_ms: int = 500,
        max_reconnect_delay_ms: int = 30_000,
    ) -> None:
        self._log = logger or logging.getLogger("holokai_neuron_sdk.neuron")
        if transport is None:
            if gateway_url is None or auth is None:
                raise ValueError("a neuron needs gateway_url and auth, or a transport")
            transport = HttpTransport(
                gateway_url=gateway_url,
                neuron_id=neuron_id,
                auth=auth,
                logger=self._log,
                initial_reconnect_delay_ms=initial_reconnect_delay_ms,
                max_reconnect_delay_ms=max_reconnect_delay_ms,
            )
        self._neuron_id = neuron_id
        self._transport = transport
        self._session = Session(neuron_id, pace=Pace(heartbeat=heartbeat_interval_ms / 1000))
        self._handlers: dict[str, _Registration] = {}
        self._running: dict[str, _Running] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._hearing: set[asyncio.Task[None]] = set()
        self._listeners: dict[str, list[Callable[..., Any]]] = {}
        self._started = False
        self._stopped = False
        self._ended = False
        self._idle = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        transport.subscribe(_Subscriber(self._opened, self._closed, self._received, self._emit))

    @property
    def transport(self) -> Transport:
        """The transport."""
        return self._transport

    def register_handler(
        self, capability: Capability, handler: Handler, *, input_schema: Any = None, output_schema: Any = None
    ) -> None:
        """Offer a capability. A second call for the same type replaces the first.

        The schemas apply to leases that bring none of their own. Raises `RuntimeError` after `start`.
        """
        if self._started:
            raise RuntimeError("handlers are registered before start()")
        self._handlers[capability.type] = _Registration(handler, input_schema, output_schema)
        self._session.offer(capability, 0.0)

    async def update_capability(self, capability_type: str, *, concurrency: int) -> None:
        """Change how many leases of a capability run at once, here at once and at the gateway as soon as it is told.

        Raises `ValueError` for a type that is not registered and for a concurrency below 1; nothing has changed then.
        """
        current = next((c for c in self._session.capabilities if c.type == capability_type), None)
        if current is None:
            raise ValueError(f"no handler is registered for {capability_type!r}")
        fields = {**current.model_dump(by_alias=True, exclude_none=True), "concurrency": concurrency}
        capability = protocol.Capability.model_validate(fields)
        self._perform(self._session.offer(capability, self._now()))
        registering = self._session.link in (Link.REGISTERING, Link.WAITING)  # the session tells it afterwards
        if self._started and self._transport.is_connected() and not registering:
            frame = protocol.UpdateCapabilityFrame(
                type="update-capability", neuron_id=self._neuron_id, capability=capability
            )
            await self._post(Send(protocol.POST_PATH.update_capability, frame))

    def on(self, event: str, callback: Callable[..., Any]) -> Callable[[], None]:
        """Have `callback` called, or awaited, on an event; answers a function that ends it.

        `connection:open`, `connection:registered` (a dict with `session_id` and the number of `capabilities`),
        `connection:close` (the reason), `connection:reconnecting` (a `ReconnectInfo`), `frame` (each frame, before it
        is acted on), `error` (the exception of a transport that reports some).
        """
        listeners = self._listeners.setdefault(event, [])
        listeners.append(callback)

        def off() -> None:
            if callback in listeners:
                listeners.remove(callback)

        return off

    async def start(self) -> None:
        """Connect, register and take leases until `stop`. Returns when the first connection attempt is decided.

        Raises `RuntimeError` without handlers, and on a neuron that was stopped before it started.
        """
        if self._started:
            return
        if self._stopped:
            raise RuntimeError("a stopped neuron cannot be started")
        if not self._handlers:
            raise RuntimeError("no handlers registered")
        self._started = True
        await self._transport.start()

    async def stop(self, *, drain: bool = True, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - a published name
        """Refuse new leases, end the running ones, disconnect. For good.

        With `drain`, running leases have `timeout` seconds to end by themselves; then, or without it, they are
        cancelled. A handler that does not end when cancelled is waited for. Every lease is reported before the stream
        is closed.
        """
        if self._stopped:
            return
        self._stopped = True
        try:
            self._perform(self._session.drain())
            if drain and not self._session.idle:
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await self._idle.wait()
            if not self._session.idle:
                self._perform(self._session.abort(self._now()))
                await self._idle.wait()
        finally:
            self._ended = True
            if self._timer:
                self._timer.cancel()
            for post in self._posts:  # all leases are reported; a register or a heartbeat is not worth waiting for
                post.cancel()
            await self._transport.stop()

    # Performing what the session wants.

    def _perform(self, outputs: list[Output]) -> list[asyncio.Task[None]]:
        """Start what is to be done; answers the POSTs among it."""
        posts: list[asyncio.Task[None]] = []
        for output in outputs:
            match output:
                case Send():
                    posts.append(self._spawn(self._post(output)))
                case StartHandler():
                    self._start_handler(output.lease)
                case StopHandler():
                    self._running[output.lease_id].stop()
                case Note():
                    self._log.log(output.level, "%s", output.text)
        if self._session.idle:
            self._idle.set()
        else:
            self._idle.clear()
        self._arm()
        return posts

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)
        return task

    async def _post(self, send: Send) -> None:
        """POST a frame and tell the session how it went."""
        delivery = Delivery.FAILED
        try:
            if isinstance(send.frame, protocol.HeartbeatFrame) and not self._transport.is_connected():
                return
            await self._transport.post(send.path, send.frame)
            delivery = Delivery.TAKEN
        except Exception as error:
            delivery = _delivery_of(error)
            of_lease = f" of lease {send.lease_id}" if send.lease_id else ""
            self._log.warning("%s%s not delivered: %s", send.frame.type, of_lease, error or repr(error))
        finally:
            self._perform(self._session.sent(send, delivery, self._now()))

    def _start_handler(self, lease: LeasePayload) -> None:
        registration = self._handlers[lease.task.capability]
        lease = registration.with_schemas(lease)
        cancelled = asyncio.Event()
        task = asyncio.create_task(
            execute(
                lease=lease,
                handler=registration.handler,
                transport=self._transport,
                logger=self._log,
                cancel_event=cancelled,
            ),
            name=f"neuron-lease-{lease.lease_id}",
        )
        self._running[lease.lease_id] = _Running(task, cancelled)
        task.add_done_callback(lambda _: self._handler_ended(lease.lease_id))

    def _handler_ended(self, lease_id: str) -> None:
        report = self._running.pop(lease_id).report(lease_id)
        self._perform(self._session.finished(lease_id, report, self._now()))

    def _arm(self) -> None:
        """Have `_tick` called when the session's timer is due; a timer that is set too early is left to find out."""
        due = self._session.next_timer
        if (
            self._ended
            or due == float("inf")
            or (self._timer and not self._timer.cancelled() and self._timer.when() <= due)
        ):
            return
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._perform(self._session.timer(self._now()))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # What the transport tells.

    async def _opened(self) -> None:
        self._emit("connection:open")
        posts = self._perform(self._session.opened(self._now()))
        if posts:
            await asyncio.wait(posts[:1])  # the register: its answer comes before anything is read from the stream

    async def _closed(self, reason: str) -> None:
        self._log.log(logging.INFO if self._stopped else logging.WARNING, "stream closed: %s", reason)
        self._perform(self._session.closed(self._now()))
        self._emit("connection:close", reason)

    async def _received(self, frame: ServerToNeuronFrame) -> None:
        self._emit("frame", frame)
        if isinstance(frame, protocol.RegisteredFrame):
            self._emit_registered(frame)
        posts = self._perform(self._session.received(frame, self._now()))
        if posts:
            await asyncio.wait(posts, timeout=REFUSAL_PATIENCE)

    def _emit_registered(self, frame: RegisteredFrame) -> None:
        self._emit("connection:registered", {"session_id": frame.session_id, "capabilities": len(frame.capabilities)})

    def _emit(self, event: str, *args: Any) -> None:
        for callback in list(self._listeners.get(event, ())):
            try:
                result = callback(*args)
                if asyncio.iscoroutine(result):
                    hearing = asyncio.create_task(self._hear(event, result))
                    self._hearing.add(hearing)
                    hearing.add_done_callback(self._hearing.discard)
            except Exception:
                self._log.exception("a listener of %r raised", event)

    async def _hear(self, event: str, listening: Coroutine[Any, Any, Any]) -> None:
        try:
            await listening
        except Exception:
            self._log.exception("a listener of %r raised", event)


class _Registration:
    """A handler and the schemas for leases that bring none."""

    def __init__(self, handler: Handler, input_schema: Any, output_schema: Any) -> None:
        self.handler = handler
        self._schemas = {
            name: schema
            for name, schema in (("input_schema", input_schema), ("output_schema", output_schema))
            if schema is not None
        }

    def with_schemas(self, lease: LeasePayload) -> LeasePayload:
        """The lease with the schemas that hold for it."""
        missing = {name: schema for name, schema in self._schemas.items() if not getattr(lease, name)}
        return lease.model_copy(update=missing) if missing else lease


class _Running:
    """A handler at work."""

    def __init__(self, task: asyncio.Task[AckFrame | NackFrame], cancelled: asyncio.Event) -> None:
        self._task = task
        self._cancelled = cancelled

    def stop(self) -> None:
        """Tell the handler, then cancel it."""
        self._cancelled.set()
        self._task.cancel()

    def report(self, lease_id: str) -> AckFrame | NackFrame:
        """The final frame, also when the task was cancelled before its first step or broke down."""
        if self._task.cancelled():
            return handler_aborted(lease_id)
        error = self._task.exception()
        return handler_threw(lease_id, error) if error else self._task.result()


@dataclass(frozen=True)
class _Subscriber:
    """The five callbacks of a transport."""

    opened: Callable[[], Awaitable[None]]
    closed: Callable[[str], Awaitable[None]]
    received: Callable[[ServerToNeuronFrame], Awaitable[None]]
    emit: Callable[..., None]

    async def on_open(self) -> None:
        await self.opened()

    async def on_close(self, reason: str) -> None:
        await self.closed(reason)

    async def on_frame(self, frame: ServerToNeuronFrame) -> None:
        await self.received(frame)

    async def on_error(self, err: BaseException) -> None:
        self.emit("error", err)

    async def on_reconnecting(self, info: ReconnectInfo) -> None:
        self.emit("connection:reconnecting", info)


def _delivery_of(error: Exception) -> Delivery:
    """Whether another try may change what happened to a POST."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 400 <= status < 500 and status not in _TRY_AGAIN:
        return Delivery.REFUSED
    return Delivery.FAILED

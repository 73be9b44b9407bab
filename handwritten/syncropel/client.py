"""The client: emit records, query threads, follow them, never taken down by the network (protocol sheet §7-§12)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self

from wirewright.request import Options, Request
from wirewright.response import Outcome

from syncropel import batch, wire
from syncropel.checks import type_name
from syncropel.connection import Connection, credentials, retry_options
from syncropel.data import ClientData
from syncropel.emission import Clocks, Emission, EmitResult, build_envelope, envelope_of, to_result
from syncropel.identity import Identity, is_identity
from syncropel.inference import random_thread_id
from syncropel.kinds import CoreKind
from syncropel.membership import ClientMembership
from syncropel.queries import Queries
from syncropel.reserved import ReservedKinds
from syncropel.subscribe import (
    DEFAULT_HEARTBEAT_TIMEOUT_S,
    DEFAULT_RECONNECT_BASE_S,
    DEFAULT_RECONNECT_MAX_S,
    SubscribeError,
    Subscription,
    SubscriptionTransport,
    start_subscription,
)

if TYPE_CHECKING:
    from typing_extensions import TypeVar
    from wirewright.client import AsyncClient

    KindT = TypeVar("KindT", bound=str, default=str)
else:
    from typing import TypeVar

    KindT = TypeVar("KindT", bound=str)

__all__ = ["Client", "EmitResult"]

log = logging.getLogger("syncropel")

DEFAULT_ENDPOINT = "http://localhost:9100"
CLOSE_TIMEOUT_S = 5.0
"""Seconds that `close` waits for each subscription to end."""


class Client(Queries, ReservedKinds, Generic[KindT]):
    """One actor at one kernel.

    Emits and queries **fail open**: what network and kernel do wrong is answered (`EmitResult.error`, empty lists),
    never raised; a kind that violates the grammar always raises. `data` and `membership` are strict and raise errors
    of their own.

    `timeout` is seconds per phase of an attempt. A record that meets a broken connection or a 5xx is sent again up to
    `max_retries` times, after pauses that double from `backoff_ms` milliseconds. `on_emit` sees every `EmitResult`.
    `api_key` and `bearer` are credentials for the kernel. `transport` is any httpx transport, sync, async or both.

    Made for one event loop; not thread-safe. `Client[MusicKind]` narrows the kinds that type checkers let through,
    see `syncropel.kinds`.
    """

    def __init__(
        self,
        *,
        endpoint: str = DEFAULT_ENDPOINT,
        identity: Identity,
        timeout: float | None = 30.0,
        max_retries: int = 2,
        backoff_ms: float = 250.0,
        on_emit: Callable[[EmitResult], object] | None = None,
        api_key: str | None = None,
        transport: Any = None,
        bearer: str | None = None,
    ) -> None:
        if not is_identity(identity):
            raise TypeError(f"identity must be an Identity instance; got {type_name(identity)}")
        if not endpoint:
            raise ValueError("endpoint must not be empty")
        self.endpoint = endpoint.rstrip("/")
        self.identity = identity
        self.timeout = timeout
        self.max_retries = max_retries
        self.backoff_ms = backoff_ms
        self.on_emit = on_emit
        self.api_key = api_key
        self._clocks = Clocks()
        self._connection = Connection(
            self.endpoint, auth=credentials(identity, api_key, bearer), timeout=timeout, transport=transport
        )
        self._subscriptions: list[Subscription] = []
        self._data: ClientData | None = None
        self._membership: ClientMembership | None = None
        self._batch = batch.Support()
        self._closed = False

    # Emitting

    async def emit(
        self,
        *,
        act: str,
        kind: KindT | CoreKind,
        body: dict[str, Any],
        thread: str,
        refs: list[dict[str, str]] | None = None,
        parents: Sequence[str] | None = None,
        data_type: str = "SCALAR",
        clock: int | None = None,
    ) -> EmitResult:
        """Emit one record.

        `refs` are added to `body["_refs"]`; `clock` is the logical time, made up from the wall clock when left out.
        Raises `SyncropelKindError`, `ValueError` or `TypeError` for mistakes in the arguments, and for nothing else.
        """
        emission = Emission(
            act=act, kind=kind, body=body, thread=thread, refs=refs, parents=parents, data_type=data_type, clock=clock
        )
        return await self._emit(emission)

    async def _emit(self, emission: Emission) -> EmitResult:
        request = self._emit_request(emission)
        return self._report(to_result(await self._open().deliver(request), emission))

    def emit_sync(
        self,
        *,
        act: str,
        kind: KindT | CoreKind,
        body: dict[str, Any],
        thread: str,
        refs: list[dict[str, str]] | None = None,
        parents: Sequence[str] | None = None,
        data_type: str = "SCALAR",
        clock: int | None = None,
    ) -> EmitResult:
        """As `emit`, for scripts without an event loop. Connections stay open between calls."""
        emission = Emission(
            act=act, kind=kind, body=body, thread=thread, refs=refs, parents=parents, data_type=data_type, clock=clock
        )
        request = self._emit_request(emission)
        return self._report(to_result(self._connection.synchronous.deliver(request), emission))

    async def emit_batch(self, emissions: Iterable[Emission]) -> list[EmitResult]:
        """Emit many records with few requests: one result for each, in their order, in which they are ingested too.

        Every argument is checked before the first record is sent. Kernels that know no batches get the records one by
        one.
        """
        items = [(emission, self._record(emission)) for emission in emissions]
        sent = batch.send(self._open(), self._retry_options(), self._batch, items)
        return [self._report(result) async for result in sent]

    def _emit_request(self, emission: Emission) -> Request[bytes | None]:
        request = wire.emit_request(self._record(emission))
        request.options = self._retry_options()
        return request

    def _record(self, emission: Emission) -> Any:
        return wire.json_body(build_envelope(emission, self.identity, self._clocks))

    def _retry_options(self) -> Options:
        return retry_options(self.max_retries, self.backoff_ms)

    def _report(self, result: EmitResult) -> EmitResult:
        if self.on_emit is not None:
            try:
                self.on_emit(result)
            except Exception as error:
                log.warning("on_emit hook raised %s; swallowing", type(error).__name__)
        return result

    async def intend(
        self,
        goal: Any,
        *,
        thread: str | None = None,
        parents: Sequence[str] | None = None,
        kind: KindT | CoreKind = "core.intent",
        body: dict[str, Any] | None = None,
        clock: int | None = None,
    ) -> EmitResult:
        """Open a thread with a goal. A thread is made up when none is given; it is on the result."""
        return await self.emit(
            act="INTEND",
            kind=kind,
            body={**(body or {}), **({} if body and "goal" in body else {"goal": goal})},
            thread=random_thread_id() if thread is None else thread,
            parents=parents,
            clock=clock,
        )

    async def fulfill(
        self,
        thread: str,
        summary: Any,
        *,
        fulfills: str | Iterable[str] | None = None,
        kind: KindT | CoreKind = "core.outcome",
        body: dict[str, Any] | None = None,
        parents: Sequence[str] | None = None,
        clock: int | None = None,
    ) -> EmitResult:
        """Close a thread with what came of it. `fulfills` is the id, or are the ids, of the intents that are met."""
        if not thread:
            raise ValueError("fulfill requires a non-empty thread")
        outcome = {**(body or {}), **({} if body and "summary" in body else {"summary": summary})}
        if fulfills is not None:
            outcome["fulfills"] = fulfills if isinstance(fulfills, str) else list(fulfills)
        return await self.emit(act="KNOW", kind=kind, body=outcome, thread=thread, parents=parents, clock=clock)

    async def _put(self, kind: str, body: dict[str, Any], thread: str) -> EmitResult:
        return await self._emit(Emission(act="PUT", kind=kind, body=body, thread=thread))

    # Reading, see `Queries`

    async def _read(self, request: Request[Any]) -> Outcome[bytes | None]:
        return await self._open().deliver(wire.strictly(request))

    def _envelope(self, act: str, body: dict[str, Any], thread: str) -> Mapping[str, Any]:
        return envelope_of(self.identity, act, body, thread=thread, clock=self._clocks.next(thread))

    # Following

    def subscribe(
        self,
        thread: str,
        callback: Callable[[dict[str, Any]], object],
        *,
        since_clock: int | None = None,
        bearer: str | None = None,
        on_error: Callable[[SubscribeError], object] | None = None,
        on_open: Callable[[], object] | None = None,
        on_heartbeat: Callable[[], object] | None = None,
        reconnect_base_s: float = DEFAULT_RECONNECT_BASE_S,
        reconnect_max_s: float = DEFAULT_RECONNECT_MAX_S,
        max_reconnects: float = float("inf"),
        heartbeat_timeout_s: float = DEFAULT_HEARTBEAT_TIMEOUT_S,
        transport: SubscriptionTransport | None = None,
    ) -> Subscription:
        """Call `callback` with every record of a thread as it arrives, from `since_clock` on or from now.

        Needs a running event loop and returns at once. Broken and silent connections are made anew, without losing or
        repeating a record; each break is told to `on_error`. What callbacks raise is logged, not passed on.
        """
        subscription = start_subscription(
            thread=thread,
            callback=callback,
            endpoint=self.endpoint,
            api_key=self.api_key,
            http=self._open(),
            transport=transport,
            since_clock=since_clock,
            bearer=bearer,
            on_error=on_error,
            on_open=on_open,
            on_heartbeat=on_heartbeat,
            reconnect_base_s=reconnect_base_s,
            reconnect_max_s=reconnect_max_s,
            max_reconnects=max_reconnects,
            heartbeat_timeout_s=heartbeat_timeout_s,
        )
        self._subscriptions = [*(known for known in self._subscriptions if not known.closed), subscription]
        return subscription

    # The other planes

    @property
    def data(self) -> ClientData:
        """Files, artifacts and where they came from."""
        if self._data is None:
            self._data = ClientData(self._open())
        return self._data

    @property
    def membership(self) -> ClientMembership:
        """Invites, members and their grants."""
        if self._membership is None:
            self._membership = ClientMembership(self._open())
        return self._membership

    # Life

    def _open(self) -> AsyncClient:
        if self._closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        return self._connection.asynchronous

    async def close(self) -> None:
        """End all subscriptions, then close all connections. Doing it again does no harm."""
        self._closed = True
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            subscription.close()
        for subscription in subscriptions:
            await subscription.wait_closed(timeout=CLOSE_TIMEOUT_S)
        await self._connection.aclose()

    async def aclose(self) -> None:
        """The same as `close`."""
        await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

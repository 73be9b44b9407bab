"""The network side of a neuron: one event stream that comes back whenever it is lost, and POSTs beside it."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._http import Answer, HttpPort, open_port
from holokai_neuron_sdk.sse import SseEvent, SseReader

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

    from holokai_neuron_sdk.protocol import ServerToNeuronFrame

AuthCallback = Callable[[], Awaitable[str] | str]
"""Answers the bearer token; called before every request, and once more after a 401."""

_T = TypeVar("_T")
_UNAUTHORIZED = 401
_LEASE_PATHS = frozenset({protocol.POST_PATH.ack, protocol.POST_PATH.nack, protocol.POST_PATH.progress})


@dataclass(frozen=True, slots=True)
class ReconnectInfo:
    """A reconnect that is about to be waited for: which one since the last good stream, how long, and why."""

    attempt: int
    delay_ms: int
    reason: str


class TransportError(Exception):
    """The gateway answered a POST with something other than 2xx."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


class TransportCallbacks(Protocol):
    """What a transport tells its subscriber.

    A transport of your own needs five members: `subscribe(callbacks)`, `is_connected()`, `async start()`, which must
    lead to `on_open`, `async stop()`, and `async post(path, frame)`, which raises when the frame was not delivered.
    """

    async def on_open(self) -> None: ...
    async def on_close(self, reason: str) -> None: ...
    async def on_frame(self, frame: ServerToNeuronFrame) -> None: ...
    async def on_error(self, err: BaseException) -> None: ...
    async def on_reconnecting(self, info: ReconnectInfo) -> None: ...


class Transport(Protocol):
    """What a neuron needs of a transport."""

    def subscribe(self, callbacks: TransportCallbacks) -> None: ...
    def is_connected(self) -> bool: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def post(self, path: str, frame: Any) -> Any: ...


class HttpTransport:
    """Server-sent events in, POSTs out.

    Args:
        gateway_url: base of all paths; a path prefix is kept.
        neuron_id: of the stream.
        auth: answers the token; may be async.
        initial_reconnect_delay_ms: the pause before the first reconnect; it doubles with each that fails.
        max_reconnect_delay_ms: the longest pause.
        client: used as it is, with its own timeouts, and not closed; without one the transport has its own connections.
        request_timeout: seconds for each phase of a POST, and for the opening of a stream until its headers.
        idle_timeout: seconds of silence after which a stream is taken for dead; None trusts it forever. Choose it
            larger than the pause between the gateway's keep-alive comments.
    """

    def __init__(
        self,
        *,
        gateway_url: str,
        neuron_id: str,
        auth: AuthCallback,
        logger: logging.Logger | None = None,
        initial_reconnect_delay_ms: int = 500,
        max_reconnect_delay_ms: int = 30_000,
        client: httpx.AsyncClient | None = None,
        request_timeout: float = 30.0,
        idle_timeout: float | None = None,
    ) -> None:
        self._base = gateway_url.rstrip("/")
        self._stream_url = f"{self._base}{protocol.SSE_PATH}?neuronId={quote(neuron_id, safe='')}"
        self._auth = auth
        self._log = logger or logging.getLogger("holokai_neuron_sdk.transport")
        self._initial_ms = initial_reconnect_delay_ms
        self._max_ms = max_reconnect_delay_ms
        self._client = client
        self._timeout = request_timeout
        self._idle_timeout = idle_timeout
        self._ports: dict[bool, HttpPort] = {}
        self._callbacks: TransportCallbacks | None = None
        self._connected = False
        self._failures = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._may_cancel = False
        self._settled = asyncio.Event()

    def subscribe(self, callbacks: TransportCallbacks) -> None:
        """Who hears of streams and frames; one subscriber, before `start`."""
        self._callbacks = callbacks

    def is_connected(self) -> bool:
        """Whether a stream is open. Says nothing about registration."""
        return self._connected

    async def start(self) -> None:
        """Open the stream and keep it open.

        Returns when the first attempt is decided; never raises for what the network does.
        """
        if self._task is not None and not self._task.done():
            return
        self._stopping = False
        self._settled.clear()
        self._task = asyncio.create_task(self._keep_open(), name="neuron-sse-stream")
        await self._settled.wait()

    async def stop(self) -> None:
        """Close the stream, open no other, and free the connections."""
        self._stopping = True
        self._settled.set()
        task = self._task
        if task is not None and task is not asyncio.current_task():
            if self._may_cancel:
                task.cancel()
            await asyncio.wait({task})
        ports, self._ports = self._ports, {}
        for port in ports.values():
            await port.aclose()

    async def post(self, path: str, frame: BaseModel | dict[str, Any]) -> Any:
        """POST a frame and answer the body: JSON when it says so and is, else text.

        Raises:
            TransportError: a status other than 2xx, after one more try with a fresh token when it was 401.
            Exception: what the auth callback or the network raised.
        """
        content = protocol.encode(frame)
        answer = await self._post_once(path, content)
        if answer.status == _UNAUTHORIZED:
            answer = await self._post_once(path, content)
        if not 200 <= answer.status < 300:
            text = answer.text
            raise TransportError(
                f"{path} failed: {answer.status} {_phrase(answer.status)}" + (f" — {text}" if text else ""),
                answer.status,
            )
        return _body(answer)

    async def _post_once(self, path: str, content: bytes) -> Answer:
        headers = {"content-type": "application/json", "authorization": f"Bearer {await self._token()}"}
        port = self._connections(of_leases=path in _LEASE_PATHS)
        return await port.send("POST", self._base + path, headers, content)

    async def _token(self) -> str:
        token = self._auth()
        return await token if inspect.isawaitable(token) else token

    def _connections(self, *, of_leases: bool) -> HttpPort:
        """Those for the frames of leases, or those for the stream and the neuron's own frames.

        Apart, so that a gateway that is slow to take reports does not hold up the heartbeats that keep leases alive.
        """
        if of_leases not in self._ports:
            self._ports[of_leases] = open_port(self._client, self._timeout)
        return self._ports[of_leases]

    # The stream.

    async def _keep_open(self) -> None:
        while not self._stopping:
            reason = await self._one_stream()
            self._settled.set()
            if self._stopping:
                return
            delay_ms = min(self._max_ms, self._initial_ms * 2 ** min(self._failures, 60))
            self._failures += 1
            self._log.info("stream lost (%s), next try in %d ms", reason, delay_ms)
            if self._callbacks:
                await self._guarded(self._callbacks.on_reconnecting(ReconnectInfo(self._failures, delay_ms, reason)))
            try:
                await self._cancellable(asyncio.sleep(delay_ms / 1000))
            except asyncio.CancelledError:
                if not self._stopping:  # somebody ends the loop itself
                    raise

    async def _one_stream(self) -> str:
        """Open a stream and read it to its end; answers why it is over."""
        try:
            answer = await self._cancellable(self._open())
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return "clean close"
        except _AuthFailed as error:
            return f"auth callback raised: {error.__cause__!r}"
        except Exception as error:
            return f"fetch error: {error!r}"
        if answer.status != HTTPStatus.OK:
            await answer.aclose()
            return f"SSE open failed: {answer.status} {_phrase(answer.status)}"
        return await self._read(answer)

    async def _open(self) -> Answer:
        """One GET, and another with a fresh token after a 401."""
        async with asyncio.timeout(self._timeout):
            answer = await self._get()
        if answer.status == _UNAUTHORIZED:
            await answer.aclose()
            self._settled.set()
            async with asyncio.timeout(self._timeout):
                answer = await self._get()
        return answer

    async def _get(self) -> Answer:
        try:
            token = await self._token()
        except Exception as error:
            raise _AuthFailed from error
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {token}", "cache-control": "no-store"}
        return await self._connections(of_leases=False).stream(self._stream_url, headers)

    async def _read(self, answer: Answer) -> str:
        self._connected = True
        self._failures = 0
        self._settled.set()
        reason = "clean close"
        try:
            if self._callbacks:
                await self._callbacks.on_open()
            await self._read_frames(answer)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception as error:
            reason = f"read error: {error!r}"
        finally:
            self._connected = False
            with suppress(Exception):
                await answer.aclose()
        if self._callbacks:
            await self._guarded(self._callbacks.on_close(reason))
        return reason

    async def _read_frames(self, answer: Answer) -> None:
        reader = SseReader()
        chunks = aiter(answer.chunks)
        while not self._stopping:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    chunk = await self._cancellable(anext(chunks))
            except StopAsyncIteration:
                return
            for event in reader.feed(chunk):
                frame = self._frame(event)
                if frame is not None and self._callbacks:
                    await self._callbacks.on_frame(frame)

    def _frame(self, event: SseEvent) -> ServerToNeuronFrame | None:
        """The frame of an event; one that is none is logged and dropped, it must not take the stream with it."""
        try:
            return protocol.parse_server_json(event.data)
        except ValueError as error:
            self._log.warning("dropped a frame that cannot be read: %s", error)
            return None

    async def _cancellable(self, awaitable: Awaitable[_T]) -> _T:
        """Await something that `stop` may interrupt; callbacks are never interrupted."""
        self._may_cancel = True
        try:
            return await awaitable
        finally:
            self._may_cancel = False

    async def _guarded(self, callback: Awaitable[None]) -> None:
        try:
            await callback
        except Exception:
            self._log.exception("a transport callback raised")


class _AuthFailed(Exception):  # noqa: N818 - never leaves this module
    """The auth callback raised; the cause says what."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _body(answer: Answer) -> Any:
    if "application/json" in answer.content_type:
        try:
            return json.loads(answer.content)
        except ValueError:
            pass  # the status says that the frame was taken; a body that is no JSON changes nothing
    return answer.text

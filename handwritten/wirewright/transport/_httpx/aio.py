"""Connections of the async pool: asyncio transports directly, without the layers httpcore would put between."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import httpcore

from wirewright.transport._httpx.backend import Limit, seconds_of

if TYPE_CHECKING:
    import ssl

_HIGH_WATER = 1024 * 1024
_CLOSING: set[asyncio.Future[None]] = set()


def kept(closing: asyncio.Future[None]) -> None:
    """Referred to until it is done: a loop alone refers weakly."""
    _CLOSING.add(closing)
    closing.add_done_callback(_CLOSING.discard)


class _Wire(asyncio.Protocol):
    """What has arrived and was not read yet; wakes the one reader and the one writer that may wait."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.buffer = bytearray()
        self.ended = self.lost = False
        self.error: Exception | None = None
        self.may_write = True
        self.waiter: asyncio.Future[None] | None = None
        self.late: type[Exception] = httpcore.ReadTimeout
        self._ends = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # which those of uvloop do not derive from

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > _HIGH_WATER:
            self.transport.pause_reading()
        self.wake()

    def eof_received(self) -> bool:
        self.ended = True
        self.wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.lost = True
        self.may_write = False
        self.error = self.error or exc
        if self._timer is not None:
            self._timer.cancel()
        self.wake()

    def pause_writing(self) -> None:
        self.may_write = False

    def resume_writing(self) -> None:
        self.may_write = True
        self.wake()

    def abort(self) -> None:
        """In the next round of the loop. A transport that is gone would fail when it is asked again."""
        if not self.lost:
            self.transport.abort()

    def wake(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self, seconds: float | None, late: type[Exception]) -> None:
        """Until something happens; `late` is raised when nothing does."""
        loop = asyncio.get_running_loop()
        waiter = self.waiter = loop.create_future()
        if seconds is None:
            self._ends = math.inf
        else:
            self.late, self._ends = late, loop.time() + seconds
            self._arm(loop)
        try:
            await waiter
        finally:
            if self.waiter is waiter:
                self.waiter = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer goes on from wait to wait: one for each would be made, and cancelled, for every small answer."""
        if self._timer is not None:
            if self._timer.when() <= self._ends:
                return
            self._timer.cancel()
        self._timer = loop.call_at(self._ends, self._look)

    def _look(self) -> None:
        waiter, self._timer = self.waiter, None
        if waiter is None or waiter.done() or math.isinf(self._ends):
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._ends:
            self._arm(loop)
        else:
            waiter.set_exception(self.late("timed out"))


class AsyncioStream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        wire = self._wire
        if wire.buffer:
            await asyncio.sleep(0)  # a server that sends faster than is read must not keep the loop from its timers
        elif not wire.ended:
            await wire.wait(seconds_of(timeout), httpcore.ReadTimeout)
        if wire.buffer:
            data = bytes(wire.buffer) if len(wire.buffer) <= max_bytes else bytes(wire.buffer[:max_bytes])
            del wire.buffer[: len(data)]
            if not wire.ended and len(wire.buffer) + len(data) > _HIGH_WATER >= len(wire.buffer):
                wire.transport.resume_reading()
            return data
        if wire.error is not None:
            raise httpcore.ReadError(str(wire.error)) from wire.error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        wire = self._wire
        if not buffer:
            return
        if isinstance(timeout, Limit) and timeout.attempt.aborted:
            self.abort()
        if wire.ended or wire.transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        if isinstance(timeout, Limit):
            timeout.attempt.sent = True
            timeout.attempt.abort = self.abort
        wire.transport.write(buffer)
        while not wire.may_write:
            if wire.ended:
                raise httpcore.WriteError(str(wire.error or "the connection is closed"))
            await wire.wait(seconds_of(timeout), httpcore.WriteTimeout)

    async def aclose(self) -> None:
        self.close()
        await asyncio.sleep(0)

    def close(self) -> None:
        """In the next round of the loop."""
        self._wire.abort()

    def abort(self) -> None:
        """Break the connection; whoever waits on it gets an error."""
        wire = self._wire
        wire.ended = True
        wire.error = wire.error or ConnectionAbortedError("aborted")
        wire.abort()
        wire.wake()

    def abandon(self) -> None:
        """Close the socket of a connection whose loop is closed, or stands still."""
        transport = self._wire.transport
        with suppress(RuntimeError):  # a loop that goes on later must not wait for this socket's number
            self._wire.abort()
        sock = getattr(transport, "_sock", None)
        if isinstance(sock, socket.socket):
            sock.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        wire = self._wire
        if wire.buffer or wire.ended:
            wire.abort()
            raise httpcore.ConnectError("the server spoke or left before the TLS handshake")
        try:
            async with asyncio.timeout(seconds_of(timeout)):
                transport = await asyncio.get_running_loop().start_tls(
                    wire.transport, wire, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            wire.abort()
            raise httpcore.ConnectTimeout("TLS handshake timed out") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            wire.abort()
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        if transport is None:
            raise httpcore.ConnectError("the connection was lost during the TLS handshake")
        wire.transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        wire = self._wire
        if info == "is_readable":
            return bool(wire.buffer) or wire.ended or wire.transport.is_closing()
        name = {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        return wire.transport.get_extra_info(name)


def _discard(connecting: asyncio.Future[Any]) -> None:
    """Close a connection that was made in the moment in which its caller gave up."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result()[1].abort()


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Makes the connections of the async pool. The total deadline is the driver's (`asyncio.timeout`)."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        local = None if local_address is None else (local_address, 0)
        connecting = asyncio.get_running_loop().create_connection(_Wire, host, port, local_addr=local)
        return await self._connected(connecting, timeout, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        connecting = asyncio.get_running_loop().create_unix_connection(_Wire, path)
        return await self._connected(connecting, timeout, socket_options)

    @staticmethod
    async def _connected(work: Any, timeout: float | None, socket_options: Iterable[Any] | None) -> AsyncioStream:
        connecting = asyncio.ensure_future(work)
        if isinstance(timeout, Limit):
            if timeout.attempt.aborted:
                connecting.cancel()
            timeout.attempt.fresh = True
            timeout.attempt.abort = connecting.cancel
        try:
            async with asyncio.timeout(seconds_of(timeout)):
                transport, wire = await connecting
        except TimeoutError as error:
            connecting.add_done_callback(_discard)
            raise httpcore.ConnectTimeout("timed out") from error
        except (OSError, UnicodeError, OverflowError) as error:
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        except asyncio.CancelledError:
            connecting.add_done_callback(_discard)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise httpcore.ConnectError("aborted") from None
        sock = transport.get_extra_info("socket")
        if sock is not None:
            if sock.family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for option in socket_options or ():
                sock.setsockopt(*option)
        stream = AsyncioStream(wire)
        if isinstance(timeout, Limit):
            timeout.attempt.abort = stream.abort
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

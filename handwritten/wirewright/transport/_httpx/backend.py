"""The sync network backend of httpcore, watched: what was sent, on which connection, and nothing past the deadline.

httpcore hands every limit that a request came with to the network stream it reads or writes; our limits are numbers
that know their attempt. That is how one total deadline holds over all phases, slow drips included.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    import ssl

    from wirewright.messages import Timeout


class Limit(float):
    """Seconds one operation may take, and the attempt it belongs to."""

    __slots__ = ("attempt",)

    attempt: Attempt

    @classmethod
    def of(cls, seconds: float | None, attempt: Attempt) -> Limit:
        """None is no limit."""
        limit = cls(math.inf if seconds is None else seconds)
        limit.attempt = attempt
        return limit


class Attempt:
    """One request on its way: `sent` bytes, a `fresh` connection or a pooled one, and a total budget in seconds.

    `aborted`: nobody waits for it any more; `abort` breaks the async connection that is made or in use.
    """

    __slots__ = ("_deadline", "_idle", "_streaming", "abort", "aborted", "fresh", "sent")

    def __init__(self, budget: float | None) -> None:
        self._deadline = None if budget is None else time.monotonic() + budget
        self._streaming = False
        self._idle: float | None = None
        self.abort: Callable[[], object] | None = None
        self.aborted = False
        self.sent = False
        self.fresh = False

    def limits(self, timeout: Timeout) -> dict[str, float | None]:
        """The `timeout` extension of httpcore."""
        pool = timeout.pool
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            pool = left if pool is None else min(pool, left)
        return {
            "connect": Limit.of(timeout.connect, self),
            "read": Limit.of(timeout.read, self),
            "write": Limit.of(timeout.write, self),
            "pool": pool,
        }

    def seconds(self, limit: float) -> float | None:
        """What is left for one operation; None is no limit."""
        if self._streaming:
            return self._idle
        if self._deadline is not None:
            limit = min(limit, max(self._deadline - time.monotonic(), 0.0001))
        return None if math.isinf(limit) else limit

    def expired(self) -> bool:
        """Whether the total budget is spent."""
        return self._deadline is not None and time.monotonic() >= self._deadline - 0.001

    def begin_stream(self, idle: float | None) -> None:
        """From here on silence alone is limited."""
        self._deadline = None
        self._streaming, self._idle = True, idle


def seconds_of(timeout: float | None) -> float | None:
    """The limit of one operation as a plain number of seconds."""
    return timeout.attempt.seconds(timeout) if isinstance(timeout, Limit) else timeout


def end_reading(stream: Any) -> None:
    """Wake the thread that reads from a stream, which closing its socket alone would not."""
    sock = stream.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


class _Stream(httpcore.NetworkStream):
    """`whole`: the head of a request waits for the first bytes of its body, so that a small request is one packet."""

    def __init__(self, inner: httpcore.NetworkStream, whole: bool) -> None:
        self._inner = inner
        self._whole = whole
        self._at_head = True
        self._head: bytes = b""
        # the common case goes to the socket itself; TLS inside TLS has none that could be used so
        self._socket: socket.socket | None = (
            inner.get_extra_info("socket") if type(inner).__name__ == "SyncStream" else None
        )
        self._limit: float | None = math.nan

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head:
            with suppress(httpcore.WriteError):  # as httpcore does: the answer may be there all the same
                self.write(b"", timeout)
        self._at_head = True
        if isinstance(timeout, Limit) and timeout.attempt.expired():
            raise httpcore.ReadTimeout("timed out")  # of a server that never lets a single read wait
        if self._socket is None:
            return self._inner.read(max_bytes, seconds_of(timeout))
        try:
            self._set_limit(self._socket, seconds_of(timeout))
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(error) from error
        except OSError as error:
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._at_head and self._whole and buffer.endswith(b"\r\n\r\n"):
            self._at_head, self._head = False, buffer
            return
        self._at_head = False
        if self._head:
            buffer, self._head = self._head + buffer, b""
        if buffer:
            self._send(buffer, timeout)
            if isinstance(timeout, Limit):
                timeout.attempt.sent = True

    def _send(self, buffer: bytes, timeout: float | None) -> None:
        if self._socket is None:
            self._inner.write(buffer, seconds_of(timeout))
            return
        view = memoryview(buffer)
        try:
            while view:
                self._set_limit(self._socket, seconds_of(timeout))
                view = view[self._socket.send(view) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from error
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def _set_limit(self, sock: socket.socket, seconds: float | None) -> None:
        """As few system calls as can be: the limit of a socket stays until another is set."""
        if seconds != self._limit:
            sock.settimeout(seconds)
            self._limit = seconds

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, seconds_of(timeout))
        return _Stream(secured, self._whole)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """For the sync pool. `whole`: HTTP/1.1 alone is spoken, so that head and body may leave together."""

    def __init__(self, *, whole: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._whole = whole

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if isinstance(timeout, Limit):
            timeout.attempt.fresh = True
        stream = self._inner.connect_tcp(host, port, seconds_of(timeout), local_address, socket_options)
        return _Stream(stream, self._whole)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        if isinstance(timeout, Limit):
            timeout.attempt.fresh = True
        return _Stream(self._inner.connect_unix_socket(path, seconds_of(timeout), socket_options), self._whole)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)

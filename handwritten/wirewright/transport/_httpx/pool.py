"""Connections that are kept for the next request: for one process, and one event loop."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import httpcore

from wirewright.messages import Timeout
from wirewright.transport._httpx.backend import DeadlineBackend
from wirewright.transport._httpx.connection import Connection, Exchange, Steps, take

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest
    from wirewright.transport import PoolOptions
    from wirewright.transport._httpx.backend import Attempt

NO_LIMIT = Timeout(None, None, None, None)


class _Waiter:
    """Somebody who waits for a connection to be given to them."""

    __slots__ = ("connection", "event", "origin")

    def __init__(self, origin: str, event: Any) -> None:
        self.origin = origin
        self.event = event
        self.connection: Connection | None = None


class Shared:
    """Who has which connection. All of it is bookkeeping; the I/O is that of the connections."""

    _backend: Any
    _event: Any
    _each: Any
    _next: Any
    _wait: Any

    def __init__(self, options: PoolOptions, ssl_context: Any) -> None:
        self._options = options
        self._ssl_context = ssl_context
        self._lock = threading.RLock()  # an answer that nobody read may be freed, and released, at any time
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []  # the longest idle first
        self._waiting: deque[_Waiter] = deque()

    def _started(self, request: HttpRequest, content: Any, attempt: Attempt) -> Steps[Exchange]:
        limits = attempt.limits(request.timeout or NO_LIMIT)
        connection = yield from self._acquired(request.origin, limits["pool"])
        exchange = Exchange(request, connection, limits, self._release)
        yield from exchange.start(content, self._each, self._next)
        return exchange

    def _acquired(self, origin: str, limit: float | None) -> Steps[Connection]:
        with self._lock:
            connection = self._kept(origin) or self._new(origin)
            if connection is not None:
                return connection
            waiter = _Waiter(origin, self._event())
            self._waiting.append(waiter)
        try:
            yield self._wait, waiter.event, limit
        except BaseException:
            self._leave(waiter)
            raise
        if waiter.connection is None:
            raise httpcore.ConnectError("the client was closed meanwhile")
        return waiter.connection

    def _kept(self, origin: str) -> Connection | None:
        for connection in reversed(self._idle):
            if connection.origin == origin:
                self._idle.remove(connection)
                if not connection.is_stale():
                    return connection
                self._drop(connection)
                return self._kept(origin)
        return None

    def _new(self, origin: str) -> Connection | None:
        if len(self._connections) >= self._options.max_connections:
            if not self._idle:
                return None
            self._drop(self._idle.pop(0))
        return self._add(origin)

    def _add(self, origin: str) -> Connection:
        connection = Connection(origin, self._backend, self._ssl_context)
        self._connections.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        self._connections.discard(connection)
        connection.close()

    def _leave(self, waiter: _Waiter) -> None:
        """Nobody waits any more; what was given in this very moment goes to the next."""
        with self._lock:
            if waiter.connection is None and waiter in self._waiting:
                self._waiting.remove(waiter)
        if waiter.connection is not None:
            self._release(waiter.connection, waiter.connection.stream is not None)

    def _release(self, connection: Connection, usable: bool) -> None:
        with self._lock:
            if connection not in self._connections:  # the pool was closed
                connection.close()
            elif self._waiting:
                self._give(connection, usable)
            elif usable:
                connection.expires = time.monotonic() + self._options.keepalive_expiry
                self._idle.append(connection)
                self._thin_out()
            else:
                self._drop(connection)

    def _give(self, connection: Connection, usable: bool) -> None:
        waiter = self._waiting.popleft()
        if not usable or waiter.origin != connection.origin:
            self._drop(connection)
            connection = self._add(waiter.origin)
        waiter.connection = connection
        waiter.event.set()

    def _thin_out(self) -> None:
        now = time.monotonic()
        while self._idle and (len(self._idle) > self._options.max_keepalive or self._idle[0].expires < now):
            self._drop(self._idle.pop(0))

    def close(self) -> None:
        """Of all connections, those in use as well."""
        with self._lock:
            connections, self._connections, self._idle = self._connections, set(), []
            waiting, self._waiting = self._waiting, deque()
        for connection in connections:
            connection.close()
        for waiter in waiting:
            waiter.event.set()


class Pool(Shared):
    """Of sync connections, for any number of threads."""

    _backend = DeadlineBackend(whole=False)
    _event, _each, _next = threading.Event, staticmethod(iter), staticmethod(next)

    def start(self, request: HttpRequest, content: Any, attempt: Attempt) -> Exchange:
        """Send a request and read the head of its answer."""
        return take(self._started(request, content, attempt))

    @staticmethod
    def _wait(event: threading.Event, limit: float | None) -> None:
        if not event.wait(limit):
            raise httpcore.PoolTimeout("timed out")

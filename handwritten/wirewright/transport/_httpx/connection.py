"""One HTTP/1.1 connection, and one exchange on it, written once for both kinds of I/O: as steps that a driver takes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

from wirewright.messages import Headers
from wirewright.transport._httpx.backend import end_reading
from wirewright.transport._httpx.http11 import Answer, Framing, head_of
from wirewright.transport._httpx.places import place_of

if TYPE_CHECKING:
    import ssl

    from wirewright.messages import HttpRequest

T = TypeVar("T")
Steps = Generator[tuple[Any, ...], Any, T]
"""I/O to be done: yields a function and its arguments, and is sent what it returns; an async driver awaits it."""

_READ = 64 * 1024


def take(steps: Steps[T]) -> T:
    """Do all the I/O."""
    try:
        function, *arguments = next(steps)
        while True:
            try:
                result = function(*arguments)
            except BaseException as error:
                function, *arguments = steps.throw(error)
            else:
                function, *arguments = steps.send(result)
    except StopIteration as end:
        done: T = end.value
        return done


async def atake(steps: Steps[T]) -> T:
    """The same, awaited."""
    try:
        function, *arguments = next(steps)
        while True:
            try:
                result = await function(*arguments)
            except BaseException as error:
                function, *arguments = steps.throw(error)
            else:
                function, *arguments = steps.send(result)
    except StopIteration as end:
        done: T = end.value
        return done


class Connection:
    """To one origin; `stream` is None until it is open. Idle, it is used until `expires` (of the monotonic clock)."""

    __slots__ = ("_backend", "_ssl_context", "expires", "origin", "stream")

    def __init__(self, origin: str, backend: Any, ssl_context: ssl.SSLContext | None) -> None:
        self.origin = origin
        self.stream: Any = None
        self.expires = 0.0
        self._backend = backend
        self._ssl_context = ssl_context

    def open(self, limit: float) -> Steps[Any]:
        place = place_of(self.origin)
        self.stream = yield self._backend.connect_tcp, place.host, place.port, limit
        if place.scheme == "https":
            assert self._ssl_context is not None
            self._ssl_context.set_alpn_protocols(["http/1.1"])
            self.stream = yield self.stream.start_tls, self._ssl_context, place.host, limit
        return self.stream

    def is_stale(self) -> bool:
        """Whether it idled too long, or the server closed it: nothing else can be there to be read."""
        return time.monotonic() > self.expires or bool(self.stream.get_extra_info("is_readable"))

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()


class Exchange:
    """A request on a connection, and its answer: the content in chunks, by one kind of I/O. `release` is told at the
    end whether the connection can carry another.
    """

    __slots__ = ("_answer", "_connection", "_limits", "_release", "_request", "_sent", "headers", "status")

    status: int
    headers: Headers

    def __init__(
        self,
        request: HttpRequest,
        connection: Connection,
        limits: dict[str, Any],
        release: Callable[[Connection, bool], None],
    ) -> None:
        self._request = request
        self._connection = connection
        self._limits = limits
        self._release: Callable[[Connection, bool], None] | None = release
        self._answer = Answer(request.method)
        self._sent = False

    def start(self, content: Any, each: Any, following: Any) -> Steps[None]:
        """Send the request, `content` by `each` and `following` where it is read meanwhile; read the head."""
        connection, answer = self._connection, self._answer
        try:
            stream = connection.stream or (yield from connection.open(self._limits["connect"]))
            with suppress(httpcore.WriteError):  # a server may answer, and close, before it has read everything
                yield from self._send(stream, content, each, following)
                self._sent = True
            while not answer.status:
                answer.feed((yield stream.read, _READ, self._limits["read"]))
        except BaseException:
            self.close()
            raise
        self.status, self.headers = answer.status, Headers(answer.fields)

    def _send(self, stream: Any, content: Any, each: Any, following: Any) -> Steps[None]:
        request, write, limit = self._request, stream.write, self._limits["write"]
        framing = Framing(request.headers)
        waiting = head_of(request.method, request.target, place_of(request.origin).netloc, request.headers)
        if content is None or isinstance(content, bytes):
            yield write, waiting + framing.chunk(content or b"") + framing.end(), limit
            return
        chunks = each(content)
        while (chunk := (yield following, chunks, None)) is not None:
            yield write, waiting + framing.chunk(chunk), limit
            waiting = b""
        yield write, waiting + framing.end(), limit

    def _more(self) -> Steps[bytes]:
        """What comes next of the content; nothing at its end."""
        answer, read, limit = self._answer, self._connection.stream.read, self._limits["read"]
        chunk: bytes
        while not (chunk := answer.take()) and not answer.done:
            answer.feed((yield read, _READ, limit))
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        while chunk := take(self._more()):
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await atake(self._more()):
            yield chunk

    def close(self) -> None:
        """Nobody reads on."""
        release, self._release = self._release, None
        if release is not None:
            release(self._connection, self._sent and self._answer.done and self._answer.reusable)

    async def aclose(self) -> None:
        self.close()

    def wake(self) -> None:
        """End the reading of another thread."""
        if self._release is not None:  # else the connection may carry another exchange already
            end_reading(self._connection.stream)

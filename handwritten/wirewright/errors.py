"""Everything a call may raise: one tree, rooted in `WirewrightError`.

    WirewrightError
    ├── RequestError            the request could not be built or encoded; nothing was sent (also ValueError)
    ├── TransportError          nothing usable came back
    │   ├── ConnectError
    │   ├── TimeoutError        also the builtin TimeoutError
    │   └── ConnectionLost
    ├── StatusError[E]          an answer that is no success
    │   ├── ClientError         BadRequest Unauthorized Forbidden NotFound Conflict Gone
    │   │                       PreconditionFailed Unprocessable RateLimited
    │   └── ServerError
    ├── DecodeError             the answer is not what the spec says
    ├── StreamError             a stream ended that could not be resumed
    ├── AuthError               credentials could not be had, or were refused twice
    └── NotAttempted            circuit open, retry quota empty, or deadline passed before sending

Every error knows its `request` and the number of `attempts` that were made, and none shows a secret in `str()`.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Generic, Literal

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from wirewright.messages import Headers
    from wirewright.request import Request

    E = TypeVar("E", default=Any)  # so that `except NotFound as error` is fully typed
else:
    from typing import TypeVar

    E = TypeVar("E")

Phase = Literal["connect", "read", "write", "pool", "deadline", "idle"]
EXCERPT_BYTES = 200


class WirewrightError(Exception):
    """The root of all errors of the runtime.

    `request` is the request value that failed, `attempts` how many times it was sent or tried.
    """

    def __init__(self, message: str = "", *, request: Request[Any] | None = None, attempts: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.attempts = attempts

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "request"}
        return (_restore, (type(self), self.message), state | {"request": None})


def _restore(kind: type[WirewrightError], message: str) -> WirewrightError:
    error = kind.__new__(kind, message)
    error.args = (message,)
    return error


class RequestError(WirewrightError, ValueError):
    """The request could not be built or encoded. Nothing was sent."""


class TransportError(WirewrightError):
    """No usable answer came back.

    `sent`: whether any byte of the request may have reached the server. `bytes_received`: how much of the answer's
    body had arrived. `last_error`: the error of the HTTP library or operating system.
    """

    def __init__(
        self,
        message: str = "",
        *,
        sent: bool = True,
        bytes_received: int = 0,
        last_error: BaseException | None = None,
        request: Request[Any] | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, request=request, attempts=attempts)
        self.sent = sent
        self.bytes_received = bytes_received
        self.last_error = last_error

    def __str__(self) -> str:
        if self.attempts > 1:
            return f"{self.message} (after {self.attempts} attempts)"
        return self.message


class ConnectError(TransportError):
    """No connection: refused, unreachable, unknown host, failed TLS handshake. Nothing was sent."""


class TimeoutError(TransportError, builtins.TimeoutError):
    """A limit in time was passed. `phase`: which (`deadline` is the total one, `idle` a stream's silence)."""

    def __init__(
        self,
        message: str = "",
        *,
        phase: Phase = "read",
        sent: bool = True,
        bytes_received: int = 0,
        last_error: BaseException | None = None,
        request: Request[Any] | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(
            message, sent=sent, bytes_received=bytes_received, last_error=last_error, request=request, attempts=attempts
        )
        self.phase = phase


class ConnectionLost(TransportError):  # noqa: N818 - named for what happened
    """The connection broke while the request was sent or the answer was read, or the answer was cut short.

    `reused`: it was a pooled connection, which the server may have closed before this request.
    """

    reused: bool = False


class StatusError(WirewrightError, Generic[E]):
    """The server answered, but not with success.

    `body` is the answer's body decoded as the spec documents it for this status; where it is not documented or does
    not fit, plain Python values; where it is not JSON either, text.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int,
        headers: Headers,
        body: E,
        content: bytes = b"",
        request: Request[Any] | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, request=request, attempts=attempts)
        self.status = status
        self.headers = headers
        self.body = body
        self.content = content

    @property
    def response(self) -> StatusError[E]:
        """The answer: this error has its `status`, `headers`, `body` and `content`."""
        return self


class ClientError(StatusError[E]):
    """4xx: the request is at fault."""


class BadRequest(ClientError[E]):
    """400."""


class Unauthorized(ClientError[E]):
    """401."""


class Forbidden(ClientError[E]):
    """403."""


class NotFound(ClientError[E]):
    """404."""


class Conflict(ClientError[E]):
    """409."""


class Gone(ClientError[E]):
    """410."""


class PreconditionFailed(ClientError[E]):
    """412."""


class Unprocessable(ClientError[E]):
    """422."""


class RateLimited(ClientError[E]):
    """429. `retry_after`: seconds the server asked to wait, or None when it did not say."""

    retry_after: float | None = None


class ServerError(StatusError[E]):
    """5xx: the server is at fault. `retry_after` as in `RateLimited`."""

    retry_after: float | None = None


_BY_STATUS: dict[int, type[StatusError[Any]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    422: Unprocessable,
    429: RateLimited,
}


def status_error_type(status: int) -> type[StatusError[Any]]:
    """The class for a status: the named one, else that of its hundred, else `StatusError`."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return ClientError
    if 500 <= status < 600:
        return ServerError
    return StatusError


class DecodeError(WirewrightError):
    """The answer is not what the spec says.

    `path`: where in the document, as a JSON path (`$.items[3].id`, empty when it is no JSON at all). `excerpt`: the
    first 200 bytes.
    """

    def __init__(
        self,
        message: str = "",
        *,
        path: str = "",
        content: bytes = b"",
        status: int | None = None,
        request: Request[Any] | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, request=request, attempts=attempts)
        self.path = path
        self.status = status
        self.excerpt = bytes(content[:EXCERPT_BYTES])


class StreamError(WirewrightError):
    """A stream ended that could not be resumed. `last_event_id`: where a caller may resume by other means."""

    def __init__(
        self,
        message: str = "",
        *,
        last_event_id: str = "",
        request: Request[Any] | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, request=request, attempts=attempts)
        self.last_event_id = last_event_id


class AuthError(WirewrightError):
    """Credentials could not be had, or were refused twice."""


class NotAttempted(WirewrightError):  # noqa: N818 - named for what happened
    """The call was given up before it was sent. `reason`: `circuit_open` or `deadline`."""

    def __init__(
        self, message: str = "", *, reason: str, request: Request[Any] | None = None, attempts: int = 0
    ) -> None:
        super().__init__(message, request=request, attempts=attempts)
        self.reason = reason

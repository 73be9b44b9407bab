"""What a call answers: `Response` from `respond`, `Outcome` from `deliver`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from wirewright.errors import WirewrightError
    from wirewright.messages import Headers
    from wirewright.request import Request

T_co = TypeVar("T_co", covariant=True)


class Response(Generic[T_co]):
    """A successful answer: `value` decoded, beside `status` and `headers`.

    `attempts` counts the times the request was sent, `elapsed` is seconds over all of them, pauses included.
    `content` is the body as it came.
    """

    __slots__ = ("attempts", "content", "elapsed", "headers", "request", "status", "value")

    def __init__(
        self,
        status: int,
        headers: Headers,
        value: T_co,
        request: Request[Any],
        *,
        attempts: int = 1,
        elapsed: float = 0.0,
        content: bytes = b"",
    ) -> None:
        self.status = status
        self.headers = headers
        self.value = value
        self.request = request
        self.attempts = attempts
        self.elapsed = elapsed
        self.content = content

    def __repr__(self) -> str:
        return f"<Response {self.status} of {self.request.operation.id}, {self.attempts} attempts>"


class Outcome(Generic[T_co]):
    """How a delivery went. Exactly one of `success`, `queued` and `error` tells:

    - `success`: delivered, `value` is the answer;
    - `queued`: not delivered yet, but an outbox keeps it and will (`error` says why not at once);
    - otherwise given up, `error` says why.

    `durable`: what is queued is on disk (or with a broker); False when it is in memory alone.
    """

    __slots__ = ("attempts", "durable", "error", "queued", "success", "value")

    def __init__(
        self,
        success: bool,
        value: T_co | None = None,
        error: WirewrightError | None = None,
        attempts: int = 0,
        queued: bool = False,
        *,
        durable: bool = False,
    ) -> None:
        self.success = success
        self.value = value
        self.error = error
        self.attempts = attempts
        self.queued = queued
        self.durable = durable

    def __bool__(self) -> bool:
        return self.success

    def __repr__(self) -> str:
        state = "delivered" if self.success else "queued" if self.queued else f"failed: {self.error}"
        return f"<Outcome {state}, {self.attempts} attempts>"

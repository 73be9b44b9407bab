"""A transport without a network: it remembers what was sent and answers what it was told to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wirewright.contract.checks import WireRequest
from wirewright.messages import Headers, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from wirewright.contract.example_calls import ExampleAnswer

ORIGIN = "http://contract.invalid"


class Canned:
    """A `wirewright.transport.Transport`. Every request gets the same answer; an empty 204 unless told otherwise."""

    def __init__(self, status: int = 204, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.requests: list[HttpRequest] = []
        self.sent: list[WireRequest] = []
        self._answer = (status, dict(headers or {}), body)

    @classmethod
    def of(cls, answer: ExampleAnswer) -> Canned:
        """One that gives a documented answer."""
        return cls(answer.status, answer.headers, answer.body)

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        self.sent.append(wire_request(request))
        status, headers, body = self._answer
        if request.stream and 200 <= status < 300:
            return HttpResponse(status, Headers(headers), body=iter([body]), close=lambda: None)
        return HttpResponse(status, Headers(headers), body)

    def close(self) -> None:
        """Nothing to close."""


def wire_request(request: HttpRequest) -> WireRequest:
    """What a transport was handed, as it would be on the wire."""
    content = request.content
    if content is not None and not isinstance(content, bytes):
        content = b"".join(content.open())
    return WireRequest(request.method, request.target, tuple(request.headers.items()), content or b"")

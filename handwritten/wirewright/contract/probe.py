"""Sends the example calls of a spec to a server and hears what it answers.

The requests are those that the runtime's client builds, credentials included; no code is generated for it. Streams are
read until their first event, or for a little while; other answers to their end, which must come in time.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, cast

from wirewright.auth import Auth
from wirewright.client import Client
from wirewright.contract.canned import Canned, wire_request
from wirewright.contract.checks import WireRequest
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.events import read_events
from wirewright.contract.example_calls import ExampleCall, calls_of
from wirewright.contract.judging import Trial
from wirewright.contract.untyped import UntypedCaller, streams
from wirewright.errors import AuthError, DecodeError, TimeoutError, TransportError, WirewrightError
from wirewright.messages import HttpRequest, HttpResponse, Timeout
from wirewright.request import Request

LISTENING = 1.0  # seconds that a stream may be silent before it is left
LONGEST = 64 * 1024 * 1024  # bytes of an answer


class Probe:
    """Talks to one server. `auth` are credentials by security scheme; `transport` is whatever a client takes."""

    def __init__(
        self,
        document: SpecDocument,
        url: str,
        *,
        auth: Mapping[str, Auth] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        transport: Any = None,
    ) -> None:
        from wirewright.transport import _httpx

        self._caller = UntypedCaller(document)
        self._url = url.rstrip("/")
        self._auth = dict(auth or {})
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._transport = _httpx.wrap(transport)

    def trials(self, operation: SpecOperation) -> Iterator[tuple[ExampleCall, Trial]]:
        """Every example call of an operation, one after the other. Raises NoValueError when there can be none."""
        for call in calls_of(operation):
            for request in self._caller.requests(operation, call):
                yield call, self.send(self.build(request), listening=streams(operation))

    def build(self, request: Request[Any]) -> HttpRequest:
        """A request as the client hands it to its transport. Raises WirewrightError when it cannot be built."""
        canned = Canned()
        usable = {name: auth for name, auth in self._auth.items() if _needed(name, request.operation.security)}
        with Client(
            self._url, auth=usable or None, headers=self._headers, retry=None, transport=canned, timeout=self._timeout
        ) as client:
            try:
                client.respond(request)
            except AuthError:
                return self.build(request.with_options(auth=None))
            except WirewrightError:
                if not canned.requests:
                    raise
        return canned.requests[0]

    def send(self, http: HttpRequest, *, listening: bool = False) -> Trial:
        """What came back. Nothing that the network does is raised."""
        request = wire_request(http)
        prefix = self._url.partition("://")[2].partition("/")[2]
        target = http.target.removeprefix("/" + prefix) if prefix else http.target
        request = WireRequest(request.method, target or "/", request.headers, request.body)
        http.content = request.body or None
        http.stream = True  # so that an answer that never ends is left
        http.timeout = Timeout.of(self._timeout)
        http.idle = min(LISTENING, self._timeout) if listening else None
        until = time.monotonic() + (LISTENING if listening else self._timeout)
        try:
            response = self._transport.send(http)
            body, complete = _heard(response, until) if listening else (self._whole(response, until), True)
        except (TransportError, DecodeError) as error:
            return Trial(request, error=f"{type(error).__name__}: {error}")
        return Trial(request, response.status, tuple(response.headers.pairs()), body, complete=complete)

    def _whole(self, response: HttpResponse, until: float) -> bytes:
        """An answer to its end. Raises TransportError when it does not come in time, or not at all."""
        body = bytearray()
        with closing(_chunks(response)) as chunks:
            for chunk in chunks:
                body += chunk
                if time.monotonic() > until:
                    raise TimeoutError(f"the answer does not end within {self._timeout:g} s")
                if len(body) > LONGEST:
                    raise TransportError(f"the answer is longer than {LONGEST >> 20} MiB")
        return bytes(body)

    def close(self) -> None:
        self._transport.close()


def _heard(response: HttpResponse, until: float) -> tuple[bytes, bool]:
    """What came of a stream, and whether it ended."""
    body = bytearray()
    try:
        with closing(_chunks(response)) as chunks:
            for chunk in chunks:
                body += chunk
                if len(read_events(bytes(body))) > 1 or time.monotonic() > until:
                    return bytes(body), False
    except TransportError:
        return bytes(body), False  # it was silent for too long, which is no fault of a stream
    return bytes(body), True


def _chunks(response: HttpResponse) -> Generator[bytes]:
    try:
        yield from [response.content] if response.body is None else cast(Iterator[bytes], response.body)
    finally:
        if response.close is not None:
            response.close()


def _needed(scheme: str, security: Sequence[Sequence[str]]) -> bool:
    return any(scheme in alternative for alternative in security)

"""Transports that remember what went over them and judge it by a spec.

One recorder serves any number of clients:

    recorder = Recorder(document)
    client = Client(url, transport=recorder.over())  # or over(sandbox.transport()), over(any httpx transport)
    ...
    recorder.assert_kept()
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wirewright.contract.checks import WireRequest, check_request, check_response
from wirewright.contract.document import SpecDocument
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Router

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest, HttpResponse
    from wirewright.transport import AsyncTransport, Transport

_SHORT = 1 << 20  # bytes of a body that are told as they come; copies of more would cost more than the body


@dataclass(slots=True)
class Traffic:
    """One attempt: what was sent, and what came back. `status` is None when nothing did."""

    request: WireRequest
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    error: Exception | None = None
    complete: bool = False  # whether the whole body was read; a stream that was left early is judged event by event
    url: str = ""  # the whole URL, as it was sent
    at: float = 0.0  # seconds since 1970, when it was sent
    seconds: float = 0.0  # until the answer's headers


class Recorder:
    """Keeps traffic, in order, and checks it against a canonical document. Safe to share between threads.

    `strip` is the path of the client's base URL (`/api/v1`), where the spec's paths do not start with it. `time` tells
    the seconds since 1970.
    """

    def __init__(
        self,
        document: SpecDocument,
        *,
        strip: str = "",
        security: bool = True,
        time: Callable[[], float] = time.time,
    ) -> None:
        self._document = document
        self._router = Router(document)
        self._strip = strip.rstrip("/")
        self._security = security
        self._time = time
        self._lock = threading.Lock()
        self.traffic: list[Traffic] = []

    def over(self, transport: Any = None) -> RecordingTransport:
        """For `Client(transport=...)`; around whatever a `Client` takes, by default its own network transport."""
        from wirewright.transport import _httpx

        return RecordingTransport(self, _httpx.wrap(transport))

    def over_async(self, transport: Any = None) -> AsyncRecordingTransport:
        """For `AsyncClient(transport=...)`."""
        from wirewright.transport import _httpx

        return AsyncRecordingTransport(self, _httpx.awrap(transport))

    def start(self, request: HttpRequest, content: bytes) -> Traffic:
        target = request.target
        if self._strip and target.startswith((self._strip + "/", self._strip + "?")):
            target = target[len(self._strip) :]
        traffic = Traffic(WireRequest(request.method, target, tuple(request.headers.items()), content))
        traffic.url, traffic.at = request.url, self._time()
        with self._lock:
            self.traffic.append(traffic)
        return traffic

    def answered(self, traffic: Traffic, response: HttpResponse) -> None:
        traffic.seconds = max(0.0, self._time() - traffic.at)
        traffic.status = response.status
        traffic.headers = tuple(response.headers.pairs())
        traffic.body = response.content
        traffic.complete = response.body is None

    def problems(self, traffic: Traffic) -> list[Problem]:
        """Everything wrong with one attempt, on both sides."""
        request = traffic.request
        found = check_request(self._document, request, security=self._security, router=self._router)
        match = self._router.match(request.method, request.raw_path, request.query)
        if match is None or traffic.status is None:
            return found
        return found + check_response(match.operation, traffic.status, traffic.headers, traffic.body)

    def operation_of(self, traffic: Traffic) -> str:
        """The operationId of an attempt; `unknown` when the spec has no such operation."""
        request = traffic.request
        match = self._router.match(request.method, request.raw_path, request.query)
        return match.operation.id if match else "unknown"

    def broken(self) -> list[tuple[Traffic, list[Problem]]]:
        """The attempts in which one side broke the contract."""
        judged = [(traffic, self.problems(traffic)) for traffic in self.traffic]
        return [(traffic, problems) for traffic, problems in judged if problems]

    def save(self, file: str | Path, *, secrets: Iterable[str] = ()) -> Path:
        """Writes what was recorded to an HTTP Archive (`.har`), secrets masked; `secrets` are values to mask, too.

        It can be played back (`wirewright.contract.replay`), compared with a spec and turned into examples
        (`wirewright infer`), or opened in a browser.
        """
        from wirewright.contract.har import har_text
        from wirewright.contract.masking import Masker

        path = Path(file)
        with self._lock:
            traffic = list(self.traffic)
        path.write_text(har_text(traffic, Masker.of(self._document, secrets)), encoding="utf-8")
        return path

    def assert_kept(self) -> None:
        """Raises AssertionError that names every operation, place and fault."""
        lines = [
            f"{self.operation_of(traffic)}: {traffic.request.method} {traffic.request.target} -> "
            f"{traffic.status}: {problem}"
            for traffic, problems in self.broken()
            for problem in problems
        ]
        if lines:
            raise AssertionError("the wire is not the spec:\n  " + "\n  ".join(lines))


class RecordingTransport:
    """A `wirewright.transport.Transport` around another one."""

    def __init__(self, recorder: Recorder, transport: Transport) -> None:
        self._recorder = recorder
        self._transport = transport

    def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content
        if content is not None and not isinstance(content, bytes):
            content = b"".join(content.open())
        traffic = self._recorder.start(request, content or b"")
        try:
            response = self._transport.send(_with_content(request, content))
        except Exception as error:
            traffic.error = error
            raise
        self._recorder.answered(traffic, response)
        if response.body is not None:
            response.body = _tee(cast(Iterator[bytes], response.body), traffic)
        return response

    def close(self) -> None:
        self._transport.close()


class AsyncRecordingTransport:
    """A `wirewright.transport.AsyncTransport` around another one."""

    def __init__(self, recorder: Recorder, transport: AsyncTransport) -> None:
        self._recorder = recorder
        self._transport = transport

    async def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content
        if content is not None and not isinstance(content, bytes):
            content = b"".join([chunk async for chunk in content.aopen()])
        traffic = self._recorder.start(request, content or b"")
        try:
            response = await self._transport.send(_with_content(request, content))
        except Exception as error:
            traffic.error = error
            raise
        self._recorder.answered(traffic, response)
        if response.body is not None:
            response.body = _atee(cast(AsyncIterator[bytes], response.body), traffic)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def _with_content(request: HttpRequest, content: bytes | None) -> HttpRequest:
    """The request itself, or a copy that carries the bytes of an upload that had to be read."""
    if request.content is content:
        return request
    made = copy.copy(request)
    made.content = content
    return made


def _tee(body: Iterator[bytes], traffic: Traffic) -> Iterator[bytes]:
    heard = _Heard(traffic)
    try:
        for chunk in body:
            heard.add(chunk)
            yield chunk
        traffic.complete = True
    finally:
        heard.told()


async def _atee(body: AsyncIterator[bytes], traffic: Traffic) -> AsyncIterator[bytes]:
    heard = _Heard(traffic)
    try:
        async for chunk in body:
            heard.add(chunk)
            yield chunk
        traffic.complete = True
    finally:
        heard.told()


class _Heard:
    """A body as it comes. What is short is told at once, so that a stream can be looked at while it runs."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._held = bytearray()

    def add(self, chunk: bytes) -> None:
        self._held += chunk
        if len(self._held) <= _SHORT:
            self.told()

    def told(self) -> None:
        self._traffic.body = bytes(self._held)

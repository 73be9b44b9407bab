"""The seam to the network: anything with these methods can carry calls.

`wirewright.transport._httpx` is the default and the only module that imports an HTTP library.
"""

from __future__ import annotations

from typing import Protocol

from wirewright.messages import HttpRequest, HttpResponse


class Transport(Protocol):
    """Carries one attempt at a time; safe to use from many threads. Raises only `TransportError`s."""

    def send(self, request: HttpRequest) -> HttpResponse: ...

    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """The same, async."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...

    async def aclose(self) -> None: ...

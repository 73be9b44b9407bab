"""Bodies that are read in chunks as they come: downloads of any size in little memory."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wirewright.errors import WirewrightError
from wirewright.flow import Exchange
from wirewright.messages import Headers, HttpResponse
from wirewright.request import Request
from wirewright.settings import Settings
from wirewright.steps import Step

if TYPE_CHECKING:
    from wirewright.client import AsyncClient, Client


def _open(settings: Settings, request: Request[Any]) -> Generator[Step, Any, HttpResponse]:
    exchange = Exchange(settings, request, stream=True)
    try:
        http = exchange.prepare()
        http.idle = http.timeout.read if http.timeout is not None else None
        return (yield from exchange.answer())
    except WirewrightError as error:
        exchange.note(error)
        raise


class Download:
    """A context manager; inside, `status` and `headers` are known and the body is iterated or saved, once."""

    def __init__(self, client: Client, request: Request[Any]) -> None:
        self._client, self._request = client, request
        self._response: HttpResponse | None = None

    def _opened(self) -> HttpResponse:
        if self._response is None:
            self._response = self._client.run(_open(self._client.settings, self._request))
        return self._response

    @property
    def status(self) -> int:
        """The answer's status; connects when needed."""
        return self._opened().status

    @property
    def headers(self) -> Headers:
        """The answer's headers; connects when needed."""
        return self._opened().headers

    def __iter__(self) -> Iterator[bytes]:
        response = self._opened()
        try:
            yield from response.body if isinstance(response.body, Iterator) else [response.content]
        finally:
            self.close()

    def save(self, path: str | os.PathLike[str]) -> int:
        """Write the body to a file; answers its size in bytes."""
        with Path(path).open("wb") as file:
            return sum(file.write(chunk) for chunk in self)

    def close(self) -> None:
        """Free the connection."""
        if self._response is not None and self._response.close is not None:
            self._response.close()

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncDownload:
    """An async context manager; inside, `status` and `headers` are known and the body is iterated or saved, once."""

    def __init__(self, client: AsyncClient, request: Request[Any]) -> None:
        self._client, self._request = client, request
        self._response: HttpResponse | None = None

    async def _opened(self) -> HttpResponse:
        if self._response is None:
            self._response = await self._client.run(_open(self._client.settings, self._request))
        return self._response

    def _known(self) -> HttpResponse:
        if self._response is None:
            raise RuntimeError("the download is not open yet: use `async with`")
        return self._response

    @property
    def status(self) -> int:
        """The answer's status, inside the context."""
        return self._known().status

    @property
    def headers(self) -> Headers:
        """The answer's headers, inside the context."""
        return self._known().headers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        response = await self._opened()
        try:
            if isinstance(response.body, AsyncIterator):
                async for chunk in response.body:
                    yield chunk
            elif response.content:
                yield response.content
        finally:
            await self.aclose()

    async def save(self, path: str | os.PathLike[str]) -> int:
        """Write the body to a file; answers its size in bytes."""
        import asyncio

        size = 0
        file = await asyncio.to_thread(Path(path).open, "wb")
        try:
            async for chunk in self:
                size += await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)
        return size

    async def aclose(self) -> None:
        """Free the connection."""
        if self._response is not None and self._response.aclose is not None:
            await self._response.aclose()

    async def __aenter__(self) -> Self:
        await self._opened()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

"""Bases of sub-clients, sync and async."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from wirewright.calls import AsyncFace, Face

if TYPE_CHECKING:
    from sbn._http import AsyncHttpTransport, HttpTransport


class SubClient(Face):
    """A sub-client: stateless, made from a transport."""

    def __init__(self, transport: HttpTransport) -> None:
        super().__init__(transport)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self._transport, 'base_url', '')}>"


class AsyncSubClient(AsyncFace):
    """The async twin of a sub-client: the same methods, to be awaited."""

    def __init__(self, transport: AsyncHttpTransport) -> None:
        super().__init__(transport)
        self._async_transport = transport

    @property
    def raw(self) -> Any:
        """The sync twin, for code that blocks."""
        module = importlib.import_module(type(self).__module__)
        sync: type[SubClient] = getattr(module, type(self).__name__.removeprefix("Async"))
        return sync(self._async_transport.sync)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._async_transport.base_url}>"

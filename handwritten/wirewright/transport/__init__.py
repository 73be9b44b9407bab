"""The seam to the network: anything with these methods can carry calls.

`wirewright.transport._httpx` is the default and the only module that imports an HTTP library.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from wirewright.messages import HttpRequest, HttpResponse


class Transport(Protocol):
    """Carries one attempt at a time; safe to use from many threads. Raises only `TransportError`s."""

    def send(self, request: HttpRequest) -> HttpResponse: ...

    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """The same, async."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...

    async def aclose(self) -> None: ...


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the default transport connects. Proxies and certificates come from the environment, as with httpx
    (`HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` ...), unless `trust_env` is off or they are given.

    `verify`: True, False, or an `ssl.SSLContext`. `proxy`: a URL (`http`, `https`, `socks5`).
    """

    http2: bool = False
    verify: Any = True
    proxy: str | None = None
    trust_env: bool = True
    max_connections: int = 100
    max_keepalive: int = 20
    keepalive_expiry: float = 5.0

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Without the credentials that a proxy's URL may hold."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        shown["proxy"] = self.proxy and self.proxy.rpartition("@")[2]
        return list(shown.items())

    def __repr__(self) -> str:
        return f"PoolOptions({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

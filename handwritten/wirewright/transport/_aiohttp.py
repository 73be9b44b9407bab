"""An async transport over aiohttp (extra `fast`): a third of the processor time of the default one for small calls.

    AsyncClient(base_url, transport=AiohttpTransport())

The only module that imports aiohttp. Proxies come from the environment unless `trust_env` is off, certificates from
certifi as with the default transport; HTTP/2 it does not speak.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import urllib.request
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

import aiohttp
from yarl import URL

from wirewright.bodies import Upload
from wirewright.errors import ConnectError, ConnectionLost, DecodeError, TimeoutError, TransportError
from wirewright.messages import Headers, HttpRequest, HttpResponse, Timeout
from wirewright.transport import AsyncTransport, PoolOptions
from wirewright.transport.compression import ACCEPT_ENCODING, BodyReader

_NO_LIMIT = Timeout(None, None, None, None)
_OURS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_ERRORS = (aiohttp.ClientError, ConnectionError, asyncio.TimeoutError)

_DOUBLES = ("respx", "pytest_httpx")
"""Libraries whose test doubles stand where httpx is: an SDK's users need not know that it uses aiohttp."""


@lru_cache(maxsize=64)
def _limits(timeout: Timeout, budget: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=budget, connect=timeout.pool, sock_connect=timeout.connect, sock_read=timeout.read
    )


@lru_cache(maxsize=8)
def _certificates() -> ssl.SSLContext:
    try:
        import certifi
    except ImportError:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())


def _tls(verify: Any) -> ssl.SSLContext | bool:
    if isinstance(verify, ssl.SSLContext) or verify is False:
        return verify
    return _certificates()


def _environment_proxy(origin: str) -> str | None:
    scheme, _, host = origin.partition("://")
    proxies = urllib.request.getproxies()
    if not proxies or urllib.request.proxy_bypass(host):
        return None
    found = proxies.get(scheme) or proxies.get("all")
    return found if found is None or "://" in found else f"http://{found}"


def _map(error: BaseException, received: int = 0) -> TransportError:
    """Our error for one of aiohttp's."""
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TimeoutError(f"no connection in time: {text}", phase="connect", sent=False, last_error=error)
    if isinstance(error, asyncio.TimeoutError):
        return TimeoutError("no answer in time", phase="read", bytes_received=received, last_error=error)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientProxyConnectionError):
        return ConnectError(f"no connection: {text}", sent=False, last_error=error)
    if isinstance(error, aiohttp.InvalidURL):  # its text is the URL, which may hold a secret
        return TransportError("the request cannot be sent: its URL, or that of the proxy, is none", sent=False)
    if isinstance(error, aiohttp.ClientResponseError):  # its text ends with the URL
        return ConnectionLost(f"the connection broke: {error.message}", bytes_received=received)
    return ConnectionLost(f"the connection broke: {text}", bytes_received=received, last_error=error)


@contextmanager
def _mapping(body: BodyReader | None = None) -> Generator[None]:
    try:
        yield
    except _ERRORS as error:
        mapped = _map(error, body.received if body else 0)
        raise mapped from mapped.last_error


class AiohttpTransport:
    """See `wirewright.transport.AsyncTransport`. Connections belong to a loop; another loop gets its own."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxies: dict[str, str | None] = {}

    async def send(self, request: HttpRequest) -> HttpResponse:
        """One attempt."""
        if any(double in sys.modules for double in _DOUBLES) and (stand_in := _stand_in()) is not None:
            return await stand_in.send(request)
        content = request.content.aopen() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        with _mapping():
            response = await self._current().request(
                request.method,
                URL(request.url, encoded=True),
                data=content,
                headers=request.headers,
                skip_auto_headers=_OURS,
                allow_redirects=False,
                timeout=_limits(request.timeout or _NO_LIMIT, None if request.stream else request.budget),
                proxy=self._proxy(request.origin),
            )
        headers = Headers(list(response.headers.items()))
        if request.stream and 200 <= response.status < 300:
            return HttpResponse(response.status, headers, body=_chunks(response, headers), aclose=_closer(response))
        return HttpResponse(response.status, headers, await _read(response, headers, request.max_bytes))

    async def aclose(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()

    def _current(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            options = self._options
            connector = aiohttp.TCPConnector(
                limit=options.max_connections, keepalive_timeout=options.keepalive_expiry, ssl=_tls(options.verify)
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            )
            self._loop = loop
        return self._session

    def _proxy(self, origin: str) -> str | None:
        """Asked once for each origin; aiohttp itself would ask the environment for every request, in a thread."""
        if origin not in self._proxies:
            options = self._options
            self._proxies[origin] = _environment_proxy(origin) if options.trust_env else None
            if options.proxy is not None:
                self._proxies[origin] = options.proxy
        proxy = self._proxies[origin]
        if proxy is not None and not proxy.startswith(("http://", "https://")):
            raise ConnectError("no connection: the proxy that is configured is no http or https URL", sent=False)
        return proxy


def _stand_in() -> AsyncTransport | None:
    from wirewright.transport._httpx import awrap
    from wirewright.transport._httpx.doubles import intercepted

    return cast("AsyncTransport", awrap(None)) if intercepted() else None


async def _read(response: aiohttp.ClientResponse, headers: Headers, max_bytes: int | None) -> bytes:
    try:
        body = BodyReader(headers, max_bytes)
        with _mapping(body):
            chunks = [body.feed(chunk) async for chunk in response.content.iter_any()]
        return b"".join([*chunks, body.finish()])
    except DecodeError:
        response.close()
        raise


async def _chunks(response: aiohttp.ClientResponse, headers: Headers) -> AsyncIterator[bytes]:
    try:
        body = BodyReader(headers, None)
        with _mapping(body):
            async for chunk in response.content.iter_any():
                yield body.feed(chunk)
        yield body.finish()
    finally:
        response.close()


def _closer(response: aiohttp.ClientResponse) -> Any:
    async def aclose() -> None:
        response.close()

    return cast(Any, aclose)

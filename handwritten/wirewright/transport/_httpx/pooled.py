"""The default sync transport, over pooled connections, and what the async one shares with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from wirewright.bodies import Upload
from wirewright.errors import DecodeError
from wirewright.messages import Headers, HttpRequest, HttpResponse
from wirewright.transport import PoolOptions
from wirewright.transport._httpx.backend import Attempt
from wirewright.transport._httpx.doubles import intercepted, stand_in
from wirewright.transport._httpx.errors import LIBRARY_ERRORS, map_error, unusable
from wirewright.transport._httpx.places import environment_proxy
from wirewright.transport._httpx.pool import Pool
from wirewright.transport.compression import ACCEPT_ENCODING, BodyReader


def is_streamed(request: HttpRequest, status: int) -> bool:
    return request.stream and 200 <= status < 300


def check_size(headers: Headers, max_bytes: int | None) -> None:
    length = headers.get("content-length")
    if max_bytes is not None and length is not None and length.isdigit() and int(length) > max_bytes:
        raise DecodeError(f"the answer is larger than the limit of {max_bytes} bytes")


class Pools:
    """The pools of one process (and one event loop): with and without proxy, made when first needed."""

    def __init__(self, options: PoolOptions, own: Callable[..., Any], core: str) -> None:
        self._options, self._own, self._core = options, own, core
        self._pools: dict[str, Any] = {}
        self._by_origin: dict[str, Any] = {}
        self._lock = threading.Lock()

    def pool(self, origin: str) -> Any:
        """Raises `ConnectError` when the proxy or the certificates that are configured cannot be used."""
        found = self._by_origin.get(origin)
        if found is None:
            with self._lock:
                proxy = self._proxy(origin)
                key = f"{origin.partition(':')[0]} {proxy}"
                if key not in self._pools:
                    with unusable():
                        self._pools[key] = self._new(proxy, self._ssl_context(origin, proxy))
                found = self._by_origin[origin] = self._pools[key]
        return found

    def _proxy(self, origin: str) -> str | None:
        if self._options.proxy is not None or not self._options.trust_env:
            return self._options.proxy
        return environment_proxy(origin)

    def _ssl_context(self, origin: str, proxy: str | None) -> Any:
        if origin.lower().startswith("https:") or (proxy or "").startswith("https:"):
            from wirewright.transport._httpx.tls import ssl_context

            return ssl_context(self._options.verify, self._options.trust_env)
        return None

    def _new(self, proxy: str | None, ssl_context: Any) -> Any:
        if self._options.http2 or proxy is not None:
            from wirewright.transport._httpx import core

            return getattr(core, self._core)(self._options, ssl_context, proxy)
        return self._own(self._options, ssl_context)

    def all(self) -> list[Any]:
        return list(self._pools.values())


class PooledTransport:
    """The default sync transport: pooled keep-alive connections, safe to share between threads and across forks."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._renew()

    def _renew(self) -> None:
        self._pools, self._pid = Pools(self._options, Pool, "CorePool"), os.getpid()

    def send(self, request: HttpRequest) -> HttpResponse:
        if intercepted():
            return stand_in().send(request)
        if self._pid != os.getpid():  # a child must not talk on its parent's sockets
            self._renew()
        content = request.content.open() if isinstance(request.content, Upload) else request.content
        request.headers.setdefault("accept-encoding", ACCEPT_ENCODING)
        attempt = Attempt(request.budget)
        try:
            exchange = self._pools.pool(request.origin).start(request, content, attempt)
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt) from error
        if is_streamed(request, exchange.status):
            return self._streamed(exchange, request, attempt)
        return HttpResponse(exchange.status, exchange.headers, self._read(exchange, request, attempt))

    def _read(self, exchange: Any, request: HttpRequest, attempt: Attempt) -> bytes:
        body = BodyReader(exchange.headers, request.max_bytes)
        try:
            check_size(exchange.headers, request.max_bytes)
            chunks = [body.feed(chunk) for chunk in exchange]
        except LIBRARY_ERRORS as error:
            raise map_error(error, attempt, body.received) from error
        finally:
            exchange.close()
        chunks.append(body.finish())
        return b"".join(chunks)

    def _streamed(self, exchange: Any, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        attempt.begin_stream(request.idle)
        body = BodyReader(exchange.headers, None)

        def chunks() -> Iterator[bytes]:
            try:
                for chunk in exchange:
                    yield body.feed(chunk)
                yield body.finish()
            except LIBRARY_ERRORS as error:
                raise map_error(error, attempt, body.received) from error
            finally:
                exchange.close()

        def close() -> None:
            exchange.wake()
            exchange.close()

        return HttpResponse(exchange.status, exchange.headers, body=chunks(), close=close)

    def close(self) -> None:
        for pool in self._pools.all():
            pool.close()
        self._renew()

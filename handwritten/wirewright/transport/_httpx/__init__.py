"""The only package that imports the HTTP library."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import httpx

from wirewright.transport import PoolOptions
from wirewright.transport._httpx.pooled import AsyncPooledTransport, PooledTransport
from wirewright.transport._httpx.wrapped import AsyncWrappedTransport, WrappedTransport, through, through_async


def wrap(transport: Any) -> Any:
    """A `Transport` for whatever was given: ours for None and `PoolOptions`; an httpx transport or client, wrapped."""
    if transport is None or isinstance(transport, PoolOptions):
        return PooledTransport(_possible(transport))
    if isinstance(transport, httpx.Client):
        return WrappedTransport(through(transport))
    if isinstance(transport, httpx.BaseTransport):
        return WrappedTransport(transport)
    if isinstance(transport, httpx.AsyncBaseTransport | httpx.AsyncClient) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the sync Client")
    return transport


def awrap(transport: Any) -> Any:
    """The async counterpart of `wrap`."""
    if transport is None or isinstance(transport, PoolOptions):
        return AsyncPooledTransport(_possible(transport))
    if isinstance(transport, httpx.AsyncClient):
        return AsyncWrappedTransport(through_async(transport))
    if isinstance(transport, httpx.AsyncBaseTransport):
        return AsyncWrappedTransport(transport)
    if isinstance(transport, httpx.BaseTransport | httpx.Client) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the AsyncClient")
    return transport


def _possible(options: PoolOptions | None) -> PoolOptions | None:
    """Raises `ModuleNotFoundError` now, not when the first server offers HTTP/2."""
    if options is not None and options.http2 and find_spec("h2") is None:
        raise ModuleNotFoundError("http2=True needs h2: pip install 'wirewright[http2]'", name="h2")
    return options

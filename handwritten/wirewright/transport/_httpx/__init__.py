"""The only package that imports the HTTP library."""

from __future__ import annotations

from typing import Any

import httpx

from wirewright.transport import PoolOptions
from wirewright.transport._httpx.pooled import AsyncPooledTransport, PooledTransport
from wirewright.transport._httpx.wrapped import AsyncWrappedTransport, WrappedTransport, through, through_async


def wrap(transport: Any) -> Any:
    """A `Transport` for whatever was given: ours for None and `PoolOptions`; an httpx transport or client, wrapped."""
    if transport is None or isinstance(transport, PoolOptions):
        return PooledTransport(transport)
    if isinstance(transport, httpx.Client):
        return WrappedTransport(through(transport))
    if isinstance(transport, httpx.BaseTransport):
        return WrappedTransport(transport)
    if isinstance(transport, httpx.AsyncBaseTransport) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the sync Client")
    return transport


def awrap(transport: Any) -> Any:
    """The async counterpart of `wrap`."""
    if transport is None or isinstance(transport, PoolOptions):
        return AsyncPooledTransport(transport)
    if isinstance(transport, httpx.AsyncClient):
        return AsyncWrappedTransport(through_async(transport))
    if isinstance(transport, httpx.AsyncBaseTransport):
        return AsyncWrappedTransport(transport)
    if isinstance(transport, httpx.BaseTransport) or not hasattr(transport, "send"):
        raise TypeError(f"{type(transport).__name__} cannot carry calls of the AsyncClient")
    return transport

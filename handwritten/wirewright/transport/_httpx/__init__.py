"""The only package that imports the HTTP library; httpx itself is loaded when a program brings something of its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from wirewright.transport import PoolOptions


def wrap(transport: Any) -> Any:
    """A `Transport` for whatever was given: ours for None and `PoolOptions`; an httpx transport or client, wrapped."""
    if transport is None or isinstance(transport, PoolOptions):
        from wirewright.transport._httpx.pooled import PooledTransport

        return PooledTransport(_possible(transport))
    from wirewright.transport._httpx.wrapped import wrapped

    return wrapped(transport)


def awrap(transport: Any) -> Any:
    """The async counterpart of `wrap`."""
    if transport is None or isinstance(transport, PoolOptions):
        from wirewright.transport._httpx.apooled import AsyncPooledTransport

        return AsyncPooledTransport(_possible(transport))
    from wirewright.transport._httpx.wrapped import awrapped

    return awrapped(transport)


def _possible(options: PoolOptions | None) -> PoolOptions | None:
    """Raises `ModuleNotFoundError` now, not when the first server offers HTTP/2."""
    if options is not None and options.http2 and find_spec("h2") is None:
        raise ModuleNotFoundError("http2=True needs h2: pip install 'wirewright[http2]'", name="h2")
    return options

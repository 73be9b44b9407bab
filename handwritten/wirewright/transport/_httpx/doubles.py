"""Test doubles that stand in for the HTTP library, as respx and pytest-httpx put them: our transports let them answer.

respx replaces `handle_request` of httpcore's pools, pytest-httpx that of httpx's transports; both only as long as their
context or fixture lasts. So it is asked anew for each attempt, by the module a method comes from.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    from wirewright.transport import AsyncTransport, Transport


def intercepted() -> bool:
    """Whether anything below `httpx.Client` is replaced."""
    if _foreign(httpcore.ConnectionPool.handle_request):
        return True
    httpx = sys.modules.get("httpx")
    return httpx is not None and _foreign(httpx.HTTPTransport.handle_request)


def intercepted_async() -> bool:
    """Whether anything below `httpx.AsyncClient` is replaced."""
    if _foreign(httpcore.AsyncConnectionPool.handle_async_request):
        return True
    httpx = sys.modules.get("httpx")
    return httpx is not None and _foreign(httpx.AsyncHTTPTransport.handle_async_request)


def _foreign(method: Any) -> bool:
    return getattr(method, "__module__", "").partition(".")[0] not in {"httpx", "httpcore"}


def stand_in() -> Transport:
    """What goes to httpx's own transport, which a double has replaced."""
    import httpx

    from wirewright.transport._httpx.wrapped import WrappedTransport

    return WrappedTransport(httpx.HTTPTransport(verify=_certificates()))


def async_stand_in() -> AsyncTransport:
    """The same, async."""
    import httpx

    from wirewright.transport._httpx.wrapped import AsyncWrappedTransport

    return AsyncWrappedTransport(httpx.AsyncHTTPTransport(verify=_certificates()))


@lru_cache(maxsize=1)
def _certificates() -> Any:
    from wirewright.transport._httpx.tls import ssl_context

    return ssl_context(verify=True, trust_env=False)

"""Test doubles that stand in for the HTTP library, as respx and pytest-httpx put them: our transports let them answer.

respx replaces `handle_request` of httpcore's pools, pytest-httpx that of httpx's transports; both only as long as their
context or fixture lasts. So it is asked anew for each attempt, by the module a method comes from.
"""

from __future__ import annotations

from typing import Any

import httpcore
import httpx


def intercepted() -> bool:
    """Whether anything below `httpx.Client` is replaced."""
    return _foreign(httpx.HTTPTransport.handle_request) or _foreign(httpcore.ConnectionPool.handle_request)


def intercepted_async() -> bool:
    """Whether anything below `httpx.AsyncClient` is replaced."""
    return _foreign(httpx.AsyncHTTPTransport.handle_async_request) or _foreign(
        httpcore.AsyncConnectionPool.handle_async_request
    )


def _foreign(method: Any) -> bool:
    return getattr(method, "__module__", "").partition(".")[0] not in {"httpx", "httpcore"}

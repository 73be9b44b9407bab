"""The runtime that every Wirewright client stands on.

Every public name is here and loads its module on first use: `import wirewright` itself loads neither an HTTP library
nor a codec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msgspec import UNSET as UNSET
    from msgspec import UnsetType as Unset

    from wirewright.auth import ApiKey, Auth, Basic, Bearer, Token, TokenAuth
    from wirewright.bodies import File
    from wirewright.breaker import Breaker
    from wirewright.client import AsyncClient, Client
    from wirewright.clock import Clock, SystemClock
    from wirewright.codecs import extras
    from wirewright.downloads import AsyncDownload, Download
    from wirewright.errors import (
        AuthError,
        BadRequest,
        ClientError,
        Conflict,
        ConnectError,
        ConnectionLost,
        DecodeError,
        Forbidden,
        Gone,
        NotAttempted,
        NotFound,
        PreconditionFailed,
        RateLimited,
        RequestError,
        ServerError,
        StatusError,
        StreamError,
        TimeoutError,
        TransportError,
        Unauthorized,
        Unprocessable,
        WirewrightError,
    )
    from wirewright.hooks import Hooks
    from wirewright.hosts import PerHost
    from wirewright.messages import Headers, HttpRequest, HttpResponse, Timeout
    from wirewright.operation import Content, Encoding, Envelope, Operation, Parameter
    from wirewright.outbox import MemoryOutbox, Outbox, RedisOutbox, StoredCall
    from wirewright.request import Request, StreamRequest
    from wirewright.response import Outcome, Response
    from wirewright.retry import RetryPolicy, RetryQuota
    from wirewright.sse import ServerSentEvent
    from wirewright.streaming import ReconnectPolicy
    from wirewright.streams import AsyncEventStream, EventStream
    from wirewright.transport import AsyncTransport, PoolOptions, Transport

_HOMES = {
    "auth": "ApiKey Auth Basic Bearer Token TokenAuth",
    "bodies": "File",
    "client": "AsyncClient Client",
    "codecs": "extras",
    "errors": "AuthError BadRequest ClientError Conflict ConnectError ConnectionLost DecodeError Forbidden Gone "
    "NotAttempted NotFound PreconditionFailed RateLimited RequestError ServerError StatusError StreamError "
    "TimeoutError TransportError Unauthorized Unprocessable WirewrightError",
    "messages": "Headers HttpRequest HttpResponse Timeout",
    "operation": "Content Encoding Envelope Operation Parameter",
    "request": "Request StreamRequest",
    "response": "Outcome Response",
    "retry": "RetryPolicy RetryQuota",
    "breaker": "Breaker",
    "hooks": "Hooks",
    "hosts": "PerHost",
    "outbox": "MemoryOutbox Outbox RedisOutbox StoredCall",
    "streaming": "ReconnectPolicy",
    "downloads": "AsyncDownload Download",
    "clock": "Clock SystemClock",
    "sse": "ServerSentEvent",
    "streams": "AsyncEventStream EventStream",
    "transport": "AsyncTransport PoolOptions Transport",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__version__ = "0.1.0"
__all__ = [
    "UNSET",
    "ApiKey",
    "AsyncClient",
    "AsyncDownload",
    "AsyncEventStream",
    "AsyncTransport",
    "Auth",
    "AuthError",
    "BadRequest",
    "Basic",
    "Bearer",
    "Breaker",
    "Client",
    "ClientError",
    "Clock",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "Content",
    "DecodeError",
    "Download",
    "Encoding",
    "Envelope",
    "EventStream",
    "File",
    "Forbidden",
    "Gone",
    "Headers",
    "Hooks",
    "HttpRequest",
    "HttpResponse",
    "MemoryOutbox",
    "NotAttempted",
    "NotFound",
    "Operation",
    "Outbox",
    "Outcome",
    "Parameter",
    "PerHost",
    "PoolOptions",
    "PreconditionFailed",
    "RateLimited",
    "ReconnectPolicy",
    "RedisOutbox",
    "Request",
    "RequestError",
    "Response",
    "RetryPolicy",
    "RetryQuota",
    "ServerError",
    "ServerSentEvent",
    "StatusError",
    "StoredCall",
    "StreamError",
    "StreamRequest",
    "SystemClock",
    "Timeout",
    "TimeoutError",
    "Token",
    "TokenAuth",
    "Transport",
    "TransportError",
    "Unauthorized",
    "Unprocessable",
    "Unset",
    "WirewrightError",
    "__version__",
    "extras",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in {"UNSET", "Unset"}:
        import msgspec

        value: Any = msgspec.UNSET if name == "UNSET" else msgspec.UnsetType
    elif name in _HOME_OF:
        value = getattr(import_module(f"wirewright.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'wirewright' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

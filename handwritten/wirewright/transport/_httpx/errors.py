"""The library's errors as ours."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpcore

from wirewright.errors import ConnectError, ConnectionLost, DecodeError, TimeoutError, TransportError, WirewrightError
from wirewright.transport._httpx.backend import Attempt

LIBRARY_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    UnicodeError,  # a host name that IDNA cannot write
)
_TIMEOUTS: tuple[tuple[str, Any, str], ...] = (
    ("ConnectTimeout", "connect", "no connection in time"),
    ("PoolTimeout", "pool", "no free connection in time"),
    ("WriteTimeout", "write", "the request could not be written in time"),
    ("TimeoutException", "read", "no answer in time"),
)
_NOT_CONNECTED = {"ConnectError", "ProxyError"}
_NOT_SENT = {"LocalProtocolError", "UnsupportedProtocol", "InvalidURL", "UnicodeError"}


def map_error(error: Exception, attempt: Attempt | None = None, received: int = 0) -> WirewrightError:
    """Our error for one of the library's; `attempt` knows what was sent and whether the deadline did it.

    By the names of its classes, which httpcore and httpx share: httpx need not be loaded for it.
    """
    text = str(error) or type(error).__name__
    kinds = {kind.__name__ for kind in type(error).__mro__}
    sent = attempt.sent if attempt is not None else True
    for kind, phase, message in _TIMEOUTS:
        if kind in kinds:
            late = attempt is not None and attempt.expired()
            return TimeoutError(
                "the deadline passed" if late else message,
                phase="deadline" if late else phase,
                sent=sent and phase not in {"connect", "pool"},
                bytes_received=received,
                last_error=error,
            )
    if "DecodingError" in kinds:
        return DecodeError(f"the answer's compression is broken: {text}")
    if kinds & _NOT_CONNECTED:
        return ConnectError(f"no connection: {text}", sent=False, last_error=error)
    if kinds & _NOT_SENT:
        if text.startswith("Illegal header"):
            text = _without_field(error)
        return TransportError(f"the request cannot be sent: {text}", sent=False, last_error=error)
    lost = ConnectionLost(_lost(text, received), sent=sent, bytes_received=received, last_error=error)
    lost.reused = attempt is not None and not attempt.fresh
    return lost


@contextmanager
def unusable() -> Generator[None]:
    """What the environment or `PoolOptions` say of proxies and certificates, and nothing can be made of."""
    try:
        yield
    except ValueError:  # its words may show a password
        reason = "the proxy that is configured is no http, https or socks5 URL"
    except (ImportError, RuntimeError) as error:
        reason = f"the proxy that is configured cannot be used: {error}"
    except OSError as error:
        reason = f"the certificates that are configured cannot be read: {error.strerror or error}"
    else:
        return
    raise ConnectError(f"no connection: {reason}", sent=False) from None


def _without_field(error: Exception) -> str:
    """The library's words, and those of its cause, show the field of a header: it may be a secret."""
    error.args = ("a header is not as HTTP wants it",)
    error.__cause__, error.__suppress_context__ = None, True
    return str(error)


def _lost(text: str, received: int) -> str:
    return (
        f"the connection broke after {received} bytes of the answer: {text}"
        if received
        else (f"the connection broke: {text}")
    )

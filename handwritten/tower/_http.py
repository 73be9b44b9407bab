"""The way to the Tower Agent API: as `sbn._http`, with its own errors, retries and project header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sbn._http import AuthState as _AuthState
from sbn._http import Dialect
from sbn._http import HttpTransport as _HttpTransport
from sbn._http import RetryConfig as _RetryConfig
from sbn.errors import SbnError, SbnTransportError

__all__ = ["AuthState", "HttpTransport", "RetryConfig", "TowerError", "TowerTransportError"]


class TowerError(SbnError):
    """The server answered with an error."""


class TowerTransportError(SbnTransportError):
    """The server did not answer."""


@dataclass
class RetryConfig(_RetryConfig):
    """As `sbn.RetryConfig`, with fewer attempts."""

    attempts: int = 3
    backoff_factor: float = 0.5


@dataclass
class AuthState(_AuthState):
    """The credentials in use, and the project."""

    project_id: str | None = None

    tenant_header: ClassVar[str] = "x-project-id"

    @property
    def tenant(self) -> str | None:
        return self.project_id


class HttpTransport(_HttpTransport):
    """Performs requests."""

    dialect = Dialect(TowerError, TowerTransportError, "Failed to reach Tower Agent API", "Tower Agent request failed")

    def __init__(
        self,
        *,
        base_url: str,
        auth: _AuthState,
        retry: _RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = "tower-sdk/0.1",
        transport: Any = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            auth=auth,
            retry=retry or RetryConfig(),
            timeout=timeout,
            user_agent=user_agent,
            transport=transport,
        )

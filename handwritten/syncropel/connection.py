"""The runtime's two clients behind one `Client`: the same endpoint, credentials and transport, made when needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Never

from wirewright.errors import TransportError
from wirewright.request import Options
from wirewright.retry import RetryPolicy, RetryQuota

if TYPE_CHECKING:
    from wirewright.auth import Auth
    from wirewright.client import AsyncClient
    from wirewright.client import Client as SyncClient

    from syncropel.identity import Identity

_HEADERS = {"content-type": "application/json"}
"""Sent with every request, as kernels have always seen it."""

_RETRIED = frozenset({*range(100, 200), *range(300, 400), *range(500, 1000)})
"""Everything that is neither success nor a final refusal."""


def credentials(identity: Identity, api_key: str | None, bearer: str | None) -> Sequence[Auth]:
    """What every request of a client carries."""
    from wirewright.auth import ApiKey, Bearer

    given = (ApiKey("x-api-key", api_key) if api_key else None, Bearer(bearer) if bearer else None, identity.auth())
    return tuple(auth for auth in given if auth is not None)


@lru_cache(maxsize=16)
def retry_options(max_retries: int, backoff_ms: float) -> Options:
    """Retries as this protocol counts them: pauses double from `backoff_ms`, without jitter, cap or `Retry-After`."""
    return Options(
        retry=RetryPolicy(
            attempts=max(max_retries, 0) + 1,
            base=backoff_ms / 1000,
            cap=math.inf,
            statuses=_RETRIED,
            respect_retry_after=None,
            jitter="none",
        )
    )


class Connection:
    """See the module."""

    def __init__(self, endpoint: str, *, auth: Sequence[Auth], timeout: float | None, transport: Any) -> None:
        self._endpoint = endpoint
        supported = endpoint.startswith(("http://", "https://"))
        self._options: dict[str, Any] = {
            "auth": auth,
            "timeout": timeout,
            "deadline": None,
            "headers": _HEADERS,
            "transport": transport if supported else _Unsupported(),
        }
        self._base_url = endpoint if supported else "http://unsupported.invalid"
        self._async: AsyncClient | None = None
        self._sync: SyncClient | None = None

    @property
    def asynchronous(self) -> AsyncClient:
        """The client for tasks."""
        if self._async is None:
            from wirewright.client import AsyncClient

            self._async = AsyncClient(self._base_url, quota=RetryQuota(math.inf), **self._options)
        return self._async

    @property
    def synchronous(self) -> SyncClient:
        """The client for threads; a new one after `close`."""
        if self._sync is None:
            from wirewright.client import Client as SyncClient

            self._sync = SyncClient(self._base_url, quota=RetryQuota(math.inf), **self._options)
        return self._sync

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._async is not None:
            await self._async.aclose()
        if self._sync is not None:
            sync, self._sync = self._sync, None
            sync.close()


class UnsupportedProtocol(Exception):  # noqa: N818 - the name that results have always shown
    """The endpoint is no http or https URL."""


class _Unsupported:
    """Takes the place of the network where the endpoint cannot be reached by it."""

    def _fail(self, request: object) -> Never:
        cause = UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
        raise TransportError(str(cause), sent=False, last_error=cause)

    send = _fail

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""

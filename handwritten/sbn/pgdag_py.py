"""The pgdag-py server: runs templates in Python, beside the network."""

from __future__ import annotations

from typing import Any, Self

from sbn_calls.pgdag_py import PgdagPyCalls
from wirewright.calls import Face

from sbn._http import USER_AGENT, AuthState, HttpTransport, RetryConfig


class PGDagPyClient(PgdagPyCalls, Face):
    """A client of a pgdag-py server."""

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8083",
        tenant_id: str | None = None,
        retry: RetryConfig | None = None,
        timeout: float = 15.0,
        user_agent: str = USER_AGENT,
        transport: Any = None,
    ) -> None:
        self._auth = AuthState(tenant_id=tenant_id)
        self._http = HttpTransport(
            base_url=base_url, auth=self._auth, retry=retry, timeout=timeout, user_agent=user_agent, transport=transport
        )
        super().__init__(self._http)

    def authenticate_api_key(self, api_key: str) -> None:
        """Use an API key."""
        self._auth.api_key, self._auth.bearer_token, self._auth.token_provider = api_key, None, None

    def authenticate_bearer(self, token: str) -> None:
        """Use a bearer token."""
        self._auth.api_key, self._auth.bearer_token, self._auth.token_provider = None, token, None

    def set_tenant(self, tenant_id: str | None) -> None:
        """Select a tenant."""
        self._auth.tenant_id = tenant_id

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

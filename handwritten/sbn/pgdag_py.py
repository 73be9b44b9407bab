"""The pgdag-py server: runs templates in Python, beside the network."""

from __future__ import annotations

from typing import Any

from sbn_calls.pgdag_py import PgdagPyCalls
from wirewright.calls import Face

from sbn._clients import Connected, Credentials
from sbn._http import USER_AGENT, AuthState, HttpTransport, RetryConfig


class PGDagPyClient(PgdagPyCalls, Credentials, Connected, Face):
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
        Face.__init__(self, self._http)

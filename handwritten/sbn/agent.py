"""The client of an agent: the areas an agent works in, and its own defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sbn._http import RetryConfig
from sbn.client import NetworkClient

if TYPE_CHECKING:
    from sbn.auth import SigningKey


class AgentClient(NetworkClient):
    """The network as an agent sees it: slots, SnapChore, facts, workflows, proposals, signals and receipts."""

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8090",
        tenant_id: str | None = None,
        retry: RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = "sbn-agent/0.4",
        transport: Any = None,
        api_version: str = "0.14",
    ) -> None:
        super().__init__(
            tenant_id=tenant_id,
            api_version=api_version,
            base_url=base_url,
            retry=retry,
            timeout=timeout,
            user_agent=user_agent,
            transport=transport,
        )

    def authenticate_signing_key(
        self,
        signing_key: SigningKey,
        *,
        subject: str = "sbn-agent",
        scopes: Sequence[str] = ("attest.write",),
        cdna: str = "agent",
        ttl_seconds: int = 300,
    ) -> None:
        """Mint tokens with an Ed25519 key; they are renewed ahead of their end, once for all threads."""
        self._sign(signing_key, subject, scopes, cdna, ttl_seconds)

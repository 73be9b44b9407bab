"""The original single-file gateway client, kept for those who use it. New code: `from sbn import SbnClient`.

It differs from `sbn` in its defaults (three attempts, tokens renewed 30 seconds ahead), in naming the tenant in the
path of slots, and in reading receipts from a base URL of their own (protocol sheet, section 14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar, cast

import sbn.auth
from sbn import gateway as current
from sbn._clients import Connected
from sbn._http import AuthState, Dialect, HttpTransport
from sbn._http import RetryConfig as _RetryConfig
from sbn.errors import SbnError, SbnTransportError
from sbn.gateway import GatewayClient
from sbn_calls import gateway as calls
from sbn_calls import legacy
from wirewright.calls import Call, Reply, Request, is_object, unwrapped
from wirewright.records import Record

__all__ = [
    "GatewayError",
    "GatewayTransportError",
    "MintedToken",
    "Receipt",
    "RetryConfig",
    "SbnGatewayClient",
    "SigningKey",
    "SlotClosure",
    "SlotCreateRequest",
    "SlotHandle",
    "SlotSummary",
]
Json = Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")
LEEWAY = timedelta(seconds=30)


class GatewayError(SbnError):
    """The gateway answered with an error."""


class GatewayTransportError(SbnTransportError):
    """The gateway did not answer."""


@dataclass
class RetryConfig(_RetryConfig):
    """As `sbn.RetryConfig`, with fewer attempts; statuses are tried again for these methods only."""

    attempts: int = 3
    backoff_factor: float = 0.5
    retry_on_methods: Sequence[str] = ("GET", "POST", "PUT", "DELETE", "PATCH")


class MintedToken(sbn.auth.MintedToken):
    """A token and the moment it stops being valid (UTC)."""


class SigningKey(sbn.auth.SigningKey):
    """As `sbn.SigningKey`; signs slot summaries."""

    def sign_summary(self, summary: SlotSummary) -> str:
        """The signature of a summary's body, base64url without padding."""
        return self.sign_payload(summary.to_payload())


class _Plain(Record):
    """A record that can be shown as plain values."""

    __slots__ = ()

    def dict(self) -> dict[str, Any]:
        """Plain values, moments as ISO 8601."""
        values = asdict(cast("Any", self))
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


@dataclass(slots=True)
class SlotCreateRequest:
    """What a worker says when it opens a slot."""

    worker_id: str
    task_type: str
    generation_interval: int | None = None
    metadata: Json | None = None

    def to_payload(self) -> dict[str, Any]:
        """The body of the call."""
        return current.SlotCreateRequest(**{item.name: getattr(self, item.name) for item in fields(self)}).to_payload()


class SlotHandle(_Plain, legacy.SlotHandle):
    """A slot, open or closed."""


class SlotClosure(_Plain, legacy.SlotClosure):
    """What closing a slot produced."""


@dataclass(slots=True)
class SlotSummary:
    """A hash to attest, and what it stands for."""

    slot_id: str
    snap_hash: str
    snap_version: str = "1"
    metadata: Json = field(default_factory=dict[str, Any])
    metrics: Json = field(default_factory=dict[str, Any])

    def to_payload(self) -> dict[str, Any]:
        """The body of the call."""
        return current.SlotSummary(**{item.name: getattr(self, item.name) for item in fields(self)}).to_payload()


class Receipt(_Plain, legacy.Receipt):
    """Proof that something happened."""


class _Transport(HttpTransport):
    dialect = Dialect(GatewayError, GatewayTransportError, "Failed to reach gateway", "Gateway request failed")


class _At(Call[P, T]):
    """A call over one of the client's transports."""

    def __init__(self, transport: str, call: Call[P, T]) -> None:
        super().__init__(call.build, call.read)
        self._transport = transport

    def __get__(self, face: Any, owner: type) -> Any:
        if face is None:
            return self
        return self._sync(cast("HttpTransport", getattr(face, self._transport)))


def _create(request: SlotCreateRequest) -> Request[Any]:
    """Open a slot."""
    return Request(calls.CREATE_SLOT, body=request.to_payload())


def _attest(summary: SlotSummary) -> Request[Any]:
    """Ask for an attestation of a hash."""
    return Request(calls.REQUEST_ATTESTATION, body=summary.to_payload())


def _attestation(reply: Reply) -> Json:
    answer: Any = reply.json()
    if not is_object(answer):
        raise GatewayError("Unexpected attestation response", status_code=200)
    return answer


class _Provider:
    """Asks a token provider, and keeps its token until less than 30 seconds of it are left."""

    def __init__(self, provider: Callable[[], Any]) -> None:
        self._provider = provider
        self._token: Any = None

    def __call__(self) -> str:
        if self._token is None or datetime.now(UTC) >= self._token.expires_at - LEEWAY:
            self._token = self._provider()
        return str(self._token.token)


class SbnGatewayClient(Connected):
    """Slots, receipts and attestations.

    `read_base_url`: where receipts and blocks are read, `base_url` unless given.
    """

    def __init__(
        self,
        *,
        base_url: str,
        read_base_url: str | None = None,
        tenant_id: str | None = None,
        signing_key: SigningKey | None = None,
        token_subject: str | None = None,
        token_scopes: Sequence[str] = ("attest.write",),
        token_cdna: str = "sdk",
        token_ttl_seconds: int = 300,
        token_provider: Callable[[], MintedToken] | None = None,
        retry_config: RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = "sbn-gateway-sdk/0.1",
        transport: Any = None,
    ) -> None:
        auth = AuthState(tenant_id=tenant_id)
        if token_provider is not None:
            auth.token_provider = _Provider(token_provider)
        elif signing_key is not None:
            auth.token_provider = sbn.auth.TokenSource(
                lambda tenant: signing_key.issue_token(
                    subject=token_subject or "sbn-sdk",
                    scopes=token_scopes,
                    cdna=token_cdna,
                    ttl_seconds=token_ttl_seconds,
                    tenant_id=tenant,
                ),
                lambda: tenant_id,
                token_ttl_seconds,
            )
        base = base_url.rstrip("/")
        urls = (f"{base}/tenants/{tenant_id}" if tenant_id else base, base, (read_base_url or base).rstrip("/"))
        known = {
            url: _Transport(
                base_url=url,
                auth=auth,
                retry=retry_config or RetryConfig(),
                timeout=timeout,
                user_agent=user_agent,
                transport=transport,
            )
            for url in dict.fromkeys(urls)
        }
        self._transports = list(known.values())
        self._slots, self._base, self._reads = (known[url] for url in urls)

    create_slot = _At("_slots", Call(_create, SlotHandle.of))
    list_slot_blocks = _At("_slots", GatewayClient.list_slot_blocks)
    close_slot = _At("_slots", GatewayClient.close_slot.reading(SlotClosure.of))
    list_flags = _At("_base", GatewayClient.list_flags)
    request_attestation = _At("_base", Call(_attest, _attestation))
    fetch_receipt = _At("_reads", GatewayClient.fetch_receipt.reading(Receipt.of))
    fetch_block = _At("_reads", GatewayClient.fetch_block.reading(unwrapped))
    list_successor_surfaces = _At("_reads", GatewayClient.list_successor_surfaces)
    list_fractal_receipts = _At("_reads", GatewayClient.list_fractal_receipts.reading(unwrapped))
    list_proof_surfaces = _At("_reads", GatewayClient.list_proof_surfaces)
    fetch_proof_ledger = _At("_reads", GatewayClient.fetch_proof_ledger)
    fetch_proof_surface = _At("_reads", GatewayClient.fetch_proof_surface)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports:
            transport.close()

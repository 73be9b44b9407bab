"""The original single-file gateway client, kept for those who use it. New code: `from sbn import SbnClient`.

It differs from `sbn` in its defaults (three attempts, tokens renewed 30 seconds ahead), in naming the tenant in the
path of
slots, and in reading receipts from a base URL of their own (protocol sheet, section 14).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import sbn.auth
from sbn import gateway as current
from sbn._http import AuthState, Dialect, HttpTransport
from sbn._http import RetryConfig as _RetryConfig
from sbn._models import Record, items, mapping, moment, text
from sbn.errors import SbnError, SbnTransportError
from sbn.gateway import GatewayClient
from sbn_calls import gateway as calls
from wirewright.calls import Request, is_object, unwrapped

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
        values = dataclasses.asdict(self)  # type: ignore[call-overload]
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


@dataclass(slots=True)
class SlotHandle(_Plain):
    """A slot, open or closed."""

    id: str = field(metadata=text("id"))
    worker_id: str = field(metadata=text("worker_id"))
    task_type: str = field(metadata=text("task_type"))
    state: str = field(metadata=text("state", default="unknown"))
    opened_at: datetime | None = field(metadata=moment("opened_at"))
    scheduler_key: str | None = None
    receipt_id: str | None = None
    metadata: Json = field(default_factory=dict[str, Any], metadata=mapping("metadata"))


@dataclass(slots=True)
class SlotClosure(_Plain):
    """What closing a slot produced."""

    slot_id: str = field(metadata=text("slot_id"))
    receipt_id: str = field(metadata=text("receipt_id"))
    closed_at: datetime | None = field(metadata=moment("closed_at"))
    merkle_root: str | None = None
    blocks_composed: int | None = None
    blocks_attested: int | None = None
    scalar_gec: Json | None = None
    compose_receipts: list[Json] = field(default_factory=list[Any], metadata=items("compose_receipts"))
    carrier_state: Json | None = None
    successor_surface_ids: list[str] = field(default_factory=list[Any], metadata=items("successor_surface_ids"))
    fractal_receipts: list[Json] = field(default_factory=list[Any], metadata=items("fractal_receipts"))
    native_proof_chain: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))


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


@dataclass(slots=True)
class Receipt(_Plain):
    """Proof that something happened."""

    id: str = field(metadata=text("id"))
    tenant_id: str | None
    subject_id: str = field(metadata=text("subject_id"))
    subject_type: str = field(metadata=text("subject_type"))
    signer_id: str | None
    created_at: datetime | None = field(metadata=moment("created_at"))
    payload: Json = field(metadata=mapping("payload"))
    metadata: Json = field(metadata=mapping("metadata"))
    snapchore_hash: str | None = None
    scalar_gec: Json | None = None
    bb_contribution_summary: Json | None = None
    native_receipt: Json | None = None
    block_type_profile: Json | None = None
    proof_surface: Json | None = None
    proof_chain: Json | None = None
    proof_ledger: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("proof_ledger"))
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))


class _Transport(HttpTransport):
    dialect = Dialect(GatewayError, GatewayTransportError, "Failed to reach gateway", "Gateway request failed")


class _Provider:
    """Asks a token provider, and keeps its token until less than 30 seconds of it are left."""

    def __init__(self, provider: Callable[[], Any]) -> None:
        self._provider = provider
        self._token: Any = None

    def __call__(self) -> str:
        if self._token is None or datetime.now(UTC) >= self._token.expires_at - LEEWAY:
            self._token = self._provider()
        return str(self._token.token)


class SbnGatewayClient:
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
        known: dict[str, _Transport] = {}
        for url in urls:
            known.setdefault(
                url,
                _Transport(
                    base_url=url,
                    auth=auth,
                    retry=retry_config or RetryConfig(),
                    timeout=timeout,
                    user_agent=user_agent,
                    transport=transport,
                ),
            )
        self._transports = list(known.values())
        self._slot_http, self._base_http, self._read_http = (known[url] for url in urls)
        self._slots, self._base, self._reads = (GatewayClient(known[url]) for url in urls)

    def create_slot(self, request: SlotCreateRequest) -> SlotHandle:
        """Open a slot."""
        body = request.to_payload()
        return self._slot_http.perform(Request(calls.CREATE_SLOT, body=body), SlotHandle.of)

    def list_slot_blocks(self, slot_id: str, *, limit: int | None = None) -> dict[str, Any]:
        """List the SmartBlocks composed in a slot."""
        return self._slots.list_slot_blocks(slot_id, limit=limit)

    def close_slot(self, slot_id: str) -> SlotClosure:
        """Close a slot."""
        return self._slot_http.perform(calls.close_slot(slot_id), SlotClosure.of)

    def fetch_receipt(self, receipt_id: str) -> Receipt:
        """Fetch a receipt."""
        return self._read_http.perform(calls.fetch_receipt(receipt_id), Receipt.of)

    def list_flags(self) -> Json:
        """List feature flags."""
        return self._base.list_flags()

    def request_attestation(self, summary: SlotSummary) -> Json:
        """Ask for an attestation of a hash."""
        request = Request[Any](calls.REQUEST_ATTESTATION, body=summary.to_payload())
        answer = self._base_http.perform(request, lambda reply: reply.json())
        if not is_object(answer):
            raise GatewayError("Unexpected attestation response", status_code=200)
        return answer

    def fetch_block(self, block_id: str) -> Json:
        """Fetch a SmartBlock with its surface and lineage."""
        return self._read_http.perform(calls.fetch_block(block_id), unwrapped)

    def list_successor_surfaces(self, block_id: str, *, limit: int | None = None) -> Json:
        """List the surfaces that grew out of a block."""
        return self._reads.list_successor_surfaces(block_id, limit=limit)

    def list_fractal_receipts(self, block_id: str, *, kind: str | None = None, limit: int | None = None) -> Json:
        """List the receipts below a block."""
        return self._read_http.perform(calls.list_fractal_receipts(block_id, kind=kind, limit=limit), unwrapped)

    def list_proof_surfaces(self, block_id: str, *, kind: str | None = None, limit: int | None = None) -> Json:
        """List the proof surfaces of a block."""
        return self._reads.list_proof_surfaces(block_id, kind=kind, limit=limit)

    def fetch_proof_ledger(self, block_id: str) -> Json:
        """Fetch the proof ledger of a block."""
        return self._reads.fetch_proof_ledger(block_id)

    def fetch_proof_surface(self, receipt_id: str) -> Json:
        """Fetch the proof surface of a receipt."""
        return self._reads.fetch_proof_surface(receipt_id)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports:
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

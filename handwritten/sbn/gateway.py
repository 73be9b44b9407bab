"""Slots, seals, receipts and attestations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sbn_calls import gateway as calls
from wirewright.calls import Call, Reply, Request, is_object, unwrapped

from sbn._faces import AsyncSubClient, SubClient
from sbn._models import Meta, Record, items, listed, mapped, mapping, moment, number, text

Json = Mapping[str, Any]


@dataclass(slots=True)
class SlotCreateRequest:
    """What a worker says when it opens a slot. `generation_interval`: seconds."""

    worker_id: str
    task_type: str = "workflow"
    generation_interval: int | None = None
    metadata: Json | None = None

    def to_payload(self) -> dict[str, Any]:
        """The body of `POST /slots`."""
        payload: dict[str, Any] = {"worker_id": self.worker_id, "task_type": self.task_type}
        if self.generation_interval is not None:
            payload["generation_interval"] = self.generation_interval
        if self.metadata:
            payload["metadata"] = dict(self.metadata)
        return payload


@dataclass(slots=True)
class SlotHandle(Record):
    """A slot, open or closed."""

    id: str = field(metadata=text("id"))
    worker_id: str = field(metadata=text("worker_id", default=""))
    task_type: str = field(metadata=text("task_type", default=""))
    state: str = field(metadata=text("state", default="unknown"))
    opened_at: datetime | None = field(metadata=moment("opened_at"))
    closed_at: datetime | None = field(default=None, metadata=moment("closed_at"))
    merkle_root: str | None = None
    scheduler_key: str | None = None
    receipt_id: str | None = None
    metadata: Json = field(default_factory=dict[str, Any], metadata=mapping("metadata"))
    lifecycle_contract: Json | None = None


@dataclass(slots=True)
class SlotClosure(Record):
    """What closing a slot produced."""

    slot_id: str = field(metadata=text("slot_id"))
    receipt_id: str = field(metadata=text("receipt_id"))
    closed_at: datetime | None = field(metadata=moment("closed_at"))
    blocks_composed: int = field(default=0, metadata=number("blocks_composed"))
    blocks_attested: int = field(default=0, metadata=number("blocks_attested"))
    compose_receipts: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("compose_receipts"))
    blocks_attestation_enqueued: int = field(default=0, metadata=number("blocks_attestation_enqueued"))
    scalar_gec: Json | None = None
    carrier_state: Json | None = None
    successor_surface_ids: list[str] = field(default_factory=list[Any], metadata=items("successor_surface_ids"))
    fractal_receipts: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("fractal_receipts"))
    native_proof_chain: Json | None = None
    lifecycle_contract: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))
    canonical_proof_hash: str | None = None
    canonical_view: Json | None = None
    provenance_view: Json | None = None


def _anchor(name: str, default: Any = None) -> Meta:
    return {"read": lambda data: mapped(data, "anchor").get(name) or default}


def _anchor_list(name: str) -> Meta:
    return {"read": lambda data: listed(mapped(data, "anchor"), name)}


def _degraded(data: Json) -> bool:
    return bool(mapped(data, "anchor").get("degraded"))


@dataclass(slots=True)
class SlotSeal(Record):
    """What a seal composed and where it is anchored. `anchor_hash` is the hash to quote as proof."""

    slot_id: str = field(metadata=text("slot_id"))
    smartblock_id: str | None = field(default=None, metadata=_anchor("smartblock_id"))
    receipt_id: str | None = field(default=None, metadata=_anchor("receipt_id"))
    receipt_hash: str | None = field(default=None, metadata=_anchor("receipt_hash"))
    anchor_hash: str | None = field(default=None, metadata=_anchor("anchor_hash"))
    anchor_type: str = field(default="snap_hash", metadata=_anchor("anchor_type", "snap_hash"))
    degraded: bool = field(default=False, metadata={"read": _degraded})
    blocks_composed: int = field(default=0, metadata=number("blocks_composed"))
    blocks_attested: int = field(default=0, metadata=number("blocks_attested"))
    compose_receipts: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("compose_receipts"))
    proof_surface: Json | None = field(default=None, metadata=_anchor("proof_surface"))
    proof_chain: Json | None = field(default=None, metadata=_anchor("proof_chain"))
    proof_ledger: list[dict[str, Any]] = field(default_factory=list[Any], metadata=_anchor_list("proof_ledger"))
    native_proof_chain: Json | None = None
    blocks_attestation_enqueued: int = field(default=0, metadata=number("blocks_attestation_enqueued"))
    carrier_state: Json | None = None
    successor_surface_ids: list[str] = field(default_factory=list[Any], metadata=items("successor_surface_ids"))
    fractal_receipts: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("fractal_receipts"))
    lifecycle_contract: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))


@dataclass(slots=True)
class SlotSummary:
    """A hash to attest, and what it stands for."""

    slot_id: str
    snap_hash: str
    snap_version: str = "1"
    frontier_id: str | None = None
    metadata: Json = field(default_factory=dict[str, Any])
    metrics: Json = field(default_factory=dict[str, Any])
    target_project_id: str | None = None
    type: str | None = None
    domain: str | None = None
    submission_fields: Json = field(default_factory=dict[str, Any])

    def to_payload(self) -> dict[str, Any]:
        """The body of `POST /attest`: frontier and project are named in the metadata too, unless the caller did
        that.
        """
        metadata = dict(self.metadata or {})
        payload: dict[str, Any] = {
            "slot_id": self.slot_id,
            "snap_hash": self.snap_hash,
            "snap_version": self.snap_version,
        }
        if self.frontier_id:
            payload["frontier_id"] = self.frontier_id
            metadata.setdefault("frontier_id", self.frontier_id)
        if self.target_project_id:
            payload["target_project_id"] = self.target_project_id
            metadata.setdefault("target_project_id", self.target_project_id)
            metadata.setdefault("project_id", self.target_project_id)
        named = {"type": self.type, "domain": self.domain, "metadata": metadata, "metrics": dict(self.metrics or {})}
        payload.update({name: value for name, value in named.items() if value})
        return {**self.submission_fields, **payload}


@dataclass(slots=True)
class Receipt(Record):
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
    slot_id: str | None = None
    source_slot_id: str | None = None
    scalar_gec: Json | None = None
    bb_contribution_summary: Json | None = None
    native_receipt: Json | None = None
    block_type_profile: Json | None = None
    canonical_proof_hash: str | None = None
    proof_surface: Json | None = None
    proof_chain: Json | None = None
    proof_ledger: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("proof_ledger"))
    canonical_view: Json | None = None
    provenance_view: Json | None = None
    forensic_view: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))


@dataclass(slots=True)
class BlockDetail(Record):
    """A SmartBlock with its surface and lineage."""

    id: str = field(metadata=text("id"))
    slot_id: str | None
    snapchore_hash: str | None
    canonical_proof_hash: str | None
    created_at: datetime | None = field(metadata=moment("created_at"))
    carrier_state: Json | None
    scalar_gec: Json | None
    bb_contribution_summary: Json | None
    block_type_profile: Json | None
    metadata: Json = field(metadata=mapping("metadata"))
    payload: Json = field(metadata=mapping("payload"))
    surface: Json | None = None
    branch: Json | None = None
    lineage_edges: list[dict[str, Any]] = field(default_factory=list[Any], metadata=items("lineage_edges"))
    policy_outcome: Json | None = None
    durable_records: Json | None = None
    canonical_view: Json | None = None
    provenance_view: Json | None = None
    forensic_view: Json | None = None
    operation_id: str | None = None
    idempotency_key: str | None = None
    operation_refs: list[dict[str, str]] = field(default_factory=list[Any], metadata=items("operation_refs"))


def _attest(summary: SlotSummary) -> Request[Any]:
    """Ask for an explicit attestation of a hash."""
    request = Request[Any](calls.REQUEST_ATTESTATION, body=summary.to_payload())
    project = getattr(summary, "target_project_id", None)
    return request.with_options(headers={"x-sbn-project-id": project}) if project else request


def _fractal_receipts(reply: Reply) -> dict[str, Any]:
    body = unwrapped(reply)
    receipts = [Receipt.from_dict(item) for item in listed(body, "receipts") if is_object(item)]
    return {**body, "receipts": receipts}


def as_object(reply: Reply) -> dict[str, Any]:
    """The body, or an empty object when it is something else."""
    body = reply.json()
    return body if is_object(body) else {}


class GatewayMethods(calls.GatewayCalls):
    """What the gateway does beyond its plain calls."""

    create_slot = Call(calls.create_slot, SlotHandle.of)
    list_slots = Call(calls.list_slots, SlotHandle.list_of("items"))
    close_slot = Call(calls.close_slot, SlotClosure.of)
    seal_slot = Call(calls.seal_slot, SlotSeal.of)
    fetch_receipt = Call(calls.fetch_receipt, Receipt.of)
    fetch_block = Call(calls.fetch_block, BlockDetail.of)
    list_fractal_receipts = Call(calls.list_fractal_receipts, _fractal_receipts)
    request_attestation = Call(_attest, as_object)


class GatewayClient(GatewayMethods, SubClient):
    """Slots, seals, receipts and attestations."""


class AsyncGatewayClient(GatewayMethods, AsyncSubClient):
    """Slots, seals, receipts and attestations, async."""


__all__ = [
    "AsyncGatewayClient",
    "BlockDetail",
    "GatewayClient",
    "Receipt",
    "SlotClosure",
    "SlotCreateRequest",
    "SlotHandle",
    "SlotSeal",
    "SlotSummary",
]

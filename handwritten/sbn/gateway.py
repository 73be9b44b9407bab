"""Slots, seals, receipts and attestations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sbn_calls import gateway as calls
from sbn_calls.records import BlockDetail, Receipt, SlotClosure, SlotHandle, SlotSeal
from wirewright.calls import Call, Reply, Request, is_object, unwrapped
from wirewright.records import listed

from sbn._faces import AsyncSubClient, SubClient

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

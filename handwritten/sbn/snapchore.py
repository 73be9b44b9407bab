"""SnapChore: capture, verify, seal and chain payloads by their hash; promote sealed blocks to the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sbn_calls import control_plane
from sbn_calls import snapchore as calls
from wirewright.calls import Call, Request, Steps, flow, is_array, is_object, whole
from wirewright.records import mapped

from sbn import artifacts
from sbn._faces import AsyncSubClient, SubClient
from sbn.errors import SbnError

Json = Mapping[str, Any]
BLOCK_TYPES = frozenset({"event", "stimulus", "audit", "instruction", "meta"})
_QUEUED = frozenset({"handoff_prepared", "queued", "queued_for_attestation"})
_SUBMITTED = frozenset({"promotion_requested", "promotion_requested_by_user", "submitted", "submitted_to_sbn"})


def _seal(
    payload: Json | str,
    sealed_payload: Json | None = None,
    *,
    domain: str = "general",
    block_type: str = "event",
    metadata: Json | None = None,
    metrics: Json | None = None,
) -> Request[Any]:
    """Seal a payload as a block. `seal(hash, payload)` is understood too: the network computes the hash itself."""
    if block_type not in BLOCK_TYPES:
        raise ValueError(f"block_type must be one of {', '.join(sorted(BLOCK_TYPES))}, not {block_type!r}")
    said = sealed_payload if isinstance(payload, str) else payload
    if said is None:
        raise TypeError("seal() needs a payload")
    return calls.seal(said, domain=domain, block_type=block_type, metadata=metadata, metrics=metrics)


class SnapChoreMethods(calls.SnapchoreCalls):
    """Capture, verify, seal, chain and promote."""

    seal = Call(_seal, whole)
    _health = Call(calls.attestation_queue_health, whole)
    _older_health = Call(calls.attestation_queue_health_alias, whole)
    _create_tenant = Call(control_plane.create_tenant, whole)

    @flow
    def attestation_queue_health(self: Any, *, limit: int = 10) -> Steps[dict[str, Any]]:
        """The health of the attestation queue; servers that do not know the path are asked under the older one."""
        try:
            health: dict[str, Any] = yield lambda: self._health(limit=limit)
        except SbnError as error:
            if error.status_code != 404:
                raise
            health = yield lambda: self._older_health(limit=limit)
        return health

    def promote_to_project(
        self: Any,
        *,
        target_project_id: str,
        smartblock_record_id: str | None = None,
        snapchore_hash: str | None = None,
        frontier_id: str | None = None,
    ) -> Any:
        """Hand a sealed block over to a project."""
        return self.promote(
            smartblock_record_id=smartblock_record_id,
            snapchore_hash=snapchore_hash,
            frontier_id=frontier_id,
            target_project_id=target_project_id,
        )

    @flow
    def create_project_and_promote(
        self: Any,
        *,
        project_name: str,
        contact_email: str,
        aggregator_endpoint: str,
        rate_plan_id: str,
        smartblock_record_id: str | None = None,
        snapchore_hash: str | None = None,
        frontier_id: str | None = None,
        activate: bool = True,
    ) -> Steps[dict[str, Any]]:
        """Create a project (a tenant of the network) and hand a sealed block over to it."""
        created: dict[str, Any] = yield lambda: self._create_tenant(
            name=project_name,
            contact_email=contact_email,
            aggregator_endpoint=aggregator_endpoint,
            rate_plan_id=rate_plan_id,
            activate=activate,
        )
        places = (mapped(created, "summary"), mapped(created, "tenant"), created)
        project = next((place["id"] for place in places if place.get("id")), None)
        promotion = yield lambda: self.promote(
            smartblock_record_id=smartblock_record_id,
            snapchore_hash=snapchore_hash,
            frontier_id=frontier_id,
            target_project_id=project,
        )
        return {"project_id": project, "project": created, "promotion": promotion}

    # Artifacts ------------------------------------------------------------------------------------------------------

    artifact_descriptor_from_bytes = staticmethod(artifacts.artifact_descriptor_from_bytes)
    artifact_descriptor_from_file = staticmethod(artifacts.artifact_descriptor_from_file)
    artifact_proof_payload = staticmethod(artifacts.artifact_proof_payload)

    def capture_artifact_descriptor(
        self: Any, artifact: Json, *, volatile_keys: list[str] | None = None, **proof: Any
    ) -> Any:
        """Capture the proof of an artifact; keywords as in `artifact_proof_payload`."""
        return self.capture(artifacts.artifact_proof_payload(artifact, **proof), volatile_keys=volatile_keys)

    def capture_artifact_file(
        self: Any,
        path: str | Path,
        *,
        artifact_uri: str | None = None,
        mime_type: str | None = None,
        artifact_title: str | None = None,
        artifact_version: str | None = None,
        **proof: Any,
    ) -> Any:
        """Capture the proof of a file."""
        return self.capture_artifact_descriptor(
            _described(path, artifact_uri, mime_type, artifact_title, artifact_version), **proof
        )

    def seal_artifact_descriptor(
        self: Any,
        artifact: Json,
        *,
        domain: str = "artifact.proof",
        block_type: str = "audit",
        payload_metadata: Json | None = None,
        metadata: Json | None = None,
        metrics: Json | None = None,
        **proof: Any,
    ) -> Any:
        """Seal the proof of an artifact; keywords as in `artifact_proof_payload`."""
        payload = artifacts.artifact_proof_payload(artifact, metadata=payload_metadata, **proof)
        return self.seal(payload, domain=domain, block_type=block_type, metadata=metadata, metrics=metrics)

    def seal_artifact_file(
        self: Any,
        path: str | Path,
        *,
        artifact_uri: str | None = None,
        mime_type: str | None = None,
        artifact_title: str | None = None,
        artifact_version: str | None = None,
        **sealing: Any,
    ) -> Any:
        """Seal the proof of a file."""
        return self.seal_artifact_descriptor(
            _described(path, artifact_uri, mime_type, artifact_title, artifact_version), **sealing
        )

    # Where a block stands -------------------------------------------------------------------------------------------

    def local_proof_status(self, block_or_ref: Json | str) -> dict[str, Any]:
        """Where a block stands before it is promoted, from what is known of it. No request is sent."""
        if isinstance(block_or_ref, str):
            block_or_ref = {"snapchore_hash": block_or_ref}
        return local_proof_status(block_or_ref)

    def promotion_status(self, promotion_result: Json, *, local_status: Json | None = None) -> dict[str, Any]:
        """How far a promotion has come. No request is sent."""
        return promotion_status(promotion_result, local_status)

    def resolve_receipt_anchor(
        self,
        *,
        promotion_result: Json | None = None,
        handoff: Json | None = None,
        block_detail: Json | None = None,
        receipt_lookup: Json | None = None,
        target_project_id: str | None = None,
    ) -> dict[str, Any]:
        """The receipt to quote for a block, from whatever is known. No request is sent."""
        related = _first_object((block_detail or {}).get("related_receipts"))
        looked_up = receipt_lookup or {}
        found = _first_object(looked_up.get("items") or looked_up.get("receipts"))
        places = {
            "handoff": handoff,
            "promotion": promotion_result,
            "related_receipt": related,
            "receipt_lookup": found,
        }
        for source, place in places.items():
            if place and (place.get("receipt_hash") or place.get("receipt_id")):
                return _anchor(source, place, target_project_id)
        return _anchor("unresolved", {}, target_project_id)


def _described(
    path: str | Path, uri: str | None, mime: str | None, title: str | None, version: str | None
) -> dict[str, Any]:
    return artifacts.artifact_descriptor_from_file(
        path, artifact_uri=uri, mime_type=mime, artifact_title=title, artifact_version=version
    )


def _first_object(values: Any) -> Json | None:
    items: list[Any] = values if is_array(values) else []
    return next((item for item in items if is_object(item)), None)


def _anchor(source: str, place: Json, project: str | None) -> dict[str, Any]:
    digest = place.get("receipt_hash")
    return {
        "source": source,
        "receipt_hash": digest,
        "receipt_id": place.get("receipt_id"),
        "evidence_ref": f"receipt:{digest}" if digest else "receipt:pending",
        "target_project_id": project or place.get("target_project_id") or place.get("project_id"),
    }


def local_proof_status(block: Json) -> dict[str, Any]:
    """See `SnapChoreMethods.local_proof_status`."""
    record = block.get("smartblock_record_id") or block.get("id")
    moment = mapped(block, "metadata").get("snapchore_moment_hash")
    return {
        "status": "sealed_local" if record else "captured",
        "sealed_local": bool(record),
        "promoted": False,
        "attested": False,
        "snapchore_hash": block.get("snapchore_hash") or block.get("hash"),
        "smartblock_record_id": record,
        "block_id": block.get("block_id") or block.get("id"),
        "block_type": block.get("block_type") or block.get("type"),
        "domain": block.get("domain"),
        "moment_auth": {"present": bool(moment), "snapshot_hash": moment},
    }


def promotion_status(result: Json, local: Json | None = None) -> dict[str, Any]:
    """See `SnapChoreMethods.promotion_status`."""
    state = str(result.get("promotion_status") or result.get("status") or "")
    attested = bool(result.get("attested") or result.get("receipt_hash") or result.get("receipt_id"))
    queued = bool(result.get("queued") or state in _QUEUED)
    submitted = bool(result.get("submitted") or queued or state in _SUBMITTED)
    rungs = (("attested", attested), ("queued", queued), ("submitted", submitted))
    known = ("receipt_hash", "receipt_id", "frontier_id", "target_project_id", "snapchore_hash", "smartblock_record_id")
    return {
        "status": next((name for name, reached in rungs if reached), "sealed_local"),
        "promotion_status": state or None,
        "submitted": submitted,
        "queued": queued,
        "attested": attested,
        **{name: result.get(name) or (local or {}).get(name) for name in known},
    }


class SnapChoreClient(SnapChoreMethods, SubClient):
    """Capture, verify, seal, chain and promote."""


class AsyncSnapChoreClient(SnapChoreMethods, AsyncSubClient):
    """Capture, verify, seal, chain and promote, async."""

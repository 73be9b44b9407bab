"""Receipts and attestations (protocol sheet, section 21.4)."""

from __future__ import annotations

from typing import Any

from wirewright.records import mapped
from wirewright.sandbox import Call, Refuse, rule

from sbn.hashing import snapchore_hash
from sbn.testing.space import Base, Json, Space, found


class ReceiptRules(Base):
    """What proves that something happened."""

    def hash_of(self, payload: Any, volatile: Any = ()) -> str:
        try:
            return snapchore_hash(payload, volatile_keys=volatile or ())
        except ValueError as error:
            raise Refuse(422, code="validation_error", message=str(error)) from error

    def issue(
        self, space: Space, kind: str, subject: str, payload: Json, slot: Json | None = None, **more: Any
    ) -> Json:
        """Issue a receipt."""
        digest = self.hash_of({"subject": subject, **payload, "issued": len(space.receipts)})
        metadata = mapped(slot or {}, "metadata")
        receipt: Json = {
            "id": self.uuid(),
            "tenant_id": space.tenant,
            "subject_id": subject,
            "subject_type": kind,
            "signer_id": "sbn-sandbox",
            "created_at": self.stamp(),
            "payload": payload,
            "metadata": {},
            "snapchore_hash": digest,
            "hash": digest,
            "receipt_hash": digest,
            "canonical_proof_hash": digest,
            "status": "issued",
            "domain": metadata.get("frontier_hint") or (slot or {}).get("task_type"),
            "project_id": self.network.current_project,
            "slot_id": (slot or {}).get("id"),
            "source_slot_id": None,
            "scalar_gec": None,
            "native_receipt": {"subject_ref": f"{kind}:{subject}"},
            "block_type_profile": {"block_type": "event"},
            "proof_surface": {"kind": "receipt"},
            "proof_chain": {"terminal_proof_kind": "receipt"},
            "proof_ledger": [],
            "operation_refs": [],
            **more,
        }
        space.receipts[receipt["id"]] = receipt
        return receipt

    @rule("gateway_fetch_receipt")
    def fetch_receipt(self, call: Call) -> Json:
        return found(self.space(call).receipts, call.path["receipt_id"], "receipt")

    @rule("gateway_request_attestation")
    def attest(self, call: Call) -> Json:
        space, body = self.space(call), call.body
        slot = found(space.slots, body["slot_id"], "slot")
        digest = str(body["snap_hash"]).removeprefix("sha256:")
        frontier = body.get("frontier_id")
        self.check_frontier(call, frontier)
        known = ("attest", f"{slot['id']}:{digest}:{frontier}")
        if known not in space.answered:
            project = (
                call.headers.get("x-sbn-project-id") or body.get("target_project_id") or self.network.current_project
            )
            receipt = self.issue(
                space,
                "attestation",
                slot["id"],
                {"snap_hash": digest, "frontier_id": frontier, "metrics": mapped(body, "metrics")},
                slot,
                metadata=mapped(body, "metadata"),
                status="attested",
                domain=frontier or slot["task_type"],
                project_id=project,
            )
            space.answered[known] = {
                "receipt_id": receipt["id"],
                "id": receipt["id"],
                "status": "attested",
                "frontier_id": frontier,
                "slot_id": slot["id"],
                "snap_hash": digest,
            }
        attested: Json = space.answered[known]
        return attested

    def check_frontier(self, call: Call, frontier: Any) -> None:
        """A key that names its frontiers attests under no other."""
        key = self.network.keys.get(call.headers.get("x-api-key", ""))
        allowed = (key or {}).get("allowed_frontiers")
        if frontier and allowed and frontier not in allowed:
            raise Refuse(422, code="frontier_unbound", message=f"The key may not attest under {frontier}.")

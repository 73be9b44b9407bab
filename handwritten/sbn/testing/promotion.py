"""Sealed blocks on their way to the network: promotion and the attestation queue (protocol sheet, section 21.5)."""

from __future__ import annotations

from collections import Counter

from wirewright.sandbox import Call, rule

from sbn.testing.ledger import LedgerRules, bare
from sbn.testing.space import Json, Space, found, invalid, newest, said

_STEPS = {"submitted_to_sbn": "queued_for_attestation", "queued_for_attestation": "attested"}
_QUEUE_NAMES = {"submitted_to_sbn": "submitted"}


class PromotionRules(LedgerRules):
    """Local first: what was sealed is promoted, queued and attested."""

    def sealed_block(self, space: Space, reference: str | None) -> Json:
        by_hash = {block["hash"]: block for block in space.sealed.values()}
        return found({**by_hash, **space.sealed}, bare(reference or ""), "block")

    @rule("snapchore_list_blocks")
    def list_sealed(self, call: Call) -> Json:
        page = newest(map(self.public, self.space(call).sealed.values()), call.query.get("limit"))
        return {"blocks": page, "count": len(page)}

    @rule("snapchore_get_block")
    def get_sealed(self, call: Call) -> Json:
        space = self.space(call)
        block = self.sealed_block(space, call.path["block_ref"])
        receipt = space.receipts.get(block["_receipt"] or "")
        return {
            **self.public(block),
            "promotion_status": block["_state"],
            "lineage_identity": {"surface_role": "origin_surface"},
            "related_receipts": [self.related(receipt)] if receipt else [],
            "target_project_id": block["_project"],
        }

    @staticmethod
    def related(receipt: Json) -> Json:
        return {"receipt_id": receipt["id"], "receipt_hash": receipt["hash"], "project_id": receipt["project_id"]}

    @rule("snapchore_promote")
    def promote_block(self, call: Call) -> Json:
        space, body = self.space(call), said(call)
        reference = body.get("smartblock_record_id") or body.get("snapchore_hash")
        if not reference:
            raise invalid("smartblock_record_id or snapchore_hash is required.")
        block = self.sealed_block(space, reference)
        if block["_state"] == "sealed_only":
            block["_state"] = "submitted_to_sbn"
            block["_project"] = body.get("target_project_id")
            identity = self.short("q_")
            space.queue[identity] = {
                "id": identity,
                "priority": 0,
                "attempt_count": 0,
                "snapchore_hash": block["hash"],
                "frontier_id": body.get("frontier_id"),
                "last_error": None,
                "_block": block["id"],
                "_since": self.stamp(),
            }
        return self.promotion(space, block, body.get("frontier_id"))

    def promotion(self, space: Space, block: Json, frontier: str | None) -> Json:
        state = block["_state"]
        receipt = space.receipts.get(block["_receipt"] or "", {})
        return {
            "promotion_status": state,
            "status": state,
            "submitted": state != "sealed_only",
            "queued": state == "queued_for_attestation",
            "attested": state == "attested",
            "receipt_hash": receipt.get("hash"),
            "receipt_id": receipt.get("id"),
            "frontier_id": frontier,
            "target_project_id": block["_project"],
            "snapchore_hash": block["hash"],
            "smartblock_record_id": block["id"],
        }

    def queue_items(self, space: Space) -> list[Json]:
        return [{**self.public(item), "status": self.queue_state(space, item)} for item in space.queue.values()]

    def queue_state(self, space: Space, item: Json) -> str:
        state = str(space.sealed[item["_block"]]["_state"])
        return str(_QUEUE_NAMES.get(state, state))

    def by_status(self, space: Space) -> dict[str, int]:
        counts = Counter(item["status"] for item in self.queue_items(space))
        return {name: counts[name] for name in ("submitted", "queued_for_attestation", "attested")}

    @rule("snapchore_queue_summary")
    def queue_summary(self, call: Call) -> Json:
        space = self.space(call)
        items = newest(self.queue_items(space), call.query.get("limit"))
        return {"total": len(space.queue), "by_status": self.by_status(space), "items": items}

    @rule("snapchore_process_queue")
    def process_queue(self, call: Call) -> Json:
        space = self.space(call)
        open_items = [item for item in space.queue.values() if self.queue_state(space, item) != "attested"]
        batch = open_items[: int(call.query.get("limit") or 25)]
        for item in batch:
            self.advance(space, item)
        return {"scanned": len(open_items), "attempted": len(batch), "failed": 0, **self.by_status(space)}

    def advance(self, space: Space, item: Json) -> None:
        block = space.sealed[item["_block"]]
        item["attempt_count"] += 1
        block["_state"] = _STEPS[block["_state"]]
        if block["_state"] == "attested":
            receipt = self.issue(
                space,
                "smartblock",
                block["id"],
                {"snapchore_hash": block["hash"]},
                status="attested",
                domain=item["frontier_id"] or block["domain"],
                project_id=block["_project"] or self.network.current_project,
            )
            block["_receipt"] = receipt["id"]

    @rule("snapchore_attestation_queue_health", "snapchore_attestation_queue_health_alias")
    def queue_health(self, call: Call) -> Json:
        space = self.space(call)
        counts = self.by_status(space)
        ready = [item["_since"] for item in space.queue.values() if self.queue_state(space, item) != "attested"]
        return {
            "total": len(space.queue),
            "tenants": sum(1 for other in self.spaces.values() if other.queue),
            "ready_now": len(ready),
            "queued_pending": counts["queued_for_attestation"],
            "by_status": counts,
            "oldest_ready_at": min(ready, default=None),
            "recent_failures": [],
        }

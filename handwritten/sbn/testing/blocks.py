"""SmartBlocks by themselves, their surfaces and proofs; health."""

from __future__ import annotations

from typing import Any

from wirewright.records import listed, mapped
from wirewright.sandbox import Answer, Call, rule

from sbn.testing.slots import SlotRules
from sbn.testing.space import Json, Space, found, newest


class BlockRules(SlotRules):
    """SmartBlocks by themselves, their surfaces and proofs; health."""

    @rule("blocks_create")
    def create_block(self, call: Call) -> Json:
        space, body = self.space(call), call.body
        block = self.plain_block(body, None)
        space.blocks[block["id"]] = block
        return {"data": {"id": block["id"], "hash": block["hash"]}}

    @rule("blocks_submit")
    def submit_block(self, call: Call) -> Any:
        space, body = self.space(call), call.body

        def act() -> Json:
            slot = self.usable(space, body["slot_id"])
            block = self.plain_block(body, slot["id"])
            block["_receipt"] = self.issue(space, "smartblock", block["id"], {"hash": block["hash"]}, slot)["id"]
            space.blocks[block["id"]] = block
            slot["_blocks"].append(block["id"])
            return {"data": {name: block[name] for name in ("id", "block_id", "slot_id", "hash")}}

        return self.once(call, space, act)

    def plain_block(self, body: Json, slot_id: str | None) -> Json:
        identity, digest = self.uuid(), self.hash_of(body["payload"])
        return {
            "id": identity,
            "block_id": identity,
            "slot_id": slot_id,
            "domain": body.get("domain") or "default",
            "block_type": "SmartBlock",
            "hash": f"sha256:{digest}",
            "snapchore_hash": digest,
            "canonical_proof_hash": digest,
            "scalar_gec": None,
            "block_type_profile": {"block_type": "event"},
            "payload": body["payload"],
            "metadata": mapped(body, "metadata"),
            "created_at": self.stamp(),
            "generation": 0,
            "_parts": [],
        }

    @rule("blocks_get")
    def get_block(self, call: Call) -> Json:
        return self.public(found(self.space(call).blocks, call.path["block_id"], "block"))

    @rule("blocks_get_bitblocks")
    def get_block_parts(self, call: Call) -> Json:
        space = self.space(call)
        block = found(space.blocks, call.path["block_id"], "block")
        parts = [space.bitblocks[identity] for identity in block["_parts"]]
        payloads = [part["payload"] for part in parts]
        kinds: list[Json] = [
            {"type": "Action", "payload": {"actions": [item for p in payloads for item in listed(p, "actions")]}},
            {
                "type": "Interaction",
                "payload": {"items": [item for p in payloads for item in listed(p, "interactions")]},
            },
            {"type": "Events", "payload": {"events": [mapped(p, "events") for p in payloads]}},
            {"type": "Summary", "payload": {"bitblocks": len(parts), **(block["scalar_gec"] or {})}},
        ]
        if call.query.get("include_stack"):
            kinds.append({"type": "Stack", "payload": {"bitblocks": block["_parts"]}})
        answer = {"block_id": block["id"], "slot_id": block["slot_id"], "bitblocks": kinds, "count": len(kinds)}
        return {"data": answer}

    @rule("blocks_list")
    def list_blocks(self, call: Call) -> Json:
        domain = call.query.get("domain")
        blocks = [
            self.public(block) for block in self.space(call).blocks.values() if not domain or block["domain"] == domain
        ]
        page = newest(blocks, call.query.get("limit"))
        return {"data": {"blocks": page, "count": len(page)}}

    # Proofs (0.14) --------------------------------------------------------------------------------------------------

    @rule("gateway_fetch_block")
    def fetch_block(self, call: Call) -> Json:
        block = found(self.space(call).blocks, call.path["block_id"], "block")
        detail: Json = {**self.public(block), "surface": {"surface_role": "origin_surface"}, "lineage_edges": []}
        return {"data": detail}

    @rule("gateway_list_successor_surfaces")
    def successors(self, call: Call) -> Json:
        space = self.space(call)
        block = found(space.blocks, call.path["block_id"], "block")
        grown: list[Json] = [
            {"surface_id": slot["metadata"].get("surface_id"), "slot_id": slot["id"]}
            for slot in space.slots.values()
            if slot["metadata"].get("fractal_parent_block_id") == block["id"]
        ]
        grown = grown[: int(call.query.get("limit") or len(grown) or 1)]
        return {"data": {"block_id": block["id"], "successors": grown, "count": len(grown)}}

    @rule("gateway_list_fractal_receipts")
    def fractal_receipts(self, call: Call) -> Json:
        space = self.space(call)
        block = found(space.blocks, call.path["block_id"], "block")
        receipts = [receipt for receipt in space.receipts.values() if receipt["subject_id"] == block["id"]]
        return {"data": {"block_id": block["id"], "receipts": receipts, "count": len(receipts)}}

    def surfaces(self, space: Space, block: Json) -> list[Json]:
        return [
            {
                "proof_surface_id": f"ps_{receipt['id'][:8]}",
                "kind": "receipt",
                "receipt_id": receipt["id"],
                "block_id": block["id"],
                "proof_hash": receipt["hash"],
            }
            for receipt in space.receipts.values()
            if receipt["subject_id"] == block["id"]
        ]

    @rule("gateway_list_proof_surfaces")
    def proof_surfaces(self, call: Call) -> Json:
        space = self.space(call)
        block = found(space.blocks, call.path["block_id"], "block")
        kind = call.query.get("kind")
        listed = [surface for surface in self.surfaces(space, block) if not kind or surface["kind"] == kind]
        return {"data": {"block_id": block["id"], "proof_surfaces": listed, "count": len(listed)}}

    @rule("gateway_fetch_proof_ledger")
    def proof_ledger(self, call: Call) -> Json:
        space = self.space(call)
        block = found(space.blocks, call.path["block_id"], "block")
        ledger = self.ledger_of(block)
        surfaces = self.surfaces(space, block)
        return {
            "data": {
                "proof_surface_id": surfaces[0]["proof_surface_id"] if surfaces else None,
                "proof_chain": {"terminal_proof_kind": ledger[-1]["kind"]},
                "count": len(ledger),
                "proof_ledger": ledger,
            }
        }

    @rule("gateway_fetch_proof_surface")
    def proof_surface(self, call: Call) -> Json:
        receipt = found(self.space(call).receipts, call.path["receipt_id"], "receipt")
        return {
            "data": {
                "proof_surface_id": f"ps_{receipt['id'][:8]}",
                "kind": "receipt",
                "receipt_id": receipt["id"],
                "block_id": receipt["subject_id"] if receipt["subject_type"] == "smartblock" else None,
                "proof_hash": receipt["hash"],
            }
        }

    @rule("receipts_get_by_hash")
    def receipts_by_hash(self, call: Call) -> Json:
        project = call.query.get("project_id")
        items = [
            {
                "receipt_id": receipt["id"],
                "receipt_hash": receipt["hash"],
                "project_id": receipt["project_id"],
                "native_receipt": receipt["native_receipt"],
                "block_type_profile": receipt["block_type_profile"],
                "trust_summary": {"trust_class": receipt["status"]},
                "cdna_state": {"closure_regime": "closed"},
                "mutation_summary": {"decision_divergence": 0.0},
            }
            for receipt in self.space(call).receipts.values()
            if receipt["hash"] == call.query["hash"] and (not project or receipt["project_id"] == project)
        ]
        return {"items": newest(items), "count": len(items)}

    @rule("health_health", "health_healthz", "reality_health")
    def health(self, call: Call) -> Json:
        return {"status": "ok"}

    @rule("gateway_pgdag_health", "pgdag_py_health_live")
    def pgdag_health(self, call: Call) -> Answer:
        return Answer(200, {"status": "ok"})

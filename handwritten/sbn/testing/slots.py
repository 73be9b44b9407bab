"""Slots, BitBlocks, SmartBlocks and seals (protocol sheet, section 21.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wirewright.records import mapped
from wirewright.sandbox import Call, rule

from sbn.testing.receipts import ReceiptRules
from sbn.testing.space import Json, Space, conflict, found, newest, said
from sbn.testing.yields import merkle_root, yield_of


class SlotRules(ReceiptRules):
    """Slots and what is in them."""

    # Slots ----------------------------------------------------------------------------------------------------------

    @rule("gateway_create_slot", "tenant_gateway_create_slot")
    def create_slot(self, call: Call) -> Any:
        space = self.space(call)
        return self.once(call, space, lambda: {"data": self.public(self.open_slot(space, call.body))})

    def open_slot(self, space: Space, body: Json) -> Json:
        slot: Json = {
            "id": self.uuid(),
            "worker_id": body["worker_id"],
            "task_type": body.get("task_type") or "workflow",
            "state": "open",
            "opened_at": self.stamp(),
            "closed_at": None,
            "merkle_root": None,
            "scheduler_key": None,
            "receipt_id": None,
            "metadata": mapped(body, "metadata"),
            "lifecycle_contract": {"states": ["open", "closed"]},
            "_interval": body.get("generation_interval"),
            "_generation": 0,
            "_generation_opened": self.now(),
            "_touched": self.now(),
            "_blocks": [],
            "_anchor": None,
            "_attested": 0,
            "_y": 0.0,
            "_x": 0.0,
        }
        receipt = self.issue(space, "slot", slot["id"], {"state": "open"}, slot)
        slot["receipt_id"] = receipt["id"]
        space.slots[slot["id"]] = slot
        return slot

    @staticmethod
    def public(thing: Json) -> Json:
        """Without what only the sandbox needs to know."""
        return {name: value for name, value in thing.items() if not name.startswith("_")}

    @rule("gateway_list_slots", "tenant_gateway_list_slots")
    def list_slots(self, call: Call) -> Json:
        state, source = call.query.get("state"), call.query.get("source")
        slots = [
            self.public(slot)
            for slot in self.space(call).slots.values()
            if (not state or slot["state"] == state) and (not source or slot["metadata"].get("source") == source)
        ]
        return {"items": newest(slots, call.query.get("limit"))}

    def orphans(self, space: Space, asked: Json) -> list[Json]:
        now = self.now()
        listed: list[Json] = []
        for slot in space.slots.values():
            age = (now - datetime.fromisoformat(slot["opened_at"])).total_seconds()
            idle = (now - slot["_touched"]).total_seconds()
            strategy = slot["metadata"].get("orphan_strategy")
            if slot["state"] != "open" or age < int(asked.get("min_age_seconds") or 0):
                continue
            if idle < int(asked.get("idle_seconds") or 0) or not (strategy or asked.get("include_unmanaged")):
                continue
            named = {name: slot[name] for name in ("id", "worker_id", "task_type", "opened_at")}
            listed.append({**named, "age_seconds": age, "idle_seconds": idle, "orphan_strategy": strategy})
        return listed[: int(asked.get("limit") or 200)]

    @rule("gateway_list_orphan_slots", "tenant_gateway_list_orphan_slots")
    def list_orphans(self, call: Call) -> Json:
        return {"items": self.orphans(self.space(call), call.query)}

    @rule("gateway_reap_orphan_slots", "tenant_gateway_reap_orphan_slots")
    def reap_orphans(self, call: Call) -> Json:
        space = self.space(call)
        ids = [slot["id"] for slot in self.orphans(space, said(call))]
        for identity in ids:
            self.close(space, space.slots[identity])
        return {"scanned": len(space.slots), "reaped": len(ids), "slot_ids": ids}

    @rule("gateway_list_slot_blocks", "tenant_gateway_list_slot_blocks")
    def list_slot_blocks(self, call: Call) -> Json:
        space = self.space(call)
        slot = found(space.slots, call.path["slot_id"], "slot")
        blocks = [self.public(space.blocks[identity]) for identity in slot["_blocks"]]
        limit = int(call.query.get("limit") or len(blocks) or 1)
        page = blocks[:limit]
        return {"data": {"slot_id": slot["id"], "slot_state": slot["state"], "blocks": page, "count": len(page)}}

    # BitBlocks ------------------------------------------------------------------------------------------------------

    @rule("bitblocks_submit")
    def submit(self, call: Call) -> Any:
        space = self.space(call)
        return self.once(call, space, lambda: {"data": self.take(space, call.body)})

    def take(self, space: Space, body: Json) -> Json:
        slot = self.usable(space, body["slot_id"])
        interval = slot["_interval"] or 0
        if interval and (self.now() - slot["_generation_opened"]).total_seconds() >= interval:
            self.compose(space, slot)
        slot["_touched"] = self.now()
        block: Json = {
            "id": self.uuid(),
            "slot_id": slot["id"],
            "block_type": body["block_type"],
            "generation": slot["_generation"],
            "domain": body["domain"],
            "payload": body["payload"],
            "metadata": mapped(body, "metadata"),
            "snap_hash": self.hash_of(body["payload"]),
            "composed_block_id": None,
            "created_at": self.stamp(),
            "operation_id": body.get("operation_id"),
            "idempotency_key": body.get("idempotency_key"),
            "operation_refs": [],
            "carrier_state": None,
        }
        space.bitblocks[block["id"]] = block
        return block

    def usable(self, space: Space, identity: str) -> Json:
        """An open slot, or a refusal."""
        slot = found(space.slots, identity, "slot")
        if slot["state"] != "open":
            raise conflict(f"The slot {identity} is closed.", "slot_closed")
        return slot

    @rule("bitblocks_list")
    def list_bitblocks(self, call: Call) -> Json:
        space = self.space(call)
        slot = found(space.slots, call.query["slot_id"], "slot")
        generation = call.query.get("generation")
        blocks = [
            block
            for block in space.bitblocks.values()
            if block["slot_id"] == slot["id"] and (generation is None or block["generation"] == int(generation))
        ]
        blocks = blocks[: int(call.query.get("limit") or len(blocks) or 1)]
        return {"data": {"bitblocks": blocks, "slot_id": slot["id"], "count": len(blocks)}}

    # Composing ------------------------------------------------------------------------------------------------------

    def compose(self, space: Space, slot: Json) -> Json | None:
        """Fuse the outstanding BitBlocks into a SmartBlock with a receipt; None when there are none."""
        outstanding = [
            block
            for block in space.bitblocks.values()
            if block["slot_id"] == slot["id"] and not block["composed_block_id"]
        ]
        if not outstanding:
            return None
        contract = slot["metadata"]
        y = sum(yield_of(block["payload"], contract) for block in outstanding)
        x = self.basis(slot)
        digest = self.hash_of({"slot_id": slot["id"], "bitblocks": [block["snap_hash"] for block in outstanding]})
        scalar = {"y": y, "x": x, "gec0": y / x if x else None}
        block = self.make_block(space, slot, outstanding, digest, scalar)
        receipt = self.issue(space, "smartblock", block["id"], {**scalar, "snapchore_hash": digest}, slot)
        block["_receipt"] = receipt["id"]
        slot["_anchor"] = {
            "smartblock_id": block["id"],
            "receipt_id": receipt["id"],
            "receipt_hash": receipt["hash"],
            "anchor_hash": receipt["hash"],
            "anchor_type": "receipt_hash",
            "degraded": False,
            "proof_surface": {"kind": "receipt", "receipt_id": receipt["id"]},
            "proof_chain": {"terminal_proof_kind": "receipt"},
            "proof_ledger": self.ledger_of(block),
        }
        slot["_generation"] += 1
        slot["_generation_opened"] = self.now()
        slot["_attested"] += 1
        slot["_y"] += y
        slot["_x"] += x
        return block

    def basis(self, slot: Json) -> float:
        """X of the generation: the contract's override, the time since it opened, or its interval."""
        contract = slot["metadata"]
        if contract.get("x_override") is not None:
            return float(contract["x_override"])
        if contract.get("x_mode", "elapsed_time") == "elapsed_time":
            return float((self.now() - slot["_generation_opened"]).total_seconds())
        return float(slot["_interval"] or contract.get("generation_interval") or 0)

    def make_block(self, space: Space, slot: Json, parts: list[Json], digest: str, scalar: Json) -> Json:
        identity = self.uuid()
        block: Json = {
            "id": identity,
            "block_id": identity,
            "slot_id": slot["id"],
            "domain": parts[0]["domain"],
            "block_type": "SmartBlock",
            "hash": digest,
            "snapchore_hash": digest,
            "canonical_proof_hash": digest,
            "generation": slot["_generation"],
            "scalar_gec": scalar,
            "block_type_profile": {"block_type": "event"},
            "payload": {"bitblocks": [part["id"] for part in parts]},
            "metadata": {},
            "created_at": self.stamp(),
            "_parts": [part["id"] for part in parts],
        }
        for part in parts:
            part["composed_block_id"] = identity
        space.blocks[identity] = block
        slot["_blocks"].append(identity)
        return block

    @rule("gateway_seal_slot", "tenant_gateway_seal_slot")
    def seal(self, call: Call) -> Any:
        space = self.space(call)
        return self.once(call, space, lambda: {"data": self.sealed_now(space, call.path["slot_id"])})

    def sealed_now(self, space: Space, identity: str) -> Json:
        slot = self.usable(space, identity)
        block = self.compose(space, slot)
        anchor = slot["_anchor"] or {"anchor_type": "snap_hash", "degraded": True, "anchor_hash": None}
        count = 1 if block else 0
        return {
            "slot_id": slot["id"],
            "anchor": anchor,
            "blocks_composed": count,
            "blocks_attested": count,
            "blocks_attestation_enqueued": 0,
            "compose_receipts": [self.composition(space, block)] if block else [],
            "native_proof_chain": anchor.get("proof_chain"),
            "lifecycle_contract": slot["lifecycle_contract"],
        }

    def composition(self, space: Space, block: Json) -> Json:
        receipt = space.receipts[block["_receipt"]]
        return {"smartblock_id": block["id"], "receipt_id": receipt["id"], "receipt_hash": receipt["hash"]}

    @rule("gateway_close_slot", "tenant_gateway_close_slot")
    def close_slot(self, call: Call) -> Json:
        space = self.space(call)
        return {"data": self.close(space, found(space.slots, call.path["slot_id"], "slot"))}

    def close(self, space: Space, slot: Json) -> Json:
        if slot["state"] == "open":
            self.compose(space, slot)
            blocks = [space.blocks[identity] for identity in slot["_blocks"]]
            slot["state"], slot["closed_at"] = "closed", self.stamp()
            slot["merkle_root"] = merkle_root([block["hash"] for block in blocks])
            receipt = space.receipts[slot["receipt_id"]]
            scalar = {"y": slot["_y"], "x": slot["_x"], "gec0": slot["_y"] / slot["_x"] if slot["_x"] else None}
            receipt["payload"] = {
                "state": "closed",
                "closed_at": slot["closed_at"],
                "merkle_root": slot["merkle_root"],
                "blocks_composed": len(blocks),
                **scalar,
            }
            receipt["scalar_gec"] = scalar
            receipt["hash"] = receipt["snapchore_hash"] = receipt["canonical_proof_hash"] = self.hash_of(
                receipt["payload"]
            )
            slot["_closure"] = self.closure(space, slot, blocks, scalar)
        closure: Json = slot["_closure"]
        return closure

    def closure(self, space: Space, slot: Json, blocks: list[Json], scalar: Json) -> Json:
        return {
            "slot_id": slot["id"],
            "receipt_id": slot["receipt_id"],
            "closed_at": slot["closed_at"],
            "blocks_composed": len(blocks),
            "blocks_attested": slot["_attested"],
            "blocks_attestation_enqueued": 0,
            "compose_receipts": [self.composition(space, block) for block in blocks],
            "scalar_gec": scalar,
            "carrier_state": {"state": "closed"},
            "successor_surface_ids": [],
            "fractal_receipts": [],
            "native_proof_chain": {"terminal_proof_kind": "receipt"},
            "lifecycle_contract": slot["lifecycle_contract"],
            "operation_id": None,
            "idempotency_key": None,
            "operation_refs": [],
            "canonical_proof_hash": slot["merkle_root"],
            "canonical_view": {"slot_id": slot["id"], "merkle_root": slot["merkle_root"]},
            "provenance_view": {"worker_id": slot["worker_id"], "task_type": slot["task_type"]},
        }

    @rule("gateway_list_flags")
    def list_flags(self, call: Call) -> Json:
        return {"flags": {"progressive_seals": True, "local_first_seal": self.version != "0.12"}}

    def ledger_of(self, block: Json) -> list[Json]:
        subject = {"kind": "block", "id": block["id"]}
        entries = [{"kind": "hash", "id": block["hash"]}]
        if block.get("_receipt"):
            entries.append({"kind": "receipt", "id": block["_receipt"]})
        return [{"index": index, **entry, "subject_ref": subject} for index, entry in enumerate(entries)]

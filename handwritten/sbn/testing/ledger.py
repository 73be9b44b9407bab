"""The SnapChore ledger, chains and keys (protocol sheet, section 21.5)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from wirewright.records import mapped
from wirewright.sandbox import Call, rule

from sbn.hashing import CANON_VERSION, GENESIS, chain_hash
from sbn.testing.blocks import BlockRules
from sbn.testing.space import Json, Space, found, matches, newest, said


def bare(digest: str) -> str:
    """A hash without its optional prefix."""
    return str(digest).removeprefix("sha256:")


class LedgerRules(BlockRules):
    """SnapChore."""

    def record(self, space: Space, digest: str, source: str, **more: Any) -> Json:
        entry: Json = {
            "id": self.uuid(),
            "hash": digest,
            "snapchore_hash": digest,
            "canon_version": CANON_VERSION,
            "source": source,
            "domain": None,
            "block_ref": None,
            "outputs_fingerprint": None,
            "status": "recorded",
            "metrics": {},
            "lattice_confirmed": False,
            "created_at": self.stamp(),
            **more,
        }
        space.ledger.append(entry)
        return entry

    def meter(self, space: Space, name: str) -> None:
        space.meters[name] = space.meters.get(name, 0) + 1

    @rule("snapchore_capture")
    def capture(self, call: Call) -> Json:
        space = self.space(call)
        self.meter(space, "captures")
        digest = self.hash_of(call.body["payload"], call.body.get("volatile_keys"))
        entry = self.record(space, digest, "capture")
        return {name: entry[name] for name in ("hash", "snapchore_hash", "canon_version", "source", "created_at")}

    @rule("snapchore_verify")
    def verify(self, call: Call) -> Json:
        self.meter(self.space(call), "verifications")
        return self.compared(
            call.body["expected_hash"], self.hash_of(call.body["payload"], call.body.get("volatile_keys"))
        )

    @staticmethod
    def compared(expected: str, actual: str) -> Json:
        return {
            "valid": bare(expected) == actual,
            "hash": actual,
            "actual_hash": actual,
            "expected_hash": bare(expected),
        }

    @staticmethod
    def surface(block: Json) -> Json:
        return {name: block.get(name) for name in ("id", "domain", "type", "payload", "metadata", "metrics")}

    @rule("snapchore_seal")
    def seal_payload(self, call: Call) -> Json:
        space, body = self.space(call), call.body
        self.meter(space, "seals")
        identity, kind = self.uuid(), body.get("block_type") or "event"
        block: Json = {
            "id": identity,
            "domain": body.get("domain") or "general",
            "type": kind,
            "block_type": kind,
            "payload": body["payload"],
            "metadata": mapped(body, "metadata"),
            "metrics": mapped(body, "metrics"),
            "created_at": self.stamp(),
            "smartblock_record_id": identity,
        }
        digest = self.hash_of(self.surface(block))
        block |= {"hash": digest, "snapchore_hash": digest}
        space.sealed[identity] = {**block, "_state": "sealed_only", "_receipt": None, "_project": None}
        self.record(space, digest, "seal", domain=block["domain"], block_ref=identity, metrics=block["metrics"])
        return block

    @rule("snapchore_verify_block")
    def verify_block(self, call: Call) -> Json:
        block = call.body["block"]
        named = {**block, "type": block.get("type") or block.get("block_type")}
        digest = self.hash_of(self.surface({"metadata": {}, "metrics": {}, **named}))
        return self.compared(block.get("snapchore_hash") or block.get("hash") or "", digest)

    @rule("snapchore_discover")
    def discover(self, call: Call) -> Json:
        digest = bare(call.path["snapchore_hash"])
        entries = {entry["hash"]: entry for entry in self.space(call).ledger}
        return found(entries, digest, "hash")

    @rule("snapchore_discover_recent")
    def discover_recent(self, call: Call) -> Json:
        asked = call.query
        entries = [
            entry
            for entry in self.space(call).ledger
            if matches(entry["source"], asked.get("source"))
            and matches(entry["domain"], asked.get("domain"))
            and entry["created_at"] > str(asked.get("since") or "")
        ]
        page = newest(entries, asked.get("limit") or 20, asked.get("offset"))
        return {"entries": page, "count": len(page), "offset": int(asked.get("offset") or 0)}

    @rule("snapchore_receipts_discover")
    def receipts_discover(self, call: Call) -> Json:
        asked = call.query
        receipts = [
            receipt
            for receipt in self.space(call).receipts.values()
            if matches(receipt["domain"], asked.get("domain"))
            and (not asked.get("hash") or receipt["hash"] == bare(asked["hash"]))
            and (not asked.get("project_id") or receipt["project_id"] == asked["project_id"])
            and receipt["created_at"] > str(asked.get("since") or "")
        ]
        page = newest(receipts, min(200, int(asked.get("limit") or 20)), asked.get("offset"))
        return {"receipts": page, "count": len(page), "offset": int(asked.get("offset") or 0)}

    # Chains ---------------------------------------------------------------------------------------------------------

    @rule("snapchore_create_chain")
    def create_chain(self, call: Call) -> Json:
        space = self.space(call)
        identity = said(call).get("chain_id") or self.short("chain_")
        chain: Json = {"chain_id": identity, "created_at": self.stamp(), "length": 0, "head_hash": None, "entries": []}
        return space.chains.setdefault(identity, chain)

    @rule("snapchore_append_to_chain")
    def append_to_chain(self, call: Call) -> Json:
        chain = found(self.space(call).chains, call.path["chain_id"], "chain")
        index, timestamp = chain["length"], self.stamp()
        kind = call.body.get("event_type") or "block_sealed"
        digest = chain_hash(
            index=index,
            event_type=kind,
            block_hash=call.body["block_hash"],
            previous=chain["head_hash"],
            timestamp=timestamp,
        )
        entry: Json = {
            "index": index,
            "event_type": kind,
            "block_hash": call.body["block_hash"],
            "block_id": call.body.get("block_id"),
            "previous_chain_hash": chain["head_hash"] or GENESIS,
            "chain_hash": digest,
            "timestamp": timestamp,
            "metadata": mapped(call.body, "metadata"),
        }
        chain["entries"].append(entry)
        chain["length"], chain["head_hash"] = index + 1, digest
        return entry

    @rule("snapchore_get_chain")
    def get_chain(self, call: Call) -> Json:
        return found(self.space(call).chains, call.path["chain_id"], "chain")

    @rule("snapchore_list_chains")
    def list_chains(self, call: Call) -> Json:
        chains: list[Json] = [{**chain, "entries": []} for chain in newest(self.space(call).chains.values(), 100)]
        return {"chains": chains, "count": len(chains)}

    @rule("snapchore_verify_chain")
    def verify_chain(self, call: Call) -> Json:
        chain = found(self.space(call).chains, call.path["chain_id"], "chain")
        previous, broken = None, None
        for entry in chain["entries"]:
            named = {name: entry[name] for name in ("index", "event_type", "block_hash", "timestamp")}
            if entry["chain_hash"] != chain_hash(previous=previous, **named) and broken is None:
                broken = entry["index"]
            previous = entry["chain_hash"]
        return {
            "chain_id": chain["chain_id"],
            "valid": broken is None,
            "length": chain["length"],
            "first_break": broken,
        }

    # Totals and keys ------------------------------------------------------------------------------------------------

    @rule("snapchore_get_stats")
    def stats(self, call: Call) -> Json:
        space = self.space(call)
        by_source = dict(Counter(entry["source"] for entry in space.ledger))
        counts = {"chains": len(space.chains), "blocks": len(space.sealed)}
        return {"total": len(space.ledger), "by_source": by_source, **counts}

    @rule("snapchore_get_usage")
    def usage(self, call: Call) -> Json:
        meters = self.space(call).meters
        counts = {name: meters.get(name, 0) for name in ("captures", "verifications", "seals")}
        return {"month": self.stamp()[:7], **counts}

    def mint_key(self, label: str, mode: str = "live", **more: Any) -> Json:
        """A fresh API key, usable at once; its record has it under `_secret`."""
        secret = self.token(f"sbn_{mode}_")
        record: Json = {
            "id": self.short("key_"),
            "name": label,
            "label": label,
            "prefix": secret[:14],
            "mode": mode,
            "plan": "sandbox",
            "rate": "60/min",
            "scopes": ["attest.write", "receipts.read"],
            "revoked": False,
            "project_id": self.network.current_project,
            "limits": {
                "attestations_per_month": 5000,
                "snapchore_events_per_month": 25000,
                "facts_reads_per_month": 100000,
            },
            "default_frontier": None,
            "allowed_frontiers": None,
            "created_at": self.stamp(),
            "_secret": secret,
            "_kind": "network",
            "_events": [],
            **more,
        }
        self.network.keys[secret] = record
        self.key_event(record, "created")
        return record

    def key_event(self, record: Json, event: str) -> None:
        record["_events"].append({"event": event, "key_id": record["id"], "at": self.stamp()})

    def key_by_id(self, identity: str) -> Json:
        return found({key["id"]: key for key in self.network.keys.values()}, identity, "api_key")

    @rule("snapchore_create_api_key")
    def create_snap_key(self, call: Call) -> Json:
        body = said(call)
        key = self.mint_key(body.get("name") or "SnapChore key", body.get("mode") or "live", _kind="snapchore")
        key["plan"] = body.get("plan") or "sandbox"
        secret = key["_secret"]
        return {"api_key": secret, "key": secret, "prefix": key["prefix"], "record": self.public(key)}

    @rule("snapchore_list_api_keys")
    def list_snap_keys(self, call: Call) -> Json:
        return {"keys": newest(self.public(key) for key in self.network.keys.values() if key["_kind"] == "snapchore")}

    @rule("snapchore_revoke_api_key")
    def revoke_snap_key(self, call: Call) -> Json:
        key = self.key_by_id(call.path["key_id"])
        key["revoked"] = True
        return {"id": key["id"], "revoked": True}

    @rule("snapchore_reconcile")
    def reconcile(self, call: Call) -> Json:
        space = self.space(call)
        hashes = {receipt["hash"] for receipt in space.receipts.values()}
        hashes |= {str(receipt["payload"].get("snapchore_hash")) for receipt in space.receipts.values()}
        fresh = [entry for entry in space.ledger if entry["hash"] in hashes and not entry["lattice_confirmed"]]
        for entry in fresh:
            entry["lattice_confirmed"], entry["status"] = True, "confirmed"
        return {"scanned": len(space.ledger), "confirmed": len(fresh)}

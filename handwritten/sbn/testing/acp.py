"""Compute for agents: budgets, leases, receipts, invoices (protocol sheet, section 21.6)."""

from __future__ import annotations

import math

from wirewright.sandbox import Call, rule

from sbn.testing.compute import ComputeRules
from sbn.testing.space import Json, conflict, found, invalid, newest, said

SPOT_PRICE = 0.42


class AcpRules(ComputeRules):
    """Compute for agents: budgets, leases, receipts, invoices."""

    def budget(self, call: Call) -> Json:
        project = call.path["project_id"]
        fresh: Json = {
            "project_id": project,
            "max_hourly_usd": 5.0,
            "max_daily_usd": 50.0,
            "max_monthly_usd": 500.0,
            "max_concurrent_leases": 2,
            "max_bid_usd_hr": 1.0,
            "enabled": True,
            "_killed": False,
        }
        return self.network.budgets.setdefault(project, fresh)

    @rule("acp_get_budget")
    def get_budget(self, call: Call) -> Json:
        return self.public(self.budget(call))

    @rule("acp_update_budget")
    def update_budget(self, call: Call) -> Json:
        budget = self.budget(call)
        budget |= {name: value for name, value in said(call).items() if name in budget}
        return self.public(budget)

    @rule("acp_kill", "acp_unkill")
    def kill(self, call: Call) -> Json:
        self.budget(call)["_killed"] = call.operation is not None and call.operation.id == "acp_kill"
        return self.acp_status(call)

    def leases_of(self, call: Call) -> list[Json]:
        return [lease for lease in self.network.leases.values() if lease["project_id"] == call.path["project_id"]]

    def lease_view(self, lease: Json) -> Json:
        if lease["state"] == "running":
            seconds = (self.now() - lease["_since"]).total_seconds()
            lease |= {"duration_seconds": seconds, "total_cost_usd": seconds / 3600 * lease["spot_price_usd_hr"]}
        return self.public(lease)

    @rule("acp_status")
    def acp_status(self, call: Call) -> Json:
        budget, leases = self.budget(call), [self.lease_view(lease) for lease in self.leases_of(call)]
        receipts = [r for r in self.network.acp_receipts.values() if r["_project"] == call.path["project_id"]]
        return {
            "project_id": budget["project_id"],
            "enabled": budget["enabled"],
            "killed": budget["_killed"],
            "active_leases": sum(lease["state"] == "running" for lease in leases),
            "total_leases": len(leases),
            "total_spend_usd": sum(lease["total_cost_usd"] for lease in leases),
            "total_receipts": len(receipts),
        }

    @rule("acp_list_leases")
    def list_leases(self, call: Call) -> Json:
        state = call.query.get("state")
        leases = [self.lease_view(lease) for lease in self.leases_of(call)]
        page = newest((x for x in leases if not state or x["state"] == state), call.query.get("limit"))
        return {"leases": page, "count": len(page)}

    @rule("acp_get_lease")
    def get_lease(self, call: Call) -> Json:
        return self.lease_view(found(self.network.leases, call.path["lease_id"], "lease"))

    def acp_receipt(self, lease: Json, kind: str) -> Json:
        identity = self.short("acpr_")
        receipt: Json = {
            "receipt_id": identity,
            "receipt_type": kind,
            "lease_id": lease["lease_id"],
            "created_at": self.stamp(),
            "_project": lease["project_id"],
        }
        self.network.acp_receipts[identity] = receipt
        return self.public(receipt)

    @rule("acp_test_lease")
    def test_lease(self, call: Call) -> Json:
        budget, body = self.budget(call), call.body
        running = [lease for lease in self.leases_of(call) if lease["state"] == "running"]
        if budget["_killed"] or not budget["enabled"]:
            raise conflict("The project may not lease now.", "project_killed")
        if len(running) >= (budget["max_concurrent_leases"] or math.inf):
            raise conflict("The project has as many leases as its budget allows.", "lease_limit")
        if float(body.get("max_bid_usd_hr") or 1.0) < SPOT_PRICE:
            raise conflict("There is no offer under this bid.", "no_offer")
        lease: Json = {
            "lease_id": self.short("lease_"),
            "project_id": call.path["project_id"],
            "adapter_name": body["provider"],
            "state": "running",
            "node_name": f"{body['provider']}-node-1",
            "region": body.get("region") or "eu-west",
            "gpu_profile": body.get("gpu_profile") or "t4-16gb",
            "spot_price_usd_hr": SPOT_PRICE,
            "total_cost_usd": 0.0,
            "duration_seconds": 0.0,
            "started_at": self.stamp(),
            "released_at": None,
            "_since": self.now(),
        }
        self.network.leases[lease["lease_id"]] = lease
        return {"lease": self.public(lease), "receipt": self.acp_receipt(lease, "lease_started")}

    @rule("acp_release_lease")
    def release(self, call: Call) -> Json:
        lease = found(self.network.leases, call.path["lease_id"], "lease")
        if lease["state"] == "running":
            self.lease_view(lease)
            lease |= {"state": "released", "released_at": self.stamp()}
            lease["_receipt"] = self.acp_receipt(lease, "lease_released")
        return {"lease": self.public(lease), "receipt": lease["_receipt"]}

    @rule("acp_list_receipts")
    def acp_receipts(self, call: Call) -> Json:
        kind, since = call.query.get("receipt_type"), str(call.query.get("since") or "")
        mine = [
            self.public(r)
            for r in self.network.acp_receipts.values()
            if r["_project"] == call.path["project_id"]
            and (not kind or r["receipt_type"] == kind)
            and r["created_at"] > since
        ]
        cursor = str(call.query.get("cursor") or "0")
        if not cursor.isdecimal():
            raise invalid("The cursor is none of ours.")
        start, limit = int(cursor), int(call.query.get("limit") or 50)
        page = newest(mine, limit, start)
        more = start + limit < len(mine)
        return {"receipts": page, "next_cursor": str(start + limit) if more else None}

    @rule("acp_generate_invoice")
    def generate_invoice(self, call: Call) -> Json:
        identity = self.short("inv_")
        lines: list[Json] = [
            {
                "description": f"{x['lease_id']} ({x['adapter_name']}, {x['gpu_profile']})",
                "amount_usd": x["total_cost_usd"],
            }
            for x in map(self.lease_view, self.leases_of(call))
        ]
        invoice: Json = {
            "id": identity,
            "invoice_id": identity,
            "status": "draft",
            **{name: call.body[name] for name in ("billing_period_start", "billing_period_end")},
            "total_usd": sum(line["amount_usd"] for line in lines),
            "line_items": lines,
            "created_at": self.stamp(),
            "_project": call.path["project_id"],
        }
        self.network.invoices[identity] = invoice
        return self.public(invoice)

    @rule("acp_list_invoices")
    def list_invoices(self, call: Call) -> Json:
        status = call.query.get("status")
        mine = [
            self.public(invoice)
            for invoice in self.network.invoices.values()
            if invoice["_project"] == call.path["project_id"] and (not status or invoice["status"] == status)
        ]
        return {"invoices": newest(mine, call.query.get("limit"), call.query.get("offset")), "total": len(mine)}

    @rule("acp_get_invoice")
    def get_invoice(self, call: Call) -> Json:
        return self.public(found(self.network.invoices, call.path["invoice_id"], "invoice"))

    @rule("acp_finalize_invoice", "acp_mark_invoice_paid", "acp_void_invoice")
    def move_invoice(self, call: Call) -> Json:
        moves = {
            "acp_finalize_invoice": ({"draft"}, "sent"),
            "acp_mark_invoice_paid": ({"sent"}, "paid"),
            "acp_void_invoice": ({"draft", "sent", "void"}, "void"),
        }
        assert call.operation is not None
        allowed, after = moves[call.operation.id]
        invoice = found(self.network.invoices, call.path["invoice_id"], "invoice")
        if invoice["status"] not in allowed:
            raise conflict(f"An invoice that is {invoice['status']} cannot become {after}.")
        invoice["status"] = after
        return self.public(invoice)

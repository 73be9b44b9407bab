"""GEC, NUMA and ACP: numbers, signals and leases (protocol sheet, sections 21.5 and 21.6)."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean
from typing import Any

from wirewright.sandbox import Answer, Call, rule

from sbn.testing.facts import FactRules
from sbn.testing.space import Json, Space, conflict, found, invalid, newest, said

LANES = ("gec_health", "forecast", "control")
_LANE_OF = {"GEC_HEALTH": "gec_health", "FORECAST": "forecast"}
SPOT_PRICE = 0.42
NEEDED_OBSERVATIONS = 5


def interval(y: float, x: float, c_max: float, said: Json) -> Json:
    """Confidence interval of gec0 by the delta method; terms with a zero denominator do not count."""
    gec0 = y / x / c_max
    terms = [
        (said.get("var_y") or 0.0, y * y),
        (said.get("var_x") or 0.0, x * x),
        (said.get("var_cmax") or 0.0, c_max * c_max),
        (-2 * (said.get("cov_yx") or 0.0), y * x),
    ]
    relative = sum(value / base for value, base in terms if base)
    se = abs(gec0) * math.sqrt(max(0.0, relative))
    alpha = said.get("alpha") or 0.05
    reach = NormalDist().inv_cdf(1 - alpha / 2) * se
    return {"lower": gec0 - reach, "upper": gec0 + reach, "se": se, "alpha": alpha, "n": said.get("n")}


def metallic(gec0: float | None) -> str:
    """A class for people."""
    if gec0 is None:
        return "unrated"
    return next((label for limit, label in ((0.9, "gold"), (0.5, "silver"), (0.2, "bronze")) if gec0 >= limit), "iron")


class ComputeRules(FactRules):
    """Numbers, signals and leases."""

    # GEC ------------------------------------------------------------------------------------------------------------

    def frontier(self, identity: str, *, provision: bool = False) -> Json:
        """A frontier by id or canonical path; `provision` makes one that is not known."""
        frontiers = self.network.frontiers
        if identity not in frontiers and provision:
            frontiers[identity] = {
                "frontier_id": identity,
                "canonical_path": identity,
                "c_max": 1.0,
                "regime": "unknown",
                "metallic_label": "unrated",
                "pulse_type": "slot_stream",
                "app_family": identity.rpartition(".")[0] or identity,
                "frontier_kind": "scoring",
            }
        return found(frontiers, identity, "frontier")

    @rule("gec_list_frontiers")
    def gec_frontiers(self, call: Call) -> Answer:
        etag = f'"v{len(self.network.frontiers)}"'
        if call.headers.get("if-none-match") == etag:
            return Answer(304, headers={"etag": etag})
        domains: dict[str, list[str]] = {}
        for identity in sorted(self.network.frontiers):
            domains.setdefault(identity.partition(".")[0], []).append(identity)
        return Answer(200, {"domains": domains}, headers={"etag": etag})

    @rule("gec_get_frontier_bundle")
    def bundle(self, call: Call) -> Json:
        bundle = {identity: {"c_max": f["c_max"]} for identity, f in self.network.frontiers.items()}
        version = f"v{len(bundle)}"
        return {"bundle": bundle, "snapchore_hash": self.hash_of(bundle), "version": version, "loaded_at": self.stamp()}

    @rule("gec_compute")
    def compute(self, call: Call) -> Json:
        said = call.body
        known = self.network.frontiers.get(said.get("frontier_id") or "")
        source = "explicit" if said.get("c_max") is not None else "registry" if known else "default"
        c_max = float(said["c_max"] if source == "explicit" else known["c_max"] if known else 1.0)
        y, x = float(said["y"]), float(said["x"])
        if x <= 0 or c_max <= 0:
            raise invalid("x and c_max must be positive.")
        csk = said.get("csk")
        gec0 = y / x / c_max
        return {
            "gec0": gec0,
            "ci": interval(y, x, c_max, said),
            "csk": csk,
            "lambda_score": fmean(csk.values()) if csk else None,
            "metallic_label": metallic(gec0),
            "attractor": "steady",
            "frontier": {"id": said.get("frontier_id"), "c_max": c_max, "source": source},
        }

    def observations(self, frontier: str) -> list[float]:
        blocks = [block for space in self.spaces.values() for block in space.blocks.values()]
        return [b["scalar_gec"]["gec0"] or 0.0 for b in blocks if b["domain"] == frontier and b["scalar_gec"]]

    @rule("gec_get_frontier_health")
    def frontier_health(self, call: Call) -> Json:
        frontier = self.frontier(call.path["frontier_id"])
        seen = self.observations(frontier["frontier_id"])
        return {
            "frontier_id": frontier["frontier_id"],
            "current_gec0": seen[-1] if seen else None,
            "avg_gec": fmean(seen) if seen else None,
            "trend": "flat",
            "metallic_label": metallic(seen[-1] if seen else None),
            "ci": None,
            "csk_health": {},
            "attractor": "steady",
            "n": len(seen),
            "days": int(call.query.get("days") or 30),
            "frontier_c_max": frontier["c_max"],
            "updated_at": self.stamp(),
        }

    def custom(self, call: Call) -> Json:
        identity = call.path["frontier_id"]
        fresh: Json = {"frontier_id": identity, "state": "draft", "observations": 0, "c_max": None, "_base": 0}
        return self.space(call).custom_frontiers.setdefault(identity, fresh)

    @rule("gec_start_calibration")
    def start_calibration(self, call: Call) -> Json:
        frontier = self.custom(call)
        if frontier["state"] == "suspended":
            raise conflict("A suspended frontier cannot be calibrated.")
        frontier |= {"state": "calibrating", "observations": 0, "_base": len(self.space(call).bitblocks)}
        instructions = f"Run the workflow at least {NEEDED_OBSERVATIONS} times, then complete the calibration."
        return {"custom_frontier": self.public(frontier), "instructions": instructions}

    @rule("gec_complete_calibration")
    def complete_calibration(self, call: Call) -> Json:
        frontier = self.custom(call)
        if frontier["state"] != "calibrating":
            raise conflict(f"A frontier that is {frontier['state']} is not being calibrated.")
        seen = len(self.space(call).bitblocks) - frontier["_base"]
        frontier["observations"] = seen
        if seen < NEEDED_OBSERVATIONS:
            reason = [f"{seen} of {NEEDED_OBSERVATIONS} observations"]
            return {
                "state": "calibrating",
                "reason": reason,
                "current": {"n": seen},
                "custom_frontier": self.public(frontier),
            }
        frontier |= {"state": "active", "c_max": 1.0}
        return {"state": "active", "measured": {"c_max": 1.0, "n": seen}, "custom_frontier": self.public(frontier)}

    @rule("gec_suspend_frontier", "gec_unsuspend_frontier")
    def suspend(self, call: Call) -> Json:
        suspending = call.operation is not None and call.operation.id == "gec_suspend_frontier"
        frontier = self.custom(call)
        needed, after = ("active", "suspended") if suspending else ("suspended", "active")
        if frontier["state"] != needed:
            raise conflict(f"A frontier that is {frontier['state']} cannot become {after}.")
        frontier["state"] = after
        return {"frontier_id": frontier["frontier_id"], "state": after}

    # NUMA -----------------------------------------------------------------------------------------------------------

    def active(self, signal: Json) -> bool:
        return not signal["_acked"] and not (signal["expires_at"] and signal["expires_at"] <= self.stamp())

    @rule("numa_publish_signals")
    def publish_signals(self, call: Call) -> Json:
        space = self.space(call)
        for given in call.body["signals"]:
            identity = str(given.get("signal_id") or given.get("id") or self.short("sig_"))
            kind = str(given.get("signal_type") or "META")
            space.signals[identity] = {
                "priority": 0,
                "frontier_id": None,
                "payload": {},
                "expires_at": None,
                **given,
                "signal_type": kind,
                "created_at": given.get("created_at") or self.stamp(),
                "signal_id": identity,
                "id": identity,
                "lane": given.get("lane") or _LANE_OF.get(kind, "control"),
                "_acked": False,
            }
            message = f"{kind} was published."
            self.add_hint(space, {"frontier_id": given.get("frontier_id"), "kind": kind, "message": message})
        count = len(call.body["signals"])
        return {"published": count, "distilled": count}

    def listed_signals(self, space: Space, asked: Json, limit: int) -> list[Json]:
        found_signals = [
            self.public(signal)
            for signal in space.signals.values()
            if (not asked.get("signal_type") or signal["signal_type"] == asked["signal_type"])
            and (not asked.get("frontier_id") or signal["frontier_id"] == asked["frontier_id"])
            and (not asked.get("lane") or signal["lane"] == asked["lane"])
            and (not asked.get("since") or str(signal["created_at"]) > str(asked["since"]))
            and (asked.get("active_only") is False or self.active(signal))
        ]
        return sorted(found_signals, key=lambda signal: str(signal["created_at"]))[:limit]

    def cursor(self, signals: list[Json], before: Any = None) -> str:
        return str(signals[-1]["created_at"]) if signals else str(before or self.stamp())

    @rule("numa_get_signals")
    def get_signals(self, call: Call) -> Json:
        signals = self.listed_signals(self.space(call), call.query, int(call.query.get("limit") or 100))
        return {"signals": signals, "cursor": self.cursor(signals, call.query.get("since")), "count": len(signals)}

    @rule("numa_poll_signals_multilane")
    def poll(self, call: Call) -> Json:
        space, body, lanes = self.space(call), call.body, list[Json]()
        for wanted in body["cursors"] or [{"lane": lane, "since": None} for lane in LANES]:
            asked = {**wanted, "frontier_id": body.get("frontier_id")}
            signals = self.listed_signals(space, asked, int(body.get("limit_per_lane") or 10))
            cursor = self.cursor(signals, wanted.get("since"))
            lanes.append({"lane": wanted["lane"], "signals": signals, "cursor": cursor, "count": len(signals)})
        return {"lanes": lanes}

    @rule("numa_ack_signals")
    def ack(self, call: Call) -> Json:
        signals, count = self.space(call).signals, 0
        for identity in call.body["signal_ids"]:
            if identity in signals and not signals[identity]["_acked"]:
                signals[identity]["_acked"] = True
                count += 1
        return {"acknowledged": count}

    def add_hint(self, space: Space, hint: Json) -> None:
        identity = str(hint.get("hint_id") or self.short("hint_"))
        known: Json = {"frontier_id": None, "kind": None, "message": None, **hint}
        space.hints[identity] = {**known, "hint_id": identity, "id": identity, "created_at": self.stamp()}

    @rule("numa_publish_hints")
    def publish_hints(self, call: Call) -> Json:
        for hint in call.body["hints"]:
            self.add_hint(self.space(call), hint)
        return {"published": len(call.body["hints"])}

    @rule("numa_get_hints")
    def get_hints(self, call: Call) -> Json:
        frontier = call.query.get("frontier_id")
        hints = [h for h in self.space(call).hints.values() if not frontier or h["frontier_id"] == frontier]
        return {"hints": newest(hints), "count": len(hints)}

    @rule("numa_publish_forecast")
    def publish_forecast(self, call: Call) -> Json:
        report = call.body["report"]
        forecast: Json = {
            "frontier_id": call.body["frontier_id"],
            "generated_at": call.body.get("generated_at") or self.stamp(),
            **{name: report.get(name) for name in ("risk_band", "status", "summary")},
            "report": report,
        }
        self.space(call).forecasts[forecast["frontier_id"]] = forecast
        return forecast

    @rule("numa_get_forecast")
    def get_forecast(self, call: Call) -> Json:
        return found(self.space(call).forecasts, call.path["frontier_id"], "forecast")

    @rule("numa_list_forecasts")
    def list_forecasts(self, call: Call) -> Json:
        items = list(self.space(call).forecasts.values())
        return {"items": items, "count": len(items)}

    @rule("numa_get_diagnostics")
    def diagnostics(self, call: Call) -> Json:
        space = self.space(call)
        active = [signal for signal in space.signals.values() if self.active(signal)]
        frontiers = {str(s["frontier_id"]) for s in active if s["frontier_id"]} | set(space.forecasts)
        return {"status": "ok", "summary": f"{len(active)} active signals", "frontiers": sorted(frontiers)}

    # ACP ------------------------------------------------------------------------------------------------------------

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

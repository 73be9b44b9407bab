"""GEC and NUMA: numbers and signals (protocol sheet, section 21.5)."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean
from typing import Any

from wirewright.sandbox import Answer, Call, rule

from sbn.testing.facts import FactRules
from sbn.testing.space import Json, Space, conflict, found, invalid, newest

LANES = ("gec_health", "forecast", "control")
_LANE_OF = {"GEC_HEALTH": "gec_health", "FORECAST": "forecast"}
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
    """Numbers and signals."""

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

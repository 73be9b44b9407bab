"""Atlas: apps, keys, bindings with their history, frontiers (protocol sheet, sections 21.5 and 19.1)."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from wirewright.records import listed
from wirewright.sandbox import Answer, Call, Refuse, rule

from sbn.testing.acp import AcpRules
from sbn.testing.space import Json, found, newest, said

CSK = {"S": 0.7, "H": 0.6, "D": 0.5, "R": 0.8, "E": 0.4}


class AppRules(AcpRules):
    """Atlas."""

    # Frontiers ------------------------------------------------------------------------------------------------------

    @rule("atlas_resolve")
    def resolve(self, call: Call) -> Json:
        body = said(call)
        chosen = body.get("frontier_hint") or self.bound_frontier(body.get("workflow"))
        frontier = self.frontier(chosen, provision=True) if chosen else None
        return {
            "scoring_frontier": chosen,
            "c_max": frontier["c_max"] if frontier else None,
            "regime": frontier["regime"] if frontier else "unknown",
            "metallic_label": frontier["metallic_label"] if frontier else None,
            "lambda_score": 0.6,
            "steering_layer": "execution",
            "csk": CSK,
            "regime_guidance": "Room to do more.",
            "intervention_hints": self.interventions(),
        }

    def bound_frontier(self, workflow: str | None) -> str | None:
        specs = [app["_specs"].get(workflow) for app in self.network.apps.values() if app["status"] == "active"]
        return next((spec["frontier_id"] for spec in reversed(specs) if spec), None)

    @staticmethod
    def interventions() -> list[Json]:
        return [{"severity": "warning", "dimension": "E", "score": CSK["E"], "message": "Exchange is low."}]

    @rule("atlas_list_frontiers")
    def atlas_frontiers(self, call: Call) -> Json:
        wanted = {"frontier_kind": "kind", "app_family": "family", "regime": "regime"}
        listed = [
            frontier
            for _, frontier in sorted(self.network.frontiers.items())
            if all(not call.query.get(asked) or frontier[name] == call.query[asked] for name, asked in wanted.items())
        ]
        return {"frontiers": listed, "count": len(listed)}

    @rule("atlas_get_frontier_snapshot")
    def snapshot(self, call: Call) -> Json:
        frontier = self.frontier(call.path["frontier_id"])
        named = {
            name: frontier[name] for name in ("frontier_id", "canonical_path", "c_max", "regime", "metallic_label")
        }
        seen = len(self.observations(frontier["frontier_id"]))
        return {**named, "lambda_score": 0.6, "csk": CSK, "observations": seen, "as_of": self.stamp()}

    @rule("atlas_get_frontier_history", "atlas_get_frontier_history_delta")
    def history(self, call: Call) -> Json:
        frontier = self.frontier(call.path["frontier_id"])
        identity, asked = frontier["frontier_id"], call.query
        seen = self.observations(identity)
        buckets: list[Json] = [{"start": self.stamp(), "observations": len(seen), "gec0": seen[-1]}] if seen else []
        answer: Json = {"frontier_id": identity, "buckets": buckets, "cursor": self.stamp(), "interventions": []}
        answer["couplings"] = self.couplings_of(identity) if asked.get("include_coupling") else []
        if asked.get("include_rollup"):
            answer["rollup"] = {"observations": len(seen)}
        if asked.get("include_instrumentation"):
            answer["instrumentation"] = {"weak_rate": 0.0}
        if asked.get("include_interventions"):
            answer["interventions"] = self.interventions()
        return answer

    @rule("atlas_get_frontier_validation")
    def validation(self, call: Call) -> Json:
        frontier = self.frontier(call.path["frontier_id"])
        checks: list[Json] = [{"name": "c_max_positive", "ok": frontier["c_max"] > 0, "deviation": 0.0}]
        tolerance = float(call.query.get("tolerance") or 0.05)
        valid = all(check["ok"] for check in checks)
        return {"frontier_id": frontier["frontier_id"], "valid": valid, "tolerance": tolerance, "checks": checks}

    @rule("atlas_get_instrumentation_report")
    def instrumentation(self, call: Call) -> Json:
        asked = call.query
        blocks = list(self.space(call).bitblocks.values())
        weak = [block for block in blocks if not block["payload"].get("interactions")]
        counts = {"total_events": len(blocks), "strong_events": len(blocks) - len(weak), "weak_events": len(weak)}
        rate = len(weak) / len(blocks) if blocks else 0.0
        segments: list[Json] = [
            {
                "frontier_id": first["domain"],
                "event_type": first["payload"].get("action"),
                "source_app": None,
                "weak_rate": rate,
                "weak_events": len(weak),
                "total_events": len(blocks),
                "sample_missing_dimensions": ["interactions"],
            }
            for first in weak[:1]
        ]
        return {
            **{name: asked.get(name) for name in ("family", "frontier_id", "source_app", "event_type")},
            "window_days": int(asked.get("window_days") or 14),
            "summary": {
                **counts,
                "weak_rate": rate,
                "status_counts": {"strong": counts["strong_events"], "weak": counts["weak_events"]},
                "missing_dimension_counts": {"interactions": len(weak)} if weak else {},
            },
            "weak_segments": segments,
        }

    @rule("atlas_get_intervention_report")
    def intervention_report(self, call: Call) -> Json:
        listed = self.interventions()[: int(call.query.get("limit") or 10)]
        window = int(call.query.get("window_days") or 14)
        return {"interventions": listed, "count": len(listed), "window_days": window}

    # Couplings and calibration --------------------------------------------------------------------------------------

    def couplings_of(self, frontier: str | None, strength: Any = None) -> list[Json]:
        least = float(strength or 0)
        return [
            coupling
            for coupling in self.network.couplings.values()
            if (not frontier or frontier in (coupling["frontier_a_id"], coupling["frontier_b_id"]))
            and coupling["strength"] >= least
        ]

    @rule("atlas_list_couplings", "atlas_get_frontier_couplings")
    def couplings(self, call: Call) -> Json:
        wanted = call.path.get("frontier_id") or call.query.get("frontier_id")
        kind = call.query.get("coupling_type")
        listed = self.couplings_of(wanted, call.query.get("min_strength"))
        listed = [coupling for coupling in listed if not kind or coupling["coupling_type"] == kind]
        return {"couplings": listed, "count": len(listed)}

    @rule("atlas_detect_couplings")
    def detect(self, call: Call) -> Json:
        before = len(self.network.couplings)
        for app in self.network.apps.values():
            frontiers = sorted({spec["frontier_id"] for spec in app["_specs"].values()})
            for first, second in combinations(frontiers, 2):
                self.network.couplings[f"{first}|{second}"] = {
                    "frontier_a_id": first,
                    "frontier_b_id": second,
                    "coupling_type": "shared_app",
                    "strength": 0.5,
                    "direction": "both",
                }
        return {"detected": len(self.network.couplings) - before}

    def calibrated(self, frontier: Json, force: bool) -> Json:
        seen = self.observations(frontier["frontier_id"])
        before = frontier["c_max"]
        if seen or force:
            frontier["c_max"] = round(max([*seen, before]), 6)
            frontier["regime"] = "slack" if before <= frontier["c_max"] else "saturated"
        return {
            "frontier": frontier["frontier_id"],
            "previous_cmax": before,
            "c_max": frontier["c_max"],
            "regime": frontier["regime"],
            "metallic_label": frontier["metallic_label"],
            "lambda_score": 0.6,
            "observations": len(seen),
            "version_tag": f"cal-{len(seen)}",
            "csk": CSK,
        }

    @rule("atlas_calibrate_frontier")
    def calibrate(self, call: Call) -> Json:
        return self.calibrated(self.frontier(call.body["frontier_id"]), bool(call.body.get("force")))

    @rule("atlas_calibrate_all")
    def calibrate_all(self, call: Call) -> Json:
        force = bool(call.query.get("force"))
        return {"results": [self.calibrated(frontier, force) for frontier in self.network.frontiers.values()]}

    # Apps -----------------------------------------------------------------------------------------------------------

    def app(self, call: Call) -> Json:
        return found(self.network.apps, call.path["app_id"], "app")

    @rule("atlas_register_app")
    def register_app(self, call: Call) -> Json:
        body = call.body
        identity = self.short("app_")
        app: Json = {
            "app_id": identity,
            "app_name": body["app_name"],
            "app_family": body["app_family"],
            "client_id": self.short("atl_"),
            "declared_workflows": body["declared_workflows"],
            "status": "active",
            "created_at": self.stamp(),
            "_secret": self.token("atl_sec_"),
            "_ttl": int(body.get("token_ttl_seconds") or 3600),
            "_keys": [],
            "_specs": {},
        }
        self.network.apps[identity] = app
        given = {spec["workflow"]: spec for spec in listed(body, "workflow_specs")}
        for workflow in dict.fromkeys([*body["declared_workflows"], *given]):
            spec = given.get(workflow, {})
            frontier = spec.get("frontier_id") or spec.get("frontier") or f"{body['app_family']}.{workflow}"
            self.bind(app, {**spec, "workflow": workflow, "frontier_id": frontier}, "created")
        return {
            **{name: app[name] for name in ("app_id", "app_name", "client_id")},
            "client_secret": app["_secret"],
            "bindings": self.bindings(app),
            "workflow_specs": [self.spec_view(spec) for spec in app["_specs"].values()],
        }

    def bind(self, app: Json, said: Json, action: str) -> Json:
        """Create or change a binding, and add a row to its history."""
        fresh = said["frontier_id"] not in self.network.frontiers
        frontier = self.frontier(said["frontier_id"], provision=True)
        if fresh:
            frontier["app_family"] = app["app_family"]
        spec: Json = app["_specs"].setdefault(said["workflow"], {"_history": []})
        spec |= {name: value for name, value in said.items() if value not in (None, [], {})}
        spec.setdefault("pulse_type", "slot_stream")
        spec.setdefault("event_types", [])
        spec["auto_provisioned"] = fresh or spec.get("auto_provisioned", False)
        frontier["pulse_type"] = spec["pulse_type"]
        row = {name: spec.get(name) for name in ("frontier_id", "pulse_type", "event_types")}
        spec["_history"].append({"changed_at": self.stamp(), "action": action, **row})
        return spec

    def spec_view(self, spec: Json) -> Json:
        return {name: value for name, value in self.public(spec).items() if name != "auto_provisioned"}

    def binding_view(self, spec: Json) -> Json:
        frontier = self.frontier(spec["frontier_id"], provision=True)
        prefix = "ATLAS_" + "".join(c if c.isalnum() else "_" for c in spec["workflow"]).upper()
        return {
            "workflow": spec["workflow"],
            "frontier": spec["frontier_id"],
            "pulse_type": spec["pulse_type"],
            "event_types": spec["event_types"],
            "source_kind": "declared",
            "auto_provisioned": spec["auto_provisioned"],
            **{name: frontier[name] for name in ("c_max", "regime", "metallic_label")},
            "lambda_score": 0.6,
            "env_prefix": prefix,
        }

    def bindings(self, app: Json) -> list[Json]:
        return [self.binding_view(spec) for spec in app["_specs"].values()]

    def live_keys(self, app: Json) -> list[Json]:
        return [key for key in map(self.key_by_id, app["_keys"]) if not key["revoked"]]

    def is_ready(self, app: Json) -> bool:
        return bool(self.live_keys(app) and app["_specs"])

    @rule("atlas_exchange_token")
    def exchange_token(self, call: Call) -> Json:
        apps = {app["client_id"]: app for app in self.network.apps.values() if app["status"] == "active"}
        app = apps.get(call.body["client_id"])
        if app is None or app["_secret"] != call.body["client_secret"]:
            raise Refuse(401, code="unauthorized", message="The client credentials are not valid.")
        token = self.token("atk_")
        self.network.tokens[token] = {"app_id": app["app_id"], "until": self.now().timestamp() + app["_ttl"]}
        return {"access_token": token, "token_type": "Bearer", "app_id": app["app_id"], "expires_in": app["_ttl"]}

    @rule("atlas_get_env")
    def env(self, call: Call) -> Any:
        app = self.app(call)
        variables = {"ATLAS_APP_ID": app["app_id"], "ATLAS_CLIENT_ID": app["client_id"]}
        for binding in self.bindings(app):
            variables[f"{binding['env_prefix']}_FRONTIER"] = binding["frontier"]
        if call.query.get("format") == "dotenv":
            text = "".join(f"{name}={value}\n" for name, value in variables.items())
            return Answer(200, text, media_type="text/plain")
        named = {name: app[name] for name in ("app_id", "client_id", "app_name")}
        return {**named, "bindings": self.bindings(app), "env_vars": variables}

    @rule("atlas_list_apps")
    def list_apps(self, call: Call) -> Json:
        apps = [
            {
                **self.public(app),
                "bound_key_count": len(self.live_keys(app)),
                "attestation_ready": self.is_ready(app),
                "workflow_specs": [
                    {**self.spec_view(spec), "contract_history": spec["_history"]} for spec in app["_specs"].values()
                ],
            }
            for app in self.network.apps.values()
        ]
        return {"apps": newest(apps), "count": len(apps)}

    @rule("atlas_revoke_app")
    def revoke_app(self, call: Call) -> Json:
        app = self.app(call)
        app["status"] = "revoked"
        tokens = self.network.tokens
        for token in [token for token, known in tokens.items() if known["app_id"] == app["app_id"]]:
            del tokens[token]
        return {"app_id": app["app_id"], "status": "revoked"}

    def bound(self, app: Json, key: Json, *, secret: bool) -> Json:
        if key["id"] not in app["_keys"]:
            app["_keys"].append(key["id"])
        return {
            "api_key": key["_secret"] if secret else None,
            "prefix": key["prefix"],
            "record": {name: key[name] for name in ("id", "prefix", "plan", "scopes")},
            "attestation_ready": self.is_ready(app),
            "effective_frontiers": sorted({spec["frontier_id"] for spec in app["_specs"].values()}),
        }

    @rule("atlas_mint_bound_key")
    def mint_bound_key(self, call: Call) -> Json:
        body = said(call)
        key = self.mint_key(body.get("label") or "bound key")
        key["scopes"] = body.get("scopes") or key["scopes"]
        return self.bound(self.app(call), key, secret=True)

    @rule("atlas_bind_existing_key")
    def bind_key(self, call: Call) -> Json:
        return self.bound(self.app(call), self.key_by_id(call.body["key_id"]), secret=False)

    @rule("atlas_upsert_binding")
    def upsert_binding(self, call: Call) -> Json:
        app, body = self.app(call), dict(call.body)
        spec = self.bind(app, body, body.pop("history_action", None) or "updated")
        return {"binding": self.binding_view(spec), "attestation_ready": self.is_ready(app)}

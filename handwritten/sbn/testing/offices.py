"""Console, control plane and governance: keys and projects, tenants and validators, proposals."""

from __future__ import annotations

from wirewright.records import listed
from wirewright.sandbox import Answer, Call, Refuse, rule

from sbn.console import PLANS
from sbn.testing.promotion import PromotionRules
from sbn.testing.space import Json, conflict, found, invalid, newest, said

METERS = ("attestations", "snapchore_events", "facts_reads")
EVENT_TYPES = ["governance.proposal_submitted", "slot.closed", "webhook.test"]


class OfficeRules(PromotionRules):
    """What people administer."""

    # Projects -------------------------------------------------------------------------------------------------------

    def make_project(self, identity: str, name: str) -> Json:
        project: Json = {
            "id": identity,
            "name": name,
            "description": None,
            "plan": "sandbox",
            "archived": False,
            "created_at": self.stamp(),
        }
        self.network.projects[identity] = project
        self.log("project.created", project=identity)
        return project

    def project(self, call: Call) -> Json:
        """The project of a path; one that is not known yet is made."""
        identity = call.path.get("project_id") or self.network.current_project
        return self.network.projects.get(identity) or self.make_project(identity, identity)

    @rule("console_list_projects")
    def list_projects(self, call: Call) -> list[Json]:
        return list(self.network.projects.values())

    @rule("console_create_project")
    def create_project(self, call: Call) -> Json:
        return self.make_project(self.short("proj-"), call.body["name"])

    @rule("console_switch_project")
    def switch_project(self, call: Call) -> Json:
        project = found(self.network.projects, call.path["project_id"], "project")
        self.network.current_project = project["id"]
        return project

    @rule("console_get_project")
    def get_project(self, call: Call) -> Json:
        return self.project(call)

    @rule("console_update_project")
    def update_project(self, call: Call) -> Json:
        project = self.project(call)
        project |= {name: call.body[name] for name in ("name", "description") if name in said(call)}
        return project

    @rule("console_delete_project")
    def delete_project(self, call: Call) -> Json:
        project = self.project(call)
        del self.network.projects[project["id"]]
        for key in self.network.keys.values():
            if key["project_id"] == project["id"] and key["id"] != "key_seed":
                key["revoked"] = True
        return {"id": project["id"], "deleted": True}

    @rule("console_get_project_settings")
    def get_settings(self, call: Call) -> Json:
        return self.network.settings.setdefault(self.project(call)["id"], {})

    @rule("console_update_project_settings")
    def update_settings(self, call: Call) -> Json:
        settings = self.network.settings.setdefault(self.project(call)["id"], {})
        settings.update(said(call))
        return settings

    @rule("console_archive_project", "console_unarchive_project")
    def archive(self, call: Call) -> Json:
        project = self.project(call)
        project["archived"] = call.operation is not None and call.operation.id == "console_archive_project"
        self.log("project.archived" if project["archived"] else "project.unarchived")
        return project

    @rule("console_get_audit_log")
    def audit_log(self, call: Call) -> Json:
        return {"entries": newest(self.network.audit), "count": len(self.network.audit)}

    # Keys and usage -------------------------------------------------------------------------------------------------

    def keys_of(self, project: Json) -> list[Json]:
        keys = self.network.keys.values()
        return [key for key in keys if key["project_id"] == project["id"] and key["_kind"] != "snapchore"]

    @rule("console_list_api_keys", "console_list_own_api_keys")
    def list_keys(self, call: Call) -> Json:
        return {"keys": newest(self.public(key) for key in self.keys_of(self.project(call)))}

    @rule("console_create_api_key")
    def create_key(self, call: Call) -> Json:
        body, project = said(call), self.project(call)
        key = self.mint_key(body.get("label") or "SDK key", project_id=project["id"])
        key["plan"] = body.get("plan") or "sandbox"
        key["scopes"] = body.get("scopes") or key["scopes"]
        key["default_frontier"] = body.get("defaultFrontier")
        key["allowed_frontiers"] = body.get("allowedFrontiers")
        self.log("key.created", key=key["id"])
        return self.minted(key)

    def minted(self, key: Json) -> Json:
        return {"api_key": key["_secret"], "prefix": key["prefix"], "record": self.public(key)}

    @rule("console_revoke_api_key")
    def revoke_key(self, call: Call) -> Json:
        key = self.key_by_id(call.path["key_id"])
        if not key["revoked"]:
            key["revoked"] = True
            self.key_event(key, "revoked")
        return {"id": key["id"], "revoked": True}

    @rule("console_rotate_api_key")
    def rotate_key(self, call: Call) -> Json:
        old = self.key_by_id(call.path["key_id"])
        if old["revoked"]:
            raise conflict("A revoked key cannot be rotated.")
        old["revoked"] = True
        self.key_event(old, "rotated")
        kept = ("scopes", "plan", "default_frontier", "allowed_frontiers", "project_id")
        return self.minted(self.mint_key(old["label"], **{name: old[name] for name in kept}))

    @rule("console_get_key_events")
    def key_events(self, call: Call) -> Json:
        return {"events": newest(self.key_by_id(call.path["key_id"])["_events"])}

    def key_usage(self, key: Json) -> Json:
        used = key.get("_used", {})
        return {"key_id": key["id"], "prefix": key["prefix"], **{name: used.get(name, 0) for name in METERS}}

    @rule("console_get_usage", "console_get_own_usage")
    def usage_by_key(self, call: Call) -> Json:
        project = self.project(call)
        usage = [self.key_usage(key) for key in self.keys_of(project)]
        return {"project_id": project["id"], "month": self.stamp()[:7], "keys": usage}

    @rule("console_get_usage_summary")
    def usage_summary(self, call: Call) -> Json:
        project = self.project(call)
        usage = [self.key_usage(key) for key in self.keys_of(project)]
        totals = {name: sum(line[name] for line in usage) for name in METERS}
        limits = dict(PLANS.get(project["plan"], PLANS["sandbox"])["limits"])
        return {
            "project_id": project["id"],
            "month": self.stamp()[:7],
            "plan": project["plan"],
            "totals": totals,
            "limits": limits,
        }

    @rule("console_export_usage_csv")
    def usage_csv(self, call: Call) -> Answer:
        lines = ["key_id,meter,count"]
        for key in self.keys_of(self.project(call)):
            usage = self.key_usage(key)
            lines += [f"{key['id']},{name},{usage[name]}" for name in METERS]
        return Answer(200, "\n".join(lines) + "\n", media_type="text/csv")

    # Billing and analytics ------------------------------------------------------------------------------------------

    @rule("console_get_billing_status")
    def billing_status(self, call: Call) -> Json:
        project = self.project(call)
        return {"project_id": project["id"], "plan": project["plan"], "status": "active", "overage_cents": 0}

    @rule("console_create_checkout")
    def create_checkout(self, call: Call) -> Json:
        if call.body["plan"] not in PLANS:
            raise invalid(f"There is no plan {call.body['plan']!r}.")
        self.project(call)
        return {"checkout_url": f"{call.base_url}/_sandbox/checkout/{self.short('cs_')}"}

    @rule("console_get_portal_url")
    def portal(self, call: Call) -> Json:
        self.project(call)
        url = f"{call.base_url}/_sandbox/portal/{self.short('ps_')}"
        return {"portal_url": url, "url": url}

    @rule("console_pay_overage")
    def pay_overage(self, call: Call) -> Json:
        self.project(call)
        return {"paid": True, "amount_cents": 0}

    def sealed_work(self, call: Call) -> list[Json]:
        return [block for block in self.space(call).blocks.values() if block["scalar_gec"]]

    @rule("console_get_gec_trend")
    def gec_trend(self, call: Call) -> Json:
        project, days = self.project(call), dict[str, list[float]]()
        for block in self.sealed_work(call):
            days.setdefault(block["created_at"][:10], []).append(block["scalar_gec"]["gec0"] or 0.0)
        points: list[Json] = [
            {"date": day, "gec0": sum(values) / len(values), "n": len(values)} for day, values in sorted(days.items())
        ]
        return {"project_id": project["id"], "points": points}

    @rule("console_get_frontier_breakdown")
    def frontier_breakdown(self, call: Call) -> Json:
        project, shares = self.project(call), dict[str, int]()
        for block in self.sealed_work(call):
            shares[block["domain"]] = shares.get(block["domain"], 0) + 1
        listed: list[Json] = [
            {"frontier_id": name, "blocks": count, "attested": count}
            for name, count in sorted(shares.items(), key=lambda item: -item[1])
        ]
        return {"project_id": project["id"], "frontiers": listed}

    @rule("console_get_csk_breakdown")
    def csk_breakdown(self, call: Call) -> Json:
        project = self.project(call)
        return {"project_id": project["id"], "csk": {"S": 0.7, "H": 0.6, "D": 0.5, "R": 0.8, "E": 0.4}}

    # Webhooks -------------------------------------------------------------------------------------------------------

    def webhook(self, call: Call) -> Json:
        return found(self.network.webhooks, call.path["webhook_id"], "webhook")

    @rule("console_list_webhooks")
    def list_webhooks(self, call: Call) -> Json:
        project = self.project(call)
        hooks = [self.public(hook) for hook in self.network.webhooks.values() if hook["_project"] == project["id"]]
        return {"webhooks": newest(hooks)}

    @rule("console_create_webhook")
    def create_webhook(self, call: Call) -> Json:
        body = call.body
        hook: Json = {
            "id": self.short("wh_"),
            "url": body["url"],
            "events": listed(body, "events"),
            "enabled": body.get("enabled", True),
            "created_at": self.stamp(),
            "_project": self.project(call)["id"],
        }
        self.network.webhooks[hook["id"]] = hook
        return self.public(hook)

    @rule("console_update_webhook")
    def update_webhook(self, call: Call) -> Json:
        hook = self.webhook(call)
        hook |= {name: call.body[name] for name in ("url", "events", "enabled") if name in said(call)}
        return self.public(hook)

    @rule("console_delete_webhook")
    def delete_webhook(self, call: Call) -> Json:
        hook = self.webhook(call)
        del self.network.webhooks[hook["id"]]
        return {"id": hook["id"], "deleted": True}

    @rule("console_test_webhook")
    def test_webhook(self, call: Call) -> Json:
        hook = self.webhook(call)
        delivery: Json = {
            "id": self.short("whd_"),
            "webhook_id": hook["id"],
            "event": "webhook.test",
            "status": "delivered",
            "response_status": 200,
            "delivered_at": self.stamp(),
        }
        self.network.deliveries[delivery["id"]] = delivery
        return delivery

    @rule("console_list_webhook_deliveries")
    def list_deliveries(self, call: Call) -> Json:
        hook = self.webhook(call)
        mine = [item for item in self.network.deliveries.values() if item["webhook_id"] == hook["id"]]
        return {"deliveries": newest(mine)}

    @rule("console_list_event_types")
    def event_types(self, call: Call) -> Json:
        return {"event_types": EVENT_TYPES}

    # Control plane --------------------------------------------------------------------------------------------------

    @rule("control_plane_list_rate_plans")
    def list_rate_plans(self, call: Call) -> list[Json]:
        return list(self.network.plans.values())

    @rule("control_plane_create_rate_plan")
    def create_rate_plan(self, call: Call) -> Json:
        plan: Json = {"description": None, **call.body, "id": self.short("rp_"), "created_at": self.stamp()}
        self.network.plans[plan["id"]] = plan
        return plan

    def summary(self, tenant: Json) -> Json:
        plan = self.network.plans[tenant["rate_plan_id"]]
        named = {name: tenant[name] for name in ("id", "name", "status", "rate_plan_id", "aggregator_endpoint")}
        return {**named, "sla_tier": plan["sla_tier"], "validator_count": len(tenant["_validators"])}

    def detail(self, tenant: Json) -> Json:
        return {
            "tenant": self.public(tenant),
            "rate_plan": self.network.plans[tenant["rate_plan_id"]],
            "validators": list(tenant["_validators"].values()),
            "summary": self.summary(tenant),
        }

    def tenant(self, call: Call) -> Json:
        return found(self.network.tenants, call.path["tenant_id"], "tenant")

    def check_plan(self, identity: str) -> None:
        if identity not in self.network.plans:
            raise Refuse(404, code="rate_plan_not_found", message=f"There is no rate plan {identity!r}.")

    @rule("control_plane_list_tenants")
    def list_tenants(self, call: Call) -> list[Json]:
        return [self.summary(tenant) for tenant in self.network.tenants.values()]

    @rule("control_plane_get_tenant")
    def get_tenant(self, call: Call) -> Json:
        return self.detail(self.tenant(call))

    @rule("control_plane_create_tenant")
    def create_tenant(self, call: Call) -> Json:
        body = call.body
        self.check_plan(body["rate_plan_id"])
        tenant: Json = {
            "id": self.uuid(),
            "status": "active" if body.get("activate", True) else "provisioning",
            "created_at": self.stamp(),
            "_validators": {},
            **{name: body[name] for name in ("name", "contact_email", "aggregator_endpoint", "rate_plan_id")},
        }
        self.network.tenants[tenant["id"]] = tenant
        return self.detail(tenant)

    @rule("control_plane_update_tenant_rate_plan")
    def update_rate_plan(self, call: Call) -> Json:
        tenant = self.tenant(call)
        self.check_plan(call.body["rate_plan_id"])
        tenant["rate_plan_id"] = call.body["rate_plan_id"]
        if call.body.get("activate"):
            tenant["status"] = "active"
        return self.detail(tenant)

    @rule("control_plane_list_validators")
    def list_validators(self, call: Call) -> list[Json]:
        return list(self.tenant(call)["_validators"].values())

    @rule("control_plane_register_validator")
    def register_validator(self, call: Call) -> Json:
        validators = self.tenant(call)["_validators"]
        known: Json = validators.get(call.body["validator_id"]) or {
            "status": "registered",
            "registered_at": self.stamp(),
            "last_seen_at": None,
            "region": None,
        }
        validators[call.body["validator_id"]] = {**known, **call.body}
        registered: Json = validators[call.body["validator_id"]]
        return registered

    @rule("control_plane_heartbeat_validator")
    def heartbeat(self, call: Call) -> Json:
        validator = found(self.tenant(call)["_validators"], call.path["validator_id"], "validator")
        validator |= {"status": "active", "last_seen_at": self.stamp()}
        return validator

"""Frontier cards, and the hosted runner (0.14)."""

from __future__ import annotations

from wirewright.records import listed, mapped
from wirewright.sandbox import Call, rule

from sbn.testing.apps import AppRules
from sbn.testing.space import Json, conflict, found, invalid, said

_IDENTITY = ("surface", "app_family", "ecology", "frontier", "policy", "path_id")
_PRIOR = ("family_class", "c_max", "cmax_default", "cmax_source")


class CardRules(AppRules):
    """Frontier cards, and the hosted runner (0.14)."""

    def card(self, reference: str) -> Json:
        return found(self.network.cards, reference, "card")

    def card_view(self, card: Json) -> Json:
        said = card["said"]
        bindings: Json = {
            "workflows": listed(said, "workflow_bindings"),
            "api_keys": listed(said, "api_key_ids"),
            "apps": [said["app_id"]] if said.get("app_id") else [],
        }
        effective = said.get("c_max") if said.get("c_max") is not None else said.get("cmax_default")
        identity = card["card_id"]
        form = mapped(said, "operational_form")
        if said.get("pulse_type"):
            form = {"native_pulse": said["pulse_type"], **form}
        return {
            "card_id": identity,
            "canonical_path": identity,
            "frontier_id": identity,
            **{name: said.get(name) for name in ("label", "card_version", "authored_by")},
            "declared_prior": {"family_class": said.get("family_class"), "theoretical_c_max": said.get("c_max")},
            "empirical_local": {
                "effective_c_max": effective,
                "effective_source": said.get("cmax_source") or "declared",
            },
            "frontier_card": {
                "meta": {
                    "card_id": identity,
                    **{name: said.get(name) for name in ("label", "description", "authored_by", "card_version")},
                },
                "identity": {"scope": identity, **{name: said.get(name) for name in _IDENTITY}},
                "registration_prior": {name: said.get(name) for name in _PRIOR},
                "bindings": bindings,
                "operational_form": form,
                **{name: said.get(name) for name in ("scientific_contract", "diagnostics", "notes")},
            },
            "bindings": bindings,
        }

    @rule("atlas_list_cards")
    def list_cards(self, call: Call) -> Json:
        cards = [self.card_view(card) for _, card in sorted(self.network.cards.items())]
        return {"cards": cards, "count": len(cards)}

    @rule("atlas_get_card")
    def get_card(self, call: Call) -> Json:
        return self.card_view(self.card(call.path["card_ref"]))

    @rule("atlas_register_card")
    def register_card(self, call: Call) -> Json:
        identity = call.body["card_id"]
        if identity in self.network.cards:
            raise conflict(f"The card {identity} exists; add a version.", "card_exists")
        self.network.cards[identity] = {"card_id": identity, "said": {"card_version": "1.0", **call.body}}
        frontier = self.frontier(identity, provision=True)
        frontier["c_max"] = call.body.get("c_max") or frontier["c_max"]
        return self.card_view(self.network.cards[identity])

    @rule("atlas_version_card")
    def version_card(self, call: Call) -> Json:
        card = self.card(call.path["card_ref"])
        card["said"] |= {name: value for name, value in call.body.items() if value is not None}
        return self.card_view(card)

    @rule("atlas_run_card")
    def run_card(self, call: Call) -> Json:
        card, body, space = self.card(call.path["card_ref"]), said(call), self.space(call)
        workflows = listed(card["said"], "workflow_bindings")
        workflow = body.get("workflow") or (workflows[0] if workflows else None)
        if workflow is None:
            raise invalid("The card has no workflow, and none is named.")
        run_id = body.get("run_id") or self.short("run_")
        metadata = {"source": "card_run", "run_id": run_id, "frontier_hint": card["card_id"]}
        slot = self.open_slot(space, {"worker_id": body.get("actor"), "task_type": workflow, "metadata": metadata})
        payload = {"action": workflow, "score": 1.0, "inputs": mapped(body, "inputs")}
        self.take(space, {"slot_id": slot["id"], "block_type": "Action", "domain": card["card_id"], "payload": payload})
        closure = self.close(space, slot)
        edge: Json = {
            "source_id": card["card_id"],
            "target_id": slot["merkle_root"],
            "edge_type": "PRODUCES",
            "weight": 1.0,
        }
        identity = self.short("edge_")
        space.edges[identity] = {**edge, "id": identity, "edge_id": identity, "meta": {"run_id": run_id}}
        return {
            "run_id": run_id,
            "workflow": {"lane": workflow, "workflow_id": None},
            "edge": {"edge_id": identity},
            "artifacts": {
                "proof_hash": slot["merkle_root"],
                "slot_receipt_id": closure["receipt_id"],
                "slot_attestation_status": "attested",
                **{
                    name: closure[name]
                    for name in ("blocks_composed", "blocks_attested", "blocks_attestation_enqueued")
                },
                "evidence_packet_path": None,
            },
        }

    # The hosted runner (0.14) ---------------------------------------------------------------------------------------

    @rule("gateway_run_pgdag", "pgdag_py_run")
    def run_pgdag(self, call: Call) -> Json:
        body, space = said(call), self.space(call)
        workflow_id, template = body.get("workflow_id"), body.get("template")
        if not workflow_id and not template:
            raise invalid("workflow_id or template is required.")
        source = template or found(space.workflows, workflow_id, "workflow")
        run_id = body.get("run_id") or self.short("run_")
        metadata = {"source": "pgdag_runtime", "run_id": run_id}
        named = {"worker_id": body.get("actor") or "pgdag", "task_type": source.get("name") or "workflow"}
        slot = self.open_slot(space, {**named, "metadata": metadata})
        for node in listed(source, "nodes"):
            step = str(node.get("step_id") or node.get("id"))
            payload = {"action": "pgdag_step", "step_id": step, "score": 1.0}
            domain = source.get("domain") or "general"
            self.take(space, {"slot_id": slot["id"], "block_type": "Action", "domain": domain, "payload": payload})
            if workflow_id:
                meta = {"meta": {"run_id": run_id}, "outcome": "completed", "proof_stage": "sealed"}
                self.record_outcome(space, workflow_id, step, meta)
        closure = self.close(space, slot)
        answer = {"run_id": run_id, "status": "completed", "workflow_id": workflow_id}
        return {**answer, "slot_id": slot["id"], "slot_receipt_id": closure["receipt_id"]}

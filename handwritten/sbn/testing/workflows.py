"""Workflows, their runs, and packets of evidence that verify (protocol sheet, section 21.5)."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from wirewright.calls import is_object
from wirewright.records import listed, mapped
from wirewright.sandbox import Call, rule

from sbn.lattice import normalise_edge, normalise_node
from sbn.testing.governance import GovernanceRules
from sbn.testing.space import Json, Space, conflict, found, invalid, matches, newest, said

KEY_ID = "sbn-sandbox-1"
BUNDLE = "sbn_lattice_bundle_v1"
RUN_CLOSE = "__run_close__"


def canonical(value: Any) -> bytes:
    """Canonical JSON of a packet: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class WorkflowRules(GovernanceRules):
    """Lattice."""

    evidence_key: Ed25519PrivateKey

    def workflow(self, call: Call) -> Json:
        return found(self.space(call).workflows, call.path["workflow_id"], "workflow")

    def make_workflow(self, space: Space, body: Json, identity: str | None = None, state: str = "draft") -> Json:
        identity = identity or self.short("wf_")
        workflow: Json = {
            "id": identity,
            "workflow_id": identity,
            "name": body.get("name") or "",
            "domain": body.get("domain") or "general",
            "state": state,
            "topology": body.get("topology") or "series",
            "version": body.get("version") or "1.0",
            "project_id": self.network.current_project,
            "nodes": [normalise_node(node) for node in listed(body, "nodes")],
            "edges": [normalise_edge(edge) for edge in listed(body, "edges")],
            "gec_frontier": body.get("gec_frontier"),
            "meta": mapped(body, "meta"),
            "created_at": self.stamp(),
        }
        space.workflows[identity] = workflow
        return workflow

    @rule("lattice_create_workflow")
    def create_workflow(self, call: Call) -> Json:
        return self.make_workflow(self.space(call), call.body)

    @rule("lattice_list_workflows")
    def list_workflows(self, call: Call) -> Json:
        asked = call.query
        listed = [
            workflow
            for workflow in self.space(call).workflows.values()
            if matches(workflow["domain"], asked.get("domain"))
            and (not asked.get("state") or workflow["state"] == asked["state"])
            and self.in_scope(workflow, asked.get("scopes"))
        ]
        page = [self.trimmed(workflow, asked) for workflow in newest(listed, asked.get("limit"))]
        return {"workflows": page, "count": len(page)}

    @staticmethod
    def in_scope(workflow: Json, scopes: Any) -> bool:
        return not scopes or any(matches(workflow["domain"], scope) for scope in scopes)

    @staticmethod
    def trimmed(workflow: Json, asked: Json) -> Json:
        hidden = {"nodes", "edges"} if asked.get("include_structure") is False else set[str]()
        hidden |= {"meta"} if asked.get("include_meta") is False and "nodes" in hidden else set()
        return {name: value for name, value in workflow.items() if name not in hidden}

    @rule("lattice_discover_workflows")
    def discover_workflows(self, call: Call) -> Json:
        own = self.space(call)
        everyone = [flow for space in self.spaces.values() if space is not own for flow in space.workflows.values()]
        listed = [
            {name: value for name, value in workflow.items() if name not in {"nodes", "edges"}}
            for workflow in everyone
            if workflow["state"] == "active" and self.in_scope(workflow, call.query["scopes"])
        ]
        page = newest(listed, call.query.get("limit"))
        return {"workflows": page, "count": len(page)}

    @rule("lattice_get_workflow")
    def get_workflow(self, call: Call) -> Json:
        workflow = dict(self.workflow(call))
        if call.query.get("include_runtime"):
            runs = self.runs_of(self.space(call), workflow["id"])
            workflow["runtime"] = self.run_view(runs[0]) if runs else None
        return workflow

    @rule("lattice_activate_workflow", "lattice_mark_workflow_complete")
    def move(self, call: Call) -> Json:
        workflow = self.workflow(call)
        completing = call.operation is not None and call.operation.id == "lattice_mark_workflow_complete"
        workflow["state"] = "completed" if completing else "active"
        return workflow

    @rule("lattice_clone_workflow")
    def clone(self, call: Call) -> Json:
        copied = self.make_workflow(self.space(call), copy.deepcopy(self.workflow(call)))
        copied["project_id"] = call.body["target_project_id"]
        return copied

    # Export and import ----------------------------------------------------------------------------------------------

    def envelope(self, workflow: Json) -> Json:
        surface = {name: workflow[name] for name in ("name", "domain", "nodes", "edges")}
        provenance: Json = {
            "source_id": workflow["id"],
            "source_project_id": workflow["project_id"],
            "snapchore_hash": self.hash_of(surface),
            "state": workflow["state"],
        }
        return {"workflow": copy.deepcopy(workflow), "provenance": provenance}

    @rule("lattice_export_workflow")
    def export(self, call: Call) -> Json:
        return self.envelope(self.workflow(call))

    @rule("lattice_export_workflows")
    def export_many(self, call: Call) -> Json:
        space, body = self.space(call), said(call)
        ids = body.get("workflow_ids") or list(space.workflows)
        chosen = [found(space.workflows, identity, "workflow") for identity in ids]
        kept = [workflow for workflow in chosen if matches(workflow["domain"], body.get("domain"))]
        return {"format": BUNDLE, "workflows": [self.envelope(workflow) for workflow in kept]}

    def imported(self, space: Space, data: Json, activate: bool) -> Json:
        inner = data.get("workflow", data)
        if not is_object(inner) or not inner.get("name"):
            raise invalid("The workflow has no name.")
        return self.make_workflow(space, inner, state="active" if activate else "draft")

    @rule("lattice_import_workflow")
    def import_one(self, call: Call) -> Json:
        return self.imported(self.space(call), call.body["data"], bool(call.body.get("activate")))

    @rule("lattice_import_workflows")
    def import_many(self, call: Call) -> Json:
        space, activate = self.space(call), bool(call.body.get("activate"))
        made = [self.imported(space, entry, activate) for entry in listed(call.body["data"], "workflows")]
        return {"imported": len(made), "count": len(made), "workflows": made}

    # Order ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def predecessors(workflow: Json) -> dict[str, set[str]]:
        before: dict[str, set[str]] = {node["step_id"]: set() for node in workflow["nodes"]}
        for edge in workflow["edges"]:
            if (edge.get("edge_type") or "sequence") == "sequence" and edge.get("target_id") in before:
                before[edge["target_id"]].add(edge["source_id"])
        return before

    def ready(self, workflow: Json, completed: set[str]) -> list[Json]:
        before = self.predecessors(workflow)
        return [n for n in workflow["nodes"] if n["step_id"] not in completed and before[n["step_id"]] <= completed]

    @rule("lattice_get_execution_order")
    def order(self, call: Call) -> Json:
        workflow, ordered = self.workflow(call), list[str]()
        while len(ordered) < len(workflow["nodes"]):
            batch = [node["step_id"] for node in self.ready(workflow, set(ordered))]
            if not batch:
                raise conflict("The workflow's sequence has a cycle.", "workflow_cycle")
            ordered += batch
        return {"workflow_id": workflow["id"], "order": ordered, "ready_steps": self.ready(workflow, set())}

    @rule("lattice_get_ready_steps")
    def ready_steps(self, call: Call) -> Json:
        return {"ready_steps": self.ready(self.workflow(call), set(call.query.get("completed") or []))}

    # Edges ----------------------------------------------------------------------------------------------------------

    @rule("lattice_create_edge")
    def create_edge(self, call: Call) -> Json:
        identity = self.short("edge_")
        edge: Json = {
            "weight": 1.0,
            "meta": {},
            **call.body,
            "id": identity,
            "edge_id": identity,
            "created_at": self.stamp(),
        }
        self.space(call).edges[identity] = edge
        return edge

    @rule("lattice_list_edges")
    def list_edges(self, call: Call) -> Json:
        wanted = {name: call.query.get(name) for name in ("source_id", "target_id", "edge_type")}
        edges = self.space(call).edges.values()
        listed = [edge for edge in edges if all(not value or edge[name] == value for name, value in wanted.items())]
        page = newest(listed, call.query.get("limit"))
        return {"edges": page, "count": len(page)}

    # Runs -----------------------------------------------------------------------------------------------------------

    def runs_of(self, space: Space, workflow_id: str) -> list[Json]:
        return newest(run for run in space.runs.values() if run["_workflow"] == workflow_id)

    def current_run(self, space: Space, workflow_id: str, run_id: str | None) -> Json:
        if run_id is None:
            opened = [run for run in self.runs_of(space, workflow_id) if run["phase"] == "open"]
            run_id = opened[0]["run_id"] if opened else self.short("run_")
        key = f"{workflow_id}/{run_id}"
        if key not in space.runs:
            space.runs[key] = {
                "run_id": run_id,
                "status": "running",
                "phase": "open",
                "proof_stage": None,
                "started_at": self.stamp(),
                "last_event_at": None,
                "_workflow": workflow_id,
                "_events": [],
            }
        return space.runs[key]

    def run_view(self, run: Json) -> Json:
        steps = {event["step_id"] for event in run["_events"] if event["step_id"] != RUN_CLOSE}
        counts = {"event_count": len(run["_events"]), "step_count": len(steps)}
        return {**self.public(run), "status_label": run["status"].capitalize(), **counts}

    def record_outcome(self, space: Space, workflow_id: str, step_id: str, body: Json) -> Json:
        run = self.current_run(space, workflow_id, (mapped(body, "meta")).get("run_id"))
        event: Json = {
            "step_id": step_id,
            "workflow_id": workflow_id,
            "run_id": run["run_id"],
            "agent_id": None,
            "duration_seconds": None,
            "outcome": "completed",
            **body,
            "recorded_at": self.stamp(),
        }
        run["_events"].append(event)
        run["last_event_at"] = event["recorded_at"]
        run["proof_stage"] = event.get("proof_stage") or run["proof_stage"]
        if event["outcome"] == "failed":
            run["status"] = "failed"
        if step_id == RUN_CLOSE:
            run["phase"] = "closed"
            run["status"] = event["outcome"]
        return event

    @rule("lattice_record_step_outcome")
    def step_outcome(self, call: Call) -> Json:
        workflow = self.workflow(call)
        return self.record_outcome(self.space(call), workflow["id"], call.path["step_id"], said(call))

    @rule("lattice_list_workflow_runs")
    def list_runs(self, call: Call) -> Json:
        runs = self.runs_of(self.space(call), self.workflow(call)["id"])
        page = [self.run_view(run) for run in runs[: int(call.query.get("limit") or 10)]]
        return {"runs": page, "count": len(page)}

    @rule("lattice_get_workflow_analytics")
    def analytics(self, call: Call) -> Json:
        workflow = self.workflow(call)
        runs = self.runs_of(self.space(call), workflow["id"])
        by_status = {name: sum(run["status"] == name for run in runs) for name in ("completed", "failed")}
        events = sum(len(run["_events"]) for run in runs)
        return {"workflow_id": workflow["id"], "runs": len(runs), "events": events, **by_status}

    @rule("lattice_get_workflow_benchmarks")
    def benchmarks(self, call: Call) -> Json:
        workflow, durations = self.workflow(call), dict[str, list[float]]()
        for run in self.runs_of(self.space(call), workflow["id"]):
            for event in run["_events"]:
                if event["duration_seconds"] is not None:
                    durations.setdefault(event["step_id"], []).append(float(event["duration_seconds"]))
        steps: list[Json] = [
            {"step_id": step, "count": len(v), "mean_seconds": sum(v) / len(v), "max_seconds": max(v)}
            for step, v in durations.items()
        ]
        return {"workflow_id": workflow["id"], "steps": steps}

    # Evidence -------------------------------------------------------------------------------------------------------

    @rule("lattice_get_workflow_run_evidence_packet")
    def evidence_packet(self, call: Call) -> Json:
        workflow = self.workflow(call)
        key = f"{workflow['id']}/{call.path['run_id']}"
        run = found(self.space(call).runs, key, "run")
        packet: Json = {
            "workflow_id": workflow["id"],
            "run": self.run_view(run),
            "events": copy.deepcopy(run["_events"]),
        }
        digest = "sha256:" + hashlib.sha256(canonical(packet)).hexdigest()
        signature = base64.urlsafe_b64encode(self.evidence_key.sign(digest.encode())).rstrip(b"=").decode()
        manifest = {"packet_digest": digest, "canonicalization": "sorted-json", "issued_at": self.stamp()}
        return {
            **packet,
            "share_manifest": manifest,
            "signature": {"key_id": KEY_ID, "alg": "EdDSA", "value": signature},
        }

    @rule("lattice_verify_evidence_packet")
    def verify_packet(self, call: Call) -> Json:
        packet = call.body["data"]
        content = {name: value for name, value in packet.items() if name not in {"share_manifest", "signature"}}
        digest = "sha256:" + hashlib.sha256(canonical(content)).hexdigest()
        manifest, signature = mapped(packet, "share_manifest"), mapped(packet, "signature")
        match = is_object(manifest) and manifest.get("packet_digest") == digest
        valid = is_object(signature) and self.signed(digest, str(signature.get("value") or ""))
        return {
            "verified": match and valid,
            "digest_match": match,
            "signature_valid": valid,
            "packet_digest": digest,
            "signature_key_id": signature.get("key_id") if is_object(signature) else None,
        }

    def signed(self, digest: str, signature: str) -> bool:
        try:
            raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
            self.evidence_key.public_key().verify(raw, digest.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

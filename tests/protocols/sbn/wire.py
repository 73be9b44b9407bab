"""Every operation called once or more, as data; and a recorder of what a client puts on the wire for each.

Runs in any environment that has an `sbn`: `python wire.py 0.12` prints one JSON line per call. So the original SDK
and this one
are asked the same questions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SLOT, RECEIPT, BLOCK, P = "slot-1", "rcpt-1", "blk-1", "proj-123"
WF, RUN, STEP, FACT, EV, PROP = "wf-1", "run-1", "collect", "fact-1", "ev-1", "prop-1"
FRONTIER, APP, KEY, CARD, HASH = "kinetic.pushup.amrap.v1", "app-1", "key-1", "card.one", "ab" * 32
SINCE = "2026-01-01T00:00:00+00:00"
NODES = [
    {"id": "collect", "label": "Collect", "skill": "sense", "color": "red"},
    {"step_id": "seal", "name": "Seal", "meta": {"a": 1}},
]
EDGES = [{"source": "collect", "target": "seal", "type": "sequence", "note": "n"}]
ENVELOPE = {"workflow": {"name": "n", "domain": "d", "nodes": NODES, "edges": EDGES}, "provenance": {"source_id": "wf"}}

# (versions, sub-client, method, positional arguments, keywords)
BOTH = ("0.12", "0.14")
NEW = ("0.14",)
Row = tuple[tuple[str, ...], str, str, list[Any], dict[str, Any]]


def rows(space: str, *calls: tuple[str, list[Any], dict[str, Any]], versions: tuple[str, ...] = BOTH) -> list[Row]:
    return [(versions, space, method, args, kwargs) for method, args, kwargs in calls]


HISTORY = {"bucket_minutes": 60, "include_rollup": True, "include_coupling": False}
CARD_FIELDS = {"label": "l", "c_max": 0.0, "notes": {"a": 1}, "workflow_bindings": ["w"], "api_key_ids": []}
SUMMARY = {"slot_id": SLOT, "snap_hash": HASH, "frontier_id": FRONTIER, "metadata": {"type": "LaborBlock"}}
LEASE = {"provider": "render", "region": "eu", "purpose": "p"}
CONTRACT = {"app_name": "a b", "gec_domain": "Kinetic", "frontier": "pushup", "action_weight_map": {"rep": 1.0}}

CALLS: list[Row] = [
    *rows(
        "gateway",
        ("create_slot", ["w-1"], {"task_type": "classify"}),
        ("create_slot", ["w-1", "t"], {"generation_interval": 0, "metadata": {"a": 1}}),
        ("create_slot", [], {"worker_id": "w-1", "metadata": {}}),
        ("list_slots", [], {}),
        ("list_slots", [], {"state": "open", "limit": 0, "source": ""}),
        ("list_orphan_slots", [], {}),
        ("list_orphan_slots", [], {"min_age_seconds": 1, "idle_seconds": 2, "limit": 3, "include_unmanaged": True}),
        ("reap_orphan_slots", [], {"include_unmanaged": True}),
        ("list_slot_blocks", [SLOT], {"limit": 5}),
        ("close_slot", [SLOT], {}),
        ("seal_slot", [SLOT], {}),
        ("fetch_receipt", [RECEIPT], {}),
        ("request_attestation", [{"$": "SlotSummary", **SUMMARY}], {}),
        ("request_attestation", [{"$": "SlotSummary", "slot_id": SLOT, "snap_hash": HASH}], {}),
        ("list_flags", [], {}),
    ),
    *rows(
        "gateway",
        ("fetch_block", [BLOCK], {"read_version": 2}),
        ("list_successor_surfaces", [BLOCK], {"limit": 3}),
        ("list_fractal_receipts", [BLOCK], {"kind": "compose", "limit": 3, "read_version": 1}),
        ("list_proof_surfaces", [BLOCK], {"kind": "receipt"}),
        ("fetch_proof_ledger", [BLOCK], {}),
        ("fetch_proof_surface", [RECEIPT], {}),
        ("fetch_receipt", [RECEIPT], {"read_version": 2}),
        ("pgdag_health", [], {}),
        ("run_pgdag", [], {"workflow_id": WF}),
        ("run_pgdag", [], {"template": {"name": "n"}, "inputs": {"a": 1}, "run_id": "r"}),
        (
            "request_attestation",
            [{"$": "SlotSummary", **SUMMARY, "target_project_id": P, "type": "T", "domain": "d"}],
            {},
        ),
        versions=NEW,
    ),
    *rows(
        "bitblocks",
        ("submit", [], {"slot_id": SLOT, "block_type": "Action", "domain": "d", "payload": {"a": "é"}}),
        ("submit", [], {"slot_id": SLOT, "block_type": "X", "domain": "d", "payload": {}, "metadata": {}}),
        ("list", [SLOT], {}),
        ("list", [SLOT], {"generation": 0, "limit": 10}),
    ),
    *rows(
        "bitblocks",
        (
            "submit",
            [],
            {
                "slot_id": SLOT,
                "block_type": "Action",
                "domain": "d",
                "payload": {},
                "operation_id": "o",
                "idempotency_key": "k",
            },
        ),
        versions=NEW,
    ),
    *rows(
        "blocks",
        ("create", [], {"payload": {"a": 1}}),
        ("create", [], {"payload": {"a": 1}, "domain": "x", "metadata": {"b": 2}}),
        ("submit", [], {"slot_id": SLOT, "payload": {"a": 1}, "metadata": {}}),
        ("get", [BLOCK], {}),
        ("get_bitblocks", [BLOCK], {}),
        ("get_bitblocks", [BLOCK], {"include_stack": True}),
        ("list", [], {}),
        ("list", [], {"domain": "d", "limit": 3}),
    ),
    *rows(
        "snapchore",
        ("capture", [{"a": 1}], {}),
        ("capture", [{"a": 1}], {"volatile_keys": ["x"]}),
        ("verify", [HASH, {"a": 1}], {}),
        ("seal", [{"a": 1}], {}),
        ("seal", [{"a": 1}], {"domain": "d", "block_type": "audit", "metadata": {}, "metrics": {"m": 1}}),
        ("verify_block", [{"id": "b"}], {}),
        ("discover", [HASH], {}),
        ("discover_recent", [], {}),
        ("discover_recent", [], {"domain": "numa.*", "since": SINCE, "offset": 5, "source": "seal"}),
        ("receipts_discover", [], {"domain": "g.*", "hash": HASH, "project_id": P, "since": SINCE, "offset": 1}),
        ("create_chain", [], {}),
        ("create_chain", ["c"], {}),
        ("append_to_chain", ["c"], {"block_hash": HASH, "block_id": "b", "metadata": {}}),
        ("get_chain", ["c"], {}),
        ("list_chains", [], {}),
        ("verify_chain", ["c"], {}),
        ("get_stats", [], {}),
        ("get_usage", [], {}),
        ("create_api_key", [], {}),
        ("create_api_key", [], {"name": "n", "mode": "test", "plan": "builder"}),
        ("list_api_keys", [], {}),
        ("revoke_api_key", [KEY], {}),
        ("reconcile", [], {}),
    ),
    *rows(
        "snapchore",
        ("list_blocks", [], {"limit": 3}),
        ("get_block", ["ref"], {}),
        ("promote", [], {"smartblock_record_id": "s", "target_project_id": P}),
        ("queue_summary", [], {}),
        ("process_queue", [], {}),
        ("attestation_queue_health", [], {}),
        versions=NEW,
    ),
    *rows(
        "receipts",
        ("get", [RECEIPT], {}),
        ("list", [], {}),
        ("list", [], {"project_id": P, "hash": HASH, "domain": "d", "limit": 2, "offset": 1, "since": SINCE}),
    ),
    *rows("receipts", ("get_by_hash", [HASH], {"project_id": P}), ("get_by_hash", [HASH], {}), versions=NEW),
    *rows(
        "console",
        ("list_projects", [], {}),
        ("create_project", ["n"], {}),
        ("switch_project", [P], {}),
        ("list_api_keys", [P], {}),
        ("list_api_keys", [], {}),
        ("create_api_key", [P], {}),
        (
            "create_api_key",
            [P],
            {"label": "l", "plan": "builder", "scopes": ["a"], "default_frontier": "f", "allowed_frontiers": ["f"]},
        ),
        ("revoke_api_key", [P, KEY], {}),
        ("rotate_api_key", [P, KEY], {}),
        ("get_usage", [P], {}),
        ("get_usage", [], {}),
        ("get_usage_summary", [P], {}),
        ("export_usage_csv", [P], {}),
        ("get_key_events", [P, KEY], {}),
        ("get_billing_status", [P], {}),
        ("create_checkout", [P, "builder"], {}),
        ("get_portal_url", [P], {}),
        ("pay_overage", [P], {}),
        ("get_project", [], {}),
        ("update_project", [], {"name": "", "description": "d"}),
        ("get_project_settings", [], {}),
        ("update_project_settings", [{"a": {"b": 1}}], {}),
        ("archive_project", [], {}),
        ("unarchive_project", [], {}),
        ("delete_project", [], {}),
        ("get_audit_log", [], {}),
        ("get_gec_trend", [P], {}),
        ("get_frontier_breakdown", [P], {}),
        ("get_csk_breakdown", [P], {}),
        ("list_webhooks", [P], {}),
        ("create_webhook", [P], {"url": "https://x.example"}),
        ("create_webhook", [P], {"url": "https://x.example", "events": ["e"], "secret": "", "enabled": False}),
        ("update_webhook", [P, "wh"], {"enabled": False, "other": None}),
        ("delete_webhook", [P, "wh"], {}),
        ("test_webhook", [P, "wh"], {}),
        ("list_webhook_deliveries", [P, "wh"], {}),
        ("list_event_types", [], {}),
    ),
    *rows(
        "control_plane",
        ("list_rate_plans", [], {}),
        ("create_rate_plan", [], {"name": "n", "sla_tier": "s", "daily_quota": 1, "burst_limit_per_minute": 2}),
        ("list_tenants", [], {}),
        ("get_tenant", ["t"], {}),
        (
            "create_tenant",
            [],
            {"name": "n", "contact_email": "e@x", "aggregator_endpoint": "https://a", "rate_plan_id": "r"},
        ),
        ("update_tenant_rate_plan", ["t", "r"], {}),
        ("update_tenant_rate_plan", ["t", "r"], {"activate": False}),
        ("list_validators", ["t"], {}),
        ("register_validator", ["t"], {"validator_id": "v", "endpoint": "https://v", "region": "eu"}),
        ("heartbeat_validator", ["t", "v"], {}),
    ),
    *rows(
        "lattice",
        ("create_workflow", [], {"domain": "d", "name": "n", "nodes": NODES, "edges": EDGES, "meta": {"a": 1}}),
        ("create_workflow", [], {"domain": "d", "name": "n", "nodes": [], "gec_frontier": {"f": 1}}),
        ("list_workflows", [], {}),
        ("list_workflows", [], {"domain": "d", "state": "active", "scopes": ["a.*", "b"], "limit": 3}),
        ("discover_workflows", [["finance.*", "treasury.*"]], {}),
        ("get_workflow", [WF], {}),
        ("get_workflow", [WF], {"include_runtime": False}),
        ("list_workflow_runs", [WF], {}),
        ("get_workflow_run_evidence_packet", [WF, RUN], {}),
        ("verify_evidence_packet", [{"a": 1}], {}),
        ("activate_workflow", [WF], {}),
        ("clone_workflow", [WF, P], {}),
        ("export_workflow", [WF], {}),
        ("export_workflows", [], {}),
        ("export_workflows", [], {"workflow_ids": [WF], "domain": "d"}),
        ("import_workflow", [ENVELOPE], {"activate": True}),
        ("import_workflow", [ENVELOPE["workflow"]], {}),
        ("import_workflows", [{"format": "sbn_lattice_bundle_v1", "workflows": [ENVELOPE]}], {}),
        ("get_execution_order", [WF], {}),
        ("get_ready_steps", [WF], {}),
        ("get_ready_steps", [WF, ["a", "b"]], {}),
        ("create_edge", [], {"source_id": "s", "target_id": "t", "edge_type": "PRODUCES", "meta": {"a": 1}}),
        ("list_edges", [], {"source_id": "s", "target_id": "t", "edge_type": "e"}),
        ("record_step_outcome", [WF, STEP], {}),
        (
            "record_step_outcome",
            [WF, "__run_close__"],
            {
                "agent_id": "a",
                "outcome": "failed",
                "duration_seconds": 0.0,
                "error_message": "e",
                "proof_hash": HASH,
                "proof_stage": "sealed",
                "block_ref": "b",
                "signal_hash": "s",
                "anchor_hash": "h",
                "anchor_type": "receipt_hash",
                "receipt_id": "r",
                "degraded": False,
                "meta": {"run_id": "r"},
            },
        ),
        ("mark_workflow_complete", [WF], {}),
        ("get_workflow_analytics", [WF], {}),
        ("get_workflow_benchmarks", [WF], {}),
    ),
    *rows(
        "reality",
        ("create_fact", ["It is so."], {}),
        ("create_fact", ["t"], {"entities": ["e"], "claims": ["c"], "citations": ["u"], "is_public": True}),
        ("get_fact", [FACT], {}),
        ("list_facts", [], {}),
        ("list_facts", [], {"entity": "e", "state": "s", "include_public": True, "limit": 2, "offset": 1}),
        ("search_facts", [], {"entity": "e"}),
        ("ingest_evidence", [[{"source_uri": "u", "extracted_claims": ["c"]}]], {}),
        ("ingest_content", ["text"], {}),
        ("ingest_content", ["text"], {"source_uri": "u", "source_title": "t", "submitted_by": "b", "gec_domain": "g"}),
        ("upload_source", ["$FILE"], {"source_title": "T"}),
        ("list_ingestions", [], {"status": "done"}),
        ("get_ingestion", ["i"], {}),
        ("recompute", [FACT], {}),
        ("review_fact", [FACT], {"action": "merge", "target_fact_id": "f2", "note": ""}),
        ("get_lattice", [], {}),
        ("health", [], {}),
    ),
    *rows(
        "reality",
        *[
            (f"{verb}_{what}", ["x"], {"note": "n"})
            for what in ("fact", "evidence")
            for verb in ("promote", "handoff", "submit")
        ],
        ("get_evidence", [EV], {}),
        ("list_review_queue", [], {}),
        ("resolve_review_queue", ["sug"], {"action": "accept", "target_fact_id": "f"}),
        ("get_operations", [], {}),
        versions=NEW,
    ),
    *rows(
        "governance",
        ("create_proposal", [{"document": {"frontier_id": "f"}}], {}),
        ("list_proposals", [], {"status": "pending", "frontier": "f"}),
        ("get_proposal", [PROP], {}),
        ("approve", [PROP], {"approver": "a", "signature": "s", "note": "n"}),
        ("reject", [PROP], {"approver": "a"}),
        ("promote", [PROP], {}),
    ),
    *rows(
        "gec",
        ("list_frontiers", [], {}),
        ("list_frontiers", [], {"if_none_match": '"v1"'}),
        ("get_frontier_bundle", [], {}),
        ("compute", [1.0, 2.0], {}),
        (
            "compute",
            [1.0, 2.0],
            {"frontier_id": "f", "c_max": 0.5, "var_y": 0.1, "n": 3, "cov_yx": 0.0, "alpha": 0.1, "csk": {"S": 1.0}},
        ),
        ("get_frontier_health", [FRONTIER], {}),
        ("get_frontier_health", [FRONTIER], {"days": 7}),
        ("start_calibration", ["f"], {}),
        ("complete_calibration", ["f"], {}),
        ("suspend_frontier", ["f"], {}),
        ("unsuspend_frontier", ["f"], {}),
    ),
    *rows(
        "numa",
        ("publish_signals", [[{"signal_type": "META"}]], {}),
        ("get_signals", [], {}),
        (
            "get_signals",
            [],
            {
                "signal_type": "META",
                "frontier_id": "f",
                "active_only": False,
                "since": SINCE,
                "lane": "control",
                "limit": 2,
            },
        ),
        ("poll_signals_multilane", [], {"cursors": {"control": None, "forecast": SINCE}, "frontier_id": "f"}),
        ("ack_signals", [["a"]], {"agent_id": "x"}),
        ("publish_hints", [[{"kind": "k"}]], {}),
        ("get_hints", [], {"frontier_id": "f"}),
        ("publish_forecast", [], {"frontier_id": "f", "report": {"status": "s"}, "generated_at": SINCE}),
        ("get_forecast", ["f"], {}),
        ("list_forecasts", [], {}),
        ("get_diagnostics", [], {}),
    ),
    *rows(
        "acp",
        ("get_budget", [P], {}),
        ("update_budget", [P], {"max_hourly_usd": 0.0, "enabled": False}),
        ("kill", [P], {}),
        ("unkill", [P], {}),
        ("list_leases", [P], {"state": "running"}),
        ("get_lease", [P, "l"], {}),
        ("test_lease", [P], LEASE),
        ("release_lease", [P, "l"], {}),
        ("list_receipts", [P], {"receipt_type": "t", "since": SINCE, "cursor": "c"}),
        ("status", [P], {}),
        ("generate_invoice", [P], {"start": "2026-01-01", "end": "2026-01-31"}),
        ("list_invoices", [P], {"status": "draft"}),
        ("get_invoice", [P, "i"], {}),
        ("finalize_invoice", [P, "i"], {}),
        ("mark_invoice_paid", [P, "i"], {}),
        ("void_invoice", [P, "i"], {}),
    ),
    *rows(
        "atlas",
        ("resolve", [], {"workflow": "w", "event_type": "e", "frontier_hint": "f", "context": {"a": 1}}),
        ("list_frontiers", [], {"kind": "scoring", "family": "f", "regime": "slack"}),
        ("get_frontier_snapshot", ["a b/c"], {}),
        ("get_frontier_history", [FRONTIER], {"window_hours": 24, **HISTORY}),
        ("get_frontier_history_delta", [FRONTIER], {"since": SINCE, **HISTORY}),
        ("get_frontier_validation", [FRONTIER], {"tolerance": 0.0}),
        ("get_instrumentation_report", [], {"family": "f", "window_days": 3, "only_weak": False, "limit": 2}),
        ("get_intervention_report", [], {"frontier_id": "f", "limit": 2}),
        ("register_app", [], {"app_name": "n", "app_family": "f", "declared_workflows": ["w"]}),
        (
            "register_app",
            [],
            {
                "app_name": "n",
                "app_family": "f",
                "declared_workflows": ["w"],
                "declared_event_types": ["e"],
                "workflow_specs": [{"workflow": "w", "frontier_id": None}],
                "token_ttl_seconds": 5,
            },
        ),
        ("exchange_token", [], {"client_id": "c", "client_secret": "s"}),
        ("get_env", [APP], {}),
        ("get_env", [APP], {"format": "dotenv"}),
        ("list_apps", [], {}),
        ("revoke_app", [APP], {}),
        ("mint_bound_key", [APP], {"label": "l"}),
        ("mint_bound_key", [APP], {"scopes": []}),
        ("bind_existing_key", [APP], {"key_id": KEY}),
        ("upsert_binding", [APP], {"workflow": "w", "frontier_id": "f"}),
        (
            "upsert_binding",
            [APP],
            {
                "workflow": "w",
                "frontier_id": "f",
                "gec_contract": CONTRACT,
                "pulse_type": "batch",
                "event_types": [],
                "history_action": "restored",
            },
        ),
        ("list_couplings", [], {"frontier_id": "f", "coupling_type": "c", "min_strength": 0.0}),
        ("get_frontier_couplings", [FRONTIER], {"min_strength": 0.5}),
        ("detect_couplings", [], {}),
        ("calibrate_frontier", [], {"frontier_id": "f"}),
        ("calibrate_all", [], {"force": True}),
    ),
    *rows(
        "atlas",
        ("list_cards", [], {}),
        ("get_card", [CARD], {}),
        (
            "register_card",
            [],
            {"scope": CARD, "app_family": "f", "family_class": "c", "authored_by": "a", **CARD_FIELDS},
        ),
        ("version_card", [CARD], {"authored_by": "a", "change_note": "n", **CARD_FIELDS}),
        ("run_card", [CARD], {"workflow": "w", "inputs": {"a": 1}, "run_id": "r", "api_key_id": "k"}),
        ("run_card", [CARD], {}),
        versions=NEW,
    ),
]

THING = {"id": "x", "name": "n"}
ANSWER = {
    **THING,
    "validator_id": "v",
    "endpoint": "e",
    "rate_plan": THING,
    "summary": THING,
    "access_token": "t",
    "bitblocks": [],
    "items": [],
    "keys": [],
}
ARRAYS = ("/control-plane/rate-plans", "/control-plane/tenants", "/validators")
CARRIED = ("x-api-key", "x-tenant-id", "if-none-match", "x-sbn-project-id", "content-type")


# What a live server refuses when the calls are made in this order: bad values, and things that have moved on.
REFUSED: dict[str, dict[tuple[str, int], int]] = {
    "0.12": {
        ("gateway.create_slot", 422): 1,  # an interval of 0 seconds
        ("gateway.list_slots", 422): 1,  # a limit of 0
        ("gateway.seal_slot", 409): 1,  # the slot was closed before
        ("bitblocks.submit", 409): 2,
        ("blocks.submit", 409): 1,
        ("console.rotate_api_key", 409): 1,  # the key was revoked before
        ("governance.promote", 409): 1,  # the proposal was rejected before
        ("gec.suspend_frontier", 409): 1,  # it was never calibrated
        ("gec.unsuspend_frontier", 409): 1,
        ("acp.test_lease", 409): 1,  # the budget was disabled before
        ("acp.list_receipts", 422): 1,  # a cursor of nobody's
        ("acp.void_invoice", 409): 1,  # the invoice was paid before
        ("atlas.exchange_token", 401): 1,  # credentials of nobody's
    }
}
REFUSED["0.14"] = REFUSED["0.12"] | {
    ("bitblocks.submit", 409): 3,
    ("reality.resolve_review_queue", 404): 1,  # there is no such suggestion
    ("atlas.register_card", 409): 1,  # the card exists
}


def argument(value: Any, file: Path) -> Any:
    """The Python value that a row means."""
    if isinstance(value, dict) and "$" in value:
        import sbn

        return getattr(sbn, value["$"])(**{name: item for name, item in value.items() if name != "$"})
    return str(file) if value == "$FILE" else value


def record(version: str, file: Path, **options: Any) -> list[dict[str, Any]]:
    """What the installed SDK sends for every call of a version."""
    import httpx
    from sbn import SbnClient

    sent: list[dict[str, Any]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        content = request.read()
        kind = request.headers.get("content-type", "")
        body = json.loads(content) if content and "json" in kind else content.decode() or None
        if "multipart" in kind:
            boundary = kind.partition("boundary=")[2].strip('"')
            body, kind = content.decode().replace(boundary, "BOUNDARY"), "multipart/form-data"
        carried = {name: request.headers[name] for name in CARRIED if name in request.headers}
        carried |= {"content-type": kind} if kind else {}
        target = request.url.raw_path.decode()
        path, _, _ = target.partition("?")
        sent.append(
            {
                "method": request.method,
                "path": path,
                "query": sorted(request.url.params.multi_items()),
                "body": body,
                "headers": carried,
            }
        )
        if request.method == "GET" and request.url.path.endswith(ARRAYS):
            return httpx.Response(200, json=[])
        return httpx.Response(200, json=ANSWER)

    client = SbnClient(
        base_url="http://sandbox.test/base", tenant_id="tower", transport=httpx.MockTransport(handle), **options
    )
    client.authenticate_api_key("sbn_live_abc123")
    lines: list[dict[str, Any]] = []
    for versions, space, method, args, kwargs in CALLS:
        if version not in versions:
            continue
        sent.clear()
        call = getattr(getattr(client, space), method)
        given = json.loads(json.dumps(args))
        call(*[argument(value, file) for value in given], **json.loads(json.dumps(kwargs)))
        lines.append(
            {"call": f"{space}.{method}", "args": args, "kwargs": kwargs, "sent": [dict(item) for item in sent]}
        )
    return lines


def ask(version: str, url: str, file: Path, **options: Any) -> list[dict[str, Any]]:
    """How a live server answers every call of a version: "ok", the status of an error, or what went wrong."""
    from sbn import RetryConfig, SbnClient, SbnError

    client = SbnClient(base_url=url, retry=RetryConfig(attempts=1), **options)
    client.authenticate_api_key("sbn_live_abc123")
    answers: list[dict[str, Any]] = []
    for versions, space, method, args, kwargs in CALLS:
        if version not in versions:
            continue
        given = json.loads(json.dumps(args))
        outcome: Any = "ok"
        try:
            getattr(getattr(client, space), method)(
                *[argument(v, file) for v in given], **json.loads(json.dumps(kwargs))
            )
        except SbnError as error:
            outcome = error.status_code
        except Exception as error:  # what a client could not read
            outcome = f"{type(error).__name__}: {error}"
        answers.append({"call": f"{space}.{method}", "outcome": outcome})
    return answers


if __name__ == "__main__":
    live = sys.argv[2].startswith("http")
    for line in ask(sys.argv[1], sys.argv[2], Path(sys.argv[3])) if live else record(sys.argv[1], Path(sys.argv[2])):
        print(json.dumps(line))

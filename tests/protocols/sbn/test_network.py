"""The sandbox's state machines, seen through the client (protocol sheet, section 21)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sbn import SbnClient, SbnError
from sbn.testing.protocol import PROTOCOL
from sbn.testing.yields import merkle_root
from wirewright.sandbox import ManualClock, Sandbox


def refused(status: int, code: str | None = None) -> Any:
    """The network answers with this status and code."""

    class Refused:
        def __enter__(self) -> None: ...

        def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
            assert isinstance(error, SbnError), f"no refusal: {error!r}"
            assert (error.status_code, code or error.code) == (status, error.code), str(error)
            return True

    return Refused()


@pytest.mark.parametrize("version", ["0.12", "0.14"])
def test_every_operation_has_a_rule(version: str) -> None:
    with Sandbox("sbn", version) as sandbox:
        unruled = [operation for operation in sandbox.app.unruled if not operation.startswith("tenant_")]

    assert unruled == []
    assert (
        len(PROTOCOL.document(version).operations) == {"0.12": 182, "0.14": 215}[version]
    )  # with the older slot paths


def test_a_slot_from_opening_to_receipt(client: SbnClient, clock: ManualClock) -> None:
    slot = client.gateway.create_slot("w", "t", metadata={"action_weight_map": {"rep": 2.0}, "x_override": 4.0})
    block = {"slot_id": slot.id, "block_type": "Action", "domain": "d"}
    first = client.bitblocks.submit(
        **block, payload={"actions": [{"action": "rep", "score": 3.0}], "events": {"friendly": 2}}
    )
    sealed = client.gateway.seal_slot(slot.id)
    nothing = client.gateway.seal_slot(slot.id)
    second = client.bitblocks.submit(**block, payload={"action": "x", "score": 1.0})
    closure = client.gateway.close_slot(slot.id)
    receipt = client.gateway.fetch_receipt(closure.receipt_id)

    assert (first.generation, second.generation) == (0, 1)
    assert (sealed.blocks_composed, sealed.anchor_hash) == (1, sealed.receipt_hash)
    assert (nothing.blocks_composed, nothing.anchor_hash) == (0, sealed.anchor_hash)
    assert closure.receipt_id == slot.receipt_id
    assert (closure.blocks_composed, closure.blocks_attested) == (2, 2)
    assert receipt.payload["y"] == pytest.approx(3.0 * 2.0 + 2 + 1.0)
    assert receipt.payload["gec0"] == pytest.approx(9.0 / 8.0)
    blocks = client.gateway.list_slot_blocks(slot.id)
    assert (blocks["slot_state"], blocks["count"]) == ("closed", 2)
    assert client.gateway.list_slots(state="open") == []
    with refused(409, "slot_closed"):
        client.bitblocks.submit(**block, payload={})
    with refused(409, "slot_closed"):
        client.gateway.seal_slot(slot.id)
    with refused(404, "slot_not_found"):
        client.gateway.close_slot("nope")


def test_merkle_roots() -> None:
    assert merkle_root(["a"]) == "a"
    assert merkle_root(["a", "b", "c"]) == merkle_root([merkle_root(["a", "b"]), merkle_root(["c", "c"])])


def test_a_key_makes_a_repetition_harmless(sandbox: Sandbox) -> None:
    headers = {"x-api-key": "sbn_live_abc123", "idempotency-key": "k-1"}
    with httpx.Client(base_url=sandbox.url, headers=headers) as http:
        first, again = (http.post("/slots", json={"worker_id": "w"}).json()["data"]["id"] for _ in range(2))
        other = http.post("/slots", json={"worker_id": "w"}, headers={"idempotency-key": "k-2"}).json()["data"]["id"]

    assert first == again != other


def test_older_clients_name_their_tenant_in_the_path(sandbox: Sandbox, client: SbnClient) -> None:
    import sbn_gateway

    with sbn_gateway.SbnGatewayClient(
        base_url=sandbox.url,
        tenant_id="acme",
        token_provider=lambda: sbn_gateway.MintedToken.from_ttl("sbn-sandbox-token", 60),
    ) as legacy:
        slot = legacy.create_slot(sbn_gateway.SlotCreateRequest("w", "t"))
        summary = sbn_gateway.SlotSummary(slot.id, "ab" * 32)
        attested = legacy.request_attestation(summary)
        closure = legacy.close_slot(slot.id)
        receipt = legacy.fetch_receipt(closure.receipt_id)
        with pytest.raises(sbn_gateway.GatewayError, match="no receipt"):
            legacy.fetch_receipt("nope")

    assert slot.dict()["opened_at"] == "2026-01-01T00:00:00+00:00"
    assert attested["status"] == "attested"
    assert receipt.subject_id == slot.id
    assert client.gateway.list_slots() == []  # another tenant's
    client.set_tenant("acme")
    assert [item.id for item in client.gateway.list_slots()] == [slot.id]


def test_orphans_are_reaped(client: SbnClient, clock: ManualClock) -> None:
    managed = client.gateway.create_slot("w", metadata={"orphan_strategy": "reap_if_idle"})
    client.gateway.create_slot("w")
    clock.advance(2000)

    listed = client.gateway.list_orphan_slots()
    everyone = client.gateway.list_orphan_slots(include_unmanaged=True)
    reaped = client.gateway.reap_orphan_slots()

    assert [slot["id"] for slot in listed] == [managed.id]
    assert len(everyone) == 2
    assert reaped == {"scanned": 2, "reaped": 1, "slot_ids": [managed.id]}
    assert client.gateway.list_orphan_slots() == []


def test_an_attestation_is_made_once(client: SbnClient) -> None:
    from sbn import SlotSummary

    slot = client.gateway.create_slot("w")
    summary = SlotSummary(slot.id, "sha256:" + "ab" * 32, frontier_id="f")

    first, again = client.gateway.request_attestation(summary), client.gateway.request_attestation(summary)
    other = client.gateway.request_attestation(SlotSummary(slot.id, "ab" * 32))

    assert first == again
    assert first["receipt_id"] != other["receipt_id"]
    assert client.receipts.list(domain="f")["receipts"][0]["id"] == first["receipt_id"]


def test_the_ledger_and_a_chain_that_breaks(client: SbnClient, sandbox: Sandbox) -> None:
    sealed = client.snapchore.seal({"a": 1}, domain="numa.x")
    client.snapchore.capture({"b": 2})
    client.snapchore.create_chain("c")
    for _ in range(3):
        client.snapchore.append_to_chain("c", block_hash=sealed["hash"])
    sound = client.snapchore.verify_chain("c")
    sandbox.rules.spaces["default"].chains["c"]["entries"][1]["block_hash"] = "f" * 64
    broken = client.snapchore.verify_chain("c")

    assert client.snapchore.verify_block(sealed)["valid"] is True
    assert client.snapchore.verify_block({**sealed, "payload": {"a": 2}})["valid"] is False
    assert client.snapchore.verify("sha256:" + client.snapchore.capture({"b": 2})["hash"], {"b": 2})["valid"] is True
    assert [entry["hash"] for entry in client.snapchore.discover_recent(domain="numa.*")["entries"]] == [sealed["hash"]]
    assert (sound["valid"], sound["first_break"]) == (True, None)
    assert (broken["valid"], broken["first_break"]) == (False, 1)
    with refused(404):
        client.snapchore.discover("0" * 64)


def test_a_sealed_block_is_promoted_and_attested(client: SbnClient) -> None:
    sealed = client.snapchore.seal({"a": 1})
    promoted = client.snapchore.create_project_and_promote(
        project_name="p",
        contact_email="e@x.example",
        aggregator_endpoint="https://a.example",
        rate_plan_id="rp_standard",
        snapchore_hash=sealed["hash"],
    )
    steps = [client.snapchore.get_block(sealed["id"])["promotion_status"]]
    for _ in range(3):
        client.snapchore.process_queue()
        steps.append(client.snapchore.get_block(sealed["hash"])["promotion_status"])
    detail = client.snapchore.get_block(sealed["id"])
    anchor = client.snapchore.resolve_receipt_anchor(block_detail=detail)
    looked_up = client.receipts.get_by_hash(anchor["receipt_hash"])

    assert client.snapchore.promotion_status(promoted["promotion"])["status"] == "submitted"
    assert steps == ["submitted_to_sbn", "queued_for_attestation", "attested", "attested"]
    assert (anchor["source"], anchor["target_project_id"]) == ("related_receipt", promoted["project_id"])
    assert looked_up["items"][0]["receipt_id"] == anchor["receipt_id"]
    assert client.snapchore.queue_summary()["by_status"]["attested"] == 1
    assert client.snapchore.local_proof_status(sealed)["status"] == "sealed_local"


def test_keys_live_and_die(connect: Callable[..., SbnClient], client: SbnClient) -> None:
    minted = client.console.create_api_key("proj-123", label="l", default_frontier="f", allowed_frontiers=["f"])
    other = connect(key=minted["api_key"])
    rotated = client.console.rotate_api_key("proj-123", minted["record"]["id"])

    with refused(401):
        other.gateway.list_slots()
    other.authenticate_api_key(rotated["api_key"])
    assert other.gateway.list_slots() == []
    records = client.console.list_api_keys("proj-123")
    assert [(record.revoked, record.default_frontier) for record in records[:2]] == [(False, "f"), (True, "f")]
    client.console.revoke_api_key("proj-123", rotated["record"]["id"])
    with refused(401):
        other.gateway.list_slots()
    events = client.console.get_key_events("proj-123", minted["record"]["id"])
    assert [event["event"] for event in events] == ["rotated", "created"]
    assert "key_id,meter,count" in client.console.export_usage_csv("proj-123")


def test_a_key_attests_under_its_own_frontiers(connect: Callable[..., SbnClient], client: SbnClient) -> None:
    from sbn import SlotSummary

    minted = client.console.create_api_key("proj-123", allowed_frontiers=["f"])
    bound = connect(key=minted["api_key"])
    slot = bound.gateway.create_slot("w")

    assert bound.gateway.request_attestation(SlotSummary(slot.id, "ab", frontier_id="f"))["status"] == "attested"
    with refused(422, "frontier_unbound"):
        bound.gateway.request_attestation(SlotSummary(slot.id, "ab", frontier_id="g"))


def test_a_proposals_life(client: SbnClient) -> None:
    proposal = client.governance.create_proposal({"document": {"frontier_id": "f"}})["id"]
    with refused(409):
        client.governance.promote(proposal)
    states = [client.governance.approve(proposal, approver=approver)["status"] for approver in ("anna", "anna", "ben")]
    promoted = client.governance.promote(proposal)["status"]
    other = client.governance.create_proposal({"document": {}})["id"]
    rejected = client.governance.reject(other, approver="anna")["status"]

    assert states == ["pending", "pending", "approved"]
    assert (promoted, rejected) == ("promoted", "rejected")
    with refused(409):
        client.governance.approve(other, approver="ben")
    assert len(client.governance.list_proposals(status="promoted")["proposals"]) == 1


def test_a_tenants_validators(client: SbnClient, clock: ManualClock) -> None:
    plan = client.control_plane.create_rate_plan(name="n", sla_tier="gold", daily_quota=1, burst_limit_per_minute=2)
    tenant = client.control_plane.create_tenant(
        name="t", contact_email="e", aggregator_endpoint="a", rate_plan_id="rp_standard", activate=False
    )
    identity = tenant.summary.id
    client.control_plane.register_validator(identity, validator_id="v", endpoint="https://v.example")
    seen = client.control_plane.heartbeat_validator(identity, "v")
    moved = client.control_plane.update_tenant_rate_plan(identity, plan.id, activate=True)

    assert (tenant.summary.status, moved.summary.status) == ("provisioning", "active")
    assert (moved.summary.sla_tier, moved.summary.validator_count) == ("gold", 1)
    assert (seen.status, seen.last_seen_at) == ("active", "2026-01-01T00:00:00+00:00")
    with refused(404, "rate_plan_not_found"):
        client.control_plane.update_tenant_rate_plan(identity, "nope")


def test_a_workflows_order_runs_and_evidence(client: SbnClient) -> None:
    edges = [{"source": "a", "target": "b", "type": "sequence"}]
    flow = client.lattice.create_workflow(domain="d", name="n", nodes=[{"id": "b"}, {"id": "a"}], edges=edges)["id"]
    order = client.lattice.get_execution_order(flow)["order"]
    ready = [step["step_id"] for step in client.lattice.get_ready_steps(flow, ["a"])]
    for step in ("a", "b"):
        client.lattice.record_step_outcome(flow, step, meta={"run_id": "r"}, duration_seconds=2.0)
    client.lattice.record_step_outcome(flow, "__run_close__", proof_stage="reduced", meta={"run_id": "r"})
    (run,) = client.lattice.list_workflow_runs(flow)
    packet = client.lattice.get_workflow_run_evidence_packet(flow, "r")
    forged = copy.deepcopy(packet)
    forged["events"][0]["outcome"] = "failed"
    resigned = copy.deepcopy(packet)
    resigned["signature"]["value"] = "AAAA"

    assert (order, ready) == (["a", "b"], ["b"])
    assert (run["status"], run["phase"], run["step_count"], run["event_count"]) == ("completed", "closed", 2, 3)
    assert client.lattice.verify_evidence_packet(packet)["verified"] is True
    assert client.lattice.verify_evidence_packet(forged)["digest_match"] is False
    assert client.lattice.verify_evidence_packet(resigned)["signature_valid"] is False
    assert client.lattice.get_workflow_benchmarks(flow)["steps"][0]["mean_seconds"] == 2.0
    cyclic = client.lattice.create_workflow(
        domain="d",
        name="c",
        nodes=[{"id": "a"}, {"id": "b"}],
        edges=[*edges, {"source": "b", "target": "a", "type": "sequence"}],
    )["id"]
    with refused(409, "workflow_cycle"):
        client.lattice.get_execution_order(cyclic)


def test_workflows_travel_between_projects(client: SbnClient) -> None:
    envelope = client.lattice.export_workflow("wf_kinetic_session_integrity_v3_ab12cd34")
    copied = client.lattice.import_workflow(envelope, activate=True)
    bundle = client.lattice.export_workflows(domain="kinetic.session")
    client.set_tenant("other")
    imported = client.lattice.import_workflows(bundle)

    assert envelope["provenance"]["source_id"] == "wf_kinetic_session_integrity_v3_ab12cd34"
    assert (copied["state"], copied["nodes"]) == ("active", envelope["workflow"]["nodes"])
    assert imported["imported"] == 2
    assert {flow["domain"] for flow in client.lattice.discover_workflows(["kinetic.*"])} == {"kinetic.session"}


def test_facts_evidence_and_the_way_to_the_network(client: SbnClient) -> None:
    fact = client.reality.create_fact("The gate closes at nine.", entities=["gate"])
    twin = client.reality.create_fact("The gate closes at nine.")
    added = client.reality.ingest_evidence(
        [{"source_uri": "u", "extracted_claims": ["The gate closes at nine"], "reliability": 1.0}]
    )
    trusted = client.reality.recompute(fact["fact_id"])["trust_score"]
    queue = client.reality.list_review_queue()["items"]
    settled = client.reality.resolve_review_queue(
        queue[-1]["suggestion_id"], action="accept", target_fact_id=fact["fact_id"]
    )
    with refused(409):
        client.reality.submit_fact(fact["fact_id"])
    client.reality.promote_fact(fact["fact_id"])
    with refused(409):
        client.reality.promote_fact(fact["fact_id"])
    waiting = client.reality.get_operations()["promotion_requested"]["facts"]
    client.reality.handoff_fact(fact["fact_id"])
    submission = client.reality.submit_fact(fact["fact_id"])["submission"]

    assert trusted > fact["trust_score"]
    assert added["links_created"] >= 2
    assert settled["target_fact"] == {"fact_id": fact["fact_id"]}
    assert client.reality.get_fact(twin["fact_id"])["state"] == "merged"
    assert [item["fact_id"] for item in waiting] == [fact["fact_id"]]
    assert client.receipts.get_by_hash(submission["receipt_hash"])["count"] == 1
    with refused(422):
        client.reality.review_fact(fact["fact_id"], action="merge")
    with refused(422):
        client.reality.review_fact(fact["fact_id"], action="nope")


def test_text_becomes_facts(client: SbnClient) -> None:
    ingested = client.reality.ingest_content("One is one. Two is two.", source_title="T")

    assert [fact["text"] for fact in ingested["facts"]] == ["One is one.", "Two is two."]
    assert client.reality.list_ingestions()["items"][0]["ingestion_id"] == ingested["ingestion_id"]
    assert client.reality.search_facts(state="accepted") == []


def test_signals_travel_in_lanes(client: SbnClient, clock: ManualClock) -> None:
    expiry = "2026-01-01T00:01:00+00:00"
    client.numa.publish_signals(
        [
            {"signal_id": "a", "signal_type": "GEC_HEALTH"},
            {"signal_id": "b", "signal_type": "FORECAST", "expires_at": expiry},
            {"signal_id": "c", "signal_type": "ESCALATION"},
        ]
    )
    lanes = client.numa.poll_signals_multilane(cursors={})["lanes"]
    clock.advance(120)
    client.numa.ack_signals(["a", "nope"])
    active = client.numa.get_signals()
    client.numa.publish_signals([{"signal_id": "d", "signal_type": "META"}])
    since = client.numa.poll_signals_multilane(cursors={"control": active["cursor"]})["lanes"]

    assert {lane["lane"]: lane["count"] for lane in lanes} == {"gec_health": 1, "forecast": 1, "control": 1}
    assert [signal["signal_id"] for signal in active["signals"]] == ["c"]
    assert len(client.numa.get_signals(active_only=False)["signals"]) == 4
    assert [signal["signal_id"] for signal in since[0]["signals"]] == ["d"]
    assert client.numa.get_hints()["count"] == 4


def test_leases_and_invoices(client: SbnClient, clock: ManualClock) -> None:
    lease = client.acp.test_lease("p", provider="render")["lease"]["lease_id"]
    clock.advance(3600)
    released = client.acp.release_lease("p", lease)
    again = client.acp.release_lease("p", lease)
    client.acp.kill("p", reason="enough")
    with refused(409, "project_killed"):
        client.acp.test_lease("p", provider="gcp")
    client.acp.unkill("p")
    with refused(409, "no_offer"):
        client.acp.test_lease("p", provider="gcp", max_bid_usd_hr=0.1)
    invoice = client.acp.generate_invoice("p", start="2026-01-01", end="2026-01-31")
    with refused(409):
        client.acp.mark_invoice_paid("p", invoice["id"])
    states = [
        client.acp.finalize_invoice("p", invoice["id"])["status"],
        client.acp.mark_invoice_paid("p", invoice["id"])["status"],
    ]
    with refused(409):
        client.acp.void_invoice("p", invoice["id"])

    assert released["lease"]["total_cost_usd"] == pytest.approx(0.42)
    assert again == released
    assert invoice["total_usd"] == pytest.approx(0.42)
    assert states == ["sent", "paid"]
    page = client.acp.list_receipts("p", limit=1)
    assert (len(page["receipts"]), page["next_cursor"]) == (1, "1")
    assert client.acp.list_receipts("p", cursor=page["next_cursor"])["next_cursor"] is None
    assert client.acp.update_budget("p", enabled=False)["max_hourly_usd"] == 5.0


@pytest.mark.parametrize(
    ("said", "gec0", "source"),
    [
        ({"c_max": 0.5}, 0.8, "explicit"),
        ({"frontier_id": "kinetic.pushup.amrap.v1"}, 0.4, "registry"),
        ({"frontier_id": "unknown"}, 0.4, "default"),
    ],
)
def test_gec(said: dict[str, Any], gec0: float, source: str, client: SbnClient) -> None:
    result = client.gec.compute(4.0, 10.0, var_y=1.6, **said)

    assert result["gec0"] == pytest.approx(gec0)
    assert result["frontier"]["source"] == source
    assert result["ci"]["se"] == pytest.approx(gec0 * (1.6 / 16) ** 0.5)
    assert result["ci"]["lower"] < gec0 < result["ci"]["upper"]


@pytest.mark.parametrize(("y", "x", "c_max"), [(1.0, 0.0, None), (1.0, -1.0, None), (1.0, 1.0, 0.0)])
def test_gec_needs_a_positive_basis(y: float, x: float, c_max: float | None, client: SbnClient) -> None:
    with refused(422):
        client.gec.compute(y, x, c_max=c_max)


def test_a_custom_frontier_is_suspended_and_brought_back(client: SbnClient) -> None:
    with refused(409):
        client.gec.suspend_frontier("f")
    client.gec.start_calibration("f")
    slot = client.gateway.create_slot("w").id
    for _ in range(5):
        client.bitblocks.submit(slot_id=slot, block_type="Action", domain="f", payload={})

    assert client.gec.complete_calibration("f")["state"] == "active"
    assert client.gec.suspend_frontier("f")["state"] == "suspended"
    with refused(409):
        client.gec.start_calibration("f")
    assert client.gec.unsuspend_frontier("f")["state"] == "active"


def test_frontiers_that_share_an_app_are_coupled(client: SbnClient) -> None:
    client.atlas.register_app(app_name="a", app_family="f", declared_workflows=["one", "two"])

    assert client.atlas.detect_couplings() == {"detected": 1}
    assert client.atlas.detect_couplings() == {"detected": 0}
    assert client.atlas.get_frontier_couplings("f.one")["count"] == 1
    assert client.atlas.list_couplings(min_strength=0.9)["count"] == 0


def test_a_card_runs_its_workflow(client: SbnClient) -> None:
    card: dict[str, Any] = {"scope": "card/one", "app_family": "f", "family_class": "c", "authored_by": "me"}
    client.atlas.register_card(**card, workflow_bindings=["w"], c_max=0.5)
    with refused(409, "card_exists"):
        client.atlas.register_card(**card)
    versioned = client.atlas.version_card("card/one", authored_by="you", c_max=0.6)
    ran = client.atlas.run_card("card/one", inputs={"a": 1})

    assert versioned["declared_prior"]["theoretical_c_max"] == 0.6
    assert ran["artifacts"]["blocks_composed"] == 1
    assert client.gateway.fetch_receipt(ran["artifacts"]["slot_receipt_id"]).payload["state"] == "closed"
    with pytest.raises(ValueError, match="card_id, scope, or domain is required"):
        client.atlas.register_card(app_family="f", family_class="c", authored_by="me")


def test_the_hosted_runner(client: SbnClient, sandbox: Sandbox) -> None:
    from sbn import PGDagPyClient

    hosted = client.gateway.run_pgdag(workflow_id="wf_kinetic_session_integrity_v3_ab12cd34", run_id="r1")
    with PGDagPyClient(base_url=sandbox.url) as runner:
        alone = runner.run(template={"name": "n", "nodes": [{"id": "a"}]})
        assert runner.health_live() == {"status": "ok"}

    assert hosted["status"] == alone["status"] == "completed"
    assert client.lattice.list_workflow_runs("wf_kinetic_session_integrity_v3_ab12cd34")[0]["step_count"] == 2
    assert client.gateway.pgdag_health() == {"status": "ok"}


def test_proofs_of_a_block(client: SbnClient) -> None:
    with client.open_slot(worker_id="w", task_type="t", domain="d") as stream:
        stream.pulse("one")
        seal = stream.seal()
    block = str(seal.smartblock_id)
    with client.open_surface(worker_id="w", surface_family="f", surface_id="s", parent_block_id=block) as branch:
        branch.yield_pulse("grown")

    ledger = client.gateway.fetch_proof_ledger(block)
    assert [entry["kind"] for entry in ledger["proof_ledger"]] == ["hash", "receipt"]
    assert client.gateway.fetch_block(block).scalar_gec is not None
    assert client.gateway.list_proof_surfaces(block)["count"] == 1
    assert client.gateway.list_fractal_receipts(block)["receipts"][0].subject_id == block
    assert client.gateway.fetch_proof_surface(str(seal.receipt_id))["block_id"] == block
    assert client.gateway.list_successor_surfaces(block)["successors"][0]["surface_id"] == "s"
    kinds = [part["type"] for part in client.blocks.get_bitblocks(block, include_stack=True)["bitblocks"]]
    assert kinds == ["Action", "Interaction", "Events", "Summary", "Stack"]

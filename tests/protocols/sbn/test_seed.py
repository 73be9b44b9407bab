"""Every Python snippet of the SDK's own documentation, unchanged but for the base URL (protocol sheet, section 17)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sbn import GecOperationContract, SbnClient, SigningKey
from wirewright.sandbox import Sandbox

STREAM: dict[str, Any] = {
    "worker_id": "tower-agents",
    "task_type": "grid.atomic_rentals",
    "domain": "grid.atomic_rentals.streaming",
}


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    client = SbnClient(base_url=sandbox.url)
    client.authenticate_api_key("sbn_live_abc123")
    client.set_tenant("tower-agents")
    with client:
        yield client


def sent(sandbox: Sandbox) -> list[str]:
    return [f"{exchange.method} {exchange.target}" for exchange in sandbox.requests]


def test_quick_start(client: SbnClient) -> None:
    # SnapChore — capture, verify, seal
    block = client.snapchore.capture({"event": "signup", "user": "u-42"})
    verified = client.snapchore.verify(block["snapchore_hash"], {"event": "signup", "user": "u-42"})
    sealed = client.snapchore.seal(block["snapchore_hash"], {"event": "signup", "user": "u-42"})
    # Gateway — slots, receipts, attestations
    slot = client.gateway.create_slot(worker_id="w-1", task_type="classify")
    receipt = client.gateway.fetch_receipt(slot.receipt_id)
    # Console — API keys, usage, billing
    keys = client.console.list_api_keys("proj-123")
    usage = client.console.get_usage("proj-123")
    # Control plane — rate plans, tenants, validators
    plans = client.control_plane.list_rate_plans()
    tenant = client.control_plane.create_tenant(
        name="Acme Corp",
        contact_email="ops@acme.co",
        aggregator_endpoint="https://agg.acme.co",
        rate_plan_id=plans[0].id,
    )

    assert block["hash"] == "e445484b03f4d0fc47843314b4f076cb9796418167bb413fcefe83d8b16cb655"
    assert verified["valid"] is True
    assert sealed["payload"] == {"event": "signup", "user": "u-42"}
    assert (receipt.subject_type, receipt.subject_id) == ("slot", slot.id)
    assert [key.plan for key in keys] == ["sandbox"]
    assert usage.project_id == "proj-123"
    assert tenant.summary.status == "active"


def test_event_streaming_wrapper(client: SbnClient, sandbox: Sandbox) -> None:
    with client.open_slot(
        **STREAM,
        generation_interval=1800,  # 30 minutes
        metadata={"frontier_hint": "grid.atomic_rentals.streaming"},
    ) as stream:
        stream.pulse(
            "delivery_picked_up",
            score=0.9,
            actions=[{"action": "delivery_picked_up", "score": 0.9}],
            interactions=[{"action": "route_quality", "score": 0.94}],
            events={"friendly": 1},
            booking_id="bk_123",
            status="picked_up",
            metadata={"interaction_id": "rental-123"},
        )
        seal = stream.seal()
        stream.pulse(
            "delivery_complete",
            score=1.0,
            actions=[{"action": "delivery_complete", "score": 1.0}],
            events={"friendly": 1},
            booking_id="bk_123",
            status="complete",
            metadata={"interaction_id": "rental-123"},
        )

    close_receipt = stream.receipt

    assert (seal.anchor_type, seal.degraded) == ("receipt_hash", False)
    assert seal.anchor_hash
    assert close_receipt is not None
    assert (close_receipt.blocks_composed, close_receipt.blocks_attested) == (2, 2)
    slot = stream.slot_id
    assert sent(sandbox) == [
        "POST /slots",
        "POST /api/bitblocks/submit",
        f"POST /slots/{slot}/seal",
        "POST /api/bitblocks/submit",
        f"POST /slots/{slot}/close",
    ]


def test_shared_operation_contract(client: SbnClient) -> None:
    contract = GecOperationContract(
        app_name="pt_web",
        gec_domain="kinetic",
        frontier="pushup",
        constraint_tag="amrap",
        phase="execution",
        x_mode="elapsed_time",
        action_weight_map={"rep_complete": 1.0},
        interaction_weight_map={"form_quality": 0.25},
        event_polarity_weights={"friendly": 1.0, "neutral": 0.1, "hostile": -1.0},
    )

    with client.open_slot(
        worker_id="tower-agents",
        task_type="kinetic.pushup.amrap",
        domain="kinetic.pushup",
        generation_interval=60,
        gec_contract=contract,
    ) as stream:
        ...

    assert stream.slot is not None
    assert stream.slot.metadata["frontier_hint"] == "kinetic.pushup.amrap"
    assert stream.receipt is not None
    assert stream.receipt.blocks_composed == 0


def test_explicit_attestation(client: SbnClient, sandbox: Sandbox) -> None:
    with client.open_slot(**STREAM) as stream:
        stream.pulse("delivery_complete", score=1.0, events={"friendly": 1}, booking_id="bk_123")
        step_anchor = stream.seal()

    before = len(sent(sandbox))
    asked: dict[str, Any] = {
        "request_attestation": True,
        "snap_hash": step_anchor.anchor_hash,
        "frontier_id": "grid.atomic_rentals.streaming",
    }
    final = stream.finalize(
        **asked, metadata={"type": "LaborBlock", "domain": "grid", "event_type": "delivery_complete"}
    )
    again = stream.finalize(**asked, strict_attestation=True)

    assert sent(sandbox)[before:] == ["POST /attest", "POST /attest"]
    assert final.explicit_attestation_succeeded
    assert final.close.receipt_id
    assert final.attestation == again.attestation
    assert final.attestation_error is None


def test_auth_methods(client: SbnClient, tmp_path: Path) -> None:
    client.authenticate_api_key("sbn_live_abc123")
    client.authenticate_bearer("eyJ...")
    file = tmp_path / "key.pem"
    file.write_bytes(SigningKey.generate(issuer="my-svc", audience="sbn").private_key_pem())
    key = SigningKey.from_pem(str(file), issuer="my-svc", audience="sbn")
    client.authenticate_signing_key(key, scopes=["attest.write", "snapchore.seal"])


def test_atlas_workflows(client: SbnClient) -> None:
    app = client.atlas.register_app(
        app_name="pt-kinetic",
        app_family="kinetic.sessions",
        declared_workflows=["pushup_session", "session_integrity"],
        workflow_specs=[
            {
                "workflow": "pushup_session",
                "frontier_id": "kinetic.pushup.amrap.v1",
                "pulse_type": "slot_stream",
                "event_types": ["rep", "set_complete"],
            },
            {
                "workflow": "session_integrity",
                "frontier_id": "kinetic.session.integrity.v1",
                "pulse_type": "pgdag",
                "event_types": ["seal_complete"],
            },
        ],
    )

    minted = client.atlas.mint_bound_key(app["app_id"], label="pt-kinetic network key")
    bound = client.atlas.upsert_binding(app["app_id"], workflow="pushup_session", frontier_id="kinetic.pushup.amrap.v1")

    assert minted["attestation_ready"] is True
    assert minted["effective_frontiers"] == ["kinetic.pushup.amrap.v1", "kinetic.session.integrity.v1"]
    assert bound["binding"]["event_types"] == ["rep", "set_complete"]
    client.authenticate_api_key(minted["api_key"])
    assert client.gateway.list_slots() == []  # the minted key is good at once

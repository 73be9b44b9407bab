"""What the SDK does without a network: frontiers, profiles, block contracts, artifacts, and the generated flat
calls.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sbn import (
    FrontierContractBuilder,
    SbnClient,
    artifact_descriptor_from_bytes,
    artifact_descriptor_from_file,
    artifact_proof_payload,
    build_surface_slot_metadata,
    define_frontier,
    validate_audit_block_metadata,
    validate_finance_block_metadata,
    validate_finance_lifecycle_transition,
    validate_task_block_metadata,
)
from sbn.profiles import STREAM_PROFILES, profile_contract

ROOT = Path(__file__).parents[3]
FINANCE: dict[str, Any] = {
    "lifecycle_state": "allocation",
    "instrument_ref": "i",
    "position_ref": "p",
    "counterparty_ref": "c",
}


@pytest.mark.parametrize(("spec", "package"), [("specs/sbn/0.14", "sbn_calls"), ("specs/tower/0.1", "tower_calls")])
def test_the_flat_calls_are_what_the_spec_says(spec: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from wirewright_codegen.calls import build

    monkeypatch.chdir(ROOT)
    folder = ROOT / "generated" / package
    kept = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}

    assert build(spec) == kept


def test_a_frontier_in_words() -> None:
    contract = (
        FrontierContractBuilder("Push Up", gec_domain="kinetic")
        .actions("Rep Done", weights={"set": 2.0})
        .interactions(weights={"form": 0.25})
        .events("friendly", weights={"friendly": 1.0, "hostile": -1.0})
        .strategy("weighted_sum")
        .cost_rule("own", required_components=["Time"])
        .cmax_rule("declared", override=0.8)
        .native_defaults("stream_efficiency")
        .canonical_cost_profile("ai_assistant_v1")
        .build()
    )

    assert contract.accepted_action_types == ["rep_done", "set"]
    assert contract.accepted_event_types == ["friendly"]
    assert (contract.cost_mode, contract.cost_composition_rule) == ("own", "weighted_sum_v1")  # only what was not set
    assert contract.cost_required_components == ["time"]
    assert contract.cost_components["compute"] == 1.0
    assert contract.native_notes["canonical_cost_profile"] == "ai_assistant_v1"
    assert contract.native_notes["archetype_default"] == "stream_efficiency"
    assert contract.resolved_frontier_id == "kinetic.push_up"


def test_one_call_does_what_the_builder_does() -> None:
    said: dict[str, Any] = {"frontier": "f", "frontier_archetype": "binary_phase", "apply_native_defaults": True}

    contract = define_frontier(**said, action_weight_map={"a": 1.0})

    assert contract == SbnClient().define_frontier(**said, action_weight_map={"a": 1.0})
    assert (contract.yield_unit, contract.accepted_action_types) == ("phase_transition", ["a"])
    assert define_frontier(frontier="f", frontier_archetype="unknown", apply_native_defaults=True).yield_mode is None


@pytest.mark.parametrize("name", STREAM_PROFILES)
def test_a_profile_is_a_whole_contract(name: str) -> None:
    contract = profile_contract(name, domain="Grid", generation_interval=30, metadata={"frontier_hint": "f"})

    assert (contract.frontier_id, contract.gec_domain, contract.phase) == ("f", "grid", "execution")
    assert contract.x_mode == "generation_interval"
    assert contract.native_notes["generation_interval_seconds"] == "30"
    assert set(contract.event_polarity_weights) == {"friendly", "neutral", "hostile"}


@pytest.mark.parametrize(
    ("validate", "metadata", "before", "error"),
    [
        (validate_finance_block_metadata, {**FINANCE, "position_ref": ""}, None, "position_ref_required"),
        (
            validate_finance_block_metadata,
            {**FINANCE, "lifecycle_state": "x"},
            None,
            "unknown_finance_lifecycle_state: x",
        ),
        (
            validate_finance_block_metadata,
            FINANCE,
            "settlement_observed",
            "invalid_finance_lifecycle_transition: settlement_observed->allocation",
        ),
        (
            validate_finance_block_metadata,
            {**FINANCE, "financial_interop": 1},
            None,
            "financial_interop_must_be_object",
        ),
        (
            validate_finance_block_metadata,
            {**FINANCE, "financial_interop": {"standard": "x"}},
            None,
            "financial_interop_standard_must_be_iso20022",
        ),
        (
            validate_finance_block_metadata,
            {**FINANCE, "financial_interop": {"standard": "iso20022"}},
            None,
            "financial_interop_business_domain_required",
        ),
        (
            validate_finance_block_metadata,
            {**FINANCE, "financial_interop": {"standard": "iso20022", "business_domain": "x"}},
            None,
            "unknown_iso20022_business_domain: x",
        ),
        (validate_finance_block_metadata, {**FINANCE, "compliance_tags": "x"}, None, "compliance_tags_must_be_array"),
        (validate_finance_block_metadata, {**FINANCE, "compliance_tags": [1]}, None, "compliance_tag_0_must_be_object"),
        (validate_finance_block_metadata, {**FINANCE, "compliance_tags": [{}]}, None, "compliance_tag_0_tag_required"),
        (validate_task_block_metadata, {"task_state": "task_started"}, None, "task_ref_required"),
        (
            validate_task_block_metadata,
            {"task_ref": "t", "task_state": "task_started"},
            "task_closed",
            "invalid_task_transition: task_closed->task_started",
        ),
        (validate_audit_block_metadata, {"subject_ref": "s"}, None, "evidence_ref_required"),
        (
            validate_audit_block_metadata,
            {"subject_ref": "s", "evidence_ref": "e", "reviewer_class": "r", "review_state": "nope"},
            None,
            "unknown_audit_review_state: nope",
        ),
    ],
)
def test_what_a_block_must_not_say(validate: Any, metadata: dict[str, Any], before: str | None, error: str) -> None:
    with pytest.raises(ValueError, match="^" + error.replace("->", "->") + "$"):
        validate(metadata, previous_state=before)


def test_what_a_block_may_say() -> None:
    interop = {"standard": "iso20022", "business_domain": "fx"}
    validate_finance_block_metadata(
        {**FINANCE, "financial_interop": interop, "compliance_tags": [{"tag": "x"}]}, previous_state="origin"
    )
    validate_finance_lifecycle_transition("origin", "obligation_attached")
    validate_task_block_metadata({"task_ref": "t", "task_state": "artifact_expected"}, previous_state="task_declared")


def test_an_artifact_as_proof(tmp_path: Path) -> None:
    file = tmp_path / "notice.json"
    file.write_bytes(b"hello")

    by_bytes = artifact_descriptor_from_bytes(b"hello", artifact_uri="s3://x")
    by_file = artifact_descriptor_from_file(file, artifact_version="2")
    proof = artifact_proof_payload(by_bytes, summary="s", claim={"a": 1})

    assert by_bytes == {
        "artifact_uri": "s3://x",
        "artifact_sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "artifact_bytes": 5,
        "mime_type": "application/octet-stream",
    }
    assert (by_file["mime_type"], by_file["artifact_title"], by_file["artifact_version"]) == (
        "application/json",
        "notice.json",
        "2",
    )
    assert proof == {"artifact": by_bytes, "proof": {"kind": "artifact_attestation", "summary": "s"}, "claim": {"a": 1}}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"surface_role_hint": "origin_surface"}),
        (
            {"parent_block_id": "b", "branch_kind": "k", "metadata": {"surface_id": "mine"}},
            {
                "fractal_parent_block_id": "b",
                "fractal_auto_rollup": True,
                "surface_role_hint": "branch_surface",
                "branch_kind": "k",
                "surface_id": "mine",
            },
        ),
        ({"parent_block_id": "b", "auto_rollup": False}, {"fractal_auto_rollup": False}),
    ],
)
def test_a_surfaces_metadata(said: dict[str, Any], expected: dict[str, Any]) -> None:
    metadata = build_surface_slot_metadata(surface_family="f", surface_id="s", **said)

    assert expected.items() <= metadata.items()

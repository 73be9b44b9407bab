"""Stream profiles: ready-made contracts for streaming sessions (protocol sheet, section 19.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbn.gec_contract import GecOperationContract

_SHARED: Mapping[str, Any] = {
    "x_mode": "generation_interval",
    "weighting_strategy": "weighted_sum",
    "accepted_event_types": ["friendly", "neutral", "hostile"],
    "native_metric_profile": "native_gec_v1",
    "cost_mode": "blended",
    "cost_composition_rule": "weighted_sum_v1",
    "c_max_mode": "frontier_registry",
    "entropy_mode": "structural_entropy_v1",
    "compression_mode": "canonical_compression_v1",
    "reflex_mode": "trajectory_delta_v1",
}


def _polarity(friendly: float, neutral: float, hostile: float) -> dict[str, float]:
    return {"friendly": friendly, "neutral": neutral, "hostile": hostile}


STREAM_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "stream_efficiency_v1": {
        "frontier_archetype": "stream_efficiency",
        "event_polarity_weights": _polarity(1.0, 0.0, -1.0),
        "yield_mode": "completed_turns",
        "yield_unit": "stream_turn",
        "cost_required_components": ["compute"],
        "cost_optional_components": ["time", "resource", "intervention", "reversal_risk"],
        "trust_mode": "closure_coherence_v1",
    },
    "labor_v1": {
        "frontier_archetype": "stream_efficiency",
        "event_polarity_weights": _polarity(1.0, 0.0, -1.0),
        "yield_mode": "completed_turns",
        "yield_unit": "labor_window",
        "cost_components": {"time": 1.0, "compute": 1.0, "intervention": 0.75, "resource": 0.5, "reversal_risk": 0.5},
        "cost_optional_components": ["time", "resource", "intervention", "reversal_risk"],
        "trust_mode": "closure_coherence_v1",
        "native_notes": {
            "block_type": "labor",
            "scalar_emphasis": "primary",
            "burden_basis": "time_compute_intervention_resource_reversal_risk",
            "profile_class": "primary_operating_object",
        },
    },
    "ops_audit_v1": {
        "frontier_archetype": "binary_phase",
        "event_polarity_weights": _polarity(0.25, 0.0, -0.5),
        "yield_mode": "state_transition_success",
        "yield_unit": "audit_review_step",
        "cost_components": {"intervention": 1.0, "reversal_risk": 0.75, "resource": 0.4, "time": 0.25},
        "cost_optional_components": ["intervention", "reversal_risk", "evidence", "time", "resource"],
        "trust_mode": "evidence_integrity_v1",
        "native_notes": {
            "block_type": "audit",
            "scalar_emphasis": "secondary",
            "lifecycle_mode": "authoritative_review_state_machine",
            "grouping_pattern": "scheduled_or_exception_review",
            "allowed_emitters": "ops,numa,sbn_timer",
        },
    },
    "finance_state_v1": {
        "frontier_archetype": "result_value",
        "event_polarity_weights": _polarity(0.5, 0.0, -0.5),
        "yield_mode": "lifecycle_progress",
        "yield_unit": "finance_state_window",
        "cost_components": {"reversal_risk": 1.0, "intervention": 0.75, "resource": 0.5, "time": 0.25, "compute": 0.25},
        "cost_optional_components": ["reversal_risk", "intervention", "resource", "time", "compute"],
        "trust_mode": "settlement_reliability_v1",
        "native_notes": {
            "block_type": "finance",
            "scalar_emphasis": "muted",
            "settlement_posture": "observe_reference_reconcile",
            "grouping_pattern": "labor_windows_may_roll_into_finance_state_before_slot_close",
            "external_system_role": "adjacent_non_settlement",
        },
    },
}


def profile_contract(
    name: str, *, domain: str, generation_interval: int, metadata: Mapping[str, Any]
) -> GecOperationContract:
    """The contract of a named profile for a session.

    `generation_interval`: seconds. Raises ValueError for an unknown name.
    """
    profile = STREAM_PROFILES.get(name)
    if profile is None:
        raise ValueError(f"Unsupported stream_profile: {name}")
    notes = {
        **profile.get("native_notes", {}),
        "stream_profile": name,
        "generation_interval_seconds": str(generation_interval),
    }
    values: dict[str, Any] = {
        **_SHARED,
        **profile,
        "frontier_id": metadata.get("frontier_id") or metadata.get("frontier_hint"),
        "gec_domain": str(metadata.get("gec_domain") or domain or "").lower() or None,
        "frontier": metadata.get("frontier"),
        "phase": metadata.get("phase") or "execution",
        "native_notes": notes,
    }
    return GecOperationContract(**values)

"""States of finance, task and audit blocks: what may follow what, and what their metadata must hold.

Validators raise ValueError with a stable text that machines can read (protocol sheet, section 19.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

Transitions = Mapping[str, frozenset[str]]


def _transitions(**states: str) -> Transitions:
    return {state: frozenset(followers.split()) for state, followers in states.items()}


ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS = _transitions(
    origin="allocation obligation_attached",
    allocation="allocation obligation_attached settlement_observed depletion_or_closure",
    obligation_attached="obligation_attached settlement_observed depletion_or_closure",
    settlement_observed="settlement_observed depletion_or_closure",
    depletion_or_closure="",
)
ALLOWED_TASK_TRANSITIONS = _transitions(
    task_declared="task_started artifact_expected",
    task_started="task_in_progress artifact_expected artifact_completed",
    task_in_progress="task_in_progress artifact_expected artifact_completed",
    artifact_expected="artifact_completed",
    artifact_completed="task_closed",
    task_closed="",
)
ALLOWED_AUDIT_REVIEW_TRANSITIONS = _transitions(
    cadence_snapshot="review_in_progress reconciled exception_opened",
    exception_opened="review_in_progress reconciled closed",
    review_in_progress="review_in_progress reconciled closed exception_opened",
    reconciled="closed",
    closed="",
)
FINANCE_LIFECYCLE_STATES = tuple(ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS)
TASK_STATES = tuple(ALLOWED_TASK_TRANSITIONS)
AUDIT_REVIEW_STATES = tuple(ALLOWED_AUDIT_REVIEW_TRANSITIONS)
ISO20022_BUSINESS_DOMAINS = ("payments", "securities", "trade", "fx", "cards")


@dataclass(frozen=True)
class _Machine:
    """One kind of block: its states, the name they go by in errors, and the metadata it needs."""

    transitions: Transitions
    label: str
    state_field: str
    required: tuple[str, ...]

    def has(self, value: str) -> bool:
        return value in self.transitions

    def allows(self, before: str, after: str) -> bool:
        return after in self.transitions.get(before, ())

    def validate(self, before: str, after: str, unknown: str) -> None:
        for state in (before, after):
            if not self.has(state):
                raise ValueError(f"{unknown}: {state}")
        if not self.allows(before, after):
            raise ValueError(f"invalid_{self.label}_transition: {before}->{after}")

    def check(self, metadata: Mapping[str, object], before: str | None, unknown: str) -> None:
        for name in self.required:
            if not str(metadata.get(name) or "").strip():
                raise ValueError(f"{name}_required")
        state = str(metadata[self.state_field])
        if not self.has(state):
            raise ValueError(f"{unknown}: {state}")
        if before is not None:
            self.validate(before, state, unknown)


_FINANCE = _Machine(
    ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS,
    "finance_lifecycle",
    "lifecycle_state",
    ("lifecycle_state", "instrument_ref", "position_ref", "counterparty_ref"),
)
_TASK = _Machine(ALLOWED_TASK_TRANSITIONS, "task", "task_state", ("task_ref", "task_state"))
_AUDIT = _Machine(
    ALLOWED_AUDIT_REVIEW_TRANSITIONS,
    "audit_review",
    "review_state",
    ("subject_ref", "evidence_ref", "reviewer_class", "review_state"),
)
_UNKNOWN_FINANCE = "unknown_finance_lifecycle_state"
_UNKNOWN_TASK = "unknown_task_state"
_UNKNOWN_AUDIT = "unknown_audit_review_state"

is_finance_lifecycle_state: Callable[[str], bool] = _FINANCE.has
is_task_state: Callable[[str], bool] = _TASK.has
is_audit_review_state: Callable[[str], bool] = _AUDIT.has


def is_allowed_finance_lifecycle_transition(previous_state: str, next_state: str) -> bool:
    """Whether a finance block may go from one state to the other."""
    return _FINANCE.allows(previous_state, next_state)


def is_allowed_task_transition(previous_state: str, next_state: str) -> bool:
    """Whether a task block may go from one state to the other."""
    return _TASK.allows(previous_state, next_state)


def is_allowed_audit_review_transition(previous_state: str, next_state: str) -> bool:
    """Whether an audit block may go from one state to the other."""
    return _AUDIT.allows(previous_state, next_state)


def validate_finance_lifecycle_transition(previous_state: str, next_state: str) -> None:
    """Raises ValueError when a finance block may not go from one state to the other."""
    _FINANCE.validate(previous_state, next_state, _UNKNOWN_FINANCE)


def validate_task_state_transition(previous_state: str, next_state: str) -> None:
    """Raises ValueError when a task block may not go from one state to the other."""
    _TASK.validate(previous_state, next_state, _UNKNOWN_TASK)


def validate_audit_review_transition(previous_state: str, next_state: str) -> None:
    """Raises ValueError when an audit block may not go from one state to the other."""
    _AUDIT.validate(previous_state, next_state, _UNKNOWN_AUDIT)


def validate_finance_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when a finance block's metadata is incomplete or contradicts itself."""
    _FINANCE.check(metadata, previous_state, _UNKNOWN_FINANCE)
    _check_interop(metadata.get("financial_interop"))
    _check_tags(metadata.get("compliance_tags"))


def validate_task_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when a task block's metadata is incomplete or contradicts itself."""
    _TASK.check(metadata, previous_state, _UNKNOWN_TASK)


def validate_audit_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when an audit block's metadata is incomplete or contradicts itself."""
    _AUDIT.check(metadata, previous_state, _UNKNOWN_AUDIT)


def _check_interop(interop: object) -> None:
    if interop is None:
        return
    if not isinstance(interop, Mapping):
        raise ValueError("financial_interop_must_be_object")
    fields = cast("Mapping[str, Any]", interop)
    if str(fields.get("standard") or "").strip().lower() != "iso20022":
        raise ValueError("financial_interop_standard_must_be_iso20022")
    domain = str(fields.get("business_domain") or "").strip().lower()
    if not domain:
        raise ValueError("financial_interop_business_domain_required")
    if domain not in ISO20022_BUSINESS_DOMAINS:
        raise ValueError(f"unknown_iso20022_business_domain: {domain}")


def _check_tags(tags: object) -> None:
    if tags is None:
        return
    if not isinstance(tags, list | tuple):
        raise ValueError("compliance_tags_must_be_array")
    for index, tag in enumerate(cast("list[Any]", tags)):
        if not isinstance(tag, Mapping):
            raise ValueError(f"compliance_tag_{index}_must_be_object")
        if not str(cast("Mapping[str, Any]", tag).get("tag") or "").strip():
            raise ValueError(f"compliance_tag_{index}_tag_required")

"""States of finance, task and audit blocks: what may follow what, and what their metadata must hold.

Validators raise ValueError with a stable text that machines can read (protocol sheet, section 19.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sbn_calls import constants
from sbn_calls.constants import BLOCK_STATES

Transitions = Mapping[str, frozenset[str]]


class _Machine:
    """One kind of block: its states, the name they go by in errors, and the metadata it needs."""

    def __init__(self, kind: str) -> None:
        said = BLOCK_STATES[kind]
        self.transitions: Transitions = {state: frozenset(after) for state, after in said["after"].items()}
        self._label: str = said["label"]
        self._state: str = said["state"]
        self._needs: list[str] = said["needs"]

    def has(self, value: str) -> bool:
        return value in self.transitions

    def allows(self, previous_state: str, next_state: str) -> bool:
        return next_state in self.transitions.get(previous_state, ())

    def validate(self, previous_state: str, next_state: str) -> None:
        for state in (previous_state, next_state):
            self._known(state)
        if not self.allows(previous_state, next_state):
            raise ValueError(f"invalid_{self._label}_transition: {previous_state}->{next_state}")

    def _known(self, state: str) -> None:
        if not self.has(state):
            raise ValueError(f"unknown_{self._label}_state: {state}")

    def check(self, metadata: Mapping[str, object], previous_state: str | None) -> None:
        for name in self._needs:
            if not str(metadata.get(name) or "").strip():
                raise ValueError(f"{name}_required")
        state = str(metadata[self._state])
        self._known(state)
        if previous_state is not None:
            self.validate(previous_state, state)


_FINANCE, _TASK, _AUDIT = (_Machine(kind) for kind in ("finance", "task", "audit"))
ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS = _FINANCE.transitions
ALLOWED_TASK_TRANSITIONS = _TASK.transitions
ALLOWED_AUDIT_REVIEW_TRANSITIONS = _AUDIT.transitions
FINANCE_LIFECYCLE_STATES = tuple(ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS)
TASK_STATES = tuple(ALLOWED_TASK_TRANSITIONS)
AUDIT_REVIEW_STATES = tuple(ALLOWED_AUDIT_REVIEW_TRANSITIONS)
ISO20022_BUSINESS_DOMAINS = tuple(constants.ISO20022_BUSINESS_DOMAINS)

is_finance_lifecycle_state: Callable[[str], bool] = _FINANCE.has
is_task_state: Callable[[str], bool] = _TASK.has
is_audit_review_state: Callable[[str], bool] = _AUDIT.has
is_allowed_finance_lifecycle_transition: Callable[[str, str], bool] = _FINANCE.allows
is_allowed_task_transition: Callable[[str, str], bool] = _TASK.allows
is_allowed_audit_review_transition: Callable[[str, str], bool] = _AUDIT.allows
validate_finance_lifecycle_transition: Callable[[str, str], None] = _FINANCE.validate
validate_task_state_transition: Callable[[str, str], None] = _TASK.validate
validate_audit_review_transition: Callable[[str, str], None] = _AUDIT.validate


def validate_finance_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when a finance block's metadata is incomplete or contradicts itself."""
    _FINANCE.check(metadata, previous_state)
    _check_interop(metadata.get("financial_interop"))
    _check_tags(metadata.get("compliance_tags"))


def validate_task_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when a task block's metadata is incomplete or contradicts itself."""
    _TASK.check(metadata, previous_state)


def validate_audit_block_metadata(metadata: Mapping[str, object], *, previous_state: str | None = None) -> None:
    """Raises ValueError when an audit block's metadata is incomplete or contradicts itself."""
    _AUDIT.check(metadata, previous_state)


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

"""The GEC operation contract: what counts as yield and basis of an operation, said once and used everywhere.

The contract is rendered into slot metadata, into Atlas workflow specs and into bindings, so that the network derives
the same `y` and `x` wherever the operation runs (protocol sheet, section 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import fields
from typing import Any, Self, cast

from sbn_calls.constants import CONTRACT
from sbn_calls.records import OperationContract


def clean_text(value: Any, *, lower: bool = False) -> str | None:
    """Stripped, spaces as underscores; None when nothing is left."""
    text = str(value or "").strip().replace(" ", "_")
    return (text.lower() if lower else text) or None


def clean_list(values: Any, *, lower: bool = False) -> list[str]:
    """Each item cleaned; empty ones and repetitions dropped."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return []
    items = cast("Iterable[object]", values)
    return list(dict.fromkeys(text for item in items if (text := clean_text(item, lower=lower))))


def clean_weights(values: Any, *, lower: bool = False) -> dict[str, float]:
    """Names to numbers; what is no number is dropped."""
    if not isinstance(values, Mapping):
        return {}
    given = cast("Mapping[object, object]", values)
    weights: dict[str, float] = {}
    for key, value in given.items():
        name, number = clean_text(key, lower=lower), clean_float(value)
        if name and number is not None:
            weights[name] = number
    return weights


def clean_float(value: Any) -> float | None:
    """A number, or None for what is none."""
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def clean_notes(values: Any) -> dict[str, str]:
    """Notes: lower-case names, stripped texts."""
    if not isinstance(values, Mapping):
        return {}
    given = cast("Mapping[object, object]", values)
    pairs = ((clean_text(key, lower=True), str(value).strip()) for key, value in given.items())
    return {key: value for key, value in pairs if key and value}


def compose_frontier_ref(
    *,
    frontier_id: str | None = None,
    gec_domain: str | None = None,
    frontier: str | None = None,
    constraint_tag: str | None = None,
) -> str | None:
    """The frontier's id: the explicit one, else domain, frontier and constraint joined by dots."""
    if explicit := clean_text(frontier_id):
        return explicit
    parts = (clean_text(part, lower=True) for part in (gec_domain, frontier, constraint_tag))
    return ".".join(part for part in parts if part) or None


_CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "name": clean_text,
    "word": lambda value: clean_text(value, lower=True),
    "list": lambda value: clean_list(value, lower=True),
    "weights": lambda value: clean_weights(value, lower=True),
    "number": clean_float,
    "notes": clean_notes,
}


class GecOperationContract(OperationContract):
    """What an operation declares. The constructor keeps values as given; `from_mapping` cleans them.

    `x_mode`: how X is measured (`elapsed_time`, `generation_time`, `generation_interval`); `x_override`: a fixed X.
    """

    __slots__ = ()

    @classmethod
    def from_mapping(cls, payload: Mapping[str, Any]) -> Self:
        """A contract with every value cleaned: lower-case names, numbers as numbers, no repetitions."""
        values = {item.name: _CLEANERS[CONTRACT[item.name]](payload.get(item.name)) for item in fields(cls)}
        values["x_mode"] = values["x_mode"] or "elapsed_time"
        return cls(**values)

    @property
    def resolved_frontier_id(self) -> str | None:
        """The frontier's id, composed where it is not given."""
        return compose_frontier_ref(
            frontier_id=self.frontier_id,
            gec_domain=self.gec_domain,
            frontier=self.frontier,
            constraint_tag=self.constraint_tag,
        )

    @property
    def phase_ref(self) -> str | None:
        """The frontier's id with the phase, when there is one."""
        frontier, phase = self.resolved_frontier_id, clean_text(self.phase, lower=True)
        return f"{frontier}.{phase}" if frontier and phase else frontier

    def to_dict(self) -> dict[str, Any]:
        """The contract as plain values; what is not set is left out."""
        values = {name: self._rendered(name, kind) for name, kind in CONTRACT.items()}
        return {name: value for name, value in values.items() if value not in (None, "", [], {})}

    def _rendered(self, name: str, kind: str) -> Any:
        if name == "frontier_id":
            return self.resolved_frontier_id
        value = getattr(self, name)
        return _CLEANERS[kind](value) if kind in {"name", "word"} else copy(value)

    def to_slot_metadata(self) -> dict[str, Any]:
        """The contract as slot metadata."""
        metadata = self.to_dict()
        if frontier := self.resolved_frontier_id:
            metadata["frontier_hint"] = frontier
        metadata["contract_kind"] = "gec_operation"
        return metadata

    def to_workflow_spec(
        self,
        *,
        workflow: str,
        pulse_type: str | None = None,
        event_types: list[str] | None = None,
        derives_from_frontiers: list[str] | None = None,
        accepted_pulse_types: list[str] | None = None,
        rollup_mode: str | None = None,
        anchor_requirement: str | None = None,
        fallback_policy: str | None = None,
    ) -> dict[str, Any]:
        """The contract as the spec of an Atlas workflow."""
        words = {
            "pulse_type": pulse_type,
            "rollup_mode": rollup_mode,
            "anchor_requirement": anchor_requirement,
            "fallback_policy": fallback_policy,
        }
        spec = self.to_dict() | {"workflow": workflow.strip()}
        spec |= {name: word.strip().lower() for name, word in words.items() if word}
        if event_types:
            spec["event_types"] = clean_list(event_types)
        if derives_from_frontiers:
            spec["derives_from_frontiers"] = clean_list(derives_from_frontiers)
        if accepted_pulse_types:
            spec["accepted_pulse_types"] = clean_list(accepted_pulse_types, lower=True)
        return spec

    def compose_cost_observation(
        self, observed_components: Mapping[str, Any] | None, *, fixed_unit_cost: float = 1.0
    ) -> dict[str, Any]:
        """The cost of one observation: the weighted sum of its components, valid when nothing required is missing."""
        components = clean_weights(observed_components or {}, lower=True)
        weights = clean_weights(self.cost_components, lower=True)
        required = clean_list(self.cost_required_components, lower=True)
        rule = clean_text(self.cost_composition_rule, lower=True) or "weighted_sum_v1"
        total = sum(value * weights.get(name, 1.0) for name, value in components.items())
        if rule == "fixed_unit_v1":
            total += fixed_unit_cost
        missing = [name for name in required if name not in components]
        return {
            "rule": rule,
            "mode": self.cost_mode,
            "components": components,
            "weights": weights,
            "required_components": required,
            "optional_components": clean_list(self.cost_optional_components, lower=True),
            "missing_required_components": missing,
            "total": total,
            "valid": not missing,
        }


def contract_of(value: GecOperationContract | Mapping[str, Any] | None) -> GecOperationContract | None:
    """A contract as it is, or made from a mapping."""
    if value is None or isinstance(value, GecOperationContract):
        return value
    return GecOperationContract.from_mapping(value)

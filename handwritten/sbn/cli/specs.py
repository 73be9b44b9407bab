"""Workflow specs of `sbn atlas register`: from files, inline JSON and `workflow=value` options (protocol sheet,
section 16.4).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from wirewright.calls import is_array, is_object

_TEXTS = [
    "frontier_id",
    "app_name",
    "gec_domain",
    "frontier",
    "constraint_tag",
    "phase",
    "x_mode",
    "pulse_type",
    "weighting_strategy",
    "rollup_mode",
    "anchor_requirement",
    "fallback_policy",
]
_LISTS = [
    "event_types",
    "derives_from_frontiers",
    "accepted_pulse_types",
    "accepted_action_types",
    "accepted_interaction_types",
    "accepted_event_types",
]
_MAPS = ["action_weight_map", "interaction_weight_map", "event_polarity_weights"]
_ORDER = [
    "frontier_id",
    "app_name",
    "gec_domain",
    "frontier",
    "constraint_tag",
    "phase",
    "x_mode",
    "x_override",
    "pulse_type",
    "event_types",
    "derives_from_frontiers",
    "accepted_pulse_types",
    "accepted_action_types",
    "accepted_interaction_types",
    "accepted_event_types",
    "action_weight_map",
    "interaction_weight_map",
    "event_polarity_weights",
    "weighting_strategy",
    "rollup_mode",
    "anchor_requirement",
    "fallback_policy",
]


def pairs(entries: Sequence[str], option: str) -> dict[str, str]:
    """`workflow=value` entries. Raises BadParameter."""
    found: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise typer.BadParameter(f"{entry!r} is not workflow=value", param_hint=option)
        found[name.strip()] = value.strip()
    return found


def full_spec(workflow: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with every member; what is not said is null or empty."""
    spec: dict[str, Any] = {"workflow": workflow}
    for name in _ORDER:
        value = said.get(name)
        if name in _LISTS:
            spec[name] = list(value or [])
        elif name in _MAPS:
            spec[name] = dict(value or {})
        elif name in _TEXTS:
            spec[name] = str(value).strip() or None if value is not None else None
        else:
            spec[name] = value
    spec["frontier_id"] = spec["frontier_id"] or spec["frontier"]
    spec["x_mode"] = spec["x_mode"] or "elapsed_time"
    return spec


def workflow_specs(
    declared: Sequence[str],
    *,
    inline: Sequence[str],
    file: Path | None,
    bind: Mapping[str, str],
    pulse: Mapping[str, str],
    events: Mapping[str, list[str]],
) -> list[dict[str, Any]]:
    """One full spec for each workflow that is named anywhere; the options win over the specs. Raises BadParameter."""
    said = {**_from_file(file), **{spec["workflow"]: spec for spec in map(_parsed, inline)}}
    order = dict.fromkeys([*declared, *said, *bind, *pulse, *events])
    specs = [full_spec(workflow, said.get(workflow, {})) for workflow in order]
    for spec in specs:
        workflow = spec["workflow"]
        spec["frontier_id"] = bind.get(workflow, spec["frontier_id"])
        spec["pulse_type"] = pulse.get(workflow, spec["pulse_type"])
        spec["event_types"] = events.get(workflow, spec["event_types"])
    return specs


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--workflow-spec") from error
    return _named(value, "--workflow-spec")


def _named(value: Any, hint: str) -> dict[str, Any]:
    if not is_object(value) or not str(value.get("workflow") or "").strip():
        raise typer.BadParameter("a workflow spec is an object that names its workflow", param_hint=hint)
    return {**value, "workflow": str(value["workflow"]).strip()}


def _from_file(file: Path | None) -> dict[str, dict[str, Any]]:
    if file is None:
        return {}
    hint = "--workflow-specs-file"
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint=hint) from error
    items = value.get("workflow_specs") or value.get("items") if is_object(value) else value
    if not is_array(items):
        raise typer.BadParameter("the file holds no list of specs", param_hint=hint)
    return {spec["workflow"]: spec for spec in (_named(item, hint) for item in items)}

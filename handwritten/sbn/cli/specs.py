"""Workflow specs of `sbn atlas register`: from files, inline JSON and `workflow=value` options (protocol sheet,
section 16.4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from sbn_calls.constants import WORKFLOW_SPEC
from wirewright.calls import is_array, is_object

_KINDS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: (str(value).strip() or None) if value is not None else None,
    "list": lambda value: list(value or []),
    "map": lambda value: dict(value or {}),
    "value": lambda value: value,
}


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
    for name, kind in WORKFLOW_SPEC.items():
        spec[name] = _KINDS[kind](said.get(name))
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

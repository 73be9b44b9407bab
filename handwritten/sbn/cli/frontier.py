"""`sbn frontier`: operation contracts, offline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer
from wirewright.commands import output

from sbn.cli._config import SbnCliConfig
from sbn.gec_contract import GecOperationContract

LISTS = ("accepted_action_types", "accepted_interaction_types", "accepted_event_types")
WEIGHTS = {
    "action_weight_map": "--action-weight",
    "interaction_weight_map": "--interaction-weight",
    "event_polarity_weights": "--event-weight",
}


def weights(entries: Sequence[str], option: str) -> dict[str, float]:
    """`name=number` entries. Raises BadParameter."""
    found: dict[str, float] = {}
    for entry in entries:
        name, equals, number = entry.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise typer.BadParameter(f"{entry!r} is not name=number", param_hint=option)
    return found


def encode(config: SbnCliConfig, **said: Any) -> None:
    """Render an operation contract.

    Args:
        action_weight_map: name=number; may be repeated.
        interaction_weight_map: name=number; may be repeated.
        event_polarity_weights: name=number; may be repeated.
    """
    contract = _contract(said)
    _show(config, contract.to_dict(), f"Contract of {contract.phase_ref or contract.resolved_frontier_id}")


def workflow_spec(config: SbnCliConfig, *, workflow: str, **said: Any) -> None:
    """Render a workflow spec for `sbn atlas register`.

    Args:
        action_weight_map: name=number; may be repeated.
        interaction_weight_map: name=number; may be repeated.
        event_polarity_weights: name=number; may be repeated.
    """
    of_spec = "pulse_type event_types derives_from_frontiers accepted_pulse_types rollup_mode anchor_requirement"
    spec = {name: said.pop(name) for name in (*of_spec.split(), "fallback_policy")}
    _show(config, _contract(said).to_workflow_spec(workflow=workflow, **spec), f"Workflow spec of {workflow}")


def _contract(said: dict[str, Any]) -> GecOperationContract:
    values: dict[str, Any] = {**said, **{name: said[name] or [] for name in LISTS}}
    values |= {name: weights(said[name] or (), option) for name, option in WEIGHTS.items()}
    return GecOperationContract(**values)


def _show(config: SbnCliConfig, value: dict[str, Any], said: str) -> None:
    form = config.format_flag  # only the flag counts here, not the environment
    if form == "quiet":
        typer.echo(json.dumps(value), nl=False)
        return
    if form != "json":
        output.success(said)
    output.echo_json(value)

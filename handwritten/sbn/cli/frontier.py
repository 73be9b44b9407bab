"""`sbn frontier`: operation contracts, offline."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from sbn.cli import output
from sbn.cli.table import Group, split_list
from sbn.gec_contract import GecOperationContract

_group = Group("Operation contracts, offline.")
frontier_app = _group.app
Text = Annotated[str | None, typer.Option()]
Required = Annotated[str, typer.Option()]
Csv = Annotated[str | None, typer.Option(help="Comma-separated.")]
Weights = Annotated[list[str], typer.Option(help="name=number; may be repeated.")]


def weights(entries: list[str], option: str) -> dict[str, float]:
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


def _show(ctx: typer.Context, value: dict[str, Any], said: str) -> None:
    form = ctx.obj.format_flag  # only the flag counts here, not the environment
    if form == "quiet":
        typer.echo(json.dumps(value), nl=False)
        return
    if form != "json":
        output.success(said)
    output.echo_json(value)


@_group.command("encode")
def encode(
    ctx: typer.Context,
    app_name: Required,
    gec_domain: Required,
    frontier: Required,
    constraint_tag: Text = None,
    phase: Text = None,
    frontier_id: Text = None,
    x_mode: Annotated[str, typer.Option()] = "elapsed_time",
    x_override: Annotated[float | None, typer.Option()] = None,
    accepted_actions: Csv = None,
    accepted_interactions: Csv = None,
    accepted_events: Csv = None,
    action_weight: Weights = [],
    interaction_weight: Weights = [],
    event_weight: Weights = [],
    weighting_strategy: Text = None,
) -> None:
    """Render an operation contract."""
    contract = _contract({name: value for name, value in locals().items() if name != "ctx"})
    _show(ctx, contract.to_dict(), f"Contract of {contract.phase_ref or contract.resolved_frontier_id}")


@_group.command("workflow-spec")
def workflow_spec(
    ctx: typer.Context,
    workflow: Required,
    app_name: Required,
    gec_domain: Required,
    frontier: Required,
    constraint_tag: Text = None,
    phase: Text = None,
    frontier_id: Text = None,
    pulse_type: Text = None,
    x_mode: Annotated[str, typer.Option()] = "elapsed_time",
    x_override: Annotated[float | None, typer.Option()] = None,
    accepted_actions: Csv = None,
    accepted_interactions: Csv = None,
    accepted_events: Csv = None,
    derives_from_frontiers: Csv = None,
    accepted_pulse_types: Csv = None,
    event_types: Csv = None,
    rollup_mode: Text = None,
    anchor_requirement: Text = None,
    fallback_policy: Text = None,
    weighting_strategy: Text = None,
    action_weight: Weights = [],
    interaction_weight: Weights = [],
    event_weight: Weights = [],
) -> None:
    """Render a workflow spec for `sbn atlas register`."""
    contract = _contract({name: value for name, value in locals().items() if name != "ctx"})
    spec = contract.to_workflow_spec(
        workflow=workflow,
        pulse_type=pulse_type,
        event_types=split_list(event_types),
        derives_from_frontiers=split_list(derives_from_frontiers),
        accepted_pulse_types=split_list(accepted_pulse_types),
        rollup_mode=rollup_mode,
        anchor_requirement=anchor_requirement,
        fallback_policy=fallback_policy,
    )
    _show(ctx, spec, f"Workflow spec of {workflow}")


_SAME = [
    "app_name",
    "gec_domain",
    "frontier",
    "constraint_tag",
    "phase",
    "frontier_id",
    "x_mode",
    "x_override",
    "weighting_strategy",
]


def _contract(said: dict[str, Any]) -> GecOperationContract:
    return GecOperationContract(
        **{name: said[name] for name in _SAME},
        accepted_action_types=split_list(said["accepted_actions"]),
        accepted_interaction_types=split_list(said["accepted_interactions"]),
        accepted_event_types=split_list(said["accepted_events"]),
        action_weight_map=weights(said["action_weight"], "--action-weight"),
        interaction_weight_map=weights(said["interaction_weight"], "--interaction-weight"),
        event_polarity_weights=weights(said["event_weight"], "--event-weight"),
    )

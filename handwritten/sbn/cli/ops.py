"""`sbn ops`: hands over to the operator repository where it is installed."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer

from sbn.cli.table import Group

_group = Group("Operator utilities; they need the operator repository.")
ops_app = _group.app
Name = Annotated[str, typer.Option("--name", "-n", help="The tenant's name.")]
BasePath = Annotated[str | None, typer.Option(help="Where the operator repository keeps its state.")]


def _operate(verb: str, *args: Any, **options: Any) -> None:
    try:
        operator = importlib.import_module("cli.sbctl")
    except ImportError:
        typer.echo("These commands are part of the operator repository (`cli.sbctl`).")
        typer.echo("It is not installed here.")
        raise typer.Exit(1) from None
    getattr(operator, verb)(*args, **{name: value for name, value in options.items() if value is not None})


@_group.command("seed-tenant")
def seed_tenant(ctx: typer.Context, name: Name = "demo-tenant", base_path: BasePath = None) -> None:
    """Create a tenant to try things with."""
    _operate("seed_tenant", name=name, base_path=base_path)


@_group.command("open-slot")
def open_slot(ctx: typer.Context, agent_id: str, base_path: BasePath = None) -> None:
    """Open a slot for an agent."""
    _operate("open_slot", agent_id, base_path=base_path)


@_group.command("close-slot")
def close_slot(ctx: typer.Context, slot_id: str, base_path: BasePath = None) -> None:
    """Close a slot."""
    _operate("close_slot", slot_id, base_path=base_path)


@_group.command("verify")
def verify(ctx: typer.Context, slot_id: str, base_path: BasePath = None) -> None:
    """Verify a slot."""
    _operate("verify", slot_id, base_path=base_path)


@_group.command("init")
def init(
    ctx: typer.Context,
    name: Name = "demo-tenant",
    ticks: Annotated[int, typer.Option(min=2)] = 2,
    base_path: BasePath = None,
) -> None:
    """Create a tenant and run it for some ticks."""
    _operate("init", name=name, ticks=ticks, base_path=base_path)


@_group.command("bundle-status")
def bundle_status(ctx: typer.Context) -> None:
    """Show the state of the frontier bundle."""
    _operate("bundle_status")


@_group.command("repair-slot-carrier-state")
def repair(
    ctx: typer.Context,
    slot_id: Annotated[str | None, typer.Option()] = None,
    project_id: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int | None, typer.Option()] = None,
    closed_only: Annotated[bool, typer.Option("--closed-only")] = False,
    apply: Annotated[bool, typer.Option("--apply")] = False,
    base_path: BasePath = None,
) -> None:
    """Repair the carrier state of slots."""
    _operate(
        "repair_slot_carrier_state",
        slot_id=slot_id,
        project_id=project_id,
        limit=limit,
        closed_only=closed_only,
        apply=apply,
        base_path=base_path,
    )

"""`sbn ops`: hands over to the operator repository where it is installed."""

from __future__ import annotations

import importlib
from typing import Any

import typer


def operate(
    *,
    verb: str,
    subject: str | None = None,
    most: int | None = None,
    ticks: int | None = None,
    closed_only: bool = False,
    apply: bool = False,
    **options: Any,
) -> None:
    """Run a verb of the operator's own command line.

    Args:
        name: The tenant's name.
        base_path: Where the operator repository keeps its state.
    """
    try:
        operator = importlib.import_module("cli.sbctl")
    except ImportError:
        typer.echo("These commands are part of the operator repository (`cli.sbctl`).")
        typer.echo("It is not installed here.")
        raise typer.Exit(1) from None
    options |= {"limit": most, "ticks": ticks}
    if verb == "repair_slot_carrier_state":
        options |= {"closed_only": closed_only, "apply": apply}
    said = {name: value for name, value in options.items() if value is not None}
    getattr(operator, verb)(*([subject] if subject is not None else []), **said)

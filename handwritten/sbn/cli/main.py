"""The command `sbn`. A group's commands are imported when the group is used."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

GROUPS = {
    "auth": ("auth", "auth_app", "Show how to set credentials, and which are set."),
    "acp": ("acp", "acp_app", "Compute for agents: status and leases."),
    "agent": ("agent", "agent_app", "What an agent needs of the network."),
    "twin": ("agent", "twin_app", "What a digital twin needs of the network."),
    "atlas": ("atlas", "atlas_app", "Apps, keys, bindings and frontiers."),
    "frontier": ("frontier", "frontier_app", "Operation contracts, offline."),
    "reality": ("reality", "reality_app", "Facts, evidence and reviews."),
    "lattice": ("lattice", "lattice_app", "Workflows, runs and evidence."),
    "numa": ("numa", "numa_app", "Signals, hints and forecasts."),
    "receipts": ("receipts", "receipts_app", "Receipts."),
    "governance": ("governance", "governance_app", "Proposals."),
    "ops": ("ops", "ops_app", "Operator utilities; they need the operator repository."),
}


class _Commands(dict[str, Any]):
    """Commands by name; those of a group are imported when they are asked for."""

    def __init__(self, ready: dict[str, Any]) -> None:
        super().__init__({**ready, **dict.fromkeys(GROUPS)})

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if found is None:
            module, attribute, _ = GROUPS[name]
            found = typer.main.get_command(getattr(importlib.import_module(f"sbn.cli.{module}"), attribute))
            found.name = name
            self[name] = found
        return found

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if super().__contains__(name) else default

    def items(self) -> Any:
        return {name: self[name] for name in self}.items()

    def values(self) -> Any:
        return {name: self[name] for name in self}.values()


class LazyGroup(TyperGroup):
    """The top of the command line: its help needs none of the groups."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands(dict(self.commands))

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        own = [(name, self.commands[name].help or "") for name in self.commands if name not in GROUPS]
        with formatter.section("Commands"):
            formatter.write_dl(own + [(name, help) for name, (_, _, help) in GROUPS.items()])


app = typer.Typer(
    name="sbn",
    cls=LazyGroup,
    help="The SmartBlocks Network from the command line.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def settings(
    ctx: typer.Context,
    base_url: Annotated[
        str | None, typer.Option("--base-url", envvar="SBN_BASE_URL", help="The network's URL.")
    ] = None,
    api_key: Annotated[str | None, typer.Option("--api-key", envvar="SBN_API_KEY", help="The API key to use.")] = None,
    output_format: Annotated[
        str | None, typer.Option("--format", "-f", help="table (the default), json or quiet.")
    ] = None,
    atlas_client_id: Annotated[str | None, typer.Option("--atlas-client-id", help="An app's client id.")] = None,
    atlas_client_secret: Annotated[str | None, typer.Option("--atlas-client-secret", help="Its secret.")] = None,
) -> None:
    """The SmartBlocks Network from the command line."""
    from sbn.cli._config import load_config

    ctx.obj = load_config(base_url, api_key, output_format, atlas_client_id, atlas_client_secret)


@app.command()
def version() -> None:
    """Show the version."""
    from sbn._version import __version__

    typer.echo(f"sbn-sdk {__version__}")


def run() -> None:
    """The console script."""
    app()

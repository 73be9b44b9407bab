"""The command `sbn`. A group's commands are imported when the group is used."""

from __future__ import annotations

from typing import Annotated

import typer
from sbn_calls.commands import COMMANDS
from wirewright.commands.lazy import lazy_group


def _load(group: str) -> typer.Typer:
    from sbn.cli._program import program

    return program.app(group)


app = typer.Typer(
    name="sbn",
    cls=lazy_group({name: group["help"] for name, group in COMMANDS.items()}, _load),
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

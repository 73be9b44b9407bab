"""`sbn auth`: what to set, and what is set. Nothing is stored."""

from __future__ import annotations

from typing import Annotated

import typer

from sbn.cli import output
from sbn.cli._config import masked
from sbn.cli.table import Group

_group = Group("Show how to set credentials, and which are set.")
auth_app = _group.app


@_group.command("login")
def login(
    ctx: typer.Context,
    api_key: Annotated[str | None, typer.Option(help="The API key.")] = None,
    atlas_client_id: Annotated[str | None, typer.Option(help="An app's client id.")] = None,
    atlas_client_secret: Annotated[str | None, typer.Option(help="Its secret.")] = None,
) -> None:
    """Show the shell lines that set credentials."""
    if not api_key and not atlas_client_id:
        raise ValueError("Pass --api-key, or --atlas-client-id and --atlas-client-secret.")
    output.success("Run these lines in your shell:")
    typer.echo()
    named = {"SBN_API_KEY": api_key, "ATLAS_CLIENT_ID": atlas_client_id, "ATLAS_CLIENT_SECRET": atlas_client_secret}
    for name, value in named.items():
        if value:
            typer.echo(f"  export {name}={value}")
    typer.echo("\nTo keep them, add them to your shell's startup file.")


@_group.command("status")
def status(ctx: typer.Context) -> None:
    """Show which credentials are set."""
    config = ctx.obj
    if config.api_key or config.atlas_client_id:
        output.success("Authenticated")
    else:
        output.failure("Not authenticated")
    typer.echo()
    output.echo_fields(
        [
            ("Base URL", config.base_url, False),
            ("API Key", masked(config.api_key), True),
            ("Atlas Client ID", config.atlas_client_id or "(not set)", True),
            ("Atlas Client Secret", masked(config.atlas_client_secret), False),
            ("Output Format", config.output_format, False),
        ]
    )


@_group.command("logout")
def logout(ctx: typer.Context) -> None:
    """Show the shell lines that unset credentials."""
    typer.echo("Run these lines in your shell:\n")
    for name in ("SBN_API_KEY", "SBN_BASE_URL", "ATLAS_CLIENT_ID", "ATLAS_CLIENT_SECRET"):
        typer.echo(f"  unset {name}")

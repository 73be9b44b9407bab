"""`sbn auth`: what to set, and what is set. Nothing is stored."""

from __future__ import annotations

import typer
from wirewright.commands import output

from sbn.cli._config import SbnCliConfig, masked


def login(
    *, api_key: str | None = None, atlas_client_id: str | None = None, atlas_client_secret: str | None = None
) -> None:
    """Show the shell lines that set credentials.

    Args:
        api_key: The API key.
        atlas_client_id: An app's client id.
        atlas_client_secret: Its secret.
    """
    if not api_key and not atlas_client_id:
        raise ValueError("Pass --api-key, or --atlas-client-id and --atlas-client-secret.")
    output.success("Run these lines in your shell:")
    typer.echo()
    named = {"SBN_API_KEY": api_key, "ATLAS_CLIENT_ID": atlas_client_id, "ATLAS_CLIENT_SECRET": atlas_client_secret}
    for name, value in named.items():
        if value:
            typer.echo(f"  export {name}={value}")
    typer.echo("\nTo keep them, add them to your shell's startup file.")


def status(config: SbnCliConfig) -> None:
    """Show which credentials are set."""
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


def logout() -> None:
    """Show the shell lines that unset credentials."""
    typer.echo("Run these lines in your shell:\n")
    for name in ("SBN_API_KEY", "SBN_BASE_URL", "ATLAS_CLIENT_ID", "ATLAS_CLIENT_SECRET"):
        typer.echo(f"  unset {name}")

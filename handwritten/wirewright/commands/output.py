"""What is printed where, and in which form.

Success lines, tables and highlighted values go to stderr; other values, JSON and quiet values to stdout.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import typer

Fields = Iterable[tuple[str, Any, bool]]
"""Label, value, and whether it is highlighted."""


def echo_json(value: Any) -> None:
    """Indented JSON."""
    typer.echo(json.dumps(value, indent=2, default=str))


def echo_quiet(value: Any) -> None:
    """A value and nothing else, not even a line end; lists one a line."""
    if isinstance(value, bool):
        value = str(value).lower()
    lines = [str(item) for item in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else [str(value)]
    typer.echo("\n".join(lines), nl=False)


def success(text: str) -> None:
    """A line that says what was done."""
    typer.secho(f"> {text}", fg=typer.colors.GREEN, err=True)


def failure(text: str) -> None:
    """A line that says what went wrong."""
    typer.secho(f"! {text}", fg=typer.colors.RED, err=True)


def echo_fields(fields: Fields) -> None:
    """Aligned lines of label and value."""
    lines = [(label, "" if value is None else value, marked) for label, value, marked in fields]
    width = max((len(label) for label, _, _ in lines), default=0)
    for label, value, marked in lines:
        typer.secho(f"  {label:<{width}}  {value}".rstrip(), bold=marked, err=marked)


def echo_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table on stderr; tab-separated where rich is missing."""
    if not rows:
        typer.echo("  (no results)")
        return
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        for row in ([column.upper() for column in columns], *cells):
            typer.echo("\t".join(row))
        return
    table = Table(*[column.upper() for column in columns])
    for row in cells:
        table.add_row(*row)
    Console(stderr=True).print(table)


def shown(value: Any, form: str = "") -> Any:
    """A number in a format, a list joined where the form is a comma, a moment as ISO 8601, anything else as it is."""
    if isinstance(value, datetime):
        return value.isoformat()
    if form == "," and isinstance(value, list | tuple):
        return ", ".join(str(item) for item in cast("Sequence[object]", value))
    if form and isinstance(value, int | float) and not isinstance(value, bool):
        return format(float(value), form)
    return value


def pick(value: Any, path: str) -> Any:
    """The first of several places that holds something: `workflow_id|id`, `share_manifest.packet_digest`.

    `#nodes` is how many there are; `=text` is the text itself; a trailing `:.4f` is a number format, `:,` joins a
    list, `?text` is a default.
    """
    path, _, default = path.partition("?")
    path, _, form = path.partition(":")
    for place in path.split("|"):
        if place.startswith("="):
            return place[1:]
        counted = place.startswith("#")
        found = _walk(value, place.removeprefix("#"))
        if counted:
            return len(cast("Sequence[object]", found)) if isinstance(found, Sequence) else 0
        if found not in (None, ""):
            return shown(found, form)
    return default or None


def _walk(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value

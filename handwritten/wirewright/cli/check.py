"""`wirewright check`: is what is committed what the specs say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from wirewright.cli.generate import print_losses
from wirewright.cli.progress import steps
from wirewright.cli.report import NO, Format, FormatOption, show
from wirewright.cli.targets import ConfigOption, NamesArgument, choose_targets

if TYPE_CHECKING:
    from rich.console import Console
    from wirewright_codegen.pipeline import Result

_SHOWN = 20


def run(names: NamesArgument = None, *, config: ConfigOption = None, form: FormatOption = Format.text) -> None:
    """Say what differs when the generated packages are not what their specs say; exit code 1 then.

    Nothing is written.
    """
    from wirewright_codegen.pipeline import check

    results: list[Result] = []
    with steps(form) as shown:
        for target in choose_targets(names or [], config, {}):
            shown.begin(target.label)
            results.append(check(target, progress=shown.step))
    clean = all(result.ok and not result.changes for result in results)
    answer = {"clean": clean, "packages": [result.as_json() for result in results]}
    show(answer, form, lambda console: _print(console, results))
    if not clean:
        raise typer.Exit(NO)


def _print(console: Console, results: list[Result]) -> None:
    from rich.markup import escape

    for result in results:
        stale = bool(result.changes) or not result.ok
        mark, word = ("[red]✗[/]", "differs") if stale else ("[green]✓[/]", "up to date")
        console.print(f"{mark} [bold]{result.target.label}[/]  {word}  [dim]{result.account.summary()}[/]")
        for change in result.changes[:_SHOWN]:
            console.print(f"    [yellow]{change.kind:8}[/] {escape(change.path)}")
        if len(result.changes) > _SHOWN:
            console.print(f"    [dim]and {len(result.changes) - _SHOWN} more[/]")
        print_losses(console, result)
    if any(result.changes for result in results):
        console.print("[dim]wirewright generate brings them up to date[/]")

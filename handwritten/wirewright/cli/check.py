"""`wirewright check`: is everything what the specs say, and does nothing break by accident?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli.checking import Base, Checked, check_package
from wirewright.cli.generate import print_losses
from wirewright.cli.progress import steps
from wirewright.cli.report import NO, Format, FormatOption, show
from wirewright.cli.targets import ConfigOption, NamesArgument, choose_targets, find_pyproject, of_their_protocols

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 6


def run(
    names: NamesArgument = None,
    *,
    base: Annotated[
        str | None,
        typer.Option(
            help="Git revision that breaking changes and published names are measured against, or `none`.",
            show_default="where this branch left the main one, else the last tag",
        ),
    ] = None,
    config: ConfigOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Say what is not as it should be; exit code 1 then. Nothing is written.

    Generated code is what the specs say, published names are kept, changelogs are true, the examples of the specs
    validate, and no published version breaks its clients: what does belongs into the folder of a new version, or is
    approved (`wirewright diff --approve`).
    """
    from wirewright_codegen.diff import Approved
    from wirewright_codegen.diff.approved import FILE
    from wirewright_codegen.pipeline import check

    pyproject = config or find_pyproject()
    folder = pyproject.parent if pyproject else Path.cwd()
    targets = choose_targets(names or [], config, {})
    approved, against = Approved.load(folder / FILE), Base(folder, base)
    found: list[Checked] = []
    with steps(form) as shown:
        for target in targets:
            shown.begin(target.label)
            found.append(check_package(target, check(target, progress=shown.step), against, approved))
    logs = _stale_changelogs(found, config, folder)
    clean = not logs and all(checked.clean for checked in found)
    answer = {
        "clean": clean,
        "base": against.revision,
        "packages": [checked.as_json() for checked in found],
        "changelogs": logs,
    }
    show(answer, form, lambda console: _print(console, found, logs, against))
    if not clean:
        raise typer.Exit(NO)


def _stale_changelogs(found: list[Checked], config: Path | None, folder: Path) -> list[str]:
    targets = [checked.result.target for checked in found]
    if not any(target.changelog for target in targets):
        return []
    from wirewright_codegen.diff.history import stale

    known = {checked.result.target.folder: checked.result.canonical for checked in found}
    paths = stale(of_their_protocols(targets, config), known)
    return [path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path) for path in paths]


def _print(console: Console, found: list[Checked], logs: list[str], base: Base) -> None:
    for checked in found:
        _print_package(console, checked)
    for path in logs:
        console.print(f"[red]✗[/] [bold]{path}[/]  is not what the specs say")
    skipped = {reason for checked in found for reason in checked.skipped.values()}
    for reason in sorted(skipped):
        parts = sorted({part for c in found for part, why in c.skipped.items() if why == reason})
        console.print(f"[dim]- {' and '.join(parts)} not checked: {reason}[/]")
    if base.revision:
        console.print(f"[dim]breaking changes and names measured against {base.label}[/]")
    if logs or any(checked.result.changes for checked in found):
        console.print("[dim]wirewright generate brings generated files up to date[/]")


def _print_package(console: Console, checked: Checked) -> None:
    result = checked.result
    stale = bool(result.changes) or not result.ok
    mark = "[green]✓[/]" if checked.clean else "[red]✗[/]"
    word = "differs" if stale else "up to date"
    console.print(f"{mark} [bold]{result.target.label}[/]  {word}  [dim]{result.account.summary()}[/]")
    _print_some(console, [f"[yellow]{change.kind:8}[/] {_plain(change.path)}" for change in result.changes])
    print_losses(console, result)
    _print_some(console, [f"[yellow]name[/] {_plain(line)}" for line in checked.names])
    _print_some(console, [f"[yellow]example[/] {_plain(line)}" for line in checked.examples])
    told = [f"{change.place}: {change.text}" for change in checked.breaking]
    prints = [change.fingerprint for change in checked.breaking]
    lines = [f"[red]breaks clients[/] {_plain(t)} [dim]{p}[/]" for t, p in zip(told, prints, strict=True)]
    _print_some(console, lines)
    if checked.breaking:
        hint = "it is published: make a new version's folder, or approve (wirewright diff --approve)"
        console.print(f"    [dim]{hint}[/]")


def _print_some(console: Console, lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        console.print(f"    {line}")
    if len(lines) > _SHOWN:
        console.print(f"    [dim]and {len(lines) - _SHOWN} more[/]")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)

"""`wirewright impact`: which lines of an app does a change of its API touch?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from wirewright.cli import complete
from wirewright.cli.compared import Sides
from wirewright.cli.report import NO, CliError, Format, FormatOption, show
from wirewright.cli.targets import ConfigOption, ModelsOption

if TYPE_CHECKING:
    from rich.console import Console
    from wirewright_codegen.diff.sources import Source
    from wirewright_codegen.impact import Finding, Impact
    from wirewright_codegen.targets import Flavour


def run(
    app: Annotated[Path, typer.Argument(metavar="APP", help="A file, or the folder that its imports start at.")],
    *,
    old: Annotated[
        str, typer.Option("--from", help="The spec or version it was written for.", autocompletion=complete.packages)
    ],
    new: Annotated[str, typer.Option("--to", help="The one it is to move to.", autocompletion=complete.packages)],
    package: Annotated[
        str | None, typer.Option(help="The generated package it imports.", show_default="that of --from")
    ] = None,
    models: ModelsOption = None,
    config: ConfigOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Name the lines of an app that a change of its API breaks, or that want a look, each with the change that is the
    reason and what to do; exit code 1 when there are any.

    The app is type-checked (by mypy) against the package as generated from both specs, and never run.
    """
    if not app.exists():
        raise CliError("there is no such file or folder", place=str(app))
    from wirewright_codegen.diff import compare
    from wirewright_codegen.impact import assess

    sides = Sides(config)
    before, after = sides.source(old), sides.source(new)
    known = sides.package(old) or sides.package(new) or (None, "msgspec")
    name = package or known[0]
    if name is None:
        raise CliError("say which generated package the app imports", place="--package", code=2)
    flavour = cast("Flavour", models or known[1])
    with tempfile.TemporaryDirectory(prefix="wirewright-impact-") as folder:
        place = Path(folder)
        made = [_package(side, name, flavour, place / f"{number}.json", sides) for number, side in
                enumerate((before, after))]  # fmt: skip
        diff = compare(before.document, after.document)
        cache = sides.folder / ".wirewright" / "types"
        found = assess(app.resolve(), name, old=made[0], new=made[1], diff=diff, folder=place, cache=cache)
    show(_as_json(found, app), form, lambda console: _print(console, found, app))
    if found.findings:
        raise typer.Exit(NO)


def _package(source: Source, package: str, flavour: Flavour, spec: Path, sides: Sides) -> dict[str, str]:
    """The files of the package as generated from one side."""
    import json

    from wirewright_codegen.pipeline import Target, preview

    spec.write_text(json.dumps(source.document), encoding="utf-8")
    cache = sides.folder / ".wirewright" / "cache"
    return preview(Target(spec, package, spec.parent / "nowhere", models=flavour, allow_loss=True, cache=cache))


def _as_json(found: Impact, app: Path) -> object:
    lines = [finding.as_json() | {"file": _shown(finding.file, app)} for finding in found.findings]
    return {"findings": lines, "uses": found.uses, "files": found.files}


def _shown(file: str, app: Path) -> str:
    return os.path.relpath(file) if not app.is_absolute() else file


def _print(console: Console, found: Impact, app: Path) -> None:
    from rich.markup import escape

    for finding in found.findings:
        mark = "[red]breaks[/]" if finding.breaks else "[yellow]look[/]  "
        console.print(f"{mark} [bold]{escape(_shown(finding.file, app))}:{finding.line}[/]  {escape(_reason(finding))}")
        if finding.breaks:
            console.print(f"       [dim]{escape(finding.text)}[/]")
    breaks = sum(finding.breaks for finding in found.findings)
    counted = f"{breaks} break, {len(found.findings) - breaks} want a look" if found.findings else "nothing is touched"
    console.print(f"{counted}  [dim]{found.uses} uses in {found.files} files[/]")


def _reason(finding: Finding) -> str:
    change = finding.change
    if change is None:
        return "no single change explains it"
    advice = f": {finding.do}" if finding.do else ""
    return f"{change.place}: {change.text}{advice}"

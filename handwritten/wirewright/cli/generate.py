"""`wirewright generate`: packages out of specs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirewright.cli.progress import steps
from wirewright.cli.report import NO, Format, FormatOption, show
from wirewright.cli.targets import (
    CliOption,
    ConfigOption,
    LossOption,
    ModelsOption,
    NamesArgument,
    OutOption,
    OverlayOption,
    PackageOption,
    PruneOption,
    RemoteOption,
    RootOption,
    SpecOption,
    choose_targets,
    of_their_protocols,
)

if TYPE_CHECKING:
    from rich.console import Console
    from wirewright_codegen.pipeline import Result, Target


def run(
    names: NamesArgument = None,
    *,
    spec: SpecOption = None,
    package: PackageOption = None,
    out: OutOption = None,
    models: ModelsOption = None,
    cli: CliOption = None,
    overlay: OverlayOption = None,
    prune: PruneOption = None,
    allow_remote: RemoteOption = None,
    root: RootOption = None,
    allow_loss: LossOption = None,
    config: ConfigOption = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Import what was written and build every decoder.")
    ] = True,
    form: FormatOption = Format.text,
) -> None:
    """Generate the packages that \\[tool.wirewright] lists, or one for any spec in the world.

    Every run ends with an account of what came in and what went out; something lost makes exit code 1.
    """
    options: dict[str, Any] = {
        "spec": spec,
        "package": package,
        "out": out,
        "models": models,
        "cli": cli,
        "overlay": overlay,
        "prune": prune,
        "allow_remote": allow_remote,
        "root": root,
        "allow_loss": allow_loss,
    }
    targets = choose_targets(names or [], config, options)
    results = generate_all(targets, form, verify=verify)
    logs = write_changelogs(results, config)
    answer = {"packages": [result.as_json() for result in results], "changelogs": [str(path) for path in logs]}
    show(answer, form, lambda console: print_results(console, results, logs))
    if not all(result.ok for result in results):
        raise typer.Exit(NO)


def generate_all(targets: list[Target], form: Format, *, verify: bool = True) -> list[Result]:
    from wirewright_codegen.pipeline import generate

    results: list[Result] = []
    with steps(form) as shown:
        for target in targets:
            shown.begin(target.label)
            results.append(generate(target, progress=shown.step, verify=verify))
    return results


def write_changelogs(results: list[Result], config: Path | None = None) -> list[Path]:
    """Bring the changelogs of the protocols that were generated up to date; answers those that were not."""
    targets = [result.target for result in results]
    if not any(target.changelog for target in targets):
        return []
    from wirewright_codegen.diff.history import stale

    known = {result.target.folder: result.canonical for result in results}
    logs = stale(of_their_protocols(targets, config), known)
    for path, text in logs.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(logs)


def print_results(console: Console, results: list[Result], logs: Sequence[Path] = ()) -> None:
    for result in results:
        mark = "[green]✓[/]" if result.ok else "[red]✗[/]"
        changed = f"{len(result.changes)} of {result.files} files changed" if result.changes else "nothing changed"
        seconds = sum(result.seconds.values())
        console.print(
            f"{mark} [bold]{result.target.label}[/]  {result.account.summary()}  [dim]{changed}, {seconds:.1f} s[/]"
        )
        print_losses(console, result)
    for path in logs:
        console.print(f"[green]✓[/] [bold]{path.parent.name}/{path.name}[/]  brought up to date")


def print_losses(console: Console, result: Result) -> None:
    from rich.markup import escape

    for loss in result.account.losses:
        console.print(f"    [yellow]lost[/] {escape(str(loss))}")
    for problem in result.problems:
        console.print(f"    [red]broken[/] {escape(problem.place)}: {escape(problem.reason)}")
    if result.account.losses and not result.target.allow_loss:
        console.print("    [dim]nothing was written; --allow-loss writes what there is[/]")

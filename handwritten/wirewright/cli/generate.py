"""`wirewright generate`: packages out of specs."""

from __future__ import annotations

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
    results = generate_all(choose_targets(names or [], config, options), form, verify=verify)
    show({"packages": [result.as_json() for result in results]}, form, lambda console: print_results(console, results))
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


def print_results(console: Console, results: list[Result]) -> None:
    for result in results:
        mark = "[green]✓[/]" if result.ok else "[red]✗[/]"
        changed = f"{len(result.changes)} of {result.files} files changed" if result.changes else "nothing changed"
        seconds = sum(result.seconds.values())
        console.print(
            f"{mark} [bold]{result.target.label}[/]  {result.account.summary()}  [dim]{changed}, {seconds:.1f} s[/]"
        )
        print_losses(console, result)


def print_losses(console: Console, result: Result) -> None:
    from rich.markup import escape

    for loss in result.account.losses:
        console.print(f"    [yellow]lost[/] {escape(str(loss))}")
    for problem in result.problems:
        console.print(f"    [red]broken[/] {escape(problem.place)}: {escape(problem.reason)}")
    if result.account.losses and not result.target.allow_loss:
        console.print("    [dim]nothing was written; --allow-loss writes what there is[/]")

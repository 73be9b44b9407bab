"""`wirewright demo`: everything once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirewright.cli import complete
from wirewright.cli.report import NO, CliError, Format, FormatOption, err, out, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from wirewright.demo import DemoRun
    from wirewright.protocols import Protocol


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROTOCOL]...", help="All installed ones by default.", autocompletion=complete.protocols
        ),
    ] = None,
    *,
    regenerate: Annotated[
        bool, typer.Option("--regenerate/--no-regenerate", help="Generate the packages anew first, in a checkout.")
    ] = True,
    form: FormatOption = Format.text,
) -> None:
    """See everything once: specs become clients, sandboxes start, quick starts run against them over real HTTP."""
    from wirewright.protocols import discover

    logging.getLogger().addHandler(logging.NullHandler())  # a runtime that configures logging finds it done
    found = discover()
    unknown = [name for name in names or [] if name not in found.protocols and name not in found.failures]
    if unknown:
        known = ", ".join(found.protocols) or "none"
        raise CliError(f"there is no protocol {unknown[0]!r}; installed: {known}")
    chosen = {name: protocol for name, protocol in found.protocols.items() if not names or name in names}
    failures = {name: reason for name, reason in found.failures.items() if not names or name in names}
    stage = _Stage(form)
    generation = _Generation.run(list(chosen.values()), stage) if regenerate else _Generation("not asked for")
    runs = [_perform(protocol, stage) for protocol in chosen.values()]
    ok = all(played.ok for played in runs) and not failures and generation.ok
    if form is Format.json:
        shown = [played.to_json() | generation.of(played.protocol) for played in runs]
        print_json({"ok": ok, "regenerated": generation.skipped is None, "protocols": shown, "not_loaded": failures})
    else:
        _table(out(), runs, generation, failures)
    if not ok:
        raise typer.Exit(NO)


class _Stage:
    """Tells what is going on, line by line, when the result is for people."""

    def __init__(self, form: Format) -> None:
        self._console = None if form is Format.json else out()
        self._busy = err()

    def title(self, text: str) -> None:
        if self._console:
            from rich.markup import escape

            self._console.print(f"[bold]{escape(text)}[/]")

    def step(self, text: str) -> None:
        if self._console:
            from rich.markup import escape

            self._console.print(f"  [green]·[/] {escape(text)}")

    def during(self, text: str, work: Callable[[], Any]) -> Any:
        """Runs something, with a spinner where there is a terminal."""
        if self._console is None or not self._busy.is_terminal:
            return work()
        with self._busy.status(text):
            return work()


def _perform(protocol: Protocol, stage: _Stage) -> DemoRun:
    from wirewright.demo import run_demo

    stage.title(f"{protocol.title} {protocol.version()}")
    played: DemoRun = stage.during(f"{protocol.title}: quick start", lambda: run_demo(protocol, on_step=stage.step))
    if played.error:
        stage.step(f"failed: {played.error}")
    return played


@dataclass
class _Generation:
    """What regenerating did, by protocol; `skipped` says why it was not done."""

    skipped: str | None = None
    results: dict[str, list[Any]] | None = None

    @classmethod
    def run(cls, protocols: list[Protocol], stage: _Stage) -> _Generation:
        from wirewright.cli.targets import choose_targets, find_pyproject, names_of

        if find_pyproject() is None:
            return cls("this is no checkout: the generated packages are used as they are installed")
        try:
            from wirewright.cli.generate import generate_all

            targets = choose_targets([], None, {})
        except ModuleNotFoundError as error:
            return cls(f"{error.name} is not installed: pip install 'wirewright[codegen]'")
        stage.title("Specs to clients")
        results: dict[str, list[Any]] = {}
        for protocol in protocols:
            packages = {spec.package for spec in protocol.versions.values()}
            mine = [target for target in targets if target.package in packages or protocol.name in names_of(target)]
            results[protocol.name] = generate_all(mine, Format.text)
            for result in results[protocol.name]:
                changed = f"{len(result.changes)} files changed" if result.changes else "as committed"
                stage.step(f"{result.target.label}: {result.account.summary()}, {changed}")
        return cls(None, results)

    @property
    def ok(self) -> bool:
        return all(result.ok for results in (self.results or {}).values() for result in results)

    def of(self, protocol: str) -> dict[str, int]:
        """Operations and files of the protocol's packages, all versions together."""
        results = (self.results or {}).get(protocol, [])
        return {
            "generated_operations": sum(result.account.operations.kept for result in results),
            "changed_files": sum(len(result.changes) for result in results),
        }


def _table(console: Console, runs: list[DemoRun], generation: _Generation, failures: dict[str, str]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "protocol", "version"):
        table.add_column(heading)
    for heading in ("operations generated", "calls made", "contract", "time"):
        table.add_column(heading, justify="right")
    for played in runs:
        generated = generation.of(played.protocol)["generated_operations"]
        table.add_row(
            "[green]✓[/]" if played.ok else "[red]✗[/]",
            escape(played.protocol),
            escape(played.version),
            str(generated) if generation.skipped is None else f"{played.operations} [dim]installed[/]",
            str(played.calls),
            "kept" if not played.broken else f"[red]{len(played.broken)} broken[/]",
            f"{played.seconds:.1f} s",
        )
    console.print()
    console.print(table)
    if generation.skipped:
        console.print(f"[dim]nothing was regenerated: {escape(generation.skipped)}[/]")
    for played in runs:
        for line in ([played.error] if played.error else []) + played.broken[:5]:
            console.print(f"[red]{escape(played.protocol)}[/]: {escape(line)}")
    if any((played.error or "").startswith("ModuleNotFoundError") for played in runs):
        console.print("[dim]pip install 'wirewright\\[all]' brings all that sandboxes and quick starts need[/]")
    for name, reason in failures.items():
        console.print(f"[red]{escape(name)}[/] could not be loaded: {escape(reason)}")

"""`wirewright diff`: what changed, for whom it is breaking, and the version it asks for."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli import complete
from wirewright.cli.compared import Sides
from wirewright.cli.report import NO, CliError, out, print_json
from wirewright.cli.targets import ConfigOption

if TYPE_CHECKING:
    from rich.console import Console
    from wirewright_codegen.diff import Approved, Change, Diff
    from wirewright_codegen.diff.sources import Source


class DiffFormat(StrEnum):
    text = "text"
    json = "json"
    markdown = "markdown"


class Least(StrEnum):
    breaking = "breaking"
    risky = "risky"
    never = "never"


class Side(StrEnum):
    clients = "clients"
    senders = "senders"
    receivers = "receivers"
    both = "both"


_SIDE = "OLD and NEW: a file, a folder, a version (sbn/0.12), or a git revision (HEAD~1:specs/sbn/0.12)."


def run(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_SIDE, autocompletion=complete.packages)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Likewise.", autocompletion=complete.packages)],
    *,
    fail_on: Annotated[Least, typer.Option(help="Exit code 1 when a change is at least so bad.")] = Least.never,
    side: Annotated[Side, typer.Option(help="Whose class --fail-on looks at.")] = Side.clients,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Leave out what is compatible.")] = False,
    approve: Annotated[
        list[str] | None,
        typer.Option(help="Approve a change by its fingerprint, or `all` that are left; may be repeated."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is approved.")] = "",
    approved: Annotated[
        Path | None, typer.Option(help="The file of approved changes.", show_default=".wirewright-approved.toml")
    ] = None,
    config: ConfigOption = None,
    form: Annotated[DiffFormat, typer.Option("--format", help="For people, machines, or a changelog.")] = (
        DiffFormat.text
    ),
) -> None:
    """Say what changed between two specs: every change with its place, what it means for those who send and for those
    who receive, and the version that all of them ask for.

    Approved changes (by fingerprint, in .wirewright-approved.toml) never make the exit code 1.
    """
    from wirewright_codegen.diff import Approved, compare
    from wirewright_codegen.diff.approved import FILE
    from wirewright_codegen.diff.approved import approve as write

    sides = Sides(config)
    before, after = sides.source(old), sides.source(new)
    found = compare(before.document, after.document)
    file = approved or sides.folder / FILE
    if approve:
        write(file, _chosen(found, approve), reason)
    known = Approved.load(file)
    if form is DiffFormat.json:
        print_json(_as_json(found, known, before, after))
    elif form is DiffFormat.markdown:
        _markdown(found, before, after)
    else:
        _text(out(), found, known, before, after, quiet=quiet)
    if any(_fails(change, fail_on, side) and change not in known for change in found.changes):
        raise typer.Exit(NO)


def _chosen(found: Diff, wanted: list[str]) -> list[Change]:
    from wirewright_codegen.diff import Class

    if "all" in wanted:
        return [change for change in found.changes if change.worst > Class.compatible]
    by_fingerprint = {change.fingerprint: change for change in found.changes}
    for fingerprint in wanted:
        if fingerprint not in by_fingerprint:
            raise CliError(f"no change here has the fingerprint {fingerprint!r}", place="--approve", code=2)
    return [by_fingerprint[fingerprint] for fingerprint in wanted]


def _fails(change: Change, least: Least, side: Side) -> bool:
    from wirewright_codegen.diff import Class

    if least is Least.never:
        return False
    found = {
        Side.clients: change.clients,
        Side.senders: change.senders,
        Side.receivers: change.receivers,
        Side.both: change.worst,
    }[side]
    return found >= Class[least.value]


def _as_json(found: Diff, known: Approved, before: Source, after: Source) -> object:
    changes = [change.as_json() | {"approved": change in known} for change in found.changes]
    return {"from": before.label, "to": after.label, "title": after.title} | found.as_json() | {"changes": changes}


def _markdown(found: Diff, before: Source, after: Source) -> None:
    from wirewright_codegen.diff.changelog import section

    parts = [
        f"## {after.version or after.label}",
        *section(found, before.document, after.document, since=before.version),
    ]
    sys.stdout.write("\n\n".join(parts) + "\n")


def _text(console: Console, found: Diff, known: Approved, before: Source, after: Source, *, quiet: bool) -> None:
    from rich.markup import escape
    from wirewright_codegen.diff import Class
    from wirewright_codegen.diff.report import summary_of

    console.print(f"[bold]{escape(after.title or after.label)}[/]  {escape(before.label)} → {escape(after.label)}")
    for name in sorted(Class, reverse=True):
        if not (quiet and name is Class.compatible):
            print_class(console, name, found.changes, known)
    colour = "red" if found.of(Class.breaking) else "yellow" if found.of(Class.risky) else "green"
    console.print(f"[{colour}]{escape(summary_of(found))}[/]")


def print_class(console: Console, name: int, changes: tuple[Change, ...], known: Approved) -> None:
    """The changes of one class for clients, gathered into lines."""
    from rich.markup import escape
    from wirewright_codegen.diff import Class
    from wirewright_codegen.diff.report import lines_of, places_of, sides

    lines = lines_of([change for change in changes if change.clients == name])
    if not lines:
        return
    colours = {Class.breaking: "red", Class.risky: "yellow", Class.compatible: "green"}
    console.print(f"\n[bold {colours[Class(name)]}]{Class(name).name}[/] [dim]for clients[/]")
    for line in lines:
        first = line.changes[0]
        settled = " (approved)" if all(change in known for change in line.changes) else ""
        prints = " ".join(change.fingerprint for change in line.changes[:3])
        more = f" +{len(line.changes) - 3}" if len(line.changes) > 3 else ""
        advice = f" · {escape(line.do)}" if line.do and first.clients > Class.compatible else ""
        about = f"[dim]{sides(first)}{advice} · {prints}{more}{settled}[/]" if first.worst > Class.compatible else ""
        gap = "\n      " if first.clients > Class.compatible else "  "
        console.print(f"  {escape(places_of(line))}: {escape(line.text)}{gap if about else ''}{about}")

"""A contract report for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.contract.report import CHECKS, ContractReport, Finding, OperationReport, checks_of

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {"failed": "[bold red]✗[/]", "gaps": "[yellow]○[/]", "held": "[green]✓[/]", "skipped": "[dim]–[/]"}
_SHOWN = 5  # findings of one operation


def print_report(report: ContractReport, console: Console, *, verbose: bool = False) -> None:
    """What broke, with the command that repeats it; with `verbose` every operation and every gap."""
    from rich.markup import escape

    console.print(f"[bold]{escape(report.title)}[/] {escape(report.version)}  [dim]{escape(report.url)}[/]")
    for operation in report.operations:
        if verbose or operation.state == "failed":
            _print_operation(operation, console, verbose=verbose)
    if not verbose:
        _print_gaps(report, console)
    _print_checks(report, console)
    for error in report.errors[:_SHOWN]:
        console.print(f"[red]not tried:[/] {escape(error)}")
    for note in report.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    _print_verdict(report, console)


def _print_operation(operation: OperationReport, console: Console, *, verbose: bool) -> None:
    from rich.markup import escape

    tried = " ".join(f"{phase} {count}" for phase, count in operation.tried.items()) or operation.skipped
    console.print(
        f"{_MARKS[operation.state]} [bold]{escape(operation.id)}[/]  "
        f"{operation.method} {escape(operation.path)}  [dim]{escape(tried)}[/]"
    )
    shown = operation.findings if verbose else operation.failures
    for finding in shown[:_SHOWN]:
        _print_finding(finding, console)
    if len(shown) > _SHOWN:
        console.print(f"    [dim]and {len(shown) - _SHOWN} more[/]")


def _print_finding(finding: Finding, console: Console) -> None:
    from rich.markup import escape

    colour = "red" if finding.severity == "failure" else "yellow"
    times = f" [dim]×{finding.count}[/]" if finding.count > 1 else ""
    console.print(f"    [{colour}]{finding.check}[/]  {escape(finding.message)}{times}")
    if finding.answer and finding.check != "status":
        console.print(f"      [dim]{escape(finding.answer.splitlines()[0][:160])}[/]")
    for line in finding.curl.splitlines():
        console.print(f"      [cyan]{escape(line)}[/]", soft_wrap=True)


def _print_gaps(report: ContractReport, console: Console) -> None:
    """What is merely not documented: one line for each kind, with the operations."""
    from rich.markup import escape

    found: dict[str, list[str]] = {}
    for operation in report.operations:
        for gap in operation.gaps:
            found.setdefault(gap.message, []).append(operation.id)
    for message, names in sorted(found.items(), key=lambda item: -len(item[1])):
        unique = list(dict.fromkeys(names))
        more = f" and {len(unique) - 4} more" if len(unique) > 4 else ""
        console.print(f"[yellow]○[/] {escape(message)}  [dim]{escape(', '.join(unique[:4]))}{more}[/]")


def _print_checks(report: ContractReport, console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, held, broke in checks_of(report.operations):
        mark = "[red]✗[/]" if broke else "[green]✓[/]"
        broken = f"[red]{broke} broke[/]" if broke else ""
        table.add_row(mark, CHECKS.get(name, name), f"[dim]{held} held[/]", broken)
    console.print(table)


def _print_verdict(report: ContractReport, console: Console) -> None:
    counts = {state: len(report.in_state(state)) for state in ("held", "gaps", "failed", "skipped")}
    words = {"held": "held", "gaps": "held with gaps", "failed": "broke the contract", "skipped": "not tried"}
    told = ", ".join(f"{count} {words[state]}" for state, count in counts.items() if count)
    verdict = "[bold green]kept[/]" if report.ok else "[bold red]broken[/]"
    seed = f", seed {report.seed}" if report.seed is not None else ""
    console.print(
        f"{verdict}: of {len(report.operations)} operation{'s' * (len(report.operations) != 1)} {told or 'none'}  "
        f"[dim]{report.tried} requests in {report.seconds:.1f} s{seed}[/]"
    )

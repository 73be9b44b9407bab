"""`wirewright contract`: does this server keep the contract?"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli import complete
from wirewright.cli.report import NO, CliError, Format, FormatOption, err, out, print_json

if TYPE_CHECKING:
    from wirewright.contract.document import SpecDocument
    from wirewright.contract.report import ContractReport
    from wirewright.contract.running import Progress, RunOptions

PHASES = "examples,coverage,fuzzing,stateful"


def run(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PROTOCOL|FILE", help="An installed protocol, or any spec file.", autocompletion=complete.protocols
        ),
    ],
    *,
    url: Annotated[str, typer.Option(help="Base URL of the server.")],
    version: Annotated[str | None, typer.Option(help="Version of the protocol; its default otherwise.")] = None,
    auth: Annotated[
        list[str] | None,
        typer.Option(help="Credentials, SCHEME=SECRET; SCHEME=env:NAME takes them from the environment."),
    ] = None,
    header: Annotated[list[str] | None, typer.Option(help="Sent with every request, 'NAME: VALUE'.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Operations to try: operationId, 'METHOD /path' or tag; * is a wildcard.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="Operations to leave out, as --only.")] = None,
    safe: Annotated[bool, typer.Option("--safe", help="Only send GET and HEAD.")] = False,
    phases: Annotated[str, typer.Option(help="What to do, in this order.")] = PHASES,
    examples: Annotated[int, typer.Option(min=1, help="Most cases made up for an operation.")] = 20,
    seed: Annotated[int, typer.Option(help="Makes the same cases again.")] = 1,
    max_time: Annotated[int | None, typer.Option(min=1, help="Seconds for made-up data, in all.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10.0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Operations to try at once.")] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Gaps in the spec are failures, too.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every operation and every gap.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML page to this file.")] = None,
    form: FormatOption = Format.text,
) -> None:
    """Try a server from the outside: the spec's examples, data that breaks it, operations in sequence.

    Exit code 1 when the server breaks the contract. Each failure comes with the curl command that repeats it;
    secrets are masked.
    """
    from wirewright.contract.running import RunOptions, run_contract

    document = open_spec(what, version)
    options = RunOptions(
        phases=_phases(phases),
        auth=_pairs(auth or [], "=", "--auth"),
        headers=_pairs(header or [], ":", "--header"),
        only=only or [],
        without=without or [],
        safe=safe,
        examples=examples,
        seed=seed,
        seconds=max_time,
        timeout=timeout,
        workers=workers,
        strict=strict,
    )
    _check(document, url, options)
    _check_places(junit, html)
    with _shown_progress(form) as progress:
        report = run_contract(document, url, options, progress=progress)
    _write(report, junit, html)
    if form is Format.json:
        print_json(report.to_json())
    else:
        from wirewright.contract.report_terminal import print_report

        print_report(report, out(), verbose=verbose)
    if not report.ok:
        raise typer.Exit(NO)


def open_spec(what: str, version: str | None) -> SpecDocument:
    """The document of a protocol, or of a file."""
    path = Path(what)
    if path.suffix in {".json", ".yaml", ".yml"} or path.exists():
        from wirewright.sandbox.loading import load_document

        return load_document(path)
    from wirewright.protocols import Protocol, find_protocol

    return Protocol.document(find_protocol(what), version)  # what the spec says, not what its sandbox adds to it


def _phases(text: str) -> tuple[str, ...]:
    from wirewright.contract.running import ALL_PHASES

    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [phase for phase in wanted if phase not in ALL_PHASES]
    if unknown or not wanted:
        raise CliError(
            f"there is no phase {', '.join(unknown) or text!r}; there are {PHASES}", place="--phases", code=2
        )
    return wanted


def _pairs(given: list[str], joint: str, place: str) -> dict[str, str]:
    from wirewright.contract.options import pairs_of

    try:
        return pairs_of(given, joint)
    except ValueError as error:
        raise CliError(str(error), place=place, code=2) from None


def _check(document: SpecDocument, url: str, options: RunOptions) -> None:
    """What is wrong with the options is said before anything is sent."""
    from wirewright.client import Client
    from wirewright.contract.running import chosen, credentials

    try:
        Client(url)
    except ValueError as error:
        raise CliError(str(error), place="--url", code=2) from None
    try:
        credentials(document, options.auth)
    except ValueError as error:
        raise CliError(str(error), place="--auth", code=2) from None
    if not document.operations:
        raise CliError("the spec has no operation", code=2)
    if not any(chosen(operation, options) for operation in document.operations):
        raise CliError("no operation of the spec fits --only, --without and --safe", code=2)


def _check_places(*files: Path | None) -> None:
    """A report that cannot be written is told before the run that it would be of."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise CliError("there is no such folder", place=str(file.parent), code=2)


@contextmanager
def _shown_progress(form: Format) -> Generator[Progress]:
    console = err()
    if form is Format.json or not console.is_terminal:
        yield lambda phase, what: None
        return
    with console.status("examples") as status:
        yield lambda phase, what: status.update(f"{phase}  [dim]{what}[/]")


def _write(report: ContractReport, junit: Path | None, html: Path | None) -> None:
    if junit is not None:
        from wirewright.contract.report_junit import junit_xml

        junit.write_text(junit_xml(report), encoding="utf-8")
    if html is not None:
        from wirewright.contract.report_html import html_page

        html.write_text(html_page(report), encoding="utf-8")

"""The commands."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Coroutine, Generator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pgdag import __version__
from pgdag.artifact import ProofArtifact, ProofStatus
from pgdag.dag import PGDAGRunner
from pgdag.drawing import as_mermaid, as_svg, as_text
from pgdag.interrupt import InterruptionSignal
from pgdag.journal import Journal, JournalError
from pgdag.reducer import ReducerStatus
from pgdag.results import RunResult
from pgdag.template import DAGTemplate
from pgdag.verification import verify as verify_document

from .live import LiveView
from .reading import InputError, read_object, read_steps, read_template, template_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)

_EXIT = {
    ReducerStatus.COMPLETE: 0,
    ReducerStatus.FAILED: 1,
    ReducerStatus.PARTIAL: 1,
    ReducerStatus.WAITING: 5,
    ReducerStatus.INTERRUPTED: 130,
}


class Picture(StrEnum):
    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"


class Report(StrEnum):
    TEXT = "text"
    JSON = "json"


TemplateFile = Annotated[str, typer.Argument(metavar="TEMPLATE.json", help="The workflow; - is standard input.")]
Steps = Annotated[str, typer.Option("--steps", "-s", help="MODULE:REGISTRY, a mapping of step ids to functions.")]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", "-n", min=1, help="Steps at the same time; the machine's cores if left out."),
]
JournalFile = Annotated[
    Path | None, typer.Option("--journal", "-j", dir_okay=False, help="Keep sealed steps here, to go on after a crash.")
]
Output = Annotated[str | None, typer.Option("--output", "-o", help="Write the run here, for `pgdag verify`.")]
ReportFormat = Annotated[Report, typer.Option("--format", "-f", help="For people, or one JSON value.")]


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pgdag {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log what happens, and where in its code a step failed.")
    ] = False,
) -> None:
    """Workflows whose every step leaves a proof.

    Exit codes: 0 done · 1 the run failed, or the proofs do not hold · 2 wrong usage · 3 an input cannot be used ·
    5 the run waits · 130 interrupted.
    """
    if debug:
        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
    else:  # what a log would say of a failing step is said by the view
        logging.getLogger("pgdag").addHandler(logging.NullHandler())


@app.command()
def run(
    template: TemplateFile,
    steps: Steps,
    inputs: Annotated[str, typer.Option("--inputs", "-i", help="A JSON object, or @FILE.")] = "{}",
    actor: Annotated[str, typer.Option(help="In whose name the run is sealed.")] = "",
    config: Annotated[str, typer.Option(help="A JSON object, or @FILE: configuration that steps see.")] = "{}",
    run_id: Annotated[str | None, typer.Option(help="The run's id; made up if left out.")] = None,
    concurrency: Concurrency = None,
    journal: JournalFile = None,
    output: Output = None,
    format: ReportFormat = Report.TEXT,
) -> None:
    """Run a workflow. Ctrl-C lets the steps that run finish; a second one stops them."""
    plan = read_template(template)
    given, settings = read_object(inputs, "--inputs"), read_object(config, "--config")

    def start(runner: PGDAGRunner) -> Coroutine[Any, Any, RunResult]:
        return runner.execute(plan, given, actor=actor, config=settings, run_id=run_id)

    _perform(plan, steps, start, concurrency, journal, output, format)


@app.command()
def resume(
    what: Annotated[str, typer.Argument(metavar="RUN", help="A run id, with --journal; or the file of a waiting run.")],
    steps: Steps,
    event: Annotated[
        str, typer.Option("--event", "-e", help="A JSON object, or @FILE: what the run waited for.")
    ] = "{}",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed steps again; with --journal.")
    ] = False,
    concurrency: Concurrency = None,
    journal: JournalFile = None,
    output: Output = None,
    format: ReportFormat = Report.TEXT,
) -> None:
    """Go on with a run that waited, was interrupted, or went down with its process."""
    payload = read_object(event, "--event")
    if journal is not None:
        template = _template_in(journal, what)

        def start(runner: PGDAGRunner) -> Coroutine[Any, Any, RunResult]:
            return runner.resume(what, resume_event_payload=payload, retry_failed=retry_failed)
    else:
        document = read_object(f"@{what}", "run")
        state = document.get("resume_state")
        if not state or not document.get("template"):
            raise InputError(f"run {what}: it does not wait, or has no template; a run id needs --journal")
        template = template_of(document["template"], what)

        def start(runner: PGDAGRunner) -> Coroutine[Any, Any, RunResult]:
            return runner.resume(template, resume_state=state, resume_event_payload=payload)

    _perform(template, steps, start, concurrency, journal, output, format)


@app.command()
def show(
    template: TemplateFile,
    format: Annotated[Picture, typer.Option("--format", "-f", help="How to draw it.")] = Picture.TEXT,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write it here.")] = None,
) -> None:
    """Draw a workflow."""
    draw = {Picture.TEXT: as_text, Picture.MERMAID: as_mermaid, Picture.SVG: as_svg}[format]
    _write(draw(read_template(template)), output)


@app.command()
def verify(
    run: Annotated[
        str, typer.Argument(metavar="RUN.json", help="What `pgdag run --output` wrote; - is standard input.")
    ],
    format: ReportFormat = Report.TEXT,
) -> None:
    """Compute a run's proofs and root again; exits with 1 if they are not what the run says."""
    try:
        found = verify_document(read_object(f"@{run}", "run"))
    except ValueError as error:
        raise InputError(f"run {run}: {error}") from None
    if format is Report.JSON:
        facts = {"ok": found.ok, "problems": found.problems, "merkle_root_hash": found.merkle_root_hash}
        typer.echo(
            json.dumps(
                {
                    **facts,
                    "recomputed": found.recomputed,
                    "anchored": found.anchored,
                    "unsealed": found.unsealed,
                    "values": found.values,
                }
            )
        )
    else:
        for problem in found.problems:
            typer.echo(f"✗ {problem}")
        counts = (
            (len(found.recomputed), "recomputed"),
            (len(found.anchored), "anchored"),
            (len(found.unsealed), "unsealed"),
            (len(found.values), "with their values"),
        )
        told = ", ".join(f"{number} {what}" for number, what in counts if number)
        typer.echo(
            f"{'✓ holds' if found.ok else 'does not hold'}: {told or 'no steps'}; root {found.merkle_root_hash or '-'}"
        )
    raise typer.Exit(0 if found.ok else 1)


@app.command()
def runs(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", exists=True, dir_okay=False)],
    unfinished: Annotated[
        bool, typer.Option("--unfinished", "-u", help="Only those with something left to do.")
    ] = False,
) -> None:
    """List the runs of a journal, oldest first."""
    with _reading(journal):
        kept = Journal(journal)
        for run_id in kept.runs(unfinished=unfinished):
            ended = kept.result(run_id)
            typer.echo(f"{run_id}  {ended.status.value if ended else 'unfinished'}")


def _template_in(journal: Path, run_id: str) -> DAGTemplate:
    if not journal.exists():
        raise InputError(f"journal {journal}: there is no such file")
    with _reading(journal), closing(Journal(journal)) as kept:
        try:
            return kept.template(run_id)
        except KeyError as error:
            raise InputError(str(error.args[0])) from None


@contextmanager
def _reading(journal: Path | None) -> Generator[None]:
    """A file that is no journal, or cannot be read or written, is a bad input."""
    try:
        yield
    except (sqlite3.Error, OSError, JournalError) as error:
        raise InputError(f"journal {journal}: {error}") from None


def _perform(
    template: DAGTemplate,
    steps: str,
    start: Callable[[PGDAGRunner], Coroutine[Any, Any, RunResult]],
    concurrency: int | None,
    journal: Path | None,
    output: str | None,
    format: Report,
) -> None:
    functions = read_steps(steps)
    if output not in {None, "-"} and not os.access(Path(str(output)).parent, os.W_OK):
        raise InputError(f"--output {output}: nothing can be written there")  # said before anything runs
    view = LiveView(template, Console(stderr=True, quiet=format is Report.JSON))
    try:
        with (
            _reading(journal),
            PGDAGRunner(max_concurrency=concurrency, journal=journal, on_event=view.tell) as runner,
            view,
        ):
            runner.register_steps(functions)
            result = asyncio.run(_interruptible(runner, start))
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(str(error.args[0] if error.args else error)) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(130) from None
    document = {**result.to_document(), "template": template.to_dict()}
    if output is not None:
        _write(json.dumps(document, indent=2, default=str), output)
    if format is Report.JSON:
        typer.echo(json.dumps(document, default=str))
    else:
        _tell(result)
    raise typer.Exit(_EXIT[result.status])


async def _interruptible(
    runner: PGDAGRunner, start: Callable[[PGDAGRunner], Coroutine[Any, Any, RunResult]]
) -> RunResult:
    """The first Ctrl-C interrupts between steps, the second cancels."""
    task = asyncio.ensure_future(start(runner))
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if runner.interruption_handler.is_triggered:
            task.cancel()
        runner.interruption_handler.trigger(InterruptionSignal("SIGINT", source="pgdag run", reason="Ctrl-C"))

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread: Ctrl-C cancels at once
        return await task
    try:
        return await task
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _tell(result: RunResult) -> None:
    for step, proof in result.proofs.items():
        if proof.status is ProofStatus.FAILED:
            typer.echo(f"✗ {step}: {_reason(proof)}", err=True)
    if result.wait_event is not None:
        typer.echo(f"{result.run_id} waits for {result.wait_event.event_type} {result.wait_event.event_key}")
        return
    facts = f"{len(result.proofs)} proofs, root {result.merkle_root_hash or '-'}"
    typer.echo(f"{result.run_id} {result.status.value} in {result.duration_ms / 1000:.2f} s: {facts}")


def _reason(proof: ProofArtifact) -> str:
    return proof.metrics.get("error") or proof.metrics.get("proof_request_reason") or "failed without a word"


def _write(text: str, output: str | None) -> None:
    if output is None or output == "-":
        typer.echo(text)
        return
    try:
        Path(output).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--output {output}: {error.strerror}") from None

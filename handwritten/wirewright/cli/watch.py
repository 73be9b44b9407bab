"""`wirewright watch`: regenerate as specs change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli.generate import generate_all, print_results
from wirewright.cli.report import CliError, Format, FormatOption, explain, out
from wirewright.cli.serve import print_line
from wirewright.cli.targets import ConfigOption, NamesArgument, choose_targets

if TYPE_CHECKING:
    from wirewright_codegen.pipeline import Result, Target

_ENDINGS = frozenset({".yaml", ".yml", ".json"})
Snapshot = dict[Path, tuple[int, int]]


def run(
    names: NamesArgument = None,
    *,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks at the files.")] = 0.2,
    config: ConfigOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Regenerate packages as the files of their specs are saved. An error in a spec is shown, and watching goes on."""
    targets = [target for target in choose_targets(names or [], config, {}) if isinstance(target.spec, Path)]
    if not targets:
        raise CliError("there is no spec in a local file to watch")
    if form is Format.text:
        out().print(f"[dim]watching {', '.join(target.label for target in targets)} · Ctrl-C stops[/]")
    try:
        for changed in changes(targets, lambda: time.sleep(every)):
            regenerate(changed, form)
    except KeyboardInterrupt:
        return


def changes(targets: list[Target], wait: Callable[[], None]) -> Iterator[list[Target]]:
    """The targets whose specs changed, each time that some did. A spec may draw on its neighbours, so that a change
    anywhere below the protocol's folder counts."""
    seen = {target.label: snapshot(watched_folder(target)) for target in targets}
    while True:
        wait()
        now = {target.label: snapshot(watched_folder(target)) for target in targets}
        changed = [target for target in targets if now[target.label] != seen[target.label]]
        seen = now
        if changed:
            yield changed


def watched_folder(target: Target) -> Path:
    """The folder of all versions of a protocol, when it is laid out so; the spec's own otherwise."""
    spec = Path(target.spec)
    own = spec if spec.is_dir() else spec.parent
    return own.parent if own.parent.parent.name == "specs" else own


def snapshot(folder: Path) -> Snapshot:
    """Time and size of every spec file below a folder."""
    found: Snapshot = {}
    for path in folder.rglob("*"):
        if path.suffix in _ENDINGS:
            try:
                status = path.stat()
            except FileNotFoundError:  # saved by renaming, just now
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def regenerate(targets: Iterable[Target], form: Format) -> list[Result]:
    """Generates each, and shows the outcome; an error does not end the watching."""
    results: list[Result] = []
    for target in targets:
        try:
            made = generate_all([target], form, verify=False)
        except Exception as error:
            explain(error, as_json=form is Format.json)
            continue
        results += made
        if form is Format.json:
            print_line(made[0].as_json())
        else:
            print_results(out(), made)
    return results

"""`wirewright watch`: regenerate as specs change, and say what the change means."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli.diff import print_class
from wirewright.cli.generate import generate_all, print_results, write_changelogs
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
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks at the files.")] = 0.1,
    config: ConfigOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Regenerate packages as the files of their specs are saved, and say at once what a change breaks, and for whom.

    An error in a spec is shown, and watching goes on.
    """
    targets = [target for target in choose_targets(names or [], config, {}) if isinstance(target.spec, Path)]
    if not targets:
        raise CliError("there is no spec in a local file to watch")
    if form is Format.text:
        out().print(f"[dim]watching {', '.join(target.label for target in targets)} · Ctrl-C stops[/]")
    warm_up(targets)
    try:
        for changed in changes(targets, lambda: time.sleep(every)):
            regenerate(changed, form, config)
    except KeyboardInterrupt:
        return


def warm_up(targets: Iterable[Target]) -> None:
    """Do once what the first change would wait for: imports, and everything that did not change since."""
    from wirewright_codegen.pipeline import check

    for steps in ("making", "models.render"):  # what writes, a second's work to load
        import_module(f"wirewright_codegen.{steps}")
    for target in targets:
        with contextlib.suppress(Exception):  # told when the spec is saved
            check(target)


def changes(targets: list[Target], wait: Callable[[], None]) -> Iterator[list[Target]]:
    """The targets whose specs changed, each time that some did. A spec may draw on its neighbours, so that a change
    anywhere below the protocol's folder counts."""
    seen = {target.label: snapshot(watched_folder(target)) for target in targets}
    while True:
        wait()
        now = {target.label: snapshot(watched_folder(target)) for target in targets}
        changed = [target for target in targets if now[target.label] != seen[target.label]]
        saved = {path for label in now for path, stamp in now[label].items() if seen[label].get(path) != stamp}
        seen = now
        if changed:  # those first whose own files were saved
            yield sorted(changed, key=lambda target: not any(path.is_relative_to(own_folder(target)) for path in saved))


def watched_folder(target: Target) -> Path:
    """The folder of all versions of a protocol, when it is laid out so; the spec's own otherwise."""
    own = own_folder(target)
    return own.parent if own.parent.parent.name == "specs" else own


def own_folder(target: Target) -> Path:
    """The folder of a target's spec."""
    spec = Path(target.spec)
    return spec if spec.is_dir() else spec.parent


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


def regenerate(targets: Iterable[Target], form: Format, config: Path | None = None) -> list[Result]:
    """Generates each, and shows the outcome and what changed for whom; an error does not end the watching."""
    results: list[Result] = []
    for target in targets:
        before = _canonical(target)
        try:
            made = generate_all([target], form, verify=False)
        except Exception as error:
            explain(error, as_json=form is Format.json)
            continue
        results += made
        _show(target, made, before, form)
    try:
        write_changelogs(results, config)
    except Exception as error:
        explain(error, as_json=form is Format.json)
    return results


def _canonical(target: Target) -> bytes | None:
    """The canonical document as it is published."""
    try:
        return (target.folder / "spec.json").read_bytes()
    except OSError:
        return None


def _show(target: Target, made: list[Result], before: bytes | None, form: Format) -> None:
    after = _canonical(target)
    diff = None
    if before is not None and after is not None and before != after:
        from wirewright_codegen.diff import compare

        diff = compare(json.loads(before), json.loads(after))
    if form is Format.json:
        print_line(made[0].as_json() | ({"diff": diff.as_json()} if diff else {}))
        return
    console = out()
    print_results(console, made)
    if diff is not None:
        from wirewright_codegen.diff import Approved, Class

        for name in sorted(Class, reverse=True):
            print_class(console, name, diff.changes, Approved())

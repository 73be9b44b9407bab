"""Progress of long work, on the error stream of a terminal; nothing elsewhere, and nothing for what is over at once."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wirewright.cli.report import Format, err

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 0.5


class Steps:
    """Shows one line per piece of work, with its present step."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._started = time.monotonic()
        self._task: TaskID | None = None
        self._title = ""

    def begin(self, title: str) -> None:
        """Another piece of work."""
        self.end()
        self._title = title

    def step(self, name: str, done: int, total: int) -> None:
        """How far it is; shown once the whole has taken half a second."""
        if self._progress is None or time.monotonic() - self._started < _PATIENCE:
            return
        if self._task is None:
            self._task = self._progress.add_task(self._title)
        self._progress.update(
            self._task, description=f"{self._title} [dim]{name}[/]", completed=done, total=total or None
        )

    def end(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)
        self._task = None


@contextmanager
def steps(form: Format) -> Generator[Steps]:
    """Steps that are shown in a terminal, when the result is for people."""
    console = err()
    if form is Format.json or not console.is_terminal:
        yield Steps(None)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, console=console, transient=True) as progress:
        yield Steps(progress)

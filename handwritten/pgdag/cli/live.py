"""A run as it happens: a table that moves in a terminal, a line for each event anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pgdag.events import StepEvent, StepEventKind
from pgdag.template import DAGTemplate, Plan

__all__ = ["LiveView"]

_LOOK: dict[str, tuple[str, str]] = {
    "pending": ("·", "dim"),
    "started": ("▶", "bold cyan"),
    "retrying": ("↻", "yellow"),
    "completed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "waiting": ("…", "magenta"),
}
_RUNNING = frozenset({"started", "retrying"})
_ENDED = frozenset({"completed", "failed", "skipped"})


class LiveView:
    """Give `tell` to a runner as `on_event`, and use it as a context manager around the run."""

    def __init__(self, template: DAGTemplate, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = Plan(template)
        self._console = console
        self._clock = clock
        self._kind: dict[str, StepEventKind] = {}
        self._since: dict[str, float] = {}
        self._note: dict[str, str] = {}
        self._began = clock()
        self._run_id = ""
        self._live = Live(console=console, get_renderable=self.render, refresh_per_second=10, transient=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tell(self, event: StepEvent) -> None:
        """Take in what happened to a step. What children do is not shown: their step is."""
        self._run_id = self._run_id or event.run_id
        if event.run_id != self._run_id:
            return
        self._kind[event.step_id] = event.kind
        if event.kind == "started":
            self._since[event.step_id] = self._clock()
        self._note[event.step_id] = _note(event)
        if not self._console.is_terminal:
            self._console.print(_line(event), highlight=False, soft_wrap=True)

    def render(self) -> RenderableType:
        """The graph as it stands: all of it if it fits, else what moves."""
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        shown = self._shown(max(5, self._console.height - 4))
        for step in shown:
            kind = self._kind.get(step, "pending")
            sign, style = _LOOK[kind]
            node = self._plan.nodes[step]
            table.add_row(Text(sign, style), Text(node.label or step, style), Text(self._about(step, kind), "dim"))
        hidden = len(self._plan.order) - len(shown)
        more = [Text(f"  and {hidden} more", "dim")] if hidden else []
        return Group(self._summary(), table, *more)

    def _shown(self, room: int) -> list[str]:
        order = self._plan.order
        if len(order) <= room:
            return order
        urgent = [step for step in order if self._kind.get(step, "") in _RUNNING | {"failed", "waiting"}]
        ended = [step for step in self._kind if self._kind[step] == "completed"][-3:]
        coming = [step for step in order if step not in self._kind]
        chosen = set([*urgent, *ended, *coming][:room])
        return [step for step in order if step in chosen]

    def _about(self, step: str, kind: str) -> str:
        if kind in _RUNNING:
            return f"{self._clock() - self._since.get(step, self._clock()):.1f} s {self._note[step]}".rstrip()
        if kind == "pending":
            sources = self._plan.prerequisites(step)
            return f"after {', '.join(sources[:4])}{' ...' if len(sources) > 4 else ''}" if sources else ""
        return self._note[step]

    def _summary(self) -> Text:
        ended = sum(kind in _ENDED for kind in self._kind.values())
        running = sum(kind in _RUNNING for kind in self._kind.values())
        name, total = self._plan.template.name, len(self._plan.order)
        return Text(f"{name}: {ended} of {total} done, {running} running, {self._clock() - self._began:.1f} s", "bold")


def _note(event: StepEvent) -> str:
    match event.kind:
        case "completed":
            return f"{event.seconds * 1000:.0f} ms"
        case "failed":
            return event.error or ""
        case "retrying":
            return f"try {event.attempt} failed: {event.error}"
        case "skipped":
            return "no condition led here"
        case _:
            return ""


def _line(event: StepEvent) -> Text:
    sign, style = _LOOK[event.kind]
    return Text(f"{sign} {event.kind} {event.step_id} {_note(event)}".rstrip(), style)

"""Which step of a run comes next: a machine without I/O (sheet §7.2).

A step may start as soon as all that it depends on has ended. Ties go by the plan's order, so that one worker runs
level by level in list order. After a stop nothing starts; after an interruption only what belongs to a level that has
begun.
"""

from __future__ import annotations

import heapq
from collections.abc import Container

from .template import Plan

__all__ = ["Schedule"]


class Schedule:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._missing = {step: len(plan.prerequisites(step)) for step in plan.order}
        self._ready: list[tuple[int, str]] = []
        self._level = -1
        self._stopped = False

    def begin(self, ended: Container[str] = ()) -> None:
        """Offer what can start, given the steps that ended in an earlier life of the run."""
        over = [step for step in self._plan.order if step in ended]
        for step in over:
            for dependent in self._plan.dependents[step]:
                self._missing[dependent] -= 1
        for step in self._plan.order:
            if self._missing[step] == 0 and step not in ended:
                self._offer(step)

    def next(self, *, interrupted: bool = False) -> str | None:
        """Take the first of the steps that may start now; None if there is none."""
        if self._stopped or not self._ready:
            return None
        if interrupted and self._plan.level_of[self._ready[0][1]] > self._level:
            return None
        return heapq.heappop(self._ready)[1]

    def started(self, step: str) -> None:
        self._level = max(self._level, self._plan.level_of[step])

    def ended(self, step: str) -> None:
        """The step is over, run or skipped; what waited for it alone may start."""
        for dependent in self._plan.dependents[step]:
            self._missing[dependent] -= 1
            if self._missing[dependent] == 0:
                self._offer(dependent)

    def stop(self) -> None:
        self._stopped = True

    def _offer(self, step: str) -> None:
        heapq.heappush(self._ready, (self._plan.rank[step], step))

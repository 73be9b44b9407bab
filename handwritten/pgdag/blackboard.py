"""The values of a run: what each step sees, and what each step added.

A step sees the run's inputs and what the steps that it depends on, near or far, have added; where two of them set the
same key, the later one in the plan's order wins. So a step's inputs, and with them its fingerprint, do not depend on
what happened to run beside it. `shared=True` is the older rule for one worker: every step sees all that ran before
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .template import Plan

__all__ = ["Blackboard"]


class Blackboard:
    def __init__(self, plan: Plan, inputs: Mapping[str, Any], *, shared: bool = False) -> None:
        self._plan = plan
        self._base = dict(inputs)
        self._shared = shared
        self._additions: dict[str, dict[str, Any]] = {}
        self._order: list[str] = []
        self._views: dict[str, dict[str, Any]] = {}
        self._unread = {step: len(dependents) for step, dependents in plan.dependents.items()}

    @property
    def additions(self) -> dict[str, dict[str, Any]]:
        """What each finished step added, by step."""
        return self._additions

    def view(self, step: str) -> dict[str, Any]:
        """All that the step may see, before its proof keys are put in. Not to be changed; see `isolated`."""
        if self._shared:
            return self._merged(self._order)
        sources = self._plan.prerequisites(step)
        left = [self._take(source) for source in sources]
        if len(left) == 1 and left[0] is not None:
            return left[0]
        return self._merged(self._ancestors(step)) if sources else dict(self._base)

    def known(self, step: str) -> dict[str, Any]:
        """What a finished step knew in the end: all that it saw, and what it added."""
        if self._shared:
            return self._merged(self._order[: self._order.index(step) + 1] if step in self._additions else self._order)
        return self._merged([*self._ancestors(step), *([step] if step in self._additions else [])])

    def add(self, step: str, seen: dict[str, Any], addition: dict[str, Any]) -> None:
        """Take over what a step added to what it saw, which from here on belongs to the board."""
        self._additions[step] = addition
        self._order.append(step)
        if self._unread[step] and not self._shared:
            seen.update(addition)
            self._views[step] = seen

    def restore(self, step: str, addition: Mapping[str, Any]) -> None:
        """Take over what a step added in an earlier life of the run."""
        self._additions[step] = dict(addition)
        self._order.append(step)

    def final(self) -> dict[str, Any]:
        """Everything, merged in the plan's order."""
        order = self._order if self._shared else sorted(self._additions, key=self._plan.rank.__getitem__)
        return self._merged(order)

    def _merged(self, steps: list[str]) -> dict[str, Any]:
        values = dict(self._base)
        for step in steps:
            values.update(self._additions[step])
        return values

    def _ancestors(self, step: str) -> list[str]:
        return [name for name in self._plan.ancestors_of(step) if name in self._additions]

    def _take(self, step: str) -> dict[str, Any] | None:
        """The view that a step left behind: a copy, or the thing itself for its last reader."""
        self._unread[step] -= 1
        if self._unread[step] > 0:
            view = self._views.get(step)
            return None if view is None else dict(view)
        return self._views.pop(step, None)

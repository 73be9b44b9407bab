"""Generalised efficiency: frontiers, computations and calibration."""

from __future__ import annotations

from functools import partial
from typing import Any

from sbn_calls import gec as calls
from wirewright.calls import Call, Reply, Steps, flow, whole

from sbn._faces import AsyncSubClient, SubClient


def _unless_modified(reply: Reply) -> dict[str, Any]:
    return {"not_modified": True} if reply.status == 304 else whole(reply)


class GecMethods(calls.GecCalls):
    """Frontiers, computations and calibration."""

    list_frontiers = Call(calls.list_frontiers, _unless_modified)

    @flow
    def calibrate_frontier(
        self: Any, frontier_id: str, workflow_fn: Any, *, n: int = 30, submit_fn: Any | None = None
    ) -> Steps[dict[str, Any]]:
        """Calibrate a custom frontier: start, run `workflow_fn` `n` times, complete.

        Every result of `workflow_fn` that is not None is given to `submit_fn`. With an async client both may be async.
        """
        yield lambda: self.start_calibration(frontier_id)
        for _ in range(n):
            result = yield workflow_fn
            if submit_fn is not None and result is not None:
                yield partial(submit_fn, result)
        completed: dict[str, Any] = yield lambda: self.complete_calibration(frontier_id)
        return completed


class GecClient(GecMethods, SubClient):
    """Frontiers, computations and calibration."""


class AsyncGecClient(GecMethods, AsyncSubClient):
    """Frontiers, computations and calibration, async."""

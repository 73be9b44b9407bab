"""Signals, hints and forecasts that agents exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbn_calls import numa as calls
from wirewright.calls import Call, Request, whole

from sbn._faces import AsyncSubClient, SubClient


def _poll(
    *, cursors: Mapping[str, str | None], frontier_id: str | None = None, limit_per_lane: int = 10
) -> Request[Any]:
    """Read several lanes at once, each from its own cursor; None reads a lane from the start."""
    lanes = [{"lane": lane, "since": since} for lane, since in cursors.items()]
    return calls.poll_signals_multilane(cursors=lanes, limit_per_lane=limit_per_lane, frontier_id=frontier_id)


class NUMAMethods(calls.NumaCalls):
    """Signals, hints and forecasts."""

    poll_signals_multilane = Call(_poll, whole)


class NUMAClient(NUMAMethods, SubClient):
    """Signals, hints and forecasts."""


class AsyncNUMAClient(NUMAMethods, AsyncSubClient):
    """Signals, hints and forecasts, async."""

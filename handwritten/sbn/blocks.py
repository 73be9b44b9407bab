"""SmartBlocks, addressed by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbn_calls import blocks as calls
from wirewright.calls import Call, Request, whole

from sbn._faces import AsyncSubClient, SubClient


def _create(
    *, payload: Mapping[str, Any], domain: str = "default", metadata: Mapping[str, Any] | None = None
) -> Request[Any]:
    """Create a SmartBlock outside any slot; without metadata its source is named."""
    return calls.create(payload=payload, domain=domain, metadata=metadata or {"source": "sbn-sdk"})


class BlocksMethods(calls.BlocksCalls):
    """SmartBlocks, addressed by id."""

    create = Call(_create, whole)


class BlocksClient(BlocksMethods, SubClient):
    """SmartBlocks, addressed by id."""


class AsyncBlocksClient(BlocksMethods, AsyncSubClient):
    """SmartBlocks, addressed by id, async."""

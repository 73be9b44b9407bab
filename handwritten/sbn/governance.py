"""Proposals that change frontiers."""

from __future__ import annotations

from sbn._faces import AsyncSubClient, SubClient
from sbn_calls.governance import GovernanceCalls


class GovernanceClient(GovernanceCalls, SubClient):
    """Proposals that change frontiers."""


class AsyncGovernanceClient(GovernanceCalls, AsyncSubClient):
    """Proposals that change frontiers, async."""

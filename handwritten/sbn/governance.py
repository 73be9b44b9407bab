"""Proposals that change frontiers."""

from __future__ import annotations

from sbn_calls.governance import GovernanceCalls

from sbn._faces import AsyncSubClient, SubClient


class GovernanceClient(GovernanceCalls, SubClient):
    """Proposals that change frontiers."""


class AsyncGovernanceClient(GovernanceCalls, AsyncSubClient):
    """Proposals that change frontiers, async."""

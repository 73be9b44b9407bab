"""Compute for agents: budgets, leases, receipts and invoices."""

from __future__ import annotations

from sbn_calls.acp import AcpCalls

from sbn._faces import AsyncSubClient, SubClient


class AcpClient(AcpCalls, SubClient):
    """Compute for agents: budgets, leases, receipts and invoices."""


class AsyncAcpClient(AcpCalls, AsyncSubClient):
    """Compute for agents: budgets, leases, receipts and invoices, async."""

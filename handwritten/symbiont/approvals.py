"""Actions that wait for a person: `client.approvals` (runtime 1.16 and later).

for action in client.approvals.list():
    client.approvals.approve(action.id, reason="agreed with the owner")
"""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_16 import models as runtime
from symbiont_api.v1_16.operations import approvals as operations
from wirewright.request import Request

from symbiont._calls import Method, many, nothing, present, untyped
from symbiont._sub import AsyncSubClient, SubClient


def approve(action_id: str, reason: str | None = None) -> Request[Any]:
    """Let an action happen. One that was settled before is an `APIError` with status 409."""
    return operations.approve_held_action(action_id, body=untyped(present({"reason": reason})))


def deny(action_id: str, reason: str | None = None) -> Request[Any]:
    """Refuse an action. One that was settled before is an `APIError` with status 409."""
    return operations.deny_held_action(action_id, body=untyped(present({"reason": reason})))


class ApprovalCalls:
    """Actions that wait for a person."""

    list = Method(operations.list_approvals, many(lambda: runtime.HeldAction))
    approve = Method(approve, nothing)
    deny = Method(deny, nothing)


class ApprovalClient(ApprovalCalls, SubClient):
    """Actions that wait for a person."""


class AsyncApprovalClient(ApprovalCalls, AsyncSubClient):
    """Actions that wait for a person, to be awaited."""

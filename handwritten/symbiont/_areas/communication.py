"""Who may say what to whom. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import communication as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, as_given, rows, untyped, whole


def add_communication_rule(rule: m.CommunicationRule | Json) -> Request[Any]:
    """Add a rule. The rule with the highest `priority` that matches decides."""
    return operations.add_communication_rule(as_given(rule))


def evaluate_communication(sender: str, recipient: str, action: str) -> Request[Any]:
    """Whether a message may be sent: `allowed`, and the `rule` and `reason` behind it."""
    return operations.evaluate_communication(untyped({"sender": sender, "recipient": recipient, "action": action}))


class CommunicationCalls:
    """Who may say what to whom. No runtime serves these; a sandbox does."""

    list_communication_rules = Method(operations.list_communication_rules, rows)
    add_communication_rule = Method(add_communication_rule, whole)
    remove_communication_rule = Method(operations.remove_communication_rule, whole)
    evaluate_communication = Method(evaluate_communication, whole)

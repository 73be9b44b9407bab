"""An operation, compiled: its encoder and decoder, made on first use and kept with it."""

from __future__ import annotations

from wirewright.decode import ResponseDecoder
from wirewright.encode import RequestEncoder
from wirewright.operation import Operation


class Plan:
    """How the requests of one operation are written and its answers read."""

    __slots__ = ("decoder", "encoder")

    def __init__(self, operation: Operation) -> None:
        self.encoder = RequestEncoder(operation)
        self.decoder = ResponseDecoder(operation)


def plan_of(operation: Operation) -> Plan:
    """The operation's plan. Two threads may make it at once; either result serves."""
    plan: Plan | None = operation.plan
    if plan is None:
        plan = operation.plan = Plan(operation)
    return plan

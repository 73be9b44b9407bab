"""The reasoning loop (observe, reason, gate, act): `client.reasoning`. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import reasoning as operations
from wirewright.calls import Reply
from wirewright.request import Request

from symbiont import reasoning as r
from symbiont._calls import Json, Method, filled, many, named, nothing, one, rows, untyped, whole
from symbiont._sub import AsyncSubClient, Style, SubClient

_STYLE = Style("/api/v1/", both=True)


def run_loop(agent_id: str, request: r.RunReasoningLoopRequest | Json) -> Request[Any]:
    """Run a loop to its end; the answer has its result and its journal."""
    return operations.run_reasoning_loop(agent_id, filled(r.RunReasoningLoopRequest, request))


def get_journal_entries(agent_id: str, from_sequence: int = 0, limit: int = 100) -> Request[Any]:
    """An agent's journal, from a sequence on."""
    return operations.list_journal_entries(agent_id, from_sequence=from_sequence, limit=limit)


def add_cedar_policy(agent_id: str, policy: r.CedarPolicy | Json) -> Request[Any]:
    """Add a policy, or replace the one of that name."""
    return operations.add_cedar_policy(agent_id, filled(r.CedarPolicy, policy))


def evaluate_cedar_policy(agent_id: str, action: r.ProposedAction | Json) -> Request[Any]:
    """What the policies make of an action."""
    return operations.evaluate_cedar_policy(agent_id, filled(r.ProposedAction, action))


def recall_knowledge(agent_id: str, query: str, limit: int = 5) -> Request[Any]:
    """What an agent knows about something."""
    return operations.recall_knowledge(agent_id, untyped({"query": query, "limit": limit}))


def store_knowledge(agent_id: str, subject: str, predicate: str, object: str, confidence: float = 0.8) -> Request[Any]:
    """Teach an agent a fact."""
    fact = {"subject": subject, "predicate": predicate, "object": object, "confidence": confidence}
    return operations.store_knowledge(agent_id, untyped(fact))


def _removed(reply: Reply) -> bool:
    return bool(whole(reply).get("removed", False))


class ReasoningCalls:
    """The reasoning loop."""

    run_loop = Method(run_loop, one(lambda: r.RunReasoningLoopResponse))
    get_loop_status = Method(operations.get_reasoning_loop, one(lambda: r.LoopState))
    cancel_loop = Method(operations.cancel_reasoning_loop, nothing)
    get_journal_entries = Method(get_journal_entries, many(lambda: r.JournalEntry))
    compact_journal = Method(operations.compact_journal, whole)
    list_cedar_policies = Method(operations.list_cedar_policies, many(lambda: r.CedarPolicy))
    add_cedar_policy = Method(add_cedar_policy, nothing)
    remove_cedar_policy = Method(operations.remove_cedar_policy, _removed)
    evaluate_cedar_policy = Method(evaluate_cedar_policy, one(lambda: r.LoopDecision))
    get_circuit_breaker_status = Method(operations.list_circuit_breakers, named(lambda: r.CircuitBreakerStatus))
    reset_circuit_breaker = Method(operations.reset_circuit_breaker, nothing)
    recall_knowledge = Method(recall_knowledge, rows)
    store_knowledge = Method(store_knowledge, whole)
    get_tool_profiles = Method(operations.get_tool_profiles, rows)
    get_loop_diagnostics = Method(operations.get_loop_diagnostics, whole)


class ReasoningClient(ReasoningCalls, SubClient):
    """The reasoning loop."""

    style = _STYLE


class AsyncReasoningClient(ReasoningCalls, AsyncSubClient):
    """The reasoning loop, to be awaited."""

    style = _STYLE

"""Inference over records: a question is an `INTEND` record, its answer a `KNOW` record on its thread (sheet §12)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncropel.checks import is_array, is_object, is_text, type_name

QUERY_KIND = "infer.query.v1"
RESULT_KIND = "infer.result.v1"
ANSWER_SHAPE = "inference.answer.v1"


@dataclass
class InferOptions:
    """How to wait for an answer: polling every `poll_interval_ms` for at most `poll_timeout_ms` milliseconds.

    `wait=False` answers an `InferPending` at once. `thread` is where the question goes; None makes up a thread.
    """

    wait: bool = True
    poll_interval_ms: int = 500
    poll_timeout_ms: int = 300_000
    thread: str | None = None


@dataclass
class InferPending:
    """A question that was asked and not waited for; `correlation_id` is its record id."""

    correlation_id: str
    thread_id: str
    pending: bool = True


@dataclass
class ProvenanceEntry:
    """One contribution to an answer."""

    responder_did: str
    response_record_id: str
    weight: float
    match_level: str
    trust_at_dispatch: float


@dataclass
class TrustSummary:
    """Trust over all contributors."""

    mean: float = 0.0
    min: float = 0.0
    max: float = 0.0
    n_contributors: int = 0


@dataclass
class InferResult:
    """An answer. Costs are US dollars, `latency_ms` milliseconds; `extra` is what the body says besides."""

    answer: Any = None
    provenance: list[ProvenanceEntry] = field(default_factory=list[ProvenanceEntry])
    trust_summary: TrustSummary = field(default_factory=TrustSummary)
    cost_actual_usd: float = 0.0
    cost_charged_but_failed_usd: float = 0.0
    fold_function: str = ""
    chosen_response_id: str | None = None
    know_record_id: str = ""
    thread_id: str = ""
    latency_ms: float | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


def random_thread_id() -> str:
    """A new thread: `th_` and 64 hex digits."""
    return f"th_{secrets.token_hex(32)}"


def build_infer_input(input_: dict[str, Any]) -> dict[str, Any]:
    """The `input` of a question: a plain `{"goal": ..., "context": ...}` is wrapped as inline, others stay."""
    if not is_object(input_):
        raise TypeError(f"infer input must be a dict, got {type_name(input_)}")
    goal = input_.get("goal")
    if not is_text(goal):
        return input_
    context = input_.get("context")
    return {"inline": {"goal": goal} if context is None else {"goal": goal, "context": context}}


_OPTIONAL = ("orchestration", "dial", "relevance", "side_effects", "metadata")


def build_infer_query_body(request: dict[str, Any]) -> dict[str, Any]:
    """The body of a question.

    `request` has `input`, `responders` (predicates, at least one) and `fold` (with its `function`), and may have
    `answer_shape`, `orchestration`, `dial`, `relevance`, `side_effects` and `metadata`; anything else is dropped.
    """
    if not is_object(request):
        raise TypeError(f"infer request must be a dict, got {type_name(request)}")
    responders, fold = request.get("responders"), request.get("fold")
    if not is_array(responders) or not responders:
        raise ValueError("infer requires at least one responder predicate in a list")
    if not is_object(fold) or "function" not in fold:
        raise ValueError("infer requires a fold spec with a 'function' field")
    if "input" not in request:
        raise ValueError("infer requires an 'input' field")
    return {
        "kind": QUERY_KIND,
        "input": build_infer_input(request["input"]),
        "answer_shape": request.get("answer_shape", {"kind": ANSWER_SHAPE}),
        "responders": list(responders),
        "fold": dict(fold),
        **{name: request[name] for name in _OPTIONAL if request.get(name) is not None},
    }


def find_infer_result(records: Iterable[Mapping[str, Any]], correlation_id: str) -> InferResult | None:
    """The first answer to the question `correlation_id` among `records`, or None."""
    for record in records:
        body = record.get("body")
        if record.get("act") == "KNOW" and is_object(body) and _answers(body, correlation_id):
            return _result(record, body)
    return None


def _answers(body: dict[str, Any], correlation_id: str) -> bool:
    if body.get("kind") != RESULT_KIND:
        return False
    fulfills = body.get("fulfills")
    named: list[Any] = fulfills if is_array(fulfills) else [fulfills]
    return correlation_id in named or body.get("correlation_id") == correlation_id


_SHAPED = frozenset(
    {
        "answer",
        "provenance",
        "trust_summary",
        "cost_actual_usd",
        "cost_charged_but_failed_usd",
        "fold_function",
        "chosen_response_id",
        "latency_ms",
        "kind",
        "fulfills",
        "correlation_id",
        "_v",
    }
)


def _result(record: Mapping[str, Any], body: dict[str, Any]) -> InferResult:
    provenance, trust = body.get("provenance"), body.get("trust_summary")
    chosen, latency = body.get("chosen_response_id"), body.get("latency_ms")
    return InferResult(
        answer=body.get("answer"),
        provenance=[_entry(item) for item in provenance if is_object(item)] if is_array(provenance) else [],
        trust_summary=_trust(trust) if is_object(trust) else TrustSummary(),
        cost_actual_usd=_number(body, "cost_actual_usd"),
        cost_charged_but_failed_usd=_number(body, "cost_charged_but_failed_usd"),
        fold_function=str(body.get("fold_function", "")),
        chosen_response_id=chosen if is_text(chosen) else None,
        know_record_id=str(record.get("id", "")),
        thread_id=str(record.get("thread", "")),
        latency_ms=float(latency) if isinstance(latency, int | float) else None,
        extra={key: value for key, value in body.items() if key not in _SHAPED},
    )


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    return 0.0 if value is None else float(value)


def _entry(item: Mapping[str, Any]) -> ProvenanceEntry:
    return ProvenanceEntry(
        responder_did=str(item.get("responder_did", "")),
        response_record_id=str(item.get("response_record_id", "")),
        weight=_number(item, "weight"),
        match_level=str(item.get("match_level", "")),
        trust_at_dispatch=_number(item, "trust_at_dispatch"),
    )


def _trust(summary: Mapping[str, Any]) -> TrustSummary:
    return TrustSummary(
        mean=_number(summary, "mean"),
        min=_number(summary, "min"),
        max=_number(summary, "max"),
        n_contributors=int(_number(summary, "n_contributors")),
    )

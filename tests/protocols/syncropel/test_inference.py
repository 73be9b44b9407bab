"""Questions and answers as records: building one, recognising the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from syncropel import (
    InferResult,
    ProvenanceEntry,
    TrustSummary,
    build_infer_input,
    build_infer_query_body,
    find_infer_result,
    random_thread_id,
)

REQUEST = {"input": {"goal": "g"}, "responders": [{"kind": "llm"}], "fold": {"function": "consensus"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"goal": "g"}, {"inline": {"goal": "g"}}),
        ({"goal": "g", "context": {"a": 1}, "other": 1}, {"inline": {"goal": "g", "context": {"a": 1}}}),
        ({"goal": "g", "context": None}, {"inline": {"goal": "g"}}),
        ({"goal": 5}, {"goal": 5}),
        ({"record_id": "r"}, {"record_id": "r"}),
        ({"inline": {"goal": "g"}}, {"inline": {"goal": "g"}}),
    ],
)
def test_input_forms(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert build_infer_input(given) == expected


def test_the_body_of_a_question_has_its_keys_in_order() -> None:
    body = build_infer_query_body(
        {"metadata": {"m": 1}, "dial": None, "unknown": 1, "orchestration": {"o": 1}, **REQUEST}
    )
    assert list(body) == ["kind", "input", "answer_shape", "responders", "fold", "orchestration", "metadata"]
    assert body["answer_shape"] == {"kind": "inference.answer.v1"}


def test_an_answer_shape_that_is_given_is_kept_even_when_null() -> None:
    assert build_infer_query_body({**REQUEST, "answer_shape": None})["answer_shape"] is None


@pytest.mark.parametrize(
    ("request_", "error", "phrase"),
    [
        ("x", TypeError, "infer request must be a dict"),
        ({}, ValueError, "at least one responder predicate"),
        ({"responders": []}, ValueError, "at least one responder predicate"),
        ({"responders": ({"kind": "llm"},)}, ValueError, "at least one responder predicate"),
        ({"responders": [1]}, ValueError, "fold spec with a 'function' field"),
        ({"responders": [1], "fold": {}}, ValueError, "fold spec with a 'function' field"),
        ({"responders": [1], "fold": {"function": "f"}}, ValueError, "requires an 'input' field"),
        ({"responders": [1], "fold": {"function": "f"}, "input": 1}, TypeError, "infer input must be a dict, got int"),
    ],
)
def test_what_is_missing_is_said(request_: Any, error: type[Exception], phrase: str) -> None:
    with pytest.raises(error, match=re.escape(phrase)):
        build_infer_query_body(request_)


def test_a_made_up_thread() -> None:
    assert re.fullmatch(r"th_[0-9a-f]{64}", random_thread_id())
    assert random_thread_id() != random_thread_id()


def answer(**body: Any) -> dict[str, Any]:
    return {"act": "KNOW", "id": "k", "thread": "t", "body": {"kind": "infer.result.v1", "fulfills": "q", **body}}


@pytest.mark.parametrize(
    "record",
    [
        answer(),
        answer(fulfills=["x", "q"]),
        answer(fulfills=None, correlation_id="q"),
    ],
)
def test_a_record_that_answers(record: dict[str, Any]) -> None:
    result = find_infer_result([{"act": "PUT", "body": None}, record], "q")
    assert result is not None
    assert (result.know_record_id, result.thread_id) == ("k", "t")


@pytest.mark.parametrize(
    "record",
    [
        answer(fulfills="other"),
        answer(kind="infer.result.v2"),
        {**answer(), "act": "PUT"},
        {**answer(), "body": "text"},
        {},
    ],
)
def test_a_record_that_does_not(record: dict[str, Any]) -> None:
    assert find_infer_result([record], "q") is None


def test_the_first_answer_counts() -> None:
    found = find_infer_result([answer(answer=1), answer(answer=2)], "q")
    assert found is not None
    assert found.answer == 1


def test_an_answer_is_shaped() -> None:
    result = find_infer_result(
        [
            answer(
                answer={"text": "42"},
                provenance=[{"responder_did": "d", "weight": 1}, "no entry"],
                trust_summary={"mean": 1, "n_contributors": 2.0},
                cost_actual_usd=1,
                fold_function="consensus",
                chosen_response_id=5,
                latency_ms=7,
                _v=1,
                more="kept",
            )
        ],
        "q",
    )
    assert result == InferResult(
        answer={"text": "42"},
        provenance=[ProvenanceEntry("d", "", 1.0, "", 0.0)],
        trust_summary=TrustSummary(mean=1.0, n_contributors=2),
        cost_actual_usd=1.0,
        fold_function="consensus",
        know_record_id="k",
        thread_id="t",
        latency_ms=7.0,
        extra={"more": "kept"},
    )


@pytest.mark.parametrize(
    "name", ["cost_actual_usd", "cost_charged_but_failed_usd", "latency_ms", "trust_summary", "provenance"]
)
def test_null_figures_are_as_good_as_absent(name: str) -> None:
    assert find_infer_result([answer(**{name: None})], "q") == find_infer_result([answer()], "q")

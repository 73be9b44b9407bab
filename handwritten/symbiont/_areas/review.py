"""Reviewing and signing tools. No runtime serves these; a sandbox does."""

from __future__ import annotations

import time
from typing import Any

from symbiont_api.v1_10.operations import tool_review as operations
from wirewright.calls import Steps
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import FlowMethod, Json, Method, filled, one, whole


def submit_tool_for_review(review_request: m.ReviewSessionCreate | Json) -> Request[Any]:
    """Hand in a tool for review."""
    return operations.submit_tool_for_review(filled(m.ReviewSessionCreate, review_request))


def list_review_sessions(
    page: int = 1, limit: int = 20, status: str | None = None, author: str | None = None
) -> Request[Any]:
    """A page of reviews, of one status or by one author."""
    return operations.list_review_sessions(page=page, limit=limit, status=status or None, author=author or None)


def submit_human_review_decision(review_id: str, decision: m.HumanReviewDecision | Json) -> Request[Any]:
    """Say what a person decided."""
    return operations.submit_human_review_decision(review_id, filled(m.HumanReviewDecision, decision))


def sign_approved_tool(signing_request: m.SigningRequest | Json) -> Request[Any]:
    """Sign a tool whose review was approved."""
    return operations.sign_approved_tool(filled(m.SigningRequest, signing_request))


FINAL = frozenset({"approved", "rejected", "signed"})
POLL_SECONDS = 5.0


def _waited(self: Any, review_id: str, timeout: int = 300) -> Steps[m.ReviewSession]:
    """Wait until a review is approved, rejected or signed; it is asked for every 5 seconds.

    Raises the builtin `TimeoutError` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        session: m.ReviewSession = yield lambda: self.get_review_session(review_id)
        if session.status in FINAL:
            return session
        if time.monotonic() + POLL_SECONDS > deadline:
            raise TimeoutError(f"Review {review_id} was not completed within {timeout} seconds")
        yield lambda: self._pause(POLL_SECONDS)


class ReviewCalls:
    """Reviewing and signing tools. No runtime serves these; a sandbox does."""

    submit_tool_for_review = Method(submit_tool_for_review, one(lambda: m.ReviewSessionResponse))
    get_review_session = Method(operations.get_review_session, one(lambda: m.ReviewSession))
    list_review_sessions = Method(list_review_sessions, one(lambda: m.ReviewSessionList))
    get_analysis_results = Method(operations.get_analysis_results, one(lambda: m.AnalysisResults))
    submit_human_review_decision = Method(submit_human_review_decision, whole)
    sign_approved_tool = Method(sign_approved_tool, one(lambda: m.SigningResponse))
    get_signed_tool = Method(operations.get_signed_tool, one(lambda: m.SignedTool))
    wait_for_review_completion = FlowMethod(_waited)

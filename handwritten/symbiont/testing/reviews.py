"""Tool review: from a tool that is handed in to one that is signed (protocol sheet, section 19.4).

A review moves by the clock: each second one step, until a person is needed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from rfc8785 import dumps
from wirewright.sandbox import Call, rule

from symbiont.testing.base import Base, Json, conflict, invalid, misshapen, missing, need

STEPS = ("submitted", "pending_analysis", "analyzing", "pending_review", "under_review")
STEP_SECONDS = 1.0
ALGORITHM = "ES256"
DECISIONS = {"approve": "approved", "approved": "approved", "reject": "rejected", "rejected": "rejected"}


def clock_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Review:
    id: str
    analysis_id: str
    tool: Json
    submitted_by: str
    submitted: float
    priority: str
    decision: str | None = None
    reviewer: str | None = None
    decided: float | None = None
    signature: Json = field(default_factory=dict[str, Any])

    def status(self, now: float) -> str:
        if self.signature:
            return "signed"
        if self.decision:
            return self.decision
        return STEPS[min(int((now - self.submitted) / STEP_SECONDS), len(STEPS) - 1)]

    @property
    def analysed(self) -> float:
        """When the analysis is done."""
        return self.submitted + STEPS.index("pending_review") * STEP_SECONDS

    def session(self, now: float) -> Json:
        status = self.status(now)
        done = now >= self.analysed
        state: Json = {
            "type": status,
            "analysis_id": self.analysis_id if now > self.submitted else None,
            "analysis_completed_at": clock_text(self.analysed) if done else None,
            "critical_findings": [],
            "human_reviewer_id": self.reviewer,
            "review_started_at": None if self.decided is None else clock_text(self.decided),
        }
        return {
            "review_id": self.id,
            "tool": self.tool,
            "status": status,
            "state": state,
            "submitted_by": self.submitted_by,
            "submitted_at": clock_text(self.submitted),
            "estimated_completion": clock_text(self.analysed),
            "priority": self.priority,
        }


class ReviewRules(Base):
    """Reviews by id, oldest first."""

    def setup_reviews(self) -> None:
        self.reviews: dict[str, Review] = {}
        self.signing_key = ec.derive_private_key(self.random.getrandbits(128) + 1, ec.SECP256R1())

    @rule("submit_tool_for_review")
    def submit_tool_for_review(self, call: Call) -> Json:
        body: Json = call.body
        tool = dict(body["tool"])
        schema = tool.pop("tool_schema", None)
        tool.setdefault("schema", schema)
        if tool["schema"] is None:
            raise misshapen("missing field `schema`")
        review = Review(
            self.token("rev_", 12),
            self.token("ana_", 12),
            tool,
            body["submitted_by"],
            self.unix(),
            body.get("priority") or "normal",
        )
        self.reviews[review.id] = review
        session = review.session(self.unix())
        return {name: session[name] for name in ("review_id", "status", "submitted_at", "estimated_completion")}

    @rule("list_review_sessions")
    def list_review_sessions(self, call: Call) -> Json:
        page, limit = call.query.get("page", 1), call.query.get("limit", 20)
        status, author = call.query.get("status"), call.query.get("author")
        sessions = [review.session(self.unix()) for review in reversed(self.reviews.values())]
        hits = [
            session
            for session in sessions
            if status in {None, session["status"]} and author in {None, session["submitted_by"]}
        ]
        shown = hits[(page - 1) * limit : page * limit]
        more = page * limit < len(hits)
        pagination = {"page": page, "limit": limit, "total": len(hits), "has_next": more}
        return {"sessions": shown, "pagination": pagination}

    @rule("get_review_session")
    def get_review_session(self, call: Call) -> Json:
        return need(self.reviews, call.path["review_id"], "Review").session(self.unix())

    @rule("get_analysis_results")
    def get_analysis_results(self, call: Call) -> Json:
        identity = call.path["analysis_id"]
        review = next((review for review in self.reviews.values() if review.analysis_id == identity), None)
        if review is None or self.unix() < review.analysed:
            raise missing("Analysis")
        bounded = bool(review.tool["schema"].get("required"))
        advice = [] if bounded else ["Name the arguments that are required."]
        finding = {
            "finding_id": f"{identity}-1",
            "severity": "low",
            "category": "schema_injection",
            "title": "No required arguments",
            "description": "The schema requires nothing, so the tool can be called with anything.",
            "confidence": 0.6,
            "recommendation": "Name the arguments that are required.",
        }
        return {
            "analysis_id": identity,
            "risk_score": 5 if bounded else 20,
            "findings": [] if bounded else [finding],
            "recommendations": advice,
            "completed_at": clock_text(review.analysed),
        }

    @rule("submit_human_review_decision")
    def submit_human_review_decision(self, call: Call) -> Json:
        review = need(self.reviews, call.path["review_id"], "Review")
        decision = DECISIONS.get(call.body["decision"])
        if decision is None:
            raise invalid("decision must be approve or reject")
        if review.decision is not None:
            raise conflict("The review is decided")
        review.decision, review.reviewer, review.decided = decision, call.body["reviewer_id"], self.unix()
        return {"id": review.id, "status": decision}

    @rule("sign_approved_tool")
    def sign_approved_tool(self, call: Call) -> Json:
        review = need(self.reviews, call.body["review_id"], "Review")
        if review.status(self.unix()) != "approved":
            raise conflict("Only an approved tool can be signed")
        signature = self.signing_key.sign(dumps(review.tool), ec.ECDSA(hashes.SHA256()))
        review.signature = {
            "signature": base64.b64encode(signature).decode(),
            "signed_at": self.zulu(),
            "signer_id": call.body["signing_key_id"],
            "signature_algorithm": ALGORITHM,
        }
        return review.signature

    @rule("get_signed_tool")
    def get_signed_tool(self, call: Call) -> Json:
        review = self.reviews.get(call.path["review_id"])
        if review is None or not review.signature:
            raise missing("Signed tool")
        return {"tool": review.tool, "review_id": review.id, **review.signature}

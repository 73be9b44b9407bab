"""Reviewing and signing tools."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class ReviewStatus(StrEnum):
    """How far a review is."""

    SUBMITTED = "submitted"
    PENDING_ANALYSIS = "pending_analysis"
    ANALYZING = "analyzing"
    PENDING_REVIEW = "pending_review"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    SIGNED = "signed"


class FindingSeverity(StrEnum):
    """How bad a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class FindingCategory(StrEnum):
    """What kind of risk was found."""

    SCHEMA_INJECTION = "schema_injection"
    PRIVILEGE_ESCALATION = "privilege_escalation"
    DATA_EXPOSURE = "data_exposure"
    MALICIOUS_CODE = "malicious_code"
    RESOURCE_ABUSE = "resource_abuse"


class ToolProvider(Model):
    """Who provides a tool."""

    name: str
    public_key_url: str | None = None


class ToolSchema(Model):
    """The JSON Schema of a tool's arguments."""

    type: str = "object"
    properties: dict[str, Any]
    required: list[str] = Field(default_factory=list[str])


class Tool(Model):
    """A tool to be reviewed. On the wire its schema is `schema`."""

    name: str
    description: str
    tool_schema: ToolSchema = Field(alias="schema")
    provider: ToolProvider


class SecurityFinding(Model):
    """One risk that an analysis found; `confidence` from 0 to 1."""

    finding_id: str
    severity: FindingSeverity
    category: FindingCategory
    title: str
    description: str
    confidence: float = Field(ge=0.0, le=1.0)
    recommendation: str | None = None


class AnalysisResults(Model):
    """What an analysis found; `risk_score` from 0 to 100."""

    analysis_id: str
    risk_score: int = Field(ge=0, le=100)
    findings: list[SecurityFinding]
    recommendations: list[str] = Field(default_factory=list[str])
    completed_at: datetime


class ReviewSessionState(Model):
    """What is known at this point of a review."""

    type: str
    analysis_id: str | None = None
    analysis_completed_at: datetime | None = None
    critical_findings: list[SecurityFinding] = Field(default_factory=list[SecurityFinding])
    human_reviewer_id: str | None = None
    review_started_at: datetime | None = None


class ReviewSession(Model):
    """One review."""

    review_id: str
    tool: Tool
    status: ReviewStatus
    state: ReviewSessionState
    submitted_by: str
    submitted_at: datetime
    estimated_completion: datetime | None = None
    priority: str = "normal"


class ReviewSessionCreate(Model):
    """A tool handed in for review."""

    tool: Tool
    submitted_by: str
    priority: str = "normal"


class ReviewSessionResponse(Model):
    """The review that was opened."""

    review_id: str
    status: ReviewStatus
    submitted_at: datetime
    estimated_completion: datetime | None = None


class ReviewSessionList(Model):
    """A page of reviews."""

    sessions: list[ReviewSession]
    pagination: dict[str, Any]


class HumanReviewDecision(Model):
    """What a person decided: `approve` or `reject`."""

    decision: str
    comments: str | None = None
    reviewer_id: str


class SigningRequest(Model):
    """An approved tool to be signed."""

    review_id: str
    signing_key_id: str


class SigningResponse(Model):
    """The signature."""

    signature: str
    signed_at: datetime
    signer_id: str
    signature_algorithm: str


class SignedTool(Model):
    """A tool with its signature."""

    tool: Tool
    signature: str
    signed_at: datetime
    signer_id: str
    signature_algorithm: str
    review_id: str

"""ToolClad tools and rules of communication between agents."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class ToolManifestInfo(Model):
    """A tool as its manifest declares it. `backend`: shell, http, mcp, session or browser."""

    name: str
    version: str
    description: str
    risk_tier: str
    human_approval: bool = False
    arg_count: int
    backend: str
    source_path: str


class ToolValidationResult(Model):
    """What is wrong with a manifest."""

    valid: bool
    errors: list[str] = Field(default_factory=list[str])
    warnings: list[str] = Field(default_factory=list[str])


class ToolTestResult(Model):
    """What would be executed. `timeout` in seconds."""

    command: str
    validations: list[str]
    cedar: str | None = None
    timeout: int


class ToolExecutionResult(Model):
    """The evidence of an execution. `scan_id` names it, `output_hash` is over its output."""

    status: str
    scan_id: str
    tool: str
    command: str
    duration_ms: int
    timestamp: str
    output_hash: str | None = None
    exit_code: int = 0
    stderr: str = ""
    results: dict[str, Any] = Field(default_factory=dict[str, Any])


class CommunicationRule(Model):
    """Allows or denies messages from one agent to another. The first match by priority decides."""

    id: str | None = None
    from_agent: str
    to_agent: str
    action: str
    effect: str = "allow"
    reason: str = ""
    priority: int = 0
    max_depth: int | None = None


class CommunicationEvaluation(Model):
    """A decision and the rule that made it."""

    allowed: bool
    rule: CommunicationRule | None = None
    reason: str = ""

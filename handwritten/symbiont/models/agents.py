"""Agents, workflows, and what the runtime says of itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import model_validator
from wirewright.narrow import is_mapping

from symbiont.models._base import Model


class AgentState(StrEnum):
    """Where an agent stands. The first five are words of older SDKs, the others those of the runtime."""

    IDLE = "idle"
    ACTIVE = "active"
    BUSY = "busy"
    ERROR = "error"
    STOPPED = "stopped"
    CREATED = "Created"
    INITIALIZING = "Initializing"
    READY = "Ready"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    WAITING = "Waiting"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"
    UNREACHABLE = "Unreachable"


class Agent(Model):
    """An agent as an SDK describes it. The runtime itself reads `name` and `dsl` (see `Client.create_agent`)."""

    id: str
    name: str
    description: str
    system_prompt: str
    tools: list[str]
    model: str
    temperature: float
    top_p: float
    max_tokens: int


class ResourceUsage(Model):
    """What an agent uses. A runtime that does not measure leaves numbers out."""

    memory_bytes: int | None = None
    cpu_percent: float | None = None
    active_tasks: int


class AgentStatusResponse(Model):
    """How an agent is doing."""

    agent_id: str
    state: AgentState
    last_activity: datetime
    resource_usage: ResourceUsage
    execution_mode: str | None = None
    metadata: dict[str, str] | None = None
    last_result: str | None = None
    recent_events: list[dict[str, Any]] | None = None


class AgentMetrics(Model):
    """Figures of one agent. Times in milliseconds and seconds, as their names say."""

    agent_id: str
    tasks_completed: int
    tasks_failed: int
    average_response_time_ms: float
    memory_usage_bytes: int
    cpu_usage_percent: float
    last_activity: datetime
    uptime_seconds: int


class WorkflowExecutionRequest(Model):
    """A workflow to run. `workflow_id` is read by the runtime as the text of a workflow in its DSL."""

    workflow_id: str
    parameters: dict[str, Any]
    agent_id: str | None = None


class WorkflowExecutionResponse(Model):
    """A workflow that was started."""

    execution_id: str
    status: str
    started_at: datetime
    result: dict[str, Any] | None = None


class HealthResponse(Model):
    """The runtime's health. `version` is the runtime's."""

    status: str
    uptime_seconds: int
    timestamp: datetime
    version: str


class StatusResponse(Model):
    """The runtime at a glance; `healthy` is false when any of its parts is not."""

    version: str
    healthy: bool
    agent_count: int
    schedule_count: int
    channel_count: int


class ErrorResponse(Model):
    """The body of an error. `code` is for programs."""

    error: str
    code: str
    details: dict[str, Any] | None = None


class PaginationInfo(Model):
    """Where a page stands among all pages."""

    page: int
    limit: int
    total: int
    has_next: bool


class SystemMetrics(Model):
    """Figures of the whole runtime.

    A runtime answers a nested object (`agents`, `system`); it is read too, and what it does not say is None.
    """

    uptime_seconds: int
    memory_usage_bytes: int | None
    memory_usage_percent: float | None
    cpu_usage_percent: float
    disk_usage_bytes: int | None
    disk_usage_percent: float | None
    active_agents: int
    total_agents: int
    secrets_count: int | None
    mcp_connections: int | None
    vector_db_items: int | None
    idle_agents: int | None = None
    failed_agents: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _flattened(cls, data: Any) -> Any:
        if not (is_mapping(data) and is_mapping(data.get("agents")) and is_mapping(data.get("system"))):
            return data
        agents, system = data["agents"], data["system"]
        known = {
            "uptime_seconds": system.get("uptime_seconds"),
            "memory_usage_bytes": system.get("memory_usage"),
            "cpu_usage_percent": system.get("cpu_usage"),
            "active_agents": agents.get("running"),
            "total_agents": agents.get("total"),
            "idle_agents": agents.get("idle"),
            "failed_agents": agents.get("error"),
        }
        return {**dict.fromkeys(cls.model_fields), **known, **data}

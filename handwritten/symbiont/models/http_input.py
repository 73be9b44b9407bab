"""HTTP Input: servers that take webhooks for agents, and what they answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, Field

from symbiont.models._base import Model


class RouteMatchType(StrEnum):
    """What a routing rule looks at."""

    PATH_PREFIX = "path_prefix"
    HEADER_EQUALS = "header_equals"
    JSON_FIELD_EQUALS = "json_field_equals"


class WebhookProviderType(StrEnum):
    """Whose signatures a webhook carries."""

    GITHUB = "github"
    STRIPE = "stripe"
    SLACK = "slack"
    CUSTOM = "custom"


class WebhookInvocationStatus(StrEnum):
    """What an invocation came to: handed to a running agent, or completed by a model."""

    EXECUTION_STARTED = "execution_started"
    COMPLETED = "completed"


class AgentRoutingRule(Model):
    """Sends matching webhooks to an agent. `condition_target` names the header or field."""

    condition_type: RouteMatchType
    condition_value: str
    condition_target: str | None = None
    agent_id: str


class HttpResponseControlConfig(Model):
    """How a server answers."""

    default_status: int = 200
    agent_output_to_json: bool = True
    error_status: int = 500
    echo_input_on_error: bool = False


class HttpInputConfig(Model):
    """One server. `max_body_bytes` in bytes, `concurrency` in requests at a time."""

    bind_address: str = "0.0.0.0"
    port: int = 8081
    path: str = "/webhook"
    agent_id: str
    auth_header: str | None = Field(default=None, repr=False)
    jwt_public_key_path: str | None = None
    max_body_bytes: int = 65536
    concurrency: int = 10
    routing_rules: list[AgentRoutingRule] | None = None
    response_control: HttpResponseControlConfig | None = None
    forward_headers: list[str] = Field(default_factory=list[str])
    cors_enabled: bool = False
    audit_enabled: bool = True


class HttpInputServerInfo(Model):
    """A server and its state."""

    server_id: str
    config: HttpInputConfig
    status: str
    uptime_seconds: int | None = None
    requests_processed: int = 0
    active_connections: int = 0
    last_error: str | None = None


class HttpInputCreateRequest(Model):
    """A server to be created."""

    config: HttpInputConfig


class HttpInputUpdateRequest(Model):
    """A server's new settings."""

    server_id: str
    config: HttpInputConfig


class WebhookTriggerRequest(Model):
    """A webhook to be sent to a server by hand."""

    server_id: str
    payload: dict[str, Any]
    headers: dict[str, str] = Field(default_factory=dict[str, str], repr=False)


class WebhookTriggerResponse(Model):
    """What came of it."""

    status: str
    response_code: int
    response_body: dict[str, Any]
    processing_time_ms: float
    agent_id: str


class WebhookVerificationConfig(Model):
    """How the signatures of a webhook are verified."""

    provider: WebhookProviderType
    secret: str = Field(repr=False)
    header_name: str | None = None
    required_issuer: str | None = None


class WebhookInvocationRequest(Model):
    """The body of a webhook. Any other fields are part of the payload."""

    model_config = ConfigDict(extra="allow")

    prompt: str | None = None
    message: str | None = None
    system_prompt: str | None = Field(default=None, max_length=4096)


class WebhookToolRun(Model):
    """A tool that ran. `output_preview` is cut to 500 bytes."""

    tool: str
    input: Any = Field(default_factory=dict[str, Any])
    output_preview: str


class WebhookRunAudit(Model):
    """Where the signed record of a run is."""

    run_id: str
    path: str
    public_key: str


class WebhookExecutionStartedResponse(Model):
    """The webhook was handed to a running agent."""

    status: str = "execution_started"
    agent_id: str
    message_id: str
    latency_ms: int
    timestamp: str


class WebhookCompletedResponse(Model):
    """A model answered the webhook. `termination_reason` is a word or an object with details."""

    status: str = "completed"
    agent_id: str
    response: str
    tool_runs: list[WebhookToolRun] = Field(default_factory=list[WebhookToolRun])
    model: str
    provider: str
    latency_ms: int
    timestamp: str
    termination_reason: Any = None
    iterations: int | None = None
    audit: WebhookRunAudit | None = None
    invocation_id: str | None = None
    replayed: bool | None = None
    total_usage: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None


WebhookInvocationResponse = WebhookExecutionStartedResponse | WebhookCompletedResponse
"""What HTTP Input answers; `status` tells which one it is."""

"""HTTP endpoints that lead to agents."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class HttpMethod(StrEnum):
    """Methods of HTTP."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    PATCH = "PATCH"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class EndpointStatus(StrEnum):
    """State of an endpoint."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MAINTENANCE = "maintenance"
    ERROR = "error"


class HttpEndpointCreateRequest(Model):
    """An endpoint to be created."""

    path: str
    method: HttpMethod
    agent_id: str
    description: str | None = None
    auth_required: bool = True
    rate_limit: int | None = None
    timeout_seconds: int = 30
    middleware: list[str] = Field(default_factory=list[str])
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class HttpEndpointUpdateRequest(Model):
    """Changes of an endpoint; None leaves a field as it is."""

    endpoint_id: str
    path: str | None = None
    method: HttpMethod | None = None
    agent_id: str | None = None
    description: str | None = None
    auth_required: bool | None = None
    rate_limit: int | None = None
    timeout_seconds: int | None = None
    status: EndpointStatus | None = None
    middleware: list[str] | None = None
    metadata: dict[str, Any] | None = None


class EndpointMetrics(Model):
    """Figures of an endpoint."""

    endpoint_id: str
    total_requests: int
    successful_requests: int
    failed_requests: int
    average_response_time_ms: float
    max_response_time_ms: float
    min_response_time_ms: float
    requests_per_minute: float
    error_rate_percent: float
    last_request_at: datetime | None = None
    uptime_seconds: int


class HttpEndpointInfo(Model):
    """An endpoint."""

    endpoint_id: str
    path: str
    method: HttpMethod
    agent_id: str
    description: str | None = None
    status: EndpointStatus
    auth_required: bool
    rate_limit: int | None = None
    timeout_seconds: int
    middleware: list[str] = Field(default_factory=list[str])
    created_at: datetime
    updated_at: datetime
    created_by: str
    metrics: EndpointMetrics | None = None
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class HttpEndpointResponse(Model):
    """What became of an endpoint."""

    endpoint_id: str
    status: str
    message: str | None = None
    endpoint_info: HttpEndpointInfo | None = None
    created_at: datetime | None = None

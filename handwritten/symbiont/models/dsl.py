"""Compiling agents and deploying them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class DslCompileRequest(Model):
    """The text of an agent in the runtime's DSL."""

    dsl_content: str
    agent_name: str
    validate_only: bool = False


class DslCompileResponse(Model):
    """What the compiler says. `agent_id` is there unless only validation was asked for."""

    success: bool
    agent_id: str | None = None
    errors: list[str] = Field(default_factory=list[str])
    warnings: list[str] = Field(default_factory=list[str])
    compiled_at: datetime


class AgentDeployRequest(Model):
    """An agent to be deployed."""

    agent_id: str
    environment: str = "development"
    config_overrides: dict[str, Any] = Field(default_factory=dict[str, Any])


class AgentDeployResponse(Model):
    """A deployment."""

    deployment_id: str
    agent_id: str
    status: str
    deployed_at: datetime
    endpoint_url: str | None = None

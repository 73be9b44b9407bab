"""Servers of the Model Context Protocol."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class McpConnectionStatus(StrEnum):
    """State of a connection."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    ERROR = "error"


class McpServerConfig(Model):
    """How to start a server."""

    name: str
    command: list[str]
    env: dict[str, str] = Field(default_factory=dict[str, str], repr=False)
    cwd: str | None = None
    timeout_seconds: int = 30


class McpConnectionInfo(Model):
    """A server and its connection."""

    server_name: str
    status: McpConnectionStatus
    pid: int | None = None
    connected_at: datetime | None = None
    last_error: str | None = None
    tools_count: int = 0
    resources_count: int = 0


class McpToolInfo(Model):
    """A tool that a server offers. On the wire its schema is `schema`."""

    name: str
    description: str
    server_name: str
    tool_schema: dict[str, Any] = Field(alias="schema")
    verified: bool = False
    verification_hash: str | None = None


class McpResourceInfo(Model):
    """A resource that a server offers."""

    uri: str
    name: str | None = None
    description: str | None = None
    mime_type: str | None = None
    server_name: str

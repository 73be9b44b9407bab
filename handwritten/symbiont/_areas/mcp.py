"""Servers of the Model Context Protocol. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import mcp as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, many, one, whole


def add_mcp_server(config: m.McpServerConfig | Json) -> Request[Any]:
    """Add a server."""
    return operations.add_mcp_server(filled(m.McpServerConfig, config))


def list_mcp_tools(server_name: str | None = None) -> Request[Any]:
    """Tools of all connected servers, or of one."""
    return operations.list_mcp_tools(server=server_name or None)


def list_mcp_resources(server_name: str | None = None) -> Request[Any]:
    """Resources of all connected servers, or of one."""
    return operations.list_mcp_resources(server=server_name or None)


class McpCalls:
    """Servers of the Model Context Protocol. No runtime serves these; a sandbox does."""

    add_mcp_server = Method(add_mcp_server, whole)
    list_mcp_servers = Method(operations.list_mcp_servers, many(lambda: m.McpConnectionInfo))
    get_mcp_server = Method(operations.get_mcp_server, one(lambda: m.McpConnectionInfo))
    connect_mcp_server = Method(operations.connect_mcp_server, whole)
    disconnect_mcp_server = Method(operations.disconnect_mcp_server, whole)
    list_mcp_tools = Method(list_mcp_tools, many(lambda: m.McpToolInfo))
    list_mcp_resources = Method(list_mcp_resources, many(lambda: m.McpResourceInfo))

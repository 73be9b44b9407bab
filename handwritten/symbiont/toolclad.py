"""ToolClad, tools with manifests: `client.toolclad`. No runtime serves these; a sandbox does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symbiont_api.v1_10.operations import tools as operations
from wirewright.request import Request

from symbiont._calls import Method, rows, untyped, whole
from symbiont._sub import AsyncSubClient, Style, SubClient

_STYLE = Style("api/v1/")


def validate_manifest(path: str) -> Request[Any]:
    """Check a manifest: `valid`, `errors`, `warnings`."""
    return operations.validate_tool_manifest(untyped({"path": path}))


def test_tool(tool_name: str, args: Mapping[str, str]) -> Request[Any]:
    """Check arguments without executing anything: the `command`, its `validations`, `cedar` and `timeout`."""
    return operations.test_tool(tool_name, untyped({"args": args}))


def execute_tool(tool_name: str, args: Mapping[str, str]) -> Request[Any]:
    """Execute a tool. The evidence: `status`, `scan_id`, `exit_code`, `output_hash`, `results` ..."""
    return operations.execute_tool(tool_name, untyped({"args": args}))


class ToolCladCalls:
    """Tools with manifests."""

    list_tools = Method(operations.list_tools, rows)
    validate_manifest = Method(validate_manifest, whole)
    test_tool = Method(test_tool, whole)
    get_schema = Method(operations.get_tool_schema, whole)
    execute_tool = Method(execute_tool, whole)
    get_tool_info = Method(operations.get_tool_info, whole)
    reload_tools = Method(operations.reload_tools, whole)


class ToolCladClient(ToolCladCalls, SubClient):
    """Tools with manifests."""

    style = _STYLE

    def __init__(self, client: Any) -> None:
        super().__init__(client)


class AsyncToolCladClient(ToolCladCalls, AsyncSubClient):
    """Tools with manifests, to be awaited."""

    style = _STYLE

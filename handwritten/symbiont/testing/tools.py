"""ToolClad: tools with manifests. Nothing is ever executed here; the answer of a tool is made up or scripted.

Manifests are read from a folder of `*.clad.toml` files; without one there are a few to play with.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from wirewright.sandbox import Call, control, rule

from symbiont.testing.base import Base, Json, invalid, missing, need, told

_JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}
_UNSAFE = re.compile(r"[;&|`$<>\\\n\r]")


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    type: str = "string"
    required: bool = True
    description: str = ""
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """A tool, as its manifest declares it. `command` has `{name}` where an argument goes."""

    name: str
    command: str
    arguments: tuple[Argument, ...]
    version: str = "1.0.0"
    description: str = ""
    risk_tier: str = "low"
    human_approval: bool = False
    backend: str = "oneshot"
    timeout: int = 30
    source_path: str = ""

    def info(self) -> Json:
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "risk_tier": self.risk_tier,
            "human_approval": self.human_approval,
            "arg_count": len(self.arguments),
            "backend": self.backend,
            "source_path": self.source_path,
        }

    def schema(self) -> Json:
        """What it takes, as a JSON Schema."""
        properties: Json = {}
        for argument in self.arguments:
            shape: Json = {"type": _JSON_TYPES.get(argument.type, "string"), "description": argument.description}
            properties[argument.name] = shape | ({"enum": list(argument.allowed)} if argument.allowed else {})
        required = [argument.name for argument in self.arguments if argument.required]
        return {"type": "object", "properties": properties, "required": required}

    def faults(self, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with these arguments."""
        known = {argument.name for argument in self.arguments}
        found = [f"{name} is not an argument" for name in given if name not in known]
        return found + [text for argument in self.arguments if (text := _fault(argument, given.get(argument.name)))]

    def line(self, given: Mapping[str, Any]) -> str:
        """The command with these arguments put in."""
        text = self.command
        for argument in self.arguments:
            text = text.replace("{" + argument.name + "}", str(given.get(argument.name, "")))
        return text.strip()


def _fault(argument: Argument, value: Any) -> str | None:
    name = argument.name
    if value is None:
        return f"{name} is missing" if argument.required else None
    if argument.type in {"integer", "port"} and (isinstance(value, bool) or not isinstance(value, int)):
        return f"{name} is not an integer"
    if argument.type == "port" and not 0 < value < 65536:
        return f"{name} is not a port"
    if argument.type == "boolean" and not isinstance(value, bool):
        return f"{name} is not a boolean"
    text = str(value)
    if _UNSAFE.search(text):
        return f"{name} has characters that a shell would read"
    if argument.type == "ip_address" and not _is_address(text):
        return f"{name} is not an address"
    if argument.allowed and text not in argument.allowed:
        return f"{name} is not one of {', '.join(argument.allowed)}"
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


class _RawArgument(msgspec.Struct):
    type: str = "string"
    required: bool = True
    description: str = ""
    allowed: list[str | int] = []


class _RawTool(msgspec.Struct):
    name: str
    version: str = "1.0.0"
    description: str = ""
    risk_tier: Literal["low", "medium", "high", "critical"] = "low"
    human_approval: bool = False
    backend: Literal["oneshot", "shell", "session", "browser", "http", "mcp", "mcp-proxy"] = "oneshot"
    timeout_seconds: int = 30


class _RawCommand(msgspec.Struct):
    template: str


class _RawManifest(msgspec.Struct):
    """A manifest file: `[tool]`, `[args.<name>]` and `[command]`."""

    tool: _RawTool
    args: dict[str, _RawArgument] = {}
    command: _RawCommand | None = None


def read_manifest(path: Path) -> Manifest:
    """Raises ValueError with what is wrong."""
    try:
        raw = msgspec.toml.decode(path.read_bytes(), type=_RawManifest)
    except OSError:
        raise ValueError(f"{path.name} cannot be read") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    tool = raw.tool
    arguments = tuple(
        Argument(name, about.type, about.required, about.description, tuple(map(str, about.allowed)))
        for name, about in raw.args.items()
    )
    return Manifest(
        tool.name,
        raw.command.template if raw.command else tool.name,
        arguments,
        tool.version,
        tool.description,
        tool.risk_tier,
        tool.human_approval,
        tool.backend,
        tool.timeout_seconds,
        str(path),
    )


BUILT_IN = (
    Manifest("echo", "echo {text}", (Argument("text"),), description="Says what it is told"),
    Manifest("nmap", "nmap -sV {target}", (Argument("target"),), description="Looks for services", risk_tier="medium"),
    Manifest("search", "search {q}", (Argument("q"),), description="Finds pages", backend="http"),
    Manifest(
        "write_file",
        "write {path} {content}",
        (Argument("path"), Argument("content")),
        description="Writes a file",
        risk_tier="high",
        human_approval=True,
    ),
)


@dataclass
class Tally:
    calls: int = 0
    failures: int = 0


@dataclass
class Outcome:
    """What a tool is to answer, by a test's word."""

    output: str | None = None
    exit_code: int = 0
    stderr: str = ""


class ToolRules(Base):
    """Tools by name."""

    def setup_tools(self, folder: str | None) -> None:
        self.tool_folder = Path(folder) if folder else None
        self.outcomes: dict[str, Outcome] = {}
        self.load_tools()

    def load_tools(self) -> None:
        if self.tool_folder is None:
            found = [replace(tool, source_path=f"tools/{tool.name}.clad.toml") for tool in BUILT_IN]
        else:
            found = [read_manifest(path) for path in sorted(self.tool_folder.glob("*.clad.toml"))]
        self.tools = {tool.name: tool for tool in sorted(found, key=lambda tool: tool.name)}

    @rule("list_tools")
    def list_tools(self, call: Call) -> Any:
        return [tool.info() for tool in self.tools.values()]

    @rule("get_tool_info")
    def get_tool_info(self, call: Call) -> Json:
        return need(self.tools, call.path["tool_name"], "Tool").info()

    @rule("get_tool_schema")
    def get_tool_schema(self, call: Call) -> Json:
        return need(self.tools, call.path["tool_name"], "Tool").schema()

    @rule("reload_tools")
    def reload_tools(self, call: Call) -> Json:
        try:
            self.load_tools()
        except ValueError as error:
            raise invalid(str(error)) from error
        return {"status": "reloaded", "count": len(self.tools)}

    @rule("validate_tool_manifest")
    def validate_tool_manifest(self, call: Call) -> Json:
        path = call.body["path"]
        if any(tool.source_path == path for tool in self.tools.values()):
            return {"valid": True, "errors": [], "warnings": []}
        if self.tool_folder is None or Path(path).name != path:
            return {"valid": False, "errors": [f"{path} cannot be read"], "warnings": []}
        try:
            read_manifest(self.tool_folder / path)
        except ValueError as error:
            return {"valid": False, "errors": [str(error)], "warnings": []}
        return {"valid": True, "errors": [], "warnings": []}

    @rule("test_tool")
    def test_tool(self, call: Call) -> Json:
        tool = need(self.tools, call.path["tool_name"], "Tool")
        faults = tool.faults(call.body["args"])
        return {
            "command": tool.line(call.body["args"]),
            "validations": faults or [f"{argument.name}: ok" for argument in tool.arguments],
            "cedar": f'Tool::"{tool.name}"',
            "timeout": tool.timeout,
        }

    @rule("execute_tool")
    def execute_tool(self, call: Call) -> Json:
        tool = need(self.tools, call.path["tool_name"], "Tool")
        if faults := tool.faults(call.body["args"]):
            raise invalid("; ".join(faults))
        return self.use_tool(tool.name, call.body["args"])

    def use_tool(self, name: str, given: Mapping[str, Any]) -> Json:
        """The envelope of one use: command, output and evidence."""
        tool = self.tools[name]
        outcome = self.outcomes.get(name, Outcome())
        line = tool.line(given)
        output = outcome.output if outcome.output is not None else f"{line}: done"
        digest = hashlib.sha256(output.encode()).hexdigest()
        return {
            "status": "success" if outcome.exit_code == 0 else "error",
            "scan_id": f"{int(self.unix())}-{self.random.getrandbits(32)}",
            "tool": name,
            "command": line,
            "duration_ms": 0,
            "timestamp": self.stamp(),
            "output_hash": f"sha256:{digest}",
            "exit_code": outcome.exit_code,
            "stderr": outcome.stderr,
            "results": {"exit_code": outcome.exit_code, "stderr": outcome.stderr, "output": output},
        }

    @control("POST", "/tools/{tool_name}/outcome")
    def set_outcome(self, call: Call) -> Json:
        """`{"output", "exit_code", "stderr"}`: what the tool answers from now on; an empty body undoes it."""
        name, body = call.path["tool_name"], told(call)
        if name not in self.tools:
            raise missing("Tool")
        self.outcomes.pop(name, None)
        if body:
            self.outcomes[name] = Outcome(body.get("output"), int(body.get("exit_code", 0)), body.get("stderr", ""))
        return {"tool": name, **body}


__all__ = ["BUILT_IN", "Argument", "Manifest", "Outcome", "Tally", "ToolRules", "read_manifest"]

"""Secrets of agents, and MCP servers with their tools and resources (protocol sheet, section 19.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wirewright.sandbox import Call, control, rule

from symbiont.testing.base import Base, Json, conflict, missing, need, told


@dataclass
class Secret:
    value: str | None
    created_at: str
    updated_at: str | None = None


@dataclass
class McpServer:
    config: Json
    status: str = "disconnected"
    pid: int | None = None
    connected_at: str | None = None
    last_error: str | None = None

    def tools(self) -> list[Json]:
        """What every server of the sandbox offers."""
        schema = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
        tool = {"name": "read_file", "description": "Reads a file", "server_name": self.config["name"]}
        return [{**tool, "schema": schema, "verified": False, "verification_hash": None}]

    def resources(self) -> list[Json]:
        about = {"uri": "file:///README.md", "name": "README", "description": None, "mime_type": "text/markdown"}
        return [{**about, "server_name": self.config["name"]}]

    def info(self) -> Json:
        connected = self.status == "connected"
        return {
            "server_name": self.config["name"],
            "status": self.status,
            "pid": self.pid,
            "connected_at": self.connected_at,
            "last_error": self.last_error,
            "tools_count": len(self.tools()) if connected else 0,
            "resources_count": len(self.resources()) if connected else 0,
        }


class SecretRules(Base):
    """Secrets by agent and name; servers by name."""

    def setup_secrets(self) -> None:
        self.secrets: dict[tuple[str, str], Secret] = {}
        self.backend = "encrypted_file"
        self.servers: dict[str, McpServer] = {}
        self.broken: dict[str, str] = {}

    @rule("configure_secret_backend")
    def configure_secret_backend(self, call: Call) -> Json:
        self.backend = call.body["backend_type"]
        return {"id": self.backend, "status": "configured"}

    @rule("store_secret")
    def store_secret(self, call: Call) -> Json:
        body: Json = call.body
        key = (body["agent_id"], body["secret_name"])
        known, now = self.secrets.get(key), self.zulu()
        secret = Secret(body.get("secret_value"), known.created_at if known else now, now if known else None)
        self.secrets[key] = secret
        named = {"secret_name": key[1], "agent_id": key[0]}
        return {**named, "created_at": secret.created_at, "updated_at": secret.updated_at}

    @rule("list_secrets")
    def list_secrets(self, call: Call) -> Json:
        agent = call.path["agent_id"]
        return {"agent_id": agent, "secrets": sorted(name for owner, name in self.secrets if owner == agent)}

    @rule("get_secret")
    def get_secret(self, call: Call) -> Json:
        found = self.secrets.get((call.path["agent_id"], call.path["secret_name"]))
        if found is None:
            raise missing("Secret")
        return {"value": found.value}

    @rule("delete_secret")
    def delete_secret(self, call: Call) -> Json:
        name = call.path["secret_name"]
        if self.secrets.pop((call.path["agent_id"], name), None) is None:
            raise missing("Secret")
        return {"id": name, "status": "deleted"}

    # MCP ------------------------------------------------------------------------------------------------------------

    @rule("add_mcp_server")
    def add_mcp_server(self, call: Call) -> Json:
        name = call.body["name"]
        if name in self.servers:
            raise conflict("There is a server of this name")
        self.servers[name] = McpServer(call.body)
        return {"id": name, "status": "added"}

    @rule("list_mcp_servers")
    def list_mcp_servers(self, call: Call) -> Any:
        return [server.info() for server in self.servers.values()]

    @rule("get_mcp_server")
    def get_mcp_server(self, call: Call) -> Json:
        return need(self.servers, call.path["server_name"], "MCP server").info()

    @rule("connect_mcp_server")
    def connect_mcp_server(self, call: Call) -> Json:
        name = call.path["server_name"]
        server = need(self.servers, name, "MCP server")
        if name in self.broken:
            server.status, server.last_error = "error", self.broken[name]
        elif server.status != "connected":
            server.status, server.last_error = "connected", None
            server.pid, server.connected_at = self.random.randrange(1000, 30_000), self.zulu()
        return {"id": name, "status": server.status}

    @rule("disconnect_mcp_server")
    def disconnect_mcp_server(self, call: Call) -> Json:
        name = call.path["server_name"]
        server = need(self.servers, name, "MCP server")
        server.status, server.pid, server.connected_at = "disconnected", None, None
        return {"id": name, "status": "disconnected"}

    @rule("list_mcp_tools")
    def list_mcp_tools(self, call: Call) -> Any:
        return [tool for server in self.connected(call) for tool in server.tools()]

    @rule("list_mcp_resources")
    def list_mcp_resources(self, call: Call) -> Any:
        return [resource for server in self.connected(call) for resource in server.resources()]

    def connected(self, call: Call) -> list[McpServer]:
        """The connected servers, or the one that was asked for if it is."""
        wanted = call.query.get("server")
        asked = [need(self.servers, wanted, "MCP server")] if wanted else list(self.servers.values())
        return [server for server in asked if server.status == "connected"]

    @control("POST", "/mcp/{server_name}/break")
    def break_mcp_server(self, call: Call) -> Json:
        """`{"error": "no such program"}`: connecting to it ends in `error` from now on; null mends it."""
        name, error = call.path["server_name"], told(call).get("error")
        self.broken.pop(name, None)
        if error is not None:
            self.broken[name] = error
        return {"server_name": name, "error": error}

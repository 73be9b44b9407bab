"""The management of listeners that only the SDK knows (protocol sheet, section 19.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wirewright.sandbox import Call, rule

from symbiont.testing.base import Base, Json, conflict, need


@dataclass
class Listener:
    id: str
    config: Json
    status: str = "created"
    started: float | None = None
    processed: int = 0

    def uptime(self, now: float) -> int | None:
        return None if self.started is None else int(now - self.started)

    def info(self, now: float) -> Json:
        return {
            "server_id": self.id,
            "config": self.config,
            "status": self.status,
            "uptime_seconds": self.uptime(now),
            "requests_processed": self.processed,
            "active_connections": 0,
            "last_error": None,
        }

    def agent_for(self, payload: Json, headers: dict[str, str]) -> str:
        """The agent of the first rule that matches, else the listener's own."""
        path = headers.get("x-path") or str(self.config.get("path") or "/webhook")
        for routing in self.config.get("routing_rules") or ():
            if _matches(routing, path, payload, headers):
                return str(routing["agent_id"])
        return str(self.config["agent_id"])


def _matches(routing: Json, path: str, payload: Json, headers: dict[str, str]) -> bool:
    value, target = str(routing["condition_value"]), str(routing.get("condition_target") or "")
    match routing["condition_type"]:
        case "path_prefix":
            return path.startswith(value)
        case "header_equals":
            return headers.get(target.lower()) == value
        case _:
            return str(payload.get(target)) == value


class HttpInputServerRules(Base):
    """Listeners by id. None of them opens a port: `trigger` stands for what would come in."""

    def setup_http_input_servers(self) -> None:
        self.listeners: dict[str, Listener] = {}

    def listener(self, call: Call) -> Listener:
        return need(self.listeners, call.path["server_id"], "HTTP input server")

    @rule("create_http_input_server")
    def create_http_input_server(self, call: Call) -> Json:
        listener = Listener(self.uuid(), call.body["config"])
        self.listeners[listener.id] = listener
        return listener.info(self.unix())

    @rule("list_http_input_servers")
    def list_http_input_servers(self, call: Call) -> Any:
        return [listener.info(self.unix()) for listener in self.listeners.values()]

    @rule("get_http_input_server")
    def get_http_input_server(self, call: Call) -> Json:
        return self.listener(call).info(self.unix())

    @rule("update_http_input_server")
    def update_http_input_server(self, call: Call) -> Json:
        listener = self.listener(call)
        listener.config = call.body["config"]
        return listener.info(self.unix())

    @rule("delete_http_input_server")
    def delete_http_input_server(self, call: Call) -> Json:
        listener = self.listener(call)
        del self.listeners[listener.id]
        return {"id": listener.id, "status": "deleted"}

    @rule("start_http_input_server")
    def start_http_input_server(self, call: Call) -> Json:
        listener = self.listener(call)
        if listener.status != "running":
            listener.status, listener.started = "running", self.unix()
        return {"id": listener.id, "status": "running"}

    @rule("stop_http_input_server")
    def stop_http_input_server(self, call: Call) -> Json:
        listener = self.listener(call)
        listener.status, listener.started = "stopped", None
        return {"id": listener.id, "status": "stopped"}

    @rule("trigger_webhook")
    def trigger_webhook(self, call: Call) -> Json:
        listener = self.listener(call)
        if listener.status != "running":
            raise conflict("The server is not running")
        payload: Json = call.body["payload"]
        given: dict[str, str] = call.body.get("headers") or {}
        agent = listener.agent_for(payload, {name.lower(): value for name, value in given.items()})
        listener.processed += 1
        control: Json = listener.config.get("response_control") or {}
        said = payload.get("prompt") or payload.get("message") or "a webhook"
        return {
            "status": "processed",
            "response_code": control.get("default_status", 200),
            "response_body": {"status": "completed", "agent_id": agent, "response": f"You said: {said}"},
            "processing_time_ms": 0.0,
            "agent_id": agent,
        }

    @rule("get_http_input_metrics")
    def get_http_input_metrics(self, call: Call) -> Json:
        listener = self.listener(call)
        counted = {"requests_processed": listener.processed, "active_connections": 0}
        return {"server_id": listener.id, **counted, "uptime_seconds": listener.uptime(self.unix())}

"""Agents behind endpoints and deployments, and compiled programs (protocol sheet, section 19.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wirewright.sandbox import Call, rule

from symbiont.testing.agents import AgentRules, is_dsl
from symbiont.testing.base import Json, conflict, given, need

CHANGEABLE = (
    "path",
    "method",
    "agent_id",
    "description",
    "auth_required",
    "rate_limit",
    "timeout_seconds",
    "status",
    "middleware",
    "metadata",
)
DEFAULTS: Json = {
    "description": None,
    "auth_required": True,
    "rate_limit": None,
    "timeout_seconds": 30,
    "middleware": [],
    "metadata": {},
}


class EndpointRules(AgentRules):
    """Endpoints and deployments by id."""

    def setup_endpoints(self) -> None:
        self.endpoints: dict[str, Json] = {}
        self.deployments: dict[str, Json] = {}

    def endpoint(self, call: Call) -> Json:
        return need(self.endpoints, call.path["endpoint_id"], "Endpoint")

    def check_free(self, method: str, path: str, but: str | None = None) -> None:
        taken = {(each["method"], each["path"]) for key, each in self.endpoints.items() if key != but}
        if (method, path) in taken:
            raise conflict("There is an endpoint of this method and path")

    @rule("create_http_endpoint")
    def create_http_endpoint(self, call: Call) -> Json:
        body: Json = call.body
        self.check_free(body["method"], body["path"])
        now, identity = self.zulu(), self.uuid()
        made = {"created_at": now, "updated_at": now, "created_by": "sandbox", "metrics": None}
        self.endpoints[identity] = {**DEFAULTS, **body, "endpoint_id": identity, "status": "active", **made}
        return self._confirm(identity, "created")

    def _confirm(self, identity: str, status: str) -> Json:
        endpoint = self.endpoints[identity]
        named = {"endpoint_id": identity, "status": status, "message": None}
        return {**named, "endpoint_info": endpoint, "created_at": endpoint["created_at"]}

    @rule("list_http_endpoints")
    def list_http_endpoints(self, call: Call) -> Any:
        return list(self.endpoints.values())

    @rule("get_http_endpoint")
    def get_http_endpoint(self, call: Call) -> Json:
        return self.endpoint(call)

    @rule("update_http_endpoint")
    def update_http_endpoint(self, call: Call) -> Json:
        endpoint, changes = self.endpoint(call), given(call.body, *CHANGEABLE)
        wanted = {**endpoint, **changes}
        self.check_free(wanted["method"], wanted["path"], but=endpoint["endpoint_id"])
        endpoint.update(changes, updated_at=self.zulu())
        return self._confirm(endpoint["endpoint_id"], "updated")

    @rule("delete_http_endpoint")
    def delete_http_endpoint(self, call: Call) -> Json:
        identity = self.endpoint(call)["endpoint_id"]
        del self.endpoints[identity]
        return {"id": identity, "status": "deleted"}

    @rule("enable_http_endpoint")
    def enable_http_endpoint(self, call: Call) -> Json:
        return self._enable(call, "active")

    @rule("disable_http_endpoint")
    def disable_http_endpoint(self, call: Call) -> Json:
        return self._enable(call, "inactive")

    def _enable(self, call: Call, status: str) -> Json:
        endpoint = self.endpoint(call)
        endpoint.update(status=status, updated_at=self.zulu())
        return {"id": endpoint["endpoint_id"], "status": status}

    @rule("get_endpoint_metrics")
    def get_endpoint_metrics(self, call: Call) -> Json:
        endpoint = self.endpoint(call)
        made = datetime.fromisoformat(endpoint["created_at"])
        return {
            "endpoint_id": endpoint["endpoint_id"],
            "total_requests": 0,
            "successful_requests": 0,
            "failed_requests": 0,
            "average_response_time_ms": 0.0,
            "max_response_time_ms": 0.0,
            "min_response_time_ms": 0.0,
            "requests_per_minute": 0.0,
            "error_rate_percent": 0.0,
            "last_request_at": None,
            "uptime_seconds": int((self.now() - made).total_seconds()),
        }

    # Programs and deployments ---------------------------------------------------------------------------------------

    @rule("compile_dsl")
    def compile_dsl(self, call: Call) -> Json:
        text, good = call.body["dsl_content"], is_dsl(call.body["dsl_content"])
        agent = None if call.body.get("validate_only") or not good else self.make_agent(call.body["agent_name"], text)
        return {
            "success": good,
            "agent_id": agent.id if agent else None,
            "errors": [] if good else ["expected a block: agent <name> { ... }"],
            "warnings": [],
            "compiled_at": self.zulu(),
        }

    @rule("deploy_agent")
    def deploy_agent(self, call: Call) -> Json:
        identity = self.uuid()
        deployment: Json = {"deployment_id": identity, "agent_id": call.body["agent_id"], "status": "deployed"}
        deployment |= {"deployed_at": self.zulu(), "endpoint_url": None}
        self.deployments[identity] = deployment
        return deployment

    @rule("list_agent_deployments")
    def list_agent_deployments(self, call: Call) -> Any:
        agent = call.query.get("agent_id")
        return [each for each in self.deployments.values() if agent in {None, each["agent_id"]}]

    @rule("get_agent_deployment")
    def get_agent_deployment(self, call: Call) -> Json:
        return need(self.deployments, call.path["deployment_id"], "Deployment")

    @rule("stop_agent_deployment")
    def stop_agent_deployment(self, call: Call) -> Json:
        deployment = need(self.deployments, call.path["deployment_id"], "Deployment")
        deployment["status"] = "stopped"
        return {"id": deployment["deployment_id"], "status": "stopped"}

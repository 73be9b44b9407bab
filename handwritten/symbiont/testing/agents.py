"""Agents, their runs and their history (protocol sheet, sections 4.2 to 4.4 and 19.3)."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wirewright.sandbox import Answer, Call, Refuse, control, rule

from symbiont.testing.base import EMPTY, Base, Json, failed, missing, told
from symbiont.testing.lifecycle import BUSY, IDLE, Agent, Pace, sdk_word

HISTORY_SHOWN = 100
HISTORY_KEPT = 10_000
_BLOCK = re.compile(r"\b\w+\b[^{}]*\{", re.ASCII)
_META = re.compile(r"metadata\s*\{([^{}]*)\}")
_PAIR = re.compile(r"(\w+)\s*[:=]\s*\"([^\"]*)\"")


class AgentRules(Base):
    """One registry of agents."""

    def setup_agents(self, pace: Pace, *, list_ids: bool, durable: bool, verifier: Callable[[str], str] | None) -> None:
        self.pace = pace
        self.list_ids, self.durable, self.verifier = list_ids, durable, verifier
        self.agents: dict[str, Agent] = {}
        self.aliases: dict[str, str] = {}
        self.history: deque[tuple[str, Json]] = deque(maxlen=HISTORY_KEPT)
        self.runs: dict[str, tuple[str, Any]] = {}
        self.reconciled: dict[str, Any] = {}

    # Finding them ---------------------------------------------------------------------------------------------------

    def agent_by_id(self, identity: str) -> Agent | None:
        return self.agents.get(self.aliases.get(identity, identity))

    def state_of(self, agent: Agent) -> str:
        return agent.state(self.unix(), self.pace)

    def note(self, agent: str, status: str, execution: str | None = None) -> str:
        """One more line of history; answers the run's id."""
        execution = execution or agent
        self.history.appendleft((agent, {"execution_id": execution, "status": status, "timestamp": self.stamp()}))
        return execution

    # Life -----------------------------------------------------------------------------------------------------------

    @rule("list_agents")
    def list_agents(self, call: Call) -> Any:
        shown = [agent for agent in self.agents.values() if self.holder(call).may_use(agent.id)]
        if self.list_ids and self.for_sdk(call):
            return [agent.id for agent in shown]
        return [{"id": agent.id, "name": agent.name, "state": self.state_of(agent)} for agent in shown]

    @rule("create_agent")
    def create_agent(self, call: Call) -> Json:
        body: Json = call.body
        mode = body.get("execution_mode") or "Ephemeral"
        external = isinstance(mode, dict) and "External" in mode
        lenient = self.for_sdk(call) and "system_prompt" in body
        dsl = body.get("dsl") or ""
        if not body["name"].strip() or not (dsl.strip() or external or lenient):
            raise failed("AGENT_CREATION_FAILED", "Scheduler error: agent name and DSL must not be empty")
        agent = self.make_agent(body["name"], dsl, mode, wanted=body.get("id") if lenient else None)
        agent.metadata.update(body.get("metadata") or {})
        return {"id": agent.id, "status": "scheduled"}

    def make_agent(self, name: str, dsl: str, mode: Any = "Ephemeral", *, wanted: str | None = None) -> Agent:
        """Registers an agent, and queues it unless it is external. A wanted id that is no UUID becomes another name."""
        identity = as_uuid(wanted) if wanted else None
        identity = identity if identity and identity not in self.agents else self.uuid()
        now = self.unix()
        external = isinstance(mode, dict) and "External" in mode
        agent = Agent(identity, name, dsl, mode, made_at=now, queued_at=None if external else now)
        self.agents[identity] = agent
        if wanted and wanted != identity:
            self.aliases[wanted] = identity
        self.note(identity, "created")
        return agent

    @rule("update_agent")
    def update_agent(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        name, dsl = call.body.get("name"), call.body.get("dsl")
        if agent is None:
            raise failed("AGENT_UPDATE_FAILED", "Scheduler error: agent not found")
        if not name and not dsl:
            raise failed("AGENT_UPDATE_FAILED", "Scheduler error: nothing to update")
        if agent.external or self.state_of(agent) in {"Completed", "Failed", "Terminated"}:
            raise failed("AGENT_UPDATE_FAILED", "Scheduler error: agent is not running or queued")
        agent.name, agent.dsl = name or agent.name, dsl or agent.dsl
        return {"id": agent.id, "status": "updated"}

    @rule("delete_agent")
    def delete_agent(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise failed("AGENT_DELETION_FAILED", "Scheduler error: agent not found")
        del self.agents[agent.id]
        return {"id": agent.id, "status": "deleted"}

    @rule("get_agent_status", "get_agent")
    def get_agent_status(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise failed("AGENT_NOT_FOUND", "Agent not found", 404)
        state, sdk = self.state_of(agent), self.for_sdk(call)
        active = datetime.fromtimestamp(agent.last_activity(self.unix(), self.pace), UTC)
        shown: Json = {
            "agent_id": agent.id,
            "state": sdk_word(state) if sdk else state,
            "last_activity": active.isoformat().replace("+00:00", "Z"),
            "resource_usage": self.usage_of(agent, state),
            "execution_mode": agent.mode_name,
        }
        if agent.metadata:
            shown["metadata"] = dict(agent.metadata)
        if agent.last_result is not None:
            shown["last_result"] = agent.last_result
        if agent.events:
            shown["recent_events"] = list(agent.events)
        return shown

    def usage_of(self, agent: Agent, state: str) -> Json:
        """From runtime 1.21 on, memory and processor are not measured."""
        usage = BUSY if state == "Running" and not agent.external else IDLE
        return {**usage, "memory_bytes": None, "cpu_percent": None} if self.durable else dict(usage)

    @rule("get_agent_history")
    def get_agent_history(self, call: Call) -> Json:
        identity = call.path["agent_id"]
        return {"history": [line for agent, line in self.history if agent == identity][:HISTORY_SHOWN]}

    # Runs -----------------------------------------------------------------------------------------------------------

    @rule("execute_agent")
    def execute_agent(self, call: Call) -> Any:
        key = call.headers.get("idempotency-key")
        if key in self.reconciled:
            body = {"error": "Invocation was reconciled", "code": "RECONCILED", "details": None, "status": "reconciled"}
            raise Refuse(409, {**body, "resolution": self.reconciled[key]})
        if key is None or not self.durable:
            return self.run_agent(call)
        digest = hashlib.sha256(call.path["agent_id"].encode() + call.raw_body).hexdigest()
        known = self.runs.get(key)
        if known is None:
            self.runs[key] = known = (digest, {**self.run_agent(call), "status": "queued"})
        elif known[0] != digest:
            body = {"error": "The key belongs to another request", "code": "CONFLICT", "details": None}
            raise Refuse(409, {**body, "status": "conflict"})
        return known[1]

    def run_agent(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise failed("AGENT_EXECUTION_FAILED", "Scheduler error: agent not found")
        state = self.state_of(agent)
        if state == "Completed":
            agent.queue(self.unix())
        elif state != "Running" and not self.for_sdk(call):
            raise failed("AGENT_EXECUTION_FAILED", "Lifecycle error: agent is not known to the lifecycle controller")
        return {
            "execution_id": self.note(agent.id, "execution_started", self.uuid()),
            "status": "execution_started",
        }

    @rule("re_execute_agent")
    def re_execute_agent(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise missing("Agent")
        agent.queue(self.unix())
        execution = self.note(agent.id, "execution_started", self.uuid())
        return {"id": agent.id, "status": "execution_started", "execution_id": execution}

    @rule("execute_workflow")
    def execute_workflow(self, call: Call) -> Json:
        text, wanted = call.body["workflow_id"], call.body.get("agent_id")
        if not text.strip() or not (self.for_sdk(call) or is_dsl(text)):
            raise failed("WORKFLOW_EXECUTION_FAILED", "Internal error: DSL could not be parsed")
        agent = (self.agent_by_id(wanted) if wanted else None) or self.make_agent("workflow", text, wanted=wanted)
        self.note(agent.id, "workflow_started")
        counts = self.counts()
        load = {"memory_used": 104_857_600.0, "cpu_utilization": 1.5, "disk_io_rate": 0.0, "network_io_rate": 0.0}
        status = {"total_agents": counts["total"], "running_agents": counts["running"], "resource_utilization": load}
        answer: Json = {
            "status": "success",
            "workflow_id": text,
            "agent_id": agent.id,
            "execution_started": True,
            "metadata": metadata_of(text),
            "system_status": status,
        }
        if call.body["parameters"] is not None:
            answer["parameters"] = call.body["parameters"]
        return answer

    @rule("start_workflow")
    def start_workflow(self, call: Call) -> Json:
        return {"execution_id": self.uuid(), "status": "started", "started_at": self.zulu(), "result": None}

    # External agents ------------------------------------------------------------------------------------------------

    @rule("send_heartbeat")
    def send_heartbeat(self, call: Call) -> Answer:
        agent = self.external(call, "HEARTBEAT_FAILED")
        agent.beat(call.body["state"], self.unix())
        agent.metadata.update(call.body.get("metadata") or {})
        if call.body.get("last_result") is not None:
            agent.last_result = call.body["last_result"]
        return EMPTY

    @rule("push_agent_event")
    def push_agent_event(self, call: Call) -> Answer:
        agent = self.external(call, "PUSH_EVENT_FAILED")
        told = {"event_type": call.body["event_type"], "payload": call.body["payload"], "timestamp": self.zulu()}
        agent.events.append(told)
        return EMPTY

    def external(self, call: Call, code: str) -> Agent:
        """The external agent of the path, its credential checked."""
        self.check_pin(call.body.get("agentpin_jwt"), call.path["agent_id"])
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None or not (agent.external or self.for_sdk(call)):
            raise failed(code, "Agent not found or not external", 404)
        return agent

    def check_pin(self, jwt: str | None, acting: str) -> None:
        """Where AgentPin is on, the credential must verify and be the acting agent's."""
        if self.verifier is None:
            return
        try:
            subject = self.verifier(jwt or "")
        except ValueError as error:
            raise failed("AGENTPIN_VERIFICATION_FAILED", f"Authentication failed: {error}", 401) from error
        if subject != acting:
            message = "Authentication failed: the credential is another agent's"
            raise failed("AGENTPIN_VERIFICATION_FAILED", message, 401)

    # Numbers --------------------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        states = [self.state_of(agent) for agent in self.agents.values()]
        total, running, error = len(states), states.count("Running"), states.count("Failed")
        return {"total": total, "running": running, "idle": max(0, total - running - error), "error": error}

    @rule("get_agent_metrics")
    def get_agent_metrics(self, call: Call) -> Json:
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise missing("Agent")
        done = sum(1 for identity, line in self.history if identity == agent.id and "execution" in line["status"])
        active = datetime.fromtimestamp(agent.last_activity(self.unix(), self.pace), UTC)
        return {
            "agent_id": call.path["agent_id"],
            "tasks_completed": done,
            "tasks_failed": 0,
            "average_response_time_ms": 0.0,
            "memory_usage_bytes": 0,
            "cpu_usage_percent": 0.0,
            "last_activity": active.isoformat().replace("+00:00", "Z"),
            "uptime_seconds": int(self.unix() - agent.made_at),
        }

    # Of the sandbox itself ------------------------------------------------------------------------------------------

    @control("POST", "/agents/{agent_id}/state")
    def force_state(self, call: Call) -> Json:
        """`{"state": "Failed"}` puts an agent into a state until it is queued or heard of again; null lets it go."""
        agent = self.agent_by_id(call.path["agent_id"])
        if agent is None:
            raise missing("Agent")
        agent.forced = told(call).get("state")
        return {"id": agent.id, "state": self.state_of(agent)}

    @control("POST", "/invocations/{key}/reconcile")
    def reconcile(self, call: Call) -> Json:
        """An operator settles an invocation: its key answers 409 with the body as the resolution."""
        resolution = told(call)
        self.reconciled[call.path["key"]] = resolution
        return {"key": call.path["key"], "resolution": resolution}


def as_uuid(text: str) -> str | None:
    """The UUID in its usual spelling, or None."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def is_dsl(text: str) -> bool:
    """Whether this could be a program: a block at least, and braces that match."""
    return bool(_BLOCK.search(text)) and text.count("{") == text.count("}")


def metadata_of(dsl: str) -> dict[str, str]:
    """The pairs of a program's metadata block."""
    block = _META.search(dsl)
    return dict(_PAIR.findall(block[1])) if block else {}

"""Agents: creating, watching, running and messaging them; workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from symbiont_api.v1_10.operations import agents as sdk
from symbiont_api.v1_16 import models as runtime
from symbiont_api.v1_16.operations import agents as operations
from symbiont_api.v1_16.operations import messages, workflows
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, as_given, filled, nothing, one, present, rows, untyped, whole

RUNTIME_FIELDS = frozenset({"dsl", "execution_mode", "capabilities", "metadata"})


def create_agent(agent_data: m.Agent | runtime.CreateAgentRequest | Json) -> Request[Any]:
    """Create an agent.

    A runtime wants `{"name": ..., "dsl": ...}` (with `execution_mode`, `capabilities`, `metadata` where they are
    wanted); an `Agent`, as older SDKs have it, is sent as it is, and a runtime refuses it for want of a `dsl`.
    """
    is_runtimes = isinstance(agent_data, Mapping) and not RUNTIME_FIELDS.isdisjoint(agent_data)
    if is_runtimes or hasattr(agent_data, "dsl"):
        return operations.create_agent(as_given(agent_data))
    return operations.create_agent(filled(m.Agent, agent_data))


def update_agent(agent_id: str, update: runtime.UpdateAgentRequest | Json) -> Request[Any]:
    """Change an agent's `name` or `dsl`; at least one of them."""
    return operations.update_agent(agent_id, as_given(update))


def execute_agent(agent_id: str, idempotency_key: str | None = None) -> Request[Any]:
    """Run an agent now: `{"execution_id": ..., "status": ...}`.

    Runtimes from 1.21 on do not run it again for a key they know; without one, every call has a key of its own.
    """
    return operations.execute_agent(agent_id, {}, idempotency_key=idempotency_key or str(uuid4()))


def re_execute_agent(agent_id: str, input_data: Any = None) -> Request[Any]:
    """Run an agent again, with another input. Only a sandbox serves this."""
    body = {} if input_data is None else {"input": input_data}
    return sdk.re_execute_agent(agent_id, body=untyped(body))


def send_heartbeat(
    agent_id: str,
    state: m.AgentState | str,
    metadata: Mapping[str, str] | None = None,
    last_result: str | None = None,
    agentpin_jwt: str | None = None,
) -> Request[Any]:
    """Say how an external agent is doing. `metadata` is merged into what is known, `agentpin_jwt` proves who speaks."""
    fields = {"state": str(state), "metadata": metadata, "last_result": last_result, "agentpin_jwt": agentpin_jwt}
    return operations.send_heartbeat(agent_id, untyped(present(fields)))


def push_agent_event(agent_id: str, event_type: str, payload: Any, agentpin_jwt: str | None = None) -> Request[Any]:
    """Tell of a run of an external agent: `RunStarted`, `RunCompleted` or `RunFailed`."""
    body = {"event_type": event_type, "payload": payload, **present({"agentpin_jwt": agentpin_jwt})}
    return operations.push_agent_event(agent_id, untyped(body))


def send_message(  # noqa: PLR0917 - the public signature
    agent_id: str,
    sender: str,
    payload: str,
    ttl_seconds: int | None = None,
    topic: str | None = None,
    agentpin_jwt: str | None = None,
) -> Request[Any]:
    """Send an agent a message: `{"message_id": ..., "status": "pending"}`.

    `sender` is an agent's id, `ttl_seconds` how long it may wait (default 300), `topic` publishes it instead.
    """
    optional = {"ttl_seconds": ttl_seconds, "topic": topic, "agentpin_jwt": agentpin_jwt}
    return messages.send_message(agent_id, untyped({"sender": sender, "payload": payload, **present(optional)}))


def execute_workflow(workflow_request: m.WorkflowExecutionRequest | Json) -> Request[Any]:
    """Run a workflow. `workflow_id` is the text of a workflow in the runtime's DSL."""
    return workflows.execute_workflow(filled(m.WorkflowExecutionRequest, workflow_request))


class AgentCalls:
    """Agents: creating, watching, running and messaging them; workflows."""

    list_agents = Method(operations.list_agents, rows)
    create_agent = Method(create_agent, whole)
    get_agent_status = Method(operations.get_agent_status, one(lambda: m.AgentStatusResponse))
    get_agent_metrics = Method(sdk.get_agent_metrics, one(lambda: m.AgentMetrics))
    get_agent_history = Method(operations.get_agent_history, one(lambda: runtime.AgentHistoryResponse))
    update_agent = Method(update_agent, one(lambda: runtime.AgentConfirmation))
    delete_agent = Method(operations.delete_agent, whole)
    execute_agent = Method(execute_agent, whole)
    re_execute_agent = Method(re_execute_agent, whole)
    send_heartbeat = Method(send_heartbeat, nothing)
    push_agent_event = Method(push_agent_event, nothing)
    send_message = Method(send_message, whole)
    receive_messages = Method(messages.receive_messages, whole)
    get_message_status = Method(messages.get_message_status, whole)
    execute_workflow = Method(execute_workflow, whole)

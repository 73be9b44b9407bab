"""Compiling agents and deploying them. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import deployments as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, many, one, whole


def compile_dsl(compile_request: m.DslCompileRequest | Json) -> Request[Any]:
    """Compile an agent, or only check it."""
    return operations.compile_dsl(filled(m.DslCompileRequest, compile_request))


def deploy_agent(deploy_request: m.AgentDeployRequest | Json) -> Request[Any]:
    """Deploy an agent."""
    return operations.deploy_agent(filled(m.AgentDeployRequest, deploy_request))


def list_agent_deployments(agent_id: str | None = None) -> Request[Any]:
    """All deployments, or those of one agent."""
    return operations.list_agent_deployments(agent_id=agent_id or None)


class DeploymentCalls:
    """Compiling agents and deploying them. No runtime serves these; a sandbox does."""

    compile_dsl = Method(compile_dsl, one(lambda: m.DslCompileResponse))
    deploy_agent = Method(deploy_agent, one(lambda: m.AgentDeployResponse))
    get_agent_deployment = Method(operations.get_agent_deployment, one(lambda: m.AgentDeployResponse))
    list_agent_deployments = Method(list_agent_deployments, many(lambda: m.AgentDeployResponse))
    stop_agent_deployment = Method(operations.stop_agent_deployment, whole)

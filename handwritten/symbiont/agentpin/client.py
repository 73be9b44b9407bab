"""`client.agentpin`, under the name that programs import it by."""

from symbiont._agentpin_client import AgentPinClient, AsyncAgentPinClient

__all__ = ["AgentPinClient", "AsyncAgentPinClient"]

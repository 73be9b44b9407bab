"""What a runtime says to the state manager, as requests of the generated package (protocol sheet §7.7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from exosphere_api.v0 import models as m
from exosphere_api.v0.operations import nodes, states
from wirewright.request import Request

from exospherehost._calls import Address
from exospherehost._delivery import TRY_AGAIN, Unavailable
from exospherehost._nodes import registration
from exospherehost.node.BaseNode import BaseNode


class Talk(ABC):
    """The calls of a runtime, each made once. How often they are repeated is the runtime's business."""

    _name: str
    _namespace: str
    _nodes: Sequence[type[BaseNode]]
    _node_names: list[str]
    _batch_size: int
    _address: Address

    @abstractmethod
    async def _send(self, verb: str, request: Request[Any]) -> tuple[int, Any]:
        """Send once; the answer's status, and its JSON or text."""

    @abstractmethod
    def _complain(self, text: str) -> None:
        """Log an error."""

    async def _register(self) -> Any:
        body = {
            "runtime_name": self._name,
            "runtime_namespace": self._namespace,
            "nodes": [registration(node, self._namespace) for node in self._nodes],
        }
        request = nodes.register_nodes(self._namespace, m.RegisterNodesRequest.model_validate(body))
        status, answer = await self._ask("put", request)
        if status != 200:
            raise RuntimeError(f"Failed to register nodes: {answer}")
        return answer

    async def _enqueue_call(self) -> Any:
        body = m.EnqueueRequest(nodes=self._node_names, batch_size=self._batch_size)
        status, answer = await self._ask("post", states.enqueue_states(self._namespace, body))
        if status != 200:
            raise RuntimeError(f"Failed to enqueue states: {answer}")
        return answer

    async def _get_secrets(self, state_id: str) -> dict[str, str]:
        status, answer = await self._ask("get", states.get_state_secrets(self._namespace, state_id))
        if status != 200:
            self._complain(f"Failed to get secrets for state {state_id}: {answer}")
            return {}
        try:
            secrets: dict[str, str] = answer["secrets"]
        except (LookupError, TypeError):
            self._complain(f"'secrets' not found in the answer for state {state_id}")
            return {}
        return secrets

    async def _notify_executed(self, state_id: str, outputs: list[Any]) -> int | None:
        body = m.ExecutedRequest(outputs=[output.model_dump() for output in outputs])
        return await self._report(states.mark_state_executed(self._namespace, state_id, body), "executed")

    async def _notify_errored(self, state_id: str, error: str) -> int | None:
        body = m.ErroredRequest(error=error)
        return await self._report(states.mark_state_errored(self._namespace, state_id, body), "errored")

    async def _give_back(self, state_id: str) -> int | None:
        body = m.ReEnqueueAfterRequest(enqueue_after=1)
        return await self._report(states.requeue_state_after(self._namespace, state_id, body), "given back")

    async def _report(self, request: Request[Any], event: str) -> int:
        status, answer = await self._send("post", request)
        if status != 200:
            self._complain(f"Failed to notify {event} state {request.path['state_id']}: {answer}")
        return status

    async def _ask(self, verb: str, request: Request[Any]) -> tuple[int, Any]:
        status, answer = await self._send(verb, request)
        if status in TRY_AGAIN:
            raise Unavailable(f"status {status}")
        return status, answer

    # URLs, as programs that reach into a runtime know them

    def _get_register_endpoint(self) -> str:
        body = m.RegisterNodesRequest(runtime_name=self._name, nodes=[])
        return self._address.url(nodes.register_nodes(self._namespace, body))

    def _get_enque_endpoint(self) -> str:
        body = m.EnqueueRequest(nodes=[], batch_size=0)
        return self._address.url(states.enqueue_states(self._namespace, body))

    def _get_executed_endpoint(self, state_id: str) -> str:
        body = m.ExecutedRequest(outputs=[])
        return self._address.url(states.mark_state_executed(self._namespace, state_id, body))

    def _get_errored_endpoint(self, state_id: str) -> str:
        body = m.ErroredRequest(error="")
        return self._address.url(states.mark_state_errored(self._namespace, state_id, body))

    def _get_secrets_endpoint(self, state_id: str) -> str:
        return self._address.url(states.get_state_secrets(self._namespace, state_id))

    def _get_prune_endpoint(self, state_id: str) -> str:
        body = m.PruneRequest(data={})
        return self._address.url(states.prune_state(self._namespace, state_id, body))

    def _get_requeue_after_endpoint(self, state_id: str) -> str:
        body = m.ReEnqueueAfterRequest(enqueue_after=1)
        return self._address.url(states.requeue_state_after(self._namespace, state_id, body))

"""`Client` and `AsyncClient`: everything a runtime can do, typed, over pooled connections.

    with Client(api_key="...") as client:
        print(client.health_check().version)

Methods are made from the generated operations (`symbiont._areas`), once for both clients.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from wirewright.calls import AsyncFace, Face, Reply
from wirewright.errors import WirewrightError

from symbiont import _http
from symbiont import _requests as requests
from symbiont._areas.agents import AgentCalls
from symbiont._areas.communication import CommunicationCalls
from symbiont._areas.deployments import DeploymentCalls
from symbiont._areas.endpoints import EndpointCalls
from symbiont._areas.http_input import HttpInputCalls
from symbiont._areas.knowledge import KnowledgeCalls
from symbiont._areas.mcp import McpCalls
from symbiont._areas.memory import MemoryCalls
from symbiont._areas.review import ReviewCalls
from symbiont._areas.secrets import SecretCalls
from symbiont._areas.system import SystemCalls
from symbiont._areas.vectors import VectorCalls
from symbiont._base import BaseClient
from symbiont._calls import Answer
from symbiont._sub import Style, Sub, is_replaced, through_request

if TYPE_CHECKING:
    import wirewright
    from symbiont_api.v1_16 import Api, AsyncApi
    from wirewright.request import Request

    from symbiont._agentpin_client import AgentPinClient, AsyncAgentPinClient
    from symbiont.approvals import ApprovalClient, AsyncApprovalClient
    from symbiont.channels import AsyncChannelClient, ChannelClient
    from symbiont.chat import ChatSession
    from symbiont.metrics import AsyncMetricsClient, MetricsClient
    from symbiont.reasoning_client import AsyncReasoningClient, ReasoningClient
    from symbiont.schedules import AsyncScheduleClient, ScheduleClient
    from symbiont.toolclad import AsyncToolCladClient, ToolCladClient

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")
_ONCE_HERE = ("exceptions", "config", "auth", "models", "schedules", "channels")
_STYLE = Style()


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Errors, settings and models, which programs for older SDKs may take from here."""
        for home in _ONCE_HERE if not name.startswith("_") else ():
            if hasattr(module := import_module(f"symbiont.{home}"), name):
                return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Areas(
    SystemCalls,
    AgentCalls,
    CommunicationCalls,
    ReviewCalls,
    SecretCalls,
    McpCalls,
    KnowledgeCalls,
    DeploymentCalls,
    HttpInputCalls,
    MemoryCalls,
    VectorCalls,
    EndpointCalls,
):
    """All methods that are no sub-client's."""


class Client(_Areas, BaseClient, Face):
    """Drives a runtime. Safe to share between threads; connections open when they are first used.

    Refusals are `SymbiontError`s (`symbiont.exceptions`); an answer that does not fit its model is pydantic's
    `ValidationError`, unless `validation_mode` is `lenient`.
    """

    _client: tuple[Any, wirewright.Client] | None = None

    # Sub-clients ---------------------------------------------------------------------------------------------------

    schedules: Sub[ScheduleClient] = Sub("schedules:ScheduleClient", "Cron schedules.")
    channels: Sub[ChannelClient] = Sub("channels:ChannelClient", "Slack, Teams and Mattermost.")
    reasoning: Sub[ReasoningClient] = Sub(
        "reasoning_client:ReasoningClient", "The reasoning loop, its journal and its policies."
    )
    toolclad: Sub[ToolCladClient] = Sub("toolclad:ToolCladClient", "Tools with manifests.")
    metrics_client: Sub[MetricsClient] = Sub("metrics:MetricsClient", "What is measured.")
    approvals: Sub[ApprovalClient] = Sub("approvals:ApprovalClient", "Actions that wait for a person.")
    agentpin: Sub[AgentPinClient] = Sub(
        "_agentpin_client:AgentPinClient", "Identities of agents; no runtime is needed."
    )

    @cached_property
    def api(self) -> Api:
        """Every operation of the runtime as the spec has it, with generated models and `wirewright` errors."""
        from symbiont_api.v1_16 import Api
        from wirewright import Client

        return Api(client=self._made(Client, _http.root_of(self._address), self._transport_option))

    # Requests ------------------------------------------------------------------------------------------------------

    def perform(self, request: Request[Any], read: Callable[[Reply], T], style: Style = _STYLE) -> T:
        """Send a request and read its answer. Raises `SymbiontError`s."""
        if is_replaced(self, Client):
            found: T = read(through_request(self, request, style))
            return found
        return self._send(self._flat(request), read)

    def _send(self, request: Request[Any], read: Callable[[Reply], T]) -> T:
        double = requests.double()
        try:
            if double is not None:
                return self._asking(double, request, read)
            response: Any = self._connected().respond(request)
        except WirewrightError as error:
            raise _http.translated(error) from error
        value: T = _http.understood(read, _http.answer_of(response, self._lenient))
        return value

    def _request(self, method: str, endpoint: str, **kwargs: Any) -> Answer:
        """Send any request: `endpoint` is below the base URL, `json`, `params` and `headers` as usual.

        Answers with `status_code`, `headers`, `text` and `json()`. Raises `SymbiontError`s.
        """
        path = "/" + endpoint.lstrip("/")
        if self._address.endswith(_http.VERSION_PREFIX):
            path = _http.below_base(path)
        timeout = kwargs.pop("timeout", None)
        request = requests.any_request(method, path, **kwargs)
        return self._send(request.with_options(timeout=timeout) if timeout else request, _itself)

    def _connected(self) -> wirewright.Client:
        """The client with the open connections."""
        from wirewright import Client

        with self._lock:
            if self._client is None or self._client[0] != self._settings_key:
                self.close()
                made = self._made(Client, self._address, self._transport_option)
                self._client = self._settings_key, made
            return self._client[1]

    def _asking(self, double: Callable[..., Any], request: Request[Any], read: Callable[[Reply], T]) -> T:
        """Ask a test double. What it answers is handed on as it is to those who ask for the answer itself."""
        from wirewright import Client

        transport = requests.Double(double, self._address, request)
        response: Any = self._made(Client, self._address, transport).respond(request)
        if read is _itself:
            return cast("T", transport.found)
        return read(_http.answer_of(response, self._lenient))

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        """Close all connections. The client opens new ones when it is used again."""
        if self._client is not None:
            self._client[1].close()
        if "api" in self.__dict__:
            self.api.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        """Programs for older SDKs never close a client. A child process leaves its parent's connections alone."""
        with contextlib.suppress(Exception):
            if self._pid == os.getpid():
                self.close()


class AsyncClient(_Areas, BaseClient, AsyncFace):
    """`Client` for asyncio: the same arguments and methods, to be awaited. Close it with `aclose()`."""

    _client: tuple[Any, wirewright.AsyncClient] | None = None

    schedules: Sub[AsyncScheduleClient] = Sub("schedules:AsyncScheduleClient", "Cron schedules.")
    channels: Sub[AsyncChannelClient] = Sub("channels:AsyncChannelClient", "Slack, Teams and Mattermost.")
    reasoning: Sub[AsyncReasoningClient] = Sub(
        "reasoning_client:AsyncReasoningClient", "The reasoning loop, its journal and its policies."
    )
    toolclad: Sub[AsyncToolCladClient] = Sub("toolclad:AsyncToolCladClient", "Tools with manifests.")
    metrics_client: Sub[AsyncMetricsClient] = Sub("metrics:AsyncMetricsClient", "What is measured.")
    approvals: Sub[AsyncApprovalClient] = Sub("approvals:AsyncApprovalClient", "Actions that wait for a person.")
    agentpin: Sub[AsyncAgentPinClient] = Sub(
        "_agentpin_client:AsyncAgentPinClient", "Identities of agents; no runtime is needed."
    )

    def chat(self) -> ChatSession:
        """A conversation with the runtime: `async with client.chat() as session`."""
        from symbiont.chat import ChatSession

        return ChatSession.of(self)

    @cached_property
    def api(self) -> AsyncApi:
        """Every operation of the runtime as the spec has it, with generated models and `wirewright` errors."""
        from symbiont_api.v1_16 import AsyncApi

        return AsyncApi(client=self._make(_http.root_of(self._address)))

    async def perform(self, request: Request[Any], read: Callable[[Reply], T], style: Style = _STYLE) -> T:
        """Send a request and read its answer. Raises `SymbiontError`s."""
        try:
            response: Any = await (await self._connected()).respond(self._flat(request))
        except WirewrightError as error:
            raise _http.translated(error) from error
        value: T = _http.understood(read, _http.answer_of(response, self._lenient))
        return value

    async def _connected(self) -> wirewright.AsyncClient:
        held, key = self._client, self._settings_key
        if held is not None and held[0] == key:
            return held[1]
        made = self._make(self._address)
        self._client = key, made
        if held is not None:
            await held[1].aclose()
        return made

    def _make(self, base_url: str) -> wirewright.AsyncClient:
        from wirewright import AsyncClient

        return self._made(AsyncClient, base_url, self._transport_option)

    async def _pause(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client[1].aclose()
        if "api" in self.__dict__:
            await self.api.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


def _itself(reply: Reply) -> Answer:
    return cast("Answer", reply)

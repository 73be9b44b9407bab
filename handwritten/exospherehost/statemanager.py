"""`StateManager`: keeps graphs, triggers them, and reaches everything else of the API, typed.

`StateManager` is async, `SyncStateManager` the same without `await`. Both perform the same flows, written once below as
generators that yield the request or the pause that they want.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from exosphere_api.v0 import models as m
from exosphere_api.v0.operations import graphs as operations
from wirewright.request import Request

from exospherehost import _session as aiohttp  # under the name by which test doubles know it
from exospherehost._calls import Address, json_of
from exospherehost.models import (
    CronTrigger,
    GraphNodeModel,
    RetryPolicyModel,
    StoreConfigModel,
    TriggerState,
)

if TYPE_CHECKING:
    from exosphere_api.v0 import Api, AsyncApi

__all__ = ["StateManager", "SyncStateManager", "TriggerState"]

T = TypeVar("T")
Answer = tuple[int, Any, str]
"""Status, JSON (None when there is none) and text."""


@dataclass(frozen=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


Step = tuple[str, Request[Any]] | Sleep
"""A request with its verb, or a pause."""
Flow = Generator[Step, Any, T]


class _StateManager:
    """What both kinds share: settings, and the flows. Refusals are plain `Exception`s: callers know no other type."""

    def __init__(
        self,
        namespace: str,
        state_manager_uri: str | None = None,
        key: str | None = None,
        state_manager_version: str = "v0",
    ) -> None:
        """`state_manager_uri` and `key` default to `EXOSPHERE_STATE_MANAGER_URI` and `EXOSPHERE_API_KEY`."""
        self._namespace = namespace
        self._state_manager_uri = state_manager_uri
        self._key = key
        self._state_manager_version = state_manager_version
        self._set_config_from_env()

    def _set_config_from_env(self) -> None:
        if self._state_manager_uri is None:
            self._state_manager_uri = os.environ.get("EXOSPHERE_STATE_MANAGER_URI")
        if self._key is None:
            self._key = os.environ.get("EXOSPHERE_API_KEY")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._namespace!r} at {self._state_manager_uri}>"

    @property
    def _address(self) -> Address:
        return Address(self._state_manager_uri, self._state_manager_version)

    def _headers(self) -> dict[str, str]:
        if self._key is None:
            raise TypeError("Cannot serialize non-str key None: set key or EXOSPHERE_API_KEY")
        return {"x-api-key": self._key}

    # Requests ------------------------------------------------------------------------------------------------------

    def _trigger_request(
        self, graph_name: str, inputs: dict[str, str] | None, store: dict[str, str] | None, start_delay: int
    ) -> Request[Any]:
        body = m.TriggerGraphRequest(start_delay=start_delay, inputs=inputs or {}, store=store or {})
        return operations.trigger_graph(self._namespace, graph_name, body)

    def _get_request(self, graph_name: str) -> Request[Any]:
        return operations.get_graph(self._namespace, graph_name)

    def _upsert_request(
        self,
        graph_name: str,
        graph_nodes: Sequence[GraphNodeModel],
        secrets: dict[str, str],
        *,
        retry_policy: RetryPolicyModel | None = None,
        store_config: StoreConfigModel | None = None,
        triggers: Sequence[CronTrigger] | None = None,
    ) -> Request[Any]:
        body: dict[str, Any] = {"secrets": secrets, "nodes": [node.model_dump() for node in graph_nodes]}
        if retry_policy is not None:
            body["retry_policy"] = retry_policy.model_dump()
        if store_config is not None:
            body["store_config"] = store_config.model_dump()
        if triggers is not None:
            body["triggers"] = [{"type": "CRON", "value": {"expression": each.expression}} for each in triggers]
        return operations.upsert_graph(self._namespace, graph_name, m.UpsertGraphTemplateRequest.model_validate(body))

    # Flows ---------------------------------------------------------------------------------------------------------

    def _trigger_flow(self, request: Request[Any]) -> Flow[Any]:
        status, value, text = yield "post", request
        if status != 200:
            raise Exception(f"Failed to trigger state: {status} {text}")
        return value

    def _get_flow(self, graph_name: str) -> Flow[Any]:
        status, value, text = yield "get", self._get_request(graph_name)
        if status != 200:
            raise Exception(f"Failed to get graph: {status} {text}")
        return value

    def _upsert_flow(
        self, graph_name: str, request: Request[Any], validation_timeout: float, polling_interval: float
    ) -> Flow[Any]:
        status, graph, text = yield "put", request
        if status not in {200, 201}:
            raise Exception(f"Failed to upsert graph: {status} {text}")
        began = time.monotonic()
        while graph["validation_status"] == "PENDING":
            if time.monotonic() - began > validation_timeout:
                raise Exception(f"Graph validation check timed out after {validation_timeout} seconds")
            yield Sleep(polling_interval)
            graph = yield from self._get_flow(graph_name)
        if graph["validation_status"] != "VALID":
            raise Exception(
                f"Graph validation failed: {graph['validation_status']} and errors: {graph['validation_errors']}"
            )
        return graph

    # URLs, as programs that reach into a state manager know them ---------------------------------------------------

    def _get_trigger_state_endpoint(self, graph_name: str) -> str:
        return self._address.url(self._trigger_request(graph_name, None, None, 0))

    def _get_upsert_graph_endpoint(self, graph_name: str) -> str:
        return self._address.url(self._upsert_request(graph_name, [], {}))

    def _get_get_graph_endpoint(self, graph_name: str) -> str:
        return self._address.url(self._get_request(graph_name))


class StateManager(_StateManager):
    """Keeps and triggers the graphs of one namespace. Safe to share between tasks and event loops.

    Refusals of the state manager are plain `Exception`s with status and text; trouble with the network is a
    `wirewright.errors.TransportError`. `api` has all 18 operations, typed, with retries and a tree of errors.
    """

    @cached_property
    def api(self) -> AsyncApi:
        """Every operation: `await sm.api.runs.list("MyProject", 1, 20)`. Close it with `aclose()`."""
        from exosphere_api.v0 import AsyncApi
        from wirewright.auth import ApiKey

        return AsyncApi(str(self._state_manager_uri), auth=ApiKey("x-api-key", self._headers()["x-api-key"]))

    async def trigger(
        self,
        graph_name: str,
        inputs: dict[str, str] | None = None,
        store: dict[str, str] | None = None,
        start_delay: int = 0,
    ) -> Any:
        """Start a run. `inputs` replace the root's own, `store` fills the run's store, `start_delay` is milliseconds.

        Answers `{"status": "CREATED", "run_id": ...}`.
        """
        return await self._perform(self._trigger_flow(self._trigger_request(graph_name, inputs, store, start_delay)))

    async def get_graph(self, graph_name: str) -> Any:
        """The graph as it is kept, with `validation_status` and `validation_errors`."""
        return await self._perform(self._get_flow(graph_name))

    async def upsert_graph(  # noqa: PLR0917 - the public signature
        self,
        graph_name: str,
        graph_nodes: list[GraphNodeModel],
        secrets: dict[str, str],
        retry_policy: RetryPolicyModel | None = None,
        store_config: StoreConfigModel | None = None,
        triggers: list[CronTrigger] | None = None,
        validation_timeout: int = 60,
        polling_interval: int = 1,
    ) -> Any:
        """Create or replace a graph and wait (seconds) until it is verified; answers the graph as it is kept then.

        An `Exception` tells why the graph was refused or is not valid, or that verification took too long.
        """
        request = self._upsert_request(
            graph_name, graph_nodes, secrets, retry_policy=retry_policy, store_config=store_config, triggers=triggers
        )
        return await self._perform(self._upsert_flow(graph_name, request, validation_timeout, polling_interval))

    async def _perform(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Sleep):
                    await asyncio.sleep(step.seconds)
                    step = flow.send(None)
                else:
                    step = flow.send(await self._send(*step))
        except StopIteration as end:
            value: T = end.value
            return value

    async def _send(self, verb: str, request: Request[Any]) -> Answer:
        url, headers = self._address.url(request), self._headers()
        async with aiohttp.ClientSession() as session:
            send = getattr(session, verb)
            sent = send(url, headers=headers) if verb == "get" else send(url, json=json_of(request), headers=headers)
            async with sent as response:
                is_good = response.status in {200, 201}
                return (
                    response.status,
                    await response.json() if is_good else None,
                    "" if is_good else await response.text(),
                )


class SyncStateManager(_StateManager):
    """`StateManager` without `await`, for scripts and threads."""

    @cached_property
    def api(self) -> Api:
        """Every operation: `sm.api.runs.list("MyProject", 1, 20)`."""
        from exosphere_api.v0 import Api
        from wirewright.auth import ApiKey

        return Api(str(self._state_manager_uri), auth=ApiKey("x-api-key", self._headers()["x-api-key"]))

    def trigger(
        self,
        graph_name: str,
        inputs: dict[str, str] | None = None,
        store: dict[str, str] | None = None,
        start_delay: int = 0,
    ) -> Any:
        """See `StateManager.trigger`."""
        return self._perform(self._trigger_flow(self._trigger_request(graph_name, inputs, store, start_delay)))

    def get_graph(self, graph_name: str) -> Any:
        """See `StateManager.get_graph`."""
        return self._perform(self._get_flow(graph_name))

    def upsert_graph(  # noqa: PLR0917 - the public signature
        self,
        graph_name: str,
        graph_nodes: list[GraphNodeModel],
        secrets: dict[str, str],
        retry_policy: RetryPolicyModel | None = None,
        store_config: StoreConfigModel | None = None,
        triggers: list[CronTrigger] | None = None,
        validation_timeout: int = 60,
        polling_interval: int = 1,
    ) -> Any:
        """See `StateManager.upsert_graph`."""
        request = self._upsert_request(
            graph_name, graph_nodes, secrets, retry_policy=retry_policy, store_config=store_config, triggers=triggers
        )
        return self._perform(self._upsert_flow(graph_name, request, validation_timeout, polling_interval))

    def _perform(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Sleep):
                    time.sleep(step.seconds)
                    step = flow.send(None)
                else:
                    step = flow.send(self._send(*step))
        except StopIteration as end:
            value: T = end.value
            return value

    def _send(self, verb: str, request: Request[Any]) -> Answer:
        body = None if verb == "get" else json_of(request)
        response = aiohttp.send_once(verb.upper(), self._address.url(request), self._headers(), body)
        if response.status in {200, 201}:
            return response.status, json.loads(response.content), ""
        return response.status, None, response.content.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the connections of `api`, where it was used."""
        if "api" in self.__dict__:
            self.api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

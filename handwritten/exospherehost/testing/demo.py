"""Exosphere's quick start, against the state manager at a URL: a graph that fans out, stumbles once, and joins."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

from pydantic import BaseModel

from exospherehost import (
    BaseNode,
    GraphNodeModel,
    RetryPolicyModel,
    RetryStrategyEnum,
    Runtime,
    StateManager,
    StoreConfigModel,
    UnitesModel,
)

NAMESPACE = "demo"
KEY = "sandbox-key"


class Read(BaseNode):
    """The beginning: puts out what it is given."""

    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        text: str

    async def execute(self) -> Any:
        return self.Outputs(text=self.inputs.text)


class Split(Read):
    """One state for each word."""

    async def execute(self) -> Any:
        return [self.Outputs(text=word) for word in self.inputs.text.split()]


class Shout(Read):
    """Fails at the first word, once."""

    class Secrets(BaseModel):
        voice: str

    has_coughed = False

    async def execute(self) -> Any:
        if not Shout.has_coughed:
            Shout.has_coughed = True
            raise RuntimeError("cough")
        return self.Outputs(text=self.inputs.text.upper() + self.secrets.voice)


class Report(Read):
    """The end: runs once, when all words have been shouted."""


def demo(url: str) -> Iterator[str]:
    """Runs the quick start; yields a line after each step."""
    with asyncio.Runner() as runner:
        steps = _steps(url)
        while (line := runner.run(anext(steps, None))) is not None:
            yield line


async def _steps(url: str) -> AsyncIterator[str]:
    Shout.has_coughed = False
    logging.getLogger("exospherehost.runtime").disabled = True  # the cough is meant to be
    runtime = Runtime(NAMESPACE, "demo runtime", [Read, Split, Shout, Report], url, KEY)
    task = runtime.start()
    assert task is not None
    manager = StateManager(NAMESPACE, url, KEY)
    try:
        async for line in _play(runtime, manager):
            yield line
    finally:
        await runtime.stop()
        await task
        logging.getLogger("exospherehost.runtime").disabled = False
    counters = runtime.health.counters
    yield f"the runtime claimed {counters.claimed} states, {counters.executed} executed, {counters.errored} errored"


async def _play(runtime: Runtime, manager: StateManager) -> AsyncIterator[str]:
    while not runtime.health.is_healthy:  # noqa: ASYNC110 - a runtime says how it is when asked
        await asyncio.sleep(0.01)
    yield "a runtime with 4 nodes is registered"
    kept = await manager.upsert_graph(
        "shouting",
        _graph(),
        secrets={"voice": "!"},
        retry_policy=RetryPolicyModel(strategy=RetryStrategyEnum.FIXED, backoff_factor=50),
        store_config=StoreConfigModel(default_values={"greeting": "hello"}),
    )
    yield f"the graph `shouting` is {kept['validation_status']}"
    run_id = (await manager.trigger("shouting", store={"greeting": "good morning dear world"}))["run_id"]
    yield f"run {run_id[:8]}… is triggered"
    async with manager.api as api:
        while (run := (await api.runs.list(NAMESPACE, 1, 1)).runs[0]).status == "PENDING":  # noqa: ASYNC110 - so is a run
            await asyncio.sleep(0.05)
        yield f"it ended as {run.status}: {run.total_count} states, {run.retried_count} of them tried again"
        graph = await api.runs.get_graph(NAMESPACE, run_id)
        [join] = [node for node in graph.nodes if node.identifier == "report"]
        details = await api.runs.get_node(NAMESPACE, "shouting", run_id, join.id)
        yield f"the join ran once, with {details.inputs['text']!r}"


def _graph() -> list[GraphNodeModel]:
    def use(name: str, identifier: str, text: str, *following: str, unites: str | None = None) -> GraphNodeModel:
        return GraphNodeModel(
            node_name=name,
            namespace=NAMESPACE,
            identifier=identifier,
            inputs={"text": text},
            next_nodes=list(following),
            unites=UnitesModel(identifier=unites) if unites else None,
        )

    return [
        use("Read", "read", "${{ store.greeting }}", "split"),
        use("Split", "split", "${{ read.outputs.text }}", "shout"),
        use("Shout", "shout", "${{ split.outputs.text }}", "report"),
        use("Report", "report", "all of: ${{ read.outputs.text }}", unites="read"),
    ]

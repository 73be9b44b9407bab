"""What the kernel's tests share: a clock that stands still, templates in one line, and runs in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pgdag import DAGEdge, DAGNode, DAGTemplate, ExecutionLayer, RunResult, StepContext, build

NOON = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def still() -> Callable[[], datetime]:
    """A clock that stands still, so that equal runs have equal proofs."""
    return lambda: NOON


class Nap:
    """A sleep that returns at once and remembers how long it should have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def nap() -> Nap:
    return Nap()


def graph_of(nodes: str | Iterable[DAGNode], *edges: str | DAGEdge, name: str = "t", **facts: Any) -> DAGTemplate:
    """`graph("a b c", "a>b", "b>c")`."""
    listed = [DAGNode(node) for node in nodes.split()] if isinstance(nodes, str) else list(nodes)
    drawn = [DAGEdge(*edge.split(">")) if isinstance(edge, str) else edge for edge in edges]
    return DAGTemplate(name, nodes=listed, edges=drawn, **facts)


@pytest.fixture
def graph() -> Callable[..., DAGTemplate]:
    return graph_of


class Steps:
    """Step functions that return what they are told, and a record of which of them ran, in order."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.seen: dict[str, dict[str, Any]] = {}

    def __call__(self, returns: Any = None) -> Callable[[StepContext], Any]:
        async def step(ctx: StepContext) -> Any:
            self.ran.append(ctx.node_id)
            self.seen[ctx.node_id] = dict(ctx.inputs)
            if isinstance(returns, BaseException):
                raise returns
            return returns(ctx) if callable(returns) else returns

        return step

    def all(self, template: DAGTemplate, **special: Any) -> dict[str, Any]:
        """A step for each node: it returns `{id: True}`, unless told otherwise."""
        return {node.id: self(special.get(node.id, {node.id: True})) for node in template.nodes}


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def play(steps: Steps, still: Callable[[], datetime], nap: Nap) -> Callable[..., Any]:
    """`await play(template, inputs, a={...}, b=ValueError("no"))`: a run in a layer of its own, or in `layer=`."""

    async def go(
        template: DAGTemplate,
        inputs: Mapping[str, Any] | None = None,
        *,
        layer: ExecutionLayer | None = None,
        run_id: str | None = "run-1",
        actor: str = "",
        config: dict[str, Any] | None = None,
        only: Iterable[str] | None = None,
        options: dict[str, Any] | None = None,
        **special: Any,
    ) -> RunResult:
        made = layer or build(**{"clock": still, "sleep": nap, "max_concurrency": 1, **(options or {})})
        functions = steps.all(template, **special)
        made.runner.register_steps({name: functions[name] for name in (functions if only is None else only)})
        return await made.runner.execute(template, inputs or {}, run_id=run_id, actor=actor, config=config)

    return go

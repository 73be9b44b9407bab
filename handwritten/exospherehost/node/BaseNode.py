"""The base class of all nodes."""  # noqa: N999  (the module's name is part of the public surface)

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel


class BaseNode(ABC):
    """One piece of work. Override `Inputs`, `Outputs` and `Secrets` (all fields `str`) and `execute`.

    The runtime makes a fresh instance, with no arguments, for each state; within `execute`, `self.inputs` and
    `self.secrets` are instances of the node's own models. What `execute` returns becomes the state's outputs: one
    `Outputs`, a list of them (fan-out: what follows runs once for each), or None. An exception fails the state, and
    the graph's retry policy decides what comes next; `PruneSignal` ends the branch on purpose, `ReQueueAfterSignal`
    puts the state off.
    """

    if TYPE_CHECKING:  # subclasses put models of their own here, which checkers must not compare with these
        Inputs: Any
        Outputs: Any
        Secrets: Any
    else:

        class Inputs(BaseModel):
            """What the node takes."""

        class Outputs(BaseModel):
            """What the node puts out."""

        class Secrets(BaseModel):
            """What the node must know and nobody may see."""

    secrets: Any

    def __init__(self) -> None:
        self.inputs: Any = None

    async def _execute(self, inputs: BaseModel, secrets: BaseModel) -> Any:
        self.inputs = inputs
        self.secrets = secrets
        return await self.execute()

    @abstractmethod
    async def execute(self) -> Any:
        """Do the work. Return `Outputs`, a list of `Outputs`, or None."""
        raise NotImplementedError("execute method must be implemented by all concrete node classes")


async def run_node(node: type[BaseNode], inputs: dict[str, str], secrets: dict[str, str]) -> list[Any]:
    """What a fresh instance of the node puts out, as a list. Raises whatever validation and the node raise."""
    work = node()._execute(node.Inputs(**inputs), node.Secrets(**secrets))  # pyright: ignore[reportPrivateUsage]
    outputs: list[Any] | BaseModel | None = await work
    if outputs is None:
        return []
    return outputs if isinstance(outputs, list) else [outputs]

"""How often and how long a step is tried, from its node's metadata."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wirewright.narrow import is_mapping

from .template import DAGNode

__all__ = ["StepPolicy"]


@dataclass(frozen=True)
class StepPolicy:
    """`metadata: {timeout_seconds: 30, retry: {attempts: 3, backoff_seconds: 0.5, factor: 2, max_seconds: 20}}`.

    `attempts` counts the first one; `timeout_seconds` is the limit of each. Without them a step runs once, without
    limit.
    """

    timeout: float | None = None
    attempts: int = 1
    backoff: float = 0.0
    factor: float = 2.0
    longest: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @classmethod
    def of(cls, node: DAGNode, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> StepPolicy:
        """Read a node's policy.

        Raises:
            ValueError: a number is missing its sense; names the node and the key.
        """
        retry: Any = node.metadata.get("retry") or {}
        if not is_mapping(retry):
            raise ValueError(f"step {node.id!r}: metadata.retry must be an object")
        timeout = node.metadata.get("timeout_seconds")
        return cls(
            timeout=None if timeout is None else _number(node.id, "timeout_seconds", timeout, least=0.001),
            attempts=int(_number(node.id, "retry.attempts", retry.get("attempts", 1), least=1)),
            backoff=_number(node.id, "retry.backoff_seconds", retry.get("backoff_seconds", 0.0)),
            factor=_number(node.id, "retry.factor", retry.get("factor", 2.0), least=1),
            longest=_number(node.id, "retry.max_seconds", retry.get("max_seconds", 60.0)),
            sleep=sleep,
        )

    async def pause(self, attempt: int) -> None:
        """Wait after the failed attempt of that number (1 is the first)."""
        delay = min(self.longest, self.backoff * self.factor ** (attempt - 1))
        if delay > 0:
            await self.sleep(delay)


def _number(step: str, key: str, value: Any, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
        raise ValueError(f"step {step!r}: metadata.{key} must be a number of at least {least:g}, not {value!r}")
    return float(value)

"""Where step functions run: here, or on an engine that exists already."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .runner import StepContext, StepFn

__all__ = ["LocalExecutor", "StepExecutor", "invoke", "is_async"]


class StepExecutor(Protocol):
    """Runs a step function and gives back what it returned, and its inputs as it left them."""

    async def run(self, step_fn: StepFn, context: StepContext) -> tuple[Any, dict[str, Any]]: ...


class LocalExecutor:
    """Async steps run on the event loop, plain functions in a pool of threads.

    A thread cannot be ended from outside: a plain function that may take long should look at `context.cancelled`.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, step_fn: StepFn, context: StepContext) -> tuple[Any, dict[str, Any]]:
        if is_async(step_fn):
            result: Any = step_fn(context)
        else:
            bound = contextvars.copy_context()
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._threaded(), lambda: bound.run(_plainly, step_fn, context))
        if inspect.isawaitable(result):
            result = await result
        return result, context.inputs

    def close(self) -> None:
        """Let the threads go once they are idle; a step that ignores its cancellation is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None

    def _threaded(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="pgdag-step")
        return self._pool


def is_async(function: Callable[..., Any]) -> bool:
    """Does calling it give a coroutine? Also for callable objects and partials."""
    target = inspect.unwrap(getattr(function, "func", function))
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(getattr(target, "__call__", None))  # noqa: B004


def invoke(step_fn: StepFn, context: StepContext) -> Any:
    """Run a step from a thread that has no event loop, whether it is async or plain."""
    result = _plainly(step_fn, context)
    if not inspect.isawaitable(result):
        return result

    async def awaited() -> Any:
        return await result

    return asyncio.run(awaited())


def _plainly(step_fn: StepFn, context: StepContext) -> Any:
    """Call a step. No future can carry StopIteration: what waits for it would wait for ever."""
    try:
        return step_fn(context)
    except StopIteration as error:
        raise RuntimeError("the step raised StopIteration") from error

"""Steps on a Dask cluster; the run itself stays here. Needs the extra `dask`.

    with distributed.Client("tcp://scheduler:8786") as client:
        runner = PGDAGRunner(executor=DaskExecutor(client), max_concurrency=64)

Step functions travel by name where they can be imported, so workers need the same code. What a step sees, returns and
raises is the same as here, and so are its proofs. If a worker dies, Dask runs its steps again on another one, under
the same `context.idempotency_key`; a step that takes down as many workers as Dask allows fails.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

from .executors import invoke
from .runner import StepContext, StepFn
from .values import added, isolated

__all__ = ["DaskExecutor"]

_POLL_SECONDS = 0.05

Outcome = tuple[Any, dict[str, Any]]
"""What a step returned, and what it changed in its inputs."""


class DaskFuture(Protocol):
    """What is used of a `distributed.Future`."""

    key: Any
    status: Any

    def done(self) -> Any: ...
    def cancel(self) -> Any: ...
    def exception(self) -> Any: ...
    def add_done_callback(self, function: Callable[[Any], Any], /) -> Any: ...


class DaskClient(Protocol):
    """What is used of a `distributed.Client`."""

    @property
    def asynchronous(self) -> bool: ...
    def map(self, function: Callable[..., Any], /, *columns: Any, **options: Any) -> Any: ...
    def gather(self, futures: Any, /) -> Any: ...


class DaskExecutor:
    """Runs steps through a `distributed.Client`, which stays the caller's to close.

    Args:
        client: a connected client of the ordinary (not asynchronous) kind.
        submit_options: more for `Client.map`, such as `resources={"GPU": 1}`, `workers=` or `priority=`.
    """

    def __init__(self, client: DaskClient, **submit_options: Any) -> None:
        if client.asynchronous:
            raise ValueError("DaskExecutor takes a distributed.Client without asynchronous=True")
        self._client = client
        self._options = submit_options
        self._lines: dict[asyncio.AbstractEventLoop, _Line] = {}

    async def run(self, step_fn: StepFn, context: StepContext) -> tuple[Any, dict[str, Any]]:
        """Run one step on a worker; what it raised is raised here.

        Raises:
            distributed.KilledWorker: the workers that tried to run it died.
        """
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = _Line(self._client, self._options, loop)
            self._lines = {loop: line} | {other: kept for other, kept in self._lines.items() if not other.is_closed()}
        outputs, changes = await line.run(step_fn, context)
        return outputs, {**context.inputs, **changes}


class _Line:
    """One event loop's line to the cluster: steps that start together go together, and so do their results."""

    def __init__(self, client: DaskClient, options: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._options = options
        self._loop = loop
        self._leaving: list[tuple[str, StepFn, StepContext]] = []
        self._futures: dict[str, DaskFuture] = {}
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._ended: list[str] = []
        self._collecting: asyncio.Task[None] | None = None

    async def run(self, step_fn: StepFn, context: StepContext) -> Outcome:
        key = f"pgdag-{context.node_id}-{uuid.uuid4().hex}"
        arrival = self._waiting[key] = self._loop.create_future()
        if not self._leaving:
            self._loop.call_soon(self._submit)
        self._leaving.append((key, step_fn, context))
        try:
            outcome: Outcome = await arrival
        finally:
            del self._waiting[key]
            self._let_go(key)
        return outcome

    def _let_go(self, key: str) -> None:
        future = self._futures.pop(key, None)
        if future is None:  # not sent yet
            self._leaving = [entry for entry in self._leaving if entry[0] != key]
        elif not future.done():
            self._loop.run_in_executor(None, future.cancel)  # it waits for the scheduler's answer

    def _submit(self) -> None:
        leaving, self._leaving = self._leaving, []
        if not leaving:
            return
        keys = [key for key, *_ in leaving]
        columns = (keys, [step for _, step, _ in leaving], [context for *_, context in leaving])
        try:
            futures = self._client.map(_on_worker, *columns, key=keys, pure=False, **self._options)
        except Exception as error:  # a step or its context that cannot be pickled, a client that is closed
            self._refuse(leaving, error)
            return
        for key, future in zip(keys, futures, strict=True):
            self._futures[key] = future
            future.add_done_callback(self._told)

    def _refuse(self, leaving: Sequence[tuple[str, StepFn, StepContext]], error: Exception) -> None:
        """One bad step must not fail its neighbours: they go alone, and it alone fails."""
        if len(leaving) == 1:
            self._settle(leaving[0][0], error)
            return
        for entry in leaving:
            self._leaving = [entry]
            self._submit()

    def _told(self, future: DaskFuture) -> None:
        """Called in a thread of Dask's, also when the run's loop is closed already."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._arrived, str(future.key))

    def _arrived(self, key: str) -> None:
        self._ended.append(key)
        if self._collecting is None:
            self._collecting = self._loop.create_task(self._collect())

    async def _collect(self) -> None:
        while self._ended:
            futures = [self._futures[key] for key in self._ended if key in self._futures]
            self._ended.clear()
            for future in futures:
                if future.status != "finished":
                    self._settle(future.key, _error_of(future))
            good = [future for future in futures if future.status == "finished"]
            for future, result in zip(good, await self._gather(good), strict=True):
                self._settle(future.key, result)
        self._collecting = None

    async def _gather(self, futures: list[DaskFuture]) -> Sequence[Outcome | Exception]:
        try:
            return cast("list[Outcome]", await asyncio.to_thread(self._client.gather, futures))
        except Exception as error:  # the scheduler is gone, or results were lost for good
            return [error] * len(futures)

    def _settle(self, key: str, result: Outcome | Exception) -> None:
        arrival = self._waiting.get(key)
        if arrival is None or arrival.done():  # the run has left meanwhile
            return
        if isinstance(result, Exception):
            arrival.set_exception(result)
        else:
            arrival.set_result(result)


def _error_of(future: DaskFuture) -> Exception:
    if future.status == "error":
        error = future.exception()
        return error if isinstance(error, Exception) else RuntimeError(f"the step ended with {error!r}")
    return RuntimeError(f"Dask gave the step up: its task is {future.status}")


class _Cancelled(threading.Event):
    """Set once Dask has cancelled the task, as its worker knows."""

    def __init__(self, key: str) -> None:
        from distributed import get_worker

        super().__init__()
        self._key = key
        self._tasks = get_worker().state.tasks

    def is_set(self) -> bool:
        task = self._tasks.get(self._key)
        return super().is_set() or task is None or task.state == "cancelled"

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _POLL_SECONDS if end is None else min(_POLL_SECONDS, end - time.monotonic())
            if left <= 0:
                return False
            time.sleep(left)
        return True


def _on_worker(key: str, step_fn: StepFn, context: StepContext) -> Outcome:
    """Run a step in a worker's thread."""
    before = isolated(context.inputs)
    context.cancelled = _Cancelled(key)
    outputs = invoke(step_fn, context)
    return outputs, added(before, context.inputs)

"""`Runtime`: claims states from a state manager, executes their nodes, reports what came of it.

What it promises: every claimed state is reported on, given back, or counted as lost; a node that raises, a report that
fails and a state manager that is away end neither worker nor runtime; no secret is logged or reported.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from asyncio import Queue, sleep
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from wirewright.request import Request

from exospherehost import _nodes
from exospherehost._backoff import Backoff
from exospherehost._calls import Address, json_of
from exospherehost._delivery import FIRST_WAIT_SECONDS, Delivery, patiently
from exospherehost._health import Counters, Health, RuntimeStatus
from exospherehost._redact import redact, text_of, traceback_without
from exospherehost._session import ClientSession, Connections
from exospherehost._talk import Talk
from exospherehost._tasks import cancelled, forget
from exospherehost.node.BaseNode import BaseNode, run_node
from exospherehost.signals import PruneSignal, ReQueueAfterSignal

__all__ = ["Counters", "Health", "Runtime", "RuntimeStatus", "logger"]

logger = logging.getLogger(__name__)

State = dict[str, Any]

STOP_SECONDS = 5.0
"""How long last reports and handing back may take."""
GATHER_SECONDS = 0.01
"""One report after the other may make new states; they are asked for together."""


def _setup_default_logging() -> None:
    """Log to the console, unless the program has set up logging or does not want this."""
    if logging.getLogger().handlers or os.environ.get("EXOSPHERE_DISABLE_DEFAULT_LOGGING"):
        return
    level = getattr(logging, os.environ.get("EXOSPHERE_LOG_LEVEL", "INFO").upper(), None)
    logging.basicConfig(
        level=level if isinstance(level, int) else logging.INFO,
        format="%(asctime)s | %(levelname)s | %(name)s | %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )


class Runtime(Talk):
    """Executes the states of some nodes of one namespace.

    `state_manager_uri` and `key` default to `EXOSPHERE_STATE_MANAGER_URI` and `EXOSPHERE_API_KEY`. At most `workers`
    states are executed at once; up to `2 * batch_size` wait in a queue. Work is asked for every `poll_interval`
    seconds, and at once while there is plenty or when a report of this runtime may have made some. Raises
    `ValueError` for settings or nodes that cannot work.

    `start()` runs until `stop()`, cancellation, or (where it blocks) SIGTERM. Run as many runtimes on as many machines
    as you like: the state manager hands each state to one of them.
    """

    def __init__(  # noqa: PLR0917 - the public signature
        self,
        namespace: str,
        name: str,
        nodes: list[type[BaseNode]],
        state_manager_uri: str | None = None,
        key: str | None = None,
        batch_size: int = 16,
        workers: int = 4,
        state_manage_version: str = "v0",
        poll_interval: int = 1,
        *,
        drain_seconds: float = 30.0,
    ) -> None:
        _setup_default_logging()
        self._name = name
        self._namespace = namespace
        self._key = key
        self._batch_size = batch_size
        self._state_queue: Queue[State] = Queue(maxsize=2 * batch_size)
        self._workers = workers
        self._nodes = nodes
        self._node_names = [node.__name__ for node in nodes]
        self._state_manager_uri = state_manager_uri
        self._state_manager_version = state_manage_version
        self._poll_interval = poll_interval
        self._node_mapping: dict[str, type[BaseNode]] = {node.__name__: node for node in nodes}
        self._drain_seconds = drain_seconds
        self._set_config_from_env()
        self._validate_runtime()
        self._validate_nodes()
        self._address = Address(self._state_manager_uri, self._state_manager_version)
        self._connections = Connections()
        self._counters = Counters()
        self._delivery = Delivery(self._counters)
        self._status = RuntimeStatus.NEW
        self._running: set[str] = set()
        self._to_give_back: list[str] = []
        self._poll_soon = asyncio.Event()
        self._stopping = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    def _set_config_from_env(self) -> None:
        if self._state_manager_uri is None:
            self._state_manager_uri = os.environ.get("EXOSPHERE_STATE_MANAGER_URI")
        if self._key is None:
            self._key = os.environ.get("EXOSPHERE_API_KEY")

    def _validate_runtime(self) -> None:
        if self._batch_size < 1:
            raise ValueError("Batch size should be at least 1")
        if self._workers < 1:
            raise ValueError("Workers should be at least 1")
        if not self._state_manager_uri:
            raise ValueError("State manager URI is not set")
        if not self._key:
            raise ValueError("API key is not set")

    def _validate_nodes(self) -> None:
        _nodes.check(self._nodes)

    @property
    def health(self) -> Health:
        """Status, figures and counters at this moment. May be read from any thread."""
        return Health(self._status, self._state_queue.qsize(), len(self._running), self._workers, self._counters)

    # Life ----------------------------------------------------------------------------------------------------------

    def start(self) -> asyncio.Task[None] | None:
        """Run until stopped. In a running event loop: at once, a task that does so; else blocks, and answers None.

        Where it blocks in the main thread, SIGTERM stops it as `stop()` does; a second one interrupts what is running.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._start_until_signalled())
            return None
        return loop.create_task(self._start())

    async def stop(self) -> None:
        """Ask the runtime to end; the task of `start()` ends when it has.

        Nothing more is claimed, states that wait are given back, running ones may end within `drain_seconds`; after
        that they are interrupted and given back too. Calling it again does no harm.
        """
        self._stopping.set()

    async def _start_until_signalled(self) -> None:
        main = asyncio.current_task()

        def terminate() -> None:
            if self._stopping.is_set() and main is not None:
                main.cancel()
            self._stopping.set()

        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on this platform or in this thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        await self._start()

    async def _start(self) -> None:
        self._status = RuntimeStatus.STARTING
        tasks: list[asyncio.Task[None]] = []
        try:
            if not await self._until_stopped([asyncio.ensure_future(patiently(self._register, "registering"))]):
                return
            self._status = RuntimeStatus.RUNNING
            poller = asyncio.create_task(self._enqueue())
            tasks = [poller, *(asyncio.create_task(self._worker(idx)) for idx in range(self._workers))]
            if not await self._until_stopped(tasks, cancel=False):
                self._status = RuntimeStatus.STOPPING
                await self._drain(poller)
        finally:
            self._status = RuntimeStatus.STOPPING
            await self._end(tasks)
            self._status = RuntimeStatus.STOPPED

    async def _until_stopped(self, tasks: Sequence[asyncio.Task[Any]], *, cancel: bool = True) -> bool:
        """Whether all tasks ended before this runtime was asked to; raises the exception of the first that failed."""
        together: asyncio.Future[Any] = asyncio.gather(*tasks)
        stopping: asyncio.Future[Any] = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({together, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if together.done():
                together.result()
                return True
            return False
        finally:
            stopping.cancel()
            together.add_done_callback(forget)
            if cancel:
                await cancelled(tasks)

    async def _drain(self, poller: asyncio.Task[None]) -> None:
        await cancelled([poller])
        self._take_back_queue()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), self._drain_seconds)

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Interrupt what is left, let reports arrive, give back the rest; all within a few seconds."""
        await cancelled(tasks)
        self._take_back_queue()
        last = asyncio.ensure_future(self._last_words())
        await asyncio.wait({last}, timeout=STOP_SECONDS)
        await cancelled([last])
        await self._delivery.abandon()
        self._counters.lost += len(self._to_give_back)
        await self._connections.aclose()

    async def _last_words(self) -> None:
        await self._delivery.settle()
        while self._to_give_back:
            state_id = self._to_give_back[-1]
            self._counters.given_back += await self._delivery.deliver(state_id, partial(self._give_back, state_id))
            self._to_give_back.pop()

    def _take_back_queue(self) -> None:
        while not self._state_queue.empty():
            self._set_aside([self._state_queue.get_nowait()])
            self._state_queue.task_done()

    def _set_aside(self, states: Sequence[State]) -> None:
        self._to_give_back += [state["state_id"] for state in states if "state_id" in state]

    # Claiming ------------------------------------------------------------------------------------------------------

    async def _enqueue(self) -> None:
        """Keep the queue filled, for ever."""
        backoff = Backoff(2 * self._poll_interval or FIRST_WAIT_SECONDS)
        while True:
            self._poll_soon.clear()  # before asking: what a report makes while the answer is on its way counts
            try:
                if backoff.failures:
                    await self._register()  # the state manager may have lost its memory
                if self._state_queue.qsize() < self._batch_size:
                    claimed = await self._claim()
                    backoff.reset()
                    self._status = RuntimeStatus.RUNNING
                    if claimed >= self._batch_size:
                        continue
                await self._pause()
            except Exception as error:
                self._counters.failed_polls += 1
                self._status = RuntimeStatus.AWAY
                seconds = backoff.next()
                logger.error(f"Error enqueuing states: {self._without_key(str(error))}; again in {seconds:.1f} s")
                await sleep(seconds)

    async def _claim(self) -> int:
        """Ask once and queue what comes; how much that was. Answers are not lost when this is cancelled."""
        found: list[State] = []
        is_orphaned = False

        async def ask() -> None:
            answer = await self._enqueue_call()
            found.extend(answer.get("states", []))
            if is_orphaned:
                self._set_aside(found)

        try:
            await self._delivery.finish(ask())
        except asyncio.CancelledError:
            is_orphaned = True
            self._set_aside(found)
            raise
        self._counters.claimed += len(found)
        queued = 0
        try:
            for state in found:
                await self._state_queue.put(state)
                queued += 1
        except asyncio.CancelledError:
            self._set_aside(found[queued:])
            raise
        return queued

    async def _pause(self) -> None:
        """Sleep for the poll interval, or until the workers are about to run out of work that may exist."""
        sleeping = asyncio.ensure_future(sleep(self._poll_interval))
        waking = asyncio.ensure_future(self._poll_soon.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()
            else:
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            await cancelled([sleeping, waking])

    def _look_for_work(self) -> None:
        if self._state_queue.qsize() < self._workers:
            self._poll_soon.set()

    # Working -------------------------------------------------------------------------------------------------------

    async def _worker(self, idx: int) -> None:
        """Execute one state after the other, for ever."""
        while True:
            state = await self._state_queue.get()
            state_id = state.get("state_id")
            try:
                if state_id is None:
                    logger.error("A state without an id was claimed; nothing can be reported on it")
                    continue
                self._running.add(state_id)
                self._at_rest.clear()
                self._look_for_work()
                await self._process(state_id, state)
            except Exception as error:  # whatever it is, the next state deserves a worker
                logger.error(f"Worker {idx} could not report on state {state_id}: {self._without_key(str(error))}")
                self._counters.lost += 1
            finally:
                self._running.discard(str(state_id))
                if not self._running:
                    self._at_rest.set()
                self._state_queue.task_done()

    async def _process(self, state_id: str, state: State) -> None:
        secrets: dict[str, str] = {}
        try:
            outputs = await self._execute(state_id, state, secrets)
        except (PruneSignal, ReQueueAfterSignal) as raised:
            await self._delivery.finish(self._report_signal(state_id, raised))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._set_aside([state])
                raise
            await self._delivery.finish(self._report_error(state_id, error, secrets))
        except (Exception, SystemExit) as error:
            await self._delivery.finish(self._report_error(state_id, error, secrets))
        else:
            await self._delivery.finish(self._report_outputs(state_id, outputs, secrets))

    async def _execute(self, state_id: str, state: State, secrets: dict[str, str]) -> list[Any]:
        """The outputs. `secrets` is filled as soon as they are known, so that errors can be cleaned of them."""
        node = self._node_mapping[state["node_name"]]
        if self._need_secrets(node):
            secrets.update(await patiently(lambda: self._get_secrets(state_id), f"asking for secrets of {state_id}"))
        return await run_node(node, state["inputs"], secrets)

    def _need_secrets(self, node: type[BaseNode]) -> bool:
        return _nodes.needs_secrets(node)

    # Reporting -----------------------------------------------------------------------------------------------------

    async def _report_outputs(self, state_id: str, outputs: list[Any], secrets: dict[str, str]) -> None:
        try:
            is_taken = await self._delivery.deliver(state_id, lambda: self._notify_executed(state_id, outputs))
        except Exception as error:  # the outputs cannot be sent at all
            await self._report_error(state_id, error, secrets)
            return
        self._counters.executed += is_taken
        self._look_for_work()

    async def _report_error(self, state_id: str, error: BaseException, secrets: dict[str, str]) -> None:
        hidden = [*secrets.values(), self._key or ""]
        logger.error(f"Error executing state {state_id}:\n{traceback_without(error, hidden)}")
        text = redact(text_of(error), hidden)
        self._counters.errored += await self._delivery.deliver(state_id, lambda: self._notify_errored(state_id, text))

    async def _report_signal(self, state_id: str, raised: PruneSignal | ReQueueAfterSignal) -> None:
        is_prune = isinstance(raised, PruneSignal)
        endpoint = self._get_prune_endpoint(state_id) if is_prune else self._get_requeue_after_endpoint(state_id)
        is_taken = await self._delivery.deliver(state_id, lambda: raised.send(endpoint, self._key or ""))
        if is_prune:
            self._counters.pruned += is_taken
        else:
            self._counters.requeued += is_taken

    async def _send(self, verb: str, request: Request[Any]) -> tuple[int, Any]:
        """One attempt: the answer's status, and its JSON, or its text when it is none."""
        url, headers = self._address.url(request), {"x-api-key": self._key or ""}
        async with ClientSession(self._connections) as session:
            send = getattr(session, verb)
            sent = send(url, headers=headers) if verb == "get" else send(url, json=json_of(request), headers=headers)
            async with sent as response:
                try:
                    answer = await response.json()
                except ValueError:
                    answer = await response.text()
                return response.status, answer

    def _complain(self, text: str) -> None:
        logger.error(self._without_key(text))

    def _without_key(self, text: str) -> str:
        return redact(text, [self._key or ""])

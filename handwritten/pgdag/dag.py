"""The runner: step functions, templates and where they run (sheet §7)."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TypedDict

from .artifact import utc_now
from .calls import call
from .children import Children
from .edges import EdgeEmitter
from .envelope import StepEnvelopeBuilder
from .events import StepEvent
from .executors import LocalExecutor, StepExecutor
from .gate import IdempotencyGate
from .interrupt import InterruptionHandler
from .journal import Journal, JournalError
from .reducer import ReducerStatus
from .results import DAGResult, NodeResult, RunResult, WaitForEvent
from .resume import RESUME_KEYS, ResumePoint
from .run import Run
from .runner import StepFn
from .seal import LocalSealBackend, ProofWriter, SbnSealBackend, SealBackend
from .subworkflow import COMPLETED_EVENT
from .template import DAGEdge, DAGNode, DAGTemplate, TemplateError
from .values import isolated

__all__ = [
    "DAGEdge",
    "DAGNode",
    "DAGResult",
    "DAGTemplate",
    "NodeResult",
    "PGDAGRunner",
    "RunResult",
    "TemplateError",
    "WaitForEvent",
]

logger = logging.getLogger(__name__)


class RunnerOptions(TypedDict, total=False):
    """What `PGDAGRunner` takes besides clients and names."""

    max_concurrency: int | None
    journal: str | Path | Journal | None
    executor: StepExecutor | None
    shared_blackboard: bool
    on_event: Callable[[StepEvent], None] | None
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]


class _Resumption(TypedDict):
    payload: dict[str, Any]
    actor: str
    config: dict[str, Any] | None
    retry_failed: bool


class PGDAGRunner:
    """Executes templates; many runs at once on one runner are fine.

    Args:
        snapchore, gateway, bitblocks, blocks: sub-clients of an SBN client, or anything with the same methods, sync
            or async.
        max_concurrency: steps of one run at the same time; the machine's cores by default, 1 gives the order of the
            list.
        journal: a path (or `Journal`) to keep sealed steps in, so that `resume(run_id)` goes on after a crash.
        executor: where step functions run; this process by default.
        shared_blackboard: every step sees all that ran before it, as with the original; only with `max_concurrency=1`.
        on_event: called with each `StepEvent`; what it raises is logged, and the run goes on.
        clock, sleep: for tests.
    """

    def __init__(
        self,
        snapchore: Any = None,
        gateway: Any = None,
        bitblocks: Any = None,
        blocks: Any = None,
        *,
        domain: str = "general",
        spec_version: str = "1.0",
        max_concurrency: int | None = None,
        journal: str | Path | Journal | None = None,
        executor: StepExecutor | None = None,
        remote_idempotency: bool = False,
        shared_blackboard: bool = False,
        on_event: Callable[[StepEvent], None] | None = None,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.max_concurrency = (os.cpu_count() or 1) if max_concurrency is None else max_concurrency
        if self.max_concurrency < 1:
            raise ValueError(f"max_concurrency must be at least 1, not {max_concurrency}")
        if shared_blackboard and self.max_concurrency != 1:
            raise ValueError("shared_blackboard needs max_concurrency=1: what a step sees would depend on timing")
        self._clients = SimpleNamespace(snapchore=snapchore, gateway=gateway, bitblocks=bitblocks, blocks=blocks)
        self.gateway = gateway
        self.domain = domain
        self.spec_version = spec_version
        self.shared_blackboard = shared_blackboard
        self.on_event = on_event
        self.clock = clock
        self.sleep = sleep
        self._own_journal = Journal(journal) if isinstance(journal, str | Path) else None
        self.journal: Journal | None = self._own_journal or (journal if isinstance(journal, Journal) else None)
        self.executor: StepExecutor = executor or LocalExecutor(max(32, self.max_concurrency))
        self._steps: dict[str, StepFn] = {}
        self._templates: dict[str, DAGTemplate] = {}
        self._gate = IdempotencyGate(snapchore if remote_idempotency else None)
        self._interruption = InterruptionHandler()
        self._envelope_builder = StepEnvelopeBuilder(snapchore, clock=clock)
        self._writer = ProofWriter(self._backend(), clock=clock)
        self._lattice_client: Any = None
        self._edge_emitter: EdgeEmitter | None = None
        self._background_subworkflow_tasks: set[asyncio.Task[RunResult]] = set()
        self.children = Children(self)
        self._active: set[Run] = set()

    def _backend(self) -> SealBackend:
        clients = self._clients
        if clients.snapchore is None and clients.bitblocks is None and clients.blocks is None:
            return LocalSealBackend()
        return SbnSealBackend(clients)

    @property
    def interruption_handler(self) -> InterruptionHandler:
        return self._interruption

    @property
    def idempotency_gate(self) -> IdempotencyGate:
        return self._gate

    @property
    def envelope_builder(self) -> StepEnvelopeBuilder:
        return self._envelope_builder

    @property
    def writer(self) -> ProofWriter:
        return self._writer

    @property
    def lattice_client(self) -> Any:
        return self._lattice_client

    @property
    def edge_emitter(self) -> EdgeEmitter | None:
        return self._edge_emitter

    @property
    def templates(self) -> Mapping[str, DAGTemplate]:
        return self._templates

    @property
    def background_tasks(self) -> set[asyncio.Task[RunResult]]:
        """The children that run in the background here."""
        return self._background_subworkflow_tasks

    @property
    def steps(self) -> Mapping[str, StepFn]:
        return self._steps

    def connect_lattice(self, client: Any, edges: EdgeEmitter | None = None) -> None:
        """Tell this client of every outcome, and draw edges where there is an emitter."""
        self._lattice_client = client
        self._edge_emitter = edges

    def close(self) -> None:
        """Let go of threads and of the journal that was opened here. The runner cannot be used after that."""
        if isinstance(self.executor, LocalExecutor):
            self.executor.close()
        if self._own_journal is not None:
            self._own_journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def register_step(self, step_id: str, step_fn: StepFn) -> None:
        self._steps[step_id] = step_fn

    def register_steps(self, steps: Mapping[str, StepFn]) -> None:
        self._steps.update(steps)

    def register_template(self, template: DAGTemplate) -> None:
        """Make a template known to sub-workflow steps, by its name in any case."""
        self._templates[template.name] = template
        self._templates[template.name.lower()] = template

    def register_templates(self, templates: Mapping[str, DAGTemplate] | Sequence[DAGTemplate]) -> None:
        """The same for many; a mapping's keys are names too."""
        if isinstance(templates, Mapping):
            self._templates.update(templates)
            templates = list(templates.values())
        for template in templates:
            self.register_template(template)

    async def execute(
        self,
        template: DAGTemplate,
        inputs: Mapping[str, Any],
        *,
        actor: str = "",
        config: dict[str, Any] | None = None,
        run_id: str | None = None,
    ) -> RunResult:
        """Run a template to its end, to a wait or to an interruption.

        Failing steps do not raise: the result's status and proofs tell.

        Raises:
            TemplateError: the template has cycles, unknown or repeated steps, or conditions that are none.
            TypeError: inputs are missing, or their keys cannot be sorted.
            KeyError: a sub-workflow step names a template that is not registered.
        """
        config = {} if config is None else config
        state = config.get("_resume_state") or config.get("resume_state")
        if state:
            payload = config.get("_resume_event_payload") or config.get("resume_event_payload")
            config = {key: value for key, value in config.items() if key not in RESUME_KEYS}
            return await self.resume(
                template, resume_state=state, resume_event_payload=payload, actor=actor, config=config
            )
        return await self._perform(
            Run(self, template, isolated(inputs), actor=actor, config=config, run_id=run_id or _new_run_id())
        )

    async def resume(
        self,
        template: DAGTemplate | str,
        *,
        resume_state: Mapping[str, Any] | None = None,
        resume_event_payload: Mapping[str, Any] | None = None,
        actor: str = "",
        config: dict[str, Any] | None = None,
        retry_failed: bool = False,
    ) -> RunResult:
        """Go on with a waiting run from its resume document, or by run id with one that the journal knows.

        A run that waits for an event needs a payload that is not empty, else it goes on waiting. Steps that are
        sealed do not run again. A run of the journal that has ended answers its result again; with `retry_failed` the
        steps that failed are tried once more.

        Raises:
            ValueError: neither a resume document nor a journal is there.
            KeyError: the journal does not know the run.
            JournalError: this runner is running the run right now.
            RunTakenOverError: somebody else has resumed the run while it ran here.
        """
        payload = dict(resume_event_payload or {})
        told: _Resumption = {"payload": payload, "actor": actor, "config": config, "retry_failed": retry_failed}
        if isinstance(template, str):
            if self.journal is None:
                raise ValueError("resume(run_id) needs a runner with a journal")
            return await self._resume_journaled(template, None, **told)
        if resume_state is None:
            raise ValueError("resume(template) needs resume_state")
        point = ResumePoint.from_dict(resume_state)
        if self.journal is not None and await call(self.journal.knows, point.run_id):
            return await self._resume_journaled(point.run_id, template, **told)
        return await self._perform(self._resumed(template, point, payload, actor, config or {}))

    async def _resume_journaled(
        self,
        run_id: str,
        template: DAGTemplate | None,
        *,
        payload: dict[str, Any],
        actor: str,
        config: dict[str, Any] | None,
        retry_failed: bool,
    ) -> RunResult:
        """The journal knows better than any document what is sealed."""
        assert self.journal is not None
        if any(run.run_id == run_id for run in self._active):
            raise JournalError(f"run {run_id!r} is running here already")
        ended: RunResult | None = await call(self.journal.result, run_id)
        if ended is not None and not (retry_failed and ended.status is ReducerStatus.FAILED):
            return ended
        kept_template, point, kept_config = await call(self.journal.load, run_id)
        if retry_failed:
            point.forget_failures()
        payload = payload or point.payload or await self._result_of_child(point)
        return await self._perform(
            self._resumed(template or kept_template, point, payload, actor, kept_config | (config or {}))
        )

    async def _result_of_child(self, point: ResumePoint) -> dict[str, Any]:
        """The result of the async child that the run waits for, if the child has ended in this journal."""
        wait = point.wait_event
        if self.journal is None or wait is None or wait.event_type != COMPLETED_EVENT:
            return {}
        ended = await call(self.journal.result, wait.event_key)
        return ended.to_dict() if ended is not None else {}

    def _resumed(
        self, template: DAGTemplate, point: ResumePoint, payload: dict[str, Any], actor: str, config: dict[str, Any]
    ) -> Run:
        return Run(
            self,
            template,
            point.initial_inputs,
            actor=actor or point.actor,
            config=config,
            run_id=point.run_id,
            resumed=point,
            payload=payload,
            retry_failed=point.retry_failed,
        )

    async def _perform(self, run: Run) -> RunResult:
        if not self._active:
            self._interruption.reset()
        self._active.add(run)
        try:
            return await run.execute()
        finally:
            self._active.discard(run)

    def spawn(self, domain: str) -> PGDAGRunner:
        """A runner for a child: the same steps, templates, clients and switch; its own gate and seals."""
        clients = self._clients
        runner = PGDAGRunner(
            clients.snapchore,
            clients.gateway,
            clients.bitblocks,
            domain=domain,
            spec_version=self.spec_version,
            max_concurrency=self.max_concurrency,
            journal=self.journal,
            executor=self.executor,
            shared_blackboard=self.shared_blackboard,
            on_event=self.on_event,
            clock=self.clock,
            sleep=self.sleep,
        )
        runner._steps, runner._templates = self._steps, self._templates
        runner._interruption, runner._active = self._interruption, self._active
        runner._background_subworkflow_tasks = self._background_subworkflow_tasks
        runner.connect_lattice(self._lattice_client, self._edge_emitter)
        return runner

    # -- what a run asks of its runner -----------------------------------------------------------------------------

    def knows(self, node: DAGNode) -> bool:
        return node.is_subworkflow or node.id in self._steps

    def tell(self, event: StepEvent) -> None:
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception:
            logger.warning("on_event raised at %s of step %s", event.kind, event.step_id, exc_info=True)


def _new_run_id() -> str:
    return f"run-{uuid.uuid4().hex[:12]}"

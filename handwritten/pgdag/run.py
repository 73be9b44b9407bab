"""One run of a template, from its slot to its result (sheet §7.2-§7.6).

A failure or a wait lets the steps that run end, and starts no more; an interruption lets the level that has begun
finish.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .artifact import ProofArtifact, ProofStatus
from .blackboard import Blackboard
from .calls import call
from .conditions import holds
from .events import StepEvent
from .interrupt import INTERRUPTED
from .journal import RunTakenOverError
from .plain import plain
from .policy import StepPolicy
from .reducer import Reducer, ReducerStatus
from .reporting import LatticeReporter, resolve_workflow_id
from .results import RunResult, WaitForEvent
from .resume import ResumePoint
from .runner import StepRunner
from .schedule import Schedule
from .slots import RunSlot, SlotTotals
from .step import Ended, run_step
from .template import DAGTemplate, Plan
from .upstream import Upstream

if TYPE_CHECKING:
    from .dag import PGDAGRunner

__all__ = ["Run"]

_SLOT_FACTS = ("parent_run_id", "parent_step_id", "parent_slot_id", "shared_slot_mode")


class Run:
    """The values of one run, and its way from `execute` to a `RunResult`."""

    def __init__(
        self,
        runner: PGDAGRunner,
        template: DAGTemplate,
        inputs: dict[str, Any],
        *,
        actor: str,
        config: dict[str, Any],
        run_id: str,
        resumed: ResumePoint | None = None,
        payload: dict[str, Any] | None = None,
        retry_failed: bool = False,
    ) -> None:
        self.runner = runner
        self.template = template
        self.inputs = inputs
        self.actor = actor
        self.config = config
        self.run_id = run_id
        self.resumed = resumed
        self.payload = payload or {}
        self.retry_failed = retry_failed
        self.plan = Plan(template)
        self.policies = {node.id: StepPolicy.of(node, runner.sleep) for node in template.nodes}
        self.children = {n.id: runner.children.template(n, config) for n in template.nodes if n.is_subworkflow}
        self.board = Blackboard(self.plan, inputs, shared=runner.shared_blackboard)
        self.proofs: dict[str, ProofArtifact] = {}
        self.skipped: list[str] = []
        self.durations: dict[str, float] = {}
        self.waiting: WaitForEvent | None = None
        self.slot = RunSlot(None, None, owned=False)
        self.workflow_id = resolve_workflow_id(config, template, resumed.workflow_id if resumed else None)
        self.owner = resumed.owner if resumed else 0
        self.started_at = resumed.started_at if resumed else runner.clock()
        self._started = time.perf_counter()
        self._old_signal = runner.interruption_handler.signal
        self._schedule = Schedule(self.plan)
        self._in_journal = False
        self.upstream = Upstream(self.plan, self.proofs)
        self.documents = dict(resumed.seal_documents) if resumed else {}
        self.returned = dict(resumed.returned) if resumed else {}
        self.granted = (None if resumed.granted is None else dict(resumed.granted)) if resumed else {}

    # -- from the start to the end ---------------------------------------------------------------------------------

    async def execute(self) -> RunResult:
        unknown = [node.id for node in self.template.nodes if not self.runner.knows(node)]
        if unknown:
            return await self._refuse(unknown)
        if self.resumed is not None and self.resumed.wait_event is not None and not self.payload:
            self.slot = RunSlot(self.runner.gateway, self.resumed.slot_id, self.resumed.owns_slot)
            self._restore(self.resumed)
            return self._wait_result(self.resumed.wait_event)
        await self._open()
        keep_open = False
        try:
            await self._begin()
            await self._run_steps()
            keep_open = self.waiting is not None
            return await self._wait(self.waiting) if self.waiting else await self._finish()
        except RunTakenOverError:
            keep_open = True  # the slot is the new owner's
            raise
        finally:
            if not keep_open:
                await asyncio.shield(asyncio.ensure_future(self._close_slot()))

    async def _refuse(self, unknown: list[str]) -> RunResult:
        """Nothing runs when a step has no function; the result says which (sheet §7.2)."""
        self.reporter = self._reporter()
        for step in unknown:
            error = {"error": f"Step function not registered: {step}"}
            proof = ProofArtifact(step, self.runner.spec_version, "", "", "", "", ProofStatus.FAILED, metrics=error)
            self.proofs[step] = proof
            await self.reporter.step(proof)
        return await self._result({})

    async def _open(self) -> None:
        resumed, shared = self.resumed, self.config.get("shared_slot_id")
        if resumed is not None and resumed.slot_id:
            self.slot = RunSlot(self.runner.gateway, resumed.slot_id, resumed.owns_slot)
        elif shared:
            self.slot = RunSlot(self.runner.gateway, str(shared), owned=False)
        else:
            task = self.template.name or "workflow"
            self.slot = await RunSlot.open(
                self.runner.gateway, worker_id=self.actor, task_type=task, metadata=self._slot_metadata()
            )
        loop = asyncio.get_running_loop()
        self.writer = self.runner.writer.for_slot(self.slot.id, loop)
        self.reporter = self._reporter()
        self.steps = StepRunner(
            self.runner.envelope_builder.for_loop(loop),
            self.writer,
            self.runner.idempotency_gate,
            domain=self.template.domain or self.runner.domain,
            executor=self.runner.executor,
            keep=plain if self.runner.journal is not None else None,
        )

    def _slot_metadata(self) -> dict[str, Any]:
        return {
            "source": "pgdag_runtime",
            "slot_type": "execution",
            "orphan_strategy": "reap_if_idle",
            "run_id": self.run_id,
            "template": self.template.name,
            "actor": self.actor,
            **({"workflow_id": self.workflow_id} if self.workflow_id else {}),
            **{name: self.config[name] for name in _SLOT_FACTS if self.config.get(name)},
        }

    def _reporter(self) -> LatticeReporter:
        return LatticeReporter(
            lattice=self.runner.lattice_client,
            edges=self.runner.edge_emitter,
            workflow_id=self.workflow_id,
            run_id=self.run_id,
            template=self.template,
            actor=self.actor,
            sleep=self.runner.sleep,
            slot_id=self.slot.id,
        )

    async def _begin(self) -> None:
        if self.runner.journal is not None:
            self.owner = await call(self.runner.journal.begin, self)
            self._in_journal = True
        if self.resumed is not None:
            self._restore(self.resumed)
        self._schedule.begin({*self.proofs, *self.skipped})

    def _restore(self, resumed: ResumePoint) -> None:
        """Take over what was sealed before; a failure among it ends the run here too."""
        self.skipped = list(resumed.skipped)
        self.durations = dict(resumed.durations_ms)
        for step, proof in resumed.proofs.items():
            if step == INTERRUPTED:
                continue
            self._keep(step, proof)
            if step in self.plan.rank:
                self.board.restore(step, resumed.step_outputs.get(step, {}))

    async def _run_steps(self) -> None:
        """Start steps while there is room; take each result as it comes."""
        ended: asyncio.Queue[asyncio.Task[Ended]] = asyncio.Queue()
        running: set[asyncio.Task[Ended]] = set()
        try:
            while True:
                while len(running) < self.runner.max_concurrency:
                    step = self._schedule.next(interrupted=self._is_interrupted())
                    if step is None:
                        break
                    if not self._wanted(step):
                        await self._skip(step)
                        continue
                    self._schedule.started(step)
                    task = asyncio.create_task(run_step(self, step), name=f"pgdag:{self.run_id}:{step}")
                    task.add_done_callback(ended.put_nowait)
                    running.add(task)
                if not running:
                    return
                task = await ended.get()
                running.discard(task)
                self._take(task.result())
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _is_interrupted(self) -> bool:
        """Is there a signal, other than one that was there before the run?"""
        signal = self.runner.interruption_handler.signal
        return signal is not None and signal is not self._old_signal

    def _wanted(self, step: str) -> bool:
        """Do the edges lead here? Every condition holds, and some source has run (or there is none)."""
        edges = self.plan.edges_into[step]
        alive = [edge for edge in edges if edge.source not in self.skipped]
        if edges and not alive:
            return False
        return all(holds(edge.condition, self.board.known(edge.source)) for edge in alive if edge.condition)

    async def _skip(self, step: str) -> None:
        self.skipped.append(step)
        self.runner.tell(StepEvent("skipped", self.run_id, step))
        await self.journal("skip", step)
        await self.reporter.skipped(step)
        self._schedule.ended(step)

    def _take(self, ended: Ended) -> None:
        if ended.proof is not None:
            self._keep(ended.step, ended.proof)
            if ended.proof.succeeded:
                self._schedule.ended(ended.step)
            return
        self._schedule.stop()
        rank = self.plan.rank
        if ended.wait is not None and (self.waiting is None or rank[ended.step] < rank[self.waiting.node_id]):
            self.waiting = ended.wait

    def _keep(self, step: str, proof: ProofArtifact) -> None:
        self.proofs[step] = proof
        if not proof.succeeded:
            self._schedule.stop()
        else:
            self.upstream.completed(step)

    # -- what steps ask of their run -------------------------------------------------------------------------------

    def prior_proofs(self, step: str) -> dict[str, ProofArtifact]:
        """The proofs of all that the step depends on, near or far."""
        if self.runner.shared_blackboard or self.template.is_linear:
            return dict(self.proofs)
        ancestors = list(filter(self.proofs.__contains__, self.plan.ancestors_of(step)))
        return dict(zip(ancestors, map(self.proofs.__getitem__, ancestors), strict=True))

    async def journal(self, what: str, *args: Any) -> None:
        if self._in_journal:
            await call(getattr(self.runner.journal, what), self, *args)

    def keep_record(self, step: str, returned: list[str] | None) -> None:
        """Keep what was hashed into the step's seal, if the seal was made here, and the names of what it returned."""
        document = self.writer.seal_documents.pop(step, None)
        if document is not None:
            self.documents[step] = document
        if returned is not None:
            self.returned[step] = returned

    def point(self) -> ResumePoint:
        """Where the run stands now."""
        return ResumePoint(
            run_id=self.run_id,
            template_name=self.template.name,
            workflow_id=self.workflow_id,
            actor=self.actor,
            slot_id=self.slot.id,
            owns_slot=self.slot.owned,
            started_at=self.started_at,
            initial_inputs=self.inputs,
            current_outputs=self.board.final(),
            proofs=dict(self.proofs),
            step_outputs=dict(self.board.additions),
            skipped=list(self.skipped),
            wait_event=self.waiting,
            returned=dict(self.returned),
            granted=None if self.granted is None else dict(self.granted),
        )

    # -- the end ---------------------------------------------------------------------------------------------------

    async def _finish(self) -> RunResult:
        interruption = self.runner.interruption_handler
        failed = any(proof.status is ProofStatus.FAILED for proof in self.proofs.values())
        if self._is_interrupted() and not failed:
            last = next((s for s in reversed(self.proofs) if self.proofs[s].succeeded), "")
            proof = interruption.build_interruption_proof(last, self.run_id, self.runner.spec_version)
            self.proofs[INTERRUPTED] = proof
            await self.reporter.step(proof)
        return await self._result(await self._close_slot())

    async def _close_slot(self) -> dict[str, Any]:
        if self.slot.closed or not self.slot.owned:
            return {}
        closed = await self.slot.close(self.writer.backend, self.runner.sleep)
        await self.journal("released")
        return closed

    async def _result(self, closed: dict[str, Any]) -> RunResult:
        expected = [step for step in self.template.node_ids if step not in self.skipped]
        state = Reducer(expected, self.run_id).fold_many(self.proofs.values())
        receipt = closed.get("receipt_id")
        await self.reporter.close(state.status, state.merkle_root_hash, receipt, self.proofs.get(INTERRUPTED))
        totals = SlotTotals(self.proofs.values(), closed)
        result = self._summary(state.status, state.merkle_root_hash)
        result.slot_receipt_id = receipt
        result.slot_attestation_status = totals.attestation_status
        result.blocks_composed = totals.counts["blocks_composed"]
        result.blocks_attested = totals.counts["blocks_attested"]
        result.blocks_attestation_enqueued = totals.counts["blocks_attestation_enqueued"]
        result.compose_receipts = totals.compose_receipts
        result.native_proof_chain = totals.native_proof_chain
        result.slot_close_result = closed
        result.completed_at = self.runner.clock()
        await self.journal("end", result)
        return result

    async def _wait(self, wait: WaitForEvent) -> RunResult:
        await self.journal("wait", wait)
        return self._wait_result(wait)

    def _wait_result(self, wait: WaitForEvent) -> RunResult:
        self.waiting = wait
        point = self.point()
        point.current_outputs = {**point.current_outputs, **wait.partial_outputs}
        result = self._summary(ReducerStatus.WAITING, "")
        result.final_outputs = point.current_outputs
        result.waiting, result.wait_event, result.resume_state = True, wait, point.to_dict()
        return result

    def _summary(self, status: ReducerStatus, root: str) -> RunResult:
        in_order = [step for step in self.template.node_ids if step in self.proofs]
        extra = [step for step in self.proofs if step not in self.plan.rank]
        return RunResult(
            run_id=self.run_id,
            template_name=self.template.name,
            status=status,
            proofs={step: self.proofs[step] for step in [*in_order, *extra]},
            merkle_root_hash=root,
            slot_id=self.slot.id,
            started_at=self.started_at,
            final_outputs=self.board.final(),
            duration_ms=(time.perf_counter() - self._started) * 1000,
            skipped=list(self.skipped),
            step_durations_ms=dict(self.durations),
            step_outputs=dict(self.board.additions),
            seal_documents=dict(self.documents),
            initial_inputs=self.inputs,
            shared_blackboard=self.runner.shared_blackboard,
            step_returned=dict(self.returned),
            step_granted=None if self.granted is None else dict(self.granted),
        )

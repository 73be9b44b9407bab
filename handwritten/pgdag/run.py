"""One run of a template: which step starts when, and what becomes of its result (sheet §7.2–§7.6).

A step starts as soon as all that it depends on has ended and a worker is free; ties go by the plan's order, so that one worker
runs level by level in list order. A failure or a wait lets running steps end and starts no more. An interruption lets
the level that has begun finish.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .artifact import ProofArtifact, ProofStatus
from .blackboard import Blackboard, isolated
from .calls import call
from .conditions import holds
from .events import StepEvent
from .policy import StepPolicy
from .reducer import Reducer, ReducerStatus
from .reporting import LatticeReporter, resolve_workflow_id
from .results import RunResult, WaitForEvent
from .resume import ResumePoint
from .runner import StepContext, StepRunner
from .slots import RunSlot, SlotTotals
from .subworkflow import COMPLETED_EVENT, ChildRun, ProofRequest, child_result, proof_of_child, values_of_child
from .template import DAGNode, DAGTemplate, Plan

if TYPE_CHECKING:
    from .dag import PGDAGRunner

__all__ = ["Run"]

logger = logging.getLogger(__name__)


@dataclass
class _Ended:
    """What a step's task gives back: a proof with what it added, or the event that it waits for."""

    step: str
    proof: ProofArtifact | None
    added: dict[str, Any]
    wait: WaitForEvent | None = None


class Run:
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
    ) -> None:
        self.runner = runner
        self.template = template
        self.inputs = dict(inputs)
        self.actor = actor
        self.config = config
        self.run_id = run_id
        self.plan = Plan(template)
        self.policies = {node.id: StepPolicy.of(node, runner.sleep) for node in template.nodes}
        self.children = {n.id: runner.child_template(n, config) for n in template.nodes if n.is_subworkflow}
        self.resumed = resumed
        self.payload = payload or {}
        self.domain = template.domain or runner.domain
        self.board = Blackboard(self.plan, resumed.base if resumed else self.inputs, shared=runner.shared_blackboard)
        self.proofs: dict[str, ProofArtifact] = {}
        self.skipped: list[str] = []
        self.durations: dict[str, float] = {}
        self.waiting: WaitForEvent | None = None
        self.slot = RunSlot(None, None, owned=False)
        self._completed: list[str] = []
        self._missing = {step: len(self.plan.prerequisites(step)) for step in self.plan.order}
        self._ready: list[tuple[int, str]] = []
        self._stopping = False
        self._level = -1
        self._started = time.perf_counter()
        self.started_at = resumed.started_at if resumed else runner.clock()

    # -- the whole run ---------------------------------------------------------------------------------------------

    async def execute(self) -> RunResult:
        unknown = [node.id for node in self.template.nodes if not self.runner.knows(node)]
        if unknown:
            return await self._refuse(unknown)
        if self.resumed is not None and self._still_waiting():
            self.slot = RunSlot(self.runner.gateway, self.resumed.slot_id, self.resumed.owns_slot)
            self._restore()
            return self._wait_result(self.resumed.wait_event or WaitForEvent("", ""))
        await self._open()
        kept_open = False
        try:
            await self._journal("begin", self)
            self._prepare()
            await self._schedule()
            kept_open = self.waiting is not None
            return await self._wait() if self.waiting else await self._finish()
        finally:
            if not kept_open:
                await self._close_quietly()

    async def _refuse(self, unknown: list[str]) -> RunResult:
        """Nothing runs when a step has no function; the result says which (sheet §7.2)."""
        reporter = self._reporter()
        for step in unknown:
            proof = ProofArtifact(step, self.runner.spec_version, "", "", "", "", ProofStatus.FAILED, metrics={
                "error": f"Step function not registered: {step}"
            })  # fmt: skip
            self.proofs[step] = proof
            await reporter.step(proof)
        return await self._result({}, reporter)

    async def _open(self) -> None:
        config, resumed = self.config, self.resumed
        workflow_id = resolve_workflow_id(config, self.template, resumed.to_dict() if resumed else None)
        shared = config.get("shared_slot_id")
        if resumed is not None and resumed.slot_id:
            self.slot = RunSlot(self.runner.gateway, resumed.slot_id, resumed.owns_slot)
        elif shared:
            self.slot = RunSlot(self.runner.gateway, str(shared), owned=False)
        else:
            facts = ("parent_run_id", "parent_step_id", "parent_slot_id", "shared_slot_mode")
            metadata = {
                "source": "pgdag_runtime",
                "slot_type": "execution",
                "orphan_strategy": "reap_if_idle",
                "run_id": self.run_id,
                "template": self.template.name,
                "actor": self.actor,
                **({"workflow_id": workflow_id} if workflow_id else {}),
                **{name: config[name] for name in facts if config.get(name)},
            }
            self.slot = await RunSlot.open(
                self.runner.gateway,
                worker_id=self.actor,
                task_type=self.template.name or "workflow",
                metadata=metadata,
            )
        self.writer = self.runner.writer.for_slot(self.slot.id, asyncio.get_running_loop())
        self.steps = StepRunner(
            self.runner.envelope_builder,
            self.writer,
            self.runner.idempotency_gate,
            domain=self.domain,
            executor=self.runner.executor,
        )
        self.reporter = self._reporter()

    def _reporter(self) -> LatticeReporter:
        return LatticeReporter(
            lattice=self.runner.lattice_client,
            edges=self.runner.edge_emitter,
            workflow_id=resolve_workflow_id(
                self.config, self.template, self.resumed.to_dict() if self.resumed else None
            ),
            run_id=self.run_id,
            template=self.template,
            actor=self.actor,
            sleep=self.runner.sleep,
            slot_id=self.slot.id,
        )

    async def _close_quietly(self) -> None:
        """The slot is closed on every path, also when the run was cancelled or failed by surprise."""
        if not self.slot.closed and hasattr(self, "writer"):
            await asyncio.shield(self.slot.close(self.writer.backend, self.runner.sleep))

    # -- scheduling ------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self.resumed is not None:
            self._restore()
        for step in self.plan.order:
            if step not in self.proofs and step not in self.skipped and self._missing[step] == 0:
                self._offer(step)

    def _restore(self) -> None:
        assert self.resumed is not None
        done = self.resumed.proofs
        for step in [*(s for s in self.plan.order if s in done), *(s for s in done if s not in self.plan.rank)]:
            self.proofs[step] = done[step]
        self.skipped = list(self.resumed.skipped)
        for step in self.plan.order:
            if step in self.proofs:
                self.board.restore(step, (self.resumed.step_outputs or {}).get(step, {}))
                self._completed.append(step)
            if step in self.proofs or step in self.skipped:
                for dependent in self.plan.dependents[step]:
                    self._missing[dependent] -= 1

    def _still_waiting(self) -> bool:
        return self.resumed is not None and self.resumed.wait_event is not None and not self.payload

    def _offer(self, step: str) -> None:
        heapq.heappush(self._ready, (self.plan.rank[step], step))

    async def _schedule(self) -> None:
        running: set[asyncio.Task[_Ended]] = set()
        try:
            while True:
                while self._may_start(len(running)):
                    _, step = heapq.heappop(self._ready)
                    if not self._wanted(step):
                        await self._skip(step)
                        continue
                    self._level = max(self._level, self.plan.level_of[step])
                    running.add(asyncio.create_task(self._step(step), name=f"pgdag:{self.run_id}:{step}"))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for ended in sorted((task.result() for task in done), key=lambda e: self.plan.rank[e.step]):
                    self._take(ended)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _may_start(self, running: int) -> bool:
        if not self._ready or self._stopping or running >= self.runner.max_concurrency:
            return False
        if not self.runner.interruption_handler.is_triggered:
            return True
        return self.plan.level_of[self._ready[0][1]] <= self._level

    def _wanted(self, step: str) -> bool:
        """Do the edges lead here? Every condition holds, and some source has run (or there is none)."""
        edges = self.plan.edges_into[step]
        alive = [edge for edge in edges if edge.source not in self.skipped]
        if edges and not alive:
            return False
        return all(holds(edge.condition, self._known_by(edge.source)) for edge in alive if edge.condition)

    def _known_by(self, step: str) -> dict[str, Any]:
        return {**self.inputs, **self.board.additions.get(step, {})}

    async def _skip(self, step: str) -> None:
        self.skipped.append(step)
        self.runner.tell(StepEvent("skipped", self.run_id, step))
        await self._journal("skip", self, step)
        await self.reporter.skipped(step)
        self._release(step)

    def _take(self, ended: _Ended) -> None:
        if ended.wait is not None:
            self._stopping = True
            if self.waiting is None or self.plan.rank[ended.step] < self.plan.rank[self.waiting.node_id]:
                self.waiting = ended.wait
            return
        assert ended.proof is not None
        self.proofs[ended.step] = ended.proof
        if ended.proof.succeeded:
            self._completed.append(ended.step)
            self._release(ended.step)
        else:
            self._stopping = True

    def _release(self, step: str) -> None:
        for dependent in self.plan.dependents[step]:
            self._missing[dependent] -= 1
            if self._missing[dependent] == 0 and dependent not in self.proofs:
                self._offer(dependent)

    # -- one step --------------------------------------------------------------------------------------------------

    async def _step(self, step: str) -> _Ended:
        node = self.plan.nodes[step]
        seen = self.board.view(step)
        context = StepContext(
            inputs=isolated(seen) | self._granted(step) | self._proof_keys(step),
            prior_proofs=dict(self.proofs),
            config=self.config,
            actor=self.actor,
            run_id=self.run_id,
            slot_id=self.slot.id,
            node_id=step,
        )
        self.runner.tell(StepEvent("started", self.run_id, step))
        started = time.perf_counter()
        try:
            proof = await self._prove(node, context)
        except WaitForEvent as wait:
            wait.node_id = step
            self.runner.tell(StepEvent("waiting", self.run_id, step))
            return _Ended(step, None, {}, wait)
        seconds = time.perf_counter() - started
        added = self.board.add(step, seen, context.inputs) if proof.succeeded else {}
        self.durations[step] = seconds * 1000
        await self._journal("seal", self, proof, added, seconds)
        self.runner.tell(
            StepEvent("completed" if proof.succeeded else "failed", self.run_id, step, seconds=seconds, proof=proof)
        )
        await self.reporter.step(proof, None if self._from_outside(step) else seconds)
        return _Ended(step, proof, added)

    async def _prove(self, node: DAGNode, context: StepContext) -> ProofArtifact:
        if node.is_subworkflow:
            return await self._child(node, context)

        def retrying(attempt: int, error: Exception) -> None:
            self.runner.tell(StepEvent("retrying", self.run_id, node.id, attempt=attempt, error=str(error)))

        return await self.steps.run(
            node.id,
            self.runner.spec_version,
            self.runner.steps[node.id],
            context,
            policy=self.policies[node.id],
            on_retry=retrying,
        )

    def _granted(self, step: str) -> dict[str, Any]:
        """What the step itself left when it began to wait, and what it waited for."""
        wait = self.resumed.wait_event if self.resumed else None
        if wait is None or wait.node_id != step:
            return {}
        return {**wait.partial_outputs, **({} if self._from_outside(step) else self.payload)}

    def _from_outside(self, step: str) -> bool:
        wait = self.resumed.wait_event if self.resumed else None
        return (
            wait is not None
            and wait.node_id == step
            and wait.event_type == COMPLETED_EVENT
            and bool(wait.metadata.get("subworkflow"))
        )

    def _proof_keys(self, step: str) -> dict[str, Any]:
        """The proofs that a step stands on, as values: they become part of its fingerprint (sheet §7.4)."""
        linear = self.template.is_linear
        upstream = self.plan.order[: self.plan.rank[step]] if linear else self.plan.prerequisites(step)
        keys: dict[str, Any] = {}
        for name in upstream:
            proof = self.proofs.get(name)
            if proof is None or not proof.succeeded:
                continue
            keys[f"{name}_proof_hash"] = proof.proof_hash
            keys[f"{name}_anchor_hash"] = proof.anchor_hash or proof.proof_hash
            keys[f"{name}_anchor_type"] = proof.anchor_type or "proof_hash"
            if not linear:
                keys[f"{name}_outputs_fingerprint"] = proof.outputs_fingerprint
        return keys

    async def _child(self, node: DAGNode, context: StepContext) -> ProofArtifact:
        child = ChildRun.of(
            self, node, self.children[node.id], context.inputs, self.runner.child_run_id(self.run_id, node.id)
        )
        if self._from_outside(node.id):
            assert self.resumed is not None and self.resumed.wait_event is not None
            facts = self.resumed.wait_event.metadata
            result = child_result(self.payload)
            child.workflow_id = self.payload.get("child_workflow_id") or facts.get("child_workflow_id")
            child.inputs = dict(facts.get("child_inputs") or child.inputs)
            child.request = ProofRequest(**facts["proof_request"]) if facts.get("proof_request") else child.request
        elif child.mode == "async":
            self.runner.launch(child)
            raise child.wait_event()
        else:
            result = await self.runner.run_child(child)
        if result.waiting and result.wait_event is not None:
            wait = result.wait_event
            raise WaitForEvent(
                wait.event_type, wait.event_key, {**result.final_outputs, **wait.partial_outputs}, wait.metadata
            )
        proof = proof_of_child(
            node.id, self.runner.spec_version, child.inputs, child.workflow_id, child.request, result
        )
        context.inputs.update(values_of_child(node.id, child.mode, proof, result))
        return proof

    # -- the end ---------------------------------------------------------------------------------------------------

    async def _finish(self) -> RunResult:
        interruption = self.runner.interruption_handler
        pending = len(self.proofs) + len(self.skipped) < len(self.plan.order)
        if interruption.is_triggered and pending and not self._failed():
            last = self._completed[-1] if self._completed else ""
            proof = interruption.build_interruption_proof(last, self.run_id, self.runner.spec_version)
            self.proofs["interrupted"] = proof
            await self.reporter.step(proof)
        closed = await self.slot.close(self.writer.backend, self.runner.sleep)
        return await self._result(closed, self.reporter)

    def _failed(self) -> bool:
        return any(proof.status is ProofStatus.FAILED for proof in self.proofs.values())

    async def _result(self, closed: dict[str, Any], reporter: LatticeReporter) -> RunResult:
        expected = [step for step in self.template.node_ids if step not in self.skipped]
        state = Reducer(expected, self.run_id).fold_many(self.proofs.values())
        receipt = closed.get("receipt_id")
        await reporter.close(state.status, state.merkle_root_hash, receipt, self.proofs.get("interrupted"))
        await self._journal("end", self, state.status)
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
        return result

    async def _wait(self) -> RunResult:
        assert self.waiting is not None
        await self._journal("wait", self, self.waiting)
        return self._wait_result(self.waiting)

    def _wait_result(self, wait: WaitForEvent) -> RunResult:
        result = self._summary(ReducerStatus.WAITING, "")
        result.final_outputs = {**result.final_outputs, **wait.partial_outputs}
        result.waiting, result.wait_event = True, wait
        result.resume_state = ResumePoint(
            run_id=self.run_id,
            template_name=self.template.name,
            workflow_id=self._reporter().workflow_id,
            actor=self.actor,
            slot_id=self.slot.id,
            owns_slot=self.slot.owned,
            started_at=self.started_at,
            initial_inputs=self.inputs,
            current_outputs=result.final_outputs,
            proofs=dict(self.proofs),
            step_outputs=None if self._legacy() else dict(self.board.additions),
            skipped=list(self.skipped),
            wait_event=wait,
        ).to_dict()
        return result

    def _legacy(self) -> bool:
        return self.resumed is not None and self.resumed.step_outputs is None

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
            seal_documents=dict(self.writer.seal_documents) if hasattr(self, "writer") else {},
        )

    async def _journal(self, what: str, *args: Any) -> None:
        journal = self.runner.journal
        if journal is not None:
            await call(getattr(journal, what), *args)

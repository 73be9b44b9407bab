"""Running one step: envelope, gate, function, seal (sheet §5, §11)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, ProofStatus
from .envelope import StepEnvelope, StepEnvelopeBuilder
from .executors import LocalExecutor, StepExecutor
from .gate import IdempotencyGate
from .policy import StepPolicy
from .results import WaitForEvent
from .seal import LocalSealBackend, ProofWriter, SbnSealBackend, SealBackend
from .values import added, isolated

T = TypeVar("T")
logger = logging.getLogger(__name__)

__all__ = [
    "LocalSealBackend",
    "ProofWriter",
    "SbnSealBackend",
    "SealBackend",
    "StepContext",
    "StepFn",
    "StepRunner",
]


@dataclass
class StepContext:
    """The one argument of a step function.

    What a step returns, and what it changes in `inputs`, goes to the steps that depend on it.
    """

    inputs: dict[str, Any]
    prior_proofs: dict[str, ProofArtifact] = field(default_factory=dict[str, ProofArtifact])
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    actor: str = ""
    run_id: str = ""
    slot_id: str | None = None
    node_id: str = ""
    attempt: int = 1
    cancelled: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    """Set when the step should stop: its time is up, or the run was cancelled. For functions that run in threads."""
    added: dict[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)
    """What the step returned, and what it changed in its inputs, once it has ended well."""
    returned: list[str] | None = field(default=None, repr=False, compare=False)
    """The names of what it returned; None if it was not run."""

    @property
    def idempotency_key(self) -> str:
        """The same for every try at this step of this run, also after a crash and on another machine."""
        return f"{self.run_id}:{self.node_id}"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "cancelled"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.cancelled = threading.Event()


StepFn = Callable[[StepContext], "Awaitable[dict[str, Any] | None] | dict[str, Any] | None"]
"""A step: async, or plain (then it runs in a thread). Returns what it adds to the run's values, or nothing."""


class StepRunner:
    """Runs and seals single steps. A failing step gives a FAILED proof; only envelope errors escape."""

    def __init__(
        self,
        envelope_builder: StepEnvelopeBuilder,
        proof_writer: ProofWriter,
        gate: IdempotencyGate | None = None,
        *,
        domain: str = "general",
        executor: StepExecutor | None = None,
        keep: Callable[[Any, str], Any] | None = None,
    ) -> None:
        """`keep` turns what a step leaves into what can be written down, given the value and its name, or raises."""
        self._keep = keep
        self._builder = envelope_builder
        self._writer = proof_writer
        self._gate = gate
        self._domain = domain
        self._executor: StepExecutor = executor or LocalExecutor()

    async def run(
        self,
        step_id: str,
        spec_version: str,
        step_fn: StepFn,
        context: StepContext,
        *,
        metrics: dict[str, Any] | None = None,
        domain: str | None = None,
        policy: StepPolicy | None = None,
        on_retry: Callable[[int, Exception], None] | None = None,
    ) -> ProofArtifact:
        """Run one step, or take its proof from the gate; `context.inputs` then holds what it added.

        Raises:
            WaitForEvent: the step waits for the outside world; nothing is sealed.
            TypeError: keys of the inputs cannot be sorted.
        """
        before = isolated(context.inputs)
        envelope = await self._blocking(self._builder.blocking, self._build, step_id, spec_version, before, context)
        known = await self._known(envelope)
        if known is not None:
            context.added = self._gate.outputs(known) if self._gate else {}
            context.inputs.update(context.added)
            return known
        try:
            outputs = await self._attempts(step_fn, context, before, policy or StepPolicy(), on_retry)
            changes = isolated(added(before, context.inputs) | outputs)
            if self._keep is not None:
                outputs = self._keep(outputs, f"what step {step_id!r} returned")
                changes = self._keep(changes, f"what step {step_id!r} added to its inputs") | outputs
            proof = await self._seal(envelope, outputs, ProofStatus.COMPLETED, domain, metrics)
        except WaitForEvent:
            raise
        except Exception as error:
            logger.warning("step %s failed: %r", step_id, error, exc_info=logger.isEnabledFor(logging.DEBUG))
            failure = {"error": str(error)}
            return await self._seal(envelope, failure, ProofStatus.FAILED, domain, {**failure, **(metrics or {})})
        context.added, context.returned = changes, list(outputs)
        context.inputs.update(changes)
        if self._gate is not None:
            self._gate.store(proof, changes)
        return proof

    def _build(self, step_id: str, spec_version: str, inputs: dict[str, Any], context: StepContext) -> StepEnvelope:
        return self._builder.build(step_id, spec_version, inputs, config=context.config, actor=context.actor)

    async def _known(self, envelope: StepEnvelope) -> ProofArtifact | None:
        if self._gate is None:
            return None
        key = (envelope.inputs_fingerprint, envelope.step_id, envelope.spec_version)
        if not self._gate.blocking:
            return self._gate.check(*key)
        return await asyncio.to_thread(self._gate.check, *key, loop=asyncio.get_running_loop())

    async def _attempts(
        self,
        step_fn: StepFn,
        context: StepContext,
        before: dict[str, Any],
        policy: StepPolicy,
        on_retry: Callable[[int, Exception], None] | None,
    ) -> dict[str, Any]:
        while True:
            try:
                outputs, inputs = await self._once(step_fn, context, policy)
            except WaitForEvent:
                raise
            except Exception as error:
                if context.attempt >= policy.attempts:
                    raise
                if on_retry is not None:
                    on_retry(context.attempt, error)
                await policy.pause(context.attempt)
                context.attempt += 1
                context.inputs = isolated(before)
            else:
                context.inputs = inputs
                return outputs

    async def _once(
        self, step_fn: StepFn, context: StepContext, policy: StepPolicy
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        context.cancelled = threading.Event()
        limit = asyncio.timeout(policy.timeout)
        try:
            async with limit:
                outputs, inputs = await self._executor.run(step_fn, context)
        except WaitForEvent as wait:
            if self._keep is not None:
                self._keep(wait.to_dict(), f"what step {context.node_id!r} waits for")
            raise
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(f"step took longer than {policy.timeout:g} s") from None
        finally:
            context.cancelled.set()
        return as_outputs(outputs), inputs

    async def _seal(
        self,
        envelope: StepEnvelope,
        outputs: dict[str, Any],
        status: ProofStatus,
        domain: str | None,
        metrics: dict[str, Any] | None,
    ) -> ProofArtifact:
        def write() -> ProofArtifact:
            self._builder.finalize(envelope, outputs)
            return self._writer.write(envelope, status=status, domain=domain or self._domain, metrics=metrics)

        return await self._blocking(self._builder.blocking or self._writer.blocking, write)

    @staticmethod
    async def _blocking(does_io: bool, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(function, *args) if does_io else function(*args)


def as_outputs(outputs: object) -> dict[str, Any]:
    """What a step returned, as a mapping; None is an empty one.

    Raises:
        TypeError: the step returned something else.
    """
    if outputs is None:
        return {}
    if not is_mapping(outputs):
        raise TypeError(f"a step returns a mapping or None, not {type(outputs).__name__}")
    return dict(outputs)

"""Lineages of engine configurations that evolve, with a proof of each mutation (sheet §10.6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from .artifact import canonical_fingerprint, sha256_hex, utc_now
from .chains import EvidenceChainManager, chain_id
from .drift import DriftDetector, DriftReport
from .envelope import StepEnvelopeBuilder
from .seal import ProofWriter

__all__ = [
    "CdnaRecord",
    "DriftDetector",
    "DriftReport",
    "EvolutionaryMutator",
    "LineageManager",
    "MutationProof",
    "MutationStrategy",
    "MutationTrigger",
    "OnMutationCallback",
]


class MutationStrategy(StrEnum):
    """Why a configuration mutates."""

    ENTROPY_YIELD = "entropy_yield"
    DRIFT_CORRECTION = "drift_correction"
    REGIME_ADAPTATION = "regime_adaptation"
    MANUAL = "manual"


_BREAKING = frozenset({MutationStrategy.REGIME_ADAPTATION, MutationStrategy.MANUAL})
"""Strategies that raise the major version; the others raise the minor one."""


@dataclass
class CdnaRecord:
    """The configuration of an engine: its cDNA, the generation and the spec version that it has reached."""

    engine_id: str
    cdna: str
    generation: int
    spec_version: str
    created_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        return {
            "engine_id": self.engine_id,
            "cdna": self.cdna,
            "generation": self.generation,
            "spec_version": self.spec_version,
            "created_at": self.created_at.isoformat(),
        }


@dataclass(frozen=True)
class MutationTrigger:
    """What made a configuration mutate. Every field is hashed into the new cDNA, the reasoning too."""

    strategy: MutationStrategy
    yield_score: float
    entropy_score: float
    yield_threshold: float = 0.5
    entropy_threshold: float = 0.65
    regime_level: str = ""
    drift_magnitude: float = 0.0
    reasoning: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy.value,
            "yield_score": self.yield_score,
            "entropy_score": self.entropy_score,
            "yield_threshold": self.yield_threshold,
            "entropy_threshold": self.entropy_threshold,
            "regime_level": self.regime_level,
            "drift_magnitude": self.drift_magnitude,
            "reasoning": self.reasoning,
        }


@dataclass
class MutationProof:
    engine_id: str
    before_cdna: str
    after_cdna: str
    before_generation: int
    after_generation: int
    before_spec_version: str
    after_spec_version: str
    trigger: MutationTrigger
    proof_hash: str = ""
    block_ref: str = ""
    sealed_at: datetime | None = None

    def seal_payload(self) -> dict[str, Any]:
        """What is sealed; the time is now while the proof is not sealed."""
        return {
            "kind": "cdna_mutation",
            "engine_id": self.engine_id,
            "before": self.before_cdna,
            "after": self.after_cdna,
            "generation": self.after_generation,
            "spec_version": self.after_spec_version,
            "trigger": self.trigger.to_dict(),
            "sealed_at": (self.sealed_at or utc_now()).isoformat(),
        }

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.seal_payload(),
            "before_generation": self.before_generation,
            "before_spec_version": self.before_spec_version,
            "proof_hash": self.proof_hash,
            "block_ref": self.block_ref,
        }


OnMutationCallback = Callable[[CdnaRecord, MutationProof], Awaitable[None]]
"""Called after each mutation with the new record and its proof."""


class EvolutionaryMutator:
    """Computes mutations; pure but for the time in a record."""

    def __init__(
        self,
        *,
        yield_threshold: float = 0.5,
        entropy_threshold: float = 0.65,
        drift_detector: DriftDetector | None = None,
    ) -> None:
        self.yield_threshold = yield_threshold
        self.entropy_threshold = entropy_threshold
        self.drift_detector = drift_detector or DriftDetector()

    def should_mutate(self, yield_score: float, entropy_score: float) -> bool:
        """Does it yield too little at too much entropy? Both strictly beyond their thresholds."""
        return yield_score < self.yield_threshold and entropy_score > self.entropy_threshold

    def trigger(
        self,
        strategy: MutationStrategy,
        yield_score: float,
        entropy_score: float,
        *,
        reasoning: str,
        regime_level: str = "",
        drift_magnitude: float = 0.0,
    ) -> MutationTrigger:
        """A trigger with this mutator's thresholds."""
        return MutationTrigger(
            strategy,
            yield_score,
            entropy_score,
            self.yield_threshold,
            self.entropy_threshold,
            regime_level,
            drift_magnitude,
            reasoning,
        )

    def mutate(self, current: CdnaRecord, trigger: MutationTrigger) -> tuple[CdnaRecord, MutationProof]:
        """The next generation and its proof, not sealed yet; the record at hand is left alone."""
        generation = current.generation + 1
        suffix = sha256_hex(f"{current.cdna}:{json.dumps(trigger.to_dict(), sort_keys=True)}")[:4]
        stem = ":".join(current.cdna.split(":")[:2])
        new = CdnaRecord(
            engine_id=current.engine_id,
            cdna=f"{stem}:g{generation}:{suffix}",
            generation=generation,
            spec_version=_next_version(current.spec_version, trigger.strategy in _BREAKING),
        )
        return new, MutationProof(
            engine_id=current.engine_id,
            before_cdna=current.cdna,
            after_cdna=new.cdna,
            before_generation=current.generation,
            after_generation=new.generation,
            before_spec_version=current.spec_version,
            after_spec_version=new.spec_version,
            trigger=trigger,
        )


def _next_version(version: str, breaking: bool) -> str:
    parts = [*version.split("."), "0", "0"][:3]
    try:
        major, minor, _ = map(int, parts)
    except ValueError:
        major, minor = 0, 1
    return f"{major + 1}.0.0" if breaking else f"{major}.{minor + 1}.0"


class LineageManager:
    """Keeps the record and the mutations of each engine, seals them and puts them in its chain.

    `writer` seals mutations; without one their fingerprint is their proof. `on_mutation` is scheduled on the running
    event loop.
    """

    def __init__(
        self,
        mutator: EvolutionaryMutator | None = None,
        *,
        chain_manager: EvidenceChainManager | None = None,
        writer: ProofWriter | None = None,
        on_mutation: OnMutationCallback | None = None,
    ) -> None:
        self._mutator = mutator or EvolutionaryMutator()
        self._chains = chain_manager
        self._writer = writer
        self._on_mutation = on_mutation
        self._records: dict[str, CdnaRecord] = {}
        self._history: dict[str, list[MutationProof]] = {}
        self._notifications: set[asyncio.Future[None]] = set()

    @property
    def mutator(self) -> EvolutionaryMutator:
        return self._mutator

    @property
    def notifies(self) -> bool:
        """Is there somebody to tell of mutations?"""
        return self._on_mutation is not None

    def seed(self, engine_id: str, cdna: str, spec_version: str = "0.1.0") -> CdnaRecord:
        """Begin a lineage, or set an engine back to generation 0; its history is kept."""
        record = self._records[engine_id] = CdnaRecord(engine_id, cdna, 0, spec_version)
        self._history.setdefault(engine_id, [])
        if self._chains is not None:
            self._chains.ensure_chain(chain_id("cdna", engine_id))
        return record

    def get_current(self, engine_id: str) -> CdnaRecord | None:
        return self._records.get(engine_id)

    def get_history(self, engine_id: str) -> list[MutationProof]:
        return list(self._history.get(engine_id, ()))

    def check_and_mutate(
        self,
        engine_id: str,
        *,
        yield_score: float,
        entropy_score: float,
        regime_level: str = "",
        reasoning: str = "",
    ) -> MutationProof | None:
        """Mutate if yield and entropy say so; None if they do not, or the engine is unknown."""
        mutator = self._mutator
        if not mutator.should_mutate(yield_score, entropy_score):
            return None
        because = reasoning or (
            f"yield {yield_score:.4f} < {mutator.yield_threshold}, "
            f"entropy {entropy_score:.4f} > {mutator.entropy_threshold}"
        )
        strategy = MutationStrategy.ENTROPY_YIELD
        return self.apply(
            engine_id,
            mutator.trigger(strategy, yield_score, entropy_score, regime_level=regime_level, reasoning=because),
        )

    def apply_drift_mutation(
        self, engine_id: str, drift_report: DriftReport, *, yield_score: float = 0.0, entropy_score: float = 0.0
    ) -> MutationProof | None:
        """Mutate because of drift, whatever its magnitude; None if the engine is unknown."""
        trigger = self._mutator.trigger(
            MutationStrategy.DRIFT_CORRECTION,
            yield_score,
            entropy_score,
            drift_magnitude=drift_report.magnitude,
            reasoning=drift_report.reasoning,
        )
        return self.apply(engine_id, trigger)

    def apply_regime_mutation(
        self,
        engine_id: str,
        *,
        new_regime: str,
        yield_score: float = 0.0,
        entropy_score: float = 0.0,
        reasoning: str = "",
    ) -> MutationProof | None:
        """Mutate because the regime changed, with a new major version; None if the engine is unknown."""
        trigger = self._mutator.trigger(
            MutationStrategy.REGIME_ADAPTATION,
            yield_score,
            entropy_score,
            regime_level=new_regime,
            reasoning=reasoning or f"regime changed to {new_regime}",
        )
        return self.apply(engine_id, trigger)

    def apply_manual_mutation(self, engine_id: str, *, reasoning: str) -> MutationProof | None:
        """Mutate because somebody says so, with a new major version; None if the engine is unknown."""
        trigger = self._mutator.trigger(MutationStrategy.MANUAL, 0.0, 0.0, reasoning=reasoning)
        return self.apply(engine_id, trigger)

    def apply(self, engine_id: str, trigger: MutationTrigger) -> MutationProof | None:
        """Mutate by this trigger: seal, remember, chain and tell; None if the engine is unknown."""
        current = self._records.get(engine_id)
        if current is None:
            return None
        record, unsealed = self._mutator.mutate(current, trigger)
        proof = self._seal(unsealed)
        self._records[engine_id] = record
        self._history[engine_id].append(proof)
        self._tell(record, proof)
        return proof

    def evolution_timeline(self, engine_id: str) -> dict[str, Any]:
        """The lineage of an engine; an empty one for an unknown engine."""
        current, history = self._records.get(engine_id), self._history.get(engine_id, [])
        return {
            "engine_id": engine_id,
            "current_cdna": current.cdna if current else None,
            "generation": current.generation if current else 0,
            "spec_version": current.spec_version if current else None,
            "mutation_count": len(history),
            "mutations": [proof.to_dict() for proof in history],
            "lineage_chain": chain_id("cdna", engine_id),
        }

    def all_engines_summary(self) -> dict[str, Any]:
        engines = [
            {
                **record.to_dict(),
                "mutation_count": len(self._history[engine_id]),
                "chain_id": chain_id("cdna", engine_id),
            }
            for engine_id, record in self._records.items()
        ]
        return {"engines": engines, "total": len(engines)}

    def _seal(self, proof: MutationProof) -> MutationProof:
        """The seal is taken first and the time set after it, as ever (sheet §14, 37)."""
        payload = proof.seal_payload()
        builder = StepEnvelopeBuilder()
        envelope = builder.build("cdna_mutation", proof.after_spec_version, payload)
        builder.finalize(envelope, payload)
        metrics = {"strategy": proof.trigger.strategy.value}
        writer = self._writer or ProofWriter()
        artifact = writer.write(envelope, domain="cdna.evolution", metrics=metrics)
        if self._writer is None:
            artifact = replace(artifact, proof_hash=canonical_fingerprint(payload), block_ref="")
        if self._chains is not None:
            self._chains.append(
                chain_id("cdna", proof.engine_id),
                artifact,
                f"mutation-{proof.engine_id}-gen{proof.after_generation}",
                metadata={"trigger": proof.trigger.strategy.value},
            )
        return replace(
            proof, proof_hash=artifact.proof_hash, block_ref=artifact.block_ref, sealed_at=artifact.created_at
        )

    def _tell(self, record: CdnaRecord, proof: MutationProof) -> None:
        if self._on_mutation is None:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # called from sync code: there is no loop to run the callback
            return
        task = asyncio.ensure_future(self._on_mutation(record, proof))
        self._notifications.add(task)
        task.add_done_callback(self._notifications.discard)

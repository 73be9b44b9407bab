"""pgdag: workflows whose every step leaves a proof.

    from pgdag import DAGEdge, DAGNode, DAGTemplate, build

    layer = build()
    layer.runner.register_steps({"fetch": fetch, "judge": judge})
    template = DAGTemplate("triage", nodes=[DAGNode("fetch"), DAGNode("judge")], edges=[DAGEdge("fetch", "judge")])
    result = await layer.runner.execute(template, {"ticket": 42})

Steps that depend on nothing unfinished run side by side; `PGDAGRunner(journal="runs.db")` survives a crash;
`DaskExecutor` runs steps on a cluster. Names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

__version__ = "0.9.0"

_EXPORTS = {
    "artifact": "ProofArtifact ProofStatus canonical_fingerprint canonical_json merkle_root",
    "cdna": (
        "CdnaRecord EvolutionaryMutator LineageManager MutationProof MutationStrategy MutationTrigger "
        "OnMutationCallback"
    ),
    "cdna_template": "cdna_mutation_steps cdna_mutation_template",
    "chains": "ChainEntry ChainHealthReport ChainHealthTracker ChainState EvidenceChainManager chain_id",
    "conditions": "ConditionError",
    "dag": "PGDAGRunner",
    "dask": "DaskExecutor",
    "drift": "DriftDetector DriftReport",
    "edges": "EdgeEmitter",
    "entity": "EntityCheckpoint EntityReducer EntityState",
    "envelope": "SnapChoreCapture StepEnvelope StepEnvelopeBuilder",
    "events": "StepEvent",
    "executors": "LocalExecutor StepExecutor",
    "factory": "ExecutionLayer build",
    "gate": "IdempotencyGate SnapChoreDiscover",
    "handoff": "HandoffEnvelope build_handoff validate_upstream_proof",
    "interrupt": "InterruptionHandler InterruptionSignal",
    "journal": "Journal JournalError RunTakenOverError",
    "plain": "NotJsonError",
    "reducer": "Reducer ReducerStatus RunState",
    "resume": "ResumePoint",
    "results": "DAGResult NodeResult RunResult WaitForEvent",
    "runner": "StepContext StepFn StepRunner",
    "seal": "LocalSealBackend ProofWriter SbnSealBackend SealBackend",
    "template": "DAGEdge DAGNode DAGTemplate TemplateError",
    "verification": "Verification verify",
    "work": "WorkClaimer",
}

if TYPE_CHECKING:
    from .artifact import ProofArtifact as ProofArtifact
    from .artifact import ProofStatus as ProofStatus
    from .artifact import canonical_fingerprint as canonical_fingerprint
    from .artifact import canonical_json as canonical_json
    from .artifact import merkle_root as merkle_root
    from .cdna import CdnaRecord as CdnaRecord
    from .cdna import EvolutionaryMutator as EvolutionaryMutator
    from .cdna import LineageManager as LineageManager
    from .cdna import MutationProof as MutationProof
    from .cdna import MutationStrategy as MutationStrategy
    from .cdna import MutationTrigger as MutationTrigger
    from .cdna import OnMutationCallback as OnMutationCallback
    from .cdna_template import cdna_mutation_steps as cdna_mutation_steps
    from .cdna_template import cdna_mutation_template as cdna_mutation_template
    from .chains import ChainEntry as ChainEntry
    from .chains import ChainHealthReport as ChainHealthReport
    from .chains import ChainHealthTracker as ChainHealthTracker
    from .chains import ChainState as ChainState
    from .chains import EvidenceChainManager as EvidenceChainManager
    from .chains import chain_id as chain_id
    from .conditions import ConditionError as ConditionError
    from .dag import PGDAGRunner as PGDAGRunner
    from .dask import DaskExecutor as DaskExecutor
    from .drift import DriftDetector as DriftDetector
    from .drift import DriftReport as DriftReport
    from .edges import EdgeEmitter as EdgeEmitter
    from .entity import EntityCheckpoint as EntityCheckpoint
    from .entity import EntityReducer as EntityReducer
    from .entity import EntityState as EntityState
    from .envelope import SnapChoreCapture as SnapChoreCapture
    from .envelope import StepEnvelope as StepEnvelope
    from .envelope import StepEnvelopeBuilder as StepEnvelopeBuilder
    from .events import StepEvent as StepEvent
    from .executors import LocalExecutor as LocalExecutor
    from .executors import StepExecutor as StepExecutor
    from .factory import ExecutionLayer as ExecutionLayer
    from .factory import build as build
    from .gate import IdempotencyGate as IdempotencyGate
    from .gate import SnapChoreDiscover as SnapChoreDiscover
    from .handoff import HandoffEnvelope as HandoffEnvelope
    from .handoff import build_handoff as build_handoff
    from .handoff import validate_upstream_proof as validate_upstream_proof
    from .interrupt import InterruptionHandler as InterruptionHandler
    from .interrupt import InterruptionSignal as InterruptionSignal
    from .journal import Journal as Journal
    from .journal import JournalError as JournalError
    from .journal import RunTakenOverError as RunTakenOverError
    from .plain import NotJsonError as NotJsonError
    from .reducer import Reducer as Reducer
    from .reducer import ReducerStatus as ReducerStatus
    from .reducer import RunState as RunState
    from .results import DAGResult as DAGResult
    from .results import NodeResult as NodeResult
    from .results import RunResult as RunResult
    from .results import WaitForEvent as WaitForEvent
    from .resume import ResumePoint as ResumePoint
    from .runner import StepContext as StepContext
    from .runner import StepFn as StepFn
    from .runner import StepRunner as StepRunner
    from .seal import LocalSealBackend as LocalSealBackend
    from .seal import ProofWriter as ProofWriter
    from .seal import SbnSealBackend as SbnSealBackend
    from .seal import SealBackend as SealBackend
    from .template import DAGEdge as DAGEdge
    from .template import DAGNode as DAGNode
    from .template import DAGTemplate as DAGTemplate
    from .template import TemplateError as TemplateError
    from .verification import Verification as Verification
    from .verification import verify as verify
    from .work import WorkClaimer as WorkClaimer

__all__ = [
    "CdnaRecord",
    "ChainEntry",
    "ChainHealthReport",
    "ChainHealthTracker",
    "ChainState",
    "ConditionError",
    "DAGEdge",
    "DAGNode",
    "DAGResult",
    "DAGTemplate",
    "DaskExecutor",
    "DriftDetector",
    "DriftReport",
    "EdgeEmitter",
    "EntityCheckpoint",
    "EntityReducer",
    "EntityState",
    "EvidenceChainManager",
    "EvolutionaryMutator",
    "ExecutionLayer",
    "HandoffEnvelope",
    "IdempotencyGate",
    "InterruptionHandler",
    "InterruptionSignal",
    "Journal",
    "JournalError",
    "LineageManager",
    "LocalExecutor",
    "LocalSealBackend",
    "MutationProof",
    "MutationStrategy",
    "MutationTrigger",
    "NodeResult",
    "NotJsonError",
    "OnMutationCallback",
    "PGDAGRunner",
    "ProofArtifact",
    "ProofStatus",
    "ProofWriter",
    "Reducer",
    "ReducerStatus",
    "ResumePoint",
    "RunResult",
    "RunState",
    "RunTakenOverError",
    "SbnSealBackend",
    "SealBackend",
    "SnapChoreCapture",
    "SnapChoreDiscover",
    "StepContext",
    "StepEnvelope",
    "StepEnvelopeBuilder",
    "StepEvent",
    "StepExecutor",
    "StepFn",
    "StepRunner",
    "TemplateError",
    "Verification",
    "WaitForEvent",
    "WorkClaimer",
    "__version__",
    "build",
    "build_handoff",
    "canonical_fingerprint",
    "canonical_json",
    "cdna_mutation_steps",
    "cdna_mutation_template",
    "chain_id",
    "merkle_root",
    "validate_upstream_proof",
    "verify",
]

__getattr__, __dir__ = attach(__name__, _EXPORTS)

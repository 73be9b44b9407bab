"""The names that the package offers, what importing them costs, and documents against their schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pgdag
import pytest
import yaml
from jsonschema import Draft202012Validator
from pgdag import DAGEdge, DAGNode, DAGTemplate, ResumePoint, WaitForEvent
from pgdag_api.v0_9 import models
from referencing import Registry, Resource

SPECS = Path(__file__).parents[3] / "specs" / "pgdag" / "0.9"
NAMES = [
    "__version__", "build", "ExecutionLayer", "ProofArtifact", "ProofStatus", "canonical_fingerprint",
    "merkle_root", "SnapChoreCapture", "StepEnvelope", "StepEnvelopeBuilder", "StepRunner", "ProofWriter",
    "SealBackend", "LocalSealBackend", "SbnSealBackend", "StepContext", "StepFn", "IdempotencyGate",
    "SnapChoreDiscover", "Reducer", "ReducerStatus", "RunState", "InterruptionHandler", "InterruptionSignal",
    "PGDAGRunner", "DAGTemplate", "DAGNode", "DAGEdge", "RunResult", "DAGResult", "NodeResult", "WaitForEvent",
    "EvidenceChainManager", "ChainHealthTracker", "ChainEntry", "ChainState", "ChainHealthReport", "chain_id",
    "EntityReducer", "EntityState", "EntityCheckpoint", "HandoffEnvelope", "build_handoff",
    "validate_upstream_proof", "EdgeEmitter", "WorkClaimer", "MutationStrategy", "CdnaRecord", "MutationTrigger",
    "MutationProof", "DriftReport", "DriftDetector", "EvolutionaryMutator", "LineageManager", "OnMutationCallback",
    "cdna_mutation_template", "cdna_mutation_steps",
]  # fmt: skip
PLACES = [
    "artifact.ProofArtifact", "cdna.DriftDetector", "cdna.LineageManager", "cdna_template.cdna_mutation_steps",
    "chains.chain_id", "dag.DAGTemplate", "dag.DAGNode", "dag.DAGEdge", "dag.RunResult", "dag.DAGResult",
    "dag.NodeResult", "dag.WaitForEvent", "dag.PGDAGRunner", "edges.EdgeEmitter", "entity.EntityReducer",
    "envelope.StepEnvelopeBuilder", "envelope.SNAPCHORE_CAPTURE_TIMEOUT_SECONDS", "factory.build",
    "factory.ExecutionLayer", "gate.IdempotencyGate", "gate.SnapChoreDiscover", "handoff.build_handoff",
    "interrupt.InterruptionHandler", "reducer.Reducer", "runner.StepContext", "runner.StepFn", "runner.StepRunner",
    "runner.ProofWriter", "runner.SbnSealBackend", "runner.LocalSealBackend", "runner.SealBackend",
    "work.WorkClaimer",
]  # fmt: skip


@pytest.mark.promise("pgdag: all names of the original are there, and importing them needs nothing undeclared")
def test_all_names_of_the_original_are_there() -> None:
    assert len(NAMES) == 57
    assert set(NAMES) <= set(pgdag.__all__)
    for name in pgdag.__all__:
        assert getattr(pgdag, name) is not None
    assert pgdag.__version__ == "0.9.0"
    assert pgdag.DAGResult is pgdag.RunResult


@pytest.mark.parametrize("place", PLACES)
def test_names_are_where_the_original_keeps_them(place: str) -> None:
    module, name = place.split(".")
    imported = __import__(f"pgdag.{module}", fromlist=[name])
    assert getattr(imported, name) is not None


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        pgdag.Nonsense  # noqa: B018


@pytest.mark.promise("pgdag: all names of the original are there, and importing them needs nothing undeclared")
def test_importing_and_running_needs_nothing_but_python() -> None:
    code = (
        "import asyncio, sys, pgdag\n"
        "first = sorted(m for m in sys.modules if m.startswith('pgdag'))\n"
        "from pgdag import DAGNode, DAGTemplate, build\n"
        "async def a(ctx): return {}\n"
        "layer = build()\n"
        "layer.runner.register_step('a', a)\n"
        "assert asyncio.run(layer.runner.execute(DAGTemplate('t', nodes=[DAGNode('a')]), {})).success\n"
        "heavy = 'httpx sqlalchemy distributed sbn rich typer msgspec pydantic pgdag_api'.split()\n"
        "print(first, [m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pgdag'] []"


def test_claims_say_when_sqlalchemy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ModuleNotFoundError, match="sqlalchemy"):
        pgdag.WorkClaimer()


# -- documents and their schemas -----------------------------------------------------------------------------------


def schema(name: str) -> dict[str, Any]:
    return yaml.safe_load((SPECS / f"{name}.schema.yaml").read_text())


@pytest.fixture(scope="module")
def valid() -> Callable[[str, Any], None]:
    """Validate a document against one of the schemas."""
    names = [path.name for path in SPECS.glob("*.schema.yaml")]
    parts = [(name, Resource.from_contents(yaml.safe_load((SPECS / name).read_text()))) for name in names]
    registry: Registry[Any] = Registry().with_resources(parts)

    def check(name: str, document: Any) -> None:
        Draft202012Validator(schema(name), registry=registry).validate(json.loads(json.dumps(document)))

    return check


@pytest.mark.parametrize("name", [path.name.partition(".")[0] for path in sorted(SPECS.glob("*.schema.yaml"))])
def test_examples_are_valid(name: str, valid: Callable[[str, Any], None]) -> None:
    for example in schema(name)["examples"]:
        valid(name, example)


def test_a_template_is_read_back_from_its_document(valid: Callable[[str, Any], None]) -> None:
    for example in schema("template")["examples"]:
        assert DAGTemplate.from_dict(example).to_dict()["nodes"][0] == example["nodes"][0]
    template = DAGTemplate("t", nodes=[DAGNode("a"), DAGNode("b", "B")], edges=[DAGEdge("a", "b", condition="x")])
    valid("template", template.to_dict())
    assert DAGTemplate.from_dict(template.to_dict()) == template
    assert template.to_dict()["edges"] == [{"source": "a", "target": "b", "edge_type": "x", "condition": "x"}]


async def test_runs_and_resume_documents_are_valid(valid: Callable[[str, Any], None], play: Any, graph: Any) -> None:
    result = await play(graph("a b", "a>b"))
    valid("run", {**result.to_document(), "template": graph("a b").to_dict()})
    waiting = await play(graph("a w"), w=WaitForEvent("e", "k", {"half": 1}))
    valid("run", waiting.to_document())
    valid("resume", waiting.resume_state)
    again = ResumePoint.from_dict(waiting.resume_state)
    assert again.to_dict() == waiting.resume_state
    assert msgspec.convert(waiting.resume_state, models.Resume).wait_event.event_key == "k"


def test_a_resume_document_of_the_first_versions_is_read() -> None:
    """As the original writes it: nothing says which step added what."""
    point = ResumePoint.from_dict(
        {
            "run_id": "r",
            "initial_inputs": {"x": 1},
            "current_outputs": {"x": 1, "from_a": 2},
            "completed_steps": ["a"],
            "proofs": {"a": {"step_id": "a", "status": "completed"}, "ghost": {"step_id": "ghost"}},
            "started_at": "nonsense",
        }
    )
    assert point.initial_inputs == {"x": 1, "from_a": 2}
    assert list(point.proofs) == ["a"]
    assert point.owns_slot

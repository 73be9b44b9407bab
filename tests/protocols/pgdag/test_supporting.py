"""Chains, entities, handoffs, claims and cDNA (protocol sheet §10), and the reducer and conditions by themselves."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pgdag import (
    CdnaRecord,
    ChainHealthTracker,
    DriftDetector,
    DriftReport,
    EdgeEmitter,
    EvidenceChainManager,
    EvolutionaryMutator,
    LineageManager,
    MutationProof,
    MutationStrategy,
    MutationTrigger,
    ProofArtifact,
    ProofStatus,
    ProofWriter,
    Reducer,
    ReducerStatus,
    build,
    build_handoff,
    canonical_fingerprint,
    cdna_mutation_steps,
    cdna_mutation_template,
    chain_id,
    validate_upstream_proof,
)
from pgdag.conditions import ConditionError, check_condition, holds


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def proof(step: str, proof_hash: str, status: ProofStatus = ProofStatus.COMPLETED, **metrics: Any) -> ProofArtifact:
    return ProofArtifact(step, "1.0", "i", "o", proof_hash, "b", status, metrics=metrics)


# -- reducer -------------------------------------------------------------------------------------------------------


def test_proofs_fold_into_the_state_of_a_run() -> None:
    reducer = Reducer(["a", "b", "c"], "run-1")
    state = reducer.fold(proof("b", "hb", m=1))
    assert (state.status, state.pending_from, state.merkle_root_hash) == (ReducerStatus.PARTIAL, "a", "hb")

    state = reducer.fold(proof("a", "ha", m=2))
    assert (state.pending_from, state.last_completed_step) == ("c", "a")
    assert state.merkle_root_hash == "78436cf45e9b02f878ab7b85cd27ebc463344548c142c0bd0bbe645e1d43f1cc"
    assert state.metrics == {"m": 2}

    state = reducer.fold(proof("a", "hx", ProofStatus.FAILED))
    assert (state.status, state.pending_from) == (ReducerStatus.FAILED, None)
    assert (state.completed_steps, state.failed_steps) == (["b", "a"], ["a"])
    failed_root = "2e7983f2f59ed23267fda100156a62c909548de028e95e2e9c9dd1327cffbb2d"
    assert state.merkle_root_hash == failed_root

    state = reducer.fold(proof("interrupted", "s", ProofStatus.INTERRUPTED))
    assert (state.status, state.merkle_root_hash) == (ReducerStatus.INTERRUPTED, failed_root)
    assert state.all_sealed_steps == {"a", "b", "interrupted"}
    assert "proofs" not in state.to_dict()

    reducer.reset()
    assert reducer.state().status is ReducerStatus.PARTIAL


def test_a_run_that_expects_nothing_is_complete() -> None:
    assert Reducer([]).state().status is ReducerStatus.COMPLETE


# -- conditions ----------------------------------------------------------------------------------------------------

VALUES = {
    "score": 0.9,
    "region": "eu",
    "order": {"total": 120, "lines": [1]},
    "approved": True,
    "none": None,
    "true": 0,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("approved", True),
        ("not approved", False),
        ("score >= 0.8 and region == 'eu'", True),
        ("score >= 0.8 && region == 'us' || approved", True),
        ("order.total > 100", True),
        ("order.missing.deep == null", True),
        ("order.total.deep", False),
        ("region in ['eu', 'us']", True),
        ("region not in ('eu',)", False),
        ("0 < score < 1", True),
        ("missing < 3", False),
        ("3 in score", False),
        ("-score < 0", True),
        ("true", False),
        ("false == approved", False),
        (" Always ", True),
        (None, True),
        ("", True),
    ],
)
def test_a_condition_holds_or_not(text: str | None, expected: bool) -> None:
    check_condition(text)
    assert holds(text, VALUES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "f(1)",
        "a[0]",
        "lambda: 1",
        "a := 1",
        "a +",
        "a + 1",
        "x is 3",
        "[i for i in a]",
        "b'x'",
        "f'{a}'",
        "...",
        "a if b else c",
        "x" * 1001,
        "(" * 300 + ")" * 300,
        "\x00",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        check_condition(text)


# -- chains --------------------------------------------------------------------------------------------------------


@pytest.fixture
def chain() -> EvidenceChainManager:
    manager = EvidenceChainManager()
    cid = chain_id("payrun", "batch-42")
    manager.append(cid, proof("s1", sha("a")), "run-1", metadata={"m": 1})
    manager.append(cid, proof("s2", sha("b")), "run-1")
    return manager


def test_entries_are_bound_to_each_other_by_hash(chain: EvidenceChainManager) -> None:
    state = chain.get_chain("chain:payrun:batch-42")
    assert [entry.entry_hash for entry in state.entries] == [
        "2ecf94f10c7c99d58778ad3851e90c3d99c9da6b5882463ab38fdd62622ffa26",
        "d61e08758c1c144704ac3de051216bc4ea9d6005c01fc2f886a11d1e54d2e209",
    ]
    assert (state.length, state.head_hash) == (2, state.entries[1].entry_hash)
    assert state.to_dict() == {
        "chain_id": "chain:payrun:batch-42",
        "length": 2,
        "head_hash": state.head_hash,
        "verified": False,
        "last_verified_at": None,
    }


def test_a_broken_chain_says_where(chain: EvidenceChainManager) -> None:
    cid = "chain:payrun:batch-42"
    tracker = ChainHealthTracker(chain)
    tracker.register_chain(cid)
    assert chain.verify(cid).is_healthy
    assert not tracker.any_broken()
    entries = chain.get_chain(cid).entries
    entries[1].run_id = "forged"
    assert chain.verify(cid).break_reason == "entry_hash mismatch at seq 1"
    entries[1].prev_hash = ""
    report = tracker.verify_all()[0]
    assert (report.break_at_sequence, report.break_reason) == (1, "prev_hash mismatch at seq 1")
    assert tracker.any_broken()


def test_an_unknown_chain_is_empty_and_healthy(chain: EvidenceChainManager) -> None:
    assert chain.get_chain("chain:x:y").length == 0
    assert chain.verify("chain:x:y").is_healthy
    assert chain.chain_ids() == ["chain:payrun:batch-42"]


def test_a_chain_is_mirrored_to_a_client_which_may_fail() -> None:
    told: list[Any] = []

    def append(cid: str, *, block_hash: str) -> None:
        told.append((cid, block_hash))
        raise ConnectionError("down")

    client = SimpleNamespace(create_chain=told.append, append_to_chain=append)
    manager = EvidenceChainManager(sbn_client=SimpleNamespace(snapchore=client))
    assert manager.append("c", proof("s", "h")).sequence == 0
    assert told == ["c", ("c", "h")]


# -- entities ------------------------------------------------------------------------------------------------------


def test_runs_add_up_for_an_entity() -> None:
    reducer = build().entity("employee", "worker-42")
    first = reducer.fold_run("run-1", {"a": proof("a", "h"), "b": proof("b", "h")}, amount=1500.0)
    assert first.state_hash == "40981dadaa2a8d933c42b0b846a5a37db19ab0fbb3ea2cd6d67753797972406b"
    second = reducer.fold_run("run-2", {"c": proof("c", "h", ProofStatus.FAILED)})
    assert second is first
    assert second.state_hash == "d02671319cc62533abb27cc241cc8f3e1cd53c2f012792eec1013044b490775c"
    assert (second.total_completed, second.total_failed, second.run_ids) == (2, 1, ["run-1", "run-2"])
    assert list(second.all_proofs) == ["run-1", "run-2"]
    checkpoint = reducer.latest_checkpoint()
    assert checkpoint is not None
    assert [entry.sequence for entry in reducer.checkpoints()] == [0, 1]
    assert checkpoint.status_counts == {"completed": 2, "failed": 1}
    assert reducer.verify_checkpoint(checkpoint)
    checkpoint.total_amount = 1.0
    assert not reducer.verify_checkpoint(checkpoint)
    reducer.reset()
    assert reducer.state().total_runs == 0


# -- handoffs ------------------------------------------------------------------------------------------------------

HANDOFF: dict[str, Any] = {
    "source_product": "grid",
    "source_template": "slot_lifecycle",
    "source_run_id": "run-1",
    "source_slot_id": "slot-9",
    "source_merkle_root": sha("a"),
    "target_product": "dominion",
    "target_template": "payroll_batch",
    "payload": {"batch_id": "batch-42", "total": 15000.0},
}


def test_a_handoff_hashes_its_payload_and_its_source() -> None:
    envelope = build().handoff(**HANDOFF)
    assert envelope.payload_hash == "00ccc45c014b68a95d7c13a7a7b7836794869c20bcbe4739bc1e5475b00837c0"
    assert envelope.handoff_hash == "26c94892a08870d8027c61118d93561a463fe3db1dcf61d681f2d689415e8a53"
    assert validate_upstream_proof(envelope)
    envelope.payload["total"] = 1
    assert not validate_upstream_proof(envelope)
    assert "payload" not in envelope.to_dict()


@pytest.mark.parametrize(
    ("capture", "payload_hash"),
    [(lambda data: {"hash": "captured"}, "captured"), (lambda data: 1 / 0, None), (lambda data: {}, None)],
)
def test_a_client_may_hash_the_payload(capture: Any, payload_hash: str | None) -> None:
    client = SimpleNamespace(capture=capture)
    envelope = build_handoff(**HANDOFF, snapchore=client)
    assert envelope.payload_hash == (payload_hash or canonical_fingerprint(HANDOFF["payload"]))
    assert validate_upstream_proof(envelope, snapchore=client)


async def test_a_handoff_is_an_edge() -> None:
    drawn: list[dict[str, Any]] = []
    emitter = EdgeEmitter(SimpleNamespace(create_edge=lambda **facts: drawn.append(facts) or {"id": 1}))
    envelope = build_handoff(**HANDOFF)
    assert await emitter.emit_handoff(envelope, meta={"k": 1}) == {"id": 1}
    assert drawn == [
        {
            "source_id": "grid.slot_lifecycle",
            "target_id": "dominion.payroll_batch",
            "edge_type": "TRIGGERS",
            "weight": 1.0,
            "meta": {
                "handoff_hash": envelope.handoff_hash,
                "source_run_id": "run-1",
                "source_merkle_root": sha("a"),
                "k": 1,
            },
        }
    ]
    assert await EdgeEmitter().emit_handoff(envelope) is None
    assert not EdgeEmitter().enabled


# -- claims --------------------------------------------------------------------------------------------------------


def test_work_is_claimed_stamped_and_let_go() -> None:
    pytest.importorskip("sqlalchemy")
    from pgdag import WorkClaimer
    from sqlalchemy import Column, DateTime, Integer, String
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.orm import declarative_base

    class Job(declarative_base()):  # type: ignore[misc]
        __tablename__ = "jobs"
        id = Column(Integer, primary_key=True)
        status = Column(String)
        worker_id = Column(String)
        locked_at = Column(DateTime)
        lock_timeout_at = Column(DateTime)
        created_at = Column(DateTime)

    claimer = WorkClaimer()
    columns = {"worker_col": Job.worker_id, "locked_at_col": Job.locked_at}
    claim = claimer.claim_query(model=Job, status_col=Job.status, status_value="pending", **columns)
    sql = re.sub(r"::\w+|\s+(?=\s)", "", str(claim.compile(dialect=postgresql.dialect()))).replace("\n", "")
    assert sql.endswith(
        "WHERE jobs.status = %(status_1)s AND jobs.worker_id IS NULL ORDER BY jobs.created_at "
        "LIMIT %(param_1)s FOR UPDATE SKIP LOCKED"
    )
    reap = claimer.reap_expired_query(
        model=Job,
        status_col=Job.status,
        running_status="running",
        pending_status="pending",
        lock_timeout_col=Job.lock_timeout_at,
        **columns,
    )
    assert "jobs.lock_timeout_at IS NOT NULL AND jobs.lock_timeout_at <" in str(reap)

    row, noon = Job(), datetime(2026, 1, 1, 12, tzinfo=UTC)
    claimer.stamp(row, worker_id="w", timeout_minutes=5, now=noon)
    assert (row.worker_id, row.locked_at, row.lock_timeout_at) == ("w", noon, noon.replace(minute=5))
    claimer.release(row)
    assert (row.worker_id, row.locked_at, row.lock_timeout_at) == (None, None, None)


# -- cDNA ----------------------------------------------------------------------------------------------------------


def trigger(
    strategy: MutationStrategy, reasoning: str = "", scores: tuple[float, float] = (0.3, 0.78)
) -> MutationTrigger:
    return MutationTrigger(strategy, *scores, reasoning=reasoning)


def test_mutations_follow_each_other() -> None:
    mutator = EvolutionaryMutator()
    first, unsealed = mutator.mutate(
        CdnaRecord("e", "engine:yield", 0, "0.1.0"), trigger(MutationStrategy.ENTROPY_YIELD)
    )
    assert (first.cdna, first.spec_version, first.generation) == ("engine:yield:g1:0032", "0.2.0", 1)
    unsealed.sealed_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sealed = "84e5d902aaddfcc6ffe2b2592ab831a96abb4e949c5e92d793764f1813290d0d"  # as the original computes it
    assert canonical_fingerprint(unsealed.seal_payload()) == sealed
    second, _ = mutator.mutate(first, trigger(MutationStrategy.MANUAL, "op", (0.0, 0.0)))
    assert (second.cdna, second.spec_version) == ("engine:yield:g2:6e51", "1.0.0")


@pytest.mark.parametrize(
    ("strategy", "suffix", "version"),
    [
        ("entropy_yield", "87fe", "0.2.0"),
        ("drift_correction", "afc9", "0.2.0"),
        ("regime_adaptation", "c35b", "1.0.0"),
        ("manual", "09d9", "1.0.0"),
    ],
)
def test_the_reasoning_is_hashed_into_the_cdna(strategy: str, suffix: str, version: str) -> None:
    record = CdnaRecord("e", "engine:yield", 0, "0.1.0")
    new, _ = EvolutionaryMutator().mutate(record, trigger(MutationStrategy(strategy), "r"))
    assert (new.cdna, new.spec_version) == (f"engine:yield:g1:{suffix}", version)


@pytest.mark.parametrize(
    ("before", "after"), [("1", "1.1.0"), ("1.2", "1.3.0"), ("1.2.3.4", "1.3.0"), ("a.b", "0.2.0")]
)
def test_versions_grow(before: str, after: str) -> None:
    record = CdnaRecord("e", "engine:yield", 0, before)
    assert EvolutionaryMutator().mutate(record, trigger(MutationStrategy.ENTROPY_YIELD))[0].spec_version == after


async def test_a_lineage_keeps_its_history() -> None:
    told: list[MutationProof] = []

    async def listen(record: CdnaRecord, mutation: MutationProof) -> None:
        told.append(mutation)

    chains = EvidenceChainManager()
    lineage = LineageManager(chain_manager=chains, writer=ProofWriter(), on_mutation=listen)
    lineage.seed("e1", "engine:yield")
    assert lineage.check_and_mutate("e1", yield_score=0.9, entropy_score=0.9) is None
    first = lineage.check_and_mutate("e1", yield_score=0.3, entropy_score=0.78)
    assert first is not None
    assert first.after_cdna == "engine:yield:g1:126e"
    assert first.block_ref.startswith("local:")
    assert first.sealed_at is not None
    lineage.apply_drift_mutation("e1", DriftReport("e1", True, 0.6, reasoning="drifted"))
    lineage.apply_regime_mutation("e1", new_regime="r2")
    last = lineage.apply_manual_mutation("e1", reasoning="op")
    await asyncio.sleep(0)

    assert last is not None
    assert (last.after_generation, last.after_spec_version) == (4, "2.0.0")
    assert [mutation.trigger.strategy.value for mutation in told] == [
        "entropy_yield",
        "drift_correction",
        "regime_adaptation",
        "manual",
    ]
    assert told[2].trigger.reasoning == "regime changed to r2"
    assert chains.get_chain("chain:cdna:e1").length == 4
    timeline = lineage.evolution_timeline("e1")
    assert (timeline["mutation_count"], timeline["lineage_chain"]) == (4, "chain:cdna:e1")
    assert lineage.all_engines_summary()["engines"][0]["mutation_count"] == 4
    assert lineage.apply_manual_mutation("unknown", reasoning="x") is None
    assert lineage.evolution_timeline("unknown")["current_cdna"] is None


def test_a_reason_can_be_given() -> None:
    lineage = LineageManager()
    lineage.seed("e", "engine:yield")
    mutation = lineage.check_and_mutate("e", yield_score=0.1, entropy_score=0.9, reasoning="because")
    assert mutation is not None
    assert mutation.trigger.reasoning == "because"
    assert mutation.block_ref == ""


@pytest.mark.parametrize(
    ("facts", "dimensions", "magnitude", "recommendation"),
    [
        (
            {
                "recent_avg_duration_ms": 300,
                "baseline_avg_duration_ms": 100,
                "recent_yield": 1,
                "baseline_yield": 2,
            },
            {"success_rate": 0.0, "yield_trajectory": 0.5, "timing": 3.0},
            1.0,
            "mutate",
        ),
        (
            {"current_template_dist": {"a": 1}, "baseline_template_dist": {"a": 1}},
            {"template_distribution": 1.0, "success_rate": 0.0},
            1.0,
            "mutate",
        ),
        ({"recent_success_rate": 0.5, "baseline_success_rate": 0.9}, {"success_rate": 0.4}, 0.4, "monitor"),
        ({"recent_success_rate": 0.5, "baseline_success_rate": 0.0}, {}, 0.0, "no_action"),
        ({}, {"success_rate": 0.0}, 0.0, "no_action"),
    ],
)
def test_drift_is_measured(
    facts: dict[str, Any], dimensions: dict[str, float], magnitude: float, recommendation: str
) -> None:
    report = DriftDetector().detect("e", **facts)
    assert (report.dimensions, report.magnitude, report.recommendation) == (dimensions, magnitude, recommendation)


def test_drift_says_why() -> None:
    report = DriftDetector().detect(
        "e",
        recent_success_rate=0.5,
        recent_yield=1,
        baseline_yield=2,
        recent_avg_duration_ms=30,
        baseline_avg_duration_ms=10,
    )
    assert report.reasoning == (
        "success rate 50.0% below floor 80.0%; yield drifted 50.00% (threshold 15%); "
        "execution time 3.0x baseline (threshold 2.0x)"
    )


@pytest.mark.parametrize(
    ("current", "magnitude"), [({"a": 5, "b": 5}, 0.0), ({"c": 1}, 1.0), ({"a": 3, "b": 1}, 0.0667)]
)
def test_the_distance_of_distributions_can_be_exact(current: dict[str, int], magnitude: float) -> None:
    detector = DriftDetector(exact_template_drift=True)
    report = detector.detect("e", current_template_dist=current, baseline_template_dist={"a": 1, "b": 1})
    assert report.dimensions["template_distribution"] == pytest.approx(magnitude, abs=1e-4)


@pytest.mark.parametrize(
    ("inputs", "cdna"),
    [
        ({"yield_score": 0.3, "entropy_score": 0.78}, "engine:yield:g1:fd01"),
        ({"recent_avg_duration_ms": 500, "baseline_avg_duration_ms": 100}, "engine:yield:g1:819d"),
        ({}, "engine:yield"),
    ],
)
async def test_the_mutation_workflow(inputs: dict[str, Any], cdna: str) -> None:
    lineage = LineageManager()
    lineage.seed("engine:1", "engine:yield")
    layer = build()
    layer.runner.register_steps(cdna_mutation_steps(lineage))
    result = await layer.runner.execute(cdna_mutation_template(), {"engine_id": "engine:1", **inputs})
    current = lineage.get_current("engine:1")
    assert result.success
    assert current is not None
    assert current.cdna == cdna
    assert result.final_outputs["notified"] is (cdna != "engine:yield")
    assert result.final_outputs["lifecycle_complete"] is True


async def test_the_mutation_workflow_of_an_unknown_engine() -> None:
    layer = build()
    layer.runner.register_steps(cdna_mutation_steps(LineageManager()))
    inputs = {"engine_id": "nope", "yield_score": 0.3, "entropy_score": 0.78}
    result = await layer.runner.execute(cdna_mutation_template(), inputs)
    assert result.success
    assert result.final_outputs["error"] == "no cDNA record for nope"
    assert result.final_outputs["sealed"] is False

"""Waits, interruptions, sub-workflows and the parts around the kernel, for both kernels; see `peer.py`.

`python peer_parts.py` prints one line per fact. Names are the same in both, for the clock stands still and random
names are all one; what ours keeps besides (who added what) is left out.
"""

from __future__ import annotations

import asyncio
import json
import uuid

import pgdag
from peer import NOON, stop_the_clock
from pgdag import DAGEdge, DAGNode, DAGTemplate, ProofArtifact, ProofStatus, WaitForEvent, build

OURS = {"step_outputs", "step_returned", "step_granted", "skipped_steps", "child_resume_state"}
METADATA = [
    {},
    {"mode": "inline"},
    {"subworkflow_mode": "ASYNC", "async_launch_mode": "detached"},
    {"anchor_requirement": "receipt_hash_required"},
    {"require_child_slot_receipt": True},
    {"require_slot_receipt": True},
    {"fallback_policy": "disallow"},
    {"fallback_policy": "allow_merkle_root"},
    {"child_fallback_policy": "allow_merkle_root", "child_anchor_requirement": "any"},
    {"fallback_policy": "nonsense", "anchor_requirement": " ANY "},
    {"input_keys": ["x", "nope"]},
    {"input_keys": "x", "inputs": {"y": 2}},
    {"config": {"c": 1}, "actor": "child"},
]
KEPT_PROOF = {"step_id": "k1", "proof_hash": "h1", "status": "completed", "created_at": NOON.isoformat()}
RECEIPT = {"anchor_hash": "a", "block_ref": "b", "anchor_type": "receipt_hash", "receipt_id": "r"}
ENDED_CHILDREN = [
    {"run_id": "run-kid", "status": "complete", "final_outputs": {"q": 1}, "slot_receipt_id": "rc", "slot_id": "sl"},
    {"slot_receipt_id": "rc"},
    {"slot_id": "sl", "proofs": {"k1": KEPT_PROOF}},
    {"template_name": "other", "proofs": {"k1": {**KEPT_PROOF, **RECEIPT}, "k2": {**KEPT_PROOF, "step_id": "k2"}}},
]


def without(value, names):
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def tell(name, value, leave=()):
    plain = json.loads(json.dumps(value, default=str))
    print(name, json.dumps(without(plain, OURS | set(leave)), sort_keys=True))


def layer(*templates, **functions):
    options = {"max_concurrency": 1, "shared_blackboard": True} if hasattr(pgdag, "Journal") else {}
    made = build(domain="d", **options)
    made.runner.register_steps(functions)
    made.runner.register_templates(list(templates))
    return made


def sees(ctx):
    return {ctx.node_id: sorted(ctx.inputs), "last": ctx.node_id}


async def go(ctx):
    return sees(ctx)


async def fail(ctx):
    raise RuntimeError("no")


async def wait(ctx):
    if "approved" not in ctx.inputs:
        raise WaitForEvent("approval", "k1", {"partial": 1}, {"m": 2})
    return {"done": ctx.inputs["approved"]}


async def waits():
    for edges in ([], [("a", "w"), ("w", "z")], [("a", "w"), ("a", "z")]):
        template = DAGTemplate("t", nodes=[DAGNode(n) for n in "awz"], edges=[DAGEdge(*pair) for pair in edges])
        first = await layer(a=go, w=wait, z=go).runner.execute(template, {"x": 1}, actor="me", run_id="run-w")
        tell("waits", first.to_dict())
        for payload in (None, {}, {"approved": True}):
            state = json.loads(json.dumps(first.resume_state))
            runner = layer(a=go, w=wait, z=go).runner
            resumed = await runner.resume(template, resume_state=state, resume_event_payload=payload)
            tell(f"resumed with {payload}", resumed.to_dict())


async def interruptions():
    made = layer(b=go)

    async def stop(ctx):
        made.interruption.trigger(pgdag.InterruptionSignal("stop", "SIG", "source", "reason", NOON))
        return {}

    made.runner.register_step("a", stop)
    template = DAGTemplate("t", nodes=[DAGNode("a"), DAGNode("b")])
    tell("interrupted", (await made.runner.execute(template, {"x": 1}, run_id="run-i")).to_dict())


async def children():
    steps = {"k1": go, "k2": go, "w": wait, "fail": fail, "z": go}
    known = [
        DAGTemplate("Kid", domain="kd", nodes=[DAGNode("k1"), DAGNode("k2")], metadata={"workflow_id": "wf_kid"}),
        DAGTemplate("Empty"),
        DAGTemplate("Failing", nodes=[DAGNode("k1"), DAGNode("fail")]),
        DAGTemplate("Waiting", nodes=[DAGNode("k1"), DAGNode("w")]),
    ]
    for name in ("kid", "Empty", "Failing", "Waiting"):
        for metadata in METADATA:
            node = DAGNode("s", "", " SubWorkflow ", {"template_name": name, **metadata})
            template = DAGTemplate("t", nodes=[node, DAGNode("z")])
            runner = layer(*known, **steps).runner
            result = await runner.execute(template, {"x": 1}, actor="me", config={"c": 0}, run_id="run-s")
            tell(f"{name} {metadata}", result.to_dict())
            if not result.waiting or result.wait_event.event_type == "approval":
                continue
            for payload in ENDED_CHILDREN:
                runner = layer(*known, **steps).runner
                ended = await runner.resume(template, resume_state=result.resume_state, resume_event_payload=payload)
                facts = ended.to_dict()
                del facts["proofs"]["s"]["inputs_fingerprint"]  # ours is of what the child was given
                tell(f"{name} ended with {payload}", facts)


def proofs():
    for i, status in enumerate([ProofStatus.COMPLETED, ProofStatus.FAILED, ProofStatus.INTERRUPTED]):
        yield ProofArtifact(f"s{i}", "1.0", f"i{i}", f"o{i}", f"h{i}", "b", status, metrics={"m": i}, created_at=NOON)


def parts():
    made = layer()
    entity = made.entity("employee", "e1")
    for run in ("run-1", "run-2"):
        tell("entity", entity.fold_run(run, {proof.step_id: proof for proof in proofs()}, amount=3).to_dict())
    tell("folded", {run: [proof.step_id for proof in found] for run, found in entity.state().all_proofs.items()})
    tell("checkpoints", [point.to_dict() for point in entity.checkpoints()])
    chain = pgdag.chain_id("payrun", "b")
    tell("links", [made.chains.append(chain, p, "run-1", metadata={"z": 1}).to_dict() for p in proofs()])
    made.chains.get_chain(chain).entries[1].prev_hash = "x"
    report = made.chains.verify(chain)
    tell("broken", [report.length, report.is_healthy, report.break_at_sequence, report.break_reason])
    names = {"source_product": "p", "source_template": "t", "source_run_id": "r", "source_merkle_root": "m"}
    handoff = made.handoff(**names, target_product="q", payload={"a": 1})
    tell("handoff", [handoff.to_dict(), pgdag.validate_upstream_proof(handoff)])
    handoff.payload["a"] = 2
    tell("handoff", pgdag.validate_upstream_proof(handoff))
    reducer = pgdag.Reducer(["s1", "s0", "x"], "run-r")
    tell("reduced", [reducer.fold(proof).to_dict() for proof in proofs()])
    for value in ({}, None, [1, (2,)], {1: 2, 10: 3}, float("nan"), b"x", NOON, "\x7f"):
        tell("fingerprint", pgdag.canonical_fingerprint(value))
    tell("proof", ProofArtifact.from_dict({"created_at": "2026-01-02T03:04:05"}).to_dict())


def drifts():
    for given in (
        {},
        {"current_template_dist": {"a": 1, "b": 2}, "baseline_template_dist": {"a": 3}},
        {"recent_success_rate": 0.7, "baseline_success_rate": 0.9, "recent_yield": 0.2, "baseline_yield": 0.5},
        {"recent_yield": 1, "baseline_yield": 2, "recent_avg_duration_ms": 300, "baseline_avg_duration_ms": 100},
    ):
        tell(f"drift {given}", pgdag.DriftDetector().detect("e", **given).to_dict())


async def lineages():
    for inputs in (
        {"yield_score": 0.3, "entropy_score": 0.78},
        {},
        {"recent_success_rate": 0.2, "baseline_success_rate": 0.9, "recent_yield": 0.1, "baseline_yield": 0.9},
        {"engine_id": "unknown", "yield_score": 0.1, "entropy_score": 0.9},
    ):
        lineage = pgdag.LineageManager()
        lineage.seed("en", "engine:yield")
        made = layer(**pgdag.cdna_mutation_steps(lineage))
        template = pgdag.cdna_mutation_template()
        result = await made.runner.execute(template, {"engine_id": "en", **inputs}, run_id="run-c")
        tell(f"cdna {inputs}", result.to_dict())
        lineage.apply_regime_mutation("en", new_regime="R")
        lineage.apply_manual_mutation("en", reasoning="because")
        tell("timeline", [lineage.evolution_timeline("en"), lineage.all_engines_summary()])


async def main():
    stop_the_clock()
    uuid.uuid4 = lambda: uuid.UUID(int=1)
    await waits()
    await interruptions()
    await children()
    parts()
    drifts()
    await lineages()


if __name__ == "__main__":
    asyncio.run(main())

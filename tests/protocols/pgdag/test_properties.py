"""For random graphs it makes no difference how they run: in order, side by side, killed and resumed, on a cluster."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgdag import (
    DAGEdge,
    DAGNode,
    DAGTemplate,
    Journal,
    PGDAGRunner,
    Reducer,
    ReducerStatus,
    RunResult,
    StepContext,
    canonical_fingerprint,
    canonical_json,
    merkle_root,
    verify,
)

NOON = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INPUTS = {"seed": [1, {"deep": True}]}


@st.composite
def graphs(draw: st.DrawFn, most: int = 9) -> DAGTemplate:
    """Up to so many steps in any list order; edges run along a hidden order, some have conditions."""
    count = draw(st.integers(1, most))
    names = [f"s{i}" for i in range(count)]
    pairs = [(a, b) for b in range(count) for a in range(b)]
    drawn = draw(st.lists(st.sampled_from(pairs), max_size=2 * count)) if pairs else []
    condition = st.sampled_from([None, None, None, "even", "not even", "size > 6", "missing == null"])
    edges = [DAGEdge(names[a], names[b], condition=draw(condition)) for a, b in drawn]
    listed = draw(st.permutations(names))
    return DAGTemplate("random", nodes=[DAGNode(name) for name in listed], edges=edges)


class Effects:
    """The outside world: what each step did to it, by idempotency key; and a crash at one of the calls, if wanted."""

    def __init__(self, crash_at: int | None = None, after: bool = False) -> None:
        self.done: dict[str, str] = {}
        self.calls = 0
        self.crash_at = crash_at
        self.after = after

    def apply(self, ctx: StepContext) -> None:
        self.calls += 1
        crash = self.calls == self.crash_at
        if crash and not self.after:
            raise Crash
        self.done.setdefault(ctx.idempotency_key, canonical_fingerprint(ctx.inputs))
        if crash:
            raise Crash


class Crash(BaseException): ...


def outputs(ctx: StepContext) -> dict[str, Any]:
    """What a step makes of all that it sees, its in-place change included."""
    ctx.inputs["seed"].append(ctx.node_id)
    digest = canonical_fingerprint(ctx.inputs)
    return {ctx.node_id: digest, "even": int(digest, 16) % 2 == 0, "size": len(ctx.inputs), "last": ctx.node_id}


def run(
    template: DAGTemplate, *, width: int, journal: Journal | None = None, effects: Effects | None = None
) -> RunResult:
    world = effects or Effects()

    async def pause_and_go(ctx: StepContext) -> dict[str, Any]:
        for _ in range(int(ctx.node_id[1:]) * 7 % 5):
            await asyncio.sleep(0)
        world.apply(ctx)
        return outputs(ctx)

    runner = PGDAGRunner(max_concurrency=width, journal=journal, clock=lambda: NOON)
    runner.register_steps({node.id: pause_and_go for node in template.nodes})

    async def go() -> RunResult:
        if journal is not None and journal.knows("run-1"):
            return await runner.resume("run-1")
        return await runner.execute(template, INPUTS, run_id="run-1")

    return asyncio.run(go())


def essence(result: RunResult) -> dict[str, Any]:
    """All of a result but its random names and its times."""
    proofs = {step: {k: v for k, v in p.to_dict().items() if k != "block_ref"} for step, p in result.proofs.items()}
    return {
        "status": result.status,
        "proofs": proofs,
        "root": result.merkle_root_hash,
        "outputs": result.final_outputs,
        "skipped": sorted(result.skipped),
        "added": result.step_outputs,
    }


@pytest.mark.promise(
    "pgdag: proofs, root and effects are the same in order, side by side, killed and resumed, and on a cluster"
)
@given(graphs(), st.integers(2, 5))
@settings(deadline=None, max_examples=80)
def test_side_by_side_is_as_one_after_the_other(template: DAGTemplate, width: int) -> None:
    alone, together = Effects(), Effects()
    assert essence(run(template, width=1, effects=alone)) == essence(run(template, width=width, effects=together))
    assert alone.done == together.done


@pytest.mark.promise(
    "pgdag: proofs, root and effects are the same in order, side by side, killed and resumed, and on a cluster"
)
@given(graphs(), st.integers(1, 4), st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_killed_and_resumed_is_as_never_killed(
    template: DAGTemplate, width: int, crashes: list[tuple[int, bool]]
) -> None:
    whole = Effects()
    expected = essence(run(template, width=1, effects=whole))
    done: dict[str, str] = {}
    tries = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "runs.db")
        for crash in [*crashes, None]:
            effects = Effects(*crash) if crash else Effects()
            effects.done = done
            try:
                result = run(template, width=width, journal=journal, effects=effects)
            except Crash:
                continue
            tries.update(effects.done.keys())
        journal.close()
    assert essence(result) == expected
    found = verify({**json.loads(json.dumps(result.to_document())), "template": template.to_dict()})
    assert (found.problems, sorted(found.values)) == ([], sorted(result.proofs))
    assert done == whole.done, "each step's effect is there exactly once"


@pytest.mark.promise("pgdag: whoever has the document of a run can compute its proofs and root again")
@given(graphs())
@settings(deadline=None, max_examples=40)
def test_a_result_can_be_checked_by_anyone(template: DAGTemplate) -> None:
    result = run(template, width=3)
    found = verify({**result.to_document(), "template": template.to_dict()})
    assert (found.problems, found.recomputed) == ([], list(result.proofs))
    assert sorted(found.values) == sorted(result.proofs)
    reducer = Reducer([step for step in template.node_ids if step not in result.skipped])
    state = reducer.fold_many(reversed(list(result.proofs.values())))
    assert (state.merkle_root_hash, state.status) == (result.merkle_root_hash, ReducerStatus.COMPLETE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=6), st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value: dict[str, Any], dice: Any) -> None:
    keys = list(value)
    dice.shuffle(keys)
    assert canonical_fingerprint({key: value[key] for key in keys}) == canonical_fingerprint(value)
    assert canonical_json(value).isascii()


@given(st.lists(st.text(alphabet="0123456789abcdef", min_size=64, max_size=64), max_size=40))
def test_every_leaf_counts_in_a_merkle_root(leaves: list[str]) -> None:
    root = merkle_root(leaves)
    for index in range(len(leaves)):
        changed = [*leaves[:index], "f" * 63 + ("0" if leaves[index][-1] != "0" else "1"), *leaves[index + 1 :]]
        assert (merkle_root(changed) == root) == (changed == leaves)


# -- on a cluster --------------------------------------------------------------------------------------------------


def on_a_worker(ctx: StepContext) -> dict[str, Any]:
    return outputs(ctx)


async def async_on_a_worker(ctx: StepContext) -> dict[str, Any]:
    return outputs(ctx)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    options = {"dashboard_address": None, "processes": False, "protocol": "inproc"}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=2, **options) as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.mark.promise(
    "pgdag: proofs, root and effects are the same in order, side by side, killed and resumed, and on a cluster"
)
@given(template=graphs(most=6))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_on_a_cluster_is_as_here(cluster: Any, template: DAGTemplate) -> None:
    from pgdag import DaskExecutor

    def go(**options: Any) -> RunResult:
        runner = PGDAGRunner(max_concurrency=3, clock=lambda: NOON, **options)
        functions = [on_a_worker, async_on_a_worker]
        runner.register_steps({node.id: functions[i % 2] for i, node in enumerate(template.nodes)})
        return asyncio.run(runner.execute(template, INPUTS, run_id="run-1"))

    assert essence(go(executor=DaskExecutor(cluster))) == essence(go())

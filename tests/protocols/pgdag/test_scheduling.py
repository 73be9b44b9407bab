"""Which steps run, in which order, side by side or not, and what ends a run (protocol sheet §7.2)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pgdag import (
    DAGEdge,
    DAGNode,
    DAGTemplate,
    InterruptionSignal,
    ReducerStatus,
    StepEvent,
    TemplateError,
    build,
)

Play = Callable[..., Any]
Graph = Callable[..., DAGTemplate]

DIAMOND = ("a b c d", "a>b", "a>c", "b>d", "c>d")


# -- order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "edges", "order"),
    [
        ("a b c", [], "a b c"),
        ("e d c b a", ["a>b", "a>c", "b>d", "c>d"], "e a c b d"),
        ("a b c d e f", ["a>d", "b>d", "c>d", "d>e", "d>f"], "a b c d e f"),
        ("a b", ["a>b", "a>b"], "a b"),
        ("", [], ""),
    ],
)
async def test_one_worker_runs_level_by_level_in_list_order(
    graph: Graph, play: Play, steps: Any, nodes: str, edges: list[str], order: str
) -> None:
    result = await play(graph(nodes, *edges))
    assert result.status is ReducerStatus.COMPLETE
    assert steps.ran == order.split()


async def test_a_template_without_steps_is_complete_at_once(graph: Graph, play: Play) -> None:
    result = await play(graph(""))
    assert (result.status, result.merkle_root_hash, result.proofs) == ("complete", "", {})


@pytest.mark.promise("pgdag: a template that cannot run is refused before anything runs")
@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (("a b c d", "a>b", "b>c", "c>a"), r"steps a, b, c wait for each other"),
        (("a b", "a>a"), r"steps a wait for each other"),
        (("a", "zz>a"), r"edge zz -> a names unknown step 'zz'"),
        (("a", "a>zz"), r"edge a -> zz names unknown step 'zz'"),
        (("a a",), r"step id 'a' is used twice"),
        (("interrupted a",), r"step id 'interrupted' is reserved"),
        (("__run_close__",), r"step id '__run_close__' is reserved"),
    ],
)
async def test_a_template_that_cannot_run_is_refused_before_anything_runs(
    graph: Graph, play: Play, steps: Any, template: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(TemplateError, match=problem):
        await play(graph(*template))
    assert steps.ran == []


async def test_all_that_is_wrong_with_a_template_is_said_at_once(graph: Graph, play: Play) -> None:
    with pytest.raises(TemplateError) as caught:
        await play(graph("a a", "a>x", "y>a"))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "metadata", [{"timeout_seconds": "soon"}, {"retry": 3}, {"retry": {"attempts": 0}}, {"timeout_seconds": True}]
)
async def test_a_policy_that_makes_no_sense_is_refused(graph: Graph, play: Play, metadata: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"step 'a': metadata\."):
        await play(graph([DAGNode("a", metadata=metadata)]))


@pytest.mark.promise("pgdag: a template that cannot run is refused before anything runs")
async def test_steps_without_a_function_fail_the_run_before_anything_runs(graph: Graph, play: Play, steps: Any) -> None:
    result = await play(graph("a b c"), only=["a"])

    assert result.status is ReducerStatus.FAILED
    assert steps.ran == []
    assert {step: proof.metrics["error"] for step, proof in result.proofs.items()} == {
        "b": "Step function not registered: b",
        "c": "Step function not registered: c",
    }
    assert {proof.proof_hash for proof in result.proofs.values()} == {""}


async def test_a_failing_step_ends_the_run(graph: Graph, play: Play, steps: Any) -> None:
    result = await play(graph("a b c d", "a>b", "a>c", "b>d"), b=ValueError("nope"))

    assert result.status is ReducerStatus.FAILED
    assert steps.ran == ["a", "b"]
    assert list(result.proofs) == ["a", "b"]
    assert result.proofs["b"].metrics["error"] == "nope"
    assert result.node_results["b"].error == "nope"


# -- data ----------------------------------------------------------------------------------------------------------


async def test_what_a_step_returns_flows_to_the_steps_that_depend_on_it(graph: Graph, play: Play, steps: Any) -> None:
    await play(graph(*DIAMOND), {"x": 0}, b={"from_b": 1}, c={"from_c": 2})

    assert steps.seen["a"] == {"x": 0}
    assert {"from_c"} & set(steps.seen["b"]) == set()
    assert {"from_b"} & set(steps.seen["c"]) == set()
    assert steps.seen["d"]["from_b"] == 1
    assert steps.seen["d"]["from_c"] == 2
    assert {key for key in steps.seen["d"] if key.startswith("b_")} == {
        "b_proof_hash",
        "b_anchor_hash",
        "b_anchor_type",
        "b_outputs_fingerprint",
    }


async def test_a_step_reads_a_distant_ancestor(graph: Graph, play: Play, steps: Any) -> None:
    await play(graph("a b c", "a>b", "b>c"), a={"origin": "a"})
    assert steps.seen["c"]["origin"] == "a"


async def test_of_two_that_set_a_key_the_later_in_the_order_wins(graph: Graph, play: Play, steps: Any) -> None:
    result = await play(graph("a c b d", "a>b", "a>c", "b>d", "c>d"), b={"who": "b"}, c={"who": "c"})
    assert steps.seen["d"]["who"] == "b"
    assert result.final_outputs["who"] == "b"


async def test_setting_a_key_to_what_it_was_counts_too(graph: Graph, play: Play, steps: Any) -> None:
    await play(graph("a b c d", "a>b", "a>c", "b>d", "c>d"), {"who": "nobody"}, b={"who": "b"}, c={"who": "nobody"})
    assert steps.seen["d"]["who"] == "nobody"


async def test_values_changed_in_place_flow_too(graph: Graph, play: Play, steps: Any) -> None:
    def change(ctx: Any) -> None:
        ctx.inputs["list"].append(2)
        ctx.inputs["new"] = True

    given = {"list": [1]}
    result = await play(graph("a b"), given, a=change)

    assert steps.seen["b"]["list"] == [1, 2]
    assert steps.seen["b"]["new"] is True
    assert given == {"list": [1]}
    assert result.node_results["a"].outputs["new"] is True


async def test_a_step_that_changes_what_it_was_given_changes_nobody_elses(graph: Graph, play: Play, steps: Any) -> None:
    def spoil(ctx: Any) -> None:
        ctx.inputs["deep"]["list"].clear()

    await play(graph("a b c", "a>b", "a>c"), a={"deep": {"list": [1]}}, b=spoil)
    assert steps.seen["c"]["deep"] == {"list": [1]}


async def test_a_step_that_changes_what_it_returned_changes_nothing_any_more(
    graph: Graph, play: Play, steps: Any
) -> None:
    kept: list[int] = []

    def late(ctx: Any) -> None:
        kept.append(1)

    await play(graph("a b c"), a={"kept": kept}, b=late)
    assert steps.seen["c"]["kept"] == []


async def test_values_nested_too_deep_fail_their_step(graph: Graph, play: Play) -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    result = await play(graph("a b"), a={"deep": deep})
    assert list(result.proofs) == ["a"]
    assert result.status is ReducerStatus.FAILED


@pytest.mark.parametrize("nothing", [None, {}])
async def test_returning_nothing_adds_nothing(graph: Graph, play: Play, nothing: Any) -> None:
    result = await play(graph("a"), {"x": 1}, a=nothing)
    assert result.status is ReducerStatus.COMPLETE
    assert result.final_outputs == {"x": 1}
    assert result.proofs["a"].outputs_fingerprint == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("wrong", [[("a", 1)], "text", 7])
async def test_returning_something_else_fails_the_step_once(graph: Graph, play: Play, wrong: Any) -> None:
    result = await play(graph("a"), a=wrong)
    assert result.status is ReducerStatus.FAILED
    assert "returns a mapping or None" in result.proofs["a"].metrics["error"]


async def test_outputs_that_cannot_be_fingerprinted_fail_the_step(graph: Graph, play: Play) -> None:
    result = await play(graph("a"), a={"bad": {"x": 1, 2: 3}})
    assert result.status is ReducerStatus.FAILED


async def test_inputs_are_required_and_must_have_sortable_keys(graph: Graph, play: Play) -> None:
    with pytest.raises(TypeError):
        await build().runner.execute(graph(""), None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await play(graph("a"), {"a": 1, 2: 2})


async def test_a_step_is_told_who_where_and_which(graph: Graph, play: Play, steps: Any) -> None:
    told: list[Any] = []
    config = {"k": 1}
    await play(graph("a b", "a>b"), actor="me", config=config, run_id="run-7", b=told.append)
    context = told[0]
    assert (context.actor, context.run_id, context.node_id, context.attempt) == ("me", "run-7", "b", 1)
    assert context.config is config
    assert context.idempotency_key == "run-7:b"
    assert context.slot_id.startswith("local-")
    assert list(context.prior_proofs) == ["a"]


async def test_the_shared_blackboard_shows_every_step_all_that_ran_before_it(
    graph: Graph, play: Play, steps: Any
) -> None:
    await play(graph("a b c", "a>c"), a={"x": 1}, b={"y": 2}, options={"shared_blackboard": True})
    assert steps.seen["b"]["x"] == 1
    assert steps.seen["c"]["y"] == 2
    with pytest.raises(ValueError, match="max_concurrency=1"):
        build(shared_blackboard=True, max_concurrency=2)


# -- conditions ----------------------------------------------------------------------------------------------------


async def test_an_edge_whose_condition_is_false_skips_its_target_and_all_behind_it(
    graph: Graph, play: Play, steps: Any
) -> None:
    template = graph(
        "check approve reject notify",
        DAGEdge("check", "approve", condition="score >= 0.5"),
        DAGEdge("check", "reject", condition="score < 0.5"),
        "reject>notify",
    )

    result = await play(template, check={"score": 0.9})

    assert result.status is ReducerStatus.COMPLETE
    assert steps.ran == ["check", "approve"]
    assert result.skipped == ["reject", "notify"]
    assert list(result.proofs) == ["check", "approve"]


async def test_a_join_runs_when_one_of_its_branches_was_taken(graph: Graph, play: Play, steps: Any) -> None:
    template = graph(
        "check left right join",
        DAGEdge("check", "left", condition="go == 'left'"),
        DAGEdge("check", "right", condition="go == 'right'"),
        "left>join",
        "right>join",
    )
    result = await play(template, check={"go": "right"})
    assert steps.ran == ["check", "right", "join"]
    assert result.skipped == ["left"]
    assert result.success


async def test_a_condition_sees_all_that_its_source_knew(graph: Graph, play: Play, steps: Any) -> None:
    template = graph("a b c", "a>b", DAGEdge("b", "c", condition="approved and region == 'eu' and limit > 5"))
    await play(template, {"limit": 6}, a={"approved": True}, b={"region": "eu"})
    assert steps.ran == ["a", "b", "c"]


async def test_a_condition_that_is_none_is_refused(graph: Graph, play: Play) -> None:
    with pytest.raises(TemplateError, match='edge a -> b: condition part "open'):
        await play(graph("a b", DAGEdge("a", "b", condition="open('/etc/passwd')")))


@pytest.mark.parametrize("label", ["join", "fork", "on_success", "always"])
async def test_labels_are_conditions_that_always_hold(graph: Graph, play: Play, steps: Any, label: str) -> None:
    edge = DAGEdge("a", "b", condition=label)
    assert edge.edge_type == label
    await play(graph("a b", edge))
    assert steps.ran == ["a", "b"]


# -- side by side --------------------------------------------------------------------------------------------------


FAN = ("root a b c", "root>a", "root>b", "root>c")


class Meeting:
    """Steps that go on only when so many of them are there at the same time."""

    def __init__(self, number: int) -> None:
        self.barrier = asyncio.Barrier(number)

    async def step(self, ctx: Any) -> dict[str, Any]:
        if ctx.node_id != "root":
            await self.barrier.wait()
        return {ctx.node_id: True}


async def test_steps_whose_prerequisites_are_complete_run_at_the_same_time(graph: Graph) -> None:
    meeting = Meeting(3)
    runner = build(max_concurrency=3).runner
    runner.register_steps(dict.fromkeys(["root", "a", "b", "c"], meeting.step))
    async with asyncio.timeout(5):
        result = await runner.execute(graph(*FAN), {})
    assert result.success


async def test_no_more_steps_run_at_once_than_allowed(graph: Graph) -> None:
    now = most = 0

    async def step(ctx: Any) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    names = [f"s{i}" for i in range(20)]
    runner = build(max_concurrency=4).runner
    runner.register_steps(dict.fromkeys(names, step))
    assert (await runner.execute(graph(" ".join(names), *(f"s0>{name}" for name in names[1:])), {})).success
    assert most == 4


async def test_a_step_starts_without_waiting_for_others_of_its_level(graph: Graph) -> None:
    """`slow` and `quick` are of one level; what follows `quick` runs while `slow` is still at it."""
    follower_ran = asyncio.Event()

    async def slow(ctx: Any) -> None:
        await follower_ran.wait()

    async def follow(ctx: Any) -> None:
        follower_ran.set()

    async def nothing(ctx: Any) -> None: ...

    runner = build(max_concurrency=2).runner
    runner.register_steps({"root": nothing, "slow": slow, "quick": nothing, "follower": follow})
    template = graph("root slow quick follower", "root>slow", "root>quick", "quick>follower")
    async with asyncio.timeout(5):
        assert (await runner.execute(template, {})).success


async def test_a_failure_lets_running_steps_end_and_starts_no_more(graph: Graph) -> None:
    failed = asyncio.Event()

    async def fail(ctx: Any) -> None:
        failed.set()
        raise ValueError("no")

    async def finish(ctx: Any) -> dict[str, Any]:
        await failed.wait()
        return {"finished": True}

    async def nothing(ctx: Any) -> None: ...

    runner = build(max_concurrency=2).runner
    runner.register_steps({"root": nothing, "a": fail, "b": finish, "c": nothing})
    result = await runner.execute(graph(*FAN), {})
    assert {step: proof.status.value for step, proof in result.proofs.items()} == {
        "root": "completed",
        "a": "failed",
        "b": "completed",
    }
    assert result.final_outputs["finished"] is True


async def test_plain_functions_run_in_threads_side_by_side(graph: Graph) -> None:
    barrier = threading.Barrier(3, timeout=5)
    threads: set[str] = set()

    def step(ctx: Any) -> dict[str, Any]:
        if ctx.node_id != "root":
            barrier.wait()
        threads.add(threading.current_thread().name)
        return {ctx.node_id: 1}

    with build(max_concurrency=3).runner as runner:
        runner.register_steps(dict.fromkeys(["root", "a", "b", "c"], step))
        result = await runner.execute(graph(*FAN), {})
    assert result.final_outputs["c"] == 1
    assert threading.main_thread().name not in threads


async def test_a_plain_function_that_raises_stop_iteration_fails(graph: Graph) -> None:
    with build().runner as runner:
        runner.register_step("a", lambda ctx: next(iter([])))
        async with asyncio.timeout(5):
            result = await runner.execute(graph("a"), {})
    assert result.proofs["a"].metrics["error"] == "the step raised StopIteration"


async def test_one_runner_runs_many_runs_at_once(graph: Graph) -> None:
    meeting = asyncio.Barrier(10)

    async def step(ctx: Any) -> dict[str, Any]:
        await meeting.wait()
        return {"mine": ctx.inputs["n"]}

    runner = build(max_concurrency=1).runner
    runner.register_step("a", step)
    async with asyncio.timeout(5):
        results = await asyncio.gather(*(runner.execute(graph("a"), {"n": n}) for n in range(10)))
    assert [result.final_outputs["mine"] for result in results] == list(range(10))
    assert len({result.slot_id for result in results}) == 10


@pytest.mark.parametrize("wrong", [0, -1])
def test_there_is_at_least_one_worker(wrong: int) -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        build(max_concurrency=wrong)


# -- time, retries, cancellation -----------------------------------------------------------------------------------


async def test_a_step_that_takes_too_long_fails(graph: Graph, play: Play) -> None:
    async def hang(ctx: Any) -> None:
        await asyncio.Event().wait()

    runner = build().runner
    runner.register_step("a", hang)
    result = await runner.execute(graph([DAGNode("a", metadata={"timeout_seconds": 0.01})]), {})
    assert result.proofs["a"].metrics["error"] == "step took longer than 0.01 s"


async def test_a_plain_function_learns_that_its_time_is_up(graph: Graph) -> None:
    learned = threading.Event()

    def work(ctx: Any) -> None:
        assert ctx.cancelled.wait(5)
        learned.set()

    with build().runner as runner:
        runner.register_step("a", work)
        result = await runner.execute(graph([DAGNode("a", metadata={"timeout_seconds": 0.01})]), {})
        assert learned.wait(5)
    assert result.status is ReducerStatus.FAILED


async def test_a_step_is_tried_again_as_its_node_says(graph: Graph, play: Play, steps: Any, nap: Any) -> None:
    events: list[StepEvent] = []

    def flaky(ctx: Any) -> dict[str, Any]:
        assert ctx.inputs == {"deep": []}  # what a failed try left behind is gone
        ctx.inputs["half"] = True
        ctx.inputs["deep"].append(1)
        if ctx.attempt < 3:
            raise ConnectionError(f"try {ctx.attempt}")
        return {"tries": ctx.attempt}

    retry = {"attempts": 3, "backoff_seconds": 1, "factor": 3, "max_seconds": 2.5}
    template = graph([DAGNode("a", metadata={"retry": retry})])
    result = await play(template, {"deep": []}, a=flaky, options={"on_event": events.append})

    assert result.final_outputs["tries"] == 3
    assert steps.ran == ["a", "a", "a"]
    assert nap.seconds == [1, 2.5]
    assert [(e.kind, e.attempt, e.error) for e in events if e.kind == "retrying"] == [
        ("retrying", 1, "try 1"),
        ("retrying", 2, "try 2"),
    ]


async def test_after_the_last_try_the_step_has_failed(graph: Graph, play: Play, steps: Any) -> None:
    retry = {"attempts": 2}
    result = await play(graph([DAGNode("a", metadata={"retry": retry})]), a=ConnectionError("down"))
    assert steps.ran == ["a", "a"]
    assert result.proofs["a"].metrics["error"] == "down"


@pytest.mark.promise("pgdag: cancelling a run reaches its steps")
async def test_cancelling_a_run_reaches_its_steps(graph: Graph) -> None:
    started, ended = asyncio.Event(), threading.Event()
    cancelled = False

    async def hang(ctx: Any) -> None:
        nonlocal cancelled
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    def work(ctx: Any) -> None:
        ctx.cancelled.wait(5)
        ended.set()

    async def nothing(ctx: Any) -> None: ...

    with build(max_concurrency=2).runner as runner:
        runner.register_steps({"root": nothing, "a": work, "b": hang})
        run = asyncio.create_task(runner.execute(graph("root a b", "root>a", "root>b"), {}))
        await started.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert cancelled
        assert ended.wait(5)


# -- interruption --------------------------------------------------------------------------------------------------


async def test_an_interruption_lets_the_level_that_has_begun_finish(graph: Graph, play: Play, steps: Any) -> None:
    layer = build(max_concurrency=1)
    signal = InterruptionSignal("stop", signal_hash="sig", source="ops", reason="lunch")

    def stop(ctx: Any) -> None:
        layer.interruption.trigger(signal)

    result = await play(graph("r a b c d", "r>a", "r>b", "a>c", "b>d"), layer=layer, a=stop)

    assert result.status is ReducerStatus.INTERRUPTED
    assert steps.ran == ["r", "a", "b"]
    proof = result.proofs["interrupted"]
    assert proof.inputs_fingerprint == "interrupt:run-1:b"
    assert proof.proof_hash == "sig"
    assert proof.metrics["signal"]["reason"] == "lunch"
    assert list(result.proofs) == ["r", "a", "b", "interrupted"]


async def test_a_linear_run_is_interrupted_between_steps(graph: Graph, play: Play, steps: Any) -> None:
    layer = build()

    def stop(ctx: Any) -> None:
        layer.interruption.trigger(InterruptionSignal("stop"))

    result = await play(graph("a b c"), layer=layer, a=stop)
    assert steps.ran == ["a"]
    assert result.status is ReducerStatus.INTERRUPTED


async def test_a_signal_from_before_the_run_is_lost(graph: Graph, play: Play) -> None:
    layer = build()
    layer.interruption.trigger(InterruptionSignal("stop"))
    assert (await play(graph("a"), layer=layer)).success


async def test_a_signal_stops_the_runs_under_way_and_no_later_one(graph: Graph) -> None:
    layer, reached, go = build(max_concurrency=1), asyncio.Event(), asyncio.Event()

    async def step(ctx: Any) -> None:
        if ctx.run_id == "first":
            reached.set()
            await go.wait()

    layer.runner.register_steps(dict.fromkeys("ab", step))
    first = asyncio.create_task(layer.runner.execute(graph("a b"), {}, run_id="first"))
    await reached.wait()
    layer.interruption.trigger(InterruptionSignal("stop"))
    second = await layer.runner.execute(graph("a b"), {"n": 2}, run_id="second")
    go.set()
    assert second.status is ReducerStatus.COMPLETE
    assert (await first).status is ReducerStatus.INTERRUPTED


async def test_one_can_wait_for_a_signal() -> None:
    handler = build().interruption
    assert await handler.wait(0.001) is False
    waiting = asyncio.create_task(handler.wait(5))
    await asyncio.sleep(0)
    handler.trigger(InterruptionSignal("stop"))
    assert await waiting is True
    assert await handler.wait() is True


# -- again ---------------------------------------------------------------------------------------------------------


async def test_equal_steps_are_not_run_twice_by_one_layer(graph: Graph, play: Play, steps: Any, still: Any) -> None:
    layer = build(clock=still)
    first = await play(graph("a b", "a>b"), {"x": 1}, layer=layer, a={"y": 2})
    second = await play(graph("a b", "a>b"), {"x": 1}, layer=layer, run_id="run-2", a={"y": 2})

    assert steps.ran == ["a", "b"]
    assert second.merkle_root_hash == first.merkle_root_hash
    assert second.final_outputs == first.final_outputs
    assert layer.gate.size == 2


async def test_what_a_step_changed_deep_down_is_restored_with_it(graph: Graph, play: Play, steps: Any) -> None:
    def change(ctx: Any) -> None:
        ctx.inputs["deep"]["list"].append(1)

    layer = build()
    for run_id in ("run-1", "run-2"):
        result = await play(graph("a"), {"deep": {"list": []}}, layer=layer, run_id=run_id, a=change)
        assert result.final_outputs["deep"] == {"list": [1]}
    assert steps.ran == ["a"]


async def test_a_failed_step_is_tried_again_by_the_next_run(graph: Graph, play: Play, steps: Any) -> None:
    layer = build()
    await play(graph("a"), layer=layer, a=ValueError("no"))
    result = await play(graph("a"), layer=layer, a={"ok": 1})
    assert steps.ran == ["a", "a"]
    assert result.success


# -- what is told --------------------------------------------------------------------------------------------------


async def test_each_step_is_told_of_as_it_starts_and_ends(graph: Graph, play: Play) -> None:
    events: list[StepEvent] = []
    template = graph("a b c", DAGEdge("a", "b", condition="go"), "a>c")
    await play(template, a={"go": False}, c=ValueError("no"), options={"on_event": events.append})
    assert [(event.kind, event.step_id) for event in events] == [
        ("started", "a"),
        ("completed", "a"),
        ("skipped", "b"),
        ("started", "c"),
        ("failed", "c"),
    ]
    assert events[-1].error == "no"


async def test_a_listener_that_raises_does_no_harm(graph: Graph, play: Play) -> None:
    def listen(event: StepEvent) -> None:
        raise RuntimeError("deaf")

    assert (await play(graph("a"), options={"on_event": listen})).success


async def test_a_result_as_a_document(graph: Graph, play: Play) -> None:
    result = await play(graph("a", name="named"), a={"x": 1})
    document = result.to_dict()
    assert list(document) == [
        "run_id",
        "template_name",
        "status",
        "proofs",
        "merkle_root_hash",
        "slot_id",
        "slot_receipt_id",
        "slot_attestation_status",
        "blocks_composed",
        "blocks_attested",
        "blocks_attestation_enqueued",
        "compose_receipts",
        "native_proof_chain",
        "slot_close_result",
        "started_at",
        "completed_at",
        "waiting",
        "wait_event",
        "final_outputs",
        "resume_state",
    ]
    assert (document["template_name"], document["status"], document["waiting"]) == ("named", "complete", False)
    again = type(result).from_dict(result.to_document())
    assert again.to_document() == result.to_document()
    assert again.proofs == result.proofs

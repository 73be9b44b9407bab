"""Runs that outlive their process: journal, resume, and kill -9 at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import re
import runpy
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pgdag import (
    DAGEdge,
    DAGNode,
    DAGTemplate,
    InterruptionSignal,
    Journal,
    JournalError,
    NotJsonError,
    ReducerStatus,
    RunTakenOverError,
    StepContext,
    WaitForEvent,
    build,
)

Graph = Callable[..., DAGTemplate]
LIFE = Path(__file__).parent / "life.py"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "deep" / "runs.db")
    yield made
    made.close()


class Crash(BaseException):
    """What a step raises to take its run down as a crash would: nothing is sealed, nothing is tidied."""


@pytest.fixture
def begin(steps: Any, still: Any, journal: Journal) -> Callable[..., Any]:
    """A runner with the journal, whose steps are those of `template`."""

    def make(template: DAGTemplate, *, width: int = 1, **special: Any) -> Any:
        runner = build(journal=journal, max_concurrency=width, clock=still).runner
        runner.register_steps(steps.all(template, **special))
        return runner

    return make


async def crash(runner: Any, template: DAGTemplate, inputs: dict[str, Any] | None = None, **more: Any) -> None:
    with pytest.raises(Crash):
        await runner.execute(template, inputs or {}, run_id="run-1", **more)


async def test_a_run_goes_on_where_it_stopped(graph: Graph, begin: Any, steps: Any, still: Any) -> None:
    template = graph("a b c d", "a>b", "a>c", "b>d", "c>d")
    await crash(begin(template, c=Crash()), template, {"x": 1}, actor="me", config={"k": [1]})
    assert steps.ran == ["a", "b", "c"]
    told: list[StepContext] = []

    result = await begin(template, c=told.append).resume("run-1")

    assert steps.ran == ["a", "b", "c", "c", "d"]
    assert result.success
    assert (told[0].actor, told[0].config, told[0].idempotency_key) == ("me", {"k": [1]}, "run-1:c")
    whole = build(clock=still).runner
    whole.register_steps(steps.all(template, c=None))
    assert result.merkle_root_hash == (await whole.execute(template, {"x": 1}, actor="me")).merkle_root_hash
    assert list(result.node_results) == ["a", "b", "c", "d"]
    assert result.node_results["a"].outputs == {"a": True}
    assert result.seal_documents.keys() == result.proofs.keys()


async def test_a_run_that_has_ended_answers_its_result_again(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a b")
    runner = begin(template)
    first = await runner.execute(template, {}, run_id="run-1")
    again = await runner.resume("run-1")
    assert again.to_document() == first.to_document()
    assert steps.ran == ["a", "b"]


async def test_failed_steps_are_tried_again_when_asked_for(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a b c")
    failed = await begin(template, b=ValueError("no")).execute(template, {}, run_id="run-1")
    assert failed.status is ReducerStatus.FAILED
    assert (await begin(template).resume("run-1")).status is ReducerStatus.FAILED
    result = await begin(template).resume("run-1", retry_failed=True)
    assert result.success
    assert steps.ran == ["a", "b", "b", "c"]


async def test_failed_steps_of_children_are_tried_again_too(begin: Any, steps: Any) -> None:
    child = DAGTemplate("child", nodes=[DAGNode("c1"), DAGNode("c2")])
    node = DAGNode("sub", step_type="subworkflow", metadata={"template": "child"})
    template = DAGTemplate("parent", nodes=[node, DAGNode("z")])
    for outcome in (ValueError("no"), {"c2": 1}):
        runner = begin(template)
        runner.register_template(child)
        runner.register_steps({"c1": steps({}), "c2": steps(outcome)})
        if isinstance(outcome, ValueError):
            assert not (await runner.execute(template, {}, run_id="run-1")).success
    assert (await runner.resume("run-1", retry_failed=True)).success
    assert steps.ran == ["c1", "c2", "c2", "z"]


async def test_a_failure_from_before_a_crash_still_ends_the_run(graph: Graph, begin: Any, steps: Any) -> None:
    """`b` fails while `c` goes down with the process: the resumed run knows of the failure and starts nothing."""
    template = graph("r b c z", "r>b", "r>c", "b>z")
    failed = asyncio.Event()

    async def go_down(ctx: StepContext) -> None:
        await failed.wait()
        raise Crash

    runner = begin(template, width=2, b=ValueError("no"))
    runner.register_step("c", go_down)
    runner.on_event = lambda event: failed.set() if event.kind == "failed" else None
    await crash(runner, template)
    result = await begin(template).resume("run-1")
    assert result.status is ReducerStatus.FAILED
    assert "z" not in steps.ran


async def test_the_id_of_a_run_is_taken_once(graph: Graph, begin: Any) -> None:
    template = graph("a")
    runner = begin(template)
    await runner.execute(template, {}, run_id="run-1")
    with pytest.raises(JournalError, match=r"resume\('run-1'\)"):
        await runner.execute(template, {}, run_id="run-1")


async def test_a_run_that_the_journal_does_not_know(begin: Any, graph: Graph) -> None:
    with pytest.raises(KeyError, match="run-9"):
        await begin(graph("a")).resume("run-9")


async def test_skipped_steps_stay_skipped(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a no b c", DAGEdge("a", "no", condition="never"), "a>b", "b>c")
    await crash(begin(template, b=Crash()), template)
    result = await begin(template).resume("run-1")
    assert result.success
    assert result.skipped == ["no"]
    assert "no" not in steps.ran


async def test_an_interrupted_run_can_go_on(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a b")
    runner = begin(template, a=lambda ctx: runner.interruption_handler.trigger(InterruptionSignal("stop")))
    assert (await runner.execute(template, {}, run_id="run-1")).status is ReducerStatus.INTERRUPTED
    result = await begin(template).resume("run-1")
    assert result.success
    assert steps.ran == ["a", "b"]
    assert "interrupted" not in result.proofs


def until(key: str) -> Callable[[StepContext], Any]:
    def step(ctx: StepContext) -> dict[str, Any]:
        if key not in ctx.inputs:
            raise WaitForEvent("approval", "k")
        return {"got": ctx.inputs[key]}

    return step


async def test_a_wait_is_in_the_journal_and_its_event_too(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a w z")
    waiting = await begin(template, w=until("ok")).execute(template, {}, run_id="run-1")
    assert waiting.waiting
    assert (await begin(template).resume("run-1")).waiting

    def went_down(ctx: StepContext) -> None:
        assert ctx.inputs["ok"] == 7
        raise Crash

    with pytest.raises(Crash):
        await begin(template, w=went_down).resume("run-1", resume_event_payload={"ok": 7})
    result = await begin(template, w=until("ok")).resume("run-1")  # the event came before the crash

    assert result.success
    assert result.final_outputs["got"] == 7
    assert steps.ran == ["a", "w", "w", "w", "z"]


async def test_a_document_is_no_better_than_the_journal(graph: Graph, begin: Any, steps: Any) -> None:
    """Resumed twice from one document: the second time, what the first sealed is not run again."""
    template = graph("w a b")
    waiting = await begin(template, w=until("ok")).execute(template, {}, run_id="run-1")
    document = waiting.resume_state
    with pytest.raises(Crash):
        await begin(template, w=until("ok"), b=Crash()).resume(
            template, resume_state=document, resume_event_payload={"ok": 1}
        )
    result = await begin(template).resume(template, resume_state=document, resume_event_payload={"ok": 2})
    assert result.success
    assert steps.ran == ["w", "w", "a", "b", "b"]
    assert result.final_outputs["got"] == 1


async def test_a_run_resumed_from_a_document_enters_the_journal_with_its_past(
    graph: Graph, begin: Any, play: Any, steps: Any
) -> None:
    template = graph("a w z")
    waiting = await play(template, w=until("ok"))
    with pytest.raises(Crash):
        await begin(template, w=until("ok"), z=Crash()).resume(
            template, resume_state=waiting.resume_state, resume_event_payload={"ok": 1}
        )
    result = await begin(template).resume("run-1")
    assert result.success
    assert steps.ran == ["a", "w", "w", "z", "z"]


async def test_children_go_on_where_they_stopped(graph: Graph, begin: Any, steps: Any) -> None:
    child = DAGTemplate("child", nodes=[DAGNode("c1"), DAGNode("c2")])
    node = DAGNode("sub", step_type="subworkflow", metadata={"template": "child"})
    template = DAGTemplate("parent", nodes=[DAGNode("a"), node, DAGNode("z")])
    functions = {"c1": steps({"c1": 1}), "c2": steps(Crash())}
    runner = begin(template)
    runner.register_template(child)
    runner.register_steps(functions)
    await crash(runner, template)

    runner = begin(template)
    runner.register_template(child)
    runner.register_steps({"c1": steps({"c1": 1}), "c2": steps({"c2": 2})})
    result = await runner.resume("run-1")

    assert result.success
    assert steps.ran == ["a", "c1", "c2", "c2", "z"]


async def test_a_background_child_that_has_ended_ends_its_parents_wait(
    journal: Journal, begin: Any, steps: Any
) -> None:
    child = DAGTemplate("child", nodes=[DAGNode("c")])
    data = {"template": "child", "mode": "async", "async_launch_mode": "background"}
    template = DAGTemplate("parent", nodes=[DAGNode("sub", step_type="subworkflow", metadata=data), DAGNode("z")])
    runner = begin(template)
    runner.register_template(child)
    runner.register_step("c", steps({"from_child": 1}))
    waiting = await runner.execute(template, {}, run_id="run-1")
    assert waiting.wait_event is not None
    await asyncio.gather(*runner.background_tasks)
    result = await runner.resume("run-1")
    assert result.success
    assert result.final_outputs["from_child"] == 1


# -- what can be kept ----------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"when": {1, 2}}, r"what step 'a' returned\.when is of type set"),
        ({"deep": [{"x": b"1"}]}, r"what step 'a' returned\.deep\[0\]\.x is of type bytes"),
        ({"n": {1: 2}}, r"key 1 of what step 'a' returned\.n is of type int"),
        ({"c": Colour.RED}, r"what step 'a' returned\.c is of type Colour"),
    ],
)
async def test_a_step_that_returns_what_json_cannot_hold_fails(
    graph: Graph, begin: Any, value: Any, problem: str
) -> None:
    template = graph("a")
    result = await begin(template, a=value).execute(template, {}, run_id="run-1")
    assert result.status is ReducerStatus.FAILED
    assert re.search(problem, result.proofs["a"].metrics["error"])


async def test_a_wait_that_json_cannot_hold_fails_its_step(graph: Graph, begin: Any) -> None:
    template = graph("a")
    waiting = WaitForEvent("e", "k", partial_outputs={"bad": object()})
    result = await begin(template, a=waiting).execute(template, {}, run_id="run-1")
    assert result.status is ReducerStatus.FAILED
    assert "what step 'a' waits for.partial_outputs.bad is of type object" in result.proofs["a"].metrics["error"]


@pytest.mark.parametrize("where", ["inputs", "config"])
async def test_a_run_that_json_cannot_hold_is_refused_before_anything_runs(
    graph: Graph, begin: Any, steps: Any, where: str
) -> None:
    template = graph("a")
    given: dict[str, Any] = {"inputs": {}, "config": {}, where: {"bad": object()}}
    with pytest.raises(NotJsonError, match=r"bad is of type object, which a journal cannot keep"):
        await begin(template).execute(template, given["inputs"], config=given["config"])
    assert steps.ran == []


async def test_the_next_steps_see_what_a_resumed_run_would_see(graph: Graph, begin: Any, steps: Any) -> None:
    template = graph("a b")
    await begin(template, a={"pair": (1, 2)}).execute(template, {}, run_id="run-1")
    assert steps.seen["b"]["pair"] == [1, 2]


async def test_templates_in_the_configuration_are_kept(graph: Graph, begin: Any, steps: Any) -> None:
    child = DAGTemplate("child", nodes=[DAGNode("c")])
    template = DAGTemplate("p", nodes=[DAGNode("a"), DAGNode("sub", step_type="subworkflow")])
    runner = begin(template, a=Crash())
    await crash(runner, template, config={"subworkflow_templates": {"sub": child}})
    runner = begin(template)
    runner.register_step("c", steps({}))
    assert (await runner.resume("run-1")).success


# -- owners and files ----------------------------------------------------------------------------------------------


async def test_who_resumes_a_run_takes_it_over(graph: Graph, begin: Any, journal: Journal, steps: Any) -> None:
    """A run resumed elsewhere while it still runs here: here it stops at its next seal, and nothing is sealed twice."""
    template = graph("a b c")
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow(ctx: StepContext) -> dict[str, Any]:
        reached.set()
        await go.wait()
        return {"b": "here"}

    here = begin(template)
    here.register_step("b", slow)
    running = asyncio.create_task(here.execute(template, {}, run_id="run-1"))
    await reached.wait()

    result = await begin(template, b={"b": "there"}).resume("run-1")
    go.set()

    with pytest.raises(RunTakenOverError, match="run-1"):
        await running
    assert result.success
    assert result.final_outputs["b"] == "there"
    assert steps.ran == ["a", "b", "c"]


async def test_a_runner_does_not_resume_what_it_is_running(graph: Graph, begin: Any) -> None:
    template = graph("a")
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow(ctx: StepContext) -> None:
        reached.set()
        await go.wait()

    runner = begin(template)
    runner.register_step("a", slow)
    running = asyncio.create_task(runner.execute(template, {}, run_id="run-1"))
    await reached.wait()
    with pytest.raises(JournalError, match="running here already"):
        await runner.resume("run-1")
    go.set()
    assert (await running).success


async def test_a_journal_lists_and_forgets_runs(graph: Graph, begin: Any, journal: Journal) -> None:
    template = graph("a b")
    await crash(begin(template, b=Crash()), template)
    await begin(template).execute(template, {}, run_id="run-2")
    assert journal.runs() == ["run-1", "run-2"]
    assert journal.runs(unfinished=True) == ["run-1"]
    journal.forget("run-1")
    assert journal.runs() == ["run-2"]
    assert not journal.knows("run-1")


def test_a_journal_is_durable(journal: Journal) -> None:
    with sqlite3.connect(journal.path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_journal_of_a_later_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.db") as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(JournalError, match="newer pgdag"):
        Journal(tmp_path / "runs.db")


async def test_steps_that_end_together_share_a_commit(graph: Graph, begin: Any, journal: Journal) -> None:
    names = [f"s{i}" for i in range(64)]
    template = graph(" ".join(["r", *names]), *(f"r>{name}" for name in names))
    runner = begin(template, width=64)
    commits = Counter[str]()
    journal._connection.set_trace_callback(lambda statement: commits.update([statement.split()[0]]))
    assert (await runner.execute(template, {}, run_id="run-1")).success
    assert commits["COMMIT"] < 60


async def test_a_disk_that_fails_ends_the_run_and_keeps_what_was_sealed(
    graph: Graph, begin: Any, journal: Journal, steps: Any
) -> None:
    template = graph("a b c")

    def pull_the_plug(ctx: StepContext) -> None:
        journal._connection.execute("PRAGMA query_only=ON")

    with pytest.raises(sqlite3.OperationalError):
        await begin(template, b=pull_the_plug).execute(template, {}, run_id="run-1")
    journal._connection.execute("PRAGMA query_only=OFF")
    result = await begin(template).resume("run-1")
    assert result.success
    assert steps.ran == ["a", "b", "b", "c"]


# -- kill -9 -------------------------------------------------------------------------------------------------------


class Lives:
    """A run that is killed again and again, and what must hold each time."""

    STEPS = 60

    def __init__(self, folder: Path, seed: int) -> None:
        self.path, self.log, self.seed = folder / f"{seed}.db", folder / f"{seed}.log", seed
        self.sealed: dict[str, bytes] = {}
        self.started: list[str] = []

    def live(self, seconds: float | None) -> str | None:
        """One life of so many seconds after it began; the result if it came to an end."""
        command = [sys.executable, str(LIFE), str(self.path), str(self.log), str(self.seed), str(self.STEPS)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"alive\n"
            try:
                printed, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                printed, _ = process.communicate()
        *acknowledged, last = printed.decode().split("\n")[:-1] or [""]
        ended = last.startswith("end ")
        self._check([*acknowledged, *([] if ended or not last else [last])])
        return last if ended else None

    def _check(self, acknowledged: list[str]) -> None:
        now = self._rows()
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        new = [line.split()[0] for line in lines[len(self.started) :]]
        assert set(acknowledged) <= now.keys(), "a sealed step was lost"
        assert self.sealed.items() <= now.items(), "a sealed step was changed"
        assert not self.sealed.keys() & set(new), "a sealed step was repeated"
        assert len(set(new)) == len(new), "a step ran twice in one life"
        self.sealed, self.started = now, lines

    def _rows(self) -> dict[str, bytes]:
        if not self.path.exists():
            return {}
        with sqlite3.connect(self.path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'steps'").fetchone():
                return {}
            return dict(db.execute("SELECT step_id, proof || added FROM steps"))


def survive(folder: Path, rounds: int, dice: random.Random) -> int:
    """Kill runs so many times; answers how many came to their end, each with the root of a run that nobody killed."""
    life = runpy.run_path(str(LIFE))
    seed = ended = 0
    started = time.monotonic()
    Lives(folder, -1).live(None)
    whole_life = time.monotonic() - started  # of a process: more than its steps take, so some lives are not cut short
    lives = Lives(folder, seed)
    for _ in range(rounds):
        end = lives.live(dice.random() * whole_life / 4)
        if end is None and len(lives.sealed) < Lives.STEPS:
            continue
        end = end or lives.live(None)
        log = os.open(os.devnull, os.O_WRONLY)
        whole = asyncio.run(life["runner"](None, log, 1).execute(life["template"](seed, Lives.STEPS), {"seed": seed}))
        os.close(log)
        assert end == f"end complete {whole.merkle_root_hash}"
        assert Counter(line.split()[1] for line in lives.started).keys() == {f"run-1:s{i}" for i in range(Lives.STEPS)}
        ended += 1
        seed += 1
        lives = Lives(folder, seed)
    return ended


@pytest.mark.promise("pgdag: kill -9 at any moment: no sealed step is lost, changed or repeated")
def test_a_run_survives_kill_9(tmp_path: Path) -> None:
    survive(tmp_path, 12, random.Random(1))


@pytest.mark.slow
def test_200_rounds_of_kill_9(tmp_path: Path) -> None:
    assert survive(tmp_path, 200, random.Random()) > 0

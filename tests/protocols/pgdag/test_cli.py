"""The command `pgdag`: run, resume, show, verify, runs."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pgdag import DAGEdge, DAGNode, DAGTemplate, StepEvent
from pgdag.cli import main
from pgdag.cli.live import LiveView
from pgdag.drawing import as_mermaid, as_svg, as_text
from rich.console import Console

STEPS = """
from pgdag import WaitForEvent

async def fetch(ctx):
    return {"n": ctx.inputs.get("n", 1), "who": ctx.actor}

def judge(ctx):
    return {"verdict": ctx.inputs["n"] > 0}

def answer(ctx):
    if ctx.inputs.get("fail"):
        raise ValueError("no answer")
    if ctx.inputs.get("ask") and "reply" not in ctx.inputs:
        raise WaitForEvent("reply", "ticket-1")
    return {"answered": True}

def escalate(ctx):
    return {}

STEPS = {"fetch": fetch, "judge": judge, "answer": answer, "escalate": escalate}
"""
TEMPLATE = {
    "name": "triage",
    "nodes": [
        {"id": "fetch", "label": "Fetch"},
        {"id": "judge"},
        {"id": "answer"},
        {"id": "escalate", "label": 'Up <&"'},
    ],
    "edges": [
        {"source": "fetch", "target": "judge"},
        {"source": "judge", "target": "answer", "condition": "verdict"},
        {"source": "judge", "target": "escalate", "condition": "not verdict"},
    ],
}


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a template and its steps."""
    (tmp_path / "desk_steps.py").write_text(STEPS)
    (tmp_path / "triage.json").write_text(json.dumps(TEMPLATE))
    return tmp_path


@pytest.fixture
def pgdag(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """`pgdag("show", "triage.json")`, as if typed in the folder."""
    monkeypatch.chdir(desk)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)

    def call(*arguments: str, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["pgdag", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    yield call
    for name in {"desk_steps", "made"} & set(sys.modules) - known:
        del sys.modules[name]


RUN = ("run", "triage.json", "--steps", "desk_steps:STEPS")


def test_a_run_says_how_it_went_and_can_be_checked(pgdag: Callable[..., Done], desk: Path) -> None:
    done = pgdag(*RUN, "--inputs", '{"n": 3}', "--actor", "me", "--run-id", "r1", "-n", "1", "-o", "run.json")

    assert done.code == 0
    assert re.fullmatch(r"r1 complete in [0-9.]+ s: 3 proofs, root [0-9a-f]{64}\n", done.out)
    assert [line.split()[1:3] for line in done.err.splitlines()] == [
        ["started", "fetch"],
        ["completed", "fetch"],
        ["started", "judge"],
        ["completed", "judge"],
        ["started", "answer"],
        ["completed", "answer"],
        ["skipped", "escalate"],
    ]
    checked = pgdag("verify", "run.json")
    assert (checked.code, checked.out.split(";")[0]) == (0, "✓ holds: 3 recomputed, 3 with their values")


@pytest.mark.parametrize(
    ("forge", "problem"),
    [
        (lambda run: run.update(merkle_root_hash="0" * 64), "the Merkle root is"),
        (lambda run: run["proofs"]["judge"].update(proof_hash="0" * 64), "step 'judge': the seal hashes to"),
        (lambda run: run["seal_documents"]["judge"].update(actor="somebody"), "step 'judge': the seal hashes to"),
        (
            lambda run: run["proofs"]["judge"].update(outputs_fingerprint="x"),
            "step 'judge': outputs_fingerprint is 'x'",
        ),
        (lambda run: run["proofs"].update(judge=run["proofs"]["fetch"]), "is one of step 'fetch'"),
        (lambda run: run["step_outputs"]["judge"].update(verdict="no"), "step 'judge': what it returned is not what"),
        (lambda run: run["initial_inputs"].update(n=4), "step 'fetch': what it was given is not what was sealed"),
        (lambda run: run["final_outputs"].update(more=True), "the final outputs are not what"),
        (lambda run: run.update(status="failed"), "by its proofs the run is complete, not failed"),
        (
            lambda run: run["proofs"]["judge"]["metrics"].update(fingerprint_mode="x"),
            "step 'judge': its metric 'fingerprint_mode' is not what was sealed",
        ),
        (lambda run: run["proofs"].pop("answer"), "step 'answer' is in the template, but neither run nor skipped"),
    ],
)
def test_a_forged_run_does_not_hold(pgdag: Callable[..., Done], desk: Path, forge: Any, problem: str) -> None:
    assert pgdag(*RUN, "-o", "run.json").code == 0
    run = json.loads((desk / "run.json").read_text())
    forge(run)
    done = pgdag("verify", "-", stdin=json.dumps(run))
    assert done.code == 1
    assert problem in done.out
    told = json.loads(pgdag("verify", "-", "--format", "json", stdin=json.dumps(run)).out)
    assert told["ok"] is False
    assert told["problems"]


def test_a_failing_run(pgdag: Callable[..., Done]) -> None:
    done = pgdag(*RUN, "-i", '{"fail": true}')
    assert done.code == 1
    assert "✗ answer: no answer" in done.err
    assert " failed in " in done.out


def test_for_machines_there_is_one_json_value(pgdag: Callable[..., Done]) -> None:
    done = pgdag(*RUN, "--format", "json")
    document = json.loads(done.out)
    assert document["status"] == "complete"
    assert document["template"]["name"] == "triage"
    assert done.err == ""


def test_a_run_that_waits_goes_on_from_its_file(pgdag: Callable[..., Done], desk: Path) -> None:
    done = pgdag(*RUN, "-i", '{"ask": true}', "--run-id", "r1", "-o", "run.json")
    assert (done.code, done.out) == (5, "r1 waits for reply ticket-1\n")
    (desk / "event.json").write_text('{"reply": "yes"}')
    done = pgdag("resume", "run.json", "-s", "desk_steps:STEPS", "--event", "@event.json", "-o", "end.json")
    assert done.code == 0
    assert "started fetch" not in done.err
    assert pgdag("verify", "end.json").code == 0


def test_a_run_goes_on_from_its_journal(pgdag: Callable[..., Done]) -> None:
    assert pgdag(*RUN, "-i", '{"ask": true}', "--run-id", "r1", "--journal", "runs.db").code == 5
    assert pgdag("runs", "runs.db", "--unfinished").out == "r1  unfinished\n"
    done = pgdag("resume", "r1", "-s", "desk_steps:STEPS", "-j", "runs.db", "-e", '{"reply": 1}')
    assert done.code == 0
    assert pgdag("runs", "runs.db").out == "r1  complete\n"
    assert "'r1' is in the journal already" in pgdag(*RUN, "--run-id", "r1", "-j", "runs.db").err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")
def test_control_c_lets_the_step_that_runs_finish(desk: Path) -> None:
    (desk / "slow.py").write_text(
        textwrap.dedent(
            """
            import asyncio, sys
            async def first(ctx):
                print("ready", flush=True)
                await asyncio.sleep(0.5)
                return {"finished": True}
            async def second(ctx):
                print("second", flush=True)
            """
        )
    )
    template = {"name": "t", "nodes": [{"id": "first"}, {"id": "second"}]}
    (desk / "slow.json").write_text(json.dumps(template))
    command = [
        sys.executable,
        "-c",
        "from pgdag.cli import main; main()",
        "run",
        "slow.json",
        "-s",
        "slow",
        "-o",
        "run.json",
    ]
    with subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "second" not in out
    assert "Traceback" not in err
    run = json.loads((desk / "run.json").read_text())
    assert (run["status"], run["final_outputs"]["finished"]) == ("interrupted", True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "nowhere.json", "-s", "desk_steps"), "template nowhere.json: No such file or directory"),
        (("run", "triage.json", "-s", "nowhere:STEPS"), "--steps nowhere:STEPS: No module named 'nowhere'"),
        (("run", "triage.json", "-s", "desk_steps:NONE"), "has no attribute 'NONE'"),
        (("run", "triage.json", "-s", "desk_steps:__name__"), "this is str, not a mapping of step ids to functions"),
        ((*RUN, "-i", "{"), "--inputs: not JSON: "),
        ((*RUN, "-i", "[]"), "--inputs: a JSON object is wanted, not list"),
        ((*RUN, "-o", "no/where.json"), "--output no/where.json: nothing can be written there"),
        ((*RUN, "-j", "triage.json"), "journal triage.json: file is not a database"),
        (("runs", "triage.json"), "journal triage.json: file is not a database"),
        (("show", "bad.json"), "bad.json: Expected `str`, got `int` - at `$.nodes[0].id`"),
        (("show", "cycle.json"), "steps a wait for each other"),
        (("show", "strange.json"), "strange.json: Object contains unknown field `colour` - at `$.nodes[0]`"),
        (("verify", "triage.json"), "run triage.json: this is not the document of a run"),
        (("resume", "r1", "-s", "desk_steps", "-j", "none.db"), "journal none.db: there is no such file"),
        (("resume", "triage.json", "-s", "desk_steps"), "it does not wait"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_sentence(
    pgdag: Callable[..., Done], desk: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (desk / "bad.json").write_text('{"name": "b", "nodes": [{"id": 3}]}')
    (desk / "cycle.json").write_text('{"name": "c", "nodes": [{"id": "a"}], "edges": [{"source": "a", "target": "a"}]}')
    (desk / "strange.json").write_text('{"name": "s", "nodes": [{"id": "a", "colour": "red"}]}')
    done = pgdag(*arguments)
    assert done.code == 3
    assert sentence in done.err
    assert done.err.splitlines()[-1].startswith("pgdag: ")


def test_a_step_that_fails_without_a_word(pgdag: Callable[..., Done], desk: Path, caplog: Any) -> None:
    (desk / "made.py").write_text("def fetch(ctx):\n    assert ctx.inputs.get('x')\n")
    (desk / "one.json").write_text('{"name": "one", "nodes": [{"id": "fetch"}]}')
    done = pgdag("run", "one.json", "-s", "made")
    assert (done.code, done.err.splitlines()[-1]) == (1, "✗ fetch: failed without a word")
    with caplog.at_level("DEBUG", "pgdag"):
        assert pgdag("--debug", "run", "one.json", "-s", "made").code == 1
    assert "assert ctx.inputs" in caplog.text


def test_a_module_alone_is_all_its_functions_and_a_function_may_make_the_registry(
    pgdag: Callable[..., Done], desk: Path
) -> None:
    (desk / "made.py").write_text("import desk_steps\ndef registry():\n    return desk_steps.STEPS\n")
    assert pgdag("run", "triage.json", "-s", "desk_steps").code == 0
    assert pgdag("run", "triage.json", "-s", "made:registry").code == 0


def test_the_version(pgdag: Callable[..., Done]) -> None:
    assert pgdag("--version").out == "pgdag 0.9.0\n"


# -- pictures ------------------------------------------------------------------------------------------------------


def test_a_workflow_is_shown(pgdag: Callable[..., Done], desk: Path) -> None:
    assert pgdag("show", "triage.json").out.startswith("triage 1.0 (4 steps, domain general)\n1.\n   fetch (Fetch)\n")
    assert pgdag("show", "-", "-f", "mermaid", stdin=json.dumps(TEMPLATE)).out.startswith("flowchart TD\n")
    assert pgdag("show", "triage.json", "-f", "svg", "-o", "t.svg").code == 0
    assert (desk / "t.svg").read_text().startswith("<svg ")


@pytest.fixture
def nasty() -> DAGTemplate:
    """Names that every syntax could trip over."""
    names = ['"quoted"', "<script>", "a|b]]", "line\nbreak", "ünï 😀"]
    nodes = [DAGNode(name, label=name) for name in names]
    nodes[1].step_type = "subworkflow"
    edges = [DAGEdge(names[0], names[i], condition='x == "<&>"' if i == 2 else None) for i in range(1, 5)]
    return DAGTemplate("na<sty>&", nodes=nodes, edges=[*edges, edges[0]])


def test_a_picture_is_well_formed_whatever_the_names(nasty: DAGTemplate) -> None:
    picture = ET.fromstring(as_svg(nasty))
    spaces = {"s": "http://www.w3.org/2000/svg"}
    assert len(picture.findall("s:rect", spaces)) == 5
    assert len(picture.findall("s:path", spaces)) == 4
    assert {"<script>", 'x == "<&>"'} <= {text.text for text in picture.findall("s:text", spaces)}


def test_a_flowchart_escapes_what_mermaid_would_read(nasty: DAGTemplate) -> None:
    lines = as_mermaid(nasty).splitlines()
    assert lines[1] == '  n0["#quot;quoted#quot;"]'
    assert lines[2] == '  n1[["#lt;script#gt;"]]'
    assert '  n0 -->|"x == #quot;#lt;#amp;#gt;#quot;"| n2' in lines
    assert len([line for line in lines if "-->" in line]) == 4


def test_levels_stand_below_each_other() -> None:
    template = DAGTemplate(
        "t", nodes=[DAGNode("a"), DAGNode("b"), DAGNode("c")], edges=[DAGEdge("a", "c", condition="x")]
    )
    assert as_text(template).splitlines() == [
        "t 1.0 (3 steps, domain general)",
        "1.",
        "   a",
        "   b",
        "2.",
        "   c  <- a if x",
    ]
    for draw in (as_text, as_mermaid, as_svg):
        assert draw(DAGTemplate("empty"))


# -- the live view -------------------------------------------------------------------------------------------------


def drawn(view: LiveView, height: int = 30) -> str:
    console = Console(file=io.StringIO(), width=100, height=height)
    console.print(view.render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def event(kind: Any, step: str, **facts: Any) -> StepEvent:
    return StepEvent(kind, "r", step, **facts)


def test_the_live_view_shows_the_graph_as_it_stands() -> None:
    template = DAGTemplate(
        "t", nodes=[DAGNode(n) for n in "abcd"], edges=[DAGEdge("a", "b"), DAGEdge("a", "c"), DAGEdge("c", "d")]
    )
    now = [0.0]
    view = LiveView(template, Console(file=io.StringIO(), force_terminal=True, width=100), clock=lambda: now[0])
    view.tell(event("started", "a"))
    view.tell(event("completed", "a", seconds=0.0123))
    view.tell(event("started", "b"))
    view.tell(event("retrying", "b", attempt=1, error="down"))
    view.tell(event("skipped", "c"))
    view.tell(StepEvent("started", "r:b:1234", "d"))  # a step of a child
    now[0] = 2.5
    shown = drawn(view)
    assert "t: 2 of 4 done, 1 running, 2.5 s" in shown
    assert re.search(r"✓\s+a\s+12 ms", shown)
    assert re.search(r"↻\s+b\s+2\.5 s try 1 failed: down", shown)
    assert re.search(r"-\s+c\s+no condition led here", shown)
    assert re.search(r"·\s+d\s+after c", shown)


def test_of_a_big_graph_the_live_view_shows_what_moves() -> None:
    nodes = [DAGNode(f"s{i}") for i in range(500)]
    template = DAGTemplate("big", nodes=nodes, edges=[DAGEdge("s0", f"s{i}") for i in range(1, 500)])
    view = LiveView(template, Console(file=io.StringIO(), force_terminal=True, width=100, height=12))
    for i in range(400):
        view.tell(event("completed", f"s{i}"))
    view.tell(event("started", "s450"))
    shown = drawn(view, 12)
    assert re.search(r"▶\s+s450", shown)
    assert "and 492 more" in shown
    assert len(shown.splitlines()) <= 12

"""A new protocol works end to end, on the first day."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wirewright.cli.new import added_to

Run = Callable[..., Any]


def test_a_new_protocol_has_client_sandbox_demo_and_passing_tests(wirewright: Run, here: Path) -> None:
    made = wirewright("new", "green_house", "--title", "Green House", "--format", "json")
    assert made.code == 0
    assert "specs/green_house/1.0/openapi.yaml" in made.json()["files"]

    assert wirewright("check", "green_house").code == 0

    played = wirewright("demo", "green_house", "--format", "json")
    assert played.code == 0
    (run,) = played.json()["protocols"]
    assert (run["title"], run["version"], run["generated_operations"], run["calls"]) == ("Green House", "1.0", 4, 5)
    assert run["steps"][0] == "wrote first, revision 1"

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [here / "handwritten", here / "generated"]))}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "tests"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=here,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout


def test_all_files_of_a_new_project_can_be_committed_at_once(wirewright: Run, here: Path) -> None:
    wirewright("new", "tiny_tasks")
    wirewright("demo", "tiny_tasks")  # imports, so bytecode is there as well
    for command in ("git init -q", "git add ."):
        subprocess.run(command.split(), cwd=here, check=True)
    added = subprocess.run(["git", "ls-files"], cwd=here, check=True, capture_output=True, text=True).stdout.split()

    assert {path.split("/")[0] for path in added} == {
        ".gitignore", "generated", "handwritten", "pyproject.toml", "specs", "tests"
    }  # fmt: skip
    assert [path for path in added if path.endswith(".pyc")] == []


def test_a_gitignore_that_is_there_stays_as_it_is(wirewright: Run, here: Path) -> None:
    (here / ".gitignore").write_text("mine\n")
    wirewright("new", "tiny_lists", "--no-generate")
    assert (here / ".gitignore").read_text() == "mine\n"


def test_the_demo_says_when_it_is_no_checkout(wirewright: Run, here: Path) -> None:
    wirewright("new", "tiny_notes")
    (here / "pyproject.toml").write_text((here / "pyproject.toml").read_text().split("[tool.wirewright]")[0])
    played = wirewright("demo", "tiny_notes")
    assert played.code == 0
    assert "nothing was regenerated: this is no checkout" in played.out
    assert "4 installed" in played.out


def test_a_failing_demo_is_told_and_does_not_stop_the_others(wirewright: Run, here: Path) -> None:
    wirewright("new", "notes_a", "--no-generate")
    wirewright("new", "notes_b")
    played = wirewright("demo", "notes_a", "notes_b", "--no-regenerate", "--format", "json")
    assert played.code == 1
    first, second = played.json()["protocols"]
    assert first["error"].startswith("ModuleNotFoundError")
    assert (second["ok"], second["error"]) == (True, None)


def test_nothing_that_a_quick_start_logs_comes_between_its_steps(wirewright: Run, here: Path) -> None:
    wirewright("new", "notes_h")
    demo = here / "handwritten/notes_h/testing/demo.py"
    noise = "import logging\nlogging.basicConfig(level='INFO')\nlogging.info('noise')\n"
    demo.write_text(demo.read_text().replace("import annotations\n", f"import annotations\n{noise}", 1))
    command = [sys.executable, "-m", "wirewright", "demo", "notes_h", "--no-regenerate"]
    played = subprocess.run(command, capture_output=True, text=True, cwd=here, check=False)
    assert (played.returncode, played.stderr) == (0, "")
    assert "noise" in demo.read_text()


def test_a_sandbox_that_breaks_its_contract_fails_the_demo(wirewright: Run, here: Path) -> None:
    wirewright("new", "notes_c")
    rules = here / "handwritten/notes_c/testing/rules.py"
    rules.write_text(rules.read_text().replace(" else 1}", " else -1}"))
    played = wirewright("demo", "notes_c")
    assert played.code == 1
    assert "broken" in played.out
    assert "notes_c: PUT /v1/notes/first: body/revision: -1 is less than the minimum of 1" in played.out


def test_an_account_counts_only_what_its_spec_has(wirewright: Run, here: Path) -> None:
    (here / "inline.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\n"
        "paths: {/a: {get: {operationId: a, responses: {'204': {description: d}}}}}\n"
    )
    made = wirewright("generate", "--spec", "inline.yaml", "--package", "inline_api", "--out", "out")
    assert "1 of 1 operations, 0 losses" in made.out


def test_nothing_is_overwritten(wirewright: Run, here: Path) -> None:
    (here / "handwritten/notes_d").mkdir(parents=True)
    (here / "handwritten/notes_d/client.py").write_text("mine")
    told = wirewright("new", "notes_d")
    assert (told.code, "handwritten/notes_d/client.py: there is such a file already" in told.err) == (3, True)
    assert not (here / "specs").exists()


def test_nothing_is_begun_without_the_generator(wirewright: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openapi_python_client", None)
    for name in [name for name in sys.modules if name.startswith(("wirewright_codegen", "openapi_python_client."))]:
        monkeypatch.delitem(sys.modules, name)
    told = wirewright("new", "notes_g")
    assert (told.code, "pip install 'wirewright[codegen]'" in told.err) == (4, True)
    assert list(here.iterdir()) == []


def test_a_second_protocol_joins_the_project(wirewright: Run, here: Path) -> None:
    wirewright("new", "notes_e", "--no-generate")
    wirewright("new", "notes_f", "--no-generate")
    table = tomllib.loads((here / "pyproject.toml").read_text())
    assert set(table["project"]["entry-points"]["wirewright.protocols"]) == {"notes_e", "notes_f"}
    assert [package["package"] for package in table["tool"]["wirewright"]["packages"]] == [
        "notes_e_api.v1_0",
        "notes_f_api.v1_0",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[project]\nname = 'x'\n",
        "# mine\n[tool.wirewright]\nout = 'o'\n",
        '[project.entry-points."other"]\na = "b"\n',
    ],
)
def test_a_pyproject_keeps_every_line_it_had(text: str) -> None:
    made = added_to(text, "notes")
    assert all(line in made.splitlines() for line in text.splitlines())
    table = tomllib.loads(made)
    assert table["project"]["entry-points"]["wirewright.protocols"] == {"notes": "notes.testing.protocol:PROTOCOL"}
    assert table["tool"]["wirewright"]["packages"][0]["package"] == "notes_api.v1_0"

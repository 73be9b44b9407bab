"""README.md runs: its blocks, from top to bottom, in one empty folder; and CI runs the command that it names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCES = [(t.info.strip(), t.content) for t in MarkdownIt().parse(README) if t.type == "fence"]
FRESH_MACHINE, STORY = FENCES[:2], FENCES[2:]
INSTALL = "python -m pip install -q -e ."
"""Not run here, where it would change the environment of the tests: `PYTHONPATH` does what it would."""


def run(language: str, code: str, folder: Path) -> str:
    """What a block prints. It finds `python` and `wirewright` as a reader's shell would."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("the README's commands are for a POSIX shell")
    code = "\n".join(line for line in code.splitlines() if not line.startswith(INSTALL))
    command = [sys.executable, "-c", code] if language == "python" else [bash, "-euo", "pipefail", "-c", code]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(["generated", "handwritten"]),
        "NO_COLOR": "1",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_block_runs_from_top_to_bottom(tmp_path: Path) -> None:
    printed = [run(language, code, tmp_path) for language, code in STORY]

    client, start, generated, maintain = printed
    assert client.split() == ["True", "1"]
    assert "passed" in start
    assert generated.startswith("1\nFalse ")
    assert "breaking for clients" in maintain


def test_ci_runs_the_command_for_tests_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]

    assert "\n".join(commands) == FRESH_MACHINE[1][1].strip()


def test_a_fresh_machine_needs_exactly_two_commands() -> None:
    assert [language for language, _ in FRESH_MACHINE] == ["sh", "sh"]
    assert all("\n" not in code.strip() for _, code in FRESH_MACHINE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()

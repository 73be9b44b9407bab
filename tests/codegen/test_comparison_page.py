"""codegen/COMPARISON.md: its commands run, and its table says of this generator what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = (ROOT / "codegen" / "COMPARISON.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("<!-- table")[2].partition("<!-- /table")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(("document", "ours"), [row[:2] for row in ROWS[2:]])
def test_nothing_is_lost_broken_numbered_or_wrong(document: str, ours: str) -> None:
    found = re.fullmatch(r"(\d+) of (\d+)", ours)
    assert found is not None
    assert found[1] == found[2]


def test_every_document_was_given_to_every_tool() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public documents is not beside this checkout")
    assert [row[0] for row in ROWS[2:]] == sorted(path.stem for path in CORPUS.glob("*.json"))
    assert {len(row) for row in ROWS} == {5}
    assert all(cell for row in ROWS for cell in row)


def test_its_commands_run(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text((ROOT / "tests/codegen/golden/specs/maps.yaml").read_text(encoding="utf-8"))
    generate, serve = re.findall(r"^wirewright (.*)$", PAGE, re.MULTILINE)
    command = [sys.executable, "-c", "from wirewright.cli import main; main()"]

    made = subprocess.run([*command, *generate.split()], cwd=tmp_path, capture_output=True, text=True, check=False)
    told = subprocess.run([*command, serve.split()[0], "--help"], capture_output=True, text=True, check=False)

    assert "0 losses" in made.stdout
    assert told.returncode == 0

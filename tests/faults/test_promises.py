"""The page of promises is what the tests say; every fault of the sheet has its tests, and none of them is skipped."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("promises", TESTS / "promises.py")
assert _spec is not None
assert _spec.loader is not None
promises = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(promises)
COLLECTED = promises.collected()


def test_the_page_is_current():
    written = (TESTS / "PROMISES.md").read_text(encoding="utf-8")
    assert written == promises.page(COLLECTED), "run `nox -s promises`, or `python tests/promises.py`"


@pytest.mark.parametrize("number", range(1, 26))
def test_every_fault_has_its_tests(number):
    assert [name for _, name, held in COLLECTED if held == f"{number:02}"]
    assert promises.FAULTS[number]


@pytest.mark.parametrize("path", sorted((TESTS / "faults").glob("test_faults_*.py")), ids=lambda path: path.name)
def test_no_fault_is_skipped(path):
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    marks = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    for skip in ("pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"):
        assert skip not in calls
        assert skip not in marks

"""Hostile text everywhere, a few thousand cases a day; `nox -s fuzz-codegen` has 100,000."""

from __future__ import annotations

import ast
import datetime as dt
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def fuzz() -> Any:
    found = importlib.util.spec_from_file_location("wirewright_fuzz", Path(__file__).with_name("fuzz.py"))
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses look themselves up there
    found.loader.exec_module(module)
    return module


def test_no_text_is_executed_and_all_code_parses(fuzz: Any) -> None:
    report = fuzz.run(3000, dt.date.today().toordinal(), every=3)
    assert report.cases >= 3000
    assert report.findings == []


def test_all_kinds_of_places_take_part(fuzz: Any) -> None:
    hostile = fuzz.Hostile(fuzz.random.Random(1))
    fuzz.document(hostile, schemas=40, operations=8)
    assert len(hostile.places) > 60


@pytest.mark.parametrize(
    "code",
    [
        "x = (",
        "__pwn__()",
        "a.__pwn__",
        "f(__pwn__=1)",
        "def __pwn__(): ...",
        "import __pwn__",
        "from __pwn__ import a",
        "a: '__pwn__()' = 1",
        "a: list['__pwn__()']",
        "a: Annotated['__pwn__()', 1]",
        "def f() -> '__pwn__': ...",
    ],
)
def test_what_would_run_is_found(fuzz: Any, code: str) -> None:
    assert [*fuzz.findings({"a.py": code})]


@pytest.mark.parametrize(
    "code", ["x = '__pwn__()'", "a: Literal['__pwn__()']", "a: Annotated[str, O('__pwn__')]", "# __pwn__"]
)
def test_text_in_strings_and_comments_is_harmless(fuzz: Any, code: str) -> None:
    ast.parse(code)
    assert not [*fuzz.findings({"a.py": code})]

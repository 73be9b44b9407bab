"""CONTRIBUTING.md names things that exist: modules, classes, folders, sessions."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import wirewright

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
INTERFACES = TEXT[TEXT.index("## The runtime") : TEXT.index("## What is emitted")]
HOMES = [
    importlib.import_module(name)
    for name in (
        "wirewright",
        "wirewright.contract",
        "wirewright.sandbox",
        "wirewright.protocols",
        "wirewright.testing",
    )
]
CALLED = sorted(set(re.findall(r"^([A-Z]\w+)(?:\[\w+\])?\(", INTERFACES, re.MULTILINE)))
ERRORS = sorted(
    set(re.findall(r"\b([A-Z]\w+)\b", INTERFACES[INTERFACES.index("WirewrightError\n") :].partition("```")[0]))
)
MODULES = sorted(set(re.findall(r"`(wirewright(?:_codegen)?(?:\.[a-z_]+)+)`", TEXT)))
RING_FILES = sorted(set(re.findall(r"\b([a-z_]+\.py)\b", INTERFACES)))


@pytest.mark.parametrize("name", CALLED)
def test_every_class_of_the_interfaces_exists(name: str) -> None:
    assert any(hasattr(home, name) for home in HOMES)


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in {"ValueError"}])
def test_every_error_of_the_tree_exists(name: str) -> None:
    assert issubclass(getattr(wirewright, name), wirewright.WirewrightError)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_that_is_named_can_be_imported(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        owner, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(owner), attribute)


@pytest.mark.parametrize("name", RING_FILES)
def test_every_file_of_the_rings_is_there(name: str) -> None:
    assert list((ROOT / "handwritten/wirewright").rglob(name)) or list((ROOT / "codegen").rglob(name))


def test_every_session_that_is_named_exists() -> None:
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"`(\w+)`", TEXT[TEXT.index("## Running things") : TEXT.index("## Style")])

    assert set(named) - {"nox"} <= sessions

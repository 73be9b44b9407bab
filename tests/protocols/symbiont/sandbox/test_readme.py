"""The sandbox's README: its block runs, and it names every option and every control there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import symbiont.testing
from symbiont.testing.rules import SymbiontRules

README = Path(symbiont.testing.__file__).with_name("README.md").read_text(encoding="utf-8")
OPTIONS = [
    name
    for name, parameter in inspect.signature(SymbiontRules.setup).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name != "verifier"  # a function: for Python only
]
CONTROLS = sorted(
    re.sub(r"\{\w+\}", "{}", function.__sandbox_control__.path)
    for base in SymbiontRules.__mro__
    for function in vars(base).values()
    if hasattr(function, "__sandbox_control__")
)


def test_its_block_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert "Waiting" in capsys.readouterr().out


@pytest.mark.parametrize("option", OPTIONS)
def test_it_names_every_option(option: str) -> None:
    assert f"`{option}`" in README


@pytest.mark.parametrize("path", CONTROLS)
def test_it_names_every_control(path: str) -> None:
    named = {re.sub(r"\{\w+\}", "{}", found) for found in re.findall(r"^\| `(/[^`]*)`", README, re.MULTILINE)}
    assert path in named

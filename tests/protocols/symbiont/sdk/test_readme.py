"""Every Python block of the README runs, unchanged but for the address."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import symbiont
from wirewright.sandbox import Sandbox

README = Path(symbiont.__file__).with_name("README.md")
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def settings_file() -> Path:
    path = Path("symbiont.yaml")
    path.write_text("api_key: k\n")
    return path


@pytest.mark.parametrize("number", range(len(BLOCKS)))
async def test_a_block_runs(
    number: int, sandbox: Sandbox, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = BLOCKS[number].replace("http://localhost:8080", sandbox.url)
    code = code.replace("symbiont-sandbox-token", "sandbox-token")

    names: dict[str, Any] = {}
    running = eval(compile(code, f"block {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.isawaitable(running):
        await running

    assert ("print(" in code) is bool(capsys.readouterr().out)


def test_there_are_blocks_and_every_door_exists() -> None:
    assert len(BLOCKS) == 6
    for module in re.findall(r"`symbiont\.(\w+)`", README.read_text(encoding="utf-8")):
        assert getattr(symbiont, module)

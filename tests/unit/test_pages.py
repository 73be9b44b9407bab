"""The pages of the SDKs: each Python block runs by itself, in an empty folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "handwritten").glob("*/README.md"))
BLOCKS = [
    pytest.param(token.content, id=f"{page.parent.name}-{number}")
    for page in PAGES
    for number, token in enumerate(MarkdownIt().parse(page.read_text(encoding="utf-8")))
    if token.type == "fence" and token.info.strip() == "python"
]


@pytest.mark.parametrize("code", BLOCKS)
def test_every_block_runs(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "it shows something"
    assert "False" not in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_page_says_how_to_begin_what_holds_and_what_is_different(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    for heading in ("## Quick start", "## What it promises", "## What is different from the original"):
        assert heading in text

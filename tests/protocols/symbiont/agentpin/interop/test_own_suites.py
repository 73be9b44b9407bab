"""The originals' own tests, from their source distributions, against `symbiont.agentpin` and `symbiont.schemapin`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import peers
import pytest

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent

LEFT_OUT = {"tests/test_cli_tools.py": "runs the originals' command-line tools, which are not part of the SDK"}


@pytest.mark.parametrize(
    ("name", "version", "least"), [("agentpin", "0.2.0", 86), ("agentpin", "0.3.0", 174), ("schemapin", "1.3.0", 135)]
)
def test_the_originals_own_tests_pass(name: str, version: str, least: int) -> None:
    try:
        suite = peers.source_of(name, version)
    except peers.NoPeerError as error:
        pytest.skip(str(error))
    options = ["-q", "-p", "originals_names", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", "tests", *options, f"--rootdir={suite}"]
    done = subprocess.run(
        [*command, *(f"--ignore={place}" for place in LEFT_OUT), "--import-mode=importlib"],
        cwd=suite,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert passed is not None
    assert int(passed[1]) >= least

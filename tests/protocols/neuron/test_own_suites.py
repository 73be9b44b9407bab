"""The originals' own tests, from their source distributions, against this package."""

from __future__ import annotations

import re
import subprocess
import sys

import peers
import pytest

pytestmark = pytest.mark.interop

LEFT_OUT = (
    "tests/test_example_http_fetch.py",
    "tests/test_example_web_search.py",
    "tests/e2e/test_web_search_e2e.py",
)
"""They test examples whose modules are not in the distributions."""


@pytest.mark.parametrize(("version", "least"), [("0.1.1", 53), ("0.2.0", 71)])
def test_the_originals_own_tests_pass(version: str, least: int) -> None:
    try:
        suite = peers.source_of("holokai_neuron_sdk", version)
    except peers.NoPeerError as error:
        pytest.skip(str(error))
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "-o", "addopts=", f"--rootdir={suite}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", *options, *(f"--ignore={name}" for name in LEFT_OUT)],
        cwd=suite,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)

    assert done.returncode == 0, done.stdout[-4000:]
    assert passed is not None
    assert int(passed[1]) >= least

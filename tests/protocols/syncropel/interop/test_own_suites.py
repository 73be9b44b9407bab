"""The originals' own tests, from their source distributions, against this package, the live ones on the sandbox."""

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

LEFT_OUT = {
    "tests/test_identity.py::TestKeyStub": "says that keys are not implemented; they are",
    "tests/test_identity.py::TestFederatedStub": "says that federation is not implemented; it is",
    "tests/test_canonical.py::test_fixtures_loaded": "needs files that are not in the distribution",
    "tests/test_canonical.py::TestRecordID::test_fixture_record_ids": "needs files that are not in the distribution",
}


@pytest.mark.parametrize(("version", "least"), [("0.2.0", 270), ("0.7.0", 295)])
def test_the_originals_own_tests_pass(version: str, least: int, tmp_path: Path) -> None:
    spl = tmp_path / "spl"
    spl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "spl.py"}" "$@"\n')
    spl.chmod(0o755)
    suite = peers.source_of("syncropel", version)
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "-o", "addopts=", f"--rootdir={suite}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", *options, *(f"--deselect={name}" for name in LEFT_OUT)],
        cwd=suite,
        env={**os.environ, "SPL_BINARY": str(spl)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed is not None
    assert int(passed[1]) >= least
    assert "skipped" not in done.stdout.splitlines()[-1]

"""The original SDKs, each in an environment of its own, made from the package index when it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("0.1.1", "0.2.0")
PEERS = Path(os.environ.get("WIREWRIGHT_PEERS", Path(__file__).resolve().parents[3] / ".wirewright/peers"))


class NoPeerError(Exception):
    """The original cannot be installed here."""


def environment_of(version: str) -> Path:
    """The interpreter of an environment that holds that version. Raises `NoPeerError`."""
    folder = PEERS / f"neuron-{version}"
    python = folder / "bin/python"
    if python.exists():
        return python
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    make = [uv, "venv", "-q", str(folder)] if uv else [sys.executable, "-m", "venv", str(folder)]
    pip = [uv, "pip", "install", "-q", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    for command in (make, [*pip, f"holokai-neuron-sdk=={version}"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise NoPeerError(f"holokai-neuron-sdk {version} cannot be installed: {done.stderr[-200:]}")
    return python

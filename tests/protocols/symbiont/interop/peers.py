"""Original SDKs, each in an environment of its own, made when it is missing.

`SYMBIONT_PEERS` says where environments are kept; the user's cache otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


class NoPeer(RuntimeError):
    """The original cannot be had here; the text says why."""


def home() -> Path:
    """Where the environments are."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SYMBIONT_PEERS") or cache / "wirewright" / "peers")


def python(version: str) -> Path:
    """The Python of the environment with this version of the original. Raises NoPeer."""
    place = home() / f"symbiont-sdk-{version}"
    executable = place / "bin" / "python"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        requirement = f"symbiont-sdk=={version}"
        if uv := shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)):
            _run(uv, "venv", "--quiet", "--python", sys.executable, place)
            _run(uv, "pip", "install", "--quiet", "--python", executable, requirement)
        else:
            _run(sys.executable, "-m", "venv", place)
            _run(executable, "-m", "pip", "install", "--quiet", requirement)
        (place / "ready").touch()
    return executable


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeer(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-500:]}")

"""The original SDK in an environment of its own, made when it is missing.

`EXOSPHERE_PEERS` says where environments are kept; the user's cache otherwise. The original needs Python 3.12.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VERSION = "0.0.3"


class NoPeer(RuntimeError):
    """The original cannot be had here; the text says why."""


def home() -> Path:
    """Where the environments are."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("EXOSPHERE_PEERS") or cache / "wirewright" / "peers")


def python() -> Path:
    """The Python of the environment with the original."""
    place = home() / f"exospherehost-{VERSION}"
    executable = place / "bin" / "python"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        _make(place, executable)
        (place / "ready").touch()
    return executable


def _make(place: Path, executable: Path) -> None:
    base = next(_pythons(), None)
    if base is None:
        raise NoPeer(f"exospherehost {VERSION} needs Python 3.12 or later, and there is none")
    place.parent.mkdir(parents=True, exist_ok=True)
    requirement = f"exospherehost=={VERSION}"
    if uv := shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)):
        _run(uv, "venv", "--quiet", "--python", base, place)
        _run(uv, "pip", "install", "--quiet", "--python", executable, requirement)
    else:
        _run(base, "-m", "venv", place)
        _run(executable, "-m", "pip", "install", "--quiet", requirement)


def _pythons() -> Iterator[str]:
    """Pythons that are new enough, this one first."""
    candidates: list[Any] = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in (12, 13, 14))]
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob("3.1[2-9]*/bin/python"))
    for candidate in candidates:
        if candidate is None:
            continue
        check = "import sys; sys.exit(sys.version_info < (3, 12))"
        if subprocess.run([str(candidate), "-c", check], capture_output=True, check=False).returncode == 0:
            yield str(candidate)


def _run(*command: Any) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeer(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-500:]}")

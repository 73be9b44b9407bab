"""The original clients, each in an environment of its own, made when it is missing.

`SYNCROPEL_PEERS` says where the environments are kept; the user's cache otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

VERSIONS = ("0.2.0", "0.7.0")
SCRIPTS = Path(__file__).parent


def home() -> Path:
    """Where the environments are."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SYNCROPEL_PEERS") or cache / "wirewright" / "peers")


def python_of(version: str) -> Path:
    """The Python of the environment with that version of `syncropel`."""
    place = home() / f"syncropel-{version}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        _make(place, python, f"syncropel=={version}")
        (place / "ready").touch()
    return python


def _make(place: Path, python: Path, requirement: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if uv := shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)):
        _run(uv, "venv", "--quiet", "--python", sys.executable, place)
        _run(uv, "pip", "install", "--quiet", "--python", python, requirement)
    else:
        _run(sys.executable, "-m", "venv", place)
        _run(python, "-m", "pip", "install", "--quiet", requirement)


def _run(*command: Any) -> None:
    subprocess.run([str(part) for part in command], check=True)


def ask(version: str, script: str, question: Any, timeout: float = 120) -> Any:
    """What a script of this folder, run by the original of that version, answers to a question; both are JSON."""
    done = subprocess.run(
        [str(python_of(version)), str(SCRIPTS / script)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=timeout,
        env={"PATH": os.environ.get("PATH", "")},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"syncropel {version} failed in {script}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


def suite_of(version: str) -> Path:
    """The folder with the original's own tests, from its source distribution."""
    place = home() / f"syncropel-{version}-source"
    if not (place / "tests").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        requirement = f"syncropel=={version}"
        _run(
            sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", place, requirement
        )
        with tarfile.open(place / f"syncropel-{version}.tar.gz") as archive:
            wanted = [member for member in archive if f"syncropel-{version}/tests/" in member.name]
            archive.extractall(place, members=wanted, filter="data")
        (place / f"syncropel-{version}" / "tests").rename(place / "tests")
    return place

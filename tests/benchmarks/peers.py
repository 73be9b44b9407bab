"""The original SDKs, each in an environment of its own, made from the package index when it is missing.

`WIREWRIGHT_PEERS` says where the environments are kept; the user's cache otherwise. Benchmarks find this module beside
them, tests by pytest's `pythonpath`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

READY = "ready"


class NoPeerError(RuntimeError):
    """The original cannot be had here; the text says why."""


def home() -> Path:
    """Where the environments are."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("WIREWRIGHT_PEERS") or kept / "wirewright" / "peers")


@cache
def python_of(requirement: str, *more: str, at_least: tuple[int, int] = (3, 11)) -> Path:
    """The interpreter of an environment that holds `syncropel==0.7.0`, say. Raises NoPeerError."""
    place = home() / requirement.replace("==", "-")
    python = place / "bin" / "python"
    if not (place / READY).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        _make(place, _base(at_least), python, requirement, *more)
        (place / READY).touch()
    return python


def source_of(name: str, version: str) -> Path:
    """The unpacked source distribution of an original, for its own tests. Raises NoPeerError."""
    place = home() / f"{name}-{version}-source"
    unpacked = place / f"{name}-{version}"
    if not unpacked.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        download = ("-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", place)
        _run(sys.executable, *download, f"{name}=={version}")
        with tarfile.open(place / f"{name}-{version}.tar.gz") as archive:
            archive.extractall(place, filter="data")
    return unpacked


def _make(place: Path, base: str, python: Path, *requirements: str) -> None:
    if uv := shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)):
        _run(uv, "venv", "--quiet", "--python", base, place)
        _run(uv, "pip", "install", "--quiet", "--python", python, *requirements)
    else:
        _run(base, "-m", "venv", place)
        _run(python, "-m", "pip", "install", "--quiet", *requirements)


def _base(at_least: tuple[int, int]) -> str:
    base = next(_pythons(at_least), None)
    if base is None:
        raise NoPeerError(f"this original needs Python {'.'.join(map(str, at_least))} or later, and there is none")
    return base


def _pythons(at_least: tuple[int, int]) -> Iterator[str]:
    """Pythons that are new enough, this one first."""
    candidates: list[Any] = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in (12, 13, 14))]
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob("3.1[2-9]*/bin/python"))
    check = f"import sys; sys.exit(sys.version_info < {at_least})"
    for candidate in filter(None, candidates):
        if subprocess.run([str(candidate), "-c", check], capture_output=True, check=False).returncode == 0:
            yield str(candidate)


def _run(*command: Any) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeerError(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-500:]}")

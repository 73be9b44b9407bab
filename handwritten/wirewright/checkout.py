"""The project around the working directory: its protocols count before it is installed.

A `pyproject.toml` may list entry points of `wirewright.protocols` that the environment does not know yet (a protocol
that was just started). They are taken from the file, and the project's source folders go on the import path.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

_SOURCE_ROOTS = ("handwritten", "generated", "src")


def local_entry_points(group: str, start: Path | None = None) -> list[EntryPoint]:
    """The entry points of a group in the nearest pyproject.toml, here or above; none when it cannot be read."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        table = _read(folder / "pyproject.toml")
        if table is not None:
            entries = table.get("project", {}).get("entry-points", {}).get(group, {})
            if entries:
                _put_on_path(folder, table)
            return [EntryPoint(str(name), str(value), group) for name, value in entries.items()]
    return []


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None


def _put_on_path(folder: Path, table: Mapping[str, Any]) -> None:
    """At the end of the path, so that nothing installed is hidden."""
    roots = table.get("tool", {}).get("hatch", {}).get("build", {}).get("dev-mode-dirs", _SOURCE_ROOTS)
    for root in roots:
        place = str(folder / str(root))
        if Path(place).is_dir() and place not in sys.path:
            sys.path.append(place)

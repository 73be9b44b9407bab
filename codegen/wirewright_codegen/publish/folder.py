"""A package's folder: written as one transaction, or compared."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wirewright_codegen.publish.format import is_ours

_DATA = ("spec.json", "names.lock.json", "py.typed")
_IGNORED = ("__pycache__",)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One file that is not what it should be; `path` is relative to the package's folder."""

    path: str
    kind: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Publication:
    """What a run changed on disk, and the files that it left alone because they are not its own."""

    changes: tuple[Change, ...]
    foreign: tuple[str, ...] = ()


def compare(folder: Path, files: Mapping[str, str]) -> Publication:
    """What would change."""
    changes: list[Change] = []
    foreign: list[str] = []
    existing = dict(_existing(folder))
    for path, content in files.items():
        if path not in existing:
            changes.append(Change(path, "added"))
        elif existing[path] != content.encode():
            changes.append(Change(path, "changed"))
    for path in existing.keys() - files.keys():
        if _is_owned(path, existing[path]):
            changes.append(Change(path, "removed"))
        else:
            foreign.append(path)
    return Publication(tuple(sorted(changes)), tuple(sorted(foreign)))


def _existing(folder: Path) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part in _IGNORED for part in relative.parts):
            yield relative.as_posix(), path.read_bytes()


def _is_owned(path: str, content: bytes) -> bool:
    if path in _DATA:
        return True
    return path.endswith((".py", ".pyi")) and is_ours(content[:200].decode("utf-8", "replace"))


def publish(folder: Path, files: Mapping[str, str]) -> Publication:
    """Make the folder hold these files and, of its own kind, no others.

    A new folder is filled beside the old one and swapped in by two renames: whoever looks sees the old package or the
    new one. Files that are not marked as generated stay.
    """
    publication = compare(folder, files)
    if not publication.changes:
        return publication
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(staged, files)
        for path in publication.foreign:
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / path, staged / path)
        _swap(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return publication


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    folder.chmod(0o755)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8", newline="\n")


def _swap(staged: Path, folder: Path) -> None:
    if not folder.exists():
        staged.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    old.rmdir()
    folder.rename(old)
    try:
        staged.rename(folder)
    except OSError:
        with contextlib.suppress(OSError):
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)

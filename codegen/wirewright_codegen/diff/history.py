"""The changelogs of a project: `specs/<protocol>/CHANGELOG.md`, out of the diffs between a protocol's versions."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from wirewright_codegen.diff.changelog import Release, changelog
from wirewright_codegen.diff.sources import Source, source_of
from wirewright_codegen.pipeline import Target

FILE = "CHANGELOG.md"


def protocol_folder(target: Target) -> Path | None:
    """The folder of all versions of a target's protocol; None when it is not in `specs/<protocol>/<version>`."""
    if not isinstance(target.spec, Path):
        return None
    own = target.spec if target.spec.is_dir() else target.spec.parent
    return own.parent if own.parent.parent.name == "specs" else None


def changelogs(targets: Iterable[Target], known: Mapping[Path, str] | None = None) -> dict[Path, str]:
    """What each changelog should say, for the protocols whose targets ask for one.

    Args:
        targets: all versions of each protocol.
        known: canonical documents that are at hand, as text, by the folder of their package.

    Raises:
        SpecError: a spec cannot be used.
    """
    groups: dict[Path, dict[str, Target]] = defaultdict(dict)
    for target in targets:
        folder = protocol_folder(target)
        if target.changelog and folder is not None:
            groups[folder].setdefault(version_of(target), target)
    return {folder / FILE: _changelog(folder.name, versions, known or {}) for folder, versions in groups.items()}


def _changelog(protocol: str, versions: dict[str, Target], known: Mapping[Path, str]) -> str:
    """A protocol of nothing but messages has no title of its own: it is called what its folder is."""
    releases: list[Release] = []
    title = protocol
    for version in sorted(versions, key=natural):
        target = versions[version]
        text = known.get(target.folder)
        source = source_of(target) if text is None else Source(version, json.loads(text))
        title = source.title if source.document.get("paths") else protocol
        releases.append(Release(version, source.document))
    return changelog(title, releases)


def version_of(target: Target) -> str:
    """The version that a target's folder is named after."""
    spec = Path(str(target.spec))
    return spec.name if spec.suffix not in (".json", ".yaml", ".yml") else spec.parent.name


def natural(version: str) -> list[tuple[int, str]]:
    """A sort key under which 1.10 comes after 1.9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", version.removeprefix("v"))]


def stale(targets: Iterable[Target], known: Mapping[Path, str] | None = None) -> dict[Path, str]:
    """The changelogs that are not what they should be, by path. The arguments are those of `changelogs`."""
    return {path: text for path, text in changelogs(targets, known).items() if _text(path) != text}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None

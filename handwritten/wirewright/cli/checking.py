"""The parts of `wirewright check`: each says what is wrong, in lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wirewright.cli.report import CliError

if TYPE_CHECKING:
    from wirewright_codegen.diff import Approved, Change
    from wirewright_codegen.pipeline import Result, Target


@dataclass(slots=True)
class Checked:
    """What was found about one package.

    Attributes:
        result: what `generate` would change.
        names: published names that are lost or stand for something else.
        examples: examples of the spec that are not what it says.
        breaking: changes since the base that break clients, in a version that was published, and not approved.
        skipped: part → why it was not checked.
    """

    result: Result
    names: list[str] = field(default_factory=list[str])
    examples: list[str] = field(default_factory=list[str])
    breaking: list[Change] = field(default_factory=list["Change"])
    skipped: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.result.ok and not (self.result.changes or self.names or self.examples or self.breaking)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return self.result.as_json() | {
            "names": self.names,
            "examples": self.examples,
            "breaking": [change.as_json() for change in self.breaking],
            "skipped": self.skipped,
        }


class Base:
    """The git revision that changes are measured against, if there is one."""

    def __init__(self, folder: Path, wanted: str | None) -> None:
        from wirewright_codegen.diff.sources import commit_of, git_base, git_root

        self.root = git_root(folder)
        self.revision: str | None = None
        self.missing = ""
        if wanted == "none":
            self.missing = "not asked for"
        elif self.root is None:
            self.missing = "this is no git repository"
        elif wanted is not None:
            self.revision = commit_of(wanted, self.root) and wanted
        else:
            self.revision = git_base(folder)
            self.missing = "" if self.revision else "no tag yet, and no main branch elsewhere: --base says what to use"

    @property
    def label(self) -> str:
        """Short, for people."""
        revision = self.revision or ""
        is_hash = len(revision) == 40 and not set(revision) - set("0123456789abcdef")
        return revision[:9] if is_hash else revision

    def path_of(self, path: Path) -> str | None:
        """A path as git knows it; None outside of the repository."""
        if self.root is None or not path.resolve().is_relative_to(self.root.resolve()):
            return None
        return path.resolve().relative_to(self.root.resolve()).as_posix()


def check_package(target: Target, result: Result, base: Base, approved: Approved) -> Checked:
    """All parts for one package, whose generated code was compared already."""
    checked = Checked(result)
    _examples(checked)
    if base.revision is None:
        checked.skipped |= {"breaking": base.missing, "names": base.missing}
    else:
        _names(target, base, checked)
        _breaking(target, base, approved, checked)
    return checked


def _examples(checked: Checked) -> None:
    try:
        from wirewright.contract.document import SpecDocument
        from wirewright.contract.spec_examples import check_examples

        problems = check_examples(SpecDocument(json.loads(checked.result.canonical)))
    except ModuleNotFoundError as error:
        checked.skipped["examples"] = f"{error.name} is not installed: pip install 'wirewright[sandbox]'"
        return
    checked.examples = [str(problem) for problem in problems]


def _names(target: Target, base: Base, checked: Checked) -> None:
    """A lock of names only grows."""
    from wirewright_codegen.diff.sources import text_at
    from wirewright_codegen.pipeline import LOCK

    path = base.path_of(target.folder / LOCK)
    before = text_at(base.revision or "", path, base.root) if path else None
    if before is None:
        return
    now = target.folder / LOCK
    old, new = _lock(before), _lock(now.read_text(encoding="utf-8") if now.is_file() else "{}")
    for section, names in old.items():
        kept = new.get(section, {})
        for place, name in names.items():
            if place not in kept:
                checked.names.append(f"{name}, published for {place}, is lost")
            elif kept[place] != name:
                checked.names.append(f"{place} was published as {name} and is now {kept[place]}")


def _lock(text: str) -> dict[str, dict[str, str]]:
    try:
        return cast("dict[str, dict[str, str]]", json.loads(text))
    except ValueError as error:
        raise CliError(f"a lock of names cannot be read: {error}") from None


def _breaking(target: Target, base: Base, approved: Approved, checked: Checked) -> None:
    """A version that is published does not break its clients: what does is a new version, in a folder of its own."""
    from wirewright_codegen.diff import Class, compare
    from wirewright_codegen.diff.history import protocol_folder
    from wirewright_codegen.diff.sources import differs_from, is_at, spec_at

    spec = target.spec if isinstance(target.spec, Path) else None
    path = base.path_of(spec) if spec else None
    if spec is None or path is None or base.root is None:
        checked.skipped["breaking"] = "the spec is not in this repository"
        return
    revision = base.revision or ""
    if not is_at(revision, path, base.root):
        return
    family = protocol_folder(target) or (spec if spec.is_dir() else spec.parent)
    if not differs_from(revision, base.path_of(family) or path, base.root):
        return
    before = spec_at(target, revision, path, base.root).document
    found = compare(before, json.loads(checked.result.canonical))
    checked.breaking = [change for change in found.of(Class.breaking) if change not in approved]

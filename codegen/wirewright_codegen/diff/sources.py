"""What is compared: a spec, a version of a protocol, or either at a git revision, as a canonical document."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wirewright_codegen.cache import Cache, generator_digest
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.diff.facts import members
from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, lock_of
from wirewright_codegen.read import Document, ReadOptions, read_document
from wirewright_codegen.read.values import is_map

_GIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Source:
    """One side of a comparison.

    Attributes:
        label: as it was given.
        document: the canonical document.
    """

    label: str
    document: dict[str, Any]

    @property
    def title(self) -> str:
        """What the document calls itself."""
        return str(members(self.document, "info").get("title", ""))

    @property
    def version(self) -> str:
        """The version it gives itself."""
        return str(members(self.document, "info").get("version", ""))


def source_of(target: Target, label: str = "") -> Source:
    """The canonical document of a target, with its published names; kept in the target's cache."""
    options = ReadOptions(root=target.root, allow_remote=target.allow_remote, overlays=tuple(target.overlay))
    document = read_document(target.spec, options)
    if _is_canonical(document):
        return Source(label or str(target.spec), dict(document.root))
    lock = lock_of(target)
    cache = Cache(target.cache)
    key = Cache.key([generator_digest(), "canonical", _digests(document), target.prune, lock.dumps()])
    kept = cache.get(key)
    if kept is None:
        kept = dict(canonicalise(document, CanonicalOptions(prune=target.prune), lock=lock).document)
        if not document.failures and not target.overlay:
            cache.put(key, kept)
    return Source(label or str(target.spec), kept)


def _digests(document: Document) -> Mapping[str, Any]:
    files = {n: hashlib.sha256(f.text.encode("utf-8", "replace")).hexdigest() for n, f in document.files.items()}
    return {"name": document.name, "files": files, "schemas": list(document.schemas)}


def _is_canonical(document: Document) -> bool:
    """Whether this is a `spec.json` that was generated."""
    value = document.root
    schemas = members(members(value, "components"), "schemas")
    paths = members(value, "paths")
    operations = [
        op for item in paths.values() if is_map(item) for op in item.values() if is_map(op) and "responses" in op
    ]
    named = [*schemas.values(), *operations]
    return bool(named) and all(is_map(item) and "x-source" in item for item in named)


@contextmanager
def at_revision(revision: str, path: str, folder: Path | None = None) -> Generator[Path]:
    """A file or folder of a repository as it was; its neighbours are there as well, since specs draw on each other.

    Args:
        revision: anything that git takes: `HEAD~1`, `v1.0`, `main`.
        path: relative to the root of the repository; with a dot first, to `folder`.
        folder: where the repository is; by default the working directory.

    Raises:
        SpecError: there is no git, no repository, no such revision, or no such path in it.
    """
    root = Path(_git(["rev-parse", "--show-toplevel"], folder or Path.cwd()).decode().strip())
    if path.startswith("."):  # as git has it: relative to the working directory
        inside = ((folder or Path.cwd()) / path).resolve()
        if not inside.is_relative_to(root.resolve()):
            raise SpecError(f"{path} is outside of the repository")
        path = inside.relative_to(root.resolve()).as_posix()
    commit = commit_of(revision, root)
    if not is_at(commit, path, root):
        here = (folder or Path.cwd()).resolve().relative_to(root.resolve())
        nearer = is_at(commit, (here / path).as_posix(), root)
        hint = f"; relative to this folder it is {revision}:./{path}" if nearer else ""
        raise SpecError(f"{revision} has no {path}{hint}")
    parent = Path(path).parent.as_posix()
    packed = _git(["archive", "--format=tar", commit, *([] if parent == "." else ["--", parent])], root)
    with tempfile.TemporaryDirectory(prefix="wirewright-") as place:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(place, filter="data")
        yield Path(place, path)


def commit_of(revision: str, folder: Path) -> str:
    """The commit that a revision names. Raises `SpecError`."""
    try:
        asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
        return _git(asked, folder).decode().strip()
    except SpecError as error:
        if "not" in error.reason and ("installed" in error.reason or "repository" in error.reason):
            raise
        raise SpecError(f"git knows no revision {revision!r}") from None


def git_root(folder: Path) -> Path | None:
    """The root of the repository around a folder; None when there is none, or no git."""
    try:
        return Path(_git(["rev-parse", "--show-toplevel"], folder).decode().strip())
    except SpecError:
        return None


def git_base(folder: Path) -> str | None:
    """What a change is measured against: where this branch left the main one, else the last tag; None without both."""
    for main in ("origin/HEAD", "origin/main", "origin/master"):
        try:
            base = _git(["merge-base", "HEAD", main], folder).decode().strip()
            if base != _git(["rev-parse", "HEAD"], folder).decode().strip():
                return base
        except SpecError:
            continue
    try:
        return _git(["describe", "--tags", "--abbrev=0", "HEAD"], folder).decode().strip()
    except SpecError:
        return None


def _git(arguments: list[str], folder: Path) -> bytes:
    try:
        command = ["git", *arguments]
        ran = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_GIT_SECONDS)  # noqa: S603
    except FileNotFoundError:
        raise SpecError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise SpecError(f"git {arguments[0]} took more than {_GIT_SECONDS} s") from None
    if ran.returncode != 0:
        told = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SpecError(told[0].removeprefix("fatal: ") if told else f"git {arguments[0]} failed")
    return ran.stdout


def split_revision(text: str) -> tuple[str, str] | None:
    """`HEAD~1:specs/sbn/0.12` → revision and path; None for what is no such thing."""
    revision, colon, path = text.partition(":")
    if not colon or not revision or not path or path.startswith("//") or revision.startswith("-") or len(revision) == 1:
        return None
    return revision, path.rstrip("/")


def spec_at(target: Target, revision: str, path: str, folder: Path | None = None) -> Source:
    """The document of a spec at a git revision. Its names are those that the target's lock knows."""
    with at_revision(revision, path, folder) as found:
        return source_of(replace(target, spec=found, root=None), f"{revision}:{path}")


def text_at(revision: str, path: str, folder: Path | None = None) -> str | None:
    """A file as it was; None when it was not there. `path` is relative to the root of the repository."""
    try:
        return _git(["show", f"{revision}:{path}"], folder or Path.cwd()).decode("utf-8", "replace")
    except SpecError:
        return None


def is_at(revision: str, path: str, folder: Path) -> bool:
    """Whether a file or folder was there."""
    try:
        _git(["cat-file", "-e", f"{revision}:{path}"], folder)
    except SpecError:
        return False
    return True


def differs_from(revision: str, path: str, folder: Path) -> bool:
    """Whether anything below a path is not what it was, saved or new files included."""
    changed = _git(["diff", "--name-only", revision, "--", path], folder)
    new = _git(["ls-files", "--others", "--exclude-standard", "--", path], folder)
    return bool(changed.strip() or new.strip())

"""Whole runs, kept by what went into them: with nothing changed, a run is reading, looking up and comparing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from wirewright_codegen.account import Account, Count, Loss
from wirewright_codegen.cache import Cache, generator_digest
from wirewright_codegen.earlier import sharing_with
from wirewright_codegen.naming import Names
from wirewright_codegen.read import Document, ReadOptions, read_document
from wirewright_codegen.targets import Target, lock_of


def read_target(target: Target) -> Document:
    """The document that a target is made from. Raises `SpecError`."""
    options = ReadOptions(root=target.root, allow_remote=target.allow_remote, overlays=tuple(target.overlay))
    return read_document(target.spec, options)


def run_key_of(target: Target) -> str:
    """A digest of all that decides what a target's package holds. Raises `SpecError`."""
    options = target.deciding | {"earlier": [run_key_of(other) for other in sharing_with(target)]}
    return run_key(read_target(target), target.overlay, options, lock_of(target))


def run_key(document: Document, overlays: Iterable[Path], options: Mapping[str, Any], lock: Names) -> str:
    """The key of a run: the generator, all files that were read, the options that decide what is written, the names."""
    files = {
        name: hashlib.sha256(file.text.encode("utf-8", "replace")).hexdigest() for name, file in document.files.items()
    }
    mended = [hashlib.sha256(path.read_bytes()).hexdigest() for path in overlays]
    failures = {name: str(error) for name, error in document.failures.items()}
    return Cache.key(
        [
            generator_digest(),
            document.name,
            files,
            list(document.schemas),
            mended,
            failures,
            dict(options),
            lock.dumps(),
        ]
    )


def recall(cache: Cache, key: str) -> tuple[dict[str, str], Account] | None:
    """The files and the account of a run that was kept."""
    kept = cache.get(key)
    if kept is None:
        return None
    try:
        return cast("dict[str, str]", kept["files"]), _account(kept["account"])
    except (KeyError, TypeError, AttributeError):
        return None


def remember(cache: Cache, key: str, files: Mapping[str, str], account: Account) -> None:
    """Keep a run."""
    cache.put(key, {"files": dict(files), "account": account.as_json()})


def _account(kept: Mapping[str, Any]) -> Account:
    def rows(kind: str) -> list[Loss]:
        return [Loss(row["pointer"], row["reason"], row["subject"], row.get("line")) for row in kept[kind]]

    def count(kind: str) -> Count:
        return Count(kept[kind]["found"], kept[kind]["kept"])

    return Account(count("operations"), count("webhooks"), count("schemas"), rows("losses"), rows("notes"))

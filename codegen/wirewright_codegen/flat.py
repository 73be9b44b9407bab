"""The flat calls of a target, published and compared as its package is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wirewright_codegen.calls import render
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.models.cache import Cache
from wirewright_codegen.publish import Change, compare, finished, publish
from wirewright_codegen.read import ReadOptions, read_document

if TYPE_CHECKING:
    from wirewright_codegen.pipeline import Target


def folder_of(target: Target) -> Path:
    """Where the package of flat calls is."""
    return target.out.joinpath(*target.calls.split("."))


def publish_calls(target: Target) -> tuple[Change, ...]:
    """Write the package of flat calls, if the target has one; what changed, by path from the target's folder."""
    return _named(target, publish(folder_of(target), flat_files(target)).changes) if target.calls else ()


def compare_calls(target: Target) -> tuple[Change, ...]:
    """What `publish_calls` would change; nothing is written."""
    return _named(target, compare(folder_of(target), flat_files(target)).changes) if target.calls else ()


def flat_files(target: Target) -> dict[str, str]:
    """All files of the package, formatted and marked as generated. Raises `SpecError`."""
    from wirewright_codegen.pipeline import lock_of, run_key_of

    cache = Cache(target.cache)
    key = Cache.key(["flat calls", run_key_of(replace(target, share=False, earlier=()))])
    kept = cache.get(key)
    if kept is not None:
        return {str(path): str(text) for path, text in kept.items()}
    options = ReadOptions(root=target.root, allow_remote=target.allow_remote, overlays=tuple(target.overlay))
    document = read_document(target.spec, options)
    canonical = canonicalise(document, CanonicalOptions(prune=target.prune), lock=lock_of(target))
    files = finished(render(canonical.document))
    cache.put(key, files)
    return files


def _named(target: Target, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(Change(f"{target.calls}/{change.path}", change.kind) for change in changes)

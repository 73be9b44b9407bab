"""The flat calls of a target, published and compared as its package is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from wirewright_codegen.cache import Cache, generator_digest
from wirewright_codegen.publish import Change, compare, finished, publish

if TYPE_CHECKING:
    from wirewright_codegen.targets import Target


def folder_of(target: Target) -> Path:
    """Where the package of flat calls is."""
    return target.out.joinpath(*target.calls.split("."))


def publish_calls(target: Target, canonical: str) -> tuple[Change, ...]:
    """Write the package of flat calls, if the target has one; what changed, by path beside the target's package.

    Args:
        target: what is generated.
        canonical: the text of its `spec.json`.
    """
    return _named(target, publish(folder_of(target), _files(target, canonical)).changes) if target.calls else ()


def compare_calls(target: Target, canonical: str) -> tuple[Change, ...]:
    """What `publish_calls` would change; nothing is written."""
    return _named(target, compare(folder_of(target), _files(target, canonical)).changes) if target.calls else ()


def _files(target: Target, canonical: str) -> dict[str, str]:
    cache = Cache(target.cache)
    key = Cache.key([generator_digest(), "flat calls", canonical])
    kept = cache.get(key)
    if kept is not None:
        return {path: str(text) for path, text in kept.items()}
    from wirewright_codegen.calls import render

    files = finished(render(json.loads(canonical)))
    cache.put(key, files)
    return files


def _named(target: Target, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(Change(f"{target.calls}/{change.path}", change.kind) for change in changes)

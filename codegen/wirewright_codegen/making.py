"""The steps that write a package: canonical → operations, models → format. Loaded when something has to be written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wirewright_codegen.account import Account, Count
from wirewright_codegen.cache import Cache
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.earlier import offers_of, sharing_with
from wirewright_codegen.models import build_models, plan_models
from wirewright_codegen.models.sharing import Offer, offer
from wirewright_codegen.naming import Names
from wirewright_codegen.operations.projection import METHODS
from wirewright_codegen.operations.reader import read_api
from wirewright_codegen.operations.roots import roots_of, uploads_of
from wirewright_codegen.operations.values import ApiSpec
from wirewright_codegen.operations.write import write_package
from wirewright_codegen.publish import finished
from wirewright_codegen.read import Document
from wirewright_codegen.remembered import read_target, run_key_of
from wirewright_codegen.targets import LOCK, SPEC, Progress, Result, Target, lock_of, timed


def make(
    target: Target,
    document: Document,
    lock: Names,
    result: Result,
    *,
    earlier: Mapping[str, Target],
    progress: Progress,
) -> tuple[dict[str, str], Names]:
    """The files of a package and the names that are published with it."""
    with timed(result, "canonical"):
        progress("canonical", 0, 1)
        canonical = canonicalise(document, CanonicalOptions(prune=target.prune), lock=lock)
        result.account = canonical.account
        value: dict[str, Any] = dict(canonical.document)
        _declare_pagination(value, target.pagination)
        progress("canonical", 1, 1)
    with timed(result, "operations"):
        api, names = read_api(value, canonical.names)
        _count_operations(result.account, api)
        files = write_package(api, target.models, target.package, cli=target.cli)
    with timed(result, "models"):
        files |= _models(target, value, api, result, earlier=offers_of(earlier), progress=progress)
    with timed(result, "format"):
        progress("format", 0, 1)
        files = finished(files)
        progress("format", 1, 1)
    files[SPEC] = json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
    files[LOCK] = names.dumps()
    return files, names


def _models(
    target: Target,
    value: dict[str, Any],
    api: ApiSpec,
    result: Result,
    *,
    earlier: Sequence[Offer],
    progress: Progress,
) -> dict[str, str]:
    schemas: dict[str, Any] = value.get("components", {}).get("schemas", {})
    models = build_models(
        schemas,
        roots_of(api),
        target.models,
        uploads=uploads_of(value),
        earlier=earlier,
        cache=Cache(target.cache),
        progress=progress,
    )
    result.rendered = models.rendered
    for name, wire in models.limits:
        source = schemas[name].get("x-source", f"#/components/schemas/{name}")
        result.account.note(source, f"{target.models} holds the property {wire!r} among the unknown fields")
    return {f"models/{path}": code for path, code in models.files.items()}


def offer_of(target: Target) -> Offer:
    """The types of a target's package, for later versions to take. Raises `SpecError`."""
    canonical = canonicalise(read_target(target), CanonicalOptions(prune=target.prune), lock=lock_of(target))
    value: dict[str, Any] = dict(canonical.document)
    api, _ = read_api(value, canonical.names)
    planned = plan_models(
        value.get("components", {}).get("schemas", {}),
        roots_of(api),
        target.models,
        uploads=uploads_of(value),
        earlier=offers_of({run_key_of(other): other for other in sharing_with(target)}),
        offered=True,
    )
    return offer(target.package, planned.modules, planned.digests)


def _declare_pagination(document: Mapping[str, Any], pagination: Mapping[str, Mapping[str, Any]]) -> None:
    items: list[dict[str, Any]] = list(document.get("paths", {}).values())
    for item in items:
        for method in METHODS:
            operation: dict[str, Any] = item.get(method, {})
            if operation.get("operationId") in pagination:
                operation["x-pagination"] = dict(pagination[operation["operationId"]])


def _count_operations(account: Account, api: ApiSpec) -> None:
    """Set the account's last word: what the canonical document has against what was written."""
    written = {operation.pointer for operation in api.operations}
    account.operations = Count(account.operations.found, min(account.operations.kept, len(written)))

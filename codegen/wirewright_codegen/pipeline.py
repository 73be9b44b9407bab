"""The pipeline behind `wirewright generate` and `wirewright check`: read → canonical → models, operations → publish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirewright_codegen.account import Account, Count
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.earlier import offers_of, sharing_with
from wirewright_codegen.flat import compare_calls, publish_calls
from wirewright_codegen.models import Flavour, build_models, plan_models
from wirewright_codegen.models.cache import Cache
from wirewright_codegen.models.sharing import Offer, offer
from wirewright_codegen.naming import Names
from wirewright_codegen.operations.projection import METHODS
from wirewright_codegen.operations.reader import read_api
from wirewright_codegen.operations.roots import roots_of, uploads_of
from wirewright_codegen.operations.values import ApiSpec
from wirewright_codegen.operations.write import write_package
from wirewright_codegen.publish import Change, compare, finished, publish
from wirewright_codegen.read import Document, ReadOptions, read_document
from wirewright_codegen.remembered import recall, remember, run_key

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much of it is done, and how much there is."""
LOCK = "names.lock.json"
SPEC = "spec.json"


@dataclass(frozen=True, slots=True)
class Target:
    """One package to generate. Every attribute but `earlier` is a key of `[tool.wirewright]`, most are options as well.

    Attributes:
        spec: a file, a folder of a spec, or a web address.
        package: dotted name of the package, `syncropel_api.v0_7`.
        out: folder that the package is written into.
        models: the flavour.
        cli: write `cli.py`, one command for each operation.
        overlay: OpenAPI Overlay documents, applied in this order.
        prune: leave out schemas that no operation and no webhook reaches.
        allow_remote: follow references to web addresses.
        root: folder that no referenced file may lie outside of.
        allow_loss: what could not be generated is no failure.
        pagination: operationId → what `x-pagination` would say, for a spec that does not.
        share: take types from earlier versions of the package where they are the same.
        earlier: those versions; `load_config` finds them.
        calls: name of a package of flat calls to write as well, `sbn_calls`.
        changelog: keep `specs/<protocol>/CHANGELOG.md` true.
        name: what the target is called in messages; by default its package.
        cache: folder of rendered clusters; None for no cache.
    """

    spec: str | Path
    package: str
    out: Path = Path("generated")
    models: Flavour = "msgspec"
    cli: bool = False
    overlay: tuple[Path, ...] = ()
    prune: bool = False
    allow_remote: bool = False
    root: Path | None = None
    allow_loss: bool = False
    pagination: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    share: bool = False
    earlier: tuple[Target, ...] = ()
    calls: str = ""
    changelog: bool = False
    name: str = ""
    cache: Path | None = Path(".wirewright/cache")

    @property
    def folder(self) -> Path:
        """Where the package is."""
        return self.out.joinpath(*self.package.split("."))

    @property
    def deciding(self) -> dict[str, Any]:
        """The options that decide what is written."""
        return {
            "package": self.package,
            "models": self.models,
            "cli": self.cli,
            "share": self.share,
            "prune": self.prune,
            "pagination": {name: dict(value) for name, value in self.pagination.items()},
        }

    @property
    def label(self) -> str:
        """What it is called in messages."""
        return self.name or self.package


@dataclass(frozen=True, slots=True)
class Problem:
    """A generated module or class that does not work: a defect of the generator, or something no flavour can say."""

    place: str
    reason: str


@dataclass(slots=True)
class Result:
    """What a run did.

    `changes` are those made to the folder (by `generate`) or those that would be (by `check`); `rendered` counts
    clusters of models that did not come from the cache; `seconds` is wall time by step; `canonical` is the text of
    `spec.json`.
    """

    target: Target
    account: Account
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    rendered: int = 0
    files: int = 0
    lines: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    canonical: str = ""

    @property
    def ok(self) -> bool:
        """Whether the run was a success: nothing lost (or that is allowed), and everything works."""
        return not self.problems and (self.target.allow_loss or self.account.complete)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "package": self.target.package,
            "ok": self.ok,
            "account": self.account.as_json(),
            "changes": [{"path": change.path, "kind": change.kind} for change in self.changes],
            "problems": [{"place": problem.place, "reason": problem.reason} for problem in self.problems],
            "rendered": self.rendered,
            "files": self.files,
            "lines": self.lines,
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
        }


@dataclass(slots=True)
class _Built:
    """Everything that a folder should hold."""

    files: dict[str, str]
    result: Result


def _quiet(step: str, done: int, total: int) -> None:
    """No progress."""


def generate(target: Target, *, progress: Progress = _quiet, verify: bool = True) -> Result:
    """Write a package, all of it or nothing.

    With a loss that is not allowed nothing is written. With `verify`, and when something changed, the modules are
    imported in a fresh interpreter and a decoder is built for each class.

    Raises:
        SpecError: the document cannot be used; nothing was written.
    """
    built = _build(target, progress)
    result = built.result
    if not (target.allow_loss or result.account.complete):
        return result
    with _timed(result, "publish"):
        result.changes = publish(target.folder, built.files).changes + publish_calls(target, built.files[SPEC])
        _publish_parents(target)
    if verify and result.changes:
        from wirewright_codegen.verify import verify_package

        with _timed(result, "verify"):
            progress("verify", 0, 1)
            result.problems = tuple(Problem(*found) for found in verify_package(target.out, target.package))
            progress("verify", 1, 1)
    return result


def check(target: Target, *, progress: Progress = _quiet) -> Result:
    """What `generate` would change; nothing is written.

    Raises:
        SpecError: the document cannot be used.
    """
    built = _build(target, progress)
    built.result.changes = compare(target.folder, built.files).changes + compare_calls(target, built.files[SPEC])
    return built.result


def preview(target: Target, *, progress: Progress = _quiet) -> dict[str, str]:
    """The files of a package, by path inside it; nothing is written."""
    return _build(target, progress).files


def _build(target: Target, progress: Progress) -> _Built:
    result = Result(target, Account())
    lock = lock_of(target)
    cache = Cache(target.cache)
    with _timed(result, "read"):
        progress("read", 0, 1)
        document = _read(target)
        earlier = {run_key_of(other): other for other in sharing_with(target)}
        options = target.deciding | {"earlier": list(earlier)}
        progress("read", 1, 1)
        kept = recall(cache, run_key(document, target.overlay, options, lock))
    if kept is not None:
        files, result.account = kept
    else:
        files, names = _make(target, document, lock, result, earlier=earlier, progress=progress)
        remember(cache, run_key(document, target.overlay, options, names), files, result.account)
    result.files = len(files)
    result.canonical = files[SPEC]
    result.lines = sum(code.count("\n") for path, code in files.items() if path.endswith((".py", ".pyi")))
    return _Built(files, result)


def _read(target: Target) -> Document:
    options = ReadOptions(root=target.root, allow_remote=target.allow_remote, overlays=tuple(target.overlay))
    return read_document(target.spec, options)


def run_key_of(target: Target) -> str:
    """A digest of all that decides what a target's package holds. Raises `SpecError`."""
    options = target.deciding | {"earlier": [run_key_of(other) for other in sharing_with(target)]}
    return run_key(_read(target), target.overlay, options, lock_of(target))


def offer_of(target: Target) -> Offer:
    """The types of a target's package, for later versions to take. Raises `SpecError`."""
    canonical = canonicalise(_read(target), CanonicalOptions(prune=target.prune), lock=lock_of(target))
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


def _make(
    target: Target,
    document: Document,
    lock: Names,
    result: Result,
    *,
    earlier: Mapping[str, Target],
    progress: Progress,
) -> tuple[dict[str, str], Names]:
    """The files of a package and the names that are published with it."""
    with _timed(result, "canonical"):
        progress("canonical", 0, 1)
        canonical = canonicalise(document, CanonicalOptions(prune=target.prune), lock=lock)
        result.account = canonical.account
        value: dict[str, Any] = dict(canonical.document)
        _declare_pagination(value, target.pagination)
        progress("canonical", 1, 1)
    with _timed(result, "operations"):
        api, names = read_api(value, canonical.names)
        _count_operations(result.account, value, api)
        files = write_package(api, target.models, target.package, cli=target.cli)
    with _timed(result, "models"):
        files |= _models(target, value, api, result, earlier=offers_of(earlier), progress=progress)
    with _timed(result, "format"):
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


def lock_of(target: Target) -> Names:
    """The names that a target's package has published. Raises `SpecError` when they cannot be read."""
    path = target.folder / LOCK
    try:
        return Names.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Names()
    except (ValueError, OSError) as error:
        from wirewright_codegen.errors import SpecError

        raise SpecError(f"the lock of names cannot be read: {error}", file=path.name) from None


def _declare_pagination(document: Mapping[str, Any], pagination: Mapping[str, Mapping[str, Any]]) -> None:
    items: list[dict[str, Any]] = list(document.get("paths", {}).values())
    for item in items:
        for method in METHODS:
            operation: dict[str, Any] = item.get(method, {})
            if operation.get("operationId") in pagination:
                operation["x-pagination"] = dict(pagination[operation["operationId"]])


def _count_operations(account: Account, document: Mapping[str, Any], api: ApiSpec) -> None:
    """Set the account's last word: what the canonical document has against what was written."""
    written = {operation.pointer for operation in api.operations}
    account.operations = Count(account.operations.found, min(account.operations.kept, len(written)))


class _timed:  # noqa: N801 - reads as a statement
    """Adds the seconds of a block to a result."""

    def __init__(self, result: Result, step: str) -> None:
        self._result, self._step = result, step

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *exc: object) -> None:
        self._result.seconds[self._step] = time.perf_counter() - self._start


def _publish_parents(target: Target) -> None:
    """The packages above a dotted one: an empty module each, and the typed marker at the top."""
    folder = target.out
    for depth, part in enumerate(target.package.split(".")[:-1]):
        folder /= part
        init = folder / "__init__.py"
        if not init.exists():
            init.write_text(
                finished({"__init__.py": '"""Generated APIs, one package for each version."""\n'})["__init__.py"]
            )
        if depth == 0 and not (folder / "py.typed").exists():
            (folder / "py.typed").touch()

"""What is generated, and what a run did with it: the values that the pipeline takes and gives; nothing heavy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from wirewright_codegen.account import Account
from wirewright_codegen.errors import SpecError
from wirewright_codegen.naming import Names
from wirewright_codegen.publish import Change

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much of it is done, and how much there is."""
Flavour = Literal["msgspec", "attrs", "pydantic"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)
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


def lock_of(target: Target) -> Names:
    """The names that a target's package has published. Raises `SpecError` when they cannot be read."""
    path = target.folder / LOCK
    try:
        return Names.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Names()
    except (ValueError, OSError) as error:
        raise SpecError(f"the lock of names cannot be read: {error}", file=path.name) from None


class timed:  # noqa: N801 - reads as a statement
    """Adds the seconds of a block to a result."""

    def __init__(self, result: Result, step: str) -> None:
        self._result, self._step = result, step

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *exc: object) -> None:
        self._result.seconds[self._step] = time.perf_counter() - self._start

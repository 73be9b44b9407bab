"""What a change of a spec does to an app: its lines that break or want a look, each with the change that is the reason.

The app is type-checked against the package as generated from the old and from the new spec; errors that only the new
one brings are sorted by the change that caused them. What types do not show (a default, a limit, a value of an enum) is
found by the uses that the type checker resolved.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirewright_codegen.diff import Change, Class, Diff
from wirewright_codegen.impact.carriers import Carriers, carriers_of
from wirewright_codegen.impact.checking import CheckedApp, TypeProblem, check_app, place_package, text_of
from wirewright_codegen.impact.names import GeneratedNames
from wirewright_codegen.impact.touching import is_about, touches
from wirewright_codegen.impact.uses import Use, uses_in

__all__ = ["Finding", "Impact", "assess"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an app that a change touches.

    Attributes:
        file, line: where.
        breaks: whether the code no longer works, as the type checker sees it; otherwise it wants a look.
        text: what is wrong there.
        change: the reason; None for an error that no single change explains.
        do: what to do about it.
    """

    file: str
    line: int
    breaks: bool
    text: str
    change: Change | None
    do: str

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        change = self.change
        return {
            "file": self.file,
            "line": self.line,
            "breaks": self.breaks,
            "text": self.text,
            "do": self.do,
            "change": None if change is None else {"fingerprint": change.fingerprint, "rule": change.rule,
                                                   "place": change.place, "text": change.text},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Impact:
    """What was found: by file and line; `uses` are all uses of the package, `files` the app's files."""

    findings: tuple[Finding, ...]
    uses: int
    files: int


def assess(
    app: Path, package: str, *, old: dict[str, str], new: dict[str, str], diff: Diff, folder: Path, cache: Path
) -> Impact:
    """The lines of an app that a change of its API touches.

    Args:
        app: a file, or the folder that its imports start at.
        package: the generated package that it imports, `sbn_api.v0_12`.
        old, new: the package's files out of either spec.
        diff: what changed between them.
        folder: an empty folder to work in.
        cache: a folder that the type checker keeps what it knows about libraries in.

    Raises:
        SpecError: the app cannot be read.
    """
    runs: list[CheckedApp] = []
    for side, files in (("old", old), ("new", new)):
        place_package(folder / side, package, files)
        runs.append(check_app(app, folder / side, cache))
    names = GeneratedNames.of(old)
    before, after = runs
    uses = [
        use for file, known in before.known.items() for use in uses_in(file, text_of(Path(file)), known, package, names)
    ]
    broken = _new_problems(before.problems, after.problems)
    lines = {(problem.file, problem.line) for problem in broken}
    carriers = carriers_of(json.loads(old["spec.json"]))
    findings = [*_broken(broken, uses, diff, carriers), *_touched(uses, diff, carriers, lines)]
    unique = {(f.file, f.line, f.change.fingerprint if f.change else f.text): f for f in reversed(findings)}
    ordered = sorted(unique.values(), key=lambda f: (f.file, f.line, not f.breaks, f.text))
    return Impact(tuple(ordered), len(uses), len(before.known))


def _new_problems(before: list[TypeProblem], after: list[TypeProblem]) -> list[TypeProblem]:
    known = {(problem.file, problem.line, problem.text) for problem in before}
    return [problem for problem in after if (problem.file, problem.line, problem.text) not in known]


def _broken(problems: Iterable[TypeProblem], uses: list[Use], diff: Diff, carriers: Carriers) -> Iterable[Finding]:
    """Each new error with the change that explains it best."""
    by_line: dict[tuple[str, int], list[Use]] = defaultdict(list)
    for use in uses:
        for line in range(use.line, use.end + 1):
            by_line[(use.file, line)].append(use)
    for problem in problems:
        here = by_line[(problem.file, problem.line)]
        scopes = {use.scope for use in here} or _scopes_around(problem, uses)
        around = [u for u in uses if u.file == problem.file and u.line <= problem.line and u.scope in scopes]
        change = (
            _reason(problem, here, diff, carriers)
            or _reason(problem, around, diff, carriers, least=1)
            or _named_in(problem, diff)
            or _reason(problem, around, diff, carriers)
        )
        yield Finding(problem.file, problem.line, True, problem.text, change, change.do if change else "")


def _scopes_around(problem: TypeProblem, uses: list[Use]) -> set[str]:
    """The function whose uses come nearest before an error."""
    before = [use for use in uses if use.file == problem.file and use.line <= problem.line]
    return {max(before, key=lambda use: use.line).scope} if before else set()


def _reason(problem: TypeProblem, uses: list[Use], diff: Diff, carriers: Carriers, *, least: int = 0) -> Change | None:
    """The change that fits an error best, of those that some uses show; `least` is how well it must fit."""
    scored = [
        (_score(problem, change), change)
        for change in diff.changes
        if change.worst > Class.compatible and any(_explains(change, use, carriers) for use in uses)
    ]
    best = max(scored, key=lambda pair: (pair[0], pair[1].clients), default=(0, None))
    return best[1] if best[0] >= least else None


def _explains(change: Change, use: Use, carriers: Carriers) -> bool:
    """Whether what is used there is what changed: the member, or the class or operation as a whole."""
    if is_about(change, use, carriers):
        return True
    element = change.element
    if use.operation is not None and use.operation in element.operations:
        return use.kind == "call"
    whole = use.kind in ("name", "omit", "write") or element.member is None
    return use.schema is not None and use.schema in element.schemas and whole


def _score(problem: TypeProblem, change: Change) -> int:
    """How well a change fits the words of an error."""
    words = set(re.findall(r"\w+", problem.text))
    wanted = [change.element.member, *change.element.schemas, *change.element.operations, str(change.before)]
    hits = sum(1 for word in wanted if word and set(re.findall(r"\w+", str(word))) <= words)
    member = change.element.member
    return hits + 2 * bool(member and member.replace("-", "_") in words)


def _named_in(problem: TypeProblem, diff: Diff) -> Change | None:
    """A change whose class, property or operation the error names, where no use is known."""
    scored = [(_score(problem, change), change) for change in diff.changes if change.clients > Class.compatible]
    best = max(scored, key=lambda pair: (pair[0], pair[1].clients), default=(0, None))
    return best[1] if best[0] > 0 else None


def _touched(uses: list[Use], diff: Diff, carriers: Carriers, broken: set[tuple[str, int]]) -> Iterable[Finding]:
    """What the type checker cannot see."""
    for use in uses:
        if (use.file, use.line) in broken:
            continue
        for change in diff.changes:
            if touches(change, use, carriers):
                what = (
                    f"{use.schema}.{use.member}" if use.schema else " ".join(filter(None, (use.operation, use.member)))
                )
                yield Finding(use.file, use.line, False, f"{what}: {change.text}", change, change.do)

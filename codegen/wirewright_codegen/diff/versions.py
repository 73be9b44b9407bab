"""Version numbers: the step that was made against the step that changes ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.diff.values import Bump

_NUMBERS = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Step:
    """One step between versions.

    Attributes:
        asked: the part that the changes ask to raise.
        made: the part that was raised; None when the versions cannot be compared.
        least: the lowest version that would do; None likewise.
        enough: whether the step made is at least the one that was asked for.
    """

    asked: Bump
    made: Bump | None
    least: str | None
    enough: bool

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "asked": self.asked.name,
            "made": self.made.name if self.made is not None else None,
            "least": self.least,
            "enough": self.enough,
        }


def step_between(old: str, new: str, asked: Bump) -> Step:
    """Compare the step from `old` to `new` with the one asked for.

    As Semantic Versioning 2.0.0 has it, and as is the habit below 1.0.0, where nothing is promised yet: there the
    middle number takes what is breaking, the last one the rest.
    """
    before, after = _numbers(old), _numbers(new)
    if before is None or after is None:
        return Step(asked, None, None, asked is Bump.none)
    made = _made(before, after)
    needed = _in_zero(asked) if before[0] == 0 else asked
    return Step(asked, made, _raised(before, needed, old), made >= needed)


def _numbers(text: str) -> tuple[int, int, int] | None:
    found = _NUMBERS.match(text.strip())
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def _made(old: tuple[int, int, int], new: tuple[int, int, int]) -> Bump:
    if new <= old:
        return Bump.none
    return Bump.major if new[0] > old[0] else Bump.minor if new[1] > old[1] else Bump.patch


def _in_zero(bump: Bump) -> Bump:
    return {Bump.major: Bump.minor, Bump.minor: Bump.patch}.get(bump, bump)


def _raised(numbers: tuple[int, int, int], bump: Bump, like: str) -> str:
    major, minor, patch = numbers
    raised = {
        Bump.major: (major + 1, 0, 0),
        Bump.minor: (major, minor + 1, 0),
        Bump.patch: (major, minor, patch + 1),
        Bump.none: numbers,
    }[bump]
    shown = like.strip().removeprefix("v").count(".") + 1
    least = max(shown, {Bump.patch: 3, Bump.minor: 2}.get(bump, 1))
    return ".".join(str(number) for number in raised[: max(1, min(3, least))])

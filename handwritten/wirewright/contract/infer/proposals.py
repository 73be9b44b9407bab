"""Proposals as values, and the place where they are gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Nature = Literal["adds", "loosens"]
"""`adds`: something that the spec does not mention. `loosens`: a rule of the spec that what was seen breaks."""
Tokens = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One change of the canonical document. `at` is the way to an object or list; `remove` takes a part away first.

    An object is merged with `update`, a list gets it as one more item.
    """

    at: Tokens
    update: Any = None
    remove: Tokens | None = None
    remove_item: Any = None  # an item of the list `remove`, instead of the whole


@dataclass(frozen=True)
class Proposal:
    """What a spec lacks at one place. `what` says it, `seen` is how many exchanges show it, `example` one of them."""

    nature: Nature
    operation: str
    what: str
    changes: tuple[Change, ...]
    seen: int = 1
    example: str = ""

    @property
    def place(self) -> Tokens:
        """Where in the canonical document."""
        return self.changes[0].at if self.changes else ()

    def to_json(self) -> dict[str, Any]:
        return {
            "nature": self.nature,
            "operation": self.operation,
            "what": self.what,
            "place": "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.place),
            "seen": self.seen,
            "example": self.example,
        }


Make = Callable[[list[Any]], tuple[str, tuple[Change, ...]]]


@dataclass
class _Gathered:
    nature: Nature
    operation: str
    make: Make
    samples: list[Any] = field(default_factory=list[Any])
    seen: int = 0
    example: str = ""


class Gathering:
    """Brings together what several exchanges show of one place, so that it becomes one proposal."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], _Gathered] = {}

    def add(
        self, nature: Nature, operation: str, key: tuple[Any, ...], sample: Any, make: Make, *, example: str = ""
    ) -> None:
        """One observation. `make` turns all samples of a key into the sentence and the changes."""
        held = self._found.setdefault((nature, *key), _Gathered(nature, operation, make))
        held.samples.append(sample)
        held.seen += 1
        held.example = held.example or example

    def proposals(self) -> Iterator[Proposal]:
        """What was gathered: additions first, in the order in which they were seen."""
        for nature in ("adds", "loosens"):
            for held in self._found.values():
                if held.nature == nature:
                    what, changes = held.make(held.samples)
                    yield Proposal(held.nature, held.operation, what, changes, held.seen, held.example)

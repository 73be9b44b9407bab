"""The account of a run: what came in, what went out, and whatever was lost on the way, with its place and reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Subject = Literal["operation", "webhook", "schema", "parameter", "response", "body", "security", "document"]


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """Something that the document says and the result does not.

    `pointer` is a JSON Pointer as a URI fragment (`#/components/schemas/Pet`), led by the file's name when it is not
    the document's own (`pets.yaml#/Pet`).
    """

    pointer: str
    reason: str
    subject: Subject = "schema"
    line: int | None = None

    def __str__(self) -> str:
        place = self.pointer if self.line is None else f"{self.pointer} (line {self.line})"
        return f"{self.subject} {place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many came in and how many went out."""

    found: int = 0
    kept: int = 0

    def __str__(self) -> str:
        return f"{self.kept} of {self.found}"


@dataclass(slots=True)
class Account:
    """In and out, by kind, with `losses` (dropped or weakened) and `notes` (repaired, or kept as words only).

    A loss makes a run fail unless the caller allows it; a note does not.
    """

    operations: Count = Count()
    webhooks: Count = Count()
    schemas: Count = Count()
    losses: list[Loss] = field(default_factory=list[Loss])
    notes: list[Loss] = field(default_factory=list[Loss])

    @property
    def complete(self) -> bool:
        """Everything that came in went out, and nothing was weakened."""
        counts = (self.operations, self.webhooks, self.schemas)
        return not self.losses and all(count.found == count.kept for count in counts)

    def lose(self, pointer: str, reason: str, subject: Subject = "schema") -> None:
        """Record that something was dropped or weakened. The same loss is recorded once."""
        self._add(self.losses, Loss(pointer, reason, subject))

    def note(self, pointer: str, reason: str, subject: Subject = "schema") -> None:
        """Record a repair, or a rule that is documented and not expressed in types."""
        self._add(self.notes, Loss(pointer, reason, subject))

    def summary(self) -> str:
        """One line for people: `288 of 288 operations, 1422 of 1422 schemas, 0 losses`."""
        parts = [f"{self.operations} operations"]
        if self.webhooks.found:
            parts.append(f"{self.webhooks} webhooks")
        if self.schemas.found or not self.operations.found:
            parts.append(f"{self.schemas} schemas")
        return ", ".join([*parts, f"{len(self.losses)} loss" + ("" if len(self.losses) == 1 else "es")])

    def as_json(self) -> dict[str, object]:
        """The account as plain JSON, for machines."""
        return {
            **{
                kind: {"found": count.found, "kept": count.kept}
                for kind, count in (
                    ("operations", self.operations),
                    ("webhooks", self.webhooks),
                    ("schemas", self.schemas),
                )
            },
            "losses": _rows(self.losses),
            "notes": _rows(self.notes),
        }

    def _add(self, rows: list[Loss], row: Loss) -> None:
        if row not in rows[-50:]:
            rows.append(row)


def _rows(losses: Iterable[Loss]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for loss in losses:
        row: dict[str, object] = {"pointer": loss.pointer, "reason": loss.reason, "subject": loss.subject}
        rows.append(row | {"line": loss.line} if loss.line else row)
    return rows

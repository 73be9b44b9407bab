"""Errors of the generator: one clear sentence, and the place in the document that it is about."""

from __future__ import annotations


class SpecError(Exception):
    """A document cannot be used as it is.

    Attributes:
        reason: one sentence, without the place.
        file: name of the file, relative to the document that was read; None when no file is at fault.
        pointer: JSON Pointer inside the file, `""` for the file as a whole; None when unknown.
        line: line in the file, counted from 1; None when unknown.
    """

    def __init__(
        self, reason: str, *, file: str | None = None, pointer: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file
        self.pointer = pointer
        self.line = line

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        if self.pointer:
            place += f"#{self.pointer}"
        return f"{place}: {self.reason}" if place else self.reason


class ForbiddenReferenceError(SpecError):
    """A reference asks for something the reader must not fetch: it is never skipped as a mere loss."""

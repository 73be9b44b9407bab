"""Input templates: text with `${{ identifier.outputs.field }}` and `${{ store.key }}` in it (protocol sheet §6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

OPENER = "${{"
CLOSER = "}}"
STORE = "store"


class PlaceholderError(ValueError):
    """A text is not a template, or a placeholder has no value."""


@dataclass(frozen=True)
class Source:
    """Where a placeholder's value comes from: an output field of a node use, or a key of the store."""

    identifier: str
    field: str

    @property
    def is_store(self) -> bool:
        """Whether the value is kept in the run's store."""
        return self.identifier == STORE


@dataclass(frozen=True)
class InputTemplate:
    """A parsed text: what comes first, then each placeholder with the literal text after it."""

    head: str
    parts: tuple[tuple[Source, str], ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The distinct sources in order of first use."""
        return tuple(dict.fromkeys(source for source, _ in self.parts))

    def render(self, values: Mapping[Source, Any]) -> str:
        """The text with every placeholder filled. Values are joined as they are, so they must be strings.

        Raises `PlaceholderError` where a value is absent or None, and `TypeError` where it is no string.
        """
        text = self.head
        for source, tail in self.parts:
            value = values.get(source)
            if value is None:
                raise PlaceholderError(
                    f"Dependent value is not set for: identifier='{source.identifier}' "
                    f"field='{source.field}' tail='{tail}' value=None"
                )
            text += value + tail
        return text


@lru_cache(maxsize=4096)
def parse(text: str) -> InputTemplate:
    """The template of a text; `PlaceholderError` where a placeholder is not closed or names no source."""
    head, *pieces = text.split(OPENER)
    parts: list[tuple[Source, str]] = []
    for piece in pieces:
        placeholder, closer, tail = piece.partition(CLOSER)
        if not closer:
            raise PlaceholderError(f"Invalid syntax string placeholder {piece} for: {text} '${{' not closed")
        parts.append((_source(placeholder, text), tail))
    return InputTemplate(head, tuple(parts))


def _source(placeholder: str, text: str) -> Source:
    match [part.strip() for part in placeholder.split(".")]:
        case [identifier, "outputs", field]:
            return Source(identifier, field)
        case [identifier, field] if identifier == STORE:
            return Source(STORE, field)
        case _:
            raise PlaceholderError(f"Invalid syntax string placeholder {placeholder} for: {text}")

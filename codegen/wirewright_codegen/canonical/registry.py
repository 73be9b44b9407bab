"""Every schema that gets a name, by the location that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.vocabulary import Schema

State = Literal["waiting", "building", "done"]


@dataclass(slots=True)
class Entry:
    """A schema with an id of its own.

    Attributes:
        id: where it comes from, as text; unique.
        at: where its raw form stands.
        source: what `x-source` says.
        raw: the schema as found; None when the body was made from other schemas.
        declared: it is one of the document's own component schemas.
        place: what it is named after; None until its first use is seen.
        body: the finished schema: its children are inline or references to other entries.
        nullable: every use of it may also be null (a class cannot be null itself).
        base: of a parent that stands for its children, the id of the object that they extend.
    """

    id: str
    at: At
    source: str
    raw: Any = None
    declared: bool = False
    place: Place | None = None
    body: Schema | None = None
    state: State = "waiting"
    nullable: bool = False
    base: str | None = None


class Registry:
    """Entries by id, in the order of their appearance."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._aliases: dict[str, str] = {}
        self._queue: list[str] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __getitem__(self, identifier: str) -> Entry:
        return self.entries[self._aliases.get(identifier, identifier)]

    def get(self, identifier: str) -> Entry | None:
        """The entry with an id, if there is one."""
        return self.entries.get(self._aliases.get(identifier, identifier))

    def add(self, entry: Entry) -> Entry:
        """A new entry; it is built later unless it has its body already."""
        self.entries[entry.id] = entry
        if entry.body is None:
            self._queue.append(entry.id)
        else:
            entry.state = "done"
        return entry

    def alias(self, identifier: str, entry: str) -> None:
        """Let another location stand for an entry."""
        self._aliases[identifier] = entry

    def waiting(self) -> Iterator[Entry]:
        """Entries that are still to be built, until there are none."""
        while self._queue:
            entry = self.entries[self._queue.pop(0)]
            if entry.state == "waiting":
                yield entry

    def free_id(self, wanted: str) -> str:
        """An id that is not taken, made from a wanted one."""
        while wanted in self.entries:
            wanted += "|"
        return wanted

"""Where a schema comes from, and where its name comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wirewright_codegen.read.pointer import escape


class At(NamedTuple):
    """A location in the document: a file and a JSON Pointer inside it."""

    file: str
    pointer: str

    def child(self, *tokens: str | int) -> At:
        """The location of a member."""
        return At(self.file, self.pointer + "".join(f"/{escape(str(token))}" for token in tokens))


@dataclass(frozen=True, slots=True)
class Place:
    """What a schema is named after: a root, and the words that lead from it to the schema.

    `root` identifies the root in the lock of names; `base` is the text that the root's own name is made of; `entry` is
    the id of the root's schema when the root is a schema, whose final name is then used.
    """

    root: str
    base: str
    words: tuple[str, ...] = ()
    entry: str | None = None

    def child(self, *words: str) -> Place:
        """A place below this one."""
        return Place(self.root, self.base, (*self.words, *words), self.entry)

    def form(self, name: str) -> Place:
        """The place of another form of the same schema: `User` has a form `UserInput`."""
        return Place(f"{self.root}?{name}", self.base, (*self.words, name), self.entry)

    @property
    def key(self) -> str:
        """The place as text: stable under reordering, and under additions elsewhere."""
        return "/".join((self.root, *(escape(word) for word in self.words)))

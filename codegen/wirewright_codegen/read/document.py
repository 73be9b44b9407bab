"""The value that leaves the reader: one document, possibly of many files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wirewright_codegen.errors import SpecError
from wirewright_codegen.read.options import ReadOptions
from wirewright_codegen.read.parse import lines
from wirewright_codegen.read.values import is_map

Kind = Literal["openapi", "swagger", "schema"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its JSON value, and its text for finding lines."""

    name: str
    value: Any
    text: str = ""


@dataclass(frozen=True)
class Document:
    """One document as it was found.

    Attributes:
        name: the file that the document starts in.
        files: every file, by its name relative to the folder of the first (or by its address).
        schemas: names of the files that hold a JSON Schema each, which become component schemas.
        failures: files that are referred to and could not be read.
        options: how it was read.
    """

    name: str
    files: Mapping[str, SourceFile]
    schemas: tuple[str, ...] = ()
    failures: Mapping[str, SpecError] = field(default_factory=dict[str, SpecError])
    options: ReadOptions = field(default_factory=ReadOptions)
    _lines: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]], repr=False, compare=False)

    @property
    def root(self) -> dict[str, Any]:
        """The value of the first file; empty when the document is made of JSON Schemas alone."""
        source = self.files.get(self.name)
        value: Any = source.value if source and self.name not in self.schemas else {}
        return value if is_map(value) else {}

    @property
    def kind(self) -> Kind:
        """What the first file is."""
        if "swagger" in self.root:
            return "swagger"
        return "openapi" if "openapi" in self.root else "schema"

    def line(self, file: str, pointer: str) -> int | None:
        """The line of a pointer in a file, counted from 1; that of the nearest parent when it has none of its own."""
        source = self.files.get(file)
        if source is None or not source.text:
            return None
        if file not in self._lines:
            self._lines[file] = lines(source.text, file, self.options)
        known = self._lines[file]
        while pointer not in known and pointer:
            pointer = pointer.rpartition("/")[0]
        return known.get(pointer)


def self_of(value: object) -> str:
    """What an OpenAPI 3.2 document calls itself (`$self`); empty when it does not."""
    name = value.get("$self") if is_map(value) and "openapi" in value else None
    return name.partition("#")[0] if isinstance(name, str) else ""

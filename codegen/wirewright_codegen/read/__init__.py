"""Files to one document: JSON and YAML, several files, limits, and no network unless asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from wirewright_codegen.errors import SpecError
from wirewright_codegen.read.document import Document, SourceFile, self_of
from wirewright_codegen.read.options import ReadOptions
from wirewright_codegen.read.parse import parse
from wirewright_codegen.read.sections import with_sections
from wirewright_codegen.read.sources import Sources, is_remote, joined, resolve_name
from wirewright_codegen.read.values import is_list, is_map

__all__ = ["Document", "ReadOptions", "SourceFile", "document_of", "read_document"]

_KEPT_BYTES, _KEPT_FILES = 256 * 1024, 1024
_ENDINGS = (".yaml", ".yml", ".json")
_ENTRY_STEMS = ("openapi", "swagger")
_SCHEMA_KEYS = frozenset(
    ("$schema", "$id", "$ref", "$defs", "definitions", "type", "properties", "items", "enum", "const", "allOf", "anyOf",
     "oneOf", "not", "additionalProperties", "patternProperties", "prefixItems", "if", "required")
)  # fmt: skip


def read_document(source: str | Path, options: ReadOptions | None = None) -> Document:
    """Read a document: a file, a folder, or a web address.

    A folder stands for its `openapi.yaml` (or `.yml`, `.json`, or `swagger.*`) and every `*.schema.yaml` below it (or
    `.yml`, `.json`). Files that are referred to are read as well; those that cannot be are kept in
    `Document.failures`, since a reference may turn out to be an example.

    Raises:
        SpecError: the document is not there, not JSON or YAML, too big, too deep, or neither OpenAPI nor JSON Schema.
    """
    options = options or ReadOptions()
    if is_remote(str(source)):
        name = str(source)
        sources = Sources(Path.cwd(), Path.cwd(), options, trusted=name)
        return _Reader(sources, options).read(name, ())
    path = Path(source)
    entry, schemas = _entry(path)
    folder = entry.parent
    sources = Sources(folder, options.root or _default_root(folder), options)
    return _Reader(sources, options).read(entry.name, tuple(_relative(file, folder) for file in schemas))


def document_of(value: Any, *, name: str = "openapi.json", options: ReadOptions | None = None) -> Document:
    """A document out of a value that is in memory: no file is read, so references to other files fail.

    Raises:
        SpecError: the value is no JSON, too deep, or neither OpenAPI nor JSON Schema.
    """
    options = options or ReadOptions()
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise SpecError(f"this is no JSON value: {error}", file=name) from None
    except RecursionError:
        raise SpecError(f"objects and arrays nest deeper than {options.max_depth} levels", file=name) from None
    value = parse(text.encode(), name, options)
    _check_kind(value, name)
    return Document(name, {name: SourceFile(name, value)}, () if _is_api(value) else (name,), options=options)


def _entry(path: Path) -> tuple[Path, list[Path]]:
    if not path.is_dir():
        return path, []
    schemas = sorted(file for file in path.rglob("*.schema.*") if file.name.endswith(_ENDINGS))
    for stem in _ENTRY_STEMS:
        for ending in _ENDINGS:
            if (path / f"{stem}{ending}").is_file():
                return path / f"{stem}{ending}", schemas
    if not schemas:
        raise SpecError("the folder has no openapi.yaml and no *.schema.yaml", file=path.name)
    first = min(schemas, key=lambda file: (len(file.parts), file))
    return path / first.name if first.parent == path else path / "schemas", schemas


def _relative(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _default_root(folder: Path) -> Path:
    folder = folder.resolve()
    return folder.parent if folder.parent.parent.name == "specs" else folder


@dataclass(slots=True)
class _Reader:
    """Reads a file and whatever it refers to."""

    sources: Sources
    options: ReadOptions
    files: dict[str, SourceFile] = field(default_factory=dict[str, SourceFile])
    failures: dict[str, SpecError] = field(default_factory=dict[str, SpecError])
    ids: set[str] = field(default_factory=set[str])

    def read(self, name: str, schemas: tuple[str, ...]) -> Document:
        waiting = [*schemas]
        if name not in schemas and (schemas == () or self._exists(name)):
            root = self._load(name)
            root = SourceFile(name, self._overlaid(root.value), root.text)
            self.files[name] = root
            _check_kind(root.value, name)
            if not _is_api(root.value):
                schemas = (name, *schemas)
            waiting.insert(0, name)
        for schema in schemas:
            if schema not in self.files:
                self.files[schema] = self._load(schema)
        self._follow(waiting)
        if name in self.files and name not in schemas:
            root = self.files[name]
            self.files[name] = SourceFile(name, with_sections(root.value, name, self.files), root.text)
        return Document(name, self.files, schemas, self.failures, self.options)

    def _exists(self, name: str) -> bool:
        return is_remote(name) or (self.sources.folder / name).is_file()

    def _load(self, name: str) -> SourceFile:
        data = self.sources.read(name)
        kept = len(data) <= _KEPT_BYTES and not self.options.overlays
        value = (_parsed if kept else parse)(data, name, self.options)
        return SourceFile(name, value, data.decode("utf-8", "replace"))

    def _overlaid(self, value: Any) -> Any:
        if not self.options.overlays:
            return value
        from wirewright_codegen.read.overlay import apply_overlay  # its JSONPath library is needed for nothing else

        for path in self.options.overlays:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise SpecError(f"the overlay cannot be read: {error.strerror}", file=path.name) from None
            value = apply_overlay(value, parse(data, path.name, self.options), path.name)
        return value

    def _follow(self, waiting: list[str]) -> None:
        """Read every file that is referred to, and those that they refer to.

        Documents of OpenAPI 3.2 may refer to each other by what each calls itself: what is found by no name is looked
        for among the files beside them that have such a name.
        """
        self._read_wanted(waiting)
        if self.failures and any(self_of(file.value) for file in self.files.values()):
            others = [name for name in self.sources.holding(b"$self") if name not in self.files]
            self.files |= {name: self._load(name) for name in others}
            self._read_wanted(others)

    def _read_wanted(self, waiting: list[str]) -> None:
        wanted: dict[str, str] = {}
        while waiting:
            name = waiting.pop()
            for target, reference in self._references(name):
                wanted.setdefault(target, reference)
            for target in sorted(wanted):
                if target in self.files or target in self.failures or target in self.ids:
                    continue
                if len(self.files) >= self.options.max_files:
                    raise SpecError(f"the document has more than {self.options.max_files} files", file=name)
                try:
                    self.files[target] = self._load(target)
                except SpecError as error:
                    self.failures[target] = error
                else:
                    waiting.append(target)

    def _references(self, name: str) -> Iterator[tuple[str, str]]:
        """Files that a file refers to; notes the names that it and its schemas give themselves on the way."""
        stack: list[Any] = [self.files[name].value]
        self.ids.add(joined(name, self_of(stack[0])))
        found: list[tuple[str, str]] = []
        while stack:
            node = stack.pop()
            if is_list(node):
                stack.extend(node)
            elif is_map(node):
                identifier = node.get("$id")
                if isinstance(identifier, str):
                    self.ids.add(joined(name, identifier))
                for key in ("$ref", "$dynamicRef"):
                    reference = node.get(key)
                    if isinstance(reference, str) and not reference.startswith("#"):
                        found.append((resolve_name(name, reference), reference))
                stack.extend(node.values())
        yield from found


@lru_cache(maxsize=_KEPT_FILES)
def _parsed(data: bytes, name: str, options: ReadOptions) -> object:
    """One file's value, kept by its bytes: versions draw on the same files, and a watch reads them over and over."""
    return parse(data, name, options)


def _is_api(value: object) -> bool:
    return is_map(value) and ("openapi" in value or "swagger" in value)


def _check_kind(value: object, name: str) -> None:
    if isinstance(value, bool):
        return
    if not is_map(value):
        raise SpecError("the document must be an object", file=name)
    version = value.get("openapi", value.get("swagger"))
    if version is None:
        if not _SCHEMA_KEYS & value.keys():
            raise SpecError("this is neither OpenAPI (no `openapi`, no `swagger`) nor JSON Schema", file=name)
        return
    if not str(version).startswith(("2.", "3.0", "3.1", "3.2")) and str(version) not in ("2", "3"):
        raise SpecError(f"version {str(version)[:20]} is not supported; 2.0, 3.0, 3.1 and 3.2 are", file=name)

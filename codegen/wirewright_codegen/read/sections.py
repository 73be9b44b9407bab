"""Sections of a document that are kept in files of their own: `paths: {$ref: paths/index.yaml}`.

No version of OpenAPI has them, and many documents do: whoever bundles them reads them. Such a section becomes
references to its members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wirewright_codegen.read import pointer as pointers
from wirewright_codegen.read.document import SourceFile
from wirewright_codegen.read.sources import resolve_name
from wirewright_codegen.read.values import is_map

_MAPS = ("paths", "webhooks", "definitions", "parameters", "responses")
_VALUES = ("info", "servers", "tags", "security", "securityDefinitions", "externalDocs")
_MAX_HOPS = 20


@dataclass(frozen=True, slots=True)
class _Found:
    """A value, and where it stands."""

    value: Any
    file: str
    pointer: str

    def member(self, name: str) -> _Found:
        return _Found(self.value[name], self.file, self.pointer + pointers.join([name]))

    @property
    def reference(self) -> dict[str, Any]:
        """A reference to it."""
        file = self.file if "://" in self.file else quote(self.file)
        return {"$ref": f"{file}#{quote(self.pointer, safe='/~')}"}


def with_sections(root: Any, name: str, files: Mapping[str, SourceFile]) -> Any:
    """A document whose sections are its own. What cannot be found stays as it is, to be told where it is read."""
    if not is_map(root):
        return root
    start = _Found(root, name, "")
    found = {**root}
    for word in _VALUES:
        if word in root:
            found[word] = _followed(start.member(word), files).value
    for word in _MAPS:
        if word in root:
            found[word] = _section(start.member(word), name, files)
    if "components" in root:
        components = _followed(start.member("components"), files)
        if is_map(components.value):
            found["components"] = {word: _section(components.member(word), name, files) for word in components.value}
    return found


def _section(given: _Found, root: str, files: Mapping[str, SourceFile]) -> Any:
    """A section as it stands in the root, or references to its members, where they are in the end."""
    found = _followed(given, files)
    if not is_map(found.value) or (found == given and given.file == root):
        return given.value
    members = {name: found.member(name) for name in found.value}
    referring = {name: (_followed(one, files) if _refers(one) else one).reference for name, one in members.items()}
    beside: Mapping[str, Any] = given.value if found != given else {}
    return referring | {name: value for name, value in beside.items() if name != "$ref"}


def _refers(found: _Found) -> bool:
    return is_map(found.value) and found.value.keys() == {"$ref"}


def _followed(found: _Found, files: Mapping[str, SourceFile]) -> _Found:
    """What the references of a section lead to in the end."""
    for _ in range(_MAX_HOPS):
        reference = found.value.get("$ref") if is_map(found.value) else None
        if not isinstance(reference, str):
            break
        file = resolve_name(found.file, reference)
        pointer = pointers.from_fragment(reference.partition("#")[2])
        try:
            found = _Found(pointers.lookup(files[file].value, pointer), file, pointer)
        except (LookupError, ValueError):
            break
    return found

"""Where the operations of a document are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wirewright_codegen.document import OpenAPI, Operation, PathItem, UntrustedString, plain, read_operation
from wirewright_codegen.models.schemas import as_schema
from wirewright_codegen.operations import names
from wirewright_codegen.operations.projection import ADDITIONAL, METHODS


@dataclass(frozen=True)
class Found:
    """An operation where it stands."""

    source: Operation
    method: str
    path: UntrustedString
    item: PathItem
    pointer: str

    @property
    def id(self) -> str:
        """Its operationId, which the canonical form gives every operation."""
        return plain(self.source.operationId)

    @property
    def extra(self) -> Mapping[str, Any]:
        """Its `x-` keys."""
        return self.source.model_extra or {}

    @cached_property
    def resource(self) -> str:
        """The resource that it belongs to."""
        tag = next(iter(self.source.tags or ()), None)
        return names.resource_name(plain(tag), plain(self.path))


def find_operations(document: OpenAPI) -> Iterator[Found]:
    """All operations, those of methods outside the specification's list included."""
    for path, item in document.paths.items():
        pointer = f"/paths/{escaped(plain(path))}"
        for method in METHODS:
            source: Operation | None = getattr(item, method)
            if source is not None:
                yield Found(source, method.upper(), path, item, f"{pointer}/{method}")
        for method, value in (as_schema((item.model_extra or {}).get(ADDITIONAL)) or {}).items():
            place = f"{pointer}/{ADDITIONAL}/{escaped(method)}"
            yield Found(read_operation(value, place), method.upper(), path, item, place)


def escaped(step: str) -> str:
    """A step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")

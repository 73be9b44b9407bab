"""Which classes the operations name: what the modules of models are cut by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from wirewright_codegen.models.clusters import reachable, reference_graph
from wirewright_codegen.models.schemas import as_schema, references
from wirewright_codegen.operations.media import is_form
from wirewright_codegen.operations.projection import ADDITIONAL
from wirewright_codegen.operations.values import ApiSpec, Operation

_CLASS = re.compile(r"\bm\.(\w+)")
WEBHOOKS = "webhooks"


def roots_of(api: ApiSpec) -> dict[str, set[str]]:
    """Resource → classes that its operations name."""
    found: dict[str, set[str]] = defaultdict(set)
    for operation in api.operations:
        for kind in _annotations(operation):
            found[operation.resource].update(_CLASS.findall(kind))
    for webhook in api.webhooks:
        found[WEBHOOKS].update(_CLASS.findall(webhook.type))
    return found


def _annotations(operation: Operation) -> Iterator[str]:
    yield operation.returns
    for parameter in operation.parameters:
        yield parameter.annotation
    contents = [c for response in operation.responses for c in response.contents]
    for content in contents + list(operation.body.contents if operation.body else ()):
        yield content.type or ""
        for _, kind in content.events:
            yield kind


def uploads_of(canonical: Mapping[str, Any]) -> set[str]:
    """Classes that are sent as forms: binary strings in them are files."""
    schemas = canonical.get("components", {}).get("schemas", {})
    roots: set[str] = set()
    for item in canonical.get("paths", {}).values():
        others: Mapping[str, Any] = item.get(ADDITIONAL, {})
        operations: list[Mapping[str, Any]] = [
            found for o in (*item.values(), *others.values()) if (found := as_schema(o))
        ]
        for operation in operations:
            contents: Mapping[str, Any] = (as_schema(operation.get("requestBody")) or {}).get("content", {})
            for media_type, media in contents.items():
                if is_form(media_type):
                    roots.update(references(media.get("schema", {})))
    return reachable(reference_graph(schemas), roots)

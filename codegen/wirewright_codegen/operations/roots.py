"""Which classes the operations name: what the modules of models are cut by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

from wirewright_codegen.models.clusters import reachable, reference_graph
from wirewright_codegen.models.schemas import as_schema, references
from wirewright_codegen.operations.media import is_form
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
    """Classes that are sent in forms and nowhere else: binary strings in them are files."""
    schemas: Mapping[str, Any] = canonical.get("components", {}).get("schemas", {})
    graph = reference_graph(schemas)
    forms: set[str] = set()
    others: set[str] = set()
    for path_item in canonical.get("paths", {}).values():
        for media_type, schema in _media_schemas(path_item):
            (forms if is_form(media_type) else others).update(references(schema))
    return reachable(graph, forms) - reachable(graph, others)


def _media_schemas(node: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Media types and their schemas, of all contents anywhere below."""
    value = as_schema(node)
    if value is None:
        for item in cast("list[object]", node) if isinstance(node, list) else ():
            yield from _media_schemas(item)
        return
    for key, inner in value.items():
        if key == "content":
            for media_type, media in (as_schema(inner) or {}).items():
                yield media_type, (as_schema(media) or {}).get("schema", {})
        elif key not in ("schema", "example", "examples"):
            yield from _media_schemas(inner)

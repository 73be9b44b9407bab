"""openapi-python-client's own parser, an independent implementation, must find what our reader finds.

Its parser stumbles over much of what schemas can say, so it is given a shadow: component schemas opaque (O), parameters
simplified (P), media types mapped to one it knows (M). Ours is not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import Config
from openapi_python_client.config import ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.document import plain
from wirewright_codegen.naming import Names
from wirewright_codegen.operations.projection import METHODS
from wirewright_codegen.operations.reader import read_api
from wirewright_codegen.read import read_document

Seen = dict[str, tuple[set[tuple[str, str, bool]], set[str], set[str]]]
"""By operationId: parameters (location, wire name, required), request media types, statuses."""


def operations_of(document: Any) -> Iterator[Any]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def shadow(canonical: Any) -> Any:
    """The document as the other parser can read it; its operationId travels in `summary`."""
    document = copy.deepcopy({key: canonical[key] for key in ("openapi", "info", "paths", "components")})
    document["openapi"] = "3.1.0"
    document["components"] = {"schemas": {"Opaque": {"type": "object"}}}
    for item in document["paths"].values():
        item.pop("x-additional-operations", None)
        item.pop("servers", None)
    for operation in operations_of(document):
        operation["summary"] = operation["operationId"]
        for key in ("callbacks", "servers", "security"):
            operation.pop(key, None)
        for parameter in operation.get("parameters", []):
            parameter.pop("content", None)
            parameter.pop("examples", None)
            parameter["schema"] = {"type": "string"}
        for content in [operation.get("requestBody", {}), *operation.get("responses", {}).values()]:
            content.pop("headers", None)
            for media in content.get("content", {}).values():
                media.clear()
                media["schema"] = {"$ref": "#/components/schemas/Opaque"}
    return document


def media_types(document: Any) -> set[str]:
    found: set[str] = set()
    for operation in operations_of(document):
        for content in [operation.get("requestBody", {}), *operation.get("responses", {}).values()]:
            found |= set(content.get("content", {}))
    return found


def seen_by_the_other(document: Any) -> Seen:
    overrides = dict.fromkeys(media_types(document), "application/json")
    config = Config.from_sources(
        ConfigFile(content_type_overrides=overrides), MetaType.NONE, document_source=Path("x"), file_encoding="utf-8",
        overwrite=True, output_path=None,
    )  # fmt: skip
    data = GeneratorData.from_dict(document, config=config)
    assert not isinstance(data, GeneratorError), data
    found: Seen = {}
    for collection in data.endpoint_collections_by_tag.values():
        for endpoint in collection.endpoints:
            groups = (
                ("path", endpoint.path_parameters),
                ("query", endpoint.query_parameters),
                ("header", endpoint.header_parameters),
                ("cookie", endpoint.cookie_parameters),
            )
            parameters = {
                (location, plain(parameter.name), parameter.required)
                for location, group in groups
                for parameter in group
            }
            statuses = {response.status_code.pattern for response in endpoint.responses}
            bodies = {plain(body.content_type) for body in endpoint.bodies}
            found[plain(endpoint.summary)] = (parameters, bodies, statuses)
    return found


def seen_by_us(canonical: Any) -> Seen:
    api, _ = read_api(canonical, Names())
    found: Seen = {}
    for operation in api.operations:
        parameters = {(p.location, plain(p.wire), p.required) for p in operation.parameters}
        bodies = {plain(c.media_type) for c in operation.body.contents} if operation.body else set()
        _, _, known = found.get(plain(operation.id), (set(), set(), set()))
        found[plain(operation.id)] = (parameters, bodies, known | {r.status for r in operation.responses})
    return found


@pytest.mark.parametrize(
    "name",
    [
        "petstore31",
        "feat-discriminators30",
        "feat-circular30",
        "traintravel31",
        "langgraph31",
        "docker",
        "nexus",
        "telegram",
    ],
)
def test_both_readers_see_the_same_calls(corpus: Path, name: str) -> None:
    canonical = json.loads(json.dumps(canonicalise(read_document(corpus / f"{name}.json")).document))
    ours = seen_by_us(canonical)
    theirs = seen_by_the_other(shadow(canonical))
    assert set(ours) == set(theirs)
    for operation in theirs:
        assert ours[operation][0] == theirs[operation][0], operation
        assert ours[operation][1] == theirs[operation][1], operation
        assert ours[operation][2] == theirs[operation][2], operation

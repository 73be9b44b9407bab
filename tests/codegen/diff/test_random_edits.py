"""A hundred random edits of the largest documents of the corpus: all found, in a few seconds."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.diff import compare
from wirewright_codegen.diff.calls import METHODS
from wirewright_codegen.read import read_document

Json = dict[str, Any]
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
Edit = tuple[str, Callable[[], None]]
"""A JSON pointer that a change must be at, above or below; and what makes the edit."""


def token(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def edits(document: Json) -> Iterator[Edit]:
    """Everything that could be edited, one place at most once."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from operation_edits(item, method, f"/paths/{token(path)}/{method}")
    for name, schema in document["components"]["schemas"].items():
        yield from schema_edits(schema, f"/components/schemas/{token(name)}")


def operation_edits(item: Json, method: str, place: str) -> Iterator[Edit]:
    operation = item[method]
    yield place, lambda: operation.update(deprecated=not operation.get("deprecated"))
    yield place, lambda: operation.update(summary="Edited.")
    yield place, lambda: operation["responses"].update({"418": {"description": "Edited."}})
    yield place, lambda: operation["parameters"].append({"name": "edited", "in": "query", "schema": {}})
    yield place, lambda: item.pop(method)
    for index, parameter in enumerate(operation.get("parameters", ())):
        if parameter["in"] != "path":
            yield f"{place}/parameters/{index}", lambda p=parameter: p.update(required=not p.get("required"))
        yield f"{place}/parameters/{index}", lambda p=parameter: p.update(description="Edited.")


def schema_edits(schema: Json, place: str) -> Iterator[Edit]:
    yield place, lambda: schema.update(description="Edited.")
    for name, member in schema.get("properties", {}).items():
        here = f"{place}/properties/{token(name)}"
        yield here, lambda n=name: schema["properties"].pop(n)
        yield here, lambda n=name: schema["properties"].update({n: {"type": "array", "items": {"type": "boolean"}}})
        if name in schema.get("required", ()):
            yield here, lambda n=name: schema["required"].remove(n)
        yield here, lambda m=member: m.update({"x-edited": True})
    if "enum" in schema:
        yield place, lambda: schema["enum"].append("edited")
    if schema.get("properties"):
        yield place, lambda: schema["properties"].update({"edited": {"type": "string"}})


def edited(document: Json, seed: int, count: int) -> tuple[Json, list[str]]:
    """A copy with some random edits, no two of them in one operation or schema, and their places."""
    copied: Json = json.loads(json.dumps(document))
    every = list(edits(copied))
    random.Random(seed).shuffle(every)
    places: list[str] = []
    taken: set[str] = set()
    for place, edit in every:
        owner = "/".join(place.split("/")[:4])
        if owner not in taken:
            taken.add(owner)
            edit()
            places.append(place)
        if len(places) == count:
            break
    return copied, places


def near(place: str, pointers: list[str]) -> bool:
    return any(p == place or p.startswith(place + "/") or place.startswith(p + "/") for p in pointers)


@pytest.mark.parametrize("name", ["openai31", "digitalocean"])
@pytest.mark.promise("A hundred random edits of the largest documents are all found, in under 5 s")
def test_a_hundred_random_edits_are_all_found_in_time(name: str) -> None:
    file = CORPUS / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"there is no {file.name} beside the repository")
    document = json.loads(json.dumps(canonicalise(read_document(file)).document))
    after, places = edited(document, 7, 100)
    assert len(places) == 100
    started = time.process_time()
    found = compare(document, after)
    seconds = time.process_time() - started
    pointers = [pointer for change in found.changes for pointer in (change.old, change.new) if pointer]
    assert [place for place in places if not near(place, pointers)] == []
    assert len(found.changes) <= 400, "a hundred edits are not a thousand changes"
    assert seconds < 5, f"{seconds:.1f} s"


SCHEMA = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer"}, {"type": "string", "enum": ["a", "b"]}, {}, {"type": "boolean"},
         {"type": "string", "format": "date"}, {"$ref": "#/components/schemas/Other"},
         {"type": "string", "maxLength": 3}, {"type": "number", "description": "A number."}]
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner}),
        inner.filter(lambda schema: "anyOf" not in schema).map(lambda schema: {"anyOf": [schema, {"type": "null"}]}),
        st.builds(
            lambda properties, required: {
                "type": "object",
                "properties": properties,
                "required": sorted(set(required) & set(properties)),
            },
            st.dictionaries(st.sampled_from("pqr"), inner, min_size=1),
            st.lists(st.sampled_from("pqr")),
        ),
    ),
    max_leaves=6,
)  # fmt: skip


def around(schema: Json) -> Json:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {"operationId": "a", "requestBody": body, "responses": {}}}},
        "components": {"schemas": {"Thing": schema, "Other": {"type": "object", "properties": {"o": {}}}}},
    }


@settings(max_examples=300, deadline=None)
@given(SCHEMA, SCHEMA)
def test_nothing_that_differs_is_passed_over(before: Json, after: Json) -> None:
    found = compare(around(before), around(after)).changes
    assert bool(found) == (before != after)


@settings(max_examples=100, deadline=None)
@given(SCHEMA, SCHEMA)
def test_comparing_changes_neither_document_and_is_repeatable(before: Json, after: Json) -> None:
    old, new = around(before), around(after)
    kept = copy.deepcopy((old, new))
    first = compare(old, new)
    assert (old, new) == kept
    assert compare(old, new).as_json() == first.as_json()

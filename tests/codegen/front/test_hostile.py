"""Documents that mean harm, or that no author read twice: one clear error or a canonical document, never a crash."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.canonical.check import assert_canonical
from wirewright_codegen.errors import SpecError
from wirewright_codegen.read import document_of

Canonicalise = Callable[..., Any]
Tiny = Callable[..., dict[str, Any]]

EVIL = [
    '"; import os #',
    "'''",
    '"""',
    "\\",
    "\n",
    "{x}",
    "${x}",
    "{{x}}",
    "__class__",
    "a" * 3000,
    "\u202e",
    "\x07",
    "",
    " ",
    "💥",
    "$ref",
]


@pytest.mark.parametrize("text", EVIL)
def test_hostile_text_in_every_place(canonical: Canonicalise, text: str) -> None:
    operation = {
        "operationId": text,
        "summary": text,
        "description": text,
        "tags": [text],
        "parameters": [
            {"name": text, "in": "query", "description": text, "schema": {"enum": [text, "b"], "default": text}}
        ],
        "requestBody": {"content": {text: {"schema": {"type": "object", "properties": {text: {"enum": [text, "b"]}}}}}},
        "responses": {
            "200": {
                "description": text,
                "headers": {text: {"schema": {"const": text}}},
                "content": {text: {"schema": {}}},
            }
        },
        "callbacks": {text: {text: {"post": {}}}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": text, "version": text},
        "servers": [{"url": text}],
        "paths": {f"/{text}": {"post": operation}},
        "webhooks": {text: {"post": {}}},
        "components": {
            "schemas": {
                text: {
                    "type": "object",
                    "properties": {text: {"type": "object", "properties": {text: {}}}},
                    "required": [text],
                    "title": text,
                    "pattern": text,
                    "format": text,
                }
            }
        },
    }

    result = canonical(document)

    assert result.account.operations.kept == 1
    assert all(name.isidentifier() for name in result.document["components"]["schemas"])


def test_a_null_character_in_a_key_is_refused() -> None:
    with pytest.raises(SpecError, match="null character"):
        document_of({"openapi": "3.1.0", "components": {"schemas": {"\x00at": {}}}})


@pytest.mark.parametrize("depth", [90, 5_000, 100_000])
@pytest.mark.parametrize("word", ["items", "not", "additionalProperties"])
def test_deep_nesting_is_read_or_refused(depth: int, word: str) -> None:
    text = f'{{"{word}":' * depth + "{}" + "}" * depth
    data: Any = {}
    if depth < 100:
        data = json.loads(text)
        result = canonicalise(document_of({"openapi": "3.1.0", "components": {"schemas": {"A": data}}}))
        assert_canonical(result.document)
        return
    for _ in range(depth):
        data = {word: data}
    with pytest.raises(SpecError, match="nest deeper"):
        document_of({"openapi": "3.1.0", "components": {"schemas": {"A": data}}})


@pytest.mark.parametrize("length", [50, 2_000])
def test_a_long_chain_of_allof(canonical: Canonicalise, tiny: Tiny, length: int) -> None:
    schemas: dict[str, Any] = {
        f"S{n}": {
            "allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}, {"type": "object", "properties": {f"p{n}": {}}}]
        }
        for n in range(length)
    }
    schemas[f"S{length}"] = {"type": "object", "properties": {"end": {}}}

    result = canonical(tiny(schemas))

    assert result.account.schemas.kept == length + 1
    if length == 50:
        assert len(result.document["components"]["schemas"]["S0"]["properties"]) == 51
    else:
        assert any("too long a chain" in loss.reason for loss in result.account.losses)


def test_a_long_chain_of_references(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas: dict[str, Any] = {f"S{n}": {"$ref": f"#/components/schemas/S{n + 1}"} for n in range(3000)}
    schemas["S3000"] = {"type": "string"}

    assert canonical(tiny(schemas)).account.complete


def test_unions_that_multiply_are_bounded(canonical: Canonicalise, tiny: Tiny) -> None:
    def some(letter: str) -> dict[str, Any]:
        return {"oneOf": [{"type": "object", "properties": {f"{letter}{n}": {}}} for n in range(40)]}

    result = canonical(tiny({"A": {"allOf": [some("a"), some("b"), some("c")]}}))

    assert "too many to combine" in result.account.losses[0].reason


def test_schemas_that_contain_each_other_many_times_over(canonical: Canonicalise, tiny: Tiny) -> None:
    """Every schema extends all others, and holds all others."""
    names = "ABCDEF"
    schemas = {
        name: {
            "allOf": [
                *({"$ref": f"#/components/schemas/{other}"} for other in names if other != name),
                {"type": "object", "properties": {other: {"$ref": f"#/components/schemas/{other}"} for other in names}},
            ]
        }
        for name in names
    }

    result = canonical(tiny(schemas))

    assert result.account.schemas.kept == len(names)


MIX = [
    None,
    True,
    5,
    "x",
    [],
    {},
    ["x"],
    {"x": 1},
    [None],
    {"$ref": 5},
    {"$ref": "#/components/schemas/User"},
    {"$ref": "#/"},
    [[]],
]


def mutations(value: Any, chance: random.Random, count: int) -> Any:
    """A copy with values replaced, keys dropped and parts moved, at random."""
    value = copy.deepcopy(value)
    for _ in range(count):
        spots = list(containers(value))
        spot = chance.choice(spots)
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        if not keys:
            continue
        key = chance.choice(keys)
        action = chance.randrange(3)
        if action == 0:
            spot[key] = copy.deepcopy(chance.choice(MIX))
        elif action == 1:
            del spot[key]
        else:
            spot[key] = copy.deepcopy(chance.choice(spots))
    return value


def containers(value: Any) -> list[Any]:
    found, stack = [], [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict | list):
            found.append(node)
            stack.extend(node.values() if isinstance(node, dict) else node)
    return found


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 12),
    st.sampled_from(["petstore30", "feat-discriminators30", "traintravel31", "feat-types31"]),
)
def test_documents_with_anything_anywhere(corpus: dict[str, Any], seed: int, count: int, name: str) -> None:
    broken = mutations(corpus[name], random.Random(seed), count)

    try:
        result = canonicalise(document_of(broken))
    except SpecError as error:
        assert str(error)
        return
    assert_canonical(result.document)
    json.dumps(result.document)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_swagger_documents_with_anything_anywhere(seed: int, count: int) -> None:
    swagger = {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "host": "h",
        "basePath": "/b",
        "schemes": ["https"],
        "securityDefinitions": {
            "o": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://a", "scopes": {"a": "b"}}
        },
        "parameters": {
            "P": {"name": "p", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "csv"}
        },
        "responses": {
            "R": {"description": "r", "schema": {"$ref": "#/definitions/A"}, "headers": {"X": {"type": "string"}}}
        },
        "definitions": {
            "A": {"type": "object", "discriminator": "k", "properties": {"k": {"type": "string"}}},
            "B": {"allOf": [{"$ref": "#/definitions/A"}, {"properties": {"x": {"type": "file"}}}]},
        },
        "paths": {
            "/a/{id}": {
                "parameters": [{"$ref": "#/parameters/P"}],
                "post": {
                    "consumes": ["multipart/form-data"],
                    "produces": ["application/json"],
                    "security": [{"o": ["a"]}],
                    "parameters": [
                        {"name": "id", "in": "path", "type": "string", "required": True},
                        {"name": "f", "in": "formData", "type": "file"},
                    ],
                    "responses": {
                        "200": {"$ref": "#/responses/R"},
                        "400": {"description": "", "examples": {"a/b": {}}},
                    },
                },
            }
        },
    }

    broken = mutations(swagger, random.Random(seed), count)

    try:
        result = canonicalise(document_of(broken))
    except SpecError as error:
        assert str(error)
        return
    assert_canonical(result.document)

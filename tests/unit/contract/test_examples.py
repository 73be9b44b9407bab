"""Values made up from schemas: allowed by them, and the same each time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wirewright.contract.examples import NoValueError, synthesise
from wirewright.contract.patterns import matching_text
from wirewright.contract.schemas import Schemas


def made(schema: Any, **definitions: Any) -> Any:
    document = {"components": {"schemas": {"Root": schema, **definitions}}}
    schemas = Schemas(document)
    value = synthesise(schemas, {"$ref": "#/components/schemas/Root"})
    assert schemas.at("/components/schemas/Root").problems(value, "value") == []
    return value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({"type": "string", "minLength": 9, "maxLength": 9}, "stringxxx"),
        ({"type": "string", "maxLength": 3}, "str"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "multipleOf": 7, "minimum": 8}, 14),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": None}, None),
        ({"type": "string", "default": "d", "examples": ["e"]}, "e"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True}, [0, 1]),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"const": 1}], "items": False}, ["string", 1]),
        ({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}, {"key0": 0, "key1": 0}),
        ({"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}}, {"x": None}),
        ({}, {}),
    ],
)
def test_the_plainest_value_is_made(schema: Any, value: Any) -> None:
    assert made(schema) == value


def test_a_schema_that_holds_itself_ends() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/Root"}, "n": {"type": "integer"}}}
    assert made(tree) == {"left": {}, "n": 0}


def test_a_schema_without_end_or_value_says_so() -> None:
    endless = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Root"}}}
    for schema in (endless, {"not": {}}, {"type": "string", "pattern": "^(?!)"}):
        with pytest.raises(NoValueError):
            made(schema)


def test_a_union_tells_its_variant() -> None:
    schema = {
        "anyOf": [{"$ref": "#/components/schemas/Cat"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
    }
    assert made(schema, Cat={"type": "object", "properties": {"n": {"type": "integer"}}}) == {"kind": "cat", "n": 0}


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-f0-9]{64}$",
        "^did:[a-z]+:[A-Za-z0-9._-]+$",
        r"^\d{4}-\d{2}$",
        "^(foo|bar)+[^a-z]$",
        r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2,}$",
        r"(\w)\1",
        "^.{3,}$",
        "",
        "^sha256:[0-9a-f]{64}$",
    ],
)
def test_a_text_is_found_for_usual_patterns(pattern: str) -> None:
    assert made({"type": "string", "pattern": pattern}) is not None


def test_a_pattern_that_cannot_be_read_has_no_text() -> None:
    assert matching_text(r"\p{L}+") is None
    assert matching_text("^a$", shortest=5) is None


LEAVES = st.sampled_from(
    [{"type": "string"}, {"type": "integer", "minimum": 3}, {"type": "null"}, {"enum": [1, "a"]}, {}]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda items, low: {"type": "array", "items": items, "minItems": low}, inner, st.integers(0, 3)),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda members, required: {
                "type": "object",
                "properties": members,
                "required": sorted(required & members.keys()),
            },
            st.dictionaries(st.sampled_from("abc"), inner),
            st.sets(st.sampled_from("abc")),
        ),
    ),
    max_leaves=12,
)


@given(SCHEMAS)
@settings(max_examples=60)
def test_whatever_the_schema_its_value_is_allowed_and_the_same_each_time(schema: Any) -> None:
    assert made(schema) == made(json.loads(json.dumps(schema)))

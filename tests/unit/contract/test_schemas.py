"""Schemas by their place in a document: compiled once, and nothing fetched for them."""

from __future__ import annotations

from typing import Any

import pytest
from wirewright.contract.schemas import Schemas, look_up, pointer, type_names

DOCUMENT: dict[str, Any] = {
    "paths": {"/a/{b}": {"get": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}},
    "components": {
        "schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
            "Away": {"$ref": "https://example.invalid/schema.json"},
            "Lost": {"$ref": "#/components/schemas/Nobody"},
            "Odd": {"type": "string", "pattern": "("},
            "Bytes": {"type": "string", "format": "byte"},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }
    },
}
PLACE = pointer("paths", "/a/{b}", "get", "schema")


def test_a_place_is_a_json_pointer() -> None:
    assert PLACE == "/paths/~1a~1{b}/get/schema"
    assert look_up(DOCUMENT, PLACE)["type"] == "array"
    with pytest.raises(LookupError):
        look_up(DOCUMENT, "/paths/nowhere")


def test_an_inline_schema_is_used_where_it_stands() -> None:
    schemas = Schemas(DOCUMENT)
    assert schemas.at(PLACE).problems([{"name": "Rex"}], "body") == []
    (problem,) = schemas.at(PLACE).problems([{"name": ""}], "body")
    assert (problem.kind, problem.place) == ("schema", "body/0/name")
    (problem,) = schemas.at(PLACE).problems([{}], "body")
    assert (problem.kind, problem.place, problem.message) == ("missing", "body/0", '"name" is a required property')
    assert schemas.at(PLACE) is schemas.at(PLACE)


@pytest.mark.parametrize("name", ["Away", "Lost", "Odd"])
def test_a_schema_that_cannot_be_used_is_named_and_nothing_is_fetched(name: str) -> None:
    with pytest.raises(ValueError, match=f"the schema at /components/schemas/{name} cannot be used"):
        Schemas(DOCUMENT).at(f"/components/schemas/{name}")


def test_a_schema_that_cannot_be_used_is_warned_of_once_and_not_checked(caplog: pytest.LogCaptureFixture) -> None:
    schemas = Schemas(DOCUMENT)
    assert [schemas.usable("/components/schemas/Odd") for _ in range(3)] == [None] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert schemas.usable(PLACE) is schemas.at(PLACE)


def test_base64_is_a_format() -> None:
    validator = Schemas(DOCUMENT).at("/components/schemas/Bytes")
    assert validator.is_valid("YWJj")
    assert not validator.is_valid("no base64!")


def test_at_most_twenty_problems_are_told_and_long_ones_cut() -> None:
    schemas = Schemas({"s": {"type": "array", "items": {"type": "integer"}}})
    problems = schemas.at("/s").problems(["x" * 1000] * 50, "body")
    assert len(problems) == 20
    assert all(len(problem.message) <= 300 for problem in problems)


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": ["integer", "null"]}, {"integer", "null"}),
        ({"enum": [1, "a", None]}, {"integer", "string", "null"}),
        ({"enum": [True, 1.5, [], {}]}, {"boolean", "number", "array", "object"}),
        ({"anyOf": [{"type": "string"}, {"const": 1}]}, {"string", "integer"}),
        ({}, set()),
        (True, set()),
        ({"$ref": "#/components/schemas/Loop"}, set()),
    ],
)
def test_the_types_that_a_schema_allows_are_known(schema: Any, names: set[str]) -> None:
    assert type_names(Schemas(DOCUMENT), schema) == names

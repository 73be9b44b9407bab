"""What each construct of JSON Schema becomes: a tiny schema, and its canonical form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Schemas = Callable[..., dict[str, Any]]


def ref(name: str, **beside: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", **beside}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NULL = {"type": "null"}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


SINGLE = [
    ("any by emptiness", {}, {}),
    ("any by truth", True, {}),
    ("never", False, {"not": {}}),
    ("null", {"type": "null"}, NULL),
    (
        "string with limits",
        {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a"},
        {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a"},
    ),
    ("format", {"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
    ("a format implies text", {"format": "date-time"}, {"type": "string", "format": "date-time"}),
    ("a numeric format implies a number", {"format": "int64"}, {"type": "integer", "format": "int64"}),
    ("limits imply a number", {"minimum": 3}, {"type": "number", "minimum": 3}),
    (
        "booleans for exclusive limits",
        {"type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 9},
    ),
    ("type array of one", {"type": ["string"]}, STRING),
    (
        "type array with null",
        {"type": ["string", "null"], "minLength": 1},
        {"anyOf": [{"type": "string", "minLength": 1}, NULL]},
    ),
    (
        "type array of several",
        {"type": ["integer", "string", "null"], "minLength": 1, "minimum": 0},
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}, NULL]},
    ),
    ("integer or number is number", {"type": ["integer", "number"]}, {"type": "number"}),
    ("nullable", {"type": "string", "nullable": True}, {"anyOf": [STRING, NULL]}),
    ("nullable any stays any", {"nullable": True}, {}),
    ("const", {"const": "x"}, {"type": "string", "const": "x"}),
    ("const true", {"const": True}, {"type": "boolean", "const": True}),
    ("const null", {"const": None}, NULL),
    (
        "const of an object",
        {"const": {"a": 1}},
        {"type": "object", "additionalProperties": {}, "x-constraints": [{"enum": [{"a": 1}]}]},
    ),
    ("enum", {"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
    ("enum with duplicates", {"type": "string", "enum": ["a", "b", "a"]}, {"type": "string", "enum": ["a", "b"]}),
    (
        "what is said of each value goes with it",
        {"type": "string", "enum": ["a", None, "b"], "nullable": True, "x-enum-varnames": ["A", "N", "B"]},
        {"type": "string", "enum": ["a", "b"], "x-enum-varnames": ["A", "B"]},
    ),
    ("enum of one", {"type": "string", "enum": ["a"]}, {"type": "string", "const": "a"}),
    ("enum of both booleans", {"enum": [True, False]}, {"type": "boolean"}),
    (
        "enum of text that YAML read as numbers",
        {"type": "string", "enum": [1, "b"]},
        {"type": "string", "enum": ["1", "b"]},
    ),
    ("enum of numbers", {"enum": [1, 2.5]}, {"type": "number", "enum": [1, 2.5]}),
    (
        "enum true is not 1",
        {"enum": [1, True]},
        {"anyOf": [{"type": "integer", "const": 1}, {"type": "boolean", "const": True}]},
    ),
    (
        "enum of mixed types and null",
        {"enum": ["a", 1, None]},
        {"anyOf": [{"type": "string", "const": "a"}, {"type": "integer", "const": 1}, NULL]},
    ),
    ("array", {"type": "array", "items": STRING, "minItems": 1}, {"type": "array", "items": STRING, "minItems": 1}),
    ("array without items", {"type": "array"}, {"type": "array", "items": {}}),
    (
        "tuple",
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": {"not": {}}},
    ),
    (
        "tuple of older drafts",
        {"type": "array", "items": [STRING], "additionalItems": INTEGER},
        {"type": "array", "prefixItems": [STRING], "items": INTEGER},
    ),
    (
        "unevaluated items",
        {"type": "array", "prefixItems": [STRING], "unevaluatedItems": False},
        {"type": "array", "prefixItems": [STRING], "items": {"not": {}}},
    ),
    (
        "contains is documented",
        {"type": "array", "items": STRING, "contains": {"const": "x"}},
        {"type": "array", "items": STRING, "x-constraints": [{"contains": {"const": "x"}}]},
    ),
    ("free object", {"type": "object"}, {"type": "object", "additionalProperties": {}}),
    (
        "free object, said outright",
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {}},
    ),
    ("map", {"type": "object", "additionalProperties": INTEGER}, {"type": "object", "additionalProperties": INTEGER}),
    ("properties imply an object", {"properties": {"a": STRING}}, thing(a=STRING)),
    ("open object", thing(a=STRING), thing(a=STRING)),
    (
        "closed object",
        {**thing(a=STRING), "additionalProperties": False},
        {**thing(a=STRING), "additionalProperties": False},
    ),
    (
        "closed and empty",
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {}, "additionalProperties": False},
    ),
    (
        "object that is a map as well",
        {**thing(a=STRING), "additionalProperties": INTEGER},
        {**thing(a=STRING), "additionalProperties": INTEGER},
    ),
    (
        "a required name without a property",
        {**thing(a=STRING), "required": ["a", "b"]},
        {**thing(a=STRING, b={}), "required": ["a", "b"]},
    ),
    (
        "a required name of a map",
        {"type": "object", "additionalProperties": INTEGER, "required": ["a"]},
        {**thing(a=INTEGER), "additionalProperties": INTEGER, "required": ["a"]},
    ),
    ("a property that must not be there", thing(a=False), thing(a={"not": {}})),
    (
        "unevaluated properties close",
        {**thing(a=STRING), "unevaluatedProperties": False},
        {**thing(a=STRING), "additionalProperties": False},
    ),
    (
        "a pattern for every name is a map",
        {"type": "object", "patternProperties": {"^.*$": INTEGER}},
        {"type": "object", "additionalProperties": INTEGER},
    ),
    (
        "patterns of a closed object",
        {"type": "object", "patternProperties": {"^x-": STRING}, "additionalProperties": False},
        {
            "type": "object",
            "additionalProperties": STRING,
            "x-constraints": [{"patternProperties": {"^x-": STRING}, "properties": {}, "additionalProperties": False}],
        },
    ),
    (
        "patterns of an open object allow anything elsewhere",
        {"type": "object", "patternProperties": {"^x-": STRING}},
        {"type": "object", "additionalProperties": {}, "x-constraints": [{"patternProperties": {"^x-": STRING}}]},
    ),
    (
        "rules about names are documented",
        {"type": "object", "additionalProperties": STRING, "propertyNames": {"pattern": "^a"}},
        {"type": "object", "additionalProperties": STRING, "x-constraints": [{"propertyNames": {"pattern": "^a"}}]},
    ),
    (
        "conditions are documented",
        {**thing(a=STRING), "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {**thing(a=STRING), "x-constraints": [{"if": {"required": ["a"]}, "then": {"required": ["b"]}}]},
    ),
    (
        "dependent schemas are documented",
        {**thing(a=STRING), "dependentSchemas": {"a": {"required": ["b"]}}},
        {**thing(a=STRING), "x-constraints": [{"dependentSchemas": {"a": {"required": ["b"]}}}]},
    ),
    (
        "not is documented",
        {"type": "string", "not": {"const": "x"}},
        {"type": "string", "x-constraints": [{"not": {"const": "x"}}]},
    ),
    (
        "alternatives that only require",
        {**thing(a=STRING, b=STRING), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {**thing(a=STRING, b=STRING), "x-constraints": [{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}]},
    ),
    ("union of scalars", {"oneOf": [STRING, INTEGER]}, {"anyOf": [STRING, INTEGER]}),
    ("union with null, wherever it stands", {"anyOf": [NULL, STRING, INTEGER]}, {"anyOf": [STRING, INTEGER, NULL]}),
    ("union of one", {"oneOf": [STRING]}, STRING),
    ("union of equals", {"anyOf": [STRING, {"type": "string", "title": "same"}]}, STRING),
    ("union with any", {"anyOf": [STRING, {}]}, {}),
    ("union with never", {"anyOf": [STRING, False]}, STRING),
    ("nested unions are flat", {"anyOf": [{"oneOf": [STRING, INTEGER]}, NULL]}, {"anyOf": [STRING, INTEGER, NULL]}),
    ("allOf of one", {"allOf": [STRING]}, STRING),
    (
        "allOf with a description",
        {"allOf": [STRING, {"description": "said"}]},
        {"type": "string", "description": "said"},
    ),
    (
        "allOf of objects",
        {"allOf": [{**thing(a=STRING), "required": ["a"]}, thing(b=INTEGER)]},
        {**thing(a=STRING, b=INTEGER), "required": ["a"]},
    ),
    (
        "allOf tightens",
        {"allOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"minimum": 3}]},
        {"type": "integer", "minimum": 3, "maximum": 9},
    ),
    ("allOf of number and integer", {"allOf": [{"type": "number"}, {"type": "integer"}]}, INTEGER),
    (
        "allOf narrows an enum",
        {"allOf": [{"enum": ["a", "b", "c"]}, {"enum": ["b", "c"]}]},
        {"type": "string", "enum": ["b", "c"]},
    ),
    (
        "allOf keeps both patterns",
        {"allOf": [{"type": "string", "pattern": "a"}, {"pattern": "b"}]},
        {"type": "string", "pattern": "b", "x-constraints": [{"pattern": "a"}]},
    ),
    ("allOf of null and not null", {"allOf": [{"type": ["string", "null"]}, {"type": "string"}]}, STRING),
    (
        "siblings of allOf",
        {"allOf": [thing(a=STRING)], "properties": {"b": STRING}, "required": ["b"]},
        {**thing(a=STRING, b=STRING), "required": ["b"]},
    ),
    (
        "limits bind only values of their type",
        {"anyOf": [STRING, INTEGER], "minLength": 2},
        {"anyOf": [{"type": "string", "minLength": 2}, INTEGER]},
    ),
    (
        "described",
        {
            "type": "string",
            "title": "T",
            "description": "D",
            "default": "x",
            "deprecated": True,
            "example": "e",
            "x-note": 1,
        },
        {
            "type": "string",
            "title": "T",
            "description": "D",
            "default": "x",
            "deprecated": True,
            "examples": ["e"],
            "x-note": 1,
        },
    ),
    (
        "a default of another type goes",
        {"type": "string", "enum": ["a", "b"], "default": []},
        {"type": "string", "enum": ["a", "b"]},
    ),
    ("type file", {"type": "file"}, {"type": "string", "format": "binary"}),
    ("type any", {"type": "any"}, {}),
    (
        "json in text",
        {"type": "string", "contentMediaType": "application/json", "contentSchema": INTEGER},
        {"type": "string", "contentMediaType": "application/json", "contentSchema": INTEGER},
    ),
]


@pytest.mark.parametrize(("raw", "expected"), [pytest.param(raw, want, id=name) for name, raw, want in SINGLE])
def test_one_schema(schemas: Schemas, raw: Any, expected: Any) -> None:
    assert schemas({"It": raw})["It"] == expected


SEVERAL = [
    (
        "an inline object is named after its place",
        {"User": thing(address=thing(zip=STRING))},
        {"User": thing(address=ref("UserAddress")), "UserAddress": thing(zip=STRING)},
    ),
    (
        "an inline enum too, and what belongs to the use stays there",
        {
            "User": thing(
                role={
                    "type": "string",
                    "enum": ["a", "b"],
                    "default": "a",
                    "description": "The role.",
                    "readOnly": True,
                }
            )
        },
        {
            "User": thing(role=ref("UserRole", default="a", description="The role.", readOnly=True)),
            "UserRole": {"type": "string", "enum": ["a", "b"], "description": "The role."},
        },
    ),
    (
        "a nullable inline object",
        {"User": thing(address={**thing(zip=STRING), "nullable": True})},
        {"User": thing(address={"anyOf": [ref("UserAddress"), NULL]}), "UserAddress": thing(zip=STRING)},
    ),
    (
        "items and values",
        {
            "User": thing(
                list={"type": "array", "items": thing(a=STRING)},
                map={"type": "object", "additionalProperties": thing(b=STRING)},
            )
        },
        {
            "User": thing(
                list={"type": "array", "items": ref("UserListItem")},
                map={"type": "object", "additionalProperties": ref("UserMapValue")},
            ),
            "UserListItem": thing(a=STRING),
            "UserMapValue": thing(b=STRING),
        },
    ),
    (
        "a tuple is named",
        {"Line": thing(points={"type": "array", "prefixItems": [thing(x=INTEGER), STRING]})},
        {
            "Line": thing(points=ref("LinePoints")),
            "LinePoints": {"type": "array", "prefixItems": [ref("LinePointsFirst"), STRING]},
            "LinePointsFirst": thing(x=INTEGER),
        },
    ),
    (
        "members of a union by their constant",
        {"Event": {"oneOf": [thing(kind={"const": "opened"}), thing(kind={"const": "closed"})]}},
        {
            "Event": {"anyOf": [ref("EventOpened"), ref("EventClosed")]},
            "EventOpened": thing(kind={"type": "string", "const": "opened"}),
            "EventClosed": thing(kind={"type": "string", "const": "closed"}),
        },
    ),
    (
        "members of a union by their title",
        {"It": {"oneOf": [{**thing(a=STRING), "title": "First one"}, STRING]}},
        {"It": {"anyOf": [ref("ItFirstOne"), STRING]}, "ItFirstOne": {**thing(a=STRING), "title": "First one"}},
    ),
    (
        "members of a union by what only they have",
        {"It": {"oneOf": [thing(id=STRING, a=STRING), thing(id=STRING, b=STRING)]}},
        {
            "It": {"anyOf": [ref("ItWithA"), ref("ItWithB")]},
            "ItWithA": thing(id=STRING, a=STRING),
            "ItWithB": thing(id=STRING, b=STRING),
        },
    ),
    (
        "members of a union that nothing tells apart",
        {"It": {"oneOf": [{**thing(a=STRING), "required": ["a"]}, {**thing(a=STRING), "maxProperties": 3}]}},
        {
            "It": {"anyOf": [ref("ItVariantA"), ref("ItVariantB")]},
            "ItVariantA": {**thing(a=STRING), "required": ["a"]},
            "ItVariantB": {**thing(a=STRING), "maxProperties": 3},
        },
    ),
    (
        "a component that may be null is the class, its uses carry the null",
        {"A": {**thing(a=STRING), "nullable": True}, "B": thing(a=ref("A"), l={"type": "array", "items": ref("A")})},
        {
            "A": thing(a=STRING),
            "B": thing(a={"anyOf": [ref("A"), NULL]}, l={"type": "array", "items": {"anyOf": [ref("A"), NULL]}}),
        },
    ),
    (
        "described optional object",
        {"A": {**thing(a=STRING), "nullable": True}, "B": thing(a={"allOf": [ref("A"), {"description": "the a"}]})},
        {"A": thing(a=STRING), "B": thing(a={"anyOf": [ref("A"), NULL], "description": "the a"})},
    ),
    ("an alias", {"A": thing(a=STRING), "B": ref("A")}, {"A": thing(a=STRING), "B": ref("A")}),
    (
        "allOf of one reference is the reference",
        {"A": thing(a=STRING), "B": thing(a={"allOf": [ref("A")], "description": "d"})},
        {"A": thing(a=STRING), "B": thing(a=ref("A", description="d"))},
    ),
    (
        "allOf that adds nothing is the reference",
        {
            "A": {**thing(a=STRING), "required": ["a"]},
            "B": thing(a={"allOf": [ref("A"), {"type": "object"}, {"required": ["a"]}]}),
        },
        {"A": {**thing(a=STRING), "required": ["a"]}, "B": thing(a=ref("A"))},
    ),
    (
        "what is inherited keeps its name",
        {"A": thing(inner=thing(x=STRING)), "B": {"allOf": [ref("A"), thing(b=STRING)]}},
        {"A": thing(inner=ref("AInner")), "AInner": thing(x=STRING), "B": thing(inner=ref("AInner"), b=STRING)},
    ),
    (
        "what is inherited and extended has a name of its own",
        {"A": thing(inner=thing(x=STRING)), "B": {"allOf": [ref("A"), thing(inner=thing(y=STRING))]}},
        {
            "A": thing(inner=ref("AInner")),
            "AInner": thing(x=STRING),
            "B": thing(inner=ref("BInner")),
            "BInner": thing(x=STRING, y=STRING),
        },
    ),
    (
        "allOf over a union is a union of allOfs",
        {
            "X": thing(x=STRING),
            "Y": thing(y=STRING),
            "B": {"allOf": [{"oneOf": [ref("X"), ref("Y")]}, thing(b=STRING)]},
        },
        {
            "X": thing(x=STRING),
            "Y": thing(y=STRING),
            "B": {"anyOf": [ref("BX"), ref("BY")]},
            "BX": thing(x=STRING, b=STRING),
            "BY": thing(y=STRING, b=STRING),
        },
    ),
    (
        "properties beside oneOf",
        {"X": thing(x=STRING), "Y": thing(y=STRING), "B": {**thing(b=STRING), "oneOf": [ref("X"), ref("Y")]}},
        {
            "X": thing(x=STRING),
            "Y": thing(y=STRING),
            "B": {"anyOf": [ref("BX"), ref("BY")]},
            "BX": thing(x=STRING, b=STRING),
            "BY": thing(y=STRING, b=STRING),
        },
    ),
    (
        "type object beside oneOf says nothing",
        {"X": thing(x=STRING), "Y": thing(y=STRING), "B": {"type": "object", "oneOf": [ref("X"), ref("Y")]}},
        {"X": thing(x=STRING), "Y": thing(y=STRING), "B": {"anyOf": [ref("X"), ref("Y")]}},
    ),
    (
        "allOf drops the variants that it contradicts",
        {
            "X": {**thing(k={"const": "x"}), "required": ["k"]},
            "Y": {**thing(k={"const": "y"}), "required": ["k"]},
            "B": {"allOf": [{"oneOf": [ref("X"), ref("Y")]}, thing(k={"const": "x"})]},
        },
        {
            "X": {**thing(k={"type": "string", "const": "x"}), "required": ["k"]},
            "Y": {**thing(k={"type": "string", "const": "y"}), "required": ["k"]},
            "B": ref("X"),
        },
    ),
    (
        "siblings of a reference in 3.1",
        {"A": thing(a=STRING), "B": {**ref("A"), "properties": {"b": STRING}}},
        {"A": thing(a=STRING), "B": thing(a=STRING, b=STRING)},
    ),
    (
        "recursion",
        {"Node": thing(kids={"type": "array", "items": ref("Node")}, up={"anyOf": [ref("Node"), NULL]})},
        {"Node": thing(kids={"type": "array", "items": ref("Node")}, up={"anyOf": [ref("Node"), NULL]})},
    ),
    (
        "recursion through lists and maps",
        {
            "J": {
                "anyOf": [
                    STRING,
                    {"type": "array", "items": ref("J")},
                    {"type": "object", "additionalProperties": ref("J")},
                ]
            }
        },
        {
            "J": {
                "anyOf": [
                    STRING,
                    {"type": "array", "items": ref("J")},
                    {"type": "object", "additionalProperties": ref("J")},
                ]
            }
        },
    ),
    (
        "an extension of oneself inside oneself",
        {"N": thing(up={"allOf": [ref("N"), thing(x=STRING)]})},
        {"N": thing(up=ref("NUp")), "NUp": thing(up=ref("NUp"), x=STRING)},
    ),
    (
        "mutual extension",
        {"A": thing(b={"allOf": [ref("B"), thing(z=STRING)]}), "B": {"allOf": [ref("A"), thing(y=STRING)]}},
        {"A": thing(b=ref("AB")), "B": thing(b=ref("AB"), y=STRING), "AB": thing(b=ref("AB"), y=STRING, z=STRING)},
    ),
    (
        "unions that contain each other",
        {"U": {"anyOf": [ref("V"), STRING]}, "V": {"anyOf": [ref("U"), INTEGER]}},
        {"U": {"anyOf": [STRING, INTEGER]}, "V": {"anyOf": [INTEGER, STRING]}},
    ),
    (
        "$defs",
        {"A": {**thing(a={"$ref": "#/components/schemas/A/$defs/In"}), "$defs": {"In": thing(q=STRING)}}},
        {"A": thing(a=ref("AIn")), "AIn": thing(q=STRING)},
    ),
    (
        "$anchor",
        {"A": {"$anchor": "an", **thing(a=STRING)}, "B": thing(a={"$ref": "#an"})},
        {"A": thing(a=STRING), "B": thing(a=ref("A"))},
    ),
    (
        "$dynamicRef",
        {"T": {"$dynamicAnchor": "node", **thing(kids={"type": "array", "items": {"$dynamicRef": "#node"}})}},
        {"T": thing(kids={"type": "array", "items": ref("T")})},
    ),
    (
        "$recursiveRef means the component",
        {"F": thing(all={"type": "array", "items": {"$recursiveRef": "#"}})},
        {"F": thing(all={"type": "array", "items": ref("F")})},
    ),
    (
        "a reference into a component",
        {
            "A": thing(inner=thing(x=STRING), s=STRING),
            "B": thing(
                i={"$ref": "#/components/schemas/A/properties/inner"}, s={"$ref": "#/components/schemas/A/properties/s"}
            ),
        },
        {"A": thing(inner=ref("AInner"), s=STRING), "AInner": thing(x=STRING), "B": thing(i=ref("AInner"), s=STRING)},
    ),
    (
        "keys that look like keywords",
        {"A": thing(**{"$ref": STRING, "enum": thing(x=STRING), "default": STRING, "x-y": STRING})},
        {
            "A": thing(**{"$ref": STRING, "enum": ref("AEnum"), "default": STRING, "x-y": STRING}),
            "AEnum": thing(x=STRING),
        },
    ),
]


@pytest.mark.parametrize(("raw", "expected"), [pytest.param(raw, want, id=name) for name, raw, want in SEVERAL])
def test_schemas_together(schemas: Schemas, raw: Any, expected: Any) -> None:
    assert schemas(raw) == expected


def test_before_3_1_what_stands_beside_a_reference_only_describes(schemas: Schemas) -> None:
    raw = {
        "A": thing(a=STRING),
        "B": thing(b={**ref("A"), "description": "d", "properties": {"b": STRING}, "nullable": True}),
    }

    found = schemas(raw, version="3.0.3")

    assert found["B"] == thing(b={"anyOf": [ref("A"), NULL], "description": "d"})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (ref("Nowhere"), "points to nothing"),
        ({"$ref": 5}, "a reference must be text"),
        (5, "a schema must be an object"),
        ({"type": "wat"}, "is no type"),
        ({"type": "string", "enum": [{"a": 1}]}, "no value of the enumeration has the schema's type"),
        ({"enum": []}, "the enumeration is empty"),
        ({"type": "object", "properties": [1]}, "properties must be an object"),
        ({"oneOf": "x"}, "oneOf must be a list"),
        ({"$ref": "other.yaml#/X"}, "cannot be followed"),
        ({"allOf": [{"$ref": "#/components/schemas/Bad"}]}, "circle"),
        ({"allOf": [{"$ref": "#/components/schemas/Bad"}, {"properties": {"a": STRING}}]}, "allOf leads back"),
    ],
)
def test_a_bad_schema_costs_itself_and_is_in_the_account(canonical: Any, tiny: Any, raw: Any, reason: str) -> None:
    result = canonical(tiny({"Bad": raw, "User": thing(bad=ref("Bad"), name=STRING)}))

    assert [loss.reason for loss in result.account.losses if reason in loss.reason]
    assert result.account.losses[0].pointer.startswith("#/components/schemas/Bad")
    assert not result.account.complete
    assert result.account.schemas.found == result.account.schemas.kept == 2
    assert result.document["components"]["schemas"]["User"]["properties"]["name"] == STRING


def test_a_schema_that_was_left_empty_is_anything(canonical: Any, tiny: Any) -> None:
    result = canonical(tiny({"User": thing(name=None)}))

    assert result.account.complete
    assert "no schema is written here" in result.account.notes[0].reason
    assert result.document["components"]["schemas"]["User"]["properties"] == {"name": {}}


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/a~1b", "#/components/schemas/a%2Fb", "#components/schemas/c"]
)
def test_references_as_people_spell_them(canonical: Any, tiny: Any, reference: str) -> None:
    result = canonical(tiny({"a/b": STRING, "c": STRING, "User": thing(name={"$ref": reference})}))

    assert result.account.complete, result.account.losses


@pytest.mark.parametrize(
    ("raw", "expected", "reason"),
    [
        ({"allOf": [STRING, INTEGER]}, INTEGER, "allOf contradicts itself: string and integer"),
        (
            {"allOf": [thing(s={"const": "a"}), thing(s={"const": "b"})]},
            thing(s={"type": "string", "const": "b"}),
            "allOf at property 's' contradicts itself",
        ),
    ],
)
def test_where_nothing_is_valid_the_later_schema_is_taken_and_noted(
    canonical: Any, tiny: Any, raw: Any, expected: Any, reason: str
) -> None:
    result = canonical(tiny({"It": raw}))

    found = result.document["components"]["schemas"]["It"]
    assert {key: value for key, value in found.items() if key != "x-source"} == expected
    assert result.account.notes[0].reason.startswith(reason)
    assert result.account.complete  # what no value satisfies cannot lose one


def test_the_letter_of_json_schema_on_request(canonical: Any, tiny: Any) -> None:
    result = canonical(tiny({"A": {"properties": {"a": STRING}}}), infer_types=False)

    members = result.document["components"]["schemas"]["A"]["anyOf"]

    assert [member.get("type") or member["$ref"] for member in members] == [
        "#/components/schemas/AWithA",
        "array",
        "string",
        "number",
        "boolean",
        "null",
    ]

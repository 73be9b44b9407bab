"""Discriminators, parents with children, and schemas that differ by direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Canonicalise = Callable[..., Any]
Tiny = Callable[..., dict[str, Any]]

STRING = {"type": "string"}
PREFIX = "#/components/schemas/"


def ref(name: str) -> dict[str, Any]:
    return {"$ref": PREFIX + name}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def tagged(value: str | None, *, required: bool = True, **properties: Any) -> dict[str, Any]:
    kind = STRING if value is None else {"type": "string", "const": value}
    return thing(("kind",) if required else (), kind=kind, **properties)


def found(
    canonical: Canonicalise, tiny: Tiny, schemas: dict[str, Any], name: str, version: str = "3.1.0"
) -> dict[str, Any]:
    result: dict[str, Any] = canonical(tiny(schemas, version=version)).document["components"]["schemas"][name]
    return result


def test_a_complete_mapping_is_kept_by_class_name(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "my-cat": tagged(None, c=STRING),
        "my-dog": tagged(None, d=STRING),
        "Pet": {
            "oneOf": [ref("my-cat"), ref("my-dog")],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": PREFIX + "my-cat", "dog": "my-dog"}},
        },
    }

    pet = found(canonical, tiny, schemas, "Pet")

    assert pet["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"cat": PREFIX + "MyCat", "dog": PREFIX + "MyDog"},
    }


def test_without_a_mapping_the_schemas_name_is_the_value(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "cat": tagged(None),
        "dog": tagged(None),
        "Pet": {"oneOf": [ref("cat"), ref("dog")], "discriminator": {"propertyName": "kind"}},
    }

    assert found(canonical, tiny, schemas, "Pet")["discriminator"]["mapping"] == {
        "cat": PREFIX + "Cat",
        "dog": PREFIX + "Dog",
    }


def test_constants_win_over_a_mapping_that_contradicts_them(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "Cat": tagged("cat"),
        "Dog": tagged("dog"),
        "Pet": {
            "oneOf": [ref("Cat"), ref("Dog")],
            "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "d": "Dog"}},
        },
    }

    assert found(canonical, tiny, schemas, "Pet")["discriminator"]["mapping"] == {
        "cat": PREFIX + "Cat",
        "dog": PREFIX + "Dog",
    }


def test_a_place_left_open_by_dynamic_scope_takes_all_that_fill_it(canonical: Canonicalise, tiny: Tiny) -> None:
    def page(of: str) -> dict[str, Any]:
        return {"$id": f"{of}s", "$defs": {"item": {"$dynamicAnchor": "item", "$ref": PREFIX + of}}, "$ref": "page"}

    schemas = {
        "Page": {
            "$id": "page",
            "$defs": {"item": {"$dynamicAnchor": "item", "not": {}}},
            "type": "object",
            "properties": {"items": {"type": "array", "items": {"$dynamicRef": "#item"}}},
        },
        "Users": page("User"),
        "Orders": page("Order"),
        "User": {"type": "object", "properties": {"u": STRING}},
        "Order": {"type": "object", "properties": {"o": STRING}},
    }

    made = canonical(tiny(schemas)).document["components"]["schemas"]

    assert made["PageItemsItem"]["anyOf"] == [ref("Order"), ref("User")]
    assert made["Users"]["$ref"] == PREFIX + "Page"


@pytest.mark.parametrize("extra", [[], [{"type": "object"}], [{"properties": {"fins": {"type": "integer"}}}]], ids=str)
def test_children_that_add_nothing_are_classes_of_their_own(
    canonical: Canonicalise, tiny: Tiny, extra: list[Any]
) -> None:
    kind = {"type": "string", "enum": ["cat", "dog"]}
    schemas = {
        "Pet": {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": kind, "name": {"type": "string"}},
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "dog": "#/components/schemas/Dog"}},
        },
        "Cat": {"allOf": [ref("Pet")]},
        "Dog": {"allOf": [ref("Pet"), *extra]},
    }

    made = canonical(tiny(schemas)).document["components"]["schemas"]

    assert {"kind", "name"} <= made["Cat"]["properties"].keys()
    assert {"kind", "name"} <= made["Dog"]["properties"].keys()
    assert made["Pet"]["anyOf"] == [ref("Cat"), ref("Dog")]
    assert made["Pet"]["discriminator"]["mapping"] == {"cat": PREFIX + "Cat", "dog": PREFIX + "Dog"}


def test_one_value_for_two_variants_cannot_be_used(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "Cat": tagged("same", c=STRING),
        "Dog": tagged("same", d=STRING),
        "Pet": {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
    }

    result = canonical(tiny(schemas))

    pet = result.document["components"]["schemas"]["Pet"]
    assert "discriminator" not in pet and "x-discriminator" not in pet
    assert any("stands for two variants" in note.reason for note in result.account.notes)


@pytest.mark.parametrize("extra", [{"oneOf": []}, {"oneOf": [STRING]}], ids=["optional", "beside text"])
def test_a_discriminator_that_a_variant_may_lack_is_a_hint(
    canonical: Canonicalise, tiny: Tiny, extra: dict[str, Any]
) -> None:
    optional = not extra["oneOf"]
    schemas = {
        "Cat": tagged("cat", required=not optional),
        "Dog": tagged("dog"),
        "Pet": {"oneOf": [ref("Cat"), ref("Dog"), *extra["oneOf"]], "discriminator": {"propertyName": "kind"}},
    }

    pet = found(canonical, tiny, schemas, "Pet")

    assert "discriminator" not in pet
    assert pet["x-discriminator"]["mapping"] == {"cat": PREFIX + "Cat", "dog": PREFIX + "Dog"}


def test_constants_imply_a_discriminator(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "A": thing(("op", "type"), op={"const": "x"}, type={"const": "a"}),
        "B": thing(("op", "type"), op={"const": "x"}, type={"enum": ["b", "c"]}),
        "U": {"anyOf": [ref("A"), ref("B"), {"type": "null"}]},
    }

    assert found(canonical, tiny, schemas, "U")["discriminator"] == {
        "propertyName": "type",
        "mapping": {"a": PREFIX + "A", "b": PREFIX + "B", "c": PREFIX + "B"},
    }


def test_variants_that_were_merged_keep_their_values(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "Cat": tagged(None, c=STRING),
        "Dog": tagged(None, d=STRING),
        "Pet": {
            **thing(owner=STRING),
            "oneOf": [ref("Cat"), ref("Dog")],
            "discriminator": {"propertyName": "kind", "mapping": {"meow": "Cat", "woof": "Dog"}},
        },
    }

    assert found(canonical, tiny, schemas, "Pet")["discriminator"]["mapping"] == {
        "meow": PREFIX + "PetCat",
        "woof": PREFIX + "PetDog",
    }


PARENT = {
    "Pet": {
        **thing(("kind",), kind=STRING, name=STRING),
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "Dog"}},
    },
    "Cat": {"allOf": [ref("Pet"), thing(claws=STRING)]},
    "Dog": {"allOf": [ref("Pet"), thing(pack=STRING)]},
    "Puppy": {"allOf": [ref("Dog"), thing(age=STRING)]},
    "Owner": thing(pet=ref("Pet"), pets={"type": "array", "items": ref("Pet")}),
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_parent_stands_for_its_children(canonical: Canonicalise, tiny: Tiny, version: str) -> None:
    schemas = canonical(tiny(PARENT, version=version)).document["components"]["schemas"]

    assert schemas["Pet"]["discriminator"]["mapping"] == {
        "Cat": PREFIX + "Cat",
        "dog": PREFIX + "Dog",
        "Puppy": PREFIX + "Puppy",
        "Pet": PREFIX + "PetBase",
    }
    assert set(schemas["Puppy"]["properties"]) == {"kind", "name", "pack", "age"}
    assert set(schemas["PetBase"]["properties"]) == {"kind", "name"}
    assert schemas["Owner"]["properties"]["pet"] == ref("Pet")


def test_a_parent_whose_values_are_all_taken_is_no_variant_itself(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "Pet": {
            **thing(("kind",), kind={"enum": ["cat", "dog"]}),
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "dog": "Dog"}},
        },
        "Cat": {"allOf": [ref("Pet"), thing(kind={"const": "cat"})]},
        "Dog": {"allOf": [ref("Pet"), thing(kind={"const": "dog"})]},
    }

    assert found(canonical, tiny, schemas, "Pet")["discriminator"]["mapping"] == {
        "cat": PREFIX + "Cat",
        "dog": PREFIX + "Dog",
    }


def test_a_child_that_is_a_parent(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "Base": {**thing(("kind", "sub"), kind=STRING, sub=STRING), "discriminator": {"propertyName": "kind"}},
        "Mid": {"allOf": [ref("Base"), {**thing(m=STRING), "discriminator": {"propertyName": "sub"}}]},
        "Leaf": {"allOf": [ref("Mid"), thing(l=STRING)]},
    }

    result = canonical(tiny(schemas)).document["components"]["schemas"]

    assert result["Base"]["discriminator"]["mapping"] == {
        "Leaf": PREFIX + "Leaf",
        "Mid": PREFIX + "MidBase",
        "Base": PREFIX + "BaseBase",
    }
    assert result["Mid"]["discriminator"]["mapping"] == {"Leaf": PREFIX + "Leaf", "Mid": PREFIX + "MidBase"}


def test_a_parent_that_lists_its_children(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {
        "P": {**thing(("t",), t=STRING), "oneOf": [ref("A"), ref("B")], "discriminator": {"propertyName": "t"}},
        "A": {"allOf": [ref("P"), thing(a=STRING)]},
        "B": {"allOf": [ref("P"), thing(b=STRING)]},
    }

    result = canonical(tiny(schemas))

    assert result.account.complete
    assert result.document["components"]["schemas"]["P"]["anyOf"] == [ref("A"), ref("B")]
    assert set(result.document["components"]["schemas"]["A"]["properties"]) == {"t", "a"}


USER = thing(
    ("id", "name", "password"),
    id={"type": "integer", "readOnly": True},
    name=STRING,
    password={"type": "string", "writeOnly": True},
    friends={"type": "array", "items": ref("User")},
)


def users(*, sent: bool, answered: bool, **schemas: Any) -> dict[str, Any]:
    json = {"application/json": {"schema": ref("Box")}}
    body = {"requestBody": {"content": json}} if sent else {}
    operation = {
        "operationId": "op",
        **body,
        "responses": {"200": {"description": "", "content": json if answered else {}}},
    }
    return {"schemas": {"User": USER, "Box": thing(user=ref("User")), **schemas}, "paths": {"/u": {"post": operation}}}


def test_a_schema_that_differs_by_direction_becomes_two(canonical: Canonicalise, tiny: Tiny) -> None:
    result = canonical(tiny(**users(sent=True, answered=True)))

    schemas = result.document["components"]["schemas"]
    assert set(schemas["User"]["properties"]) == {"id", "name", "friends"}
    assert schemas["User"]["required"] == ["id", "name"]
    assert set(schemas["UserInput"]["properties"]) == {"name", "password", "friends"}
    assert schemas["UserInput"]["properties"]["friends"]["items"] == ref("UserInput")
    assert schemas["BoxInput"]["properties"]["user"] == ref("UserInput")
    operation = result.document["paths"]["/u"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == ref("BoxInput")
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == ref("Box")
    assert result.account.complete


@pytest.mark.parametrize(
    ("sent", "answered", "properties"),
    [
        (True, False, {"name", "password", "friends"}),
        (False, True, {"id", "name", "friends"}),
        (False, False, {"id", "name", "password", "friends"}),
    ],
    ids=["only sent", "only answered", "neither"],
)
def test_a_schema_that_goes_one_way_stays_one(
    canonical: Canonicalise, tiny: Tiny, sent: bool, answered: bool, properties: set[str]
) -> None:
    schemas = canonical(tiny(**users(sent=sent, answered=answered))).document["components"]["schemas"]

    assert "UserInput" not in schemas
    assert set(schemas["User"]["properties"]) == properties


def test_webhooks_go_the_other_way(canonical: Canonicalise, tiny: Tiny) -> None:
    hook = {"post": {"requestBody": {"content": {"application/json": {"schema": ref("User")}}}, "responses": {}}}

    schemas = canonical(tiny({"User": USER}, webhooks={"changed": hook})).document["components"]["schemas"]

    assert set(schemas["User"]["properties"]) == {"id", "name", "friends"}


def test_a_tag_stays_whatever_its_direction(canonical: Canonicalise, tiny: Tiny) -> None:
    def one(value: str) -> dict[str, Any]:
        return thing(
            ("kind",),
            kind={"type": "string", "const": value, "readOnly": True},
            id={"type": "string", "readOnly": True},
        )

    parts = users(sent=True, answered=True, Box={"oneOf": [ref("A"), ref("B")]}, A=one("a"), B=one("b"))

    schemas = canonical(tiny(**parts)).document["components"]["schemas"]

    assert set(schemas["AInput"]["properties"]) == {"kind"}
    assert schemas["BoxInput"]["discriminator"]["mapping"] == {"a": PREFIX + "AInput", "b": PREFIX + "BInput"}


def test_a_name_that_is_taken_already(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = canonical(tiny(**users(sent=True, answered=True, UserInput=thing(mine=STRING)))).document["components"][
        "schemas"
    ]

    assert set(schemas["UserInput"]["properties"]) == {"mine"}
    assert set(schemas["UserInputModel"]["properties"]) == {"name", "password", "friends"}

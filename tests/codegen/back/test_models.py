"""Models: what each construct of a schema becomes, the same in every flavour, and what goes in comes out."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

CAT = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}}
DOG = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}, "good": {"type": "boolean"}}}


def field_of(source: str, name: str) -> str:
    """The annotation of an attribute, without what the flavour adds for absence."""
    found = re.search(rf"^    {name}: (.*?)(?: = .*)?$", source, re.MULTILINE)
    assert found, source
    return re.sub(r"( \| UnsetType| \| None)$", "", found[1])


@pytest.mark.parametrize(
    ("schema", "annotation"),
    [
        ({"type": "string"}, "str"),
        ({"type": "integer", "format": "int64"}, "int"),
        ({"type": "number"}, "float"),
        ({"type": "boolean"}, "bool"),
        ({"type": "string", "format": "date-time"}, "_dt.datetime"),
        ({"type": "string", "format": "date"}, "_dt.date"),
        ({"type": "string", "format": "time"}, "_dt.time"),
        ({"type": "string", "format": "uuid"}, "UUID"),
        ({"type": "string", "format": "decimal"}, "Decimal"),
        ({"type": "string", "format": "byte"}, "bytes"),
        ({"type": "string", "contentEncoding": "base64"}, "bytes"),
        ({"type": "string", "format": "email"}, "str"),
        ({"type": "string", "format": "duration"}, "str"),
        ({"type": "array", "items": {"type": "string"}}, "list[str]"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": False}, "list[Any]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
        ({"type": ["string", "integer"]}, "ThingValue"),
        ({"type": "string", "enum": ["on", "off"]}, "ThingValue"),
        ({"const": "x"}, 'Literal["x"]'),
        ({"const": 3}, "Literal[3]"),
        ({"const": True}, "bool"),
        ({"const": 2**63}, "int"),
        ({"enum": [2**64, 2**64 + 1]}, "ThingValue"),
        ({"$ref": "#/components/schemas/Other"}, "Other"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Other"}}, "list[Other]"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "ThingValue"),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "items": False},
            "ThingValue",
        ),
        (True, "Any"),
        ({}, "Any"),
    ],
    ids=str,
)
def test_a_schema_becomes_this_type_in_every_flavour(
    build: Any, make_spec: Any, schema: Any, annotation: str, flavour: str
) -> None:
    thing = {"type": "object", "required": ["value"], "properties": {"value": schema}}
    package = build(make_spec(schemas={"Thing": thing, "Other": {"type": "object", "properties": {}}}), flavour)
    assert field_of(package.source("models/other.py"), "value") == annotation


DATA = "#/components/schemas/Data"
EXACT = {
    "type": "object",
    "required": ["id", "at", "day", "price", "data"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "at": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "price": {"type": "string", "format": "decimal"},
        "data": {"type": "string", "format": "byte"},
    },
}


def test_formats_are_standard_types_and_come_back_as_they_were(build: Any, make_spec: Any, flavour: str) -> None:
    package = build(make_spec(schemas={"Exact": EXACT}), flavour)
    wire = {
        "id": "0e7f0a52-3a3b-4c4d-8e8f-0123456789ab",
        "at": "2026-01-02T03:04:05Z",
        "day": "2026-01-02",
        "price": "12.50",
        "data": "AAFieXRlcw==",
    }
    value = package.decode("Exact", wire)
    assert value.id == uuid.UUID(wire["id"])
    assert value.at == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert value.day == dt.date(2026, 1, 2)
    assert value.price == Decimal("12.50")
    assert value.data == b"\x00\x01bytes"
    assert package.encode(value) == wire


def test_bytes_that_stand_alone_are_base64(build: Any, make_spec: Any, flavour: str) -> None:
    from wirewright import codecs

    schemas = {"Data": {"type": "string", "format": "byte"}, "Datas": {"type": "array", "items": {"$ref": DATA}}}
    package = build(make_spec(schemas=schemas), flavour)
    assert package.decode("Data", "AP8=") == b"\x00\xff"
    assert package.decode("Datas", ["AP8="]) == [b"\x00\xff"]
    assert package.encode(b"\x00\xff") == "AP8="
    assert package.encode([b"\x00\xff", b""]) == ["AP8=", ""]
    assert codecs.get(flavour).convert(["AP8="], list[bytes]) == [b"\x00\xff"]


def test_an_integer_may_be_written_as_a_float(build: Any, make_spec: Any, flavour: str) -> None:
    schema = {"type": "object", "properties": {"size": {"type": "integer"}, "kind": {"const": 1}}}
    package = build(make_spec(schemas={"Thing": schema}), flavour)
    value = package.decode("Thing", {"size": 3.0, "kind": 1.0})
    assert (value.size, value.kind) == (3, 1)
    assert package.encode(value) == {"size": 3, "kind": 1}


def test_absent_and_null_are_kept_apart(build: Any, make_spec: Any, flavour: str) -> None:
    schema = {"type": "object", "properties": {"note": {"type": ["string", "null"]}}}
    package = build(make_spec(schemas={"Thing": schema}), flavour)
    assert package.encode(package.decode("Thing", {})) == {}
    assert package.encode(package.decode("Thing", {"note": None})) == {"note": None}
    assert package.decode("Thing", {"note": None}).note is None


def test_unknown_fields_and_unknown_enum_values_survive(build: Any, make_spec: Any, flavour: str) -> None:
    schema = {"type": "object", "properties": {"state": {"type": "string", "enum": ["on", "off"]}}}
    package = build(make_spec(schemas={"Thing": schema}), flavour)
    wire = {"state": "flickering", "future": {"field": [1]}}
    value = package.decode("Thing", wire)
    assert value.state == "flickering"
    assert package.encode(value) == wire


def test_enums_are_open_literals(build: Any, make_spec: Any) -> None:
    package = build(make_spec(schemas={"State": {"type": "string", "enum": ["on", "off"]}}))
    assert 'State: TypeAlias = Literal["on", "off"] | str' in package.source("models/other.py")


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("class", "class_"),
        ("self", "self_"),
        ("photoUrls", "photo_urls"),
        ("+1", "plus_1"),
        ("$ref", "ref"),
        ("model_config", "model_config_"),
        ("json", "json_"),
        ("list", "list_"),
        ("date", "date"),
        ("datetime", "datetime"),
        ("Any", "any"),
    ],
)
def test_field_names_are_python_names_and_the_wire_keeps_its_own(
    build: Any, make_spec: Any, wire: str, name: str, flavour: str
) -> None:
    properties = {wire: {"type": "string"}, "day": {"type": "string", "format": "date"}}
    package = build(make_spec(schemas={"Thing": {"type": "object", "properties": properties}}), flavour)
    value = package.decode("Thing", {wire: "x", "day": "2026-01-02"})
    assert getattr(value, name) == "x"
    assert package.encode(value) == {wire: "x", "day": "2026-01-02"}
    assert package.encode(package.models.Thing(**{name: "y"})) == {wire: "y"}


def test_two_properties_that_want_one_name_both_have_one(build: Any, make_spec: Any, flavour: str) -> None:
    properties = {"a-b": {"type": "integer"}, "a_b": {"type": "integer"}, "a b": {"type": "integer"}}
    package = build(make_spec(schemas={"Thing": {"type": "object", "properties": properties}}), flavour)
    wire = {"a-b": 1, "a_b": 2, "a b": 3}
    value = package.decode("Thing", wire)
    assert value.a_b == 2
    assert package.encode(value) == wire


INTEGERS = {"type": "array", "items": {"type": "integer"}}
CATS = {"type": "array", "items": {"$ref": "#/components/schemas/Cat"}}
UNIONS: list[tuple[Any, list[tuple[Any, str]]]] = [
    ({"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]},
     [({"kind": "cat", "lives": 9}, "Cat"), ({"kind": "dog", "good": True}, "Dog")]),
    ({"anyOf": [{"$ref": "#/components/schemas/Person"}, {"$ref": "#/components/schemas/Company"}]},
     [({"name": "a", "born": 1}, "Person"), ({"name": "b", "vat": "x"}, "Company")]),
    ({"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Cat"}]},
     [("text", "str"), ({"kind": "cat"}, "Cat")]),
    ({"anyOf": [INTEGERS, CATS]},
     [([1, 2], "list"), ([{"kind": "cat"}], "list")]),
    ({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}, {"type": "integer"}]},
     [("a", "str"), ("zzz", "str"), (3, "int")]),
    ({"enum": [2**64, 1, "a"]}, [(2**64, "int"), (1, "int"), ("a", "str")]),
    ({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["false"]}]}, [(True, "bool"), ("false", "str")]),
    ({"anyOf": [{"$ref": "#/components/schemas/Cat"}, {"type": "object", "additionalProperties": {"type": "integer"}}]},
     [({"kind": "cat"}, "Cat"), ({"a": 1}, "dict")]),
]  # fmt: skip
PEOPLE = {
    "Cat": CAT,
    "Dog": DOG,
    "Person": {
        "type": "object",
        "required": ["name", "born"],
        "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    },
    "Company": {
        "type": "object",
        "required": ["name", "vat"],
        "properties": {"name": {"type": "string"}, "vat": {"type": "string"}},
    },
}


@pytest.mark.parametrize(("union", "values"), UNIONS, ids=str)
def test_unions_decode_to_the_right_variant(
    build: Any, make_spec: Any, union: Any, values: list[tuple[Any, str]], flavour: str
) -> None:
    holder = {"type": "object", "properties": {"value": union, "many": {"type": "array", "items": union}}}
    package = build(make_spec(schemas={**PEOPLE, "Holder": holder}), flavour)
    for wire, kind in values:
        content = {"value": wire, "many": [wire]}
        found = package.decode("Holder", content)
        assert type(found.value).__name__ == kind
        assert package.encode(found) == content


def test_a_mapping_tells_variants_apart_that_have_no_constant(build: Any, make_spec: Any, flavour: str) -> None:
    pet = {"type": "object", "required": ["petType"], "properties": {"petType": {"type": "string"}}}
    either = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "petType", "mapping": {"cat": "Cat", "dog": "Dog", "wolf": "Dog"}},
    }
    holder = {"type": "object", "properties": {"pet": {"$ref": "#/components/schemas/Pet"}}}
    package = build(make_spec(schemas={"Cat": pet, "Dog": pet, "Pet": either, "Holder": holder}), flavour)
    for value, kind in (("cat", "Cat"), ("dog", "Dog"), ("wolf", "Dog")):
        wire = {"pet": {"petType": value}}
        found = package.decode("Holder", wire)
        assert type(found.pet).__name__ == kind
        assert package.encode(found) == wire


def test_hundreds_of_types_that_lead_to_each_other(build: Any, make_spec: Any, flavour: str) -> None:
    count = 300
    schemas = {
        f"T{n}": {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/T{(n + 1) % count}"}}}
        for n in range(count)
    }
    package = build(make_spec(schemas=schemas), flavour)
    assert package.models.T7(next=package.models.T8()).next is not None
    wire = {"next": {"next": {"next": {}}}}
    for name in ("T0", "T150", "T299"):
        assert package.encode(package.decode(name, wire)) == wire


def test_a_type_of_null_alone_may_be_absent_too(build: Any, make_spec: Any, flavour: str) -> None:
    nothing = {"$ref": "#/components/schemas/Nothing"}
    properties = {
        "a": nothing,
        "b": {"type": "array", "items": nothing},
        "c": {"anyOf": [nothing, {"type": "integer"}]},
    }
    schemas = {
        "Nothing": {"type": "null"},
        "Only": {"enum": [None]},
        "Use": {"type": "object", "properties": properties},
    }
    package = build(make_spec(schemas=schemas), flavour)
    for wire in ({"a": None, "b": [None], "c": None, "d": None}, {"c": 1}, {}):
        assert package.encode(package.decode("Use", wire)) == wire


def test_variants_of_nested_choices_may_share_their_tags(build: Any, make_spec: Any, flavour: str) -> None:
    """As Stripe's accounts and deleted accounts do."""

    def thing(kind: str, **more: Any) -> Any:
        properties = {"object": {"type": "string", "enum": [kind]}, **more}
        return {"type": "object", "required": [*properties], "properties": properties}

    def choice(*names: str) -> Any:
        return {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}

    schemas = {
        "Bank": thing("bank", currency={"type": "string"}),
        "Card": thing("card", brand={"type": "string"}),
        "DeletedBank": thing("bank", deleted={"const": True}),
        "DeletedCard": thing("card", deleted={"const": True}),
        "External": choice("Bank", "Card"),
        "Deleted": choice("DeletedBank", "DeletedCard"),
        "Any": {"anyOf": [{"type": "string"}, *choice("External", "Deleted")["anyOf"]]},
        "Holder": {"type": "object", "properties": {"one": choice("External"), "any": choice("Any")}},
    }
    package = build(make_spec(schemas=schemas), flavour)
    bank, gone = {"object": "bank", "currency": "eur"}, {"object": "card", "deleted": True}
    for wire, kinds in (
        ({"one": bank, "any": bank}, ("Bank", "Bank")),
        ({"one": {"object": "card", "brand": "v"}, "any": gone}, ("Card", "DeletedCard")),
        ({"any": {"object": "bank", "deleted": True}}, ("DeletedBank",)),
        ({"any": "id"}, ("str",)),
    ):
        found = package.decode("Holder", wire)
        assert tuple(type(getattr(found, name)).__name__ for name in wire) == kinds
        assert package.encode(found) == wire


@pytest.mark.parametrize(
    "wire",
    [{"kind": "eel", "length": 3}, {"kind": 7}, {"kind": ["cat"]}, {}, {"lives": 9}],
    ids=["unknown tag", "tag of another type", "tag that is a list", "no tag", "no tag but known fields"],
)
def test_a_variant_of_tomorrow_is_kept_as_it_came(build: Any, make_spec: Any, wire: Any, flavour: str) -> None:
    either = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}, {"type": "null"}]}
    holder = {
        "type": "object",
        "properties": {"pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}},
    }
    package = build(make_spec(schemas={**PEOPLE, "Pet": either, "Holder": holder}), flavour)
    content = {"pets": [{"kind": "cat", "lives": 9}, wire, None]}
    found = package.decode("Holder", content)
    assert type(found.pets[0]).__name__ == "Cat"
    assert found.pets[1] == wire
    assert package.encode(found) == content


def test_what_fits_no_variant_of_an_untagged_union_is_kept_as_it_came(build: Any, make_spec: Any, flavour: str) -> None:
    either = {"anyOf": [{"$ref": "#/components/schemas/Person"}, {"$ref": "#/components/schemas/Company"}]}
    holder = {"type": "object", "properties": {"owner": either}}
    package = build(make_spec(schemas={**PEOPLE, "Holder": holder}), flavour)
    wire = {"owner": {"robot": True}}
    assert package.encode(package.decode("Holder", wire)) == wire


def test_a_known_tag_with_a_wrong_value_is_an_error_that_names_the_place(
    build: Any, make_spec: Any, flavour: str
) -> None:
    from wirewright.codecs import CodecError

    either = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
    holder = {"type": "object", "properties": {"pet": {"$ref": "#/components/schemas/Pet"}}}
    package = build(make_spec(schemas={**PEOPLE, "Pet": either, "Holder": holder}), flavour)
    if flavour == "attrs":  # its unions are markers, which keep what fits no variant
        assert package.decode("Holder", {"pet": {"kind": "cat", "lives": "many"}}).pet["lives"] == "many"
        return
    with pytest.raises(CodecError) as caught:
        package.decode("Holder", {"pet": {"kind": "cat", "lives": "many"}})
    assert caught.value.path == "$.pet.lives"


def test_a_tag_is_an_attribute_and_needs_not_be_given(build: Any, make_spec: Any) -> None:
    either = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
    package = build(make_spec(schemas={**PEOPLE, "Pet": either}))
    cat = package.models.Cat(lives=9)
    assert cat.kind == "cat"
    assert package.encode(cat) == {"kind": "cat", "lives": 9}


def test_types_that_contain_themselves(build: Any, make_spec: Any, flavour: str) -> None:
    tree = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}]}
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}, "v": {"type": "integer"}}}
    package = build(make_spec(schemas={"Tree": tree, "Node": node}), flavour, verify=True)
    wire = {"v": 1, "next": {"v": 2, "next": {}}}
    assert package.encode(package.decode("Node", wire)) == wire
    assert package.encode(package.decode("Tree", ["a", ["b", []]])) == ["a", ["b", []]]


def test_additional_properties_beside_named_ones_keep_their_type(build: Any, make_spec: Any, flavour: str) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "additionalProperties": {"$ref": "#/components/schemas/Cat"},
    }
    package = build(make_spec(schemas={**PEOPLE, "Thing": schema}), flavour)
    wire = {"name": "x", "tom": {"kind": "cat", "lives": 7}}
    assert package.encode(package.decode("Thing", wire)) == wire


def test_documentation_says_what_the_types_do_not(build: Any, make_spec: Any) -> None:
    schema = {
        "type": "object",
        "description": 'A thing.\n\nIt says """quotes""" and \\ backslashes.',
        "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "Big."}},
    }
    source = build(make_spec(schemas={"Thing": schema})).source("models/other.py")
    assert '"""Big. Default: 3. At least 1, at most 9."""' in source
    compile(source, "models", "exec")


@pytest.mark.parametrize("document", ["feat-discriminators30", "feat-types31", "traintravel31", "langgraph31"])
def test_sampled_values_of_public_documents_come_back_equal(
    build: Any, corpus: Any, sampler: Any, document: str, flavour: str
) -> None:
    import json

    package = build(json.loads((corpus / f"{document}.json").read_text()), flavour, allow_loss=True)
    schemas = json.loads(package.source("spec.json"))["components"]["schemas"]
    for name in schemas:
        for full in (True, False, None):
            wire = sampler(schemas, 1, full=full).of(name)
            assert package.encode(package.decode(name, wire)) == wire, name

"""Names and content stay put: under reordering, under additions, and by the lock whatever happens."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.canonical.check import assert_canonical
from wirewright_codegen.naming import Names
from wirewright_codegen.read import document_of

Canonicalise = Callable[..., Any]
Tiny = Callable[..., dict[str, Any]]


def shuffled(value: Any, chance: random.Random) -> Any:
    """The value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def settled(document: dict[str, Any]) -> Any:
    """A canonical document for comparison: `required` is a set."""
    return json.loads(
        json.dumps(document),
        object_hook=lambda node: {
            key: sorted(v) if key == "required" and isinstance(v, list) else v for key, v in node.items()
        },
    )


def names_by_source(document: dict[str, Any]) -> dict[str, str]:
    return {name: schema["x-source"] for name, schema in document["components"]["schemas"].items()}


NAMES = [
    "petstore30",
    "feat-discriminators30",
    "feat-types31",
    "traintravel31",
    "langgraph31",
    "docker",
    "slack",
    "nexus",
    "telegram",
]


@pytest.mark.parametrize("name", NAMES)
def test_shuffling_the_keys_of_a_document_changes_nothing(corpus: dict[str, Any], name: str) -> None:
    plain = canonicalise(document_of(corpus[name])).document

    mixed = canonicalise(document_of(shuffled(corpus[name], random.Random(name)))).document

    assert settled(mixed) == settled(plain)


@pytest.mark.parametrize("name", NAMES)
def test_leaving_out_half_of_the_operations_renames_nothing(corpus: dict[str, Any], name: str) -> None:
    paths = corpus[name]["paths"]
    fewer = {**corpus[name], "paths": {path: item for number, (path, item) in enumerate(paths.items()) if number % 2}}

    before = names_by_source(canonicalise(document_of(fewer)).document)
    after = names_by_source(canonicalise(document_of(corpus[name])).document)

    # of a schema that both directions reach, the part that is sent has a name of its own
    assert {name: source for name, source in before.items() if after.get(name) != source} == {}


# -- generated documents

WORDS = st.sampled_from(
    ["user", "User", "user_name", "user-name", "Address", "address", "state", "UserAddress", "Item", "a.b", "type"]
)
SCALAR = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"type": "string", "nullable": True}, {}, {"enum": ["a", "b"]}]
)


def nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(
            lambda p: {"type": "object", "properties": p}, st.dictionaries(WORDS, children, min_size=1, max_size=3)
        ),
        st.builds(lambda i: {"type": "array", "items": i}, children),
        st.builds(lambda m: {"oneOf": m}, st.lists(children, min_size=1, max_size=3)),
        st.builds(lambda m: {"allOf": m}, st.lists(children, min_size=1, max_size=2)),
        st.builds(lambda v: {"type": "object", "additionalProperties": v}, children),
    )


REFERENCE = st.builds(lambda word: {"$ref": "#/components/schemas/" + word}, WORDS)
SCHEMA = st.recursive(SCALAR | REFERENCE, nested, max_leaves=8)
COMPONENTS = st.dictionaries(WORDS, SCHEMA, min_size=1, max_size=6)


def document(schemas: dict[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas}}


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(COMPONENTS, st.randoms(use_true_random=False))
def test_any_document_becomes_canonical_whatever_its_order(schemas: dict[str, Any], chance: random.Random) -> None:
    result = canonicalise(document_of(document(schemas)))

    assert_canonical(result.document)
    assert result.account.schemas.found == result.account.schemas.kept
    mixed = canonicalise(document_of(document(shuffled(schemas, chance))))
    # where schemas contradict each other in a circle nothing is right, and what is taken may depend on where one starts
    assume(not any("contradicts itself" in note.reason for note in [*result.account.notes, *mixed.account.notes]))
    assert settled(mixed.document) == settled(result.document)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(COMPONENTS, COMPONENTS)
def test_a_published_name_never_moves(old: dict[str, Any], new: dict[str, Any]) -> None:
    published = canonicalise(document_of(document(old)))

    later = canonicalise(document_of(document({**new, **old})), lock=published.names)

    assert_canonical(later.document)
    for place, name in published.names.section("schemas").items():
        assert later.names.section("schemas")[place] == name
    kept = names_by_source(later.document)
    for key in old:
        pointer = f"#/components/schemas/{key}"
        before = [name for name, source in names_by_source(published.document).items() if source == pointer]
        after = [name for name, source in kept.items() if source == pointer]
        assert set(before) <= set(after) or len(before) > 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(COMPONENTS)
def test_a_schema_that_is_added_renames_nothing(schemas: dict[str, Any]) -> None:
    before = names_by_source(canonicalise(document_of(document(schemas))).document)

    more = {
        **schemas,
        "Quite Different": {"type": "object", "properties": {"inner": {"type": "object", "properties": {"z": {}}}}},
    }
    after = names_by_source(canonicalise(document_of(document(more))).document)

    assert {name: after.get(name) for name in before} == before


# -- clashes


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["user-name", "user_name"], ["UserDashName", "UserUnderscoreName"]),
        (["UserName", "user_name"], ["UserName", "UserUnderscoreName"]),
        (["a.b", "a-b", "AB"], ["ADotB", "ADashB", "AB"]),
        (["Exception", "ExceptionModel"], ["Exception", "ExceptionModel"]),
    ],
)
def test_keys_that_want_one_name(canonical: Canonicalise, tiny: Tiny, keys: list[str], names: list[str]) -> None:
    document = canonical(tiny({key: thing(a={"type": "string"}) for key in keys})).document

    by_key = {source.rpartition("/")[2]: name for name, source in names_by_source(document).items()}
    if "Exception" in keys:
        assert by_key["ExceptionModel"] == "ExceptionModel" and by_key["Exception"] not in (
            "Exception",
            "ExceptionModel",
        )
    else:
        assert [by_key[key] for key in keys] == names


def test_a_component_has_its_name_before_anything_inline(canonical: Canonicalise, tiny: Tiny) -> None:
    document = canonical(tiny({"Feature": thing(state={"enum": ["on", "off"]}), "FeatureState": thing(a={})})).document

    assert document["components"]["schemas"]["FeatureState"]["type"] == "object"
    assert document["components"]["schemas"]["Feature"]["properties"]["state"] == {
        "$ref": "#/components/schemas/FeatureStateModel"
    }


def test_the_lock_keeps_an_inline_name_from_a_component_that_comes_later(canonical: Canonicalise, tiny: Tiny) -> None:
    feature = {"Feature": thing(state={"enum": ["on", "off"]})}
    published = canonical(tiny(feature)).names

    document = canonical(tiny({**feature, "FeatureState": thing(a={})}), lock=published).document

    assert document["components"]["schemas"]["FeatureState"]["type"] == "string"
    assert names_by_source(document)["FeatureStateModel"] == "#/components/schemas/FeatureState"


def test_the_lock_keeps_names_of_what_is_gone(canonical: Canonicalise, tiny: Tiny) -> None:
    lock = canonical(tiny({"Old": thing(a={})})).names

    grown = canonical(tiny({"New": thing(a={})}), lock=lock).names

    assert grown.section("schemas") == {"#/components/schemas/Old": "Old", "#/components/schemas/New": "New"}
    assert Names.loads(grown.dumps()) == grown


def test_a_variant_that_is_put_in_front_renames_no_other(canonical: Canonicalise, tiny: Tiny) -> None:
    def kind(value: str) -> dict[str, Any]:
        return thing(kind={"const": value}, data=thing(x={}))

    before = canonical(tiny({"Event": {"oneOf": [kind("a"), kind("b")]}})).document["components"]["schemas"]
    after = canonical(tiny({"Event": {"oneOf": [kind("c"), kind("a"), kind("b")]}})).document["components"]["schemas"]

    assert set(before) <= set(after)
    assert after["EventA"]["properties"]["kind"]["const"] == "a"


def test_long_names_are_shortened_by_their_own_words(canonical: Canonicalise, tiny: Tiny) -> None:
    deep: dict[str, Any] = thing(end={"type": "string"})
    for word in ("configuration", "authentication", "administrator", "organization"):
        deep = thing(**{word: deep})

    names = list(canonical(tiny({"Enterprise": deep})).document["components"]["schemas"])

    assert all(len(name) <= 60 for name in names)
    assert "EnterpriseAdministratorAuthenticationConfiguration" in names

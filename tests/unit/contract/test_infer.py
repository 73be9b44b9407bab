"""What traffic shows and a spec lacks; the overlay that says so mends the spec, its file or its canonical form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.contract import SpecDocument, WireRequest
from wirewright.contract.comparing import compare
from wirewright.contract.infer import overlay_of, propose
from wirewright.contract.infer.examples import examples_of
from wirewright.contract.infer.paths import merged, template_of
from wirewright.contract.infer.schema_of import in_words, schema_of
from wirewright.contract.recording import Traffic
from wirewright.contract.spec_examples import check_examples
from wirewright.sandbox.loading import load_document
from wirewright_codegen.read.overlay import apply_overlay

THING = {
    "type": "object",
    "required": ["id", "size"],
    "properties": {
        "id": {"type": "string", "maxLength": 4},
        "size": {"type": "integer", "minimum": 1},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "owner": {"$ref": "#/components/schemas/Owner"},
    },
}
SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "operationId": "list_things",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    },
                    "400": {"$ref": "#/components/responses/Bad"},
                },
            },
            "post": {
                "operationId": "add_thing",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"201": {"description": ""}},
            },
        }
    },
    "components": {
        "schemas": {"Thing": THING, "Owner": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "responses": {"Bad": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}},
    },
}
JSON = (("content-type", "application/json"),)


def got(target: str, value: Any, status: int = 200) -> Traffic:
    return Traffic(WireRequest("GET", target), status, JSON, json.dumps(value).encode(), complete=True)


def sent(target: str, value: Any, status: int = 201, method: str = "POST") -> Traffic:
    return Traffic(WireRequest(method, target, JSON, json.dumps(value).encode()), status, complete=True)


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    path = tmp_path / "things.json"
    path.write_text(json.dumps(SPEC))
    return path


CASES: dict[str, tuple[list[Traffic], list[str]]] = {
    "nothing": ([got("/things", [{"id": "x", "size": 1}])], []),
    "a member": (
        [got("/things", [{"id": "x", "size": 1, "colour": "red"}, {"id": "y", "size": 1, "colour": "blue"}])],
        ["member `colour`: a text"],
    ),
    "a member of a member": (
        [got("/things", [{"id": "x", "size": 1, "owner": {"name": "n", "since": "2026-01-01"}}])],
        ["member `since`: a text (date)"],
    ),
    "null": ([got("/things", [{"id": "x", "size": None}])], ["is an integer, and was null"]),
    "null where a reference is": (
        [got("/things", [{"id": "x", "size": 1, "owner": None}])],
        ["is an object with name, and was null"],
    ),
    "another type": ([got("/things", [{"id": "x", "size": "big"}])], ["is an integer, and was a text"]),
    "left out": ([got("/things", [{"id": "x"}])], ["member `size` is required, and is left out"]),
    "an enum's value": ([got("/things", [{"id": "x", "size": 1, "kind": "c"}])], ["value 'c' of an enum"]),
    "bounds": (
        [got("/things", [{"id": "longer", "size": -3}])],
        ["`maxLength` is broken by 6", "`minimum` is broken by -3"],
    ),
    "a status": ([got("/things", {"error": "x"}, 403)], ["answer 403: application/json: an object with error"]),
    "a parameter": (
        [got("/things?limit=1&sort=name&page=2", [])],
        ["query parameter `sort`: a text", "query parameter `page`: an integer"],
    ),
    "a form": (
        [Traffic(WireRequest("GET", "/things"), 200, (("content-type", "text/csv"),), b"a,b", complete=True)],
        ["answer 200 in the form text/csv, a text"],
    ),
    "a member that is sent": (
        [sent("/things", {"id": "x", "size": 1, "note": "n"})],
        ["member `note`: a text"],
    ),
    "an operation": (
        [got("/things/42", {"id": "x"}), got("/things/43", {"id": "y", "big": True}), got("/things/44", {}, 404)],
        ["operation GET /things/{thing_id}, answered 200, 404"],
    ),
    "a method": (
        [sent("/things", {"all": True}, 204, "DELETE")],
        ["operation DELETE /things, answered 204"],
    ),
}


def lacks(document: SpecDocument, traffic: list[Traffic]) -> list[str]:
    return [proposal.what for proposal in propose(document, traffic)]


@pytest.mark.parametrize("name", CASES)
def test_what_a_spec_lacks_is_said(name: str, spec_file: Path) -> None:
    traffic, expected = CASES[name]
    assert sorted(lacks(load_document(spec_file), traffic)) == sorted(expected)


@pytest.mark.parametrize("name", CASES)
def test_the_overlay_mends_the_file(name: str, spec_file: Path) -> None:
    traffic, _ = CASES[name]
    document = load_document(spec_file)
    overlay = overlay_of(document, propose(document, traffic), spec_file)
    assert overlay["extends"] == "things.json"
    mended = load_document(apply_overlay(SPEC, overlay, "overlay"))
    assert lacks(mended, traffic) == []
    assert [judged for judged in compare(mended, traffic) if not judged.kept] == []


@pytest.mark.parametrize("name", CASES)
def test_the_overlay_mends_the_canonical_form(name: str, spec_file: Path) -> None:
    traffic, _ = CASES[name]
    document = load_document(spec_file)
    overlay = overlay_of(document, propose(document, traffic))
    mended = SpecDocument(apply_overlay(copy.deepcopy(dict(document.raw)), overlay, "overlay"))
    assert [judged for judged in compare(mended, traffic) if not judged.kept] == []


def test_one_proposal_is_made_of_many_sightings(spec_file: Path) -> None:
    traffic = [got("/things", [{"id": "x", "size": 1, "colour": colour}]) for colour in ("red", None, "blue")]
    (proposal,) = propose(load_document(spec_file), traffic)
    assert (proposal.what, proposal.seen, proposal.nature) == ("member `colour`: a text or null", 3, "adds")
    assert proposal.example == "GET /things -> 200"


def test_before_3_1_null_is_said_with_nullable(tmp_path: Path) -> None:
    old = json.loads(json.dumps(SPEC)) | {"openapi": "3.0.3"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    traffic, _ = CASES["null"]
    document = load_document(path)
    overlay = overlay_of(document, propose(document, traffic), path)
    assert overlay["actions"][-1]["update"] == {"size": {"type": "integer", "minimum": 1, "nullable": True}}
    assert lacks(load_document(apply_overlay(old, overlay, "overlay")), traffic) == []


def test_a_spec_of_several_files_is_mended_in_its_canonical_form(tmp_path: Path) -> None:
    (tmp_path / "schemas.json").write_text(json.dumps({"Thing": {**THING, "properties": {}}}))
    spec = json.loads(json.dumps(SPEC).replace("#/components/schemas/Thing", "schemas.json#/Thing"))
    del spec["components"]["schemas"]["Thing"]
    (tmp_path / "things.json").write_text(json.dumps(spec))
    document = load_document(tmp_path / "things.json")
    traffic, _ = CASES["a member"]
    overlay = overlay_of(document, propose(document, traffic), tmp_path / "things.json")
    assert overlay["extends"] == "spec.json"
    mended = SpecDocument(apply_overlay(dict(document.raw), overlay, "overlay"))
    assert lacks(mended, traffic) == []


def test_a_spec_is_begun_from_nothing() -> None:
    empty = SpecDocument({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}})
    traffic = [
        got("/users/1/posts?limit=5", [{"title": "t"}]),
        sent("/users", {"name": "n"}, 201),
        got("/reports/daily", {}),
        got("/reports/weekly", {}),
        got("/reports/yearly", {}),
    ]
    begun = apply_overlay(dict(empty.raw), overlay_of(empty, propose(empty, traffic)), "overlay")
    assert set(begun["paths"]) == {"/users/{user_id}/posts", "/users", "/reports/{report_id}"}
    assert [judged.kept for judged in compare(load_document(begun), traffic)] == [True] * 5


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/users/42", "/users/{user_id}"),
        ("/companies/42/people/7", "/companies/{company_id}/people/{people_id}"),
        ("/v1/slots/slot_8f3a2b1c9d", "/v1/slots/{slot_id}"),
        ("/x/00000000-0000-4000-8000-000000000000", "/x/{x_id}"),
        ("/v2/health", "/v2/health"),
        ("/known/thing", "/known/{name}"),
        ("/42", "/{id}"),
    ],
)
def test_ids_in_paths_are_parameters(path: str, template: str) -> None:
    assert template_of(path, ["/known/{name}"]) == template


def test_a_segment_that_varies_is_a_parameter_after_a_collection() -> None:
    users, versions, roots = ([f"{stem}/{name}" for name in ("one", "two", "three")] for stem in ("/users", "/v1", ""))
    assert set(merged([*users, "/notes/x"]).values()) == {"/users/{user_id}", "/notes/x"}
    assert set(merged([*versions, *roots]).values()) == {*versions, *roots}


def test_examples_are_taken_from_traffic_that_keeps_the_spec(spec_file: Path) -> None:
    document = load_document(spec_file)
    thing = {"id": "x", "size": 1}
    traffic = [got("/things", [thing | {"size": None}]), got("/things", [thing]), sent("/things", thing)]
    proposals = examples_of(document, traffic)
    assert [proposal.what for proposal in proposals] == ["example of its answer 200", "example of its request"]
    mended = load_document(apply_overlay(SPEC, overlay_of(document, proposals, spec_file), "overlay"))
    assert check_examples(mended) == []
    assert examples_of(mended, traffic) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, min_size=1, max_size=4))
def test_a_schema_allows_the_samples_that_it_was_made_of(samples: list[Any]) -> None:
    import jsonschema

    schema = schema_of(samples)
    for sample in samples:
        jsonschema.validate(sample, schema, cls=jsonschema.Draft202012Validator)
    assert in_words(schema)


def test_an_answer_that_is_not_read_says_nothing(document: Callable[..., SpecDocument]) -> None:
    spec = document({"/a": {"get": {"operationId": "a", "responses": {"200": {"description": ""}}}}})
    broken = Traffic(WireRequest("GET", "/a"), 200, JSON, b"{", complete=True)
    assert lacks(spec, [broken]) == ["answer 200 in the form application/json, anything"]

"""A sandbox for any spec: files of any version, and answers that every one of them allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from wirewright.contract import SpecDocument, check_response
from wirewright.contract.spec_examples import check_examples
from wirewright.sandbox import Events, Lines, Sandbox
from wirewright.sandbox.loading import is_canonical, load_document
from wirewright.sandbox.mock import answer_from_spec
from wirewright.sandbox.render import event_bytes, line_bytes, render

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
SPECS = Path(__file__).resolve().parents[3] / "specs"
FOREIGN = (
    "docker",
    "feat-circular30",
    "feat-discriminators30",
    "feat-params31",
    "feat-types31",
    "langgraph31",
    "nexus",
)
FOREIGN += ("petstore30", "petstore31", "slack", "telegram", "traintravel31")
OWN = sorted(path.relative_to(SPECS).as_posix() for path in SPECS.glob("*/*") if path.is_dir())

SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Old", "version": "1"},
    "basePath": "/v1",
    "paths": {
        "/pets": {
            "parameters": [{"name": "tag", "in": "query", "type": "array", "items": {"type": "integer"}}],
            "get": {"responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Pet"}}}},
        }
    },
    "definitions": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
    "produces": ["application/json"],
}


def documented_statuses(document: SpecDocument) -> list[tuple[Any, int | None]]:
    return [
        (operation, status)
        for operation in document.operations
        for status in (None, *(int(key) for key in operation.responses if key.isdigit()))
    ]


def body_of(answer: Any) -> bytes:
    if isinstance(answer, Events):
        return b"".join(event_bytes(event) for event in answer.source)  # type: ignore[union-attr]
    if isinstance(answer, Lines):
        return b"".join(line_bytes(line) for line in answer.source)  # type: ignore[union-attr]
    return render(answer).body


def every_answer_is_allowed(document: SpecDocument) -> None:
    for operation, status in documented_statuses(document):
        answer, source = answer_from_spec(operation, "", status)
        outgoing = render(answer)
        problems = check_response(operation, outgoing.status, outgoing.header_pairs, body_of(answer))
        assert (operation.id, status, problems) == (operation.id, status, [])
        assert source in {"example", "synthetic"}


@pytest.mark.parametrize("name", FOREIGN)
def test_every_answer_made_from_a_foreign_spec_is_one_that_it_allows(name: str) -> None:
    path = CORPUS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout")
    every_answer_is_allowed(load_document(path))


@pytest.mark.parametrize("name", OWN)
def test_the_shipped_specs_keep_themselves(name: str) -> None:
    document = load_document(SPECS / name)
    assert check_examples(document) == []
    every_answer_is_allowed(document)


def test_an_example_that_breaks_its_schema_is_named(spec: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(spec))
    broken["paths"]["/notes"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = [{"text": 1}]
    broken["paths"]["/notes"]["get"]["parameters"][0]["examples"] = {"low": {"value": 0}}
    places = [problem.place for problem in check_examples(SpecDocument(broken))]
    assert places == [
        "/paths/~1notes/get/parameters/0/examples/low/value",
        "/paths/~1notes/get/responses/200/content/application~1json/example/0/text",
    ]


def test_a_document_of_an_old_version_is_lifted(tmp_path: Path) -> None:
    assert not is_canonical(SWAGGER)
    (tmp_path / "old.json").write_text(json.dumps(SWAGGER))
    for source in (SWAGGER, tmp_path / "old.json", str(tmp_path / "old.json")):
        with Sandbox.from_spec(source) as sandbox:
            assert httpx.get(sandbox.url + "/v1/pets").json() == {"name": "string"}
            assert httpx.get(sandbox.url + "/pets?tag=1,x").status_code == 400


def test_a_canonical_document_is_taken_as_it_is(spec: dict[str, Any]) -> None:
    assert is_canonical(spec)
    assert load_document(spec).raw is spec


def test_several_forms_are_chosen_by_what_the_client_accepts(spec: dict[str, Any]) -> None:
    forms = {"application/json": {"example": {"a": 1}}, "text/csv": {"example": "a\n1"}, "application/*": {}}
    get = {"operationId": "get", "responses": {"200": {"description": "", "content": forms}}}
    document = {**spec, "paths": {"/x": {"get": get}}}
    with Sandbox.from_spec(document) as sandbox:
        for accept, text in (("*/*", '{"a":1}'), ("text/csv", "a\n1"), ("image/png, text/*;q=0.5", '{"a":1}')):
            assert httpx.get(sandbox.url + "/x", headers={"accept": accept}).text == text

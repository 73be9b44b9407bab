"""The same API written another way has not changed: order, place, files, dialects and spelling do not count."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.diff import Change, compare
from wirewright_codegen.read import document_of, read_document

Json = dict[str, Any]
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
UNORDERED = ("required", "parameters", "enum", "type")
"""Lists whose order says nothing; that of all members of objects says nothing either."""

SHOP = yaml.safe_load("""
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /items/{id}:
    get:
      operationId: get_item
      tags: [items]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: fields, in: query, schema: {type: array, items: {type: string}}}
      responses:
        "200": {description: It., content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
    put:
      operationId: put_item
      tags: [items]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Item"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Item"}}
      responses: {"204": {description: Done.}}
components:
  schemas:
    Item:
      type: object
      required: [name, price]
      properties:
        name: {type: string, minLength: 1}
        price: {type: number, exclusiveMinimum: 0}
        note: {type: [string, "null"]}
        state: {type: string, enum: [draft, open]}
""")


def canonical(document: Json) -> Any:
    return json.loads(json.dumps(canonicalise(document_of(document)).document))


def changes(after: Json, before: Json = SHOP) -> list[Change]:
    return list(compare(canonical(before), canonical(after)).changes)


SPELLINGS = {
    "parameters of the path instead of its operations": """
        path['parameters'] = [put.pop('parameters')[0]]
        del get['parameters'][0]
    """,
    "a parameter that is referred to": """
        d['components']['parameters'] = {'Id': get['parameters'][0]}
        get['parameters'][0] = put['parameters'][0] = {'$ref': '#/components/parameters/Id'}
    """,
    "a type put together with allOf": """
        item['required'].remove('name')
        base = {'type': 'object', 'required': ['name'], 'properties': {'name': item['properties'].pop('name')}}
        d['components']['schemas']['Item'] = {'allOf': [base, item]}
    """,
    "OpenAPI 3.0 instead of 3.1": """
        d['openapi'] = '3.0.3'
        item['properties']['note'] = {'type': 'string', 'nullable': True}
        item['properties']['price'] = {'type': 'number', 'minimum': 0, 'exclusiveMinimum': True}
    """,
    "null as a variant": "item['properties']['note'] = {'anyOf': [{'type': 'null'}, {'type': 'string'}]}",
    "what is so by default, written out": """
        item['additionalProperties'] = True
        get['deprecated'] = False
        get['parameters'][1].update(style='form', explode=True, required=False)
    """,
    "a keyword that means nothing": "item['properties']['name']['nullable'] = False",
    "JSON after a form: clients send it all the same": "forms['application/json'] = forms.pop('application/json')",
    "another version": "d['info']['version'] = '2'; d['openapi'] = '3.1.1'",
}


@pytest.mark.parametrize("statements", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.promise("The same API in other words, another order or other files has not changed")
def test_the_same_api_in_other_words(statements: str) -> None:
    document = copy.deepcopy(SHOP)
    path, item = document["paths"]["/items/{id}"], document["components"]["schemas"]["Item"]
    forms = path["put"]["requestBody"]["content"]
    names = {"d": document, "path": path, "get": path["get"], "put": path["put"], "forms": forms, "item": item}
    exec(dedent(statements), names)
    assert json.dumps(document) != json.dumps(SHOP)
    assert changes(document) == []


@pytest.mark.parametrize("name", ["petstore30", "traintravel31", "feat-params31", "feat-discriminators30", "docker"])
@pytest.mark.promise("The same API in other words, another order or other files has not changed")
def test_the_order_of_members_does_not_count(name: str) -> None:
    path = CORPUS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"there is no {path.name} beside the repository")
    document = json.loads(path.read_text())
    # the first form of a body is what clients send where none is JSON: that order counts
    found = [each for each in changes(shuffled(document, random.Random(1)), document) if "media-type" not in each.rule]
    assert found == []


def shuffled(value: Any, choose: random.Random, key: str = "") -> Any:
    if isinstance(value, dict):
        members = [(name, shuffled(member, choose, name)) for name, member in value.items()]
        choose.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        items = [shuffled(item, choose) for item in value]
        if key in UNORDERED:
            choose.shuffle(items)
        return items
    return value


@pytest.mark.promise("The same API in other words, another order or other files has not changed")
def test_types_that_moved_to_a_file_of_their_own_are_the_same(tmp_path: Path) -> None:
    one, several = tmp_path / "one", tmp_path / "several"
    for folder in (one, several):
        folder.mkdir()
    (one / "openapi.yaml").write_text(yaml.safe_dump(SHOP))
    moved = copy.deepcopy(SHOP)
    (several / "types.yaml").write_text(yaml.safe_dump(moved.pop("components")["schemas"]))
    text = yaml.safe_dump(moved).replace("#/components/schemas/", "types.yaml#/")
    (several / "openapi.yaml").write_text(text)
    before, after = (canonicalise(read_document(folder / "openapi.yaml")).document for folder in (one, several))
    assert compare(before, after).changes == ()


def test_a_path_parameter_that_is_called_something_else_is_one_risky_change() -> None:
    text = json.dumps(SHOP).replace("{id}", "{item_id}").replace('"name": "id"', '"name": "item_id"')
    found = changes(json.loads(text))
    assert {change.rule for change in found} == {"path-parameter-renamed"}
    assert {change.clients.name for change in found} == {"risky"}
    assert [change.operations for change in found] == [("get_item",), ("put_item",)]

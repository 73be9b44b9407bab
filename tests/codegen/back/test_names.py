"""Names of functions, methods, resources and arguments: by place, and once published never moved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wirewright_codegen.operations import names


@pytest.mark.parametrize(
    ("function", "resource", "method"),
    [
        ("emit_record", "records", "emit"),
        ("watch_thread", "threads", "watch"),
        ("list_threads", "threads", "list"),
        ("atlas_list_apps", "atlas", "list_apps"),
        ("get_category", "categories", "get"),
        ("health", "health", "health"),
        ("create_graph_template", "graph_templates", "create"),
        ("upsert_graph_template", "graphs", "upsert_template"),
        ("get_thread_records", "threads", "get_records"),
        ("import_thing", "things", "import_"),
        ("threads_threads", "threads", "threads"),
    ],
)
def test_a_method_is_its_function_without_the_words_of_its_resource(function: str, resource: str, method: str) -> None:
    assert names.method_name(function, resource) == method


@pytest.mark.parametrize(
    ("tag", "path", "resource"),
    [
        ("Pets", "/x", "pets"),
        ("user accounts", "/x", "user_accounts"),
        (None, "/v1/customers/{id}", "customers"),
        (None, "/api/v2/{id}/things", "things"),
        (None, "/{id}", "api"),
        ("client", "/x", "client_"),
        ("import", "/x", "import_"),
        ("1st", "/x", "resource_1st"),
    ],
)
def test_a_resource_is_the_first_tag_or_the_first_word_of_the_path(tag: str | None, path: str, resource: str) -> None:
    assert names.resource_name(tag, path) == resource


def test_arguments_of_one_name_keep_it_in_the_path_and_give_it_up_elsewhere() -> None:
    places = [("query", "id"), ("path", "id"), ("header", "id"), ("query", "body"), ("query", "self")]
    found = names.argument_names(places, {})
    assert found == {
        ("path", "id"): "id",
        ("query", "id"): "id_query",
        ("header", "id"): "id_header",
        ("query", "body"): "body_",
        ("query", "self"): "self_",
    }


@pytest.mark.parametrize("wires", [["a-b", "a_b"], ["+1", "-1", "1"], ["$", "@"], ["a.b", "a b", "aB"]])
def test_arguments_that_read_alike_have_different_names(wires: list[str]) -> None:
    found = names.argument_names([("query", wire) for wire in wires], {})
    assert len(set(found.values())) == len(wires)
    assert all(name.isidentifier() for name in found.values())


def published(build: Any, document: Any) -> dict[str, Any]:
    return dict(json.loads(build(document).source("names.lock.json")))


def test_a_published_name_stays_when_a_newcomer_wants_it(make_spec: Any, make_operation: Any, tmp_path: Any) -> None:
    from wirewright_codegen.pipeline import Target, generate

    source = tmp_path / "spec.json"
    target = Target(source, "api", tmp_path / "out", cache=None)
    first = make_operation("get_thing", schema={"type": "string"})
    first["parameters"] = [{"name": "id", "in": "query", "schema": {"type": "string"}}]
    source.write_text(json.dumps(make_spec({"/things": {"get": first}})))
    generate(target, verify=False)

    newcomer = make_operation("get", schema={"type": "string"})
    first["parameters"].insert(0, {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}})
    source.write_text(json.dumps(make_spec({"/a": {"get": newcomer}, "/things/{id}": {"get": first}})))
    generate(target, verify=False)

    operations = (tmp_path / "out/api/operations/things.py").read_text()
    assert "def get_thing(id_path: str, *, id: str | None = None)" in operations
    assert "def get(self, id_path" in (tmp_path / "out/api/resources/things.py").read_text()


def test_names_do_not_depend_on_the_order_of_the_document(build: Any, make_spec: Any, make_operation: Any) -> None:
    operations = {f"/{name}": {"get": make_operation(f"get_{name}", tag=name)} for name in ("a", "b", "c")}
    schemas = {name: {"type": "object", "properties": {"x": {"type": "string"}}} for name in ("One", "Two", "Three")}
    forward = make_spec(operations, schemas)
    backward = make_spec(dict(reversed(operations.items())), dict(reversed(schemas.items())))
    assert published(build, forward) == published(build, backward)


def test_the_specs_own_method_name_wins(build: Any, make_spec: Any, make_operation: Any) -> None:
    op = make_operation("retrieve_a_thing_now", schema={"type": "string"}, **{"x-method": "now"})
    assert "def now(self)" in build(make_spec({"/x": {"get": op}})).source("resources/things.py")

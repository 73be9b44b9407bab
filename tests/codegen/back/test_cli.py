"""The generated command line: a command for each operation, grouped by resource."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}  # fmt: skip  # noqa: E501
REF = {"$ref": "#/components/schemas/Thing"}


@pytest.fixture
def package(build: Any, make_spec: Any, make_operation: Any) -> Any:
    get = make_operation("get_thing", schema=REF, summary="Get a thing.")
    get["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}, "description": "Its number."},
        {"name": "deep", "in": "query", "schema": {"type": "boolean"}},
        {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
        {"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}},
    ]
    create = make_operation("create_thing", status="201", schema=REF)
    create["requestBody"] = {"required": True, "content": {"application/json": {"schema": REF}}}
    listing = make_operation("list_things", schema={"type": "array", "items": REF})
    items = {"application/jsonl": {"itemSchema": REF}}
    follow = {
        "operationId": "follow_things",
        "tags": ["things"],
        "responses": {"200": {"description": "", "content": items}},
    }
    paths = {"/things/{id}": {"get": get}, "/things": {"post": create, "get": listing}, "/follow": {"get": follow}}
    schemes = {"key": {"type": "apiKey", "name": "X-Key", "in": "header"}}
    document = make_spec(paths, {"Thing": THING}, components={"securitySchemes": schemes}, security=[{"key": []}])
    return build(document | {"openapi": "3.2.0"}, cli=True)


def run(package: Any, server: Any, *arguments: str, **options: Any) -> Any:
    cli = package.module("cli")
    return CliRunner().invoke(cli.app, list(arguments), obj=package.api(server), **options)


def test_a_command_calls_its_operation_and_prints_the_answer(package: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(200, json={"id": 3, "tags": ["a"]}))
    ran = run(package, server, "things", "get", "3", "--deep", "--tag", "a", "--tag", "b", "--since", "2026-01-02")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output) == {"id": 3, "tags": ["a"]}
    assert str(server.last.url) == "https://things.test/things/3?deep=true&tag=a&tag=b&since=2026-01-02"


def test_a_body_is_json_from_the_line_a_file_or_standard_input(package: Any, recorder: Any, tmp_path: Any) -> None:
    server = recorder(httpx.Response(201, json={"id": 1}))
    (tmp_path / "body.json").write_text('{"id": 2}')
    for given, options in (('{"id": 2}', {}), (f"@{tmp_path / 'body.json'}", {}), ("-", {"input": '{"id": 2}'})):
        ran = run(package, server, "things", "create", "--body", given, **options)
        assert ran.exit_code == 0, ran.output
        assert json.loads(server.last.content) == {"id": 2}


def test_a_table_has_a_column_for_each_field(package: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(200, json=[{"id": 1}, {"id": 2, "tags": ["x"]}]))
    ran = run(package, server, "--format", "table", "things", "list")
    assert ran.exit_code == 0, ran.output
    assert "tags" in ran.output
    assert "x" in ran.output


def test_a_stream_is_one_document_a_line(package: Any, recorder: Any) -> None:
    answer = httpx.Response(200, text='{"id":1}\n{"id":2}\n', headers={"content-type": "application/jsonl"})
    ran = run(package, recorder(answer), "things", "follow")
    assert [json.loads(line)["id"] for line in ran.output.splitlines()] == [1, 2]


def test_an_error_is_one_line_and_status_one(package: Any, recorder: Any) -> None:
    ran = run(package, recorder(httpx.Response(404, json={})), "things", "get", "3")
    assert ran.exit_code == 1
    assert ran.output.startswith("error: ")


def test_help_is_made_of_the_spec(package: Any, recorder: Any) -> None:
    ran = CliRunner().invoke(package.module("cli").app, ["things", "get", "--help"])
    assert "Get a thing." in ran.output
    assert "Its number." in ran.output


def test_credentials_are_options_and_environment_variables(package: Any) -> None:
    ran = CliRunner().invoke(package.module("cli").app, ["--help"])
    assert "--key" in ran.output
    assert "_KEY" in ran.output


def test_the_words_of_the_server_are_shown_below_the_error(package: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(404, json={"message": "there is no thing 3"}))
    ran = run(package, server, "things", "get", "3")
    assert ran.exit_code == 1
    assert ran.stderr.splitlines() == ["error: get_thing was answered 404", '{"message": "there is no thing 3"}']
    assert ran.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--base-url", "nonsense", "things", "list"], 2, "base_url must be an absolute http or https URL"),
        (["--key", "a\nb", "things", "list"], 2, "has a line break"),
        (["--timeout", "0", "things", "list"], 2, "timeout must be a number of seconds above 0"),
        (["things", "create", "--body", "{"], 2, "the body is no JSON"),
        (["things", "create", "--body", "@/nowhere.json"], 1, "error: [Errno 2] No such file or directory"),
        (["things", "get", "x"], 2, "'x' is not a valid int"),
    ],
)
def test_no_mistake_ends_in_a_traceback(package: Any, arguments: list[str], code: int, words: str) -> None:
    ran = CliRunner().invoke(package.module("cli").app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert ran.exit_code == code
    assert words in ran.stderr
    assert isinstance(ran.exception, SystemExit)


def test_a_resource_of_a_single_operation_is_a_group_too(build: Any, make_spec: Any, make_operation: Any) -> None:
    listing = make_operation("list_things", schema={"type": "array", "items": {"type": "string"}})
    package = build(make_spec({"/things": {"get": listing}}), cli=True)
    ran = CliRunner().invoke(package.module("cli").app, ["things", "list", "--help"])
    assert ran.exit_code == 0, ran.output
    assert "install-completion" not in ran.output

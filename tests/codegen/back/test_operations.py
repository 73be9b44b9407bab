"""Endpoint functions and clients, as a caller meets them: what they put on the wire and what they answer."""

from __future__ import annotations

import inspect
import io
import json
from typing import Any

import httpx
import pytest

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
REF = {"$ref": "#/components/schemas/Thing"}


def parameter(name: str, location: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": location, "schema": schema or {"type": "string"}, **more}


@pytest.fixture
def things(build: Any, make_spec: Any, make_operation: Any) -> Any:
    """A small API with one of everything."""
    error = {"type": "object", "properties": {"reason": {"type": "string"}}}
    failing = {"404": {"description": "No such thing.", "content": {"application/json": {"schema": error}}}}
    get = make_operation("get_thing", schema=REF, summary="Get a thing", description="Things are small.")
    get["parameters"] = [
        parameter("id", "path", {"type": "integer"}, required=True, description="Its number."),
        parameter("verbose", "query", {"type": "boolean"}),
        parameter("X-Trace", "header"),
        parameter("session", "cookie"),
    ]
    get["responses"] |= failing
    listing = make_operation("list_things", schema={"type": "array", "items": REF})
    listing["parameters"] = [
        parameter("tag", "query", {"type": "array", "items": {"type": "string"}}),
        parameter("ids", "query", {"type": "array", "items": {"type": "integer"}}, explode=False),
        parameter(
            "filter", "query", {"type": "object", "additionalProperties": {"type": "string"}}, style="deepObject"
        ),
    ]
    create = make_operation("create_thing", status="201", schema=REF)
    create["requestBody"] = {"required": True, "content": {"application/json": {"schema": REF}}}
    create["x-idempotency-key"] = "Idempotency-Key"
    remove = make_operation("delete_thing", status="204", deprecated=True)
    remove["parameters"] = [parameter("id", "path", {"type": "integer"}, required=True)]
    paths = {"/things/{id}": {"get": get, "delete": remove}, "/things": {"get": listing, "post": create}}
    return build(make_spec(paths, {"Thing": THING}))


def test_a_call_puts_each_parameter_in_its_place(things: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(200, json={"id": 3}))
    with things.api(server) as api:
        thing = api.things.get(3, verbose=True, x_trace="t", session="s")
    assert thing == things.models.Thing(id=3)
    assert str(server.last.url) == "https://things.test/things/3?verbose=true"
    assert server.last.headers["x-trace"] == "t"
    assert server.last.headers["cookie"] == "session=s"


def test_styles_are_those_of_the_spec(things: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(200, json=[{"id": 1}]))
    things.api(server).things.list(tag=["a", "b"], ids=[1, 2], filter={"color": "red"})
    assert server.last.url.query == b"tag=a&tag=b&ids=1,2&filter%5Bcolor%5D=red"


def test_a_body_is_sent_as_json_with_a_key_that_makes_it_repeatable(things: Any, recorder: Any) -> None:
    server = recorder(httpx.Response(201, json={"id": 5}))
    assert things.api(server).things.create(things.models.Thing(id=5)).id == 5
    assert json.loads(server.last.content) == {"id": 5}
    assert server.last.headers["content-type"] == "application/json"
    assert server.last.headers["idempotency-key"]


def test_an_answer_without_a_body_is_none(things: Any, recorder: Any) -> None:
    assert things.api(recorder(httpx.Response(204))).things.delete(1) is None


def test_an_error_is_raised_with_its_body_decoded(things: Any, recorder: Any) -> None:
    from wirewright import NotFound

    with pytest.raises(NotFound) as caught:
        things.api(recorder(httpx.Response(404, json={"reason": "gone"}))).things.get(1)
    assert caught.value.body.reason == "gone"


def test_every_method_also_answers_with_its_response(things: Any, recorder: Any) -> None:
    answered = things.api(recorder(httpx.Response(200, json={"id": 3}))).with_response.things.get(3)
    assert (answered.status, answered.value.id) == (200, 3)


async def test_the_async_client_has_the_same_methods(things: Any, recorder: Any) -> None:
    async with things.async_api(recorder(httpx.Response(200, json={"id": 3}))) as api:
        assert (await api.things.get(3)).id == 3
        assert (await api.with_response.things.get(3)).status == 200


def test_an_endpoint_function_builds_a_value_and_does_nothing(things: Any) -> None:
    request = things.operations.get_thing(3, verbose=True)
    assert request == things.operations.get_thing(3, verbose=True)
    assert (request.path, request.query) == ({"id": 3}, {"verbose": True})


def test_path_parameters_and_a_required_body_are_positional_all_else_by_keyword(things: Any) -> None:
    kinds = {
        name: parameter.kind.name
        for name, parameter in inspect.signature(things.operations.get_thing).parameters.items()
    }
    assert kinds == {
        "id": "POSITIONAL_OR_KEYWORD",
        "verbose": "KEYWORD_ONLY",
        "x_trace": "KEYWORD_ONLY",
        "session": "KEYWORD_ONLY",
    }
    assert list(inspect.signature(things.operations.create_thing).parameters) == ["body"]


def test_docstrings_are_made_of_the_spec(things: Any) -> None:
    words = inspect.getdoc(things.operations.get_thing)
    assert words == (
        "Get a thing.\n\n`GET /things/{id}`.\n\nThings are small.\n\nArgs:\n    id: Its number.\n\n"
        "Raises:\n    NotFound: 404: No such thing."
    )
    assert "Deprecated." in str(inspect.getdoc(things.operations.delete_thing))


def test_importing_the_root_loads_no_model_and_no_http_library(things: Any) -> None:
    import subprocess
    import sys

    program = f"""
import sys; sys.path.insert(0, {str(things.folder.parent)!r})
import {things.name} as root
assert not any(name.startswith(("{things.name}.models", "httpx")) for name in sys.modules)
api = root.Api("https://x.test")
assert "{things.name}.models.things" not in sys.modules
root.models.Thing
assert "{things.name}.models.things" in sys.modules
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("media_type", "schema", "answer", "value"),
    [
        ("text/plain", {"type": "string"},
         httpx.Response(200, text="hello", headers={"content-type": "text/plain"}), "hello"),
        ("application/octet-stream", {"type": "string", "format": "binary"},
         httpx.Response(200, content=b"\x00", headers={"content-type": "application/octet-stream"}), b"\x00"),
        ("application/xml", REF, httpx.Response(200, text="<a/>", headers={"content-type": "application/xml"}), "<a/>"),
        ("application/problem+json", {"type": "integer"},
         httpx.Response(200, text="3", headers={"content-type": "application/problem+json"}), 3),
        ("*/*", {"type": "array", "items": {"type": "integer"}}, httpx.Response(200, json=[1]), [1]),
    ],
)  # fmt: skip
def test_answers_of_other_media_types(
    build: Any, make_spec: Any, recorder: Any, media_type: str, schema: Any, answer: httpx.Response, value: Any
) -> None:
    content = {"content": {media_type: {"schema": schema}}}
    op = {"operationId": "read", "tags": ["x"], "responses": {"200": {"description": "ok", **content}}}
    package = build(make_spec({"/x": {"get": op}}, {"Thing": THING}))
    assert package.api(recorder(answer)).x.read() == value


def test_a_choice_of_request_media_types_is_an_argument(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any
) -> None:
    op = make_operation("send", status="204", tag="x")
    op["requestBody"] = {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {"schema": REF}},
    }
    package = build(make_spec({"/x": {"post": op}}, {"Thing": THING}))
    server = recorder(httpx.Response(204))
    api = package.api(server)
    api.x.send(package.models.Thing(id=1))
    assert server.last.headers["content-type"] == "application/json"
    api.x.send("a,b", media_type="text/csv")
    assert (server.last.headers["content-type"], server.last.content) == ("text/csv", b"a,b")


def test_forms_and_files(build: Any, make_spec: Any, make_operation: Any, recorder: Any, flavour: str) -> None:
    from wirewright import File

    form = {
        "type": "object",
        "properties": {"fileName": {"type": "string"}, "file": {"type": "string", "format": "binary"}},
    }
    upload = make_operation("upload", status="204", tag="x")
    upload["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    login = make_operation("login", status="204", tag="x")
    fields = {"type": "object", "required": ["user"], "properties": {"user": {"type": "string"}}}
    login["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": fields}}}
    package = build(make_spec({"/up": {"post": upload}, "/in": {"post": login}}), flavour)
    server = recorder(httpx.Response(204))
    api = package.api(server)
    api.x.upload(package.models.UploadRequest(file_name="n", file=File(io.BytesIO(b"content"), filename="f.txt")))
    assert b'name="fileName"\r\n\r\nn\r\n' in server.last.content
    assert b'name="file"; filename="f.txt"' in server.last.content
    assert b"content" in server.last.content
    api.x.login(package.models.LoginRequest(user="a&b"))
    assert server.last.content == b"user=a%26b"


def test_none_is_sent_where_a_parameter_is_required_and_may_be_null(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any, flavour: str
) -> None:
    text = {"type": ["string", "null"]}
    op = make_operation("find", status="204", tag="x")
    op["parameters"] = [
        {"name": "owner", "in": "query", "required": True, "schema": text},
        {"name": "filter", "in": "query", "required": True, "content": {"application/json": {"schema": text}}},
        {"name": "x-owner", "in": "header", "required": True, "schema": text},
        {"name": "session", "in": "cookie", "required": True, "schema": text},
        {"name": "page", "in": "query", "schema": text},
    ]
    package = build(make_spec({"/x": {"get": op}}), flavour)
    server = recorder(httpx.Response(204))
    package.api(server).x.find(owner=None, filter=None, x_owner=None, session=None, page=None)
    assert str(server.last.url) == "https://things.test/x?owner=null&filter=null"
    assert (server.last.headers["x-owner"], server.last.headers["cookie"]) == ("null", "session=null")


def test_an_optional_body_may_be_left_out(build: Any, make_spec: Any, make_operation: Any, recorder: Any) -> None:
    op = make_operation("poke", status="204", tag="x")
    op["requestBody"] = {"content": {"application/json": {"schema": REF}}}
    package = build(make_spec({"/x": {"post": op}}, {"Thing": THING}))
    server = recorder(httpx.Response(204))
    package.api(server).x.poke()
    assert server.last.content == b""
    package.api(server).x.poke(body=package.models.Thing(id=1))
    assert server.last.content == b'{"id":1}'


@pytest.mark.parametrize("optional", [False, True])
def test_an_envelope_is_opened(build: Any, make_spec: Any, recorder: Any, optional: bool) -> None:
    answer = {"type": "object", "properties": {"data": REF}}
    envelope: Any = {"member": "data", "optional": True} if optional else "data"
    content = {"content": {"application/json": {"schema": answer, "x-envelope": envelope}}}
    op = {"operationId": "get", "tags": ["x"], "responses": {"200": {"description": "ok", **content}}}
    package = build(make_spec({"/x": {"get": op}}, {"Thing": THING}))
    assert package.api(recorder(httpx.Response(200, json={"data": {"id": 1}}))).x.get() == package.models.Thing(id=1)
    if optional:
        assert package.api(recorder(httpx.Response(200, json={"id": 2}))).x.get().id == 2
    assert "-> Request[m.Thing]" in package.source("operations/x.py")


SSE = 'event: made\nid: 1\ndata: {"id": 1}\n\nevent: gone\ndata: {"why": "x"}\n\n'


def sse_spec(make_spec: Any, *, beside_json: bool = False) -> Any:
    def event(name: str, schema: Any) -> Any:
        data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
        return {"type": "object", "required": ["event", "data"], "properties": {"event": {"const": name}, "data": data}}

    gone = {"type": "object", "required": ["why"], "properties": {"why": {"type": "string"}}}
    items = {"oneOf": [event("made", REF), event("gone", {"$ref": "#/components/schemas/Gone"})]}
    content: Any = {"text/event-stream": {"itemSchema": items}}
    if beside_json:
        content["application/json"] = {"schema": REF}
    op = {
        "operationId": "watch_thing",
        "tags": ["things"],
        "responses": {"200": {"description": "ok", "content": content}},
    }
    return {**make_spec({"/x": {"get": op}}, {"Thing": THING, "Gone": gone}), "openapi": "3.2.0"}


def sse_answer() -> httpx.Response:
    return httpx.Response(200, text=SSE, headers={"content-type": "text/event-stream"})


def test_server_sent_events_are_a_typed_stream(build: Any, make_spec: Any, recorder: Any) -> None:
    package = build(sse_spec(make_spec))
    found = []
    with package.api(recorder(sse_answer())).things.watch() as stream:
        for value in stream:
            found.append(value)
            if len(found) == 2:
                break
    assert found == [package.models.Thing(id=1), package.models.Gone(why="x")]
    assert "-> StreamRequest[m." in package.source("operations/things.py")


def test_an_operation_that_answers_both_at_once_and_as_a_stream_is_two_functions(
    build: Any, make_spec: Any, recorder: Any
) -> None:
    package = build(sse_spec(make_spec, beside_json=True))
    server = recorder(httpx.Response(200, json={"id": 1}))
    assert package.api(server).things.watch() == package.models.Thing(id=1)
    assert server.last.headers["accept"] == "application/json"
    server = recorder(sse_answer())
    with package.api(server).things.watch_stream() as stream:
        assert next(iter(stream)) == package.models.Thing(id=1)
    assert server.last.headers["accept"] == "text/event-stream"


def test_json_lines_are_a_typed_stream(build: Any, make_spec: Any, recorder: Any) -> None:
    content = {"content": {"application/jsonl": {"itemSchema": REF}}}
    op = {"operationId": "export_things", "tags": ["things"], "responses": {"200": {"description": "ok", **content}}}
    package = build({**make_spec({"/x": {"get": op}}, {"Thing": THING}), "openapi": "3.2.0"})
    answer = httpx.Response(200, text='{"id":1}\n{"id":2}\n', headers={"content-type": "application/jsonl"})
    with package.api(recorder(answer)).things.export() as stream:
        assert [thing.id for thing in stream] == [1, 2]


def page_spec(make_spec: Any, make_operation: Any, **pagination: Any) -> Any:
    page = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": REF}, "nextCursor": {"type": ["string", "null"]}},
    }
    op = make_operation("list_things", schema=page)
    names = {
        "cursor": {"type": "string"},
        "offset": {"type": "integer"},
        "page": {"type": "integer"},
        "limit": {"type": "integer"},
    }
    op["parameters"] = [parameter(name, "query", schema) for name, schema in names.items()]
    op["x-pagination"] = pagination
    return make_spec({"/things": {"get": op}}, {"Thing": THING})


def answered(*ids: int, cursor: str | None = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"items": [{"id": i} for i in ids], "nextCursor": cursor}, headers=headers)


@pytest.mark.parametrize(
    ("pagination", "answers", "queries"),
    [
        ({"style": "cursor", "items": "/items", "next": "/nextCursor", "parameter": "cursor"},
         [answered(1, 2, cursor="c"), answered(3)], ["limit=2", "limit=2&cursor=c"]),
        ({"style": "offset", "items": "/items", "parameter": "offset", "limit": "limit"},
         [answered(1, 2), answered(3)], ["limit=2", "limit=2&offset=2"]),
        ({"style": "page", "items": "/items", "parameter": "page", "limit": "limit"},
         [answered(1, 2), answered(3)], ["limit=2", "limit=2&page=2"]),
        ({"style": "link", "items": "/items"},
         [answered(1, 2, link='<https://things.test/things?cursor=z>; rel="next"'), answered(3)],
         ["limit=2", "limit=2&cursor=z"]),
    ],
    ids=["cursor", "offset", "page", "link"],
)  # fmt: skip
def test_pages_are_walked_as_declared(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any, pagination: Any, answers: Any, queries: Any
) -> None:
    package = build(page_spec(make_spec, make_operation, **pagination))
    server = recorder(*answers)
    assert [thing.id for thing in package.api(server).things.list_all(limit=2)] == [1, 2, 3]
    assert [request.url.query.decode() for request in server.requests] == queries


async def test_pages_are_walked_by_the_async_client_too(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any
) -> None:
    declared = {"style": "cursor", "items": "/items", "next": "/nextCursor", "parameter": "cursor"}
    package = build(page_spec(make_spec, make_operation, **declared))
    api = package.async_api(recorder(answered(1, cursor="c"), answered(2)))
    assert [thing.id async for thing in api.things.list_all()] == [1, 2]


def test_a_server_that_repeats_its_cursor_is_not_asked_for_ever(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any
) -> None:
    declared = {"style": "cursor", "items": "/items", "next": "/nextCursor", "parameter": "cursor"}
    package = build(page_spec(make_spec, make_operation, **declared))
    server = recorder(answered(1, cursor="same"))
    assert len(list(package.api(server).things.list_all())) == 2


def test_pagination_may_be_declared_outside_the_spec(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any
) -> None:
    document = page_spec(make_spec, make_operation)
    del document["paths"]["/things"]["get"]["x-pagination"]
    declared = {"list_things": {"style": "cursor", "items": "/items", "next": "/nextCursor", "parameter": "cursor"}}
    package = build(document, pagination=declared)
    assert [t.id for t in package.api(recorder(answered(1))).things.list_all()] == [1]


SCHEMES = {
    "key": {"type": "apiKey", "name": "X-Key", "in": "header"},
    "basic": {"type": "http", "scheme": "basic"},
    "token": {"type": "http", "scheme": "bearer"},
}


def test_credentials_by_scheme(build: Any, make_spec: Any, make_operation: Any, recorder: Any) -> None:
    both = make_operation("both", status="204", tag="x", security=[{"key": [], "basic": []}])
    one = make_operation("one", status="204", tag="x", security=[{"token": []}, {}])
    paths = {"/both": {"get": both}, "/one": {"get": one}}
    package = build(make_spec(paths, components={"securitySchemes": SCHEMES}))
    auth = package.module("auth")
    server = recorder(httpx.Response(204))
    given = {"key": auth.key_auth("k"), "basic": auth.basic_auth("u", "p"), "token": auth.token_auth("t")}
    api = package.api(server, auth=given)
    api.x.both()
    assert server.last.headers["x-key"] == "k"
    assert server.last.headers["authorization"].startswith("Basic ")
    api.x.one()
    assert server.last.headers["authorization"] == "Bearer t"


def test_servers_with_variables_are_a_function(build: Any, make_spec: Any, make_operation: Any) -> None:
    variables = {"region": {"default": "eu", "enum": ["eu", "us"]}, "class": {"default": "v1"}}
    other = {"url": "https://{tenant}.example.test", "variables": {"tenant": {"default": "me"}}}
    servers = [
        {"url": "https://{region}.things.test/{class}", "variables": variables},
        {"url": "https://a.test"},
        other,
    ]
    package = build(make_spec({"/x": {"get": make_operation()}}) | {"servers": servers})
    assert package.module("_package").server_url(region="us") == "https://us.things.test/v1"
    assert package.module("_package").server_url_https_tenant_example_test(tenant="you") == "https://you.example.test"
    assert package.module("_package").BASE_URL == "https://eu.things.test/v1"


def test_webhooks_are_checked_before_they_are_parsed(build: Any, make_spec: Any) -> None:
    body = {"requestBody": {"content": {"application/json": {"schema": REF}}}, "responses": {}}
    hook = {"post": {"operationId": "onMade", "summary": "A thing was made.", **body}}
    package = build(make_spec(schemas={"Thing": THING}, webhooks={"thing.made": hook}))
    webhooks = package.module("webhooks")
    seen: list[Any] = []
    made = webhooks.parse_thing_made(b'{"id": 1}', headers={"s": "x"}, verify=lambda h, b: seen.append((h, b)))
    assert made == package.models.Thing(id=1)
    assert seen == [({"s": "x"}, b'{"id": 1}')]

    def refuse(headers: Any, content: bytes) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        webhooks.parse("thing.made", b"not even JSON", verify=refuse)


@pytest.mark.parametrize("name", ["list", "dict", "bytes", "int", "str", "float"])
def test_operations_called_like_builtins(
    build: Any, make_spec: Any, make_operation: Any, recorder: Any, name: str
) -> None:
    schema = {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "number"}}}
    package = build(make_spec({"/x": {"get": make_operation(name, schema=schema)}}))
    api = package.api(recorder(httpx.Response(200, json=[{"a": 1.5}])))
    assert getattr(api.things, name)() == [{"a": 1.5}]


def test_methods_beyond_the_specifications_list(build: Any, make_spec: Any, make_operation: Any, recorder: Any) -> None:
    query = make_operation("search_things", schema=REF)
    document = make_spec({"/things": {"additionalOperations": {"SEARCH": query}}}, {"Thing": THING})
    package = build({**document, "openapi": "3.2.0"})
    server = recorder(httpx.Response(200, json={"id": 1}))
    assert package.api(server).things.search().id == 1
    assert server.last.method == "SEARCH"

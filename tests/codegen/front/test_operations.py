"""What operations become: ids, parameters, bodies, answers, streams, webhooks; Swagger 2.0 and OpenAPI 3.2 included."""

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


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


@pytest.fixture
def operation(canonical: Canonicalise, tiny: Tiny) -> Callable[..., Any]:
    """One operation, canonical."""

    def run(raw: dict[str, Any], path: str = "/x", **document: Any) -> Any:
        raw = {"operationId": "do_it", "responses": {"200": {"description": "ok"}}, **raw}
        return canonical(tiny(paths={path: {"post": raw}}, **document)).document["paths"][path]["post"]

    return run


def response(operation: Any, content: dict[str, Any]) -> Any:
    return operation({"responses": {"200": {"description": "", "content": content}}})["responses"]["200"]["content"]


# -- ids


def test_an_operation_without_id_gets_one_from_method_and_path(canonical: Canonicalise, tiny: Tiny) -> None:
    paths = {
        "/pets/{pet-id}/toys": {"get": {"parameters": [{"name": "pet-id", "in": "path", "schema": STRING}]}},
        "/": {"get": {}},
    }

    document = canonical(tiny(paths=paths)).document

    assert document["paths"]["/pets/{pet-id}/toys"]["get"]["operationId"] == "get_pets_by_pet_id_toys"
    assert document["paths"]["/"]["get"]["operationId"] == "get_root"


def test_operations_that_share_an_id_both_get_their_place_added(canonical: Canonicalise, tiny: Tiny) -> None:
    paths = {
        "/a": {"get": {"operationId": "same"}, "put": {"operationId": "same"}},
        "/b": {"get": {"operationId": "other"}},
    }

    result = canonical(tiny(paths=paths))

    ids = [result.document["paths"]["/a"][method]["operationId"] for method in ("get", "put")]
    assert ids == ["same_get_a", "same_put_a"]
    assert result.account.operations.found == result.account.operations.kept == 3


def test_the_lock_keeps_an_id_from_an_operation_that_comes_later(canonical: Canonicalise, tiny: Tiny) -> None:
    paths = {"/a": {"get": {"operationId": "same"}}}
    lock = canonical(tiny(paths=paths)).names

    later = canonical(tiny(paths={"/0": {"get": {"operationId": "same"}}, **paths}), lock=lock).document

    assert later["paths"]["/a"]["get"]["operationId"] == "same"
    assert later["paths"]["/0"]["get"]["operationId"] == "same_get_0"


def test_an_operation_says_where_it_comes_from(operation: Any) -> None:
    assert operation({})["x-source"] == "#/paths/~1x/post"


# -- parameters


def test_parameters_of_the_path_are_the_operations_unless_it_has_its_own(canonical: Canonicalise, tiny: Tiny) -> None:
    item = {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": STRING},
            {"$ref": "#/components/parameters/Limit"},
        ],
        "get": {"parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]},
    }
    components = {"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}, "x-own": 1}}}

    document = canonical({**tiny(paths={"/a/{id}": item}), "components": components}).document

    assert document["paths"]["/a/{id}"]["get"]["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer"}, "x-own": 1},
    ]


def test_headers_whose_names_differ_by_case_are_one(canonical: Canonicalise, tiny: Tiny) -> None:
    item = {
        "parameters": [{"name": "X-Trace", "in": "header", "schema": STRING}],
        "get": {
            "parameters": [
                {"name": "x-trace", "in": "header", "schema": {"type": "integer"}},
                {"name": "q", "in": "query", "schema": STRING},
                {"name": "Q", "in": "query", "schema": STRING},
            ]
        },
    }

    found = canonical(tiny(paths={"/a": item})).document["paths"]["/a"]["get"]["parameters"]

    assert [(one["name"], one["schema"]) for one in found] == [
        ("x-trace", {"type": "integer"}),
        ("q", STRING),
        ("Q", STRING),
    ]


def test_how_a_parameter_is_written_is_kept(operation: Any) -> None:
    raw = {
        "name": "f",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "allowReserved": True,
        "deprecated": True,
        "schema": {"type": "object", "additionalProperties": STRING},
        "examples": {"one": {"value": {"a": "b"}}},
    }

    assert operation({"parameters": [raw]})["parameters"] == [raw]


def test_a_parameter_with_content(operation: Any) -> None:
    found = operation({"parameters": [{"name": "f", "in": "query", "content": json(thing(a=STRING))}]})

    assert found["parameters"][0]["content"] == json(ref("DoItF"))


@pytest.mark.parametrize(
    ("path", "parameters", "expected", "note"),
    [
        ("/a/{id}", [], ["id"], "not declared"),
        ("/a", [{"name": "id", "in": "path", "schema": STRING}], [], "has no place"),
        ("/a", [{"name": "Accept", "in": "header", "schema": STRING}], [], "written by the client"),
    ],
)
def test_parameters_fit_the_path(
    canonical: Canonicalise, tiny: Tiny, path: str, parameters: Any, expected: list[str], note: str
) -> None:
    result = canonical(tiny(paths={path: {"get": {"parameters": parameters}}}))

    assert [one["name"] for one in result.document["paths"][path]["get"]["parameters"]] == expected
    assert note in result.account.notes[0].reason


def test_a_name_that_yaml_reads_as_a_number(operation: Any) -> None:
    found = operation({"parameters": [{"name": 1, "in": "query"}, {"name": True, "in": "query"}]})

    assert [one["name"] for one in found["parameters"]] == ["1", "true"]


def test_a_path_without_its_slash_has_one(canonical: Canonicalise, tiny: Tiny) -> None:
    result = canonical(tiny(paths={"pets": {"get": {"operationId": "a"}}, "/pets": {"put": {"operationId": "b"}}}))

    assert list(result.document["paths"]) == ["/pets"]
    assert result.document["paths"]["/pets"]["get"]["operationId"] == "a"
    assert result.account.operations.kept == 2
    assert "begins with a slash" in result.account.notes[0].reason


def test_a_path_without_anything_has_no_operations(canonical: Canonicalise, tiny: Tiny) -> None:
    result = canonical(tiny(paths={"/a": None, "/b": {"get": {}}}))

    assert result.account.complete
    assert result.account.operations.found == 1


@pytest.mark.parametrize(
    "raw", [5, {"in": "query"}, {"name": "x", "in": "nowhere"}, {"$ref": "#/components/parameters/No"}]
)
def test_a_parameter_that_cannot_be_is_a_loss(canonical: Canonicalise, tiny: Tiny, raw: Any) -> None:
    result = canonical(tiny(paths={"/a": {"get": {"parameters": [raw]}}}))

    assert result.document["paths"]["/a"]["get"]["parameters"] == []
    assert [loss.subject for loss in result.account.losses] == ["parameter"]
    assert result.account.losses[0].pointer == "#/paths/~1a/get/parameters/0"


def test_a_shared_parameter_has_one_name_however_many_use_it(canonical: Canonicalise, tiny: Tiny) -> None:
    use = {"parameters": [{"$ref": "#/components/parameters/status"}]}
    components = {"parameters": {"status": {"name": "s", "in": "query", "schema": {"enum": ["a", "b"]}}}}

    document = canonical({**tiny(paths={"/a": {"get": use}, "/b": {"get": use}}), "components": components}).document

    assert list(document["components"]["schemas"]) == ["StatusParameter"]


# -- bodies and answers


def test_inline_bodies_are_named_after_the_operation(operation: Any) -> None:
    found = operation(
        {
            "requestBody": {
                "required": True,
                "content": json(thing(a=STRING)) | {"multipart/form-data": {"schema": thing(b=STRING)}},
            },
            "responses": {
                "200": {"description": "", "content": json(thing(c=STRING))},
                "404": {"description": "", "content": json(thing(d=STRING))},
                "default": {"description": "", "content": json(thing(e=STRING))},
            },
        }
    )

    assert found["requestBody"]["content"] == {
        **json(ref("DoItRequest")),
        "multipart/form-data": {"schema": ref("DoItRequestMultipart")},
    }
    assert {status: one["content"] for status, one in found["responses"].items()} == {
        "200": json(ref("DoItResponse")),
        "404": json(ref("DoIt404Response")),
        "default": json(ref("DoItDefaultResponse")),
    }


def test_equal_bodies_under_several_media_types_are_one(operation: Any) -> None:
    content = {"application/x-www-form-urlencoded": {"schema": thing(a=STRING)}, **json(thing(a=STRING))}

    found = operation({"requestBody": {"content": content}})["requestBody"]["content"]

    assert (
        found["application/x-www-form-urlencoded"]["schema"]
        == found["application/json"]["schema"]
        == ref("DoItRequest")
    )


@pytest.mark.parametrize(
    ("written", "canonical_status"), [("2xx", "2XX"), (404, "404"), ("Default", "default"), ("5XX", "5XX")]
)
def test_statuses(operation: Any, written: Any, canonical_status: str) -> None:
    assert list(operation({"responses": {written: {"description": "d"}}})["responses"]) == [canonical_status]


def test_extensions_among_responses_are_none(operation: Any) -> None:
    found = operation({"responses": {"x-note": "text", "x-more": {"a": 1}, "204": {"description": "d"}}})

    assert found["responses"] == {"204": {"description": "d"}}


@pytest.mark.parametrize(("method", "status"), [("post", "204"), ("post", "205"), ("post", "304"), ("head", "200")])
def test_an_answer_that_can_have_no_content_has_none(
    canonical: Canonicalise, tiny: Tiny, method: str, status: str
) -> None:
    raw = {"responses": {status: {"description": "d", "content": json(thing(a=STRING))}}}

    result = canonical(tiny(paths={"/a": {method: raw}}))

    assert result.document["paths"]["/a"][method]["responses"] == {status: {"description": "d"}}
    assert "has no content" in result.account.notes[0].reason


def test_a_status_that_is_none_is_a_loss(canonical: Canonicalise, tiny: Tiny) -> None:
    result = canonical(
        tiny(paths={"/a": {"get": {"responses": {"20X": {"description": ""}, "200": {"description": ""}}}}})
    )

    assert list(result.document["paths"]["/a"]["get"]["responses"]) == ["200"]
    assert "'20X' is no status code" in result.account.losses[0].reason


def test_an_operation_without_responses_may_answer_anything(canonical: Canonicalise, tiny: Tiny) -> None:
    found = canonical(tiny(paths={"/a": {"get": {}}})).document["paths"]["/a"]["get"]["responses"]

    assert found == {"2XX": {"description": "Not documented.", "content": {"*/*": {"schema": {}}}}}


@pytest.mark.parametrize(
    ("media_type", "schema"),
    [
        ("application/json", {}),
        ("*/*", {}),
        ("text/csv", STRING),
        ("application/octet-stream", {"type": "string", "format": "binary"}),
        ("image/png", {"type": "string", "format": "binary"}),
    ],
)
def test_a_body_without_schema(operation: Any, media_type: str, schema: Any) -> None:
    assert response(operation, {media_type: {}}) == {media_type: {"schema": schema}}


def test_shared_answers_headers_examples_and_links_are_resolved(canonical: Canonicalise, tiny: Tiny) -> None:
    components = {
        "responses": {
            "Err": {
                "description": "err",
                "headers": {"X-A": {"$ref": "#/components/headers/A"}},
                "content": {
                    "application/json": {
                        "schema": thing(m=STRING),
                        "examples": {"e": {"$ref": "#/components/examples/E"}},
                    }
                },
                "links": {"next": {"$ref": "#/components/links/L"}},
            }
        },
        "headers": {"A": {"schema": {"type": "integer"}}},
        "examples": {"E": {"value": {"m": "x"}}},
        "links": {"L": {"operationId": "other"}},
    }
    paths = {"/a": {"get": {"responses": {"default": {"$ref": "#/components/responses/Err", "description": "mine"}}}}}

    found = canonical({**tiny(paths=paths), "components": components}).document["paths"]["/a"]["get"]["responses"][
        "default"
    ]

    assert found == {
        "description": "mine",
        "headers": {"X-A": {"schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": ref("ErrResponse"), "examples": {"e": {"value": {"m": "x"}}}}},
        "links": {"next": {"operationId": "other"}},
    }


def test_extensions_and_encodings_are_kept(operation: Any) -> None:
    media = {"schema": thing(f=STRING), "encoding": {"f": {"contentType": "text/csv"}}, "x-envelope": "data"}

    found = operation(
        {
            "requestBody": {"content": {"multipart/form-data": media}},
            "x-idempotency-key": "Idempotency-Key",
            "x-pagination": {"style": "cursor"},
            "x-method": "go",
        }
    )

    assert found["requestBody"]["content"]["multipart/form-data"] == {**media, "schema": ref("DoItRequest")}
    assert (found["x-idempotency-key"], found["x-pagination"], found["x-method"]) == (
        "Idempotency-Key",
        {"style": "cursor"},
        "go",
    )


# -- security and servers


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, [{"key": []}]),
        ({"security": []}, [{}]),
        ({"security": [{}, {"b": ["s"]}]}, [{}, {"b": ["s"]}]),
        ({"security": {"a": [], "b": ["s"]}}, [{"a": [], "b": ["s"]}]),
        ({"security": [{"a": None, "b": "s"}, None, "a"]}, [{"a": [], "b": ["s"]}]),
        ({"security": None}, [{"key": []}]),
    ],
)
def test_security_is_explicit(operation: Any, own: dict[str, Any], expected: Any) -> None:
    assert operation(own, security=[{"key": []}])["security"] == expected


def test_servers_are_what_later_steps_rely_on(canonical: Canonicalise, tiny: Tiny) -> None:
    port = {"default": 443, "enum": [443, 8443], "description": 5}
    servers = [
        "https://a",
        {"description": "no url"},
        {"url": "https://b:{port}/{v}", "name": "B", "description": 1, "variables": {"port": port, "v": {}, "w": 1}},
        {"url": "https://c", "variables": []},
    ]

    found = canonical(tiny(servers=servers)).document["servers"]

    variables = {"port": {"default": "443", "enum": ["443", "8443"]}, "v": {"default": ""}}
    assert found == [
        {"url": "https://b:{port}/{v}", "x-name": "B", "description": "1", "variables": variables},
        {"url": "https://c"},
    ]


def test_servers_of_the_path_are_the_operations(canonical: Canonicalise, tiny: Tiny) -> None:
    item = {"servers": [{"url": "https://a"}], "get": {}, "put": {"servers": [{"url": "https://b"}]}}

    found = canonical(tiny(paths={"/a": item})).document["paths"]["/a"]

    assert (found["get"]["servers"], found["put"]["servers"]) == ([{"url": "https://a"}], [{"url": "https://b"}])


# -- streams


def event(name: str | None, schema: Any) -> dict[str, Any]:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return thing(**({"event": {"const": name}} if name else {}), data=data, id=STRING)


def test_events_of_one_kind_are_what_they_carry(operation: Any) -> None:
    found = response(operation, {"text/event-stream": {"itemSchema": event("record", thing(a=STRING))}})

    assert found == {"text/event-stream": {"itemSchema": ref("DoItEvent")}}


def test_events_of_several_kinds_are_told_apart_by_name(canonical: Canonicalise, tiny: Tiny) -> None:
    schemas = {"Rec": thing(a=STRING), "Watch": {"oneOf": [event("record", ref("Rec")), event("gap", thing(n=STRING))]}}
    paths = {
        "/w": {
            "get": {
                "operationId": "watch",
                "responses": {
                    "200": {"description": "", "content": {"text/event-stream": {"itemSchema": ref("Watch")}}}
                },
            }
        }
    }

    document = canonical(tiny(schemas, paths)).document

    gap = ref("WatchGapData")
    assert document["paths"]["/w"]["get"]["responses"]["200"]["content"]["text/event-stream"] == {
        "itemSchema": ref("WatchEvent"),
        "x-sse-events": {"record": ref("Rec"), "gap": gap},
    }
    assert document["components"]["schemas"]["WatchEvent"]["anyOf"] == [ref("Rec"), gap]


def test_a_schema_of_an_event_stream_is_what_each_event_carries(canonical: Canonicalise, tiny: Tiny) -> None:
    paths = {
        "/w": {
            "get": {"responses": {"200": {"description": "", "content": {"text/event-stream": {"schema": ref("R")}}}}}
        }
    }

    document = canonical(tiny({"R": thing(id=STRING, data=STRING, name=STRING)}, paths)).document

    assert document["paths"]["/w"]["get"]["responses"]["200"]["content"] == {
        "text/event-stream": {"itemSchema": ref("R")}
    }


def test_a_schema_of_an_event_stream_that_can_only_be_the_event(operation: Any) -> None:
    schema = {"oneOf": [thing(event={"const": "a"}, data=thing(x=STRING)), thing(event={"enum": ["b"]}, data=STRING)]}

    found = response(operation, {"text/event-stream": {"schema": schema}})["text/event-stream"]

    assert found["x-sse-events"] == {"a": ref("DoItEventA"), "b": STRING}


@pytest.mark.parametrize("media_type", ["application/jsonl", "application/x-ndjson"])
@pytest.mark.parametrize(
    "media",
    [
        {"itemSchema": thing(a=STRING)},
        {"schema": thing(a=STRING)},
        {"schema": {"type": "array", "items": thing(a=STRING)}},
    ],
)
def test_json_lines_are_a_stream_of_items(operation: Any, media_type: str, media: Any) -> None:
    assert response(operation, {media_type: media}) == {media_type: {"itemSchema": ref("DoItResponseItem")}}


# -- webhooks and callbacks


def test_webhooks_are_operations(canonical: Canonicalise, tiny: Tiny) -> None:
    hook = {"post": {"requestBody": {"content": json(thing(a=STRING))}}}

    result = canonical(tiny(webhooks={"newThing": hook}))

    found = result.document["webhooks"]["newThing"]["post"]
    assert found["operationId"] == "post_newThing"
    assert found["requestBody"]["content"] == json(ref("PostNewThingRequest"))
    assert result.account.webhooks.found == result.account.webhooks.kept == 1


def test_callbacks_become_webhooks(canonical: Canonicalise, tiny: Tiny) -> None:
    callback = {"{$request.body#/url}": {"post": {"requestBody": {"content": json(thing(a=STRING))}}}}
    paths = {"/s": {"post": {"operationId": "subscribe", "callbacks": {"onEvent": callback, "x-not": 1}}}}

    document = canonical(tiny(paths=paths)).document

    hook = document["webhooks"]["subscribe.onEvent"]
    assert hook["x-callback-expression"] == "{$request.body#/url}"
    assert hook["post"]["operationId"] == "post_subscribe_onEvent"
    assert "callbacks" not in document["paths"]["/s"]["post"]


# -- path items


def test_a_callback_that_is_answered_by_itself(canonical: Canonicalise, tiny: Tiny) -> None:
    again = {"again": {"$ref": "#/components/callbacks/Again"}}
    callback = {"{$request.body#/url}": {"post": {"callbacks": again, "responses": {}}}}
    paths = {"/a": {"post": {"operationId": "start", "callbacks": again}}}

    result = canonical({**tiny(paths=paths), "components": {"callbacks": {"Again": callback}}})

    assert list(result.document["webhooks"]) == ["start.again"]
    assert "leads back to itself" in result.account.notes[0].reason


def test_a_path_item_elsewhere(canonical: Canonicalise, tiny: Tiny) -> None:
    document = {
        **tiny(paths={"/a": {"$ref": "#/components/pathItems/A", "summary": "mine"}}),
        "components": {"pathItems": {"A": {"get": {"operationId": "a"}}}},
    }

    result = canonical(document)

    assert result.document["paths"]["/a"]["get"]["operationId"] == "a"
    assert result.document["paths"]["/a"]["summary"] == "mine"
    assert result.account.complete


def test_operations_and_parameters_beside_the_reference_of_a_path_item(canonical: Canonicalise, tiny: Tiny) -> None:
    item = {
        "$ref": "#/components/pathItems/I",
        "put": {"operationId": "own", "responses": {"200": {"description": "", "content": json(thing(a=STRING))}}},
        "parameters": [{"name": "q", "in": "query", "schema": {"enum": ["a"]}}],
    }
    items = {"I": {"get": {"operationId": "shared"}}}

    result = canonical({**tiny(paths={"/a": item}), "components": {"pathItems": items}})

    found = result.document["paths"]["/a"]
    assert result.account.complete, result.account.losses
    assert found["put"]["responses"]["200"]["content"] == json(ref("OwnResponse"))
    assert [one["name"] for method in ("get", "put") for one in found[method]["parameters"]] == ["q", "q"]


def test_a_path_item_that_cannot_be_had_is_in_the_account(canonical: Canonicalise, tiny: Tiny) -> None:
    result = canonical(tiny(paths={"/a": {"$ref": "#/components/pathItems/No"}, "/b": {"get": {}}}))

    assert (result.account.operations.found, result.account.operations.kept) == (2, 1)
    assert not result.account.complete


def test_methods_of_openapi_3_2(canonical: Canonicalise, tiny: Tiny) -> None:
    item = {
        "query": {"operationId": "find"},
        "additionalOperations": {"COPY": {"operationId": "copy"}},
        "get": {"operationId": "g"},
    }

    result = canonical(tiny(paths={"/a": item}, version="3.2.0"))

    found = result.document["paths"]["/a"]
    assert {m: o["operationId"] for m, o in found["x-additional-operations"].items()} == {
        "QUERY": "find",
        "COPY": "copy",
    }
    assert result.document["openapi"] == "3.1.0"
    assert result.account.operations.kept == 3


def test_words_of_openapi_3_2_become_extensions(canonical: Canonicalise, tiny: Tiny) -> None:
    document = tiny(
        version="3.2.0", tags=[{"name": "a", "parent": "b", "kind": "nav"}], servers=[{"url": "/", "name": "here"}]
    )

    found = canonical(document).document

    assert found["tags"] == [{"name": "a", "x-parent": "b", "x-kind": "nav"}]
    assert found["servers"] == [{"url": "/", "x-name": "here"}]


def test_the_whole_query_as_one_value(operation: Any) -> None:
    found = operation({"parameters": [{"name": "q", "in": "querystring", "content": json(thing(a=STRING))}]})

    assert found["parameters"][0]["in"] == "query"
    assert found["parameters"][0]["x-querystring"] is True


# -- Swagger 2.0


@pytest.fixture
def swagger(canonical: Canonicalise) -> Callable[..., Any]:
    def run(operation: dict[str, Any], **document: Any) -> Any:
        base = {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "host": "h.example",
            "basePath": "/v1",
            "schemes": ["https"],
        }
        raw = {"operationId": "op", "responses": {"200": {"description": ""}}, **operation}
        return canonical({**base, "paths": {"/p": {"post": raw}}, **document})

    return run


def post(result: Any) -> Any:
    return result.document["paths"]["/p"]["post"]


def test_swagger_servers_and_security(swagger: Any) -> None:
    oauth = {
        "type": "oauth2",
        "flow": "accessCode",
        "authorizationUrl": "https://a",
        "tokenUrl": "https://t",
        "scopes": {"r": "read"},
    }

    document = swagger(
        {},
        securityDefinitions={"b": {"type": "basic"}, "k": {"type": "apiKey", "in": "header", "name": "K"}, "o": oauth},
    ).document

    assert document["servers"] == [{"url": "https://h.example/v1"}]
    assert document["components"]["securitySchemes"] == {
        "b": {"type": "http", "scheme": "basic"},
        "k": {"type": "apiKey", "in": "header", "name": "K"},
        "o": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {"authorizationUrl": "https://a", "tokenUrl": "https://t", "scopes": {"r": "read"}}
            },
        },
    }


@pytest.mark.parametrize(
    ("collection", "style"),
    [
        ("multi", {"style": "form", "explode": True}),
        ("csv", {"style": "form", "explode": False}),
        ("pipes", {"style": "pipeDelimited", "explode": False}),
        ("ssv", {"style": "spaceDelimited", "explode": False}),
    ],
)
def test_swagger_arrays_in_the_query(swagger: Any, collection: str, style: dict[str, Any]) -> None:
    raw = {"name": "q", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": collection}

    found = post(swagger({"parameters": [raw]}))["parameters"]

    assert found == [{"name": "q", "in": "query", **style, "schema": {"type": "array", "items": STRING}}]


def test_swagger_bodies_and_answers(swagger: Any) -> None:
    result = swagger(
        {
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "parameters": [{"$ref": "#/parameters/Body"}],
            "responses": {
                "200": {"description": "", "schema": {"type": "array", "items": {"$ref": "#/definitions/pet"}}},
                "default": {"$ref": "#/responses/Err"},
            },
        },
        definitions={"pet": {"type": "object", "properties": {"n": {"type": "string", "x-nullable": True}}}},
        parameters={"Body": {"name": "b", "in": "body", "required": True, "schema": {"$ref": "#/definitions/pet"}}},
        responses={"Err": {"description": "e", "schema": thing(m=STRING)}},
    )

    found = post(result)
    assert found["requestBody"] == {"required": True, "content": json(ref("Pet"))}
    assert found["responses"]["200"]["content"] == json({"type": "array", "items": ref("Pet")})
    assert found["responses"]["default"]["content"] == json(ref("ErrResponse"))
    assert result.document["components"]["schemas"]["Pet"]["properties"]["n"]["anyOf"] == [STRING, {"type": "null"}]
    assert result.document["components"]["schemas"]["Pet"]["x-source"] == "#/definitions/pet"
    assert result.account.complete


def test_swagger_forms_and_files(swagger: Any) -> None:
    fields = [
        {"name": "f", "in": "formData", "type": "file", "required": True},
        {"name": "kind", "in": "formData", "type": "string", "enum": ["a", "b"]},
    ]

    result = swagger({"parameters": fields, "responses": {"200": {"description": "", "schema": {"type": "file"}}}})

    found = post(result)
    assert found["requestBody"] == {"required": True, "content": {"multipart/form-data": {"schema": ref("OpRequest")}}}
    assert result.document["components"]["schemas"]["OpRequest"]["properties"]["f"] == {
        "type": "string",
        "format": "binary",
    }
    assert found["responses"]["200"]["content"] == {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
    }


def test_swagger_parents(canonical: Canonicalise) -> None:
    definitions = {
        "Pet": {"type": "object", "discriminator": "kind", "required": ["kind"], "properties": {"kind": STRING}},
        "Cat": {"allOf": [{"$ref": "#/definitions/Pet"}, thing(c=STRING)]},
    }

    result = canonical(
        {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}, "definitions": definitions}
    )

    assert result.document["components"]["schemas"]["Pet"]["discriminator"]["mapping"] == {
        "Cat": PREFIX + "Cat",
        "Pet": PREFIX + "PetBase",
    }

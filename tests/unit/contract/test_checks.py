"""The wire is the spec: what a request and an answer may be, and what is said when they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wirewright.contract import SpecDocument, WireRequest, check_request, check_response
from wirewright.contract.bodies import Upload
from wirewright.contract.checks import decode_request
from wirewright.contract.routing import Router

Make = Callable[..., SpecDocument]
RECORD = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string"},
        "clock": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
    },
}
JSON = (("content-type", "application/json"),)


@pytest.fixture
def api(document: Make) -> SpecDocument:
    ref = {"$ref": "#/components/schemas/Record"}
    upload = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "tags": {"type": "array", "items": {"type": "integer"}},
            "note": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    }
    paths = {
        "/records/{thread}": {
            "post": {
                "operationId": "emit",
                "parameters": [
                    {
                        "name": "thread",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "pattern": "^[a-z/]+$"},
                    },
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}},
                    {
                        "name": "X-Trace",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string", "format": "uuid"},
                    },
                    {"name": "session", "in": "cookie", "schema": {"type": "integer"}},
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": ref}}},
                "responses": {
                    "201": {
                        "description": "made",
                        "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": ref}},
                    },
                    "4XX": {
                        "description": "no",
                        "content": {"application/problem+json": {"schema": {"type": "object"}}},
                    },
                },
                "security": [{"key": []}, {"bearer": []}],
            },
        },
        "/watch": {
            "get": {
                "operationId": "watch",
                "responses": {
                    "200": {
                        "description": "events",
                        "content": {
                            "text/event-stream": {
                                "itemSchema": ref,
                                "x-sse-events": {"record": ref, "ping": {"type": "null"}},
                            },
                            "application/jsonl": {"itemSchema": ref},
                        },
                    }
                },
            }
        },
        "/upload": {
            "post": {
                "operationId": "upload",
                "requestBody": {
                    "content": {
                        "multipart/form-data": {"schema": upload},
                        "application/x-www-form-urlencoded": {"schema": upload},
                        "image/*": {},
                    }
                },
                "responses": {"204": {"description": "done"}},
            }
        },
    }
    schemes = {
        "key": {"type": "apiKey", "name": "X-Key", "in": "header"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    return document(paths, components={"schemas": {"Record": RECORD}, "securitySchemes": schemes})


GOOD = {
    "content-type": "application/json",
    "x-trace": "00000000-0000-4000-8000-000000000000",
    "x-key": "k",
}


def emit(target: str = "/records/a", body: bytes = b'{"kind":"x"}', **changed: str | None) -> WireRequest:
    headers = {**GOOD, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return WireRequest("POST", target, tuple((n, v) for n, v in headers.items() if v is not None), body)


def test_a_request_that_keeps_the_spec_has_no_problems(api: SpecDocument) -> None:
    assert check_request(api, emit("/records/a%2Fb?limit=3&unknown=1", cookie="session=5; other=x")) == []


@pytest.mark.parametrize(
    ("request_", "kind", "place"),
    [
        (emit("/nowhere"), "unknown_operation", "path"),
        (emit("/records/A"), "schema", "path.thread"),
        (emit("/records/a?limit=11"), "schema", "query.limit"),
        (emit("/records/a?limit=x"), "schema", "query.limit"),
        (emit(x_trace=None), "missing", "header.X-Trace"),
        (emit(x_trace="no-uuid"), "schema", "header.X-Trace"),
        (emit(cookie="session=x"), "schema", "cookie.session"),
        (emit(body=b""), "missing", "body"),
        (emit(body=b"{"), "malformed", "body"),
        (emit(body=b"{}"), "missing", "body"),
        (emit(body=b'{"kind":7}'), "schema", "body/kind"),
        (emit(body=b'{"kind":"x","at":"yesterday"}'), "schema", "body/at"),
        (emit(content_type="text/plain"), "media_type", "body"),
        (emit(x_key=None), "security", "security"),
    ],
)
def test_each_fault_of_a_request_is_named_with_its_place(
    api: SpecDocument, request_: WireRequest, kind: str, place: str
) -> None:
    assert [(problem.kind, problem.place) for problem in check_request(api, request_)] == [(kind, place)]


def test_any_of_the_documented_credentials_will_do(api: SpecDocument) -> None:
    assert check_request(api, emit(x_key=None, authorization="Bearer t")) == []
    assert check_request(api, emit(x_key=None), security=False) == []


def test_a_request_can_be_held_to_one_operation(api: SpecDocument) -> None:
    assert check_request(api.by_id["emit"], emit()) == []
    assert check_request(api.by_id["watch"], emit())[0].kind == "unknown_operation"


@pytest.mark.parametrize(
    ("status", "headers", "body", "found"),
    [
        (201, {"Location": "/x", "Content-Type": "application/json; charset=utf-8"}, b'{"kind":"x"}', []),
        (404, {"content-type": "application/problem+json"}, b"{}", []),
        (200, dict(JSON), b"{}", [("status", "status")]),
        (500, dict(JSON), b"{}", [("status", "status")]),
        (201, dict(JSON), b'{"kind":"x"}', [("missing", "header.Location")]),
        (201, {"location": "/x", **dict(JSON)}, b'{"kind":null}', [("schema", "body/kind")]),
        (201, {"location": "/x", **dict(JSON)}, b"<html>", [("malformed", "body")]),
        (201, {"location": "/x", "content-type": "text/html"}, b"<html>", [("media_type", "body")]),
    ],
)
def test_an_answer_is_held_to_status_headers_form_and_schema(
    api: SpecDocument, status: int, headers: dict[str, str], body: bytes, found: list[tuple[str, str]]
) -> None:
    problems = check_response(api.by_id["emit"], status, headers, body)
    assert [(problem.kind, problem.place) for problem in problems] == found


def test_an_event_stream_is_checked_event_by_event(api: SpecDocument) -> None:
    stream = (
        b': hello\n\nevent: record\ndata: {"kind":"x"}\n\nevent: ping\r\ndata: null\r\n\r\n'
        b'event: record\ndata: {"kind":\ndata: 5}\n\nevent: other\ndata: 1\n\nevent: record\ndata: {"half'
    )
    problems = check_response(api.by_id["watch"], 200, {"content-type": "text/event-stream"}, stream)
    assert [(problem.place, problem.kind) for problem in problems] == [
        ("event/2/kind", "schema"),
        ("event/3", "schema"),
    ]


@pytest.mark.parametrize(
    ("schema", "kinds"), [({"type": "string"}, []), ({"type": "integer"}, ["malformed", "schema"])]
)
def test_events_that_are_text_are_text_whatever_they_look_like(
    document: Callable[..., SpecDocument], schema: Any, kinds: list[str]
) -> None:
    content = {"text/event-stream": {"itemSchema": schema}}
    operation = {"operationId": "a", "responses": {"200": {"description": "", "content": content}}}
    (found,) = document({"/a": {"get": operation}}).operations
    stream = b'data: plain text\n\ndata: {"a": 1}\n\ndata: 5\n\n'
    problems = check_response(found, 200, {"content-type": "text/event-stream"}, stream)
    assert [problem.kind for problem in problems] == kinds


def test_operations_that_only_a_fragment_tells_apart_are_one_on_the_wire(document: Callable[..., SpecDocument]) -> None:
    paths = {f"/a#{name}": {"get": {"operationId": name, "responses": {}}} for name in ("one", "two")}
    opened = document(paths)
    for name in ("one", "two"):
        assert check_request(opened.by_id[name], WireRequest("GET", "/a")) == []


def test_json_lines_are_checked_line_by_line(api: SpecDocument) -> None:
    lines = b'{"kind":"x"}\n\n{"kind":2}\n'
    problems = check_response(api.by_id["watch"], 200, {"content-type": "application/jsonl"}, lines)
    assert [problem.place for problem in problems] == ["body/1/kind"]


def decoded(api: SpecDocument, body: bytes, content_type: str) -> Any:
    match = Router(api).match("POST", "/upload")
    assert match is not None
    return decode_request(match, "", {"content-type": content_type}, body)


def test_a_multipart_body_is_read_by_its_schema(api: SpecDocument) -> None:
    body = (
        b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"content-type: text/plain\r\n\r\n\x00hi\r\n"
        b'--B\r\ncontent-disposition: form-data; name="tags"\r\n\r\n1\r\n'
        b'--B\r\ncontent-disposition: form-data; name="tags"\r\n\r\n2\r\n'
        b'--B\r\ncontent-disposition: form-data; name="note"\r\n'
        b'content-type: application/json\r\n\r\n{"n":1}\r\n--B--\r\n'
    )
    found = decoded(api, body, 'multipart/form-data; boundary="B"')
    assert found.problems == []
    assert found.body == {"file": Upload(b"\x00hi", "a.txt", "text/plain"), "tags": [1, 2], "note": {"n": 1}}


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"no parts", "multipart/form-data; boundary=B", "malformed"),
        (b"--B--", "multipart/form-data", "malformed"),
        (b"--B\r\n\r\nx\r\n--B--", "multipart/form-data; boundary=B", "malformed"),
        (b"tags=1", "application/x-www-form-urlencoded", "missing"),
        (b"file=x&tags=y", "application/x-www-form-urlencoded", "schema"),
        (b"\xff", "application/x-www-form-urlencoded", "malformed"),
        (b"x", "video/mp4", "media_type"),
    ],
)
def test_a_broken_form_is_named(api: SpecDocument, body: bytes, content_type: str, kind: str) -> None:
    assert [problem.kind for problem in decoded(api, body, content_type).problems] == [kind]


def test_a_range_of_media_types_covers_its_members(api: SpecDocument) -> None:
    found = decoded(api, b"\x89PNG", "image/png")
    assert (found.body, found.problems) == (b"\x89PNG", [])

"""The data plane: the wire of each call, uploads in chunks, and errors that say what broke."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from syncropel import (
    ClientData,
    ListResult,
    MaterialProvenance,
    PublishResult,
    ReadUrlResult,
    StatResult,
    SyncropelDataError,
    UsageResult,
    WriteResult,
)
from syncropel.data import DEFAULT_CHUNK_SIZE

OK = httpx.Response(200, json={"ok": True})


@pytest.mark.parametrize(
    ("call", "method", "target", "body"),
    [
        (lambda d: d.mkdir("/files/a"), "POST", "/v1/data/mkdir", {"path": "/files/a"}),
        (lambda d: d.mv("/a", "/b"), "POST", "/v1/data/mv", {"from": "/a", "to": "/b"}),
        (lambda d: d.rm("/a"), "POST", "/v1/data/rm", {"path": "/a", "recursive": False}),
        (lambda d: d.rm("/a", recursive=True), "POST", "/v1/data/rm", {"path": "/a", "recursive": True}),
        (lambda d: d.list("/files"), "GET", "/v1/data/list?path=%2Ffiles", None),
        (lambda d: d.list("/f", cursor="", limit=0), "GET", "/v1/data/list?path=%2Ff&cursor=&limit=0", None),
        (lambda d: d.materials(), "GET", "/v1/data/materials", None),
        (lambda d: d.materials(q="a b", limit=5), "GET", "/v1/data/materials?q=a%20b&limit=5", None),
        (lambda d: d.node("/files"), "GET", "/v1/data/node?path=%2Ffiles", None),
        (lambda d: d.usage(), "GET", "/v1/data/usage", None),
        (lambda d: d.capabilities(), "GET", "/v1/data/capabilities", None),
        (lambda d: d.provenance(), "GET", "/v1/data/provenance", None),
        (
            lambda d: d.provenance(region="r", cursor="c", limit=1),
            "GET",
            "/v1/data/provenance?region=r&cursor=c&limit=1",
            None,
        ),
    ],
)
async def test_what_travels(script: Any, call: Any, method: str, target: str, body: Any) -> None:
    kernel = script(OK)
    await call(kernel.client().data)
    sent = json.loads(kernel.last.content) if kernel.last.content else None
    assert (kernel.last.method, kernel.last.url.raw_path.decode(), sent) == (method, target, body)


@pytest.mark.parametrize(
    ("answer", "call", "result"),
    [
        ({"used": 7, "quota": None}, lambda d: d.usage(), UsageResult(7, 0)),
        ({}, lambda d: d.usage(), UsageResult(0, 0)),
        ({}, lambda d: d.list("/f"), ListResult([], None)),
        ({"entries": [{"name": "a"}], "cursor": "c"}, lambda d: d.list("/f"), ListResult([{"name": "a"}], "c")),
        ({"materials": [], "data": [{"a": 1}]}, lambda d: d.materials(), [{"a": 1}]),
        ({}, lambda d: d.materials(), []),
        ([1, 2], lambda d: d.node("/f"), [1, 2]),
        ({"blob_url": "/b", "expires_in": 3, "via": "k"}, lambda d: d.read_url("/f"), ReadUrlResult("/b", 3, "k")),
        ({"content_hash": "h", "pin_state": "pinned"}, lambda d: d.publish("/f"), PublishResult("h", None, "pinned")),
        (
            {"kind": "file", "size_bytes": 1, "mtime": 2, "provenance": "unknown"},
            lambda d: d.stat("/f"),
            StatResult("file", 1, None, 2, None, None, None),
        ),
    ],
)
async def test_how_answers_are_shaped(script: Any, answer: Any, call: Any, result: Any) -> None:
    assert await call(script(httpx.Response(200, json=answer)).client().data) == result


PROVENANCE = {"work_thread": "t", "actor": "a", "goal_summary": "g", "clock": 1, "content_hash": "h"}


async def test_provenance_has_exactly_its_five_fields(script: Any) -> None:
    stat = {"kind": "file", "size_bytes": 1, "mtime": 2}
    client = script(
        httpx.Response(200, json={**stat, "provenance": PROVENANCE}),
        httpx.Response(200, json={**stat, "provenance": {**PROVENANCE, "more": 1}}),
    ).client()
    assert (await client.data.stat("/f")).provenance == MaterialProvenance("t", "a", "g", 1, "h")
    with pytest.raises(TypeError):
        await client.data.stat("/f")


async def test_a_storage_class_is_sent_when_there_is_one(script: Any) -> None:
    kernel = script(httpx.Response(200, json={"content_hash": "h", "pin_state": "p"}))
    for storage_class in (None, "", "durable"):
        await kernel.client().data.publish("/f", storage_class=storage_class)
    assert [json.loads(r.content) for r in kernel.requests] == [
        {"path": "/f"},
        {"path": "/f"},
        {"path": "/f", "storage_class": "durable"},
    ]


@pytest.mark.parametrize("answer", [httpx.Response(204), httpx.Response(200), httpx.Response(200, text="done")])
async def test_making_and_moving_take_any_success(script: Any, answer: httpx.Response) -> None:
    data = script(answer).client().data
    assert (await data.mkdir("/files/a"), await data.mv("/files/a", "/files/b")) == (None, None)


@pytest.mark.parametrize("call", [lambda d: d.read_url("/f"), lambda d: d.stat("/f"), lambda d: d.publish("/f")])
async def test_an_answer_that_lacks_a_field_raises(script: Any, call: Any) -> None:
    with pytest.raises(KeyError):
        await call(script(OK).client().data)


async def test_an_answer_that_is_no_json_raises(script: Any) -> None:
    with pytest.raises(json.JSONDecodeError):
        await script(httpx.Response(200, text="<html>")).client().data.usage()


# Writing


def uploads(chunk_size: int | None, upload_id: str = "u/1") -> Any:
    """A kernel that takes a write."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/init"):
            return httpx.Response(200, json={"upload_id": upload_id, "chunk_size": chunk_size})
        if path.endswith("/complete"):
            return httpx.Response(200, json={"content_hash": "h", "size_bytes": 7})
        return httpx.Response(204)

    return answer


@pytest.mark.parametrize(
    ("content", "chunk_size", "ranges"),
    [
        (b"1234567", 3, ["bytes 0-2/7", "bytes 3-5/7", "bytes 6-6/7"]),
        (b"123456", 3, ["bytes 0-2/6", "bytes 3-5/6"]),
        (b"", 3, ["bytes 0-0/0"]),
        ("é", None, ["bytes 0-1/2"]),
        (bytearray(b"abc"), 0, ["bytes 0-2/3"]),
    ],
)
async def test_content_is_uploaded_in_chunks(
    script: Any, content: Any, chunk_size: int | None, ranges: list[str]
) -> None:
    kernel = script(uploads(chunk_size))
    result = await kernel.client().data.write(path="/files/a", data=content, content_type="text/plain")
    first, *chunks, last = kernel.requests
    raw = content.encode() if isinstance(content, str) else bytes(content)
    assert json.loads(first.content) == {"path": "/files/a", "size_bytes": len(raw), "content_type": "text/plain"}
    assert [chunk.headers["content-range"] for chunk in chunks] == ranges
    assert {chunk.url.raw_path for chunk in chunks} == {b"/v1/blobs/upload/u%2F1"}
    assert {chunk.headers["content-type"] for chunk in chunks} == {"application/octet-stream"}
    assert b"".join(chunk.content for chunk in chunks) == raw
    assert json.loads(last.content) == {"upload_id": "u/1"}
    assert result == WriteResult("h", 7)


def test_the_default_chunk() -> None:
    assert DEFAULT_CHUNK_SIZE == 8388608


@pytest.mark.parametrize(
    ("arguments", "precondition"),
    [
        ({}, "none"),
        ({"expected_hash": None}, {"expected_hash": None}),
        ({"expected_hash": "h"}, {"expected_hash": "h"}),
    ],
)
async def test_a_precondition_is_sent_when_there_is_one(script: Any, arguments: Any, precondition: Any) -> None:
    kernel = script(uploads(None))
    await kernel.client().data.write(path="/files/a", data=b"", **arguments)
    assert json.loads(kernel.requests[0].content).get("precondition", "none") == precondition


async def test_writing_needs_a_path(script: Any) -> None:
    with pytest.raises(ValueError, match=r"data\.write requires a path"):
        await script(OK).client().data.write(path="", data=b"")


# Reading


@pytest.mark.parametrize(
    ("endpoint", "blob_url", "fetched", "key"),
    [
        ("http://h/pre", "/v1/blobs/b?sig=1", "http://h/pre/v1/blobs/b?sig=1", "k"),
        ("http://h", "blobs/b", "http://h/blobs/b", "k"),
        ("http://h/pre", "http://h/other/b", "http://h/other/b", "k"),
        ("http://h", "https://elsewhere.test/b?sig=%2F", "https://elsewhere.test/b?sig=%2F", None),
        ("http://h", "//elsewhere.test/b", "http://elsewhere.test/b", None),
        ("http://h", "https://h/b", "https://h/b", None),
        ("http://h", "/b/{x} ü#fragment", "http://h/b/%7Bx%7D%20%C3%BC", "k"),
    ],
)
async def test_bytes_are_fetched_where_they_are_and_keys_stay_home(
    script: Any, endpoint: str, blob_url: str, fetched: str, key: str | None
) -> None:
    where = httpx.Response(200, json={"blob_url": blob_url, "expires_in": 1, "via": "k"})
    kernel = script(where, httpx.Response(206, content=b"\0bytes"))
    client = kernel.client(endpoint=endpoint, api_key="k")
    assert await client.data.read("/files/a") == b"\0bytes"
    assert (str(kernel.last.url), kernel.last.headers.get("x-api-key")) == (fetched, key)


async def test_text_is_decoded(script: Any) -> None:
    where = httpx.Response(200, json={"blob_url": "/b", "expires_in": 1, "via": "k"})
    client = script(where, httpx.Response(200, content="ü".encode("latin-1"))).client()
    assert await client.data.read_text("/files/a", "latin-1") == "ü"


# Errors


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (httpx.Response(404, json={"ok": False, "error": "not_found", "detail": "gone"}), "not_found", "gone"),
        (httpx.Response(404, json={"error": "e", "code": "c", "detail": "d", "message": "m"}), "e", "d"),
        (httpx.Response(404, json={"error": "", "code": "c", "message": "m"}), "c", "m"),
        (httpx.Response(404, json={}), "http_404", "Not Found"),
        (httpx.Response(404, json=["no object"]), "http_404", "Not Found"),
        (httpx.Response(502, text="<html>"), "http_502", "Bad Gateway"),
        (httpx.Response(302), "http_302", "Found"),
        (httpx.Response(418, json={"code": 5, "detail": {"a": 1}}), "5", "{'a': 1}"),
    ],
)
async def test_errors_in_any_form(script: Any, answer: httpx.Response, code: str, detail: str) -> None:
    kernel = script(answer)
    with pytest.raises(SyncropelDataError) as caught:
        await kernel.client().data.mkdir("/files/a")
    error = caught.value
    assert (error.op, error.status, error.code, error.detail) == ("data.mkdir", answer.status_code, code, detail)
    assert str(error) == f"data.mkdir failed (HTTP {answer.status_code} {code}): {detail}"
    assert (error.is_conflict, len(kernel.requests)) == (False, 1)
    assert error.expected_hash is not None
    assert error.current_hash is not None


async def test_a_broken_connection(script: Any) -> None:
    with pytest.raises(SyncropelDataError) as caught:
        await script(httpx.ConnectError("refused")).client().data.usage()
    assert (caught.value.status, caught.value.code, caught.value.detail) == (0, "transport_error", "refused")
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("detail", "hashes"),
    [
        ('{"expected_hash": "a", "current_hash": "b"}', ("a", "b")),
        ('{"expected_hash": null, "current_hash": "b"}', (None, "b")),
    ],
)
async def test_a_conflict_says_what_is_there(script: Any, detail: str, hashes: tuple[Any, Any]) -> None:
    conflict = httpx.Response(409, json={"ok": False, "error": "precondition_failed", "detail": detail})
    with pytest.raises(SyncropelDataError) as caught:
        await script(conflict).client().data.write(path="/files/a", data=b"", expected_hash="a")
    assert (caught.value.is_conflict, caught.value.expected_hash, caught.value.current_hash) == (True, *hashes)


async def test_the_data_plane_of_an_httpx_client(script: Any) -> None:
    kernel = script(httpx.Response(200, json={"used": 1, "quota": 2}))
    async with httpx.AsyncClient(
        base_url="http://h/pre", headers={"x-api-key": "k"}, transport=httpx.MockTransport(kernel)
    ) as http:
        assert await ClientData(http).usage() == UsageResult(1, 2)
    assert (str(kernel.last.url), kernel.last.headers["x-api-key"]) == ("http://h/pre/v1/data/usage", "k")


async def test_a_client_has_one_data_plane(script: Any) -> None:
    client = script(OK).client()
    assert client.data is client.data

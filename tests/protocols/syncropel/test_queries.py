"""Reading: what is asked on the wire, how answers are shaped, and that nothing the network does is raised."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from syncropel import InferOptions, InferPending, InferResult

RECORDS = [{"id": "1", "body": {"kind": "a.b.c", "x": {"y": 1}}}, {"id": "2", "body": {"kind": "a.b.d"}}]
LIST = httpx.Response(200, json={"object": "list", "data": RECORDS})


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (lambda c: c.query_thread("music.library"), "/v1/threads/music.library/records?limit=100"),
        (lambda c: c.query_thread("t", limit=0), "/v1/threads/t/records"),
        (lambda c: c.query_thread("t", limit=None, since=0), "/v1/threads/t/records?since=0"),
        (lambda c: c.query_thread("t", limit=5, since=7), "/v1/threads/t/records?limit=5&since=7"),
        (lambda c: c.query_thread("t/1 ü"), "/v1/threads/t%2F1%20%C3%BC/records?limit=100"),
        (lambda c: c.query_thread("a?b#c"), "/v1/threads/a%3Fb%23c/records?limit=100"),
        (lambda c: c.query(actor="did:a"), "/v1/records?limit=100&actor=did%3Aa"),
        (
            lambda c: c.query(thread="t", actor="a", kind="k", since=0, limit=0),
            "/v1/records?limit=0&thread=t&actor=a&since=0",
        ),
        (lambda c: c.query(kind="k", thread="", actor=""), "/v1/records?limit=100"),
        (lambda c: c.health(), "/health"),
    ],
)
async def test_what_is_asked(script: Any, call: Any, target: str) -> None:
    kernel = script(LIST)
    await call(kernel.client())
    assert (kernel.last.method, kernel.last.url.raw_path.decode()) == ("GET", target)


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (lambda c: c.rich_query(filter={}), "query", '{"filter":{}}'),
        (
            lambda c: c.rich_query(filter={"a": 1.0}, offset=0, limit=0, sort={"clock": -1}, thread="t", explain=True),
            "query",
            '{"filter":{"a":1.0},"thread":"t","sort":{"clock":-1},"limit":0,"offset":0,"explain":true}',
        ),
        (lambda c: c.rich_query(filter={}, explain=False), "query", '{"filter":{}}'),
        (lambda c: c.search(" light "), "search", '{"query":" light ","k":10}'),
        (
            lambda c: c.search("x", k=0, thread="t", actor="a", kind="k", after_clock=0),
            "search",
            '{"query":"x","k":0,"thread":"t","actor":"a","kind":"k","after_clock":0}',
        ),
    ],
)
async def test_what_is_posted(script: Any, call: Any, path: str, body: str) -> None:
    kernel = script(httpx.Response(200, json={}))
    await call(kernel.client())
    assert (kernel.last.url.path, kernel.last.content.decode()) == (f"/v1/records/{path}", body)


@pytest.mark.parametrize(
    ("call", "phrase"),
    [
        (lambda c: c.query_thread(""), "query_thread requires a non-empty thread id"),
        (lambda c: c.query(), "query requires at least one of: kind, actor, thread"),
        (lambda c: c.query(where={"a": 1}, since=1), "query requires at least one of: kind, actor, thread"),
        (lambda c: c.rich_query(filter=None), "rich_query requires a filter dict"),
        (lambda c: c.search(""), "search requires a non-empty query"),
        (lambda c: c.search(" \n"), "search requires a non-empty query"),
        (lambda c: c.search(None), "search requires a non-empty query"),
    ],
)
async def test_questions_that_ask_nothing(script: Any, call: Any, phrase: str) -> None:
    with pytest.raises(ValueError, match=phrase):
        await call(script(LIST).client())


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"object": "list", "data": RECORDS}, RECORDS),
        (RECORDS, RECORDS),
        ({"data": "none"}, []),
        ({}, []),
        ("text", []),
        (None, []),
        (5, []),
    ],
)
async def test_lists_in_any_form(script: Any, answer: Any, found: Any) -> None:
    client = script(httpx.Response(200, json=answer)).client()
    assert await client.query_thread("t") == found
    assert await client.query(thread="t") == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"kind": "a.b.c"}, ["1"]),
        ({"kind": "none"}, []),
        ({"thread": "t", "where": {"body.x.y": 1}}, ["1"]),
        ({"thread": "t", "where": {"body.x": None}}, ["2"]),
        ({"thread": "t", "where": {"body.x.y.z": None}}, ["1", "2"]),
        ({"kind": "a.b.c", "where": {"id": "2"}}, []),
    ],
)
async def test_records_are_picked_here(script: Any, wanted: dict[str, Any], found: list[str]) -> None:
    assert [record["id"] for record in await script(LIST).client().query(**wanted)] == found


async def test_a_record_without_an_object_for_a_body_matches_no_kind(script: Any) -> None:
    client = script(httpx.Response(200, json=[{"id": "1", "body": "text"}, "no record"])).client()
    assert await client.query(kind="a.b.c") == []


async def test_a_rich_answer(script: Any) -> None:
    client = script(httpx.Response(200, json={"data": RECORDS, "plan": None}), httpx.Response(200, json={})).client()
    assert await client.rich_query(filter={}) == {"records": RECORDS, "plan": None}
    assert await client.rich_query(filter={}) == {"records": []}


async def test_a_search_answer(script: Any) -> None:
    client = script(
        httpx.Response(200, json={"embedder": "e", "k": 3, "data": [{"score": 1}]}), httpx.Response(503)
    ).client()
    assert await client.search("x") == {"embedder": "e", "k": 3, "hits": [{"score": 1}]}
    assert await client.search("x", k=7) == {"embedder": None, "k": 7, "hits": [], "disabled": True}


FAILURES = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    httpx.Response(400, json={"data": RECORDS}),
    httpx.Response(404, text="<html>"),
    httpx.Response(500),
    httpx.Response(200, text="<html>login</html>"),
    httpx.Response(200, content=b'{"data": [1'),
    httpx.Response(204),
    httpx.Response(302, headers={"location": "/login"}),
    httpx.Response(200, content=b"[" * 100_000),
]


@pytest.mark.parametrize(
    "failure", FAILURES, ids=lambda f: type(f).__name__ if isinstance(f, Exception) else str(f.status_code)
)
async def test_reading_fails_open_and_is_not_tried_again(script: Any, failure: Any) -> None:
    kernel = script(failure)
    client = kernel.client()
    assert await client.query_thread("t") == []
    assert await client.query(thread="t") == []
    assert await client.rich_query(filter={}) == {"records": []}
    assert await client.search("x") == {"embedder": None, "k": 10, "hits": []}
    assert await client.health() == {}
    assert len(kernel.requests) == 5


# Questions

QUESTION = {"input": {"goal": "g"}, "responders": [{"kind": "llm"}], "fold": {"function": "consensus"}}
ANSWER = {"act": "KNOW", "id": "k", "thread": "t", "body": {"kind": "infer.result.v1", "fulfills": "q", "answer": 42}}


async def test_a_question_that_is_not_waited_for(script: Any) -> None:
    kernel = script(httpx.Response(200, json={"id": "q", "thread": "there"}))
    pending = await kernel.client().infer(QUESTION, InferOptions(wait=False, thread="t"))
    assert pending == InferPending("q", "there")
    envelope = json.loads(kernel.last.content)
    assert (envelope["act"], envelope["thread"], "_v" in envelope["body"]) == ("INTEND", "t", False)


async def test_a_question_makes_up_a_thread(script: Any) -> None:
    kernel = script(httpx.Response(200, json={"id": "q"}))
    pending = await kernel.client().infer(QUESTION, InferOptions(wait=False, thread=""))
    assert isinstance(pending, InferPending)
    assert pending.thread_id.startswith("th_")


async def test_an_answer_is_waited_for(script: Any) -> None:
    kernel = script(
        httpx.Response(200, json={"id": "q", "thread": "t"}),
        httpx.ConnectError("fails open"),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [ANSWER]}),
    )
    result = await kernel.client().infer(QUESTION, InferOptions(poll_interval_ms=0))
    assert isinstance(result, InferResult)
    assert (result.answer, result.know_record_id) == (42, "k")
    assert kernel.last.url.raw_path == b"/v1/threads/t/records?limit=100"


async def test_an_answer_that_does_not_come(script: Any) -> None:
    kernel = script(httpx.Response(200, json={"id": "q", "thread": "t"}), httpx.Response(200, json=[]))
    with pytest.raises(TimeoutError, match=r"infer timed out after 0ms.*correlation_id=q.*thread=t"):
        await kernel.client().infer(QUESTION, InferOptions(poll_timeout_ms=0))
    assert len(kernel.requests) == 2


@pytest.mark.parametrize(
    ("failure", "phrase"),
    [
        (httpx.ConnectError("refused"), "infer intend failed: refused"),
        (httpx.Response(422, text="x" * 300), r"infer intend rejected \(HTTP 422\): x{200}$"),
        (httpx.Response(503, text="no"), r"infer intend rejected \(HTTP 503\): no"),
    ],
)
async def test_a_question_that_is_not_taken(script: Any, failure: Any, phrase: str) -> None:
    kernel = script(failure)
    seen: list[Any] = []
    with pytest.raises(RuntimeError, match=phrase):
        await kernel.client(on_emit=seen.append).infer(QUESTION)
    assert (len(kernel.requests), seen) == (1, [])


async def test_mistakes_in_a_question_raise(script: Any) -> None:
    with pytest.raises(ValueError, match="responder"):
        await script(LIST).client().infer({"input": {"goal": "g"}})

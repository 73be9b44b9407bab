"""A recorder between client and server judges what really went over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wirewright import AsyncClient, Client, Operation, Request
from wirewright.bodies import Upload
from wirewright.contract import SpecDocument
from wirewright.contract.recording import Recorder
from wirewright.messages import Headers, HttpRequest, HttpResponse
from wirewright.sandbox import Sandbox


class Scripted:
    """Answers each request with the next of its answers."""

    def __init__(self, *answers: HttpResponse | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[Any] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request.content)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def api(document: Callable[..., SpecDocument]) -> SpecDocument:
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}}
    events = {"text/event-stream": {"itemSchema": {"type": "integer"}}}
    answers = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}}
    return document(
        {
            "/a": {"post": {"operationId": "a", "requestBody": body, "responses": answers}},
            "/w": {"get": {"operationId": "w", "responses": {"200": {"description": "", "content": events}}}},
        }
    )


def post(content: Any) -> HttpRequest:
    return HttpRequest("POST", "http://x", "/v1/a", {"content-type": "application/json"}, content)


def answer(body: bytes) -> HttpResponse:
    return HttpResponse(200, Headers({"content-type": "application/json"}), body)


def test_traffic_that_keeps_the_spec_is_kept(api: SpecDocument) -> None:
    recorder = Recorder(api, strip="/v1")
    recorder.over(Scripted(answer(b"7"))).send(post(b'{"a":1}'))
    recorder.assert_kept()
    assert [(t.request.target, t.status, t.body) for t in recorder.traffic] == [("/a", 200, b"7")]


def test_each_side_that_breaks_it_is_named(api: SpecDocument) -> None:
    recorder = Recorder(api, strip="/v1")
    recorder.over(Scripted(answer(b'"no"'))).send(post(b"{}"))
    with pytest.raises(AssertionError) as raised:
        recorder.assert_kept()
    assert "POST /a -> 200: body: " in str(raised.value)
    assert [problem.kind for _, problems in recorder.broken() for problem in problems] == ["missing", "schema"]


def test_a_body_that_is_read_while_sent_is_seen_and_still_sent(api: SpecDocument) -> None:
    recorder = Recorder(api, strip="/v1")
    transport = Scripted(answer(b"7"))
    request = post(Upload(iter([b'{"a"', b":1}"])))
    recorder.over(transport).send(request)
    assert transport.sent == [b'{"a":1}']
    assert isinstance(request.content, Upload)
    recorder.assert_kept()


def test_a_stream_is_seen_as_far_as_it_was_read(api: SpecDocument) -> None:
    recorder = Recorder(api)
    chunks = iter([b"data: 1\n\n", b'data: "x"\n\n'])
    streamed = HttpResponse(200, Headers({"content-type": "text/event-stream"}), body=chunks)
    response = recorder.over(Scripted(streamed)).send(HttpRequest("GET", "http://x", "/w", {}))
    assert isinstance(response.body, type(x for x in ()))
    next(response.body)
    assert recorder.broken() == []
    assert list(response.body) == [b'data: "x"\n\n']
    assert [problem.place for _, problems in recorder.broken() for problem in problems] == ["event/1"]


def test_it_goes_around_whatever_a_client_takes(api: SpecDocument) -> None:
    operation = Operation("a", "POST", "/a", codec="msgspec")
    with Sandbox(document=api) as sandbox:
        for transport in (None, sandbox.transport()):
            recorder = Recorder(api)
            with Client(sandbox.url, transport=recorder.over(transport)) as client:
                client.send(Request(operation, body={"a": 1}, media_type="application/json"))
            recorder.assert_kept()
            assert [(t.request.body, t.status) for t in recorder.traffic] == [(b'{"a":1}', 200)]


async def test_it_goes_around_whatever_an_async_client_takes(api: SpecDocument) -> None:
    operation = Operation("a", "POST", "/a", codec="msgspec")
    async with Sandbox(document=api) as sandbox:
        for transport in (None, sandbox.transport()):
            recorder = Recorder(api)
            async with AsyncClient(sandbox.url, transport=recorder.over_async(transport)) as client:
                await client.send(Request(operation, body={"a": 1}, media_type="application/json"))
            recorder.assert_kept()
            assert [(t.request.body, t.status) for t in recorder.traffic] == [(b'{"a":1}', 200)]


def test_a_failure_of_the_network_passes_through_and_is_remembered(api: SpecDocument) -> None:
    recorder = Recorder(api, strip="/v1")
    with pytest.raises(OSError, match="gone"):
        recorder.over(Scripted(OSError("gone"))).send(post(b'{"a":1}'))
    assert recorder.traffic[0].status is None
    recorder.assert_kept()

"""Traffic kept in a file: without its secrets, played back without a network, compared with the spec."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wirewright import AsyncClient, Bearer, Client, Operation, Request
from wirewright.contract import Recorder, SpecDocument, WireRequest
from wirewright.contract.comparing import compare, of_server, origins
from wirewright.contract.har import HarError, har_text, read_har
from wirewright.contract.masking import Masker
from wirewright.contract.recording import Traffic
from wirewright.contract.replay import NotRecordedError, Replay
from wirewright.errors import ConnectionLost, NotFound
from wirewright.operation import Content
from wirewright.request import StreamRequest
from wirewright.sandbox import Answer, Events, Rules, Sandbox, rule

TEXT = "a-very-secret-value"


@pytest.fixture
def spec(document: Callable[..., SpecDocument]) -> SpecDocument:
    note = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 9}}}
    body = {"content": {"application/json": {"schema": note}}}
    answer = {"description": "", "content": {"application/json": {"schema": note}}}
    events = {"text/event-stream": {"itemSchema": note}}
    return document(
        {
            "/notes": {"post": {"operationId": "add", "requestBody": body, "responses": {"200": answer}}},
            "/notes/{id}": {
                "get": {
                    "operationId": "get",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": answer, "404": {"description": ""}},
                }
            },
            "/watch": {"get": {"operationId": "watch", "responses": {"200": {"description": "", "content": events}}}},
        },
        components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Door"}}},
    )


class NoteRules(Rules):
    count = 0

    @rule("add")
    def add(self, call: Any) -> Any:
        self.count += 1
        return {"text": f"note {self.count}", "token": "made-by-server"}

    @rule("get")
    def get(self, call: Any) -> Any:
        return {"text": "n"} if call.path["id"] == "1" else Answer(404)

    @rule("watch")
    def watch(self, call: Any) -> Any:
        return Events([(None, {"text": "a"}), (None, {"text": "b"})])


ADD = Operation("add", "POST", "/notes", codec="msgspec", request=[Content("application/json")])
GET = Operation("get", "GET", "/notes/{id}", codec="msgspec")
WATCH = Operation("watch", "GET", "/watch", codec="msgspec", responses={"200": [Content("text/event-stream")]})


@pytest.fixture
def har(spec: SpecDocument, tmp_path: Path) -> Path:
    """A recording of two notes added, one got, one missed, and a stream."""
    recorder = Recorder(spec, security=False, time=lambda: 1767225600.0)
    with (
        Sandbox(document=spec, rules=NoteRules) as sandbox,
        Client(
            sandbox.url,
            auth=Bearer(TEXT),
            headers={"X-Door": "open sesame", "X-Plain": "shown"},
            transport=recorder.over(sandbox.transport()),
            retry=None,
        ) as client,
    ):
        for _ in range(2):
            client.send(Request(ADD, body={"text": "n", "password": "hunter2", "other": TEXT}))
        client.send(Request(GET, path={"id": "1"}, query={"access_token": "t0ken", "plain": "shown"}))
        with pytest.raises(NotFound):
            client.send(Request(GET, path={"id": "2"}))
        with client.stream(StreamRequest(WATCH)) as stream:
            assert [next(stream)["text"], next(stream)["text"]] == ["a", "b"]
    return recorder.save(tmp_path / "notes.har", secrets=[TEXT])


def test_no_secret_is_kept(har: Path) -> None:
    text = har.read_text()
    for secret in (TEXT, "hunter2", "t0ken", "made-by-server", "open sesame"):
        assert secret not in text
    assert text.count("shown") >= 2
    entry = json.loads(text)["log"]["entries"][0]
    sent = {header["name"]: header["value"] for header in entry["request"]["headers"]}
    assert (sent["authorization"], sent["x-door"], sent["x-plain"]) == ("Bearer ***", "***", "shown")
    assert json.loads(entry["request"]["postData"]["text"]) == {"text": "n", "password": "***", "other": "***"}
    assert entry["startedDateTime"] == "2026-01-01T00:00:00.000+00:00"


def test_it_is_an_http_archive(har: Path) -> None:
    log = json.loads(har.read_text())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "wirewright")
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString"} <= entry["request"].keys()
        assert {"status", "statusText", "headers", "content", "redirectURL"} <= entry["response"].keys()


def play(client: Client) -> list[Any]:
    """The calls of the recording once more, with other secrets."""
    found = [client.send(Request(ADD, body={"other": "x", "text": "n", "password": "other"} | {"other": TEXT}))["text"]]
    found += [client.send(Request(ADD, body={"text": "n", "password": "b", "other": TEXT}))["text"] for _ in range(2)]
    found.append(client.send(Request(GET, path={"id": "1"}, query={"plain": "shown", "access_token": "else"})))
    with pytest.raises(NotFound):
        client.send(Request(GET, path={"id": "2"}))
    with client.stream(StreamRequest(WATCH)) as stream:
        found += [next(stream)["text"], next(stream)["text"]]
    return found


def test_it_is_played_back_without_a_network(har: Path) -> None:
    replay = Replay.load(har, Masker(values=[TEXT]))
    with Client("http://elsewhere", transport=replay.over(), retry=None) as client:
        assert play(client) == ["note 1", "note 2", "note 2", {"text": "n"}, "a", "b"]
    assert replay.unplayed() == []


async def test_it_is_played_back_to_async_clients(har: Path) -> None:
    replay = Replay.load(har, Masker(values=[TEXT]))
    async with AsyncClient("http://elsewhere", transport=replay.over_async(), retry=None) as client:
        assert (await client.send(Request(GET, path={"id": "1"}, query={"plain": "shown", "access_token": "x"}))) == {
            "text": "n"
        }
        async with client.stream(StreamRequest(WATCH)) as stream:
            assert (await anext(stream))["text"] == "a"
    assert {each.request.raw_path for each in replay.unplayed()} == {"/notes", "/notes/2"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(GET, path={"id": "3"}), "GET /notes/3 was not recorded; recorded were GET /notes/1"),
        (Request(GET, path={"id": "1"}), "GET /notes/1 was recorded, but with another query"),
        (Request(ADD, body={"text": "other"}), "POST /notes was recorded, but with another body"),
    ],
)
def test_what_was_not_recorded_is_named(har: Path, request_: Request[Any], words: str) -> None:
    with Client("http://x", transport=Replay.load(har).over()) as client, pytest.raises(NotRecordedError) as raised:
        client.send(request_)
    assert words in str(raised.value)


def test_a_failure_is_played_back_as_one(spec: SpecDocument, tmp_path: Path) -> None:
    traffic = Traffic(WireRequest("GET", "/notes/1"), error=OSError("reset"), url="http://x/notes/1")
    (tmp_path / "x.har").write_text(har_text([traffic], Masker()))
    replay = Replay.load(tmp_path / "x.har")
    with Client("http://x", transport=replay, retry=None) as client, pytest.raises(ConnectionLost, match="reset"):
        client.send(Request(GET, path={"id": "1"}))


def test_it_is_compared_with_the_spec(spec: SpecDocument, har: Path) -> None:
    judged = list(compare(spec, read_har(har)))
    assert [each.operation.id if each.operation else None for each in judged] == ["add", "add", "get", "get", "watch"]
    assert all(each.kept for each in judged)
    stricter = json.loads(json.dumps(dict(spec.raw)).replace('"maxLength": 9', '"maxLength": 4'))
    broken = [each for each in compare(SpecDocument(stricter), read_har(har)) if not each.kept]
    assert [str(each.answer_problems[0]) for each in broken] == [
        'body/text: "note 1" is longer than 4 characters',
        'body/text: "note 2" is longer than 4 characters',
    ]


def test_what_was_masked_is_not_held_against_anyone(document: Callable[..., SpecDocument]) -> None:
    schema = {"type": "object", "properties": {"token": {"type": "string", "minLength": 10}}}
    form = {"application/json": {"schema": schema}}
    spec = document({"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "", "content": form}}}}})
    headers = (("content-type", "application/json"),)
    for body, kept in ((b'{"token":"***"}', True), (b'{"token":"short"}', False)):
        (judged,) = compare(spec, [Traffic(WireRequest("GET", "/a"), 200, headers, body)])
        assert judged.kept is kept


def test_a_browsers_archive_is_read(tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "time": 12,
        "request": {
            "method": "post",
            "url": "https://api.example.com/v1/login?x=1",
            "headers": [{"name": ":authority", "value": "api.example.com"}, {"name": "Accept", "value": "*/*"}],
            "postData": {"mimeType": "", "params": [{"name": "a", "value": "b c"}]},
        },
        "response": {
            "status": 200,
            "headers": [{"name": "content-encoding", "value": "br"}],
            "content": {"text": "iVBORw==", "encoding": "base64"},
        },
    }
    other = {**entry, "request": {**entry["request"], "url": "https://tracker.example.com/pixel"}}
    (tmp_path / "b.har").write_text(json.dumps({"log": {"entries": [entry, other]}}))
    traffic = read_har(tmp_path / "b.har")
    assert origins(traffic) == ["https://api.example.com", "https://tracker.example.com"]
    (login,) = of_server(traffic, "https://api.example.com/v1/")
    assert (login.request.method, login.request.target, login.request.body) == ("POST", "/login?x=1", b"a=b+c")
    assert (login.body, login.headers, login.request.headers) == (b"\x89PNG", (), (("Accept", "*/*"),))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "x.har is no JSON"),
        ("[]", "x.har is no HTTP Archive"),
        ('{"log": {"entries": [{}]}}', "x.har entry 0 cannot be read"),
    ],
)
def test_a_file_that_is_no_archive_is_refused_with_a_reason(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.har").write_text(text)
    with pytest.raises(HarError, match=words):
        read_har(tmp_path / "x.har")


def test_bytes_survive_a_file(tmp_path: Path) -> None:
    request = WireRequest("PUT", "/b", (("content-type", "application/octet-stream"),), b"\x00\xff")
    traffic = Traffic(request, 200, (("content-type", "image/png"),), b"\x89PNG", url="http://x/b", complete=False)
    (tmp_path / "x.har").write_text(har_text([traffic], Masker()))
    assert read_har(tmp_path / "x.har") == [traffic]


@pytest.mark.parametrize(
    ("header", "masked"),
    [
        (("Authorization", "Bearer abc"), "Bearer ***"),
        (("Authorization", "abc"), "***"),
        (("Cookie", "a=b; c=d"), "a=***; c=***"),
        (("Set-Cookie", "sid=1; Path=/; HttpOnly"), "sid=***; Path=/; HttpOnly"),
        (("X-Api-Key", "abc"), "***"),
        (("X-Request-Id", "abc"), "abc"),
        (("Location", "/x?key=sesame-open"), "/x?key=***"),
    ],
)
def test_headers_keep_their_form_when_they_are_masked(header: tuple[str, str], masked: str) -> None:
    assert Masker(values=["sesame-open"]).headers([header]) == [(header[0], masked)]

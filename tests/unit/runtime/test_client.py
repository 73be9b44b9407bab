"""The clients around the wire: what is sent by default, what is shown, what is delivered, stored and told."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import pickle
import re
import socket
import threading
import traceback
from contextlib import suppress
from typing import Any

import httpx
import pytest
from wirewright import (
    UNSET,
    ApiKey,
    AsyncClient,
    Auth,
    AuthError,
    Basic,
    Bearer,
    Breaker,
    Client,
    Content,
    DecodeError,
    Envelope,
    Hooks,
    HttpRequest,
    HttpResponse,
    NotAttempted,
    NotFound,
    Outbox,
    PoolOptions,
    Request,
    RequestError,
    RetryPolicy,
    StatusError,
    StoredCall,
    Timeout,
    TokenAuth,
    TransportError,
)
from wirewright.messages import Headers
from wirewright.outbox import Receipt

JSON = {"content-type": "application/json"}


def answering(status: int = 200, content: Any = b'{"id":"a"}', headers: dict[str, str] = JSON):
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers=headers, content=content)

    return httpx.MockTransport(handle), seen


# what is sent


def test_a_plain_call(make):
    transport, seen = answering()
    value = Client("https://x.example/api/", transport=transport).send(Request(make("GET", "/item")))
    assert value.id == "a"
    assert str(seen[0].url) == "https://x.example/api/item"
    assert seen[0].headers["accept"] == "application/json"
    assert seen[0].headers["user-agent"].startswith("wirewright/")
    assert "content-type" not in seen[0].headers


def test_bodies_and_headers_of_client_operation_and_call_add_up(make):
    transport, seen = answering()
    client = Client("http://x", headers={"A": "client", "B": "client"}, transport=transport)
    request = Request(make("POST"), headers={"b": "operation", "C": 1}, body={"n": None}).with_options(
        headers={"c": "call"}
    )
    client.send(request)
    assert {name: seen[0].headers[name] for name in "abc"} == {"a": "client", "b": "operation", "c": "call"}
    assert seen[0].content == b'{"n":null}'
    assert seen[0].headers["content-type"] == "application/json"


def test_null_is_a_body_and_absent_is_none(make):
    transport, seen = answering()
    client = Client("http://x", transport=transport)
    client.send(Request(make("POST"), body=None))
    client.send(Request(make("POST"), body=UNSET))
    assert [r.content for r in seen] == [b"null", b""]
    assert seen[1].headers["content-length"] == "0"


def test_an_operations_own_server(make):
    transport, seen = answering()
    client = Client("http://x/v1", transport=transport)
    client.send(Request(make(server="https://upload.example/v2")))
    client.send(Request(make(server="/other")))
    assert [str(r.url) for r in seen] == ["https://upload.example/v2/item", "http://x/other/item"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.example",
        "ftp://x",
        "http://",
        "http://x?q=1",
        "http://u:p@x",
        "http://x:99999",
        "http://[x",
        "http://a b",
    ],
)
def test_a_base_url_that_cannot_be_one_is_refused_at_once(url):
    with pytest.raises(ValueError, match="base_url"):
        Client(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cret@x.example:99999",
        "ftp://u:s3cret@x.example",
        "https://x.example/api?key=s3cret",
        "https://u:s3cret@[x",
        "https://u:s3cret/@x.example",
        "https://u:s3cret@x.example#s3cret",
    ],
)
def test_a_base_url_that_is_refused_keeps_its_secrets(url):
    with pytest.raises(ValueError, match="base_url") as caught:
        Client(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"auth": "s3cret"}, TypeError, "auth must be an Auth, such as Bearer(token)"),
        ({"auth": {"main": "s3cret"}}, TypeError, "auth['main'] must be an Auth"),
        ({"auth": [Bearer("a"), "s3cret"]}, TypeError, "auth[1] must be an Auth"),
        ({"auth": Bearer}, TypeError, "not the class Bearer"),
        ({"retry": 3}, TypeError, "retry must be a RetryPolicy, such as RetryPolicy(attempts=3), or None, not 3"),
        ({"timeout": "5"}, ValueError, "timeout must be a number of seconds above 0"),
        ({"timeout": 0}, ValueError, "timeout must be a number of seconds above 0"),
        ({"timeout": -1}, ValueError, "timeout must be a number of seconds above 0"),
        ({"headers": {"X-Key": "s3cret\r\nEvil: 1"}}, ValueError, "header 'X-Key' has a line break"),
        ({"headers": {"X-Key": " s3cret"}}, ValueError, "header 'X-Key' has a space around its value"),
        ({"headers": {"X Key": "s3cret"}}, ValueError, "'X Key' is no name of a header"),
        ({"headers": {"X-Key": None}}, ValueError, "header 'X-Key' must be a string, not NoneType"),
    ],
)
def test_options_that_cannot_work_are_refused_at_once_and_not_shown(options, error, words):
    with pytest.raises(error, match=re.escape(words)) as caught:
        Client("http://x", **options)
    assert "s3cret" not in str(caught.value)


# credentials


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("made", [Bearer, lambda key: ApiKey("X-Key", key), lambda key: ApiKey("k", key, "cookie")])
@pytest.mark.parametrize("secret", ["s3cret\n", " s3cret", "s3\0cret", "s3\r\ncret"])
def test_a_secret_that_no_header_can_hold_is_refused_when_it_is_given(made, secret):
    with pytest.raises(ValueError, match=r"may need \.strip\(\)") as caught:
        made(secret)
    assert "cret" not in str(caught.value)


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
def test_a_request_shows_none_of_its_secrets(make):
    request = Request(
        make("GET", "/item/{id}"),
        path={"id": "7"},
        query={"access_token": "s3cret", "page": 2},
        headers={"X-Api-Key": "s3cret"},
        cookies={"session": "s3cret"},
    ).with_options(headers={"Authorization": "s3cret"}, auth=Bearer("s3cret"), timeout=3)
    shown = repr(request) + repr(request.options)
    assert "s3cret" not in shown
    assert all(part in shown for part in ("'id': '7'", "'page': 2", "'session': '***'", "timeout=3"))


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
def test_a_provider_whose_token_no_header_can_hold_is_an_auth_error_without_it(make):
    transport, seen = answering()
    client = Client("http://x", auth=TokenAuth(lambda: "s3cret\n"), transport=transport)
    with pytest.raises(AuthError, match="line break") as caught:
        client.send(Request(make()))
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert seen == []


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
def test_a_header_that_an_auth_of_ones_own_spoils_is_not_shown(make, server):
    class Mine(Auth):
        def apply(self, request, clock):
            request.headers["authorization"] = "s3cret\n"

    with Client(server(b""), auth=Mine(), retry=None) as client, pytest.raises(TransportError) as caught:
        client.send(Request(make()))
    assert "a header is not as HTTP wants it" in str(caught.value)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize(
    ("auth", "where"),
    [
        (Bearer("s3cret"), ("authorization", "Bearer s3cret")),
        (Basic("me", "s3cret"), ("authorization", "Basic bWU6czNjcmV0")),
        (ApiKey("X-Key", "s3cret"), ("x-key", "s3cret")),
        (ApiKey("key", "s3cret", "cookie"), ("cookie", "key=s3cret")),
    ],
)
def test_credentials_are_sent_and_never_shown(make, auth, where):
    transport, seen = answering(404)
    client = Client("http://x", auth=auth, transport=transport)
    with pytest.raises(NotFound) as caught:
        client.send(Request(make()))
    assert seen[0].headers[where[0]] == where[1]
    shown = " ".join(map(repr, (auth, client, caught.value, caught.value.request, vars(caught.value))))
    assert "s3cret" not in shown
    assert "czNjcmV0" not in shown


def test_a_key_in_the_query_is_sent_once_per_attempt(make, clock):
    transport, seen = answering(503)
    client = Client("http://x", auth=ApiKey("key", "a&b", "query"), transport=transport, clock=clock)
    client.deliver(Request(make(), query={"q": 1}))
    assert [r.url.query for r in seen] == [b"q=1&key=a%26b"] * 3


def test_credentials_are_chosen_by_security_scheme(make):
    transport, seen = answering()
    auth = {"key": ApiKey("X-Key", "k"), "token": Bearer("t"), "sig": ApiKey("X-Sig", "s")}
    client = Client("http://x", auth=auth, transport=transport)
    client.send(Request(make(security=[("oauth",), ("token", "sig")])))
    assert (seen[0].headers.get("x-key"), seen[0].headers["authorization"], seen[0].headers["x-sig"]) == (
        None,
        "Bearer t",
        "s",
    )
    with pytest.raises(AuthError, match="needs credentials for oauth"):
        client.send(Request(make(security=[("oauth",)])))


def test_a_call_may_go_without_credentials_or_with_others(make):
    transport, seen = answering()
    client = Client("http://x", auth=Bearer("client"), transport=transport)
    client.send(Request(make()).with_options(auth=None))
    client.send(Request(make()).with_options(auth=Bearer("call")))
    assert [r.headers.get("authorization") for r in seen] == [None, "Bearer call"]


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "caf\u00e9.invalid"])
def test_a_host_that_cannot_be_one_is_a_transport_error(make, host):
    with Client(f"http://{host}", retry=None) as client, pytest.raises(TransportError) as caught:
        client.send(Request(make()))
    assert caught.value.sent is False


# what comes back


def test_the_documented_kind_of_an_error_is_decoded(make):
    from tests.unit.runtime.conftest import Item  # noqa: F401

    responses = {"4XX": (Content("application/problem+json", lambda: dict[str, int]),), "default": ()}
    transport, _ = answering(404, b'{"code":7}', {"content-type": "application/problem+json; charset=utf-8"})
    with pytest.raises(NotFound) as caught:
        Client("http://x", transport=transport).send(Request(make(responses=responses)))
    assert caught.value.body == {"code": 7}
    assert str(caught.value) == "the_call was answered 404"


@pytest.mark.parametrize(
    ("envelope", "content", "value"),
    [
        ("data", b'{"data":[1],"more":2}', [1]),
        (Envelope("data", optional=True), b'{"data":[1]}', [1]),
        (Envelope("data", optional=True), b"[1]", [1]),
    ],
)
def test_envelopes(make, envelope, content, value):
    responses = {"200": (Content("application/json", lambda: list[int], envelope=envelope),)}
    transport, _ = answering(200, content)
    assert Client("http://x", transport=transport).send(Request(make(responses=responses))) == value


def test_a_required_envelope_must_be_there(make):
    responses = {"200": (Content("application/json", lambda: list[int], envelope="data"),)}
    transport, _ = answering(200, b"[1]")
    with pytest.raises(DecodeError):
        Client("http://x", transport=transport).send(Request(make(responses=responses)))


@pytest.mark.parametrize(
    ("status", "responses", "value"),
    [
        (204, {"204": ()}, None),
        (200, {"200": ()}, None),
        (201, {"2XX": (Content("application/json", lambda: dict[str, str]),)}, {"id": "a"}),
        (200, {"default": (Content("*/*", lambda: dict[str, str]),)}, {"id": "a"}),
        (200, {"200": (Content("application/vnd.x+json", lambda: dict[str, str]),)}, {"id": "a"}),
        (200, {"200": (Content("application/json"),)}, {"id": "a"}),
        (302, {"302": ()}, None),
    ],
)
def test_which_answer_is_documented(make, status, responses, value):
    transport, _ = answering(status)
    response = Client("http://x", transport=transport).respond(Request(make(responses=responses)))
    assert (response.status, response.value) == (status, value)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_redirects_are_not_followed(make, status):
    transport, seen = answering(status, b"", {"location": "http://evil"})
    with pytest.raises(StatusError) as caught:
        Client("http://x", transport=transport).send(Request(make()))
    assert caught.value.headers["Location"] == "http://evil"
    assert len(seen) == 1


def test_text_and_bytes(make):
    text = make(responses={"200": (Content("text/plain", lambda: str),)})
    raw = make(responses={"200": (Content("application/octet-stream", lambda: bytes),)})
    assert (
        Client("http://x", transport=answering(200, "é", {"content-type": "text/plain"})[0]).send(Request(text)) == "é"
    )
    octets, _ = answering(200, b"\0\xff", {"content-type": "application/octet-stream"})
    assert Client("http://x", transport=octets).send(Request(raw)) == b"\0\xff"


@pytest.mark.promise("An answer may not grow beyond its limit, compressed or not")
def test_an_answer_over_the_limit_is_refused(make, server):
    url = server(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
    with Client(url, max_response_bytes=1000) as client, pytest.raises(DecodeError, match="larger than the limit"):
        client.send(Request(make()))


@pytest.mark.promise("An answer may not grow beyond its limit, compressed or not")
def test_a_compressed_answer_may_not_explode(make, server):
    body = gzip.compress(b" " * 50_000_000)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    url = server(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    with Client(url, max_response_bytes=1_000_000) as client, pytest.raises(DecodeError, match="larger than the limit"):
        client.send(Request(make()))


def test_headers_are_found_in_any_case():
    headers = Headers([("Set-Cookie", "a=1"), ("X-A", "1"), ("set-cookie", "b=2")])
    assert headers["x-a"] == headers["X-A"] == "1"
    assert headers.all("Set-Cookie") == ["a=1", "b=2"]
    assert "a=1" not in repr(headers)


# deliver, outbox, breaker, hooks


@pytest.mark.promise("deliver never raises for what network or server do")
def test_deliver_never_raises_for_network_or_server(make, clock):
    def explode(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("a bug in a transport")

    client = Client("http://x", transport=httpx.MockTransport(explode), clock=clock)
    outcome = client.deliver(Request(make()))
    assert not outcome
    assert isinstance(outcome.error, TransportError)
    with pytest.raises(RequestError):
        client.deliver(Request(make("GET", "/{id}"), path={"id": None}))


class MemoryOutbox:
    """Keeps calls in a list; what it is told, it notes."""

    def __init__(self, *, try_now: bool = True) -> None:
        self.try_now = try_now
        self.kept: dict[str, StoredCall] = {}
        self.fates: list[str] = []
        self.threads: set[int] = set()

    def store(self, call: StoredCall) -> Receipt:
        self.threads.add(threading.get_ident())
        self.kept[call.id] = call
        return Receipt(kept=True, try_now=self.try_now)

    def settle(self, call: StoredCall, fate: str, error: Exception | None = None) -> None:
        self.fates.append(fate)
        if fate != "postponed":
            del self.kept[call.id]


@pytest.mark.parametrize(
    ("status", "fate", "queued"), [(200, "delivered", False), (400, "rejected", False), (503, "postponed", True)]
)
def test_an_outbox_hears_how_it_went(make, clock, status, fate, queued):
    outbox = MemoryOutbox()
    transport, _ = answering(status)
    client = Client("http://x/api", transport=transport, outbox=outbox, clock=clock, retry=None)
    outcome = client.deliver(Request(make("POST", idempotency_header="Idempotency-Key"), body={"n": 1}))
    assert (outcome.success, outcome.queued, outbox.fates) == (status == 200, queued, [fate])


@pytest.mark.promise("What is stored holds no credentials; they are added when it is sent")
def test_what_an_outbox_kept_is_replayed_as_it_was_but_with_fresh_credentials(make, clock):
    outbox = MemoryOutbox(try_now=False)
    transport, seen = answering()
    old = {"X-Api-Key": "k1", "X-Tenant": "blue"}
    first = Client("http://x/api", transport=transport, outbox=outbox, clock=clock, auth=Bearer("old"), headers=old)
    request = Request(make("POST", "/r/{id}", idempotency_header="Idempotency-Key"), path={"id": "a/b"}, body={"n": 1})
    assert first.deliver(request).queued
    assert seen == []
    [stored] = outbox.kept.values()
    assert "old" not in repr(stored)
    second = Client("http://x/api", transport=transport, clock=clock, auth=Bearer("new"), headers={"x-api-key": "k2"})
    assert second.replay(stored).success
    assert (seen[0].method, seen[0].url.raw_path, seen[0].content) == ("POST", b"/api/r/a%2Fb", b'{"n":1}')
    assert seen[0].headers["idempotency-key"] == stored.id
    assert seen[0].headers["authorization"] == "Bearer new"
    assert (seen[0].headers["x-api-key"], seen[0].headers["x-tenant"]) == ("k2", "blue")
    assert seen[0].headers["content-type"] == "application/json"


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
def test_an_outbox_keeps_no_credential_of_its_client_whichever_way_it_was_given(make, clock, tmp_path):
    transport, seen = answering(503)
    outbox = Outbox(tmp_path / "out.db")
    own = {"X-Api-Key": "s3cret-1", "X-Tenant": "blue"}
    with Client("http://x", transport=transport, outbox=outbox, clock=clock, headers=own, auth=Bearer("s3cret-2")) as c:
        assert c.deliver(Request(make("POST"), body={"n": 1})).queued
    assert seen[0].headers["x-api-key"] == "s3cret-1"
    assert b"s3cret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def test_an_outbox_does_not_block_the_loop(make):
    outbox = MemoryOutbox()
    transport, _ = answering()
    async with AsyncClient("http://x", transport=transport, outbox=outbox) as client:
        assert (await client.deliver(Request(make("POST"), body={}))).success
    assert threading.get_ident() not in outbox.threads


@pytest.mark.promise("A circuit breaker opens, probes and closes")
def test_a_breaker_opens_probes_and_closes(make, clock):
    state = {"status": 500}
    sent: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(state["status"])
        return httpx.Response(state["status"], headers=JSON, content=b'{"id":"a"}')

    breaker = Breaker(window=10, minimum=10, open_for=60, probes=2)
    client = Client(
        "http://x", transport=httpx.MockTransport(handle), clock=clock, breaker=breaker, retry=None, random=lambda: 0
    )
    for _ in range(10):
        client.deliver(Request(make()))
    assert breaker.state == "open"
    refused = client.deliver(Request(make()))
    assert isinstance(refused.error, NotAttempted)
    assert refused.error.reason == "circuit_open"
    assert len(sent) == 10
    clock.now += 61
    client.deliver(Request(make()))
    assert breaker.state == "open"
    clock.now += 61
    state["status"] = 200
    assert client.deliver(Request(make())).success
    assert client.deliver(Request(make())).success
    assert breaker.state == "closed"


class Told(Hooks):
    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_request(self, call: Any, attempt: int, http: HttpRequest) -> None:
        http.headers["traceparent"] = f"trace-{attempt}"
        self.events.append(("request", attempt))

    def on_response(self, call: Any, attempt: int, response: HttpResponse) -> None:
        self.events.append(("response", attempt, response.status))

    def on_retry(self, call: Any, attempt: int, delay: float, reason: str) -> None:
        self.events.append(("retry", attempt, delay, reason))

    def on_error(self, call: Any, attempts: int, error: Exception) -> None:
        self.events.append(("error", attempts, type(error).__name__))
        raise RuntimeError("hooks may be broken")


def test_hooks_hear_everything_and_break_nothing(make, clock, caplog):
    transport, seen = answering(503)
    told = Told()
    client = Client(
        "http://x", transport=transport, clock=clock, hooks=[told], retry=RetryPolicy(attempts=2, jitter="none")
    )
    with caplog.at_level(logging.ERROR, "wirewright"):
        client.deliver(Request(make()))
    assert told.events == [
        ("request", 1), ("response", 1, 503), ("retry", 2, 0.1, "503"),
        ("request", 2), ("response", 2, 503), ("error", 2, "ServerError"),
    ]  # fmt: skip
    assert [r.headers["traceparent"] for r in seen] == ["trace-1", "trace-2"]
    assert "on_error failed" in caplog.text


def test_opentelemetry_spans(make, clock):
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from wirewright.telemetry import OpenTelemetry

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    transport, seen = answering(503)
    client = Client("http://x:81", transport=transport, clock=clock, hooks=[OpenTelemetry(provider)])
    client.deliver(Request(make("GET", "/r/{id}"), path={"id": "secret"}))
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["GET /r/{id}"] * 3
    assert [span.attributes.get("http.request.resend_count") for span in spans] == [None, 1, 2]
    assert spans[0].attributes["http.response.status_code"] == 503
    assert "secret" not in str([dict(span.attributes) for span in spans])
    assert all("traceparent" in r.headers for r in seen)


# clients across threads, loops and processes


@pytest.fixture
def server():
    """Answers every request of every connection with the same bytes."""
    listeners: list[socket.socket] = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def connection(sock: socket.socket) -> None:
            with sock:
                try:
                    while sock.recv(65536):
                        sock.sendall(answer)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=connection, args=(sock,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()


OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"a"}'


def test_an_async_client_serves_one_loop_after_another(make, server):
    client = AsyncClient(server(OK))
    for _ in range(3):
        assert asyncio.run(client.send(Request(make()))).id == "a"


@pytest.fixture
def counting():
    """A server that keeps its connections open, and the list of those it got."""
    connections: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(65536):
                connection.sendall(OK)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                threading.Thread(target=serve, args=(connections[-1],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    for sock in [listener, *connections]:
        sock.close()


def test_each_of_several_loops_keeps_its_own_connection(make, counting):
    url, connections = counting
    client = AsyncClient(url)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    for _ in range(5):
        for loop in (first, second):
            assert loop.run_until_complete(client.send(Request(make()))).id == "a"
    assert len(connections) == 2

    first.run_until_complete(client.aclose())
    for loop in (first, second):
        assert loop.run_until_complete(client.send(Request(make()))).id == "a"
    assert len(connections) == 4, "all were closed, those of a loop that stood still too"

    second.run_until_complete(client.aclose())
    first.close()
    second.close()


def test_an_async_client_is_shared_by_loops_in_threads(make, counting):
    url, connections = counting
    client = AsyncClient(url)
    answers: list[str] = []

    async def ten() -> None:
        for _ in range(10):
            answers.append((await client.send(Request(make()))).id)

    threads = [threading.Thread(target=asyncio.run, args=(ten(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(connections)) == (40, 4)


def test_a_client_works_on_after_it_was_closed(make, server):
    client = Client(server(OK))
    for _ in range(2):
        assert client.send(Request(make())).id == "a"
        client.close()


@pytest.mark.promise("After a fork the child neither deadlocks nor sends what is its parent's")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_use_its_parents_connections(make, server):
    client = Client(server(OK))
    client.send(Request(make()))
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if client.send(Request(make())).id == "a" else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.send(Request(make())).id == "a"
    client.close()


@pytest.mark.parametrize("proxied", [True, False])
def test_proxies_come_from_the_environment(make, server, monkeypatch, proxied):
    monkeypatch.setenv("HTTP_PROXY" if proxied else "NO_PROXY", server(OK) if proxied else "*")
    client = Client("http://no-such-host.invalid", retry=None)
    if proxied:
        assert client.send(Request(make())).id == "a"
    else:
        with pytest.raises(TransportError):
            client.send(Request(make()))


def test_a_transport_of_ones_own(make):
    class Canned:
        def send(self, request: HttpRequest) -> HttpResponse:
            assert request.url == "http://x/item"
            return HttpResponse(200, Headers(JSON), json.dumps({"id": "canned"}).encode())

        def close(self) -> None:
            pass

    assert Client("http://x", transport=Canned()).send(Request(make())).id == "canned"


@pytest.mark.parametrize("transport", [httpx.AsyncHTTPTransport(), httpx.AsyncClient(), {}, "http://proxy"])
def test_a_transport_of_the_wrong_kind_is_refused(make, transport):
    with pytest.raises(TypeError, match="sync Client"):
        Client("http://x", transport=transport).send(Request(make()))


@pytest.mark.parametrize("transport", [httpx.HTTPTransport(), httpx.Client(), {}])
async def test_a_sync_transport_is_refused_by_the_async_client(make, transport):
    with pytest.raises(TypeError, match="AsyncClient"):
        await AsyncClient("http://x", transport=transport).send(Request(make()))


def test_pool_options_and_timeouts_are_values():
    assert Timeout.of(3) == Timeout(3, 3, 3, 3)
    assert PoolOptions() == PoolOptions(max_connections=100)


def test_errors_survive_pickling(make):
    transport, _ = answering(404)
    with pytest.raises(NotFound) as caught:
        Client("http://x", transport=transport).send(Request(make()))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.status, copy.attempts) == (NotFound, str(caught.value), 404, 1)


def test_downloads_and_streamed_uploads(make, server, tmp_path):
    client = Client(server(OK))
    with client.download(Request(make())) as download:
        assert download.status == 200
        assert download.save(tmp_path / "file") == 10
    assert (tmp_path / "file").read_bytes() == b'{"id":"a"}'

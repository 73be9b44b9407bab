"""Emitting: what is checked, what travels, what comes back, and what is tried again."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syncropel import Client, EmitResult, Identity, InferOptions, Ref, SyncropelKindError
from syncropel.emission import Clocks

VECTORS = [json.loads(line) for line in (Path(__file__).parent / "vectors" / "records.jsonl").read_text().splitlines()]
CALLS = [vector for vector in VECTORS if vector["call"].startswith(("emit(", "intend(", "fulfill("))]
HELPERS = [vector for vector in VECTORS if vector["call"].startswith(("emit_", "infer("))]


def stored(request: httpx.Request) -> httpx.Response:
    payload = json.loads(request.content)
    return httpx.Response(200, json={"id": "a" * 64, "clock": payload["clock"], "thread": payload["thread"]})


def names(client: Client) -> dict[str, Any]:
    """What the calls of the vectors mean."""
    methods = ("emit", "intend", "fulfill", "infer", "emit_correction", "emit_erasure", "emit_alias")
    methods += ("emit_scope_transfer", "emit_scope_claim")
    return {**{name: getattr(client, name) for name in methods}, "Ref": Ref, "InferOptions": InferOptions}


@pytest.mark.parametrize("vector", CALLS, ids=lambda vector: vector["name"])
async def test_the_bytes_of_a_vector(script: Any, vector: dict[str, Any]) -> None:
    kernel = script(stored)
    await eval(vector["call"], names(kernel.client()))
    assert kernel.last.content.decode() == vector["wire"]


@pytest.mark.parametrize("vector", HELPERS, ids=lambda vector: vector["name"])
async def test_the_bytes_of_a_helper(script: Any, vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clocks, "next", lambda self, thread: 3)
    kernel = script(stored)
    await eval(vector["call"], names(kernel.client()))
    assert kernel.last.content.decode() == vector["wire"]


async def test_sync_and_async_send_the_same(script: Any) -> None:
    kernel = script(stored)
    client = kernel.client(api_key="k")
    arguments: dict[str, Any] = {"act": "PUT", "kind": "core.x", "body": {"a": 1.0}, "thread": "t", "clock": 1}
    assert await client.emit(**arguments) == client.emit_sync(**arguments)
    first, second = kernel.requests
    assert (first.content, first.url, dict(first.headers)) == (second.content, second.url, dict(second.headers))


async def test_the_headers_of_every_request(script: Any) -> None:
    kernel = script(stored)
    client = kernel.client(api_key="secret")
    await client.emit(act="PUT", kind="core.x", body={}, thread="t")
    await client.health()
    assert [(r.headers["content-type"], r.headers["x-api-key"], r.headers["accept"]) for r in kernel.requests] == [
        ("application/json", "secret", "*/*")
    ] * 2


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://h", "http://h/v1/records"),
        ("http://h///", "http://h/v1/records"),
        ("http://h/pre/", "http://h/pre/v1/records"),
        ("https://h:8443", "https://h:8443/v1/records"),
    ],
)
async def test_the_endpoint_may_have_a_path(script: Any, endpoint: str, url: str) -> None:
    kernel = script(stored)
    await kernel.client(endpoint=endpoint).emit(act="PUT", kind="core.x", body={}, thread="t")
    assert str(kernel.last.url) == url


@pytest.mark.parametrize(
    ("changes", "error", "phrase"),
    [
        ({"kind": "music.track"}, SyncropelKindError, "two-segment"),
        ({"kind": None}, SyncropelKindError, "must be a string"),
        ({"act": ""}, ValueError, "emit requires a non-empty `act`"),
        ({"act": None}, ValueError, "emit requires a non-empty `act`"),
        ({"thread": ""}, ValueError, "emit requires a non-empty `thread`"),
        ({"body": [1]}, TypeError, "body must be a dict; got list"),
        ({"body": None}, TypeError, "body must be a dict; got NoneType"),
        ({"body": {"x": float("nan")}}, ValueError, None),
        ({"body": {"x": {1, 2}}}, TypeError, None),
        ({"body": {"x": "\ud800"}}, UnicodeEncodeError, None),
        ({"body": {"_refs": 5}, "refs": [Ref.core_thread(id="x")]}, TypeError, None),
    ],
)
@pytest.mark.parametrize("sync", [False, True])
async def test_mistakes_in_the_arguments_raise_and_send_nothing(
    script: Any, changes: dict[str, Any], error: type[Exception], phrase: str | None, sync: bool
) -> None:
    kernel = script(stored)
    client = kernel.client()
    arguments = {"act": "PUT", "kind": "core.x", "body": {}, "thread": "t", **changes}
    with pytest.raises(error, match=phrase):
        client.emit_sync(**arguments) if sync else await client.emit(**arguments)
    assert kernel.requests == []


async def test_checks_come_in_order(script: Any) -> None:
    client = script(stored).client()
    with pytest.raises(SyncropelKindError):
        await client.emit(act="", kind="bad", body=None, thread="")
    with pytest.raises(ValueError, match="act"):
        await client.emit(act="", kind="core.x", body=None, thread="")


async def test_nothing_that_is_given_is_changed(script: Any) -> None:
    body: dict[str, Any] = {"_refs": [], "x": 1}
    refs, parents = [Ref.core_thread(id="x")], ["b", "a"]
    await script(stored).client().emit(act="PUT", kind="core.x", body=body, thread="t", refs=refs, parents=parents)
    assert (body, len(refs), parents) == ({"_refs": [], "x": 1}, 1, ["b", "a"])


@pytest.mark.parametrize(
    ("kind", "body", "version"),
    [
        ("core.x", {}, 1),
        ("core.alias.v2", {}, 1),
        ("core.x", {"_v": None}, None),
        ("core.x", {"_v": 7}, 7),
        ("music.catalog.track.v2", {"_v": 1}, 1),
    ],
)
async def test_the_version_of_a_kind(script: Any, kind: str, body: dict[str, Any], version: Any) -> None:
    kernel = script(stored)
    await kernel.client().emit(act="PUT", kind=kind, body=body, thread="t")
    assert json.loads(kernel.last.content)["body"]["_v"] == version


# Answers


@pytest.mark.parametrize(
    ("answer", "record_id", "clock"),
    [
        ({"id": "i", "clock": 7}, "i", 7),
        ({"record_id": "r"}, "r", None),
        ({"id": "", "record_id": "r"}, "r", None),
        ({"id": 5, "clock": "x"}, 5, "x"),
        ({}, None, None),
        (["no object"], None, None),
        ("text", None, None),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_success(script: Any, answer: Any, record_id: Any, clock: Any, status: int) -> None:
    result = (
        await script(httpx.Response(status, json=answer)).client().emit(act="PUT", kind="core.x", body={}, thread="t")
    )
    assert result == EmitResult(True, record_id, clock, None, 0, "core.x", "PUT", "t")


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"id": "i"', b"\xff\xfe"])
@pytest.mark.parametrize("media_type", ["application/json", "text/html", None])
async def test_a_success_without_json_is_one_without_an_id(script: Any, content: bytes, media_type: str | None) -> None:
    answer = httpx.Response(200, content=content, headers={"content-type": media_type} if media_type else {})
    result = await script(answer).client().emit(act="PUT", kind="core.x", body={}, thread="t")
    assert (result.success, result.record_id, result.clock) == (True, None, None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 451])
async def test_a_refusal_is_final(script: Any, status: int, pauses: list[float]) -> None:
    kernel = script(httpx.Response(status, text="x" * 500))
    result = await kernel.client().emit(act="PUT", kind="core.x", body={}, thread="t")
    assert (result.success, result.error, result.retried) == (False, f"HTTP {status}: {'x' * 200}", 0)
    assert (len(kernel.requests), pauses) == (1, [])


@pytest.mark.parametrize("status", [302, 304, 500, 502, 503, 599])
async def test_anything_else_is_tried_again(script: Any, status: int, pauses: list[float]) -> None:
    kernel = script(httpx.Response(status, text='{"error":"E"}', headers={"retry-after": "3600"}))
    result = await kernel.client(backoff_ms=250).emit(act="PUT", kind="core.x", body={}, thread="t")
    assert result.error == f"HTTP {status}: " + '{"error":"E"}'
    assert (result.retried, pauses, len({r.content for r in kernel.requests})) == (2, [0.25, 0.5], 1)


CONNECT = httpx.ConnectError("refused")
READ_TIMEOUT = httpx.ReadTimeout("")


@pytest.mark.parametrize(
    ("items", "options", "expected", "slept"),
    [
        ([CONNECT, CONNECT, stored], {}, (True, None, 2), [0.25, 0.5]),
        ([CONNECT], {}, (False, "ConnectError: refused", 2), [0.25, 0.5]),
        ([CONNECT], {"max_retries": 4}, (False, "ConnectError: refused", 4), [0.25, 0.5, 1.0, 2.0]),
        ([CONNECT], {"max_retries": 0}, (False, "ConnectError: refused", 0), []),
        ([CONNECT], {"max_retries": -1}, (False, "ConnectError: refused", 0), []),
        ([CONNECT], {"backoff_ms": 1000, "max_retries": 1}, (False, "ConnectError: refused", 1), [1.0]),
        ([READ_TIMEOUT], {"max_retries": 0}, (False, "ReadTimeout: ", 0), []),
        (
            [READ_TIMEOUT, httpx.Response(502), httpx.Response(422, text="bad")],
            {},
            (False, "HTTP 422: bad", 2),
            [0.25, 0.5],
        ),
    ],
)
@pytest.mark.parametrize("sync", [False, True])
async def test_retries(
    script: Any,
    items: list[Any],
    options: dict[str, Any],
    expected: tuple[bool, str | None, int],
    slept: list[float],
    sync: bool,
    pauses: list[float],
) -> None:
    client = script(*items).client(**{"backoff_ms": 250.0, **options})
    arguments: dict[str, Any] = {"act": "PUT", "kind": "core.x", "body": {}, "thread": "t"}
    result = client.emit_sync(**arguments) if sync else await client.emit(**arguments)
    assert (result.success, result.error, result.retried) == expected
    assert pauses == slept


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.CloseError("reset"),
        httpx.RemoteProtocolError("nonsense"),
        httpx.LocalProtocolError("nonsense"),
        httpx.ProxyError("no"),
        httpx.UnsupportedProtocol("no"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_every_failure_of_the_connection_is_tried_again(script: Any, error: Exception) -> None:
    kernel = script(error)
    result = await kernel.client().emit(act="PUT", kind="core.x", body={}, thread="t")
    assert (result.error, result.retried) == (f"{type(error).__name__}: {error}", 2)


async def test_broken_compression_is_final(script: Any) -> None:
    kernel = script(lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"no gzip"))
    result = await kernel.client().emit(act="PUT", kind="core.x", body={}, thread="t")
    assert (result.success, result.retried, len(kernel.requests)) == (False, 0, 1)


@pytest.mark.parametrize("sync", [False, True])
async def test_an_endpoint_without_a_scheme(sync: bool) -> None:
    client = Client(endpoint="localhost:1", identity=Identity.static("did:example:me"), backoff_ms=0)
    arguments: dict[str, Any] = {"act": "PUT", "kind": "core.x", "body": {}, "thread": "t"}
    result = client.emit_sync(**arguments) if sync else await client.emit(**arguments)
    assert result.error is not None
    assert (result.error.partition(": ")[0], result.retried) == ("UnsupportedProtocol", 2)


async def test_settings_may_change_between_calls(script: Any) -> None:
    kernel = script(CONNECT)
    client = kernel.client()
    client.max_retries, client.identity = 0, Identity.static("did:example:you")
    assert (await client.emit(act="PUT", kind="core.x", body={}, thread="t")).retried == 0
    assert json.loads(kernel.last.content)["actor"] == "did:example:you"


# Clocks


def test_the_clock_never_repeats_nor_goes_back() -> None:
    readings = iter([1000000000000, 1000000000000, 999000000000, 1000000000005])
    clocks = Clocks(lambda: next(readings))
    assert [clocks.next("t") for _ in range(4)] == [1000000000000, 1000000000001, 1000000000002, 1000000000005]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20)), min_size=1))
def test_clocks_rise_on_each_thread(readings: list[tuple[str, int]]) -> None:
    moments = iter([moment for _, moment in readings])
    clocks = Clocks(lambda: next(moments))
    made = [(thread, clocks.next(thread)) for thread, _ in readings]
    for thread in "ab":
        own = [clock for name, clock in made if name == thread]
        assert own == sorted(set(own))


async def test_explicit_clocks_leave_the_automatic_ones_alone(script: Any) -> None:
    kernel = script(stored)
    client = kernel.client()
    for clock in (10**15, None, 0, -5):
        await client.emit(act="PUT", kind="core.x", body={}, thread="t", clock=clock)
    sent = [json.loads(request.content)["clock"] for request in kernel.requests]
    assert (sent[0], sent[2], sent[3]) == (10**15, 0, -5)
    assert sent[1] < 10**15


# The hook


async def test_the_hook_sees_every_result(script: Any) -> None:
    seen: list[EmitResult] = []
    client = script(stored, httpx.Response(400), stored).client(on_emit=seen.append)
    results = [
        await client.emit(act="PUT", kind="core.x", body={}, thread="t"),
        client.emit_sync(act="PUT", kind="core.x", body={}, thread="t"),
        await client.intend("goal"),
    ]
    assert [id(result) for result in seen] == [id(result) for result in results]


async def test_a_broken_hook_breaks_nothing(script: Any, caplog: pytest.LogCaptureFixture) -> None:
    def hook(result: EmitResult) -> None:
        raise KeyError("metrics")

    with caplog.at_level(logging.WARNING, logger="syncropel"):
        result = await script(stored).client(on_emit=hook).emit(act="PUT", kind="core.x", body={}, thread="t")
    assert result.success
    assert [record.message for record in caplog.records] == ["on_emit hook raised KeyError; swallowing"]


# Intents and reserved kinds


async def test_an_intent_makes_up_a_thread(script: Any) -> None:
    result = await script(stored).client().intend("do it")
    assert result.thread.startswith("th_")
    assert len(result.thread) == 67


async def test_an_intent_with_an_empty_thread_is_refused(script: Any) -> None:
    with pytest.raises(ValueError, match="non-empty `thread`"):
        await script(stored).client().intend("do it", thread="")


async def test_what_the_body_says_already_stays(script: Any) -> None:
    kernel = script(stored)
    client = kernel.client()
    await client.intend("x", thread="t", body={"goal": None, "more": 1})
    await client.fulfill("t", "x", body={"summary": "", "fulfills": "old"}, fulfills=("a", "b"))
    first, second = (json.loads(request.content)["body"] for request in kernel.requests)
    assert (first["goal"], first["more"]) == (None, 1)
    assert (second["summary"], second["fulfills"]) == ("", ["a", "b"])


async def test_fulfilling_needs_a_thread(script: Any) -> None:
    with pytest.raises(ValueError, match="fulfill requires a non-empty thread"):
        await script(stored).client().fulfill("", "done")


HELPER_MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("emit_correction", {"corrects": "aa"}, "corrects must be a list, got str"),
    ("emit_correction", {"corrects": ("aa",)}, "corrects must be a list, got tuple"),
    ("emit_correction", {"corrects": []}, "corrects must be non-empty"),
    ("emit_correction", {"corrects": [""]}, "corrects entries must be non-empty strings"),
    ("emit_correction", {"corrects": ["a"], "revised_fields": []}, "revised_fields must be a dict, got list"),
    ("emit_correction", {"corrects": ["a"], "revised_fields": {}}, "revised_fields must be non-empty"),
    (
        "emit_correction",
        {"corrects": ["a"], "revised_fields": {"a": 1}, "reason": 5},
        "reason must be a string, got int",
    ),
    ("emit_erasure", {"erases": [5]}, "erases entries must be non-empty strings"),
    ("emit_erasure", {"erases": ["a"], "reason": ""}, "reason must be non-empty"),
    ("emit_alias", {"old_kind": "bad"}, "expected 2-4 segments"),
    ("emit_alias", {"old_kind": "core.a", "new_kind": "bad"}, "expected 2-4 segments"),
    ("emit_scope_transfer", {"scope": "a.b"}, "is not a valid scope"),
    ("emit_scope_transfer", {"scope": "a", "from_publisher": ""}, "from_publisher must be non-empty"),
    ("emit_scope_transfer", {"scope": "a", "from_publisher": "d", "to_publisher": 1}, "to_publisher must be a string"),
    ("emit_scope_claim", {"scope": "a", "governance_policy": {}}, "governance_policy must be non-empty"),
    ("emit_scope_claim", {"scope": "a", "governance_policy": {"x": 1}}, 'must include a "type" key'),
]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "emit_correction": {"corrects": [], "revised_fields": {}, "reason": "r", "thread": "t"},
    "emit_erasure": {"erases": [], "reason": "r", "thread": "t"},
    "emit_alias": {"old_kind": "core.a", "new_kind": "core.b", "reason": "r", "thread": "t"},
    "emit_scope_transfer": {"scope": "", "from_publisher": "", "to_publisher": "", "reason": "r", "thread": "t"},
    "emit_scope_claim": {"scope": "", "governance_policy": {}, "thread": "t"},
}


@pytest.mark.parametrize(("helper", "changes", "phrase"), HELPER_MISTAKES)
async def test_mistakes_in_a_helper_are_value_errors(
    script: Any, helper: str, changes: dict[str, Any], phrase: str
) -> None:
    kernel = script(stored)
    with pytest.raises(ValueError, match=phrase):
        await getattr(kernel.client(), helper)(**{**ARGUMENTS[helper], **changes})
    assert kernel.requests == []


async def test_times_and_actors_of_helpers_are_filled_in(script: Any) -> None:
    kernel = script(stored)
    await kernel.client().emit_erasure(erases=["a"], reason="r", thread="t", authorized_by="", effective_at="")
    body = json.loads(kernel.last.content)["body"]
    assert body["authorized_by"] == "did:example:me"
    assert body["effective_at"].endswith("Z")
    assert body["effective_at"][10] == "T"


# Construction


def test_construction_is_checked_in_order() -> None:
    with pytest.raises(TypeError, match="identity must be an Identity instance; got str"):
        Client(identity="did:example:me", endpoint="")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="endpoint must not be empty"):
        Client(identity=Identity.static("did:example:me"), endpoint="")


def test_a_client_shows_its_settings() -> None:
    client = Client(identity=Identity.static("did:example:me"), endpoint="http://h//", api_key="k")
    shown = (client.endpoint, client.timeout, client.max_retries, client.backoff_ms, client.on_emit, client.api_key)
    assert shown == ("http://h", 30.0, 2, 250.0, None, "k")


async def test_a_closed_client_sends_nothing_but_syncs(script: Any) -> None:
    kernel = script(stored)
    async with kernel.client() as client:
        pass
    await client.aclose()
    for call in (client.emit(act="PUT", kind="core.x", body={}, thread="t"), client.health()):
        with pytest.raises(RuntimeError, match="client has been closed"):
            await call
    assert client.emit_sync(act="PUT", kind="core.x", body={}, thread="t").success
    await client.close()

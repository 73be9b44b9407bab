"""The sandbox: what a kernel must do, rule by rule, and that both sides keep the spec."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syncropel import Client, Identity, InferOptions, InferResult, SyncropelDataError, SyncropelMembershipError
from syncropel.hashing import server_record_id
from syncropel.signing import SigningKey, signed
from syncropel.testing.demo import demo
from wirewright.sandbox import Sandbox
from wirewright.sandbox.clock import ManualClock

ME = "did:example:me"
RECORD: dict[str, Any] = {
    "act": "PUT",
    "actor": ME,
    "body": {"kind": "core.x", "a": 1.0},
    "clock": 1,
    "data_type": "SCALAR",
    "parents": [],
    "thread": "t",
}


@pytest.fixture
def http(kernel: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=kernel.url) as client:
        yield client


def ingest(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = http.post("/v1/records", json={**RECORD, **changes})
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


# Ingest


def test_a_record_is_stored_under_its_id(http: httpx.Client) -> None:
    receipt = ingest(http)
    assert receipt == {"object": "record", "id": server_record_id(RECORD), **RECORD, "sequence": 1}
    listed = {name: value for name, value in receipt.items() if name != "sequence"}
    assert http.get("/v1/threads/t/records").json() == {"object": "list", "data": [listed]}


def test_the_same_record_is_stored_once(http: httpx.Client) -> None:
    first, second = ingest(http), ingest(http, body={"a": 1, "kind": "core.x"})
    assert first == second
    assert len(http.get("/v1/records").json()["data"]) == 1


def test_a_clock_is_used_once(http: httpx.Client) -> None:
    ingest(http)
    answer = http.post("/v1/records", json={**RECORD, "body": {"other": 1}})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "INGEST_FAILED",
        "message": f"DuplicateClock: thread=t actor={ME} clock=1",
    }
    ingest(http, body={}, thread="t2")
    ingest(http, body={}, actor="did:example:you")


def test_what_is_left_out_is_filled_in_but_not_hashed(http: httpx.Client) -> None:
    stored = http.post("/v1/records", json={"act": "anything", "judged_by": "x", "id": "mine", "extra": 1}).json()
    assert stored["id"] == server_record_id({"act": "anything"})
    assert (stored["actor"], stored["body"], stored["clock"], stored["thread"]) == (None, {}, 0, "")
    assert "extra" not in stored


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"clock": "noon"}',
        b'{"clock": 0.5}',
        b'{"body": []}',
        b'{"parents": "ab"}',
        b"\xff",
    ],
)
def test_what_is_no_record_is_refused(http: httpx.Client, payload: bytes) -> None:
    answer = http.post("/v1/records", content=payload, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


@pytest.mark.parametrize("payload", [b'{"body": {"x": 1e999}}', b'{"body": {"x": NaN}}', b'{"body": {"x": "\\ud800"}}'])
def test_what_has_no_canonical_form_is_refused(http: httpx.Client, payload: bytes) -> None:
    answer = http.post("/v1/records", content=payload, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values, max_size=4),
    clock=st.integers(-(2**53), 2**53),
)
def test_any_body_has_the_same_id_here_and_there(kernel: Sandbox, body: dict[str, Any], clock: int) -> None:
    client = Client(endpoint="http://kernel", identity=Identity.static(ME), transport=kernel.transport())
    result = client.emit_sync(act="PUT", kind="core.x", body=body, thread=f"t{clock}", clock=clock)
    exchange = list(kernel.requests)[-1]
    assert exchange.request_problems == []
    refused = "DuplicateClock" in str(result.error)
    assert result.success or refused
    if result.success:
        assert result.record_id == server_record_id(json.loads(exchange.body))


# Reading


def test_lists_are_narrowed(http: httpx.Client) -> None:
    for n in range(4):
        ingest(http, clock=n, actor=f"d{n % 2}", thread="ab"[n // 2], body={"n": n})
    found = {
        "/v1/records": [0, 1, 2, 3],
        "/v1/records?limit=2": [0, 1],
        "/v1/records?limit=0": [],
        "/v1/records?thread=a": [0, 1],
        "/v1/records?actor=d1": [1, 3],
        "/v1/records?actor=d1&thread=b&since=3": [3],
        "/v1/records?since=2&limit=1": [2],
        "/v1/threads/b/records?since=3": [3],
        "/v1/threads/none/records": [],
    }
    assert {path: [r["body"]["n"] for r in http.get(path).json()["data"]] for path in found} == found
    assert http.get("/v1/records?limit=-1").status_code == http.get("/v1/records?limit=x").status_code == 400


@pytest.mark.parametrize("thread", ["a/b", "a b/ü", "100%", "records", "a/records", "x?y#z"])
async def test_any_thread_can_be_reached(kernel: Sandbox, connect: Callable[..., Client], thread: str) -> None:
    client = connect()
    sent = await client.emit(act="PUT", kind="core.x", body={}, thread=thread)
    assert [record["id"] for record in await client.query_thread(thread)] == [sent.record_id]


def test_a_slash_in_a_thread_may_be_a_plain_one(http: httpx.Client) -> None:
    ingest(http, thread="a/b")
    for path in ("/v1/threads/a/b/records", "/v1/threads/a%2Fb/records"):
        assert len(http.get(path).json()["data"]) == 1


def test_hundred_records_unless_told_otherwise(http: httpx.Client) -> None:
    http.post("/v1/records/batch", json={"records": [{**RECORD, "clock": n, "body": {}} for n in range(120)]})
    assert [len(http.get(p).json()["data"]) for p in ("/v1/records", "/v1/threads/t/records?limit=500")] == [100, 120]


def test_health(http: httpx.Client) -> None:
    ingest(http)
    assert http.get("/health").json() == {"status": "ok", "store": "memory", "records": 1}


# Queries


@pytest.fixture
def library(http: httpx.Client) -> httpx.Client:
    bodies: list[dict[str, Any]] = [
        {"kind": "music.catalog.track", "title": "Glow", "plays": 3, "tags": ["night", "slow"],
         "_refs": [{"kind": "@music.track", "id": "isrc:1"}]},
        {"kind": "music.catalog.track", "title": "glowing", "plays": 7.5, "nested": {"deep": [{"n": 1}, {"n": 2}]}},
        {"kind": "music.catalog.album", "title": "100%_ok", "plays": None},
        {"kind": "core.note", "text": "Glow in the night"},
    ]  # fmt: skip
    for n, body in enumerate(bodies):
        ingest(http, clock=n, body=body, thread="lib" if n < 3 else "notes", act="KNOW" if n == 3 else "PUT")
    return http


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [0, 1, 2, 3]),
    ({"body.title": "Glow"}, [0]),
    ({"body.title": {"$eq": "Glow"}}, [0]),
    ({"body.title": {"$ne": "Glow"}}, [1, 2, 3]),
    ({"clock": {"$gt": 1}}, [2, 3]),
    ({"clock": {"$gte": 1, "$lt": 3}}, [1, 2]),
    ({"clock": {"$lte": 0}}, [0]),
    ({"body.plays": {"$gt": 0}}, [0, 1]),
    ({"body.plays": 7.5}, [1]),
    ({"body.plays": 3.0}, [0]),
    ({"body.plays": True}, []),
    ({"body.plays": None}, [2, 3]),
    ({"body.plays": {"$exists": True}}, [0, 1, 2]),
    ({"body.plays": {"$exists": False}}, [3]),
    ({"act": {"$in": ["KNOW", "DO"]}}, [3]),
    ({"act": {"$nin": ["KNOW"]}}, [0, 1, 2]),
    ({"body.plays": {"$in": [None]}}, [2, 3]),
    ({"body.title": {"$like": "Glow%"}}, [0]),
    ({"body.title": {"$ilike": "glow%"}}, [0, 1]),
    ({"body.title": {"$like": "G_ow"}}, [0]),
    ({"body.title": {"$like": "100\\%\\_ok"}}, [2]),
    ({"body.title": {"$like": "100%"}}, [2]),
    ({"body.title": {"$like": "[G]low"}}, []),
    ({"body.title": {"$not": {"$ilike": "glow%"}}}, [2, 3]),
    ({"$not": {"body.title": "Glow"}}, [1, 2, 3]),
    ({"$or": [{"clock": 0}, {"clock": 3}]}, [0, 3]),
    ({"$and": [{"clock": {"$gt": 0}}, {"act": "PUT"}]}, [1, 2]),
    ({"act": "PUT", "body.kind": "music.catalog.album"}, [2]),
    ({"body.tags": "slow"}, [0]),
    ({"body.tags": ["night", "slow"]}, [0]),
    ({"body._refs.kind": "@music.track"}, [0]),
    ({"body._refs.0.id": "isrc:1"}, [0]),
    ({"body.nested.deep.n": {"$gt": 1}}, [1]),
    ({"namespace": "x"}, []),
    ({"body.nested": {"deep": [{"n": 1}, {"n": 2}]}}, [1]),
]


@pytest.mark.parametrize(("filter_", "found"), FILTERS, ids=lambda value: json.dumps(value)[:60])
def test_filters(library: httpx.Client, filter_: dict[str, Any], found: list[int]) -> None:
    answer = library.post("/v1/records/query", json={"filter": filter_}).json()
    assert [record["clock"] for record in answer["data"]] == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter": {"a": {"$near": 1}}}, "Unknown operator $near at filter.a.$near"),
        ({"filter": {"$nor": []}}, "Unknown operator $nor at filter.$nor"),
        ({"filter": {"$and": {}}}, "filter.$and must be a list with at least one filter"),
        ({"filter": {"$or": []}}, "filter.$or must be a list with at least one filter"),
        ({"filter": {"$and": [1]}}, "filter.$and.0 must be an object"),
        ({"filter": {"a": {"$in": 1}}}, "filter.a.$in must be a list"),
        ({"filter": {"a": {"$like": 1}}}, "filter.a.$like must be a string"),
        ({"filter": {"a": {"$exists": 1}}}, "filter.a.$exists must be true or false"),
        ({"filter": {}, "aggregates": {"n": {}}}, "aggregates.n must have exactly one operator"),
        ({"filter": {}, "aggregates": {"n": {"$median": "a"}}}, "Unknown operator $median at aggregates.n"),
        ({"filter": {}, "aggregates": {"n": {"$sum": 1}}}, "aggregates.n.$sum must be a field path"),
    ],
)
def test_malformed_filters(http: httpx.Client, query: dict[str, Any], message: str) -> None:
    answer = http.post("/v1/records/query", json=query)
    assert (answer.status_code, answer.json()) == (400, {"error": "INVALID_FILTER", "message": message})


def test_a_filter_that_is_nested_too_deeply(http: httpx.Client) -> None:
    filter_: dict[str, Any] = {}
    for _ in range(100):
        filter_ = {"$not": filter_}
    assert http.post("/v1/records/query", json={"filter": filter_}).status_code == 400


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"sort": {"clock": -1}}, [3, 2, 1, 0]),
        ({"sort": {"act": 1, "clock": -1}}, [3, 2, 1, 0]),
        ({"sort": {"body.plays": 1}}, [2, 3, 0, 1]),
        ({"sort": {"body.title": -1}}, [1, 0, 2, 3]),
        ({"offset": 1, "limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"offset": 9}, []),
        ({"thread": "notes"}, [3]),
        ({"thread": "none"}, []),
        ({"cursor": "2"}, [2, 3]),
    ],
)
def test_windows(library: httpx.Client, window: dict[str, Any], found: list[int]) -> None:
    answer = library.post("/v1/records/query", json={"filter": {}, **window}).json()
    assert [record["clock"] for record in answer["data"]] == found


def test_pages_plans_and_selections(library: httpx.Client) -> None:
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = library.post("/v1/records/query", json={"filter": {}, "limit": 3, **cursor}).json()
        seen += [record["clock"] for record in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [0, 1, 2, 3]
    explained = library.post("/v1/records/query", json={"filter": {}, "thread": "lib", "explain": True}).json()
    assert explained["plan"] == {"sql": "thread = ?", "indexed": ["thread"], "matched": 3}
    chosen = library.post("/v1/records/query", json={"filter": {"clock": 1}, "select": ["clock", "body.title", "no"]})
    assert chosen.json()["data"] == [{"clock": 1, "body": {"title": "glowing"}}]
    assert library.post("/v1/records/query", json={"filter": {}, "cursor": "x"}).status_code == 400


def test_aggregates(library: httpx.Client) -> None:
    figures = {
        "records": {"$count": True},
        "plays": {"$sum": "body.plays"},
        "mean": {"$avg": "body.plays"},
        "first": {"$min": "clock"},
        "last": {"$max": "clock"},
    }
    answer = library.post("/v1/records/query", json={"filter": {}, "group_by": ["act"], "aggregates": figures}).json()
    assert answer == {
        "object": "aggregation",
        "groups": [
            {"key": {"act": "KNOW"}, "aggregates": {"records": 1, "plays": 0, "mean": None, "first": 3, "last": 3}},
            {"key": {"act": "PUT"}, "aggregates": {"records": 3, "plays": 10.5, "mean": 5.25, "first": 0, "last": 2}},
        ],
        "plan": {"budget": 10000, "complete": True, "groups": 2, "rows_scanned": 4, "watermark_seq": 4},
    }


def test_too_many_groups_are_refused_not_cut(library: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncropel.testing.record_rules.MAX_GROUPS", 1)
    answer = library.post("/v1/records/query", json={"group_by": ["act"], "aggregates": {"n": {"$count": True}}})
    assert (answer.status_code, answer.json()["code"]) == (422, "AGGREGATION_CAP")


def test_search_ranks_first_and_narrows_then(library: httpx.Client) -> None:
    def search(**asked: Any) -> list[int]:
        answer = library.post("/v1/records/search", json={"query": "glow night", "k": 10, **asked}).json()
        scores = [hit["score"] for hit in answer["data"]]
        assert scores == sorted(scores, reverse=True)
        return [hit["record"]["clock"] for hit in answer["data"]]

    assert search() == [3, 0]
    assert (search(k=1), search(k=0)) == ([3], [])
    assert (search(k=1, thread="lib"), search(thread="lib")) == ([], [0])
    assert (search(kind="core.note"), search(actor="nobody"), search(after_clock=0)) == ([3], [], [3])
    assert library.post("/v1/records/search", json={"query": " ", "k": 1}).status_code == 400


async def test_search_may_be_switched_off() -> None:
    with Sandbox("syncropel", search=False, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME))
        assert await client.search("x") == {"embedder": None, "k": 10, "hits": [], "disabled": True}
        await client.close()


async def test_questions_may_be_answered() -> None:
    question = {"input": {"goal": "g"}, "responders": [{"kind": "llm"}], "fold": {"function": "consensus"}}
    with Sandbox("syncropel", responder=True, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME))
        result = await client.infer(question, InferOptions(poll_interval_ms=1))
        await client.close()
    assert isinstance(result, InferResult)
    assert (result.answer, result.fold_function) == ({"goal": "g"}, "consensus")


# Signatures, keys, tokens


def sandbox_client(kernel: Sandbox, identity: Identity, **options: Any) -> Client:
    return Client(endpoint=kernel.url, identity=identity, backoff_ms=1, **options)


async def emit(client: Client, **changes: Any) -> Any:
    result = await client.emit(**{"act": "PUT", "kind": "core.x", "body": {"a": 1.0}, "thread": "t", **changes})
    await client.close()
    return result


async def test_signed_records_are_verified(kernel: Sandbox) -> None:
    identity = Identity.key()
    assert (await emit(sandbox_client(kernel, identity))).success
    record = signed({**RECORD, "actor": identity.actor_did}, SigningKey.generate())
    async with httpx.AsyncClient(base_url=kernel.url) as http:
        answer = await http.post("/v1/records", json=record)
    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_SIGNATURE")


async def test_a_record_that_was_changed_on_its_way_is_refused(kernel: Sandbox) -> None:
    record = signed({**RECORD, "actor": "did:example:signer"}, SigningKey.generate())
    async with httpx.AsyncClient(base_url=kernel.url) as http:
        for changes in ({"clock": 2}, {"thread": "other"}, {"body": {**record["body"], "a": 2}}):
            answer = await http.post("/v1/records", json={**record, **changes})
            assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_SIGNATURE")
        assert (await http.post("/v1/records", json=record)).status_code == 200


async def test_an_actor_keeps_the_key_that_it_first_signed_with(kernel: Sandbox) -> None:
    first, second = Identity.key(did=ME), Identity.key(did=ME)
    assert (await emit(sandbox_client(kernel, first))).success
    assert (await emit(sandbox_client(kernel, first), thread="u")).success
    assert "signs with" in (await emit(sandbox_client(kernel, second))).error
    assert "SIGNATURE_MISSING" in (await emit(sandbox_client(kernel, Identity.static(ME)))).error
    assert (await emit(sandbox_client(kernel, Identity.static("did:example:you")))).success


async def test_signatures_may_be_required() -> None:
    with Sandbox("syncropel", signatures_required=True, verify=True) as kernel:
        assert "SIGNATURE_MISSING" in (await emit(sandbox_client(kernel, Identity.static(ME)))).error
        assert (await emit(sandbox_client(kernel, Identity.key()))).success


async def test_a_signature_survives_kernels_that_do_not_know_it(kernel: Sandbox) -> None:
    from syncropel.signing import verify

    identity = Identity.key()
    client = sandbox_client(kernel, identity)
    await client.emit(act="PUT", kind="core.x", body={"n": 1.0}, thread="t")
    (record,) = await client.query_thread("t")
    assert verify(record) == identity.actor_did
    await client.close()


async def test_keys_may_be_required() -> None:
    with Sandbox("syncropel", api_keys="one, two", verify=True) as kernel:
        identity = Identity.static(ME)
        assert "HTTP 401" in (await emit(sandbox_client(kernel, identity))).error
        assert "HTTP 403" in (await emit(sandbox_client(kernel, identity, api_key="three"))).error
        assert (await emit(sandbox_client(kernel, identity, api_key="two"))).success
        nobody = sandbox_client(kernel, identity)
        assert (await nobody.health())["status"] == "ok"
        with pytest.raises(SyncropelDataError, match="HTTP 401 unauthorized"):
            await nobody.data.usage()
        with pytest.raises(SyncropelMembershipError, match=r"unauthorized \(401\)"):
            await nobody.membership.list_members()
        await nobody.close()


async def test_a_federated_identity_carries_its_providers_token() -> None:
    tokens = iter(["stale", "fresh"])

    async def provider() -> str:
        return next(tokens)

    with Sandbox("syncropel", api_keys="k", tokens={ME: "fresh"}, verify=True) as kernel:
        kernel.faults.add("status=401x1@emit_record")
        identity = Identity.federated(provider, did=ME)
        assert (await emit(sandbox_client(kernel, identity))).success
        other = Identity.federated(lambda: "fresh", did="did:example:you")
        assert "These credentials speak for did:example:me only" in (await emit(sandbox_client(kernel, other))).error
        sent = [exchange.header("authorization") for exchange in kernel.requests.of("emit_record")]
    assert sent == ["Bearer stale", "Bearer fresh", "Bearer fresh"]


async def test_a_provider_that_fails_is_no_reason_to_raise(kernel: Sandbox) -> None:
    def provider() -> str:
        raise OSError("no network")

    result = await emit(sandbox_client(kernel, Identity.federated(provider, did=ME)))
    assert (result.success, result.error) == (False, "AuthError: the token provider failed: OSError")


def test_names_may_be_held_to_the_protocol() -> None:
    with Sandbox("syncropel", strict=True, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME))
        for changes in ({"act": "JUMP"}, {"data_type": "BLOB"}):
            result = client.emit_sync(**{"act": "PUT", "kind": "core.x", "body": {}, "thread": "t", **changes})
            assert "must be one of" in str(result.error)
        assert client.emit_sync(act="PUT", kind="core.x", body={}, thread="t").success


# Watching


async def test_the_frames_of_a_watch(kernel: Sandbox, http: httpx.Client) -> None:
    first = ingest(http, clock=5)
    ingest(http, clock=6, body={"sep": "\u2028\u0085"})
    async with (
        httpx.AsyncClient(base_url=kernel.url) as client,
        client.stream("GET", "/v1/threads/t/watch?since_clock=6") as stream,
    ):
        lines = stream.aiter_lines()
        beat = [await anext(lines) for _ in range(4)]
        created = [await anext(lines) for _ in range(4)]
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert (beat[0], beat[1].rpartition("-")[2], beat[3]) == ("event: heartbeat", "1", "")
    assert (created[0], created[1].rpartition("-")[2]) == ("event: record.created", "2")
    assert "\\u2028" in created[2]
    assert "\\u0085" in created[2]
    record = json.loads(created[2].removeprefix("data: "))
    assert record["id"] == record["record"]["id"] != first["id"]


async def test_heartbeats_fill_the_silence() -> None:
    with Sandbox("syncropel", heartbeat=0.05, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME))
        beats: asyncio.Queue[int] = asyncio.Queue()
        client.subscribe("nobody", print, on_heartbeat=lambda: beats.put_nowait(1))
        async with asyncio.timeout(5):
            for _ in range(4):
                await beats.get()
        await client.close()


# The data plane


@pytest.fixture
async def plane(connect: Callable[..., Client]) -> Any:
    client = connect()
    yield client.data
    await client.close()


async def refusal(call: Any) -> tuple[int, str]:
    with pytest.raises(SyncropelDataError) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_a_file_from_writing_to_removing(plane: Any) -> None:
    written = await plane.write(path="/files/a/b.txt", data="glow", content_type="text/plain", expected_hash=None)
    assert written.size_bytes == 4
    assert (await plane.read("/files/a/b.txt"), await plane.read_text("/files/a/b.txt")) == (b"glow", "glow")
    stat = await plane.stat("/files/a/b.txt")
    assert (stat.kind, stat.content_hash, stat.content_type, stat.pin_state) == (
        "file", written.content_hash, "text/plain", "unpinned",
    )  # fmt: skip
    assert ((await plane.stat("/files/a")).kind, (await plane.stat("/files")).size_bytes) == ("dir", 4)
    await plane.mkdir("/files/c")
    await plane.mkdir("/files/c")
    await plane.mv("/files/a/b.txt", "/files/c/d.txt")
    assert [entry["path"] for entry in (await plane.list("/files/c")).entries] == ["/files/c/d.txt"]
    assert (await plane.usage()).used == 4
    assert (await plane.rm("/files/c", recursive=True))["removed"] == 2
    assert (await plane.usage()).used == 0
    assert await refusal(plane.stat("/files/c/d.txt")) == (404, "not_found")


async def test_writes_with_preconditions(plane: Any) -> None:
    first = await plane.write(path="/files/a", data="1", expected_hash=None)
    with pytest.raises(SyncropelDataError) as caught:
        await plane.write(path="/files/a", data="2", expected_hash=None)
    assert (caught.value.is_conflict, caught.value.expected_hash, caught.value.current_hash) == (
        True, None, first.content_hash,
    )  # fmt: skip
    second = await plane.write(path="/files/a", data="2", expected_hash=first.content_hash)
    assert await refusal(plane.write(path="/files/a", data="3", expected_hash=first.content_hash)) == (
        409, "precondition_failed",
    )  # fmt: skip
    assert (await plane.stat("/files/a")).content_hash == second.content_hash
    await plane.write(path="/files/a", data="last writer wins")


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        (lambda p: p.write(path="/tmp/x", data=""), (400, "invalid_path")),
        (lambda p: p.write(path="/files/../x", data=""), (400, "invalid_path")),
        (lambda p: p.write(path="/artifacts/x", data=""), (400, "read_only")),
        (lambda p: p.write(path="/files/dir", data=""), (409, "is_directory")),
        (lambda p: p.write(path="/files/file/x", data=""), (409, "not_a_directory")),
        (lambda p: p.read("/files/none"), (404, "not_found")),
        (lambda p: p.read("/files/dir"), (400, "is_directory")),
        (lambda p: p.list("/files/file"), (400, "not_a_directory")),
        (lambda p: p.mkdir("/files/file"), (409, "exists")),
        (lambda p: p.mkdir("/artifacts/x"), (400, "read_only")),
        (lambda p: p.mv("/files/none", "/files/x"), (404, "not_found")),
        (lambda p: p.mv("/files/dir", "/files/dir/x"), (400, "invalid_request")),
        (lambda p: p.mv("/files/file", "/files/dir"), (409, "exists")),
        (lambda p: p.mv("/files/file", "/artifacts/x"), (400, "read_only")),
        (lambda p: p.rm("/files"), (400, "read_only")),
        (lambda p: p.rm("/files/dir"), (409, "not_empty")),
        (lambda p: p.publish("/files/dir"), (400, "is_directory")),
        (lambda p: p.provenance(cursor="x"), (400, "invalid_cursor")),
        (lambda p: p.node("/nowhere"), (404, "not_found")),
    ],
)
async def test_what_the_tree_does_not_allow(plane: Any, call: Any, refused: tuple[int, str]) -> None:
    await plane.write(path="/files/file", data="")
    await plane.write(path="/files/dir/inside", data="")
    assert await refusal(call(plane)) == refused


def test_chunks_come_in_order_and_may_be_repeated(http: httpx.Client) -> None:
    upload = http.post("/v1/data/write/init", json={"path": "/files/a", "size_bytes": 4}).json()["upload_id"]

    def put(content: bytes, content_range: str) -> int:
        headers = {"content-type": "application/octet-stream", "content-range": content_range}
        return http.put(f"/v1/blobs/upload/{upload}", content=content, headers=headers).status_code

    assert [put(b"ab", "bytes 0-1/4"), put(b"ab", "bytes 0-1/4")] == [204, 204]
    assert http.post("/v1/data/write/complete", json={"upload_id": upload}).json()["error"] == "incomplete"
    assert [put(b"d", "bytes 3-3/4"), put(b"cd", "bytes 2-3/9"), put(b"c", "bytes 2-3/4"), put(b"", "bytes 0-0/0")] == [
        409, 400, 400, 400,
    ]  # fmt: skip
    assert put(b"cd", "bytes 2-3/4") == 204
    assert http.post("/v1/data/write/complete", json={"upload_id": upload}).json()["size_bytes"] == 4
    assert http.post("/v1/data/write/complete", json={"upload_id": upload}).status_code == 404
    upload = "none"
    assert put(b"", "bytes 0-0/0") == 404


def test_the_quota(http: httpx.Client) -> None:
    answer = http.post("/v1/data/write/init", json={"path": "/files/a", "size_bytes": 2**40})
    assert (answer.status_code, answer.json()["error"]) == (413, "quota_exceeded")


async def test_large_files_go_in_chunks() -> None:
    with Sandbox("syncropel", chunk_size=1000, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME))
        content = bytes(range(256)) * 10
        assert (await client.data.write(path="/files/a", data=content)).size_bytes == 2560
        assert await client.data.read("/files/a") == content
        assert len(kernel.requests.of("upload_blob_chunk")) == 3
        await client.close()


async def test_publishing_pins_and_announces(plane: Any, connect: Callable[..., Client]) -> None:
    await plane.write(path="/files/a", data="1")
    published = await plane.publish("/files/a")
    assert published == await plane.publish("/files/a")
    (record,) = await connect().query_thread("data.artifacts")
    assert (record["id"], record["body"]["path"]) == (published.manifest_record_id, "/files/a")
    stat = await plane.stat(f"/artifacts/{published.content_hash}")
    assert (stat.pin_state, stat.provenance.content_hash) == ("pinned", published.content_hash)
    assert await plane.read(f"/artifacts/{published.content_hash}") == b"1"
    await plane.rm("/files/a")
    assert await plane.read(f"/artifacts/{published.content_hash}") == b"1"


async def test_listings_have_pages(plane: Any) -> None:
    for name in "cab":
        await plane.write(path=f"/files/{name}", data=name)
    pages, cursor = [], None
    while True:
        page = await plane.list("/files", cursor=cursor, limit=2)
        pages.append([entry["name"] for entry in page.entries])
        cursor = page.cursor
        if cursor is None:
            break
    assert pages == [["a", "b"], ["c"]]
    assert len(await plane.materials(q="/b")) == 1
    feed = await plane.provenance(region="/files", limit=2)
    rest = await plane.provenance(region="/files", cursor=feed["cursor"])
    assert len({row["path"] for row in feed["data"] + rest["data"]}) == 3
    assert (await plane.node("/files"))["children"] == ["a", "b", "c"]
    assert (await plane.capabilities())["version"] == 1


# Membership


@pytest.fixture
async def members(connect: Callable[..., Client]) -> Any:
    client = connect()
    yield client.membership
    await client.close()


async def denial(call: Any) -> tuple[int, str]:
    with pytest.raises(SyncropelMembershipError) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_guests_come_by_invite(members: Any) -> None:
    invite = await members.issue_invite(max_uses=2, scopes=["records:read"])
    for _ in range(2):
        guest = await members.redeem_invite(invite["invite_id"], holder_pubkey="z6")
        assert (bool(guest["token"]), guest["scopes"], "membership" in guest) == (True, ["records:read"], False)
    assert await denial(members.redeem_invite(invite["invite_id"], holder_pubkey="z6")) == (410, "invite_exhausted")
    assert await denial(members.redeem_invite("none", holder_pubkey="z6")) == (404, "not_found")


async def test_members_are_admitted(members: Any) -> None:
    invite = await members.issue_invite(max_uses=9, membership={"preset": "contributor"})
    redeem = members.redeem_invite
    name = invite["invite_id"]
    assert await denial(redeem(name, holder_pubkey="z")) == (400, "member_label_required")
    for label in ("Ada", "-ada", "a_b", "a" * 64, ""):
        assert await denial(redeem(name, holder_pubkey="z", member_label=label)) == (400, "invalid_label")
    assert await denial(redeem(name, holder_pubkey="z", member_label="ada", custody="device")) == (
        501, "custody_not_implemented",
    )  # fmt: skip
    admitted = (await redeem(name, holder_pubkey="z", member_label="ada"))["membership"]
    assert set(admitted) == {"member_did", "master_did", "grant_id"}
    assert await denial(redeem(name, holder_pubkey="z", member_label="ada")) == (409, "label_taken")
    (row,) = await members.list_members()
    assert (row["label"], row["grant_id"], row["preset"]) == ("ada", admitted["grant_id"], "contributor")


async def test_a_pinned_label_renews_a_membership(members: Any) -> None:
    first = await members.issue_invite(membership={"label": "ada"})
    old = (await members.redeem_invite(first["invite_id"], holder_pubkey="z", member_label="ada"))["membership"]
    second = await members.issue_invite(max_uses=2, membership={"label": "ada", "preset": "admin"})
    other = members.redeem_invite(second["invite_id"], holder_pubkey="z", member_label="bob")
    assert await denial(other) == (403, "label_pinned")
    new = (await members.redeem_invite(second["invite_id"], holder_pubkey="z"))["membership"]
    assert (new["member_did"], new["grant_id"] == old["grant_id"]) == (old["member_did"], False)
    assert [row["preset"] for row in await members.list_members()] == ["admin"]


async def test_invites_and_grants_run_out() -> None:
    clock = ManualClock()
    with Sandbox("syncropel", clock=clock, api_keys="k", verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static(ME), api_key="k")
        invite = await client.membership.issue_invite(ttl_seconds=10, membership={"ttl_seconds": 60})
        late = await client.membership.issue_invite(ttl_seconds=10)
        ada = await client.membership.redeem_invite(invite["invite_id"], holder_pubkey="z", member_label="ada")
        member = Client(endpoint=kernel.url, identity=Identity.static(ME), bearer=ada["token"])
        assert [row["label"] for row in await member.membership.list_members()] == ["ada"]
        clock.advance(11)
        assert await denial(client.membership.redeem_invite(late["invite_id"], holder_pubkey="z")) == (
            410, "invite_expired",
        )  # fmt: skip
        clock.advance(60)
        assert await denial(member.membership.list_members()) == (403, "forbidden")
        await member.close()
        await client.close()


async def test_grants_only_narrow(members: Any) -> None:
    terms = {"preset": "contributor", "caveats": {"budget": 5, "max_fanout": 2}}
    invite = await members.issue_invite(membership=terms)
    await members.redeem_invite(invite["invite_id"], holder_pubkey="z", member_label="ada")
    mint = members.mint_agent_grant
    first = await mint("ada", aud="did:a", scopes=["records:read"], caveats={"budget": 1}, ttl_seconds=5)
    assert (first["scopes"], first["caveats"]) == (["records:read"], {"budget": 1, "max_fanout": 2})
    assert await denial(mint("ada", aud="did:a", scopes=["members:admin"])) == (403, "scope_widened")
    assert await denial(mint("ada", aud="did:a", caveats={"budget": 6})) == (403, "caveat_loosened")
    second = await mint("ada", aud="did:b")
    assert second["scopes"] == ["records:read", "records:write"]
    assert await denial(mint("ada", aud="did:c")) == (403, "caveat_exhausted")
    assert await denial(mint("bob", aud="did:c")) == (404, "not_found")
    assert (await members.revoke_agent_grant("ada", first["grant_id"]))["revoked"] == [first["grant_id"]]
    assert await denial(members.revoke_agent_grant("ada", first["grant_id"])) == (404, "not_found")
    gone = await members.revoke_member("ada", note="left")
    assert (gone["scope"], gone["note"], second["grant_id"] in gone["revoked"]) == ("local", "left", True)
    assert await denial(members.revoke_member("ada")) == (404, "not_found")


async def test_adopting_is_idempotent(members: Any) -> None:
    first = await members.adopt("bot", sa_id="sa-1", ttl_seconds=60)
    assert first == await members.adopt("bot", sa_id="sa-1")
    assert await denial(members.adopt("Bot")) == (400, "invalid_label")


async def test_members_speak_for_themselves_and_see_themselves(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    admin = connect().membership
    invite = await admin.issue_invite(max_uses=2, membership={"preset": "reader"})
    tokens = {
        label: await admin.redeem_invite(invite["invite_id"], holder_pubkey="z", member_label=label)
        for label in ("ada", "bob")
    }
    ada = connect(bearer=tokens["ada"]["token"], identity=Identity.static("did:sync:member:ada"))
    assert [row["label"] for row in await ada.membership.list_members()] == ["ada"]
    assert len(await admin.list_members()) == 2
    assert await denial(ada.membership.issue_invite()) == (403, "forbidden")
    assert (await ada.emit(act="PUT", kind="core.x", body={}, thread="t")).success
    ada.identity = Identity.static("did:sync:member:bob")
    assert "HTTP 403" in str((await ada.emit(act="PUT", kind="core.x", body={}, thread="t")).error)


# On disk, and on the whole


async def test_records_outlive_the_process(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "records.db"
    identity = Identity.key(did=ME)
    ids = []
    for n in range(2):
        with Sandbox("syncropel", data=data, verify=True) as kernel:
            client = sandbox_client(kernel, identity)
            sent = await client.emit(act="PUT", kind="core.x", body={"n": n + 0.5, "big": 2**70}, thread="t", clock=n)
            ids.append(sent.record_id)
            again = await client.emit(act="PUT", kind="core.x", body={"n": 9}, thread="t", clock=0)
            assert again.success is False
            stored = await client.query_thread("t")
            assert [record["id"] for record in stored] == ids
            assert stored[0]["body"]["big"] == 2**70
            assert (await client.health())["store"] == "sqlite"
            assert "SIGNATURE_MISSING" in (await emit(sandbox_client(kernel, Identity.static(ME)), thread="u")).error
            await client.close()


async def test_a_reset_empties_the_file(tmp_path: Path) -> None:
    data = tmp_path / "records.db"
    with Sandbox("syncropel", data=data) as kernel:
        await emit(sandbox_client(kernel, Identity.static(ME)))
        kernel.reset()
        assert kernel.call(lambda: len(kernel.rules.records)) == 0
    with Sandbox("syncropel", data=data) as kernel:
        assert kernel.call(lambda: len(kernel.rules.records)) == 0


def test_the_control_surface(kernel: Sandbox, http: httpx.Client) -> None:
    planted = http.post("/_sandbox/syncropel/records", json={"act": "KNOW", "thread": "t"}).json()
    assert planted["sequence"] == 1
    state = http.get("/_sandbox/state").json()
    assert (state["records"], state["threads"], state["store"]) == (1, {"t": 1}, "memory")
    assert http.post("/_sandbox/reset").status_code < 300
    assert http.get("/_sandbox/state").json()["records"] == 0


@pytest.mark.parametrize("version", ["0.2", "0.7", "0.8"])
def test_every_operation_of_every_version_has_a_rule(version: str) -> None:
    with Sandbox("syncropel", version=version, serve=False) as kernel:
        assert kernel.app.unruled == []


def test_errors_are_written_as_each_plane_writes_them(http: httpx.Client) -> None:
    keys = {
        path: set(http.get(path).json())
        for path in ("/v1/none", "/v1/data/none", "/v1/blobs/none/x", "/v1/members/x/y/z")
    }
    assert keys == {
        "/v1/none": {"error", "message"},
        "/v1/data/none": {"ok", "error", "detail"},
        "/v1/blobs/none/x": {"ok", "error", "detail"},
        "/v1/members/x/y/z": {"code", "message"},
    }


def test_the_demo_keeps_the_spec_on_both_sides() -> None:
    with Sandbox("syncropel", verify=True) as kernel:
        lines = list(demo(kernel.url))
        broken = [exchange for exchange in kernel.requests if exchange.request_problems or exchange.answer_problems]
        called = {exchange.operation for exchange in kernel.requests}
    assert broken == []
    assert len(lines) == 9
    assert {"emit_record", "emit_records", "watch_thread", "query_records", "data_publish"} <= called


async def test_every_call_of_the_sdk_keeps_the_spec(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    """Every method once, with everything it can say; the fixture holds the answers to the spec, this the requests."""
    client = connect(api_key="k")
    question = {"input": {"goal": "g"}, "responders": [{"kind": "llm"}], "fold": {"function": "f"}, "dial": {"cost": 1}}
    data, members = client.data, client.membership
    sent = await client.emit(act="DO", kind="a.b.c", body={}, thread="t", parents=["b", "a"], data_type="VOID", clock=0)
    await client.intend("g", thread="t", body={"more": 1}, parents=["x"])
    await client.fulfill("t", "s", fulfills=[str(sent.record_id)])
    await client.query(thread="t", actor=ME, kind="a.b.c", since=0, limit=5, where={"body.x": None})
    await client.rich_query(filter={"clock": 0}, thread="t", sort={"clock": 1}, limit=1, offset=0, explain=True)
    await client.search("x", k=3, thread="t", actor=ME, kind="a.b.c", after_clock=0)
    await client.infer(question, InferOptions(wait=False))
    await client.health()
    await data.write(path="/files/a", data=b"", content_type="text/plain", expected_hash=None)
    await data.read("/files/a")
    await data.list("/files", cursor="", limit=1)
    await data.stat("/files/a")
    await data.mkdir("/files/d")
    await data.mv("/files/a", "/files/b")
    await data.materials(q="b", limit=1)
    await data.node("/files")
    await data.publish("/files/b", storage_class="durable")
    await data.usage()
    await data.capabilities()
    await data.provenance(region="/files", cursor="0", limit=1)
    await data.rm("/files/d", recursive=True)
    terms = {"preset": "admin", "ttl_seconds": 9, "caveats": {"max_depth": 1}, "label": "ada"}
    invite = await members.issue_invite(scopes=["s"], ttl_seconds=9, max_uses=2, membership=terms)
    await members.redeem_invite(invite["invite_id"], holder_pubkey="z", member_label="ada")
    await members.list_members()
    await members.adopt("bot", sa_id="s", ttl_seconds=1)
    grant = await members.mint_agent_grant("ada", aud="a", scopes=["s"], caveats={"budget": 1.5}, ttl_seconds=1)
    await members.revoke_agent_grant("ada", grant["grant_id"])
    await members.revoke_member("ada", note="n")
    await client.close()
    broken = [(e.method, e.target, [str(p) for p in e.request_problems]) for e in kernel.requests if e.request_problems]
    assert broken == []
    untouched = {operation.id for operation in kernel.document.operations} - {e.operation for e in kernel.requests}
    assert untouched == {"emit_records", "list_thread_records", "watch_thread"}


def test_the_sandbox_can_be_served(kernel: Sandbox) -> None:
    with urllib.request.urlopen(f"{kernel.url}/health") as answer:
        assert json.load(answer)["status"] == "ok"

"""`MockKernel`, as adapters' tests know it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from syncropel import Client, Identity
from syncropel.hashing import server_record_id
from syncropel.testing import MockKernel


@pytest.fixture
def mock() -> MockKernel:
    return MockKernel()


@pytest.fixture
def http(mock: MockKernel) -> httpx.Client:
    return httpx.Client(base_url="http://mock", transport=mock.transport())


def client(mock: MockKernel, did: str = "did:example:me") -> Client:
    return Client(endpoint="http://mock", identity=Identity.static(did), transport=mock.transport(), backoff_ms=0)


RECORD: dict[str, Any] = {"act": "PUT", "kind": "core.x", "body": {"a": 1.0}}


async def test_what_is_emitted_is_kept(mock: MockKernel) -> None:
    result = await client(mock).emit(**RECORD, thread="t", clock=1)
    (record,) = mock.records
    assert list(record) == ["object", "id", "act", "actor", "body", "clock", "data_type", "parents", "thread"]
    assert (record["object"], record["id"]) == ("record", result.record_id)
    assert mock.threads["t"] == mock.records_in("t") == mock.records_by_kind("core.x") == [record]
    assert mock.records_by_actor("did:example:me") == [record]
    assert (mock.records_by_actor("x"), mock.records_by_kind("x.y.z"), mock.records_in("x")) == ([], [], [])
    assert isinstance(record["body"]["a"], float)


async def test_a_clock_is_used_once_by_an_actor_on_a_thread(mock: MockKernel) -> None:
    mine, yours = client(mock), client(mock, "did:example:you")
    assert (await mine.emit(**RECORD, thread="t", clock=1)).success
    assert (await yours.emit(**RECORD, thread="t", clock=1)).success
    assert (await mine.emit(**RECORD, thread="t2", clock=1)).success
    refused = await mine.emit(act="PUT", kind="core.x", body={"other": 1}, thread="t", clock=1)
    assert refused.error is not None
    assert refused.error.startswith("HTTP 400: ")
    assert "DuplicateClock: thread=t actor=did:example:me clock=1" in refused.error
    assert mock.count() == 3


def test_the_sequence_counts_refusals_too(http: httpx.Client) -> None:
    sequences = [
        http.post("/v1/records", json={"clock": clock, "body": {"n": n}}).json().get("sequence")
        for n, clock in enumerate([1, 1.0, 2])
    ]
    assert sequences == [1, None, 3]


def test_the_same_record_again_is_kept_again(http: httpx.Client, mock: MockKernel) -> None:
    first, second = (http.post("/v1/records", json={"clock": 1}).json() for _ in range(2))
    assert (first["id"], first["sequence"], second["sequence"]) == (second["id"], 1, 2)
    assert mock.count() == 2


def test_what_is_left_out_is_not_hashed_but_filled_in(http: httpx.Client) -> None:
    payload = {"act": "PUT", "judged_by": "x", "id": "mine", "extra": 1}
    stored = http.post("/v1/records", json=payload).json()
    assert stored == {
        "object": "record",
        "id": server_record_id({"act": "PUT"}),
        "act": "PUT",
        "actor": None,
        "body": {},
        "clock": 0,
        "data_type": "SCALAR",
        "parents": [],
        "thread": "",
        "sequence": 1,
    }


def test_reading(http: httpx.Client, mock: MockKernel) -> None:
    for n in range(3):
        http.post("/v1/records", json={"clock": n, "thread": "a b", "actor": f"d{n % 2}"})
    lists = {
        "/v1/threads/a%20b/records?limit=1&since=9": 3,
        "/v1/threads/none/records": 0,
        "/v1/records": 3,
        "/v1/records?limit=2": 2,
        "/v1/records?limit=0": 0,
        "/v1/records?limit=-1": 2,
        "/v1/records?actor=d1": 1,
        "/v1/records?thread=none": 0,
    }
    assert {path: len(http.get(path).json()["data"]) for path in lists} == lists
    assert all("sequence" not in record for record in http.get("/v1/records").json()["data"])
    assert http.get("/health").json() == {"status": "ok", "store": "mock", "records": 3}
    with pytest.raises(ValueError):
        http.get("/v1/records?limit=many")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/records/query"), ("GET", "/v1/other"), ("HEAD", "/health"), ("PUT", "/v1/records"), ("GET", "/")],
)
def test_everything_else_is_unknown(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"error": f"mock: no handler for {method} {path}"}


async def test_failures_on_demand(mock: MockKernel) -> None:
    sender = client(mock)
    mock.fail_next_post(2)
    mock.fail_next_post()
    failed = await sender.emit(**RECORD, thread="t")
    assert (failed.error, failed.retried) == ("ConnectError: mock-injected failure", 2)
    assert (await sender.emit(**RECORD, thread="t")).success
    mock.fail_next_get(2)
    assert (await sender.query_thread("t"), await sender.health()) == ([], {})
    assert len(await sender.query_thread("t")) == 1


def test_clearing_forgets_everything(http: httpx.Client, mock: MockKernel) -> None:
    http.post("/v1/records", json={"clock": 1})
    mock.fail_next_post()
    mock.fail_next_get()
    mock.clear()
    assert (mock.count(), mock.threads) == (0, {})
    assert http.post("/v1/records", json={"clock": 1}).json()["sequence"] == 1
    assert http.get("/health").status_code == 200


def test_broken_json_reaches_the_test(http: httpx.Client) -> None:
    with pytest.raises(ValueError):
        http.post("/v1/records", content=b"{")


def test_transports_share_their_kernel(mock: MockKernel) -> None:
    assert mock.transport() is not mock.transport()
    client(mock).emit_sync(**RECORD, thread="t")
    client(mock, "did:example:you").emit_sync(**RECORD, thread="t")
    assert mock.count() == 2

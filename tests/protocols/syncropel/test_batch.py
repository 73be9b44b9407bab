"""Many records in few requests, and one by one where a kernel knows no batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from syncropel import Client, Emission, EmitResult, Identity, SyncropelKindError
from syncropel.batch import MAX_RECORDS
from syncropel.testing import MockKernel
from wirewright.sandbox import Sandbox


def emissions(count: int, **changes: Any) -> list[Emission]:
    return [
        Emission(**{"act": "PUT", "kind": "core.x", "body": {"n": n}, "thread": "t", **changes}) for n in range(count)
    ]


async def test_a_batch_is_one_request(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    results = await client.emit_batch(emissions(3))
    stored = await client.query_thread("t")
    assert [result.record_id for result in results] == [record["id"] for record in stored]
    assert [record["body"]["n"] for record in stored] == [0, 1, 2]
    assert len(kernel.requests.of("emit_records")) == 1


async def test_a_record_has_the_id_that_it_has_alone(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    alone = await client.emit(act="PUT", kind="core.x", body={"n": 0}, thread="t", clock=7)
    (together,) = await client.emit_batch(emissions(1, clock=7))
    assert together == alone


async def test_one_that_is_refused_stands_in_nobodys_way(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    seen: list[EmitResult] = []
    client = connect(on_emit=seen.append)
    results = await client.emit_batch(emissions(2, clock=1) + emissions(1, clock=2))
    assert [result.success for result in results] == [True, False, True]
    assert results[1].error is not None
    assert results[1].error.startswith('HTTP 400: {"error":"INGEST_FAILED","message":"DuplicateClock: thread=t')
    assert seen == results
    assert results[2].clock == 2


async def test_large_batches_are_split(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    client = connect()
    results = await client.emit_batch(emissions(MAX_RECORDS + 1))
    assert all(result.success for result in results)
    assert [len(e.json()["records"]) for e in kernel.requests.of("emit_records")] == [MAX_RECORDS, 1]
    assert await client.emit_batch([]) == []


@pytest.mark.parametrize("version", ["0.2", "0.7"])
async def test_older_kernels_get_records_one_by_one(version: str) -> None:
    with Sandbox("syncropel", version=version, verify=True) as kernel:
        client = Client(endpoint=kernel.url, identity=Identity.static("did:example:me"))
        for _ in range(2):
            assert [result.success for result in await client.emit_batch(emissions(2))] == [True, True]
        methods = [exchange.target for exchange in kernel.requests]
        assert [record["body"]["n"] for record in await client.query_thread("t")] == [0, 1, 0, 1]
        await client.close()
    assert methods == ["/v1/records/batch"] + ["/v1/records"] * 4


async def test_mock_kernels_do_too() -> None:
    mock = MockKernel()
    client = Client(endpoint="http://mock", identity=Identity.static("did:example:me"), transport=mock.transport())
    results = await client.emit_batch(emissions(3))
    assert [result.record_id for result in results] == [record["id"] for record in mock.records]


async def test_all_arguments_are_checked_before_anything_is_sent(script: Any) -> None:
    kernel = script(httpx.Response(200, json={}))
    with pytest.raises(SyncropelKindError):
        await kernel.client().emit_batch([*emissions(1), *emissions(1, kind="bad")])
    with pytest.raises(ValueError):
        await kernel.client().emit_batch(emissions(MAX_RECORDS) + emissions(1, body={"x": float("nan")}))
    assert kernel.requests == []


async def test_a_batch_fails_open(script: Any) -> None:
    kernel = script(httpx.ConnectError("refused"))
    results = await kernel.client().emit_batch(emissions(2))
    assert [(r.success, r.error, r.retried) for r in results] == [(False, "ConnectError: refused", 2)] * 2
    assert len({request.content for request in kernel.requests}) == 1


@pytest.mark.parametrize(
    "answer", [{}, {"data": None}, {"data": ["x", {"status": 0}]}, [], {"data": [{"status": 200}]}]
)
async def test_answers_that_are_too_short(script: Any, answer: Any) -> None:
    results = await script(httpx.Response(200, content=json.dumps(answer).encode())).client().emit_batch(emissions(2))
    assert len(results) == 2
    assert results[1].error == "the kernel answered nothing for this record"


async def test_a_kernel_that_knew_batches_is_not_doubted(script: Any) -> None:
    good = httpx.Response(200, json={"data": [{"status": 200, "record": {"id": "a", "clock": 1}}]})
    kernel = script(good, httpx.Response(404, text="gone"))
    client = kernel.client()
    assert (await client.emit_batch(emissions(1)))[0].success
    assert (await client.emit_batch(emissions(1)))[0].error == "HTTP 404: gone"
    assert len(kernel.requests) == 2

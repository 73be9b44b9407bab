"""A flaky network never takes a caller down: every way to break, over real sockets, sync and async."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from syncropel import Client, EmitResult, Identity, SyncropelKindError
from wirewright.sandbox import Sandbox

RECORD: dict[str, Any] = {"act": "PUT", "kind": "core.x", "body": {"a": 1}, "thread": "t"}

# What breaks; how often the record is sent again; how the error begins.
BREAKS = {
    "connection reset": ("reset=", 2, ("ReadError", "WriteError", "RemoteProtocolError")),
    "reset within the answer": ("reset=mid", 2, ("ReadError", "RemoteProtocolError")),
    "connection closed": ("drop=", 2, ("RemoteProtocolError", "ReadError")),
    "silence until the timeout": ("silence=", 1, ("ReadTimeout",)),
    "answer cut short": ("truncate=20b", 2, ("RemoteProtocolError",)),
    "a proxy's page": ("html=", 2, ("HTTP 502: <html>",)),
    "400": ("status=400", 0, ("HTTP 400: ",)),
    "404": ("status=404", 0, ("HTTP 404: ",)),
    "409": ("status=409", 0, ("HTTP 409: ",)),
    "429": ("status=429", 0, ("HTTP 429: ",)),
    "500": ("status=500", 2, ("HTTP 500: ",)),
    "503": ("status=503", 2, ("HTTP 503: ",)),
    "an empty success": ("empty=", 0, ()),
    "a spoilt success": ("garble=", 0, ()),
}


@pytest.fixture
def kernel() -> Iterator[Sandbox]:
    """A sandbox whose answers are spoilt on purpose, so that they are not held to the spec."""
    with Sandbox("syncropel") as sandbox:
        yield sandbox


async def emit(client: Client, sync: bool) -> EmitResult:
    return client.emit_sync(**RECORD) if sync else await client.emit(**RECORD)


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("name", BREAKS)
async def test_emit_answers_and_never_raises(
    kernel: Sandbox, connect: Callable[..., Client], name: str, sync: bool
) -> None:
    fault, retried, errors = BREAKS[name]
    kernel.faults.add(fault)
    client = connect(timeout=0.2 if "silence" in fault else 5.0, max_retries=1 if "silence" in fault else 2)
    result = await emit(client, sync)
    await client.close()
    assert (result.success, result.retried) == (not errors, retried)
    assert result.error is None if not errors else str(result.error).startswith(errors)
    assert len(kernel.requests.of("emit_record")) == retried + 1


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_nobody_listens(sync: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = Client(endpoint=f"http://127.0.0.1:{port}", identity=Identity.static("did:example:me"), backoff_ms=0)
    result = await emit(client, sync)
    assert (result.success, result.retried, str(result.error)[:14]) == (False, 2, "ConnectError: ")


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_no_such_host(sync: bool) -> None:
    client = Client(endpoint="http://kernel.invalid", identity=Identity.static("did:example:me"), backoff_ms=0)
    result = await emit(client, sync)
    assert (result.success, str(result.error)[:14]) == (False, "ConnectError: ")


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_a_break_that_passes(kernel: Sandbox, connect: Callable[..., Client], sync: bool) -> None:
    kernel.faults.fail_next(2)
    result = await emit(connect(), sync)
    assert (result.success, result.retried) == (True, 2)
    assert kernel.call(lambda: len(kernel.rules.records)) == 1


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_an_answer_that_was_lost_is_had_again(
    kernel: Sandbox, connect: Callable[..., Client], sync: bool
) -> None:
    kernel.faults.add("truncate=5bx1")
    result = await emit(connect(), sync)
    assert (result.success, result.retried) == (True, 1)
    first, second = kernel.requests.of("emit_record")
    assert first.body == second.body
    assert kernel.call(lambda: len(kernel.rules.records)) == 1


@pytest.mark.parametrize("fault", ["reset=", "drop=", "html=", "garble=", "empty=", "truncate=3b", "status=500"])
async def test_reading_answers_nothing_and_never_raises(
    kernel: Sandbox, connect: Callable[..., Client], fault: str
) -> None:
    client = connect()
    await client.emit(**RECORD)
    kernel.faults.add(fault)
    assert await client.query_thread("t") == []
    assert await client.query(actor="did:example:me") == []
    assert await client.rich_query(filter={}) == {"records": []}
    assert (await client.search("x"))["hits"] == []
    assert await client.health() == {}
    await client.close()


async def test_grammar_errors_always_raise(kernel: Sandbox, connect: Callable[..., Client]) -> None:
    kernel.faults.add("drop=")
    client = connect()
    for sync in (False, True):
        with pytest.raises(SyncropelKindError):
            client.emit_sync(**{**RECORD, "kind": "bad"}) if sync else await client.emit(**{**RECORD, "kind": "bad"})
    assert len(kernel.requests) == 0

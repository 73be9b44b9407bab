"""Faults: how they are written, how they are decided, and what a client sees on a real socket."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.sandbox import Fault, Faults, Rules, Sandbox
from wirewright.sandbox.faults import KINDS, fault_from_json, parse_faults

# How they are written ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("latency=50ms±20ms", Fault("latency", 0.05, 0.02)),
        ("latency=2s+-0.5s:10%", Fault("latency", 2.0, 0.5, 0.1)),
        ("reset=1%", Fault("reset", probability=0.01)),
        ("reset=mid:1%", Fault("reset", probability=0.01, mid=True)),
        ("status=503:2%", Fault("status", 503, probability=0.02)),
        ("status=429x3@POST", Fault("status", 429, times=3, only="POST")),
        ("drop=x2@emit_record", Fault("drop", times=2, only="emit_record")),
        ("drop", Fault("drop")),
        ("silence=5s", Fault("silence", 5.0)),
        ("silence", Fault("silence")),
        ("truncate=100b:0.5%", Fault("truncate", 100, probability=0.005)),
        ("bandwidth=10kb", Fault("bandwidth", 10_000)),
        ("slice=3b", Fault("slice", 3)),
        ("drip=10ms:5%", Fault("drip", 0.01, probability=0.05)),
        ("slow_close=1s", Fault("slow_close", 1.0)),
        ("duplicate=0.25", None),
        ("html=1%", Fault("html", probability=0.01)),
    ],
)
def test_a_fault_is_written_in_a_few_characters(text: str, fault: Fault | None) -> None:
    if fault is None:
        with pytest.raises(ValueError, match="duplicate"):
            parse_faults(text)
    else:
        assert parse_faults(text) == ([fault], None)
        assert fault_from_json(fault.to_json()) == fault


def test_several_faults_and_a_seed_make_a_specification() -> None:
    faults, seed = parse_faults(" latency=5ms, reset=1%,seed=7 ")
    assert ([fault.kind for fault in faults], seed) == (["latency", "reset"], 7)
    assert parse_faults("") == ([], None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("explode=1%", "'explode' is not one of"),
        ("status", "status needs a value, such as status=503"),
        ("status=7", "'7' is no value for status"),
        ("reset=101%", "'101%' is not a probability"),
        ("latency=fast", "'fast' is no value for latency"),
        ("seed=x", "'x' is not a whole number"),
        ("slice=0b", "'0b' is no value for slice"),
        ("html=5s", "'5s' is no value for html"),
    ],
)
def test_a_mistake_is_named_with_its_entry(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=text.partition("=")[0]) as raised:
        parse_faults("drop=1%," + text)
    assert said in str(raised.value)


@given(st.text("abcdefghijklmnopqrstuvwxyz=:%@x0123456789.,_±ms~-+", max_size=40))
def test_any_text_is_a_specification_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert all(fault.kind in KINDS for fault in parse_faults(text)[0])


# How they are decided ----------------------------------------------------------------------------------------------


def decisions(faults: Faults, count: int = 300) -> list[str]:
    return [str(faults.plan(number, "GET", "op")) for number in range(count)]


def test_a_seed_makes_the_same_decisions_each_time() -> None:
    spec = "latency=50ms±20ms,reset=10%,status=503:20%"
    assert decisions(Faults(spec, 7)) == decisions(Faults(spec + ",seed=7"))
    assert decisions(Faults(spec, 7)) != decisions(Faults(spec, 8))


def test_a_probability_is_about_kept() -> None:
    hits = sum("reset" in plan for plan in decisions(Faults("reset=10%,seed=1"), 2000))
    assert 150 < hits < 250


def test_latency_stays_within_its_spread() -> None:
    faults = Faults("latency=50ms±20ms,seed=1")
    delays = [faults.plan(number, "GET", None).latency for number in range(500)]
    assert 0.03 <= min(delays) < 0.035
    assert 0.065 < max(delays) <= 0.07


def test_a_counted_fault_ends_and_a_limited_one_strikes_only_its_own() -> None:
    faults = Faults("status=503x2@POST,drop=x1@emit,seed=1")
    asked = [("GET", "list"), ("POST", "other"), ("POST", "emit"), ("POST", "other"), ("POST", "emit")]
    struck = [str(faults.plan(number, method, operation)) for number, (method, operation) in enumerate(asked)]
    assert struck == ["", "status", "status,drop", "", ""]
    assert faults.faults == []
    assert [entry for _, entry in faults.log] == ["status", "status,drop"]


# What a client sees ------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(sandbox: Sandbox) -> Iterator[Callable[..., httpx.Response]]:
    """Asks once for a note of a hundred characters, with one fault in force."""
    with httpx.Client(base_url=sandbox.url, timeout=0.5) as client:
        client.put("/notes/a", json={"text": "x" * 100})

        def once(chaos: str) -> httpx.Response:
            sandbox.faults.clear()
            sandbox.faults.add(chaos + ",seed=1")
            return client.get("/notes/a")

        yield once


WHOLE = '{"text":"' + "x" * 100 + '"}'


@pytest.mark.parametrize(
    ("chaos", "error"),
    [
        ("reset", httpx.ReadError),
        ("reset=mid", httpx.ReadError),
        ("drop", httpx.RemoteProtocolError),
        ("truncate", httpx.RemoteProtocolError),
        ("truncate=10b", httpx.RemoteProtocolError),
        ("silence", httpx.ReadTimeout),
    ],
)
def test_a_broken_connection_is_a_real_one(
    ask: Callable[..., httpx.Response], chaos: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(chaos)
    assert ask("seed=1").text == WHOLE


@pytest.mark.parametrize(
    "chaos", ["slice=7b", "drip=0.1ms", "bandwidth=100kb", "slow_close=1ms", "latency=1ms", "duplicate"]
)
def test_a_slow_or_sliced_answer_arrives_whole(ask: Callable[..., httpx.Response], chaos: str) -> None:
    assert ask(chaos).text == WHOLE


@pytest.mark.parametrize(
    ("chaos", "status", "content_type", "body"),
    [
        (
            "status=503",
            503,
            "application/json",
            '{"error":{"code":"injected_fault","message":"this failure was asked for"}}',
        ),
        ("html", 502, "text/html; charset=utf-8", "<html><head><title>502 Bad Gateway"),
        ("empty", 200, "application/json", ""),
        ("garble", 200, "application/json", '{"text":"xxxxx'),
    ],
)
def test_a_wrong_answer_is_a_whole_one(
    ask: Callable[..., httpx.Response], chaos: str, status: int, content_type: str, body: str
) -> None:
    answer = ask(chaos)
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    assert answer.text.startswith(body)
    assert answer.text != WHOLE


def test_a_duplicate_is_handled_twice(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.faults.add("duplicate=x1")
    client.put("/notes/a", json={"text": "x"})
    assert len(sandbox.rules.seen) == 2


def test_an_early_reset_keeps_the_request_from_the_rules(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.faults.fail_next(1, "reset", only="PUT")
    with pytest.raises(httpx.ReadError):
        client.put("/notes/a", json={"text": "x"})
    assert sandbox.rules.seen == []
    assert sandbox.requests[-1].status is None
    assert sandbox.requests[-1].faults == "reset"


def test_a_stream_is_cut_between_events_and_ends_silent(sandbox: Sandbox, client: httpx.Client) -> None:
    for text in "abcdefghij":
        client.put(f"/notes/{text}", json={"text": text})
    sandbox.faults.add("truncate,seed=2")
    got: list[str] = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("GET", "/watch", headers={"last-event-id": "0"}) as stream,
    ):
        got.extend(line for line in stream.iter_lines() if line.startswith("id:"))
    assert 0 < len(got) < 10


def test_silence_keeps_the_socket_open_until_its_time_is_over(spec: dict[str, Any], rules: type[Rules]) -> None:
    with Sandbox.from_spec(spec, rules=rules, chaos="silence=50ms") as sandbox:
        address = urlsplit(sandbox.url)
        with socket.create_connection((address.hostname, address.port), timeout=2) as raw:
            started = time.monotonic()
            raw.sendall(b"GET /notes HTTP/1.1\r\nhost: x\r\n\r\n")
            assert raw.recv(100) == b""
            assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    ("chaos", "error"),
    [("reset", httpx.ReadError), ("drop", httpx.RemoteProtocolError), ("truncate", httpx.RemoteProtocolError)],
)
async def test_faults_hold_in_process_too(
    spec: dict[str, Any], rules: type[Rules], chaos: str, error: type[Exception]
) -> None:
    async with Sandbox.from_spec(spec, rules=rules, chaos=chaos, serve=False) as sandbox:
        client = httpx.AsyncClient(transport=sandbox.transport(), base_url=sandbox.url)
        with pytest.raises(error):
            await client.get("/notes")

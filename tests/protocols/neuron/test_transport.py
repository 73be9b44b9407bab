"""HttpTransport against a scripted gateway: POST outcomes, authentication, streams that end in every way, backoff."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from holokai_neuron_sdk import HttpTransport, ReconnectInfo, TransportError
from holokai_neuron_sdk.protocol import AckFrame

from .conftest import MOMENT, ack, until

Reply = httpx.Response | Exception
JSON = {"content-type": "application/json"}
LEASE = json.dumps(
    {
        "type": "lease",
        "sentAt": "2025-01-01T00:00:00Z",
        "lease": {
            "leaseId": "l-1",
            "expiresAt": "2025-01-01T00:01:00Z",
            "task": {"taskId": "t-1", "workflowId": "w-1", "capability": "acme/echo", "input": None, "attempt": 0},
        },
    }
)
CANCEL = '{"type":"cancel","leaseId":"l-1","reason":"user","cancelledAt":"2025-01-01T00:00:00Z"}'


class Body(httpx.AsyncByteStream):
    """The chunks of a stream; it then ends, stays open, or breaks."""

    def __init__(self, *chunks: str, then: str = "end") -> None:
        self._chunks, self._then = chunks, then

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk.encode()
        if self._then == "stay":
            await asyncio.Event().wait()
        if self._then == "break":
            raise httpx.ReadError("cut")


class Gateway:
    """Answers POSTs and stream opens from lists; the last answer is repeated."""

    def __init__(self, posts: list[Reply] | None = None, streams: list[Reply] | None = None) -> None:
        self.posts = posts or [httpx.Response(200, json={"accepted": True})]
        self.streams = streams or [httpx.Response(200, stream=Body(then="stay"))]
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        queue = self.posts if request.method == "POST" else self.streams
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply.stream, Body):
            return httpx.Response(reply.status_code, headers=reply.headers, stream=reply.stream)
        return reply

    def transport(self, auth: Callable[[], Any] = lambda: "t", **options: Any) -> HttpTransport:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return HttpTransport(
            gateway_url="https://gw.example/base//",
            neuron_id=options.pop("neuron_id", "n-1"),
            auth=auth,
            client=client,
            initial_reconnect_delay_ms=options.pop("initial_reconnect_delay_ms", 0),
            **options,
        )


class Heard:
    """A subscriber that writes everything down."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.reconnects: list[ReconnectInfo] = []
        self.open_error: Exception | None = None

    async def on_open(self) -> None:
        self.events.append("open")
        if self.open_error:
            raise self.open_error

    async def on_close(self, reason: str) -> None:
        self.events.append(f"close: {reason}")

    async def on_frame(self, frame: Any) -> None:
        self.events.append(frame.type)

    async def on_error(self, err: BaseException) -> None:
        self.events.append(err)

    async def on_reconnecting(self, info: ReconnectInfo) -> None:
        self.reconnects.append(info)


async def life(gateway: Gateway, heard_enough: Callable[[Heard], bool], **options: Any) -> Heard:
    """Start a transport, wait until something was heard, stop it."""
    heard = Heard()
    transport = gateway.transport(**options)
    transport.subscribe(heard)
    await transport.start()
    await until(lambda: heard_enough(heard))
    await transport.stop()
    return heard


def tokens(*values: str) -> Callable[[], str]:
    left = list(values)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


# POSTs.


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (httpx.Response(200, json={"a": 1}), {"a": 1}),
        (httpx.Response(200, text="hi"), "hi"),
        (httpx.Response(200, headers=JSON), ""),
        (httpx.Response(204, headers=JSON), ""),
        (httpx.Response(200, headers=JSON, content=b"{broken"), "{broken"),
        (httpx.Response(200, headers={"content-type": "application/problem+json"}, content=b"{}"), "{}"),
    ],
)
async def test_a_2xx_answers_its_body(reply: httpx.Response, expected: Any) -> None:
    assert await Gateway([reply]).transport().post("/neuron/ack", ack()) == expected


@pytest.mark.parametrize(
    ("reply", "status", "message"),
    [
        (httpx.Response(404, text="nope"), 404, "/neuron/ack failed: 404 Not Found — nope"),
        (httpx.Response(500), 500, "/neuron/ack failed: 500 Internal Server Error"),
        (httpx.Response(302, headers={"location": "/x"}), 302, "/neuron/ack failed: 302 Found"),
        (httpx.Response(599), 599, "/neuron/ack failed: 599 "),
    ],
)
async def test_any_other_status_is_an_error(reply: httpx.Response, status: int, message: str) -> None:
    gateway = Gateway([reply])
    with pytest.raises(TransportError) as caught:
        await gateway.transport().post("/neuron/ack", ack())
    assert (caught.value.status_code, str(caught.value)) == (status, message)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(("second", "status"), [(200, None), (401, 401), (500, 500)])
async def test_a_401_is_tried_once_more_with_a_fresh_token(second: int, status: int | None) -> None:
    gateway = Gateway([httpx.Response(401), httpx.Response(second)])
    transport = gateway.transport(tokens("old", "new"))
    if status is None:
        await transport.post("/neuron/ack", ack())
    else:
        with pytest.raises(TransportError) as caught:
            await transport.post("/neuron/ack", ack())
        assert caught.value.status_code == status
    assert [r.headers["authorization"] for r in gateway.requests] == ["Bearer old", "Bearer new"]


async def test_what_the_client_raises_comes_out_of_post() -> None:
    with pytest.raises(httpx.ConnectError):
        await Gateway([httpx.ConnectError("refused")]).transport().post("/neuron/ack", ack())


async def test_what_auth_raises_comes_out_of_post() -> None:
    def auth() -> str:
        raise LookupError("no token")

    with pytest.raises(LookupError):
        await Gateway().transport(auth).post("/neuron/ack", ack())


async def test_a_post_carries_the_frame_and_keeps_the_path_prefix() -> None:
    gateway = Gateway()
    await gateway.transport().post("/neuron/ack", AckFrame(lease_id="l", output="é", completed_at=MOMENT))
    (request,) = gateway.requests
    assert str(request.url) == "https://gw.example/base/neuron/ack"
    assert request.headers["content-type"] == "application/json"
    assert (
        request.content
        == '{"type":"ack","leaseId":"l","output":"é","completedAt":"2025-01-02T03:04:05.678900Z"}'.encode()
    )


async def _token() -> str:
    return "t"


@pytest.mark.parametrize(
    "auth", [_token, lambda: asyncio.ensure_future(_token()), lambda: "t"], ids=["coroutine", "future", "text"]
)
async def test_auth_may_answer_anything_awaitable(auth: Callable[[], Any]) -> None:
    gateway = Gateway()
    await gateway.transport(auth).post("/neuron/ack", ack())
    assert gateway.requests[0].headers["authorization"] == "Bearer t"


# Streams.


async def test_the_stream_is_asked_for_so() -> None:
    gateway = Gateway()
    await life(gateway, lambda heard: heard.events == ["open"], neuron_id="n/1 é+&")
    (request,) = gateway.requests
    assert str(request.url) == "https://gw.example/base/neuron/events?neuronId=n%2F1%20%C3%A9%2B%26"
    assert (request.headers["accept"], request.headers["cache-control"]) == ("text/event-stream", "no-store")
    assert "last-event-id" not in request.headers


async def test_frames_come_in_order_whatever_their_event_name() -> None:
    body = Body(f"event: nonsense\ndata: {LEASE}\n\n: keepalive\n\ndata: {CANCEL}\n\n", then="stay")
    heard = await life(Gateway(streams=[httpx.Response(200, stream=body)]), lambda heard: len(heard.events) == 3)
    assert heard.events == ["open", "lease", "cancel", "close: clean close"]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "null",
        "7",
        '"x"',
        '{"type":"ping"}',
        '{"type":["lease"]}',
        '{"type":{}}',
        '{"a":1}',
        "[" * 5000,
        "\ufffd",
    ],
)
async def test_a_bad_frame_never_ends_the_stream(bad: str) -> None:
    body = Body(f"data: {bad}\n\n", f"data: {CANCEL}\n\n", then="stay")
    heard = await life(Gateway(streams=[httpx.Response(200, stream=body)]), lambda heard: "cancel" in heard.events)
    assert heard.events == ["open", "cancel", "close: clean close"]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (httpx.Response(200, stream=Body()), "clean close"),
        (httpx.Response(200, stream=Body("data: x", then="break")), "read error: ReadError('cut')"),
        (httpx.ConnectError("refused"), "fetch error: ConnectError('refused')"),
        (httpx.Response(503), "SSE open failed: 503 Service Unavailable"),
        (httpx.Response(302, headers={"location": "/x"}), "SSE open failed: 302 Found"),
        (httpx.Response(204), "SSE open failed: 204 No Content"),
        (httpx.Response(401), "SSE open failed: 401 Unauthorized"),
    ],
)
async def test_a_stream_that_ends_is_opened_again(first: Reply, reason: str) -> None:
    status = getattr(first, "status_code", 0)
    opened = status == 200
    streams = [first] * (2 if status == 401 else 1) + [httpx.Response(200, stream=Body(then="stay"))]
    heard = await life(Gateway(streams=streams), lambda heard: heard.events.count("open") == 1 + opened)
    assert [(info.attempt, info.reason) for info in heard.reconnects] == [(1, reason)]
    assert heard.events[-1] == "close: clean close"
    if opened:
        assert heard.events[:2] == ["open", f"close: {reason}"]


async def test_a_401_opens_once_more_with_a_fresh_token() -> None:
    gateway = Gateway(streams=[httpx.Response(401), httpx.Response(200, stream=Body(then="stay"))])
    heard = await life(gateway, lambda heard: "open" in heard.events, auth=tokens("old", "new"))
    assert [r.headers["authorization"] for r in gateway.requests] == ["Bearer old", "Bearer new"]
    assert heard.reconnects == []


async def test_auth_that_raises_is_asked_again_later() -> None:
    calls: list[int] = []

    def auth() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise LookupError("no token")
        return "t"

    heard = await life(Gateway(), lambda heard: "open" in heard.events, auth=auth)
    assert [info.reason for info in heard.reconnects] == ["auth callback raised: LookupError('no token')"]


async def test_a_callback_that_raises_costs_the_stream_and_no_more() -> None:
    heard = Heard()
    heard.open_error = RuntimeError("mine")
    transport = Gateway().transport()
    transport.subscribe(heard)
    await transport.start()
    await until(lambda: heard.reconnects)
    heard.open_error = None
    assert heard.events[:2] == ["open", "close: read error: RuntimeError('mine')"]
    await transport.stop()
    assert not transport.is_connected()


async def test_the_pause_doubles_up_to_the_longest_and_starts_again_after_a_good_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeping: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        sleeping.append(seconds)
        await real_sleep(0)

    monkeypatch.setattr("holokai_neuron_sdk.transport.asyncio.sleep", sleep)
    bad, good = httpx.Response(503), httpx.Response(200, stream=Body())
    gateway = Gateway(streams=[*[bad] * 9, good, bad, httpx.Response(200, stream=Body(then="stay"))])
    heard = await life(gateway, lambda heard: heard.events.count("open") == 2, initial_reconnect_delay_ms=500)
    delays = [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]
    assert [info.delay_ms for info in heard.reconnects] == [*delays, 500, 1000]
    assert [info.attempt for info in heard.reconnects] == [*range(1, 10), 1, 2]


@pytest.mark.parametrize(
    "streams",
    [
        [httpx.Response(200, stream=Body(then="stay"))],
        [httpx.Response(503)],
        [httpx.Response(401), httpx.Response(503)],
        [httpx.ConnectError("no")],
    ],
)
async def test_start_returns_when_the_first_attempt_is_decided_and_stop_always_does(streams: list[Reply]) -> None:
    transport = Gateway(streams=streams).transport(initial_reconnect_delay_ms=60_000)
    async with asyncio.timeout(2):
        await transport.start()
        await transport.start()
        await transport.stop()
        await transport.stop()
    assert not transport.is_connected()


async def test_a_peer_that_never_answers_blocks_neither_start_nor_stop() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(hang))
    transport = HttpTransport(
        gateway_url="http://gw", neuron_id="n", auth=lambda: "t", client=client, request_timeout=0.05
    )
    async with asyncio.timeout(2):
        await transport.start()
        starting = asyncio.ensure_future(transport.start())
        await transport.stop()
        await starting


async def test_silence_ends_a_stream_only_where_that_was_asked_for() -> None:
    heard = await life(Gateway(), lambda heard: bool(heard.reconnects), idle_timeout=0.05)
    assert heard.reconnects[0].reason.startswith("read error: TimeoutError")


async def test_a_transport_can_be_started_again_and_leaves_the_given_client_open() -> None:
    gateway = Gateway()
    transport = gateway.transport()
    heard = Heard()
    transport.subscribe(heard)
    for _ in range(2):
        await transport.start()
        assert transport.is_connected()
        await transport.stop()
    assert heard.events == ["open", "close: clean close"] * 2
    await transport.post("/neuron/ack", ack())


async def test_without_a_subscriber_frames_are_read_and_dropped() -> None:
    transport = Gateway(streams=[httpx.Response(200, stream=Body(f"data: {CANCEL}\n\n", then="stay"))]).transport()
    await transport.start()
    assert transport.is_connected()
    await transport.stop()

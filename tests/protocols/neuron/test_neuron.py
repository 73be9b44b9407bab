"""The neuron over a transport of one's own: what it POSTs, when, and what it tells its listeners."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from holokai_neuron_sdk import (
    Capability,
    DisconnectFrame,
    HandlerContext,
    HeartbeatLoop,
    Neuron,
    ReconnectInfo,
    RegisteredFrame,
    TransportError,
)
from holokai_neuron_sdk.protocol import HeartbeatInFlightEntry

from .conftest import MOMENT, cancel_frame, capability, lease_frame, until


class FakeTransport:
    """The five members that a neuron needs. `behave` maps a frame's type to what its POST does."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.behave: dict[str, Callable[[], Any]] = {}
        self.connected = False
        self.stopped = False
        self.callbacks: Any = None

    def subscribe(self, callbacks: Any) -> None:
        self.callbacks = callbacks

    def is_connected(self) -> bool:
        return self.connected

    async def start(self) -> None:
        self.connected = True
        await self.callbacks.on_open()

    async def stop(self) -> None:
        self.connected = False
        self.stopped = True
        await self.callbacks.on_close("clean close")

    async def post(self, path: str, frame: Any) -> None:
        assert not self.stopped, "POST after the transport was stopped"
        assert path == f"/neuron/{frame.type}"
        behaviour = self.behave.get(frame.type)
        if behaviour:
            result = behaviour()
            if asyncio.iscoroutine(result):
                await result
        self.posts.append(frame)

    @property
    def told(self) -> list[str]:
        """Final frames as short text, in the order of their delivery."""
        finals = [frame for frame in self.posts if frame.type in ("ack", "nack")]
        return [f"{f.type} {f.lease_id}" + (f" {f.kind}: {f.reason}" if f.type == "nack" else "") for f in finals]

    def types(self) -> list[str]:
        return [frame.type for frame in self.posts]


class Work:
    """A handler whose leases end when the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.contexts: dict[str, HandlerContext] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def __call__(self, task_input: Any, ctx: HandlerContext) -> Any:
        self.started.append(ctx.lease_id)
        self.contexts[ctx.lease_id] = ctx
        await self._ends.setdefault(ctx.lease_id, asyncio.Event()).wait()
        return {"done": ctx.lease_id}

    def end(self, lease_id: str) -> None:
        self._ends.setdefault(lease_id, asyncio.Event()).set()


def raising(error: Exception) -> Callable[[], Any]:
    def behave() -> None:
        raise error

    return behave


async def settle() -> None:
    """Let everything happen that can happen now."""
    for _ in range(30):
        await asyncio.sleep(0)


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def neuron(transport: FakeTransport, work: Work) -> Neuron:
    neuron = Neuron(neuron_id="n-1", transport=transport)
    neuron.register_handler(capability(1), work)
    return neuron


# Construction and life.


@pytest.mark.parametrize("given", [{}, {"gateway_url": "http://gw"}, {"auth": lambda: "t"}])
def test_it_needs_a_gateway_and_auth_or_a_transport(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Neuron(neuron_id="n", **given)


def test_it_makes_a_transport_outside_of_any_loop() -> None:
    neuron = Neuron(gateway_url="http://gw", neuron_id="n", auth=lambda: "t")
    assert not neuron.transport.is_connected()


async def test_it_does_not_start_without_handlers(transport: FakeTransport) -> None:
    with pytest.raises(RuntimeError):
        await Neuron(neuron_id="n", transport=transport).start()


async def test_handlers_are_registered_before_the_start(neuron: Neuron, work: Work) -> None:
    await neuron.start()
    await neuron.start()
    with pytest.raises(RuntimeError):
        neuron.register_handler(capability(), work)
    await neuron.stop()


async def test_stopped_is_stopped(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.start()
    await neuron.stop()
    await neuron.stop()
    await neuron.start()
    assert transport.types() == ["register"]


async def test_one_that_was_stopped_before_its_start_cannot_start(neuron: Neuron) -> None:
    await neuron.stop()
    with pytest.raises(RuntimeError):
        await neuron.start()


async def test_a_second_handler_for_a_type_replaces_the_first(neuron: Neuron, transport: FakeTransport) -> None:
    neuron.register_handler(capability(3), lambda task_input, ctx: "second")
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    assert [c.concurrency for c in transport.posts[0].capabilities] == [3]
    assert transport.posts[1].output == "second"
    await neuron.stop()


# Events.


async def test_listeners_hear_of_everything(neuron: Neuron, transport: FakeTransport) -> None:
    heard: list[Any] = []
    for name in (
        "connection:open",
        "connection:registered",
        "connection:close",
        "connection:reconnecting",
        "frame",
        "error",
        "made:up",
    ):
        neuron.on(name, lambda *args, name=name: heard.append((name, *args)))
    await neuron.start()
    registered = RegisteredFrame(session_id="s-1", capabilities=[capability()], accepted_at=MOMENT)
    await transport.callbacks.on_frame(registered)
    info, error = ReconnectInfo(1, 500, "r"), RuntimeError("e")
    await transport.callbacks.on_reconnecting(info)
    await transport.callbacks.on_error(error)
    await neuron.stop()
    assert heard == [
        ("connection:open",),
        ("frame", registered),
        ("connection:registered", {"session_id": "s-1", "capabilities": 1}),
        ("connection:reconnecting", info),
        ("error", error),
        ("connection:close", "clean close"),
    ]


async def test_a_listener_may_be_async_may_raise_and_may_leave(
    neuron: Neuron, transport: FakeTransport, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def slow() -> None:
        heard.append("slow")
        raise ValueError("from slow")

    neuron.on("connection:open", slow)
    neuron.on("connection:open", raising(ValueError("from quick")))
    off = neuron.on("connection:open", lambda: heard.append("gone"))
    off()
    off()
    await neuron.start()
    await settle()
    assert heard == ["slow"]
    assert "from slow" in caplog.text and "from quick" in caplog.text
    await neuron.stop()


async def test_frames_without_effect_are_only_told(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.start()
    await transport.callbacks.on_frame(DisconnectFrame(reason="r", reconnectable=False, sent_at=MOMENT))
    assert transport.types() == ["register"]
    assert transport.is_connected()
    await neuron.stop()


# Registration.


async def test_it_registers_before_on_open_returns_and_on_each_stream(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.start()
    assert transport.types() == ["register"]
    assert transport.posts[0].protocol_version == "1.0.0"
    await transport.callbacks.on_close("cut")
    await transport.callbacks.on_open()
    assert transport.types() == ["register", "register"]
    await neuron.stop()


async def test_a_register_that_fails_is_repeated(neuron: Neuron, transport: FakeTransport) -> None:
    transport.behave["register"] = raising(TransportError("busy", 503))
    await neuron.start()
    assert transport.posts == []
    del transport.behave["register"]
    await until(lambda: transport.posts)
    assert transport.types() == ["register"]
    await neuron.stop()


# Leases.


async def test_a_lease_is_run_and_acked(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    work.end("l-1")
    await settle()
    assert transport.told == ["ack l-1"]
    assert transport.posts[-1].output == {"done": "l-1"}
    await neuron.stop()


async def test_a_refusal_is_answered_before_the_next_frame_is_read(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame(capability="acme/unknown"))
    assert transport.told == ["nack l-1 retryable: no handler registered for capability"]
    await neuron.stop()


@pytest.mark.parametrize(
    ("own", "registered", "accepted"),
    [
        (None, {"type": "string"}, True),
        ({}, {"type": "null"}, False),
        (False, {"type": "null"}, False),
        (True, {"type": "null"}, True),
        ({"type": "string"}, {"type": "null"}, True),
    ],
)
async def test_the_schema_of_the_lease_comes_before_the_registered_one(
    transport: FakeTransport, own: Any, registered: Any, accepted: bool
) -> None:
    neuron = Neuron(neuron_id="n", transport=transport)
    neuron.register_handler(capability(), lambda task_input, ctx: 1, input_schema=registered)
    await neuron.start()
    frame = lease_frame(task_input="text")
    await transport.callbacks.on_frame(
        frame.model_copy(update={"lease": frame.lease.model_copy(update={"input_schema": own})})
    )
    await settle()
    assert transport.types()[-1] == ("ack" if accepted else "nack")
    await neuron.stop()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("cut"),
        TransportError("busy", 500),
        TransportError("limit", 429),
        TransportError("token", 401),
        LookupError("auth"),
    ],
)
async def test_an_ack_survives_failed_posts(
    neuron: Neuron, transport: FakeTransport, work: Work, error: Exception
) -> None:
    await neuron.start()
    failures = [error, error]
    transport.behave["ack"] = lambda: raising(failures.pop())() if failures else None
    await transport.callbacks.on_frame(lease_frame())
    work.end("l-1")
    await until(lambda: transport.told)
    assert transport.told == ["ack l-1"]
    await neuron.stop()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 413, 422])
async def test_an_answer_that_another_try_cannot_change_is_final(
    neuron: Neuron, transport: FakeTransport, work: Work, status: int
) -> None:
    tries: list[int] = []

    def refuse() -> None:
        tries.append(status)
        raise TransportError("no", status)

    transport.behave["ack"] = refuse
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    work.end("l-1")
    await settle()
    await neuron.stop(timeout=1)
    assert tries == [status]


async def test_a_handler_that_is_cancelled_before_its_first_step_is_reported(
    neuron: Neuron, transport: FakeTransport, work: Work
) -> None:
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await transport.callbacks.on_frame(cancel_frame())
    await settle()
    assert work.started == []
    assert transport.told == ["nack l-1 cancelled: handler aborted"]
    await neuron.stop()


async def test_a_second_cancel_does_not_disturb_the_nack(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    release = asyncio.Event()
    transport.behave["nack"] = release.wait
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    for _ in range(3):
        await transport.callbacks.on_frame(cancel_frame())
        await settle()
    assert work.contexts["l-1"].cancelled.is_set()
    release.set()
    await settle()
    assert transport.told == ["nack l-1 cancelled: handler aborted"]
    await neuron.stop()


async def test_a_cancel_during_the_ack_comes_too_late(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    release = asyncio.Event()
    transport.behave["ack"] = release.wait
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    work.end("l-1")
    await settle()
    await transport.callbacks.on_frame(cancel_frame())
    release.set()
    await settle()
    assert transport.told == ["ack l-1"]
    await neuron.stop()


async def test_leases_go_on_over_a_reconnect(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    await transport.callbacks.on_close("cut")
    work.end("l-1")
    await settle()
    assert transport.told == ["ack l-1"]
    await transport.callbacks.on_open()
    await neuron.stop()


# Capabilities.


async def test_an_update_is_told_to_the_gateway_and_holds_at_once(
    neuron: Neuron, transport: FakeTransport, work: Work
) -> None:
    await neuron.start()
    for name in ("a", "b", "c"):
        await transport.callbacks.on_frame(lease_frame(name))
    await neuron.update_capability("acme/echo", concurrency=2)
    await settle()
    assert work.started == ["a", "b"]
    assert transport.posts[-1].capability.concurrency == 2
    for name in ("a", "b", "c"):
        work.end(name)
    await neuron.stop()


async def test_an_update_before_the_start_goes_out_with_the_register(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.update_capability("acme/echo", concurrency=7)
    await neuron.start()
    assert [c.concurrency for c in transport.posts[0].capabilities] == [7]
    assert transport.types() == ["register"]
    await neuron.stop()


async def test_an_update_that_fails_is_logged(
    neuron: Neuron, transport: FakeTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.behave["update-capability"] = raising(TransportError("no", 500))
    await neuron.start()
    await neuron.update_capability("acme/echo", concurrency=2)
    assert "update-capability not delivered" in caplog.text
    await neuron.stop()


@pytest.mark.parametrize(
    ("name", "concurrency"), [("acme/unknown", 1), ("acme/echo", 0), ("acme/echo", -1), ("acme/echo", "many")]
)
async def test_a_wrong_update_changes_nothing(
    neuron: Neuron, transport: FakeTransport, name: str, concurrency: Any
) -> None:
    with pytest.raises(ValueError):
        await neuron.update_capability(name, concurrency=concurrency)
    await neuron.start()
    assert [c.concurrency for c in transport.posts[0].capabilities] == [1]
    await neuron.stop()


# Stop: concurrency 1, L1 running, L2 and L3 queued, L4 arrives after stop() (protocol sheet §12).


async def three_leases(neuron: Neuron, transport: FakeTransport) -> None:
    await neuron.start()
    for name in ("L1", "L2", "L3"):
        await transport.callbacks.on_frame(lease_frame(name))
    await settle()


NOT_STARTED = [f"nack {name} retryable: lease cancelled before start" for name in ("L2", "L3")]
REFUSED = "nack L4 retryable: neuron shutting down"


async def test_stop_drains(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    await three_leases(neuron, transport)
    stopping = asyncio.ensure_future(neuron.stop())
    await settle()
    await transport.callbacks.on_frame(lease_frame("L4"))
    work.end("L1")
    await stopping
    assert transport.told == [REFUSED, "ack L1", *NOT_STARTED]


async def test_stop_with_a_timeout_cancels_what_is_left(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    await three_leases(neuron, transport)
    stopping = asyncio.ensure_future(neuron.stop(timeout=0.05))
    await settle()
    await transport.callbacks.on_frame(lease_frame("L4"))
    await stopping
    assert transport.told == [REFUSED, "nack L1 cancelled: handler aborted", *NOT_STARTED]


async def test_stop_without_drain_loses_no_lease(neuron: Neuron, transport: FakeTransport, work: Work) -> None:
    await three_leases(neuron, transport)
    await neuron.stop(drain=False)
    assert transport.told == ["nack L1 cancelled: handler aborted", *NOT_STARTED]
    assert work.contexts["L1"].cancelled.is_set()


async def test_at_the_drain_timeout_the_event_is_set_before_the_handler_is_cancelled(transport: FakeTransport) -> None:
    async def turning(task_input: Any, ctx: HandlerContext) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("turned") from None

    neuron = Neuron(neuron_id="n", transport=transport)
    neuron.register_handler(capability(), turning)
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    await neuron.stop(timeout=0.01)
    assert transport.told == ["nack l-1 cancelled: handler aborted"]


async def test_a_stubborn_handler_is_waited_for_and_acked(transport: FakeTransport) -> None:
    release = asyncio.Event()

    async def stubborn(task_input: Any, ctx: HandlerContext) -> str:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    neuron = Neuron(neuron_id="n", transport=transport)
    neuron.register_handler(capability(), stubborn)
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    stopping = asyncio.ensure_future(neuron.stop(timeout=0.01))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    release.set()
    await stopping
    assert transport.told == ["ack l-1"]


async def test_heartbeats_go_on_through_the_drain(transport: FakeTransport, work: Work) -> None:
    neuron = Neuron(neuron_id="n", transport=transport, heartbeat_interval_ms=10)
    neuron.register_handler(capability(), work)
    await neuron.start()
    await transport.callbacks.on_frame(lease_frame())
    await settle()
    stopping = asyncio.ensure_future(neuron.stop())
    await asyncio.sleep(0)
    before = transport.types().count("heartbeat")
    await until(lambda: transport.types().count("heartbeat") >= before + 3)
    assert [entry.lease_id for entry in transport.posts[-1].in_flight] == ["l-1"]
    work.end("l-1")
    await stopping


async def test_a_stop_that_is_cancelled_still_stops_the_transport(
    neuron: Neuron, transport: FakeTransport, work: Work
) -> None:
    await three_leases(neuron, transport)
    stopping = asyncio.ensure_future(neuron.stop())
    await settle()
    stopping.cancel()
    await asyncio.wait({stopping})
    assert transport.stopped
    transport.stopped = False
    for name in ("L1", "L2", "L3"):
        work.end(name)
    await settle()


# The heartbeat loop on its own.


async def test_the_loop_beats_and_can_be_started_again(transport: FakeTransport) -> None:
    entry = HeartbeatInFlightEntry(lease_id="l", task_id="t", started_at=MOMENT)
    loop = HeartbeatLoop(transport=transport, neuron_id="n", in_flight=lambda: [entry], interval_ms=1)
    transport.connected = True
    for _ in range(2):
        seen = len(transport.posts)
        loop.start()
        loop.start()
        await until(lambda seen=seen: len(transport.posts) >= seen + 2)
        await loop.aclose()
        await loop.aclose()
    count = len(transport.posts)
    await asyncio.sleep(0.01)
    assert len(transport.posts) == count
    assert transport.posts[0].in_flight == [entry]


async def test_a_loop_that_is_started_again_while_a_beat_is_under_way_lives(transport: FakeTransport) -> None:
    release = asyncio.Event()
    transport.connected = True
    transport.behave["heartbeat"] = release.wait
    loop = HeartbeatLoop(transport=transport, neuron_id="n", in_flight=list, interval_ms=1)
    loop.start()
    await asyncio.sleep(0.01)
    loop.stop()
    loop.start()
    release.set()
    await until(lambda: len(transport.posts) >= 3)
    await loop.aclose()


async def test_a_tick_is_skipped_without_a_connection_and_never_raises(
    transport: FakeTransport, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[HeartbeatInFlightEntry]:
        raise LookupError("broken list")

    loop = HeartbeatLoop(transport=transport, neuron_id="n", in_flight=broken, logger=logging.getLogger("test"))
    await loop.tick()
    assert caplog.text == ""
    transport.connected = True
    await loop.tick()
    assert "broken list" in caplog.text


def test_the_capability_of_the_quick_start() -> None:
    assert Capability(type="example/echo", scope="any", concurrency=4).lease_ttl_ms is None


async def test_a_register_that_hangs_does_not_hold_up_the_stop(neuron: Neuron, transport: FakeTransport) -> None:
    transport.behave["register"] = asyncio.Event().wait
    starting = asyncio.ensure_future(neuron.start())
    await settle()
    async with asyncio.timeout(2):
        await neuron.stop()
        await starting


async def test_refusals_at_the_end_do_not_wait_for_each_other(
    neuron: Neuron, transport: FakeTransport, work: Work
) -> None:
    await three_leases(neuron, transport)
    waiting: list[asyncio.Event] = []

    async def slow() -> None:
        waiting.append(asyncio.Event())
        await waiting[-1].wait()

    transport.behave["nack"] = slow
    stopping = asyncio.ensure_future(neuron.stop(drain=False))
    await until(lambda: len(waiting) == 1)
    waiting[0].set()
    await until(lambda: len(waiting) == 3)
    for event in waiting:
        event.set()
    await stopping
    assert sorted(transport.told[1:]) == NOT_STARTED

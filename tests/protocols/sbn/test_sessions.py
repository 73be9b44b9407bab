"""Streaming sessions: what is sent, and what survives a broken network (issue 6).

Every fault is a real one on a real socket. After each: nothing sealed twice, nothing pulsed twice, order kept, and
the slot's
state is known.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from sbn import AsyncSbnClient, RetryConfig, SbnClient, SbnError, SbnTransportError, SlotSession
from wirewright.sandbox import ManualClock, Sandbox

STREAM: dict[str, Any] = {"worker_id": "tower-agents", "task_type": "t", "domain": "d"}
ONCE = RetryConfig(attempts=1)
FAULTS = ["drop", "reset", "status=503", "truncate"]
STEPS = ["gateway_create_slot", "bitblocks_submit", "gateway_seal_slot", "gateway_close_slot"]


def pulses(sandbox: Sandbox, tenant: str = "default") -> list[str]:
    """What the network holds, in the order it came."""
    return [block["payload"]["action"] for block in sandbox.rules.spaces[tenant].bitblocks.values()]


def bodies(sandbox: Sandbox, operation: str) -> list[Any]:
    return [exchange.json() for exchange in sandbox.requests.of(operation)]


def test_a_pulse_on_the_wire(client: SbnClient, sandbox: Sandbox) -> None:
    with client.open_slot(worker_id="tower-agents", task_type="t", domain="grid.atomic_rentals.streaming") as stream:
        stream.pulse(
            "delivery_picked_up",
            score=0.9,
            actions=[{"action": "delivery_picked_up", "score": 0.9}],
            interactions=[{"action": "route_quality", "score": 0.94}],
            events={"friendly": 1},
            booking_id="bk_123",
            status="picked_up",
            metadata={"interaction_id": "rental-123"},
        )

    assert bodies(sandbox, "gateway_create_slot") == [
        {
            "worker_id": "tower-agents",
            "task_type": "t",
            "generation_interval": 60,
            "metadata": {"generation_interval": 60},
        }
    ]
    assert bodies(sandbox, "bitblocks_submit") == [
        {
            "slot_id": stream.slot_id,
            "block_type": "Action",
            "domain": "grid.atomic_rentals.streaming",
            "payload": {
                "action": "delivery_picked_up",
                "pulse_type": "delivery_picked_up",
                "score": 0.9,
                "reinforced": True,
                "actions": [{"action": "delivery_picked_up", "score": 0.9}],
                "interactions": [{"action": "route_quality", "score": 0.94}],
                "events": {"total": 1, "hostile": 0, "neutral": 0, "friendly": 1},
                "booking_id": "bk_123",
                "status": "picked_up",
            },
            "metadata": {"interaction_id": "rental-123"},
        }
    ]


NO_EVENTS = {"total": 0, "hostile": 0, "neutral": 0, "friendly": 0}
EMPTY = {"actions": [], "interactions": [], "events": NO_EVENTS}
WORKER = {"worker_id": "tower-agents"}


@pytest.mark.parametrize(
    ("call", "kind", "payload", "metadata"),
    [
        (lambda s: s.action("act", score=0.5), "Action", {"action": "act", "score": 0.5, "reinforced": True}, WORKER),
        (lambda s: s.interaction(score=0.3), "Interaction", {"score": 0.3, "weight": 1.0}, WORKER),
        (
            lambda s: s.event({"event_type": "e", "score": "2"}),
            "Action",
            {"event_type": "e", "score": 2.0, "action": "e", "reinforced": True},
            WORKER,
        ),
        (lambda s: s.submit_raw(block_type="X", payload={"a": 1}), "X", {"a": 1}, None),
        (
            lambda s: s.yield_pulse("turn", y_delta=2),
            "Action",
            {
                "action": "turn",
                "pulse_type": "turn",
                "score": 1.0,
                "reinforced": True,
                "contribution": {
                    "role": "yield",
                    "y_delta": 2.0,
                    "support_delta": 60.0,
                    "severity": "info",
                    "state_hint": "turn",
                },
            },
            None,
        ),
        (
            lambda s: s.burden_pulse("late", burden_hint=3, weight=0.5),
            "Action",
            {
                "action": "late",
                "pulse_type": "late",
                "score": 1.0,
                "reinforced": True,
                "weight": 0.5,
                "contribution": {
                    "role": "burden",
                    "burden_hint": 3.0,
                    "omega_hint": 3.0,
                    "severity": "warning",
                    "state_hint": "late",
                },
            },
            None,
        ),
    ],
)
def test_each_helper_on_the_wire(
    call: Callable[[SlotSession], Any],
    kind: str,
    payload: dict[str, Any],
    metadata: Any,
    client: SbnClient,
    sandbox: Sandbox,
) -> None:
    with client.open_slot(**STREAM) as stream:
        call(stream)

    (said,) = bodies(sandbox, "bitblocks_submit")
    assert (said["block_type"], said["payload"], said.get("metadata")) == (kind, {**EMPTY, **payload}, metadata)


def test_a_profile_builds_the_contract(client: SbnClient, sandbox: Sandbox) -> None:
    with client.open_slot(**STREAM, metadata={"frontier_hint": "f.one"}, stream_profile="labor_v1"):
        pass

    metadata = bodies(sandbox, "gateway_create_slot")[0]["metadata"]
    assert metadata["frontier_id"] == "f.one"
    assert metadata["native_notes"]["stream_profile"] == "labor_v1"
    assert metadata["cost_components"]["compute"] == 1.0
    with pytest.raises(ValueError, match="Unsupported stream_profile: nope"):
        client.open_slot(**STREAM, stream_profile="nope").open()


def test_a_session_must_be_open(client: SbnClient) -> None:
    stream = client.open_slot(**STREAM)

    for call in (lambda: stream.pulse("p"), stream.seal, stream.close, lambda: stream.slot_id):
        with pytest.raises(RuntimeError, match="SlotSession not opened yet"):
            call()
    assert (stream.slot, stream.receipt, stream.last_seal, stream.submitted) == (None, None, None, [])


def test_a_session_can_join_an_open_slot(client: SbnClient, sandbox: Sandbox) -> None:
    slot = client.gateway.create_slot("w")
    stream = client.open_slot(**STREAM)

    stream.bind(slot.id)
    stream.pulse("joined")

    assert [block.payload["action"] for block in stream.list_bitblocks()] == ["joined"]
    assert stream.close().blocks_composed == 1


def test_what_the_body_raises_comes_out_and_the_slot_is_closed(client: SbnClient, sandbox: Sandbox) -> None:
    with pytest.raises(KeyError, match="mine"), client.open_slot(**STREAM) as stream:
        raise KeyError("mine")

    assert stream.receipt is not None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_any_step_repeats_nothing(step: str, fault: str, client: SbnClient, sandbox: Sandbox) -> None:
    sandbox.faults.fail_next(2, fault, only=step)

    with client.open_slot(**STREAM) as stream:
        stream.pulse("first")
        stream.seal()
        stream.pulse("second")

    (slot,) = sandbox.rules.spaces["default"].slots.values()
    assert pulses(sandbox) == ["first", "second"]
    assert slot["state"] == "closed"
    assert len(slot["_blocks"]) == 2
    assert stream.receipt is not None
    assert stream.receipt.blocks_composed == 2


@pytest.mark.parametrize("step", STEPS[1:])
def test_an_answer_that_is_no_json_is_an_error_and_the_slots_state_is_known(step: str) -> None:
    with Sandbox("sbn") as sandbox, SbnClient(base_url=sandbox.url, retry=ONCE) as client:
        client.authenticate_api_key("sbn_live_abc123")
        stream = client.open_slot(**STREAM)
        stream.open()
        sandbox.faults.fail_next(1, "garble", only=step)

        with pytest.raises(SbnError, match="not JSON"):
            stream.pulse("one")
            stream.seal()
            stream.close()
        receipt = stream.close()

        assert pulses(sandbox) == ["one"]
        assert receipt.blocks_composed == 1


@pytest.mark.parametrize("fault", ["reset", "status=503", "status=429"])
def test_pulses_that_cannot_be_sent_wait_in_order(
    fault: str, connect: Callable[..., SbnClient], sandbox: Sandbox
) -> None:
    client = connect(retry=ONCE)
    stream = client.open_slot(**STREAM, fail_open=True)
    stream.open()
    stream.pulse("one")
    sandbox.faults.fail_next(
        2 if fault == "reset" else 1, fault, only="bitblocks_submit"
    )  # a lost connection is tried anew once

    queued = stream.pulse("two")  # does not raise
    stream.pulse("three")
    waiting = stream.waiting
    seal = stream.seal()

    assert (queued.id, queued.payload["action"]) == ("", "two")
    assert waiting == 2
    assert pulses(sandbox) == ["one", "two", "three"]
    assert seal.blocks_composed == 1
    assert (stream.waiting, dict(stream.lost)) == (0, {})
    assert [block.payload["action"] for block in stream.submitted] == ["one", "two", "three"]


def test_a_pulse_that_arrived_unanswered_is_not_counted_twice(
    connect: Callable[..., SbnClient], sandbox: Sandbox
) -> None:
    stream = connect(retry=ONCE).open_slot(**STREAM, fail_open=True)
    stream.open()
    sandbox.faults.fail_next(1, "truncate", only="bitblocks_submit")  # handled, but the answer is cut

    stream.pulse("one")
    stream.close()

    assert len(sandbox.requests.of("bitblocks_submit")) == 2
    assert pulses(sandbox) == ["one"]


def test_while_the_network_is_away_pulses_cost_nothing(connect: Callable[..., SbnClient], sandbox: Sandbox) -> None:
    now = [0.0]
    stream = connect(retry=ONCE).open_slot(**STREAM, fail_open=True)
    stream._queue.clock = lambda: now[0]
    stream.open()
    sandbox.faults.fail_next(3, "status=503", only="bitblocks_submit")

    for number in range(5):
        stream.pulse(f"p{number}")
    tries = len(sandbox.requests.of("bitblocks_submit"))
    now[0] = 60.0
    stream.pulse("p5")

    assert tries == 1  # the others did not even try
    assert stream.waiting == 6
    assert stream.flush() == 6
    assert stream.flush() == 0
    assert pulses(sandbox) == [f"p{number}" for number in range(6)]


def test_what_the_network_refuses_is_counted_by_reason(connect: Callable[..., SbnClient], sandbox: Sandbox) -> None:
    client = connect(retry=ONCE)
    stream = client.open_slot(**STREAM, fail_open=True)
    stream.open()
    stream.pulse("one")
    client.gateway.close_slot(stream.slot_id)  # someone else closes the slot

    stream.pulse("two")
    stream.pulse("three")
    receipt = stream.close()

    assert dict(stream.lost) == {"slot_closed": 2}
    assert receipt.blocks_composed == 1
    assert pulses(sandbox) == ["one"]


def test_a_seal_never_overtakes_a_waiting_pulse(connect: Callable[..., SbnClient], sandbox: Sandbox) -> None:
    stream = connect(retry=ONCE).open_slot(**STREAM, fail_open=True)
    stream.open()
    sandbox.faults.fail_next(2, "status=503", only="bitblocks_submit")
    stream.pulse("one")

    with pytest.raises(SbnError):
        stream.seal()

    assert sandbox.requests.of("gateway_seal_slot") == []
    assert stream.waiting == 1
    assert stream.seal().blocks_composed == 1


def test_without_fail_open_a_lost_connection_is_raised(connect: Callable[..., SbnClient], sandbox: Sandbox) -> None:
    stream = connect(retry=ONCE).open_slot(**STREAM)
    stream.open()
    sandbox.faults.fail_next(2, "drop", only="bitblocks_submit")

    with pytest.raises(SbnTransportError, match="Failed to reach SBN"):
        stream.pulse("one")

    assert stream.submitted == []
    assert stream.close().blocks_composed == 0


def test_closing_twice_answers_the_same(client: SbnClient) -> None:
    with client.open_slot(**STREAM) as stream:
        stream.pulse("one")

    assert stream.close() == stream.close()


def test_generations_seal_on_their_own(client: SbnClient, clock: ManualClock) -> None:
    with client.open_slot(**STREAM, generation_interval=30) as stream:
        stream.pulse("one")
        clock.advance(31)
        second = stream.pulse("two")

    assert second.generation == 1
    assert stream.receipt is not None
    assert stream.receipt.blocks_composed == 2


def test_a_failed_attestation_is_told_not_raised(client: SbnClient, sandbox: Sandbox) -> None:
    with client.open_slot(**STREAM) as stream:
        stream.pulse("one")
        anchor = stream.seal()
    sandbox.faults.fail_next(1, "status=422", only="gateway_request_attestation")

    final = stream.finalize(request_attestation=True, snap_hash=anchor.anchor_hash)

    assert final.explicit_attestation_failed
    assert final.close.receipt_id
    assert final.attestation_error is not None
    assert final.attestation_error["status_code"] == 422
    assert final.attestation_error["error_type"] == "SbnError"
    assert final.attestation_error["retryable"] is False
    sandbox.faults.fail_next(1, "status=422", only="gateway_request_attestation")
    with pytest.raises(SbnError):
        stream.finalize(request_attestation=True, snap_hash=anchor.anchor_hash, strict_attestation=True)
    with pytest.raises(ValueError, match="requires snap_hash"):
        stream.finalize(request_attestation=True)


# Async --------------------------------------------------------------------------------------------------------------


async def async_client(sandbox: Sandbox, **options: Any) -> AsyncSbnClient:
    client = AsyncSbnClient(base_url=sandbox.url, retry=options.pop("retry", RetryConfig(backoff_factor=0)), **options)
    client.authenticate_api_key("sbn_live_abc123")
    return client


@pytest.mark.parametrize("step", STEPS)
async def test_the_async_session_survives_the_same(step: str, sandbox: Sandbox) -> None:
    sandbox.faults.fail_next(2, "drop", only=step)

    async with await async_client(sandbox) as client, client.stream_slot(**STREAM) as stream:
        await stream.pulse("first")
        await stream.seal()
        await stream.pulse("second")

    assert pulses(sandbox) == ["first", "second"]
    assert stream.receipt is not None
    assert stream.receipt.blocks_composed == 2


async def test_the_async_session_keeps_order_and_counts(sandbox: Sandbox) -> None:
    import asyncio

    async with await async_client(sandbox, retry=ONCE) as client:
        stream = client.stream_slot(**STREAM, fail_open=True)
        await stream.open()
        sandbox.faults.fail_next(1, "status=503", only="bitblocks_submit")
        await asyncio.gather(*(stream.pulse(f"p{number}") for number in range(5)))
        await stream.seal()
        final = await stream.finalize(request_attestation=True, snap_hash=stream.last_seal.anchor_hash)

    assert pulses(sandbox) == [f"p{number}" for number in range(5)]
    assert final.explicit_attestation_succeeded


async def test_the_async_clients_open_slot_serves_both_worlds(sandbox: Sandbox) -> None:
    async with await async_client(sandbox) as client:
        with client.open_slot(**STREAM) as blocking:
            blocking.pulse("blocking")
        async with client.open_slot(**STREAM) as awaited:
            await awaited.pulse("awaited")

    assert pulses(sandbox) == ["blocking", "awaited"]


def test_both_sessions_have_the_documented_signatures() -> None:
    expected = {"score", "weight", "reinforced", "contribution", "actions", "interactions", "events", "metadata"}

    assert expected <= set(inspect.signature(SlotSession.pulse.steps).parameters)

"""Frames, a session on a clock that stands still, and a gateway on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._session.machine import Session
from holokai_neuron_sdk._session.outputs import Note, Output, Send, StartHandler, StopHandler
from holokai_neuron_sdk._session.pace import Pace

MOMENT = datetime(2025, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)


def lease_frame(
    lease_id: str = "l-1", *, capability: str = "acme/echo", seconds: float = 60.0, task_input: Any = None, **task: Any
) -> protocol.LeaseFrame:
    return protocol.LeaseFrame(
        sent_at=MOMENT,
        lease=protocol.LeasePayload(
            lease_id=lease_id,
            expires_at=MOMENT + timedelta(seconds=seconds),
            task=protocol.TaskPayload(
                task_id=f"task-of-{lease_id}",
                workflow_id="w-1",
                capability=capability,
                input=task_input,
                attempt=0,
                **task,
            ),
        ),
    )


def cancel_frame(lease_id: str = "l-1") -> protocol.CancelFrame:
    return protocol.CancelFrame(lease_id=lease_id, reason="user", cancelled_at=MOMENT)


def ack(lease_id: str = "l-1", output: Any = None) -> protocol.AckFrame:
    return protocol.AckFrame(lease_id=lease_id, output=output, completed_at=MOMENT)


def nack(lease_id: str = "l-1", kind: Any = "retryable", reason: str = "boom") -> protocol.NackFrame:
    return protocol.NackFrame(lease_id=lease_id, kind=kind, reason=reason, failed_at=MOMENT)


def capability(concurrency: int = 1, name: str = "acme/echo") -> protocol.Capability:
    return protocol.Capability(type=name, scope="any", concurrency=concurrency)


def told(outputs: list[Output]) -> list[str]:
    """Outputs as short text, notes left out: `register`, `ack l-1`, `nack l-1 retryable: reason`, `start l-1`, `stop
    l-1`.
    """
    lines: list[str] = []
    for output in outputs:
        match output:
            case StartHandler():
                lines.append(f"start {output.lease.lease_id}")
            case StopHandler():
                lines.append(f"stop {output.lease_id}")
            case Send(frame=protocol.NackFrame() as frame):
                lines.append(f"nack {frame.lease_id} {frame.kind}: {frame.reason}")
            case Send(frame=protocol.AckFrame() as frame):
                lines.append(f"ack {frame.lease_id}")
            case Send(frame=protocol.HeartbeatFrame() as frame):
                lines.append(" ".join(["heartbeat", *(entry.lease_id for entry in frame.in_flight)]))
            case Send():
                lines.append(output.frame.type)
            case Note():
                pass
    return lines


def sends(outputs: list[Output]) -> list[Send]:
    return [output for output in outputs if isinstance(output, Send)]


def notes(outputs: list[Output]) -> list[str]:
    return [output.text for output in outputs if isinstance(output, Note)]


async def until(condition: Callable[[], object], tries: int = 4000) -> None:
    """Wait for what other tasks or processes bring about; the test fails when it does not come (20 s)."""
    for attempt in range(tries):
        if condition():
            return
        await asyncio.sleep(0 if attempt < 50 else 0.005)
    raise AssertionError("it did not come")


@pytest.fixture
def new_session() -> Callable[..., Session]:
    """Makes a session that offers acme/echo; jitter is off, so the pauses are exact."""

    def make(concurrency: int = 1, **pace: float) -> Session:
        session = Session("n-1", pace=Pace(jitter=lambda: 0.0, **pace), utcnow=lambda: MOMENT)
        session.offer(capability(concurrency), 0.0)
        return session

    return make

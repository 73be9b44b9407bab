"""What the gateway keeps: tasks, leases, neurons. Times are seconds since 1970 by the sandbox's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

TaskState = Literal["pending", "leased", "done", "failed", "cancelled"]
FINAL: frozenset[str] = frozenset({"done", "failed", "cancelled"})
NeuronKey = tuple[str, str]
"""Caller and neuron id."""


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Task:
    """A piece of work and everything that happened to it."""

    id: str
    type: str
    input: Any
    workflow_id: str
    on_behalf_of: str | None = None
    input_schema: Any = None
    output_schema: Any = None
    metadata: dict[str, Any] | None = None
    max_attempts: int = 5
    number: int = 0
    """Order of creation; the oldest pending task goes first."""
    state: TaskState = "pending"
    attempt: int = 0
    """Deliveries that counted, so far."""
    lease_id: str | None = None
    cancel_reason: str | None = None
    output: Any = None
    error: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def lane(self) -> tuple[str, str | None]:
        """Tasks of one lane wait in one queue."""
        return self.type, self.on_behalf_of

    def to_json(self) -> dict[str, Any]:
        """What `GET /_sandbox/tasks/{id}` shows."""
        shown = {
            "id": self.id,
            "type": self.type,
            "state": self.state,
            "attempt": self.attempt,
            "input": self.input,
            "output": self.output,
            "workflowId": self.workflow_id,
            "onBehalfOf": self.on_behalf_of,
            "leaseId": self.lease_id,
            "progress": self.progress,
            "error": self.error,
            "history": self.history,
        }
        return {name: value for name, value in shown.items() if value is not None or name in ("input", "output")}

    def payload(self) -> dict[str, Any]:
        """The task inside a lease frame."""
        optional = {"onBehalfOf": self.on_behalf_of, "metadata": self.metadata}
        return {
            "taskId": self.id,
            "workflowId": self.workflow_id,
            "capability": self.type,
            "input": self.input,
            "attempt": self.attempt,
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(slots=True)
class Lease:
    """One delivery. `ended` says how it ended, `ack` or `nack:<kind>` or `expired`; None while it lives."""

    id: str
    task_id: str
    neuron: NeuronKey
    type: str
    ttl: float
    sent_at: float
    expires_at: float
    ended: str | None = None
    cancel_sent: bool = False


@dataclass(slots=True)
class Offer:
    """A capability of a neuron, and how many of its leases are out."""

    type: str
    user: str | None
    """The only user whose tasks it takes, or None for everybody's."""
    concurrency: int
    ttl: float | None
    frame: dict[str, Any]
    out: int = 0
    not_before: float = 0.0
    """It has handed back a lease without starting it; leave it alone until then."""

    @classmethod
    def of(cls, frame: dict[str, Any]) -> Offer:
        """From a capability as registered."""
        scope, ttl = frame["scope"], frame.get("leaseTtlMs")
        user = None if scope == "any" else scope["onBehalfOf"]
        return cls(frame["type"], user, frame["concurrency"], ttl / 1000 if ttl else None, frame)


@dataclass(slots=True)
class Neuron:
    """A neuron as the gateway sees it. `send` puts a frame on its stream, `close` ends it; both None without a
    stream.
    """

    key: NeuronKey
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    session_id: str | None = None
    """None until it has registered on its present stream."""
    seen_at: float = 0.0
    alive: bool = True
    send: Callable[[dict[str, Any]], None] | None = None
    close: Callable[[], None] | None = None

    def to_json(self) -> dict[str, Any]:
        """What `GET /_sandbox/neurons` shows."""
        return {
            "neuronId": self.key[1],
            "caller": self.key[0],
            "connected": self.send is not None,
            "registered": self.session_id is not None,
            "alive": self.alive,
            "lastSeen": stamp(self.seen_at),
            "capabilities": [{**offer.frame, "outstanding": offer.out} for offer in self.offers.values()],
        }

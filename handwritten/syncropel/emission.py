"""Emitting a record, without the network: checks, envelope, clock, bytes, and what an outcome means (sheet §7).

`Client.emit` and `Client.emit_sync` are this, with one call of the async or the sync driver in the middle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wirewright.errors import RequestError

from syncropel import wire
from syncropel.checks import is_object, type_name
from syncropel.grammar import has_explicit_version, validate_kind
from syncropel.refs import merge_refs

if TYPE_CHECKING:
    from wirewright.response import Outcome

    from syncropel.identity import Identity


@dataclass
class EmitResult:
    """How an emit went. `error` says why not, `retried` how many times the record was sent again.

    `record_id` and `clock` are what the kernel answered; both are None when it answered no JSON object.
    """

    success: bool
    record_id: str | None = None
    clock: int | None = None
    error: str | None = None
    retried: int = 0
    kind: str = ""
    act: str = ""
    thread: str = ""


@dataclass(frozen=True, kw_only=True)
class Emission:
    """What one emit states: the arguments of `Client.emit` as a value, for `Client.emit_batch`."""

    act: str
    kind: str
    body: Mapping[str, Any]
    thread: str
    refs: list[dict[str, str]] | None = None
    parents: Sequence[str] | None = None
    data_type: str = "SCALAR"
    clock: int | None = None


def wall_clock_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Clocks:
    """Logical clocks of one actor, by thread: wall-clock milliseconds that never repeat nor go back."""

    def __init__(self, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._now_ms = now_ms
        self._last: dict[str, int] = {}

    def next(self, thread: str) -> int:
        """The next clock of `thread`."""
        clock = self._last[thread] = max(self._now_ms(), self._last.get(thread, 0) + 1)
        return clock


def build_envelope(emission: Emission, identity: Identity, clocks: Clocks) -> Mapping[str, Any]:
    """The record as it travels, signed where the identity has a key.

    Raises `SyncropelKindError`, `ValueError` or `TypeError` for what no retry mends; nothing was sent then.
    """
    validate_kind(emission.kind)
    if not emission.act:
        raise ValueError("emit requires a non-empty `act`")
    if not emission.thread:
        raise ValueError("emit requires a non-empty `thread`")
    if not is_object(emission.body):
        raise TypeError(f"body must be a dict; got {type_name(emission.body)}")
    clock = clocks.next(emission.thread) if emission.clock is None else emission.clock
    return envelope_of(
        identity,
        emission.act,
        _body(emission),
        thread=emission.thread,
        clock=clock,
        data_type=emission.data_type,
        parents=emission.parents,
    )


def envelope_of(
    identity: Identity,
    act: str,
    body: dict[str, Any],
    *,
    thread: str,
    clock: int,
    data_type: str = "SCALAR",
    parents: Iterable[str] | None = None,
) -> Mapping[str, Any]:
    """The seven fields in the order in which they travel, signed where the identity has a key."""
    return identity.sign(
        {
            "act": act,
            "actor": identity.actor_did,
            "body": body,
            "clock": clock,
            "data_type": data_type,
            "parents": sorted(parents or ()),
            "thread": thread,
        }
    )


def _body(emission: Emission) -> dict[str, Any]:
    body: dict[str, Any] = {**emission.body, "kind": emission.kind}
    if "_v" not in body and not has_explicit_version(emission.kind):
        body["_v"] = 1
    return merge_refs(body, emission.refs) if emission.refs else body


def to_result(outcome: Outcome[bytes | None], emission: Emission) -> EmitResult:
    """The result of one delivery. Raises `RequestError` when the request itself could not be built."""
    if isinstance(outcome.error, RequestError):
        raise outcome.error
    receipt = wire.json_object(outcome.value) if outcome.success else {}
    return EmitResult(
        success=outcome.success,
        record_id=receipt.get("id") or receipt.get("record_id") or None,
        clock=receipt.get("clock"),
        error=None if outcome.error is None else wire.describe(outcome.error),
        retried=max(outcome.attempts - 1, 0),
        kind=emission.kind,
        act=emission.act,
        thread=emission.thread,
    )

"""`sbn numa`: what takes more than a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirewright.calls import is_array
from wirewright.records import listed

Counted = tuple[dict[str, Any], dict[str, int]]


def ack(client: Any, signal_ids: Sequence[str], *, agent_id: str | None = None) -> Counted:
    """Acknowledge signals.

    Args:
        signal_ids: Ids of signals.
        agent_id: Who acknowledges.
    """
    answer = client.numa.ack_signals(signal_ids, agent_id=agent_id)
    return answer, {"count": answer.get("acknowledged", len(signal_ids))}


def publish(client: Any, signals: Any) -> Counted:
    """Publish signals from a file: an array, or one object.

    Args:
        signals: A JSON file with signals, or - for stdin.
    """
    said: list[Any] = signals if is_array(signals) else [signals]
    answer = client.numa.publish_signals(said)
    return answer, {"count": answer.get("published", len(said))}


def poll(
    client: Any, *, cursor: Sequence[str] | None = None, frontier_id: str | None = None, limit_per_lane: int = 10
) -> Counted:
    """Read several lanes at once.

    Args:
        cursor: lane=time; an empty time reads the lane from its start.
        frontier_id: Only this frontier.
        limit_per_lane: At most this many per lane.
    """
    cursors: dict[str, str | None] = {}
    for entry in cursor or ():
        lane, equals, since = entry.partition("=")
        if not equals or not lane:
            raise ValueError(f"A cursor is written lane=time, not {entry}")
        cursors[lane] = since or None
    answer = client.numa.poll_signals_multilane(cursors=cursors, frontier_id=frontier_id, limit_per_lane=limit_per_lane)
    return answer, {"total": sum(int(lane.get("count") or 0) for lane in listed(answer, "lanes"))}

"""Timestamps as the wire has them: ISO 8601 without a zone, in the server's local time, six digits of a second."""

from __future__ import annotations

from datetime import datetime


def stored(milliseconds: int) -> str:
    """A moment that was kept, to the millisecond."""
    return (
        datetime.fromtimestamp(milliseconds // 1000)
        .replace(microsecond=milliseconds % 1000 * 1000)
        .isoformat(timespec="microseconds")
    )


def fresh(seconds: float) -> str:
    """A moment that has just been, to the microsecond."""
    return datetime.fromtimestamp(seconds).isoformat(timespec="microseconds")


def local(seconds: float) -> datetime:
    """The server's wall clock."""
    return datetime.fromtimestamp(seconds)

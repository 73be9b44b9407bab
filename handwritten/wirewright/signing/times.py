"""When a message is good: the same two questions for tokens, webhooks and HTTP messages."""

from __future__ import annotations

from wirewright.signing.errors import TimestampError


def check_not_after(limit: float, now: float, tolerance: float, what: str) -> None:
    """Raises `TimestampError` when `limit` is past by `tolerance` seconds or more."""
    if now >= limit + tolerance:
        raise TimestampError(
            f"{what} ended {now - limit:.0f} s ago by our clock (tolerance {tolerance:g} s): it is old, or a clock is "
            "wrong",
            skew=now - limit,
            tolerance=tolerance,
        )


def check_not_before(limit: float, now: float, tolerance: float, what: str) -> None:
    """Raises `TimestampError` when `limit` is still more than `tolerance` seconds ahead."""
    if now < limit - tolerance:
        raise TimestampError(
            f"{what} is from {limit - now:.0f} s in the future by our clock (tolerance {tolerance:g} s): a clock is "
            "wrong",
            skew=now - limit,
            tolerance=tolerance,
        )

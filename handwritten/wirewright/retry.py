"""Whether, and after how long, a call is tried again. A pure decision: clock and randomness are passed in."""

from __future__ import annotations

from typing import Literal

import msgspec

DEFAULT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently.

    `attempts` counts the first one. The n-th pause is `base * factor**n` seconds, at most `cap`, and with `jitter="full"` a random
    part of it. A `Retry-After` of up to `respect_retry_after` seconds is obeyed; a longer one ends the call.
    A call that is not idempotent is repeated only when it carries an idempotency key or nothing of it was sent,
    unless `retry_unsafe`.
    """

    attempts: int = 3
    base: float = 0.1
    cap: float = 20.0
    factor: float = 2.0
    statuses: frozenset[int] = DEFAULT_STATUSES
    respect_retry_after: float = 120.0
    jitter: Literal["full", "none"] = "full"
    retry_unsafe: bool = False

"""Whether, and after how long, a call is tried again. Pure decisions: clock and randomness are passed in.

The default numbers: 3 attempts, full jitter between 0 and 0.1 s doubling up to 20 s, `Retry-After` honoured up to
120 s, and a quota shared by all calls of a client (capacity 500, a retry costs 14, one after throttling 5, a success
gives 1 back), so that a long outage is not made worse by its callers.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from wirewright.forks import ForkSafe

DEFAULT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
THROTTLED = frozenset({429})
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?").fullmatch


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently.

    - `attempts` counts the first one.
    - The pause before attempt n + 1 is `base * factor ** (n - 1)` seconds, at most `cap`; with `jitter="full"` a random
      part of it, with "none" all of it.
    - `statuses` are tried again, beside failures of the connection.
    - `respect_retry_after`: a `Retry-After` of up to so many seconds is obeyed instead of the pause, a longer one ends
      the call; None ignores the header.
    - A call that is not idempotent is repeated only when it carries an idempotency key, or when nothing of it was
      sent; `retry_unsafe` lifts that.
    """

    attempts: int = 3
    base: float = 0.1
    cap: float = 20.0
    factor: float = 2.0
    statuses: frozenset[int] = DEFAULT_STATUSES
    respect_retry_after: float | None = 120.0
    jitter: Literal["full", "none"] = "full"
    retry_unsafe: bool = False

    def pause(self, attempt: int, random: Callable[[], float]) -> float:
        """Seconds between attempt number `attempt` (from 1) and the next; `random` gives numbers in [0, 1)."""
        exponent = min(attempt - 1, 1000)
        try:
            longest = min(self.cap, self.base * self.factor**exponent)
        except OverflowError:
            longest = self.cap
        return longest * random() if self.jitter == "full" else longest


NO_RETRY = RetryPolicy(attempts=1)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a failed attempt. `status` is None when no answer came; `sent`: bytes may have been sent."""

    status: int | None = None
    headers: Mapping[str, str] = {}
    sent: bool = True


class Verdict(msgspec.Struct, frozen=True):
    """Try again after `delay` seconds; or, with None, give up for `reason`."""

    delay: float | None
    reason: str = ""
    retry_after: float | None = None


def decide(
    policy: RetryPolicy,
    failure: Failure,
    *,
    attempt: int,
    repeatable: bool,
    now: float,
    random: Callable[[], float],
) -> Verdict:
    """Whether attempt number `attempt` (from 1), which failed so, is followed by another.

    `repeatable`: the call is idempotent or carries an idempotency key. `now`: seconds since 1970.
    """
    asked = retry_after(failure.headers, now) if failure.status is not None else None
    wish = failure.headers.get("x-should-retry")
    if attempt >= policy.attempts:
        return Verdict(None, "attempts", asked)
    if wish == "false" or not (failure.status is None or failure.status in policy.statuses or wish == "true"):
        return Verdict(None, "status", asked)
    if failure.sent and not (repeatable or policy.retry_unsafe):
        return Verdict(None, "unsafe", asked)
    if asked is None or policy.respect_retry_after is None:
        return Verdict(policy.pause(attempt, random), "", asked)
    if asked > policy.respect_retry_after:
        return Verdict(None, "retry_after", asked)
    return Verdict(asked, "", asked)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds a `Retry-After` (RFC 9110) asks to wait, or `retry-after-ms`; a past date is 0, nonsense is None."""
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and _NUMBER(milliseconds):
        return float(milliseconds) / 1000
    text = (headers.get("retry-after") or "").strip()
    if not text:
        return None
    if _NUMBER(text):
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, moment - now)


def http_date(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None when it is none. A date without a zone is UTC."""
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class RetryQuota(ForkSafe):
    """A store of retries shared by many calls: emptied by failures, slowly refilled by successes. Thread-safe.

    `RetryQuota(capacity=math.inf)` never runs out.
    """

    def __init__(
        self, capacity: float = 500, *, retry_cost: float = 14, throttle_cost: float = 5, refund: float = 1
    ) -> None:
        super().__init__()
        self.capacity = capacity
        self.available: float = capacity
        self._retry_cost, self._throttle_cost, self._refund = retry_cost, throttle_cost, refund

    def acquire(self, status: int | None) -> float | None:
        """Pay for a retry after that failure: what it cost, or None when there is not enough left."""
        cost = self._throttle_cost if status in THROTTLED else self._retry_cost
        with self._lock:
            if cost > self.available:
                return None
            self.available -= cost
            return cost

    def succeeded(self, paid: float = 0) -> None:
        """A call succeeded: its last retry's cost comes back, or `refund` when there was none."""
        if self.available >= self.capacity:
            return
        with self._lock:
            self.available = min(self.capacity, self.available + (paid or self._refund))

    def __repr__(self) -> str:
        left = "unlimited" if math.isinf(self.capacity) else f"{self.available:g} of {self.capacity:g}"
        return f"<RetryQuota {left}>"

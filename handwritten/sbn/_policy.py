"""The SDK's promises about retries and credentials, in the runtime's terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wirewright.auth import Auth
from wirewright.retry import RetryPolicy, RetryQuota

if TYPE_CHECKING:
    from sbn._http import AuthState


def retry_policy(attempts: int, backoff: float, statuses: Sequence[int]) -> RetryPolicy:
    """All methods are tried again, after pauses that double and have no jitter (protocol sheet, section 2)."""
    return RetryPolicy(
        attempts=max(1, attempts),
        base=max(0.0, backoff),
        cap=float("inf"),
        statuses=frozenset(statuses),
        jitter="none",
        respect_retry_after=None,
        retry_unsafe=True,
    )


def no_quota() -> RetryQuota:
    """Every call has all its attempts, however many others failed before."""
    return RetryQuota(capacity=math.inf)


class StateAuth(Auth):
    """Adds what an `AuthState` holds at the moment of each attempt."""

    def __init__(self, state: AuthState) -> None:
        self._state = state

    def apply(self, request: Any, clock: Any) -> None:
        request.headers.update(self._state.headers())

"""How long a failed state waits before its retry (protocol sheet §6.9)."""

from __future__ import annotations

from collections.abc import Callable

from exospherehost.models import RetryPolicyModel

LONGEST = 2**62
"""Milliseconds; more would overflow the arithmetic of the jitter."""


def delay(policy: RetryPolicyModel, k: int, random: Callable[[], float]) -> int:
    """Milliseconds before the retry that follows the *k*-th failure (from 1).

    `random` gives a number in [0, 1). Products are cut to whole milliseconds; `max_delay` applies after the jitter.
    """
    if k < 1:
        raise ValueError(f"Retry count must be greater than or equal to 1, got {k}")
    family, _, jitter = policy.strategy.value.partition("_")
    base = min(_base(policy, family, k), LONGEST)
    if jitter == "FULL_JITTER":
        base = int(random() * base)
    elif jitter == "EQUAL_JITTER":
        base = int(base / 2 + random() * base / 2)
    return base if policy.max_delay is None else min(base, policy.max_delay)


def _base(policy: RetryPolicyModel, family: str, k: int) -> int:
    if family == "EXPONENTIAL":
        return int(policy.backoff_factor * policy.exponent ** (k - 1))
    if family == "LINEAR":
        return policy.backoff_factor * k
    return policy.backoff_factor

"""What a client was made with, shared by all its calls."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from wirewright.auth import AuthLike, check
from wirewright.breaker import Breaker
from wirewright.clock import Clock, SystemClock
from wirewright.hooks import HookSet
from wirewright.hosts import PerHost
from wirewright.messages import Timeout, header_problem
from wirewright.outbox import OutboxLike
from wirewright.parameters import literal
from wirewright.retry import NO_RETRY, RetryPolicy, RetryQuota

MAX_RESPONSE_BYTES = 512 * 1024 * 1024


class Settings:
    """See the module, and `wirewright.client` for the meaning of each."""

    __slots__ = (
        "auth",
        "breaker",
        "clock",
        "deadline",
        "headers",
        "hooks",
        "max_response_bytes",
        "origin",
        "outbox",
        "prefix",
        "quota",
        "random",
        "retry",
        "timeout",
    )

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthLike | None,
        retry: RetryPolicy | None,
        timeout: Timeout,
        deadline: float | None,
        headers: Mapping[str, str],
        outbox: OutboxLike | None = None,
        hooks: HookSet,
        breaker: Breaker | PerHost[Breaker] | None = None,
        quota: RetryQuota | PerHost[RetryQuota] | None = None,
        max_response_bytes: int | None = MAX_RESPONSE_BYTES,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.origin, self.prefix = split_base_url(base_url)
        check(auth)
        self.auth = auth
        self.retry = _policy(retry)
        self.timeout = timeout
        self.deadline = deadline
        self.headers = _sendable(headers)
        self.outbox = outbox
        self.hooks = hooks
        self.breaker = breaker
        self.quota = quota or RetryQuota()
        self.max_response_bytes = max_response_bytes
        self.clock: Clock = clock or SystemClock()
        self.random = random or _random.random

    def guards(self, origin: str) -> tuple[Breaker | None, RetryQuota]:
        """The breaker and the retry quota that calls to an origin go by."""
        breaker, quota = self.breaker, self.quota
        return (
            breaker.of(origin) if isinstance(breaker, PerHost) else breaker,
            quota.of(origin) if isinstance(quota, PerHost) else quota,
        )


def _policy(retry: object) -> RetryPolicy:
    if retry is None:
        return NO_RETRY
    if not isinstance(retry, RetryPolicy):
        raise TypeError(f"retry must be a RetryPolicy, such as RetryPolicy(attempts=3), or None, not {retry!r}")
    return retry


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if problem := header_problem(name, value):
            raise ValueError(problem)
    return {name.lower(): value for name, value in headers.items()}


def split_base_url(url: str) -> tuple[str, str]:
    """Origin and path prefix (without a slash at its end). Raises `ValueError`, which shows no more than the host."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # its text may show a part of a password
        raise ValueError("base_url is no URL: its host or port cannot be read") from None
    if parts.username is not None:
        raise ValueError("base_url must hold no credentials: give them as auth=")
    if parts.query or parts.fragment:
        raise ValueError(f"base_url must have no query and no fragment: {parts.scheme}://{parts.netloc}{parts.path}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(map(str.isspace, parts.netloc)):
        raise ValueError(f"base_url must be an absolute http or https URL, not {url!r}")
    return f"{parts.scheme}://{parts.netloc}", literal(parts.path).rstrip("/")

"""One of a kind per host, shared by all clients that are handed the same `PerHost`.

    breakers = PerHost(Breaker)
    quotas = PerHost(RetryQuota)
    Client("https://api.example.com", breaker=breakers, quota=quotas)

A host is an origin: scheme, name and port. Operations with a server of their own count for that server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from wirewright.forks import ForkSafe

T = TypeVar("T")


class PerHost(ForkSafe, Generic[T]):
    """Makes one `T` for each origin, when it is first asked for. Thread-safe."""

    def __init__(self, make: Callable[[], T]) -> None:
        super().__init__()
        self._make = make
        self._made: dict[str, T] = {}

    def of(self, origin: str) -> T:
        """The one of this origin (`https://api.example.com:8443`)."""
        found = self._made.get(origin)
        if found is not None:
            return found
        with self._lock:
            return self._made.setdefault(origin, self._make())

    def __repr__(self) -> str:
        return f"<PerHost {self._made!r}>"

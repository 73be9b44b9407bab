"""Nonces that were used."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable


class NonceStore(ABC):
    """Says of each nonce whether it is new."""

    @abstractmethod
    def check_and_record(self, nonce: str, ttl_seconds: float) -> bool:
        """True for one that is new; it is remembered for so many seconds."""


class InMemoryNonceStore(NonceStore):
    """For one process; safe to share between threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def check_and_record(self, nonce: str, ttl_seconds: float) -> bool:
        """True for one that is new; it is remembered for so many seconds."""
        now = self._monotonic()
        with self._lock:
            self._ends = {seen: end for seen, end in self._ends.items() if end > now}
            if nonce in self._ends:
                return False
            self._ends[nonce] = now + ttl_seconds
            return True

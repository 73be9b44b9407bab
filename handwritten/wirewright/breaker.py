"""A circuit breaker: when most calls fail, stop calling for a while, then probe. No I/O; the clock is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from wirewright.forks import ForkSafe

State = Literal["closed", "open", "half_open"]


class Breaker(ForkSafe):
    """Opens when at least `failure_rate` of the last `window` calls failed (not before `minimum` calls were seen).

    While open, calls are refused for `open_for` seconds, stretched by up to a tenth at random so that many processes do
    not come back at once. Then `probes` calls are let through: if they all succeed it closes, at the first failure it
    opens again. Thread-safe; may be shared by clients of one host.
    """

    def __init__(
        self,
        *,
        failure_rate: float = 0.5,
        window: int = 100,
        minimum: int = 100,
        open_for: float = 60.0,
        probes: int = 10,
    ) -> None:
        super().__init__()
        self._rate, self._minimum, self._open_for, self._probes = failure_rate, min(minimum, window), open_for, probes
        self._results: deque[bool] = deque(maxlen=window)
        self._failures = 0
        self._reopens_at = 0.0
        self._probing = 0
        self._probed = 0
        self._state: State = "closed"

    @property
    def state(self) -> State:
        """`open` may turn to `half_open` at the next call."""
        return self._state

    def allow(self, now: float) -> bool:
        """Whether a call may be made at `now` (monotonic seconds). Each allowed one must be recorded or released."""
        if self._state == "closed":
            return True
        with self._lock:
            if self._state == "open" and now >= self._reopens_at:
                self._state, self._probing, self._probed = "half_open", 0, 0
            if self._state == "half_open" and self._probing < self._probes:
                self._probing += 1
                return True
            return False

    def release(self) -> None:
        """An allowed call was never made, or its end says nothing about the server's health."""
        with self._lock:
            if self._state == "half_open":
                self._probing = max(self._probed, self._probing - 1)

    def record(self, ok: bool, now: float, random: Callable[[], float]) -> None:
        """How an allowed call ended."""
        with self._lock:
            if self._state == "half_open":
                self._record_probe(ok, now, random)
            elif self._state == "closed":
                self._record_call(ok, now, random)

    def _record_probe(self, ok: bool, now: float, random: Callable[[], float]) -> None:
        if not ok:
            self._open(now, random)
            return
        self._probed += 1
        if self._probed >= self._probes:
            self._state = "closed"

    def _record_call(self, ok: bool, now: float, random: Callable[[], float]) -> None:
        if len(self._results) == self._results.maxlen:
            self._failures -= not self._results[0]
        self._results.append(ok)
        self._failures += not ok
        if len(self._results) >= self._minimum and self._failures >= self._rate * len(self._results):
            self._open(now, random)

    def _open(self, now: float, random: Callable[[], float]) -> None:
        self._state = "open"
        self._reopens_at = now + self._open_for * (1 + 0.1 * random())
        self._results.clear()
        self._failures = 0

    def __repr__(self) -> str:
        return f"<Breaker {self._state}>"

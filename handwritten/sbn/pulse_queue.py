"""The pulses of a session on their way: sent in order, each with a key of its own, and never twice."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wirewright.calls import Steps

from sbn.bitblocks import BitBlock
from sbn.errors import SbnError, SbnTransportError
from sbn.slot_results import is_passing

log = logging.getLogger("sbn.streaming")
BUFFER_LIMIT = 10_000
MAX_PAUSE = 30.0


@dataclass(slots=True)
class Pending:
    """A BitBlock on its way: its fields, its key, and what the network made of it."""

    fields: dict[str, Any]
    key: str
    block: BitBlock | None = None

    def queued(self) -> BitBlock:
        """The BitBlock as far as it is known before it is delivered."""
        known: dict[str, Any] = {
            name: self.fields.get(name) for name in ("slot_id", "block_type", "domain", "payload", "operation_id")
        }
        return BitBlock(
            id="", generation=0, metadata=self.fields.get("metadata") or {}, idempotency_key=self.key, **known
        )


class PulseQueue:
    """Sends what it is given. With `fail_open` what cannot be sent waits, and what waits goes first.

    `lost` counts the pulses that were given up, by reason: the error's code, `http_<status>` or `buffer_full`.
    Its methods are flows; the session's lock must be held while one runs.
    """

    def __init__(self, bitblocks: Any, *, fail_open: bool, clock: Callable[[], float]) -> None:
        self._bitblocks = bitblocks
        self.fail_open = fail_open
        self.clock = clock
        self.submitted: list[BitBlock] = []
        self.waiting: deque[Pending] = deque()
        self.lost: Counter[str] = Counter()
        self._failures = 0
        self._not_before = 0.0

    def take(self, pending: Pending) -> Steps[BitBlock]:
        """The BitBlock as the network has it, or (with `fail_open`) as far as it is known."""
        if not self.fail_open:
            yield from self._send(pending, patient=True)
        elif len(self.waiting) >= BUFFER_LIMIT:
            self.lost["buffer_full"] += 1
            log.warning("slot %s: a pulse was dropped, %d are waiting", pending.fields["slot_id"], BUFFER_LIMIT)
        else:
            self.waiting.append(pending)
            if self.clock() >= self._not_before:
                yield from self.drain(patient=False)
        return pending.block or pending.queued()

    def drain(self, *, patient: bool) -> Steps[Exception | None]:
        """Deliver from the head; stop at the first failure that may pass, and answer it.

        `patient`: with the client's retries; else one attempt.
        """
        while self.waiting:
            head = self.waiting[0]
            try:
                yield from self._send(head, patient=patient)
            except (SbnError, SbnTransportError) as error:
                if is_passing(error):
                    self._failures += 1
                    self._not_before = self.clock() + min(MAX_PAUSE, 0.5 * 2**self._failures)
                    return error
                self._lose(head, error)
            self._failures, self._not_before = 0, 0.0
            self.waiting.popleft()
        return None

    def deliver_all(self) -> Steps[None]:
        """Nothing may be sealed or closed ahead of a pulse that came before."""
        error = yield from self.drain(patient=True)
        if error is not None:
            raise error

    def _send(self, pending: Pending, *, patient: bool) -> Steps[None]:
        submit_once = getattr(self._bitblocks, "submit_once", None)
        if submit_once is None:  # another client's object
            pending.block = yield lambda: self._bitblocks.submit(**pending.fields)
        else:
            pending.block = yield lambda: submit_once(pending.fields, pending.key, patient)
        assert pending.block is not None
        self.submitted.append(pending.block)

    def _lose(self, pending: Pending, error: Exception) -> None:
        status = getattr(error, "status_code", 0)
        self.lost[str(getattr(error, "code", None) or f"http_{status}")] += 1
        log.warning("slot %s: the network refused a pulse: %s", pending.fields["slot_id"], error)

"""Stopping runs between steps (sheet §7.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .artifact import ProofArtifact, ProofStatus, utc_now

__all__ = ["INTERRUPTED", "InterruptionHandler", "InterruptionSignal"]

INTERRUPTED = "interrupted"
"""The step id of the proof that a run was interrupted."""


@dataclass
class InterruptionSignal:
    signal_type: str
    signal_hash: str = ""
    source: str = ""
    reason: str = ""
    received_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        return {
            "signal_type": self.signal_type,
            "signal_hash": self.signal_hash,
            "source": self.source,
            "reason": self.reason,
            "received_at": self.received_at.isoformat(),
        }


class InterruptionHandler:
    """One switch for all runs of a runner, children included.

    A signal stops the runs that are under way; a run that starts later begins with a clear switch.
    """

    def __init__(self) -> None:
        self._signal: InterruptionSignal | None = None
        self._listeners: set[Callable[[], None]] = set()

    @property
    def is_triggered(self) -> bool:
        return self._signal is not None

    @property
    def signal(self) -> InterruptionSignal | None:
        return self._signal

    def trigger(self, signal: InterruptionSignal) -> None:
        self._signal = signal
        for listener in tuple(self._listeners):
            listener()

    def reset(self) -> None:
        self._signal = None

    async def wait(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - as the original
        """Wait up to `timeout` seconds for a signal; says whether there is one."""
        if self._signal is not None:
            return True
        loop = asyncio.get_running_loop()
        event = asyncio.Event()

        def listener() -> None:
            loop.call_soon_threadsafe(event.set)

        self._listeners.add(listener)
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return self.is_triggered
        finally:
            self._listeners.discard(listener)
        return True

    def build_interruption_proof(self, last_completed_step: str, run_id: str, spec_version: str) -> ProofArtifact:
        """The proof that a run was stopped: never sealed, and no leaf of the Merkle root."""
        signal = self._signal
        return ProofArtifact(
            step_id=INTERRUPTED,
            spec_version=spec_version,
            inputs_fingerprint=f"interrupt:{run_id}:{last_completed_step}",
            outputs_fingerprint="",
            proof_hash=signal.signal_hash if signal else "",
            block_ref="",
            status=ProofStatus.INTERRUPTED,
            metrics={
                "last_completed_step": last_completed_step,
                "run_id": run_id,
                "signal": signal.to_dict() if signal else {},
            },
        )

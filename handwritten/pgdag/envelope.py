"""The envelope of a step: what went in, what came out, and the captures of both (sheet §3.3)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from wirewright.narrow import is_mapping

from .artifact import canonical_fingerprint, utc_now
from .calls import settle

__all__ = ["SNAPCHORE_CAPTURE_TIMEOUT_SECONDS", "SnapChoreCapture", "StepEnvelope", "StepEnvelopeBuilder"]


def _timeout_from_environment() -> float:
    try:
        return max(0.0, float(os.environ.get("PGDAG_SNAPCHORE_CAPTURE_TIMEOUT_SECONDS", "0.35")))
    except ValueError:
        return 0.35


SNAPCHORE_CAPTURE_TIMEOUT_SECONDS = _timeout_from_environment()
"""How long a capture may hold up a step, in seconds; 0 switches captures off. Read once, at import."""


@runtime_checkable
class SnapChoreCapture(Protocol):
    """Anything that can capture a payload and answer with an object that describes it."""

    def capture(self, payload: Any, volatile_keys: list[str] | None = None) -> Any: ...


@dataclass
class StepEnvelope:
    step_id: str
    spec_version: str
    inputs: dict[str, Any]
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    actor: str = ""
    inputs_fingerprint: str = ""
    outputs: Any = None
    outputs_fingerprint: str = ""
    inputs_capture: dict[str, Any] | None = None
    outputs_capture: dict[str, Any] | None = None
    created_at: datetime = field(default_factory=utc_now)

    def to_seal_payload(self) -> dict[str, Any]:
        """The part of a seal document that the envelope gives."""
        return {
            "step_id": self.step_id,
            "spec_version": self.spec_version,
            "inputs_fingerprint": self.inputs_fingerprint,
            "outputs_fingerprint": self.outputs_fingerprint,
            "actor": self.actor,
            "created_at": self.created_at.isoformat(),
        }

    def capture_metrics(self) -> dict[str, Any]:
        """Captures as metrics; fingerprints are always computed here, never taken from a server."""
        metrics: dict[str, Any] = {"fingerprint_mode": "canonical_primary"}
        if self.inputs_capture:
            metrics["snapchore_inputs_capture"] = self.inputs_capture
        if self.outputs_capture:
            metrics["snapchore_outputs_capture"] = self.outputs_capture
        return metrics


class StepEnvelopeBuilder:
    """Builds envelopes; captures are best effort and bounded in time."""

    def __init__(self, snapchore: SnapChoreCapture | None = None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._snapchore = snapchore
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None

    def for_loop(self, loop: asyncio.AbstractEventLoop) -> StepEnvelopeBuilder:
        """The same, for a run whose client may be an async one that answers in `loop`."""
        builder = StepEnvelopeBuilder(self._snapchore, clock=self._clock)
        builder._loop = loop
        return builder

    @property
    def blocking(self) -> bool:
        """Does building wait for a capture?"""
        return self._snapchore is not None and SNAPCHORE_CAPTURE_TIMEOUT_SECONDS > 0

    def build(
        self,
        step_id: str,
        spec_version: str,
        inputs: dict[str, Any],
        *,
        config: dict[str, Any] | None = None,
        actor: str = "",
    ) -> StepEnvelope:
        """Fingerprint and capture the inputs.

        Raises:
            TypeError: keys in the inputs cannot be sorted.
        """
        return StepEnvelope(
            step_id=step_id,
            spec_version=spec_version,
            inputs=inputs,
            config=config or {},
            actor=actor,
            inputs_fingerprint=canonical_fingerprint(inputs),
            inputs_capture=self._capture(inputs),
            created_at=self._clock(),
        )

    def finalize(self, envelope: StepEnvelope, outputs: Any) -> StepEnvelope:
        """Fingerprint and capture the outputs, on the same envelope."""
        envelope.outputs = outputs
        envelope.outputs_fingerprint = canonical_fingerprint(outputs)
        envelope.outputs_capture = self._capture(outputs)
        return envelope

    def _capture(self, data: Any) -> dict[str, Any] | None:
        if self._snapchore is None or SNAPCHORE_CAPTURE_TIMEOUT_SECONDS <= 0:
            return None
        return _bounded_capture(self._snapchore, data, SNAPCHORE_CAPTURE_TIMEOUT_SECONDS, self._loop)


def _bounded_capture(
    snapchore: SnapChoreCapture, data: Any, timeout: float, loop: asyncio.AbstractEventLoop | None
) -> dict[str, Any] | None:
    """The answer if it comes in time; a slow one is left to end on its own, unheard."""
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        try:
            answer = settle(snapchore.capture(data), loop)
        except Exception:  # best effort by contract: a capture never fails a step
            return
        if is_mapping(answer):
            answers.append({str(key): value for key, value in answer.items()})

    thread = threading.Thread(target=ask, name="pgdag-capture", daemon=True)
    thread.start()
    thread.join(timeout)
    return answers[0] if answers else None

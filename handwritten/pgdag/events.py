"""Progress of a run, for whoever wants to show or count it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .artifact import ProofArtifact

__all__ = ["StepEvent", "StepEventKind"]

StepEventKind = Literal["started", "completed", "failed", "skipped", "waiting", "retrying"]


@dataclass(frozen=True)
class StepEvent:
    """Something happened to a step. `seconds` is its run time, `attempt` the number of the try that failed."""

    kind: StepEventKind
    run_id: str
    step_id: str
    seconds: float = 0.0
    attempt: int = 1
    error: str | None = None
    proof: ProofArtifact | None = None

"""How far an engine has moved from its baseline (sheet §10.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .artifact import utc_now

__all__ = ["DriftDetector", "DriftReport"]


@dataclass
class DriftReport:
    engine_id: str
    drifted: bool
    magnitude: float
    dimensions: dict[str, float] = field(default_factory=dict[str, float])
    recommendation: str = ""
    reasoning: str = ""
    detected_at: datetime = field(default_factory=utc_now)

    def to_dict(self) -> dict[str, Any]:
        return {
            "engine_id": self.engine_id,
            "drifted": self.drifted,
            "magnitude": self.magnitude,
            "dimensions": self.dimensions,
            "recommendation": self.recommendation,
            "reasoning": self.reasoning,
            "detected_at": self.detected_at.isoformat(),
        }


@dataclass(frozen=True)
class _Dimension:
    """One measure: its value, its part of the magnitude, and what to say if it went too far."""

    name: str
    value: float
    weight: float
    reason: str = ""


class DriftDetector:
    """Compares recent figures with baseline ones, dimension by dimension.

    The template distribution counts as fully drifted whenever both are given, unless `exact_template_drift` asks for
    the Jensen-Shannon-like distance between them (0 for equal ones, at most 1).
    """

    def __init__(
        self,
        *,
        template_drift_threshold: float = 0.25,
        success_rate_floor: float = 0.80,
        yield_drift_threshold: float = 0.15,
        timing_drift_factor: float = 2.0,
        exact_template_drift: bool = False,
    ) -> None:
        self._template_threshold = template_drift_threshold
        self._success_floor = success_rate_floor
        self._yield_threshold = yield_drift_threshold
        self._timing_factor = timing_drift_factor
        self._exact = exact_template_drift

    def detect(
        self,
        engine_id: str,
        *,
        current_template_dist: Mapping[str, int] | None = None,
        baseline_template_dist: Mapping[str, int] | None = None,
        recent_success_rate: float = 1.0,
        baseline_success_rate: float = 1.0,
        recent_yield: float = 0.0,
        baseline_yield: float = 0.0,
        recent_avg_duration_ms: float = 0,
        baseline_avg_duration_ms: float = 0,
    ) -> DriftReport:
        """Drifted means two reasons, or a magnitude beyond 0.5. A dimension without a baseline is left out."""
        measured = (
            self._template(current_template_dist, baseline_template_dist),
            self._success(recent_success_rate, baseline_success_rate),
            self._yield(recent_yield, baseline_yield),
            self._timing(recent_avg_duration_ms, baseline_avg_duration_ms),
        )
        found = [dimension for dimension in measured if dimension is not None]
        reasons = [dimension.reason for dimension in found if dimension.reason]
        magnitude = round(max((dimension.weight for dimension in found), default=0.0), 4)
        drifted = len(reasons) >= 2 or magnitude > 0.5
        return DriftReport(
            engine_id=engine_id,
            drifted=drifted,
            magnitude=magnitude,
            dimensions={dimension.name: round(dimension.value, 4) for dimension in found},
            recommendation="mutate" if drifted else "monitor" if reasons else "no_action",
            reasoning="; ".join(reasons) or "no significant drift",
        )

    def _template(self, current: Mapping[str, int] | None, baseline: Mapping[str, int] | None) -> _Dimension | None:
        if not current or not baseline:
            return None
        value = _distance(current, baseline) if self._exact else 1.0
        threshold = self._template_threshold
        reason = f"template distribution drifted {value:.2%} (threshold {threshold:.0%})" if value > threshold else ""
        return _Dimension("template_distribution", value, value, reason)

    def _success(self, recent: float, baseline: float) -> _Dimension | None:
        if baseline <= 0:
            return None
        drop, floor = baseline - recent, self._success_floor
        reason = f"success rate {recent:.1%} below floor {floor:.1%}" if recent < floor else ""
        return _Dimension("success_rate", drop, min(1.0, drop), reason)

    def _yield(self, recent: float, baseline: float) -> _Dimension | None:
        if baseline <= 0:
            return None
        change, threshold = abs(baseline - recent) / baseline, self._yield_threshold
        reason = f"yield drifted {change:.2%} (threshold {threshold:.0%})" if change > threshold else ""
        return _Dimension("yield_trajectory", change, min(1.0, change), reason)

    def _timing(self, recent: float, baseline: float) -> _Dimension | None:
        if recent <= 0 or baseline <= 0:
            return None
        times, factor = recent / baseline, self._timing_factor
        reason = f"execution time {times:.1f}x baseline (threshold {factor:.1f}x)" if times > factor else ""
        return _Dimension("timing", times, min(1.0, (times - 1) / factor), reason)


def _distance(current: Mapping[str, int], baseline: Mapping[str, int]) -> float:
    """Half the squared difference of the shares over their mean, summed up: 0 if they are equal, 1 if disjoint."""
    total, base = sum(current.values()) or 1, sum(baseline.values()) or 1
    distance = 0.0
    for name in {*current, *baseline}:
        p, q = current.get(name, 0) / total, baseline.get(name, 0) / base
        distance += (p - q) ** 2 / (2 * (p + q)) if p + q else 0.0
    return min(1.0, distance)

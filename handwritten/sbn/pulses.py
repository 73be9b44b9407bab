"""What a pulse says on the wire: pure functions from arguments to payloads (protocol sheet, sections 8.3 and 8.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirewright.calls import is_array

from sbn.gec_contract import clean_float

POLARITIES = ("hostile", "neutral", "friendly")
Json = Mapping[str, Any]


def normalise_events(events: Json | None) -> dict[str, int]:
    """Counts of events, never negative; `total` is at least their sum."""
    if events is None:
        events = {}
    counts = {name: _count(events.get(name)) for name in POLARITIES}
    total = sum(counts.values())
    if events.get("total") is not None:
        total = max(total, _count(events["total"]))
    return {"total": total, **counts}


def _count(value: Any) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if is_array(value) else [value]


def normalise_payload(payload: Json) -> dict[str, Any]:
    """The payload with `actions` and `interactions` as arrays and `events` as counts; all else as it is."""
    normal = dict(payload)
    normal["actions"] = _listed(normal.get("actions"))
    normal["interactions"] = _listed(normal.get("interactions"))
    normal["events"] = normalise_events(normal.get("events"))
    if normal.get("contribution") is not None:
        normal["contribution"] = normalise_contribution(normal["contribution"])
    else:
        normal.pop("contribution", None)
    return normal


def normalise_contribution(contribution: Json) -> dict[str, Any]:
    """What a pulse contributes: words stripped, numbers as numbers; what is no number is dropped, None is kept."""
    normal = dict(contribution)
    for name in ("role", "severity"):
        if normal.get(name) is not None:
            normal[name] = str(normal[name]).strip().lower()
    if normal.get("state_hint") is not None:
        normal["state_hint"] = str(normal["state_hint"]).strip()
    for name in ("y_delta", "support_delta", "omega_hint", "burden_hint"):
        if normal.get(name) is not None:
            number = clean_float(normal[name])
            if number is None:
                del normal[name]
            else:
                normal[name] = number
    return normal


def action_payload(name: str, score: float, reinforced: bool, contribution: Json | None, extra: Json) -> dict[str, Any]:
    """One action."""
    return {"action": name, "score": score, "reinforced": reinforced, **_contributed(contribution), **extra}


def interaction_payload(score: float, weight: float, contribution: Json | None, extra: Json) -> dict[str, Any]:
    """One interaction."""
    return {"score": score, "weight": weight, **_contributed(contribution), **extra}


def event_payload(payload: Json, contribution: Json | None) -> dict[str, Any]:
    """An application's own event as an action: its score a number, its `reinforced` a boolean, whatever it says."""
    score = clean_float(payload.get("score"))
    return {
        **payload,
        "action": payload.get("action") or payload.get("event_type") or "event",
        "score": 1.0 if score is None else score,
        "reinforced": bool(payload.get("reinforced", True)),
        **_contributed(contribution),
    }


def pulse_payload(
    pulse_type: str,
    *,
    score: float,
    weight: float | None,
    reinforced: bool,
    contribution: Json | None,
    actions: Any,
    interactions: Any,
    events: Json | None,
    extra: Json,
) -> dict[str, Any]:
    """A whole pulse."""
    payload: dict[str, Any] = {
        "action": pulse_type,
        "pulse_type": pulse_type,
        "score": score,
        "reinforced": reinforced,
        "actions": actions,
        "interactions": interactions,
        "events": events,
        **_contributed(contribution),
        **extra,
    }
    if weight is not None:
        payload["weight"] = weight
    return payload


def _contributed(contribution: Json | None) -> dict[str, Any]:
    return {} if contribution is None else {"contribution": contribution}

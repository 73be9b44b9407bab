"""The maths of slots: roots of hashes, and what a BitBlock yields (protocol sheet, section 21.4)."""

from __future__ import annotations

import hashlib
from typing import Any

from wirewright.calls import is_object
from wirewright.records import listed, mapped

from sbn.hashing import snapchore_hash
from sbn.testing.space import Json

GEC_DEFAULTS = {"friendly": 1.0, "neutral": 0.0, "hostile": -1.0}


def merkle_root(hashes: list[str]) -> str:
    """Pairs of hashes hashed together until one is left; an odd one is paired with itself."""
    level = hashes or [snapchore_hash({})]
    while len(level) > 1:
        pairs = zip(level[::2], [*level[1::2], level[-1]] if len(level) % 2 else level[1::2], strict=True)
        level = [hashlib.sha256((left + right).encode()).hexdigest() for left, right in pairs]
    return level[0]


def yield_of(payload: Json, contract: Json) -> float:
    """Y of one BitBlock: weighted actions, interactions and events."""
    own: Json = {"action": payload.get("action"), "score": payload.get("score")}
    total = _weighted(listed(payload, "actions") or [own], mapped(contract, "action_weight_map"))
    total += _weighted(listed(payload, "interactions"), mapped(contract, "interaction_weight_map"))
    polarity = mapped(contract, "event_polarity_weights") or GEC_DEFAULTS
    events = mapped(payload, "events")
    return total + sum(int(events.get(name) or 0) * float(weight) for name, weight in polarity.items())


def _weighted(items: list[Any], weights: Json) -> float:
    objects: list[Json] = [item for item in items if is_object(item)]
    return sum(
        _score(item) * float(item.get("weight") or 1.0) * float(weights.get(str(item.get("action")), 1.0))
        for item in objects
    )


def _score(item: Json) -> float:
    try:
        return float(item.get("score") or 0)
    except (TypeError, ValueError):
        return 0.0

"""SVP-1.0: SnapChore's canonical form and hash (protocol sheet, section 11).

The network computes these hashes; this module lets a caller (and the sandbox) compute them too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

from sbn_calls import constants
from wirewright.calls import is_object

CANON_VERSION = "SVP-1.0"
MAX_DEPTH = 50
GENESIS = "genesis"
VOLATILE_KEYS = frozenset(constants.VOLATILE_KEYS)
"""Members that do not count, at any depth."""
_PLACES = Decimal("0.000000000001")
_AS_THEY_ARE = frozenset([str, int, bool, type(None)])


def canonical_bytes(payload: Any, *, volatile_keys: Iterable[str] = ()) -> bytes:
    """The bytes that are hashed. Raises ValueError for non-finite numbers and nesting deeper than 50."""
    surface = _normalised(payload, VOLATILE_KEYS | set(volatile_keys), 0)
    if is_object(surface):
        surface.setdefault("canon_version", CANON_VERSION)
    return json.dumps(surface, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def snapchore_hash(payload: Any, *, volatile_keys: Iterable[str] = ()) -> str:
    """SHA-256 of the canonical form, lower-case hex."""
    return hashlib.sha256(canonical_bytes(payload, volatile_keys=volatile_keys)).hexdigest()


def chain_hash(*, index: int, event_type: str, block_hash: str, previous: str | None, timestamp: str) -> str:
    """The hash of a chain's entry: it covers the one before, `genesis` for the first."""
    return snapchore_entry(
        {
            "index": index,
            "event_type": event_type,
            "block_hash": block_hash,
            "previous_chain_hash": previous or GENESIS,
            "timestamp": timestamp,
        }
    )


def snapchore_entry(entry: Mapping[str, Any]) -> str:
    """SHA-256 over the plain canonical JSON of an entry, nothing removed."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _normalised(value: Any, volatile: frozenset[str] | set[str], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"nesting deeper than {MAX_DEPTH}")
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(key): _normalised(item, volatile, depth + 1) for key, item in pairs if key not in volatile}
    if isinstance(value, list | tuple):
        return [_normalised(item, volatile, depth + 1) for item in cast("Sequence[Any]", value)]
    if isinstance(value, float):
        return _rounded(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return value


def _rounded(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("numbers must be finite")
    text = repr(value)
    if "e" not in text and len(text) - text.index(".") <= 13:
        return value  # at most twelve places
    exact = Decimal(text)
    if exact.as_tuple().exponent in range(-12, 1):
        return value
    return float(exact.quantize(_PLACES, rounding=ROUND_HALF_UP)) if abs(exact) < Decimal(10) ** 15 else value

"""Stream profiles: ready-made contracts for streaming sessions (protocol sheet, section 19.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbn_calls.constants import SHARED_PROFILE, STREAM_PROFILES

from sbn.gec_contract import GecOperationContract


def profile_contract(
    name: str, *, domain: str, generation_interval: int, metadata: Mapping[str, Any]
) -> GecOperationContract:
    """The contract of a named profile for a session.

    `generation_interval`: seconds. Raises ValueError for an unknown name.
    """
    profile = STREAM_PROFILES.get(name)
    if profile is None:
        raise ValueError(f"Unsupported stream_profile: {name}")
    notes = {
        **profile.get("native_notes", {}),
        "stream_profile": name,
        "generation_interval_seconds": str(generation_interval),
    }
    values: dict[str, Any] = {
        **SHARED_PROFILE,
        **profile,
        "frontier_id": metadata.get("frontier_id") or metadata.get("frontier_hint"),
        "gec_domain": str(metadata.get("gec_domain") or domain or "").lower() or None,
        "frontier": metadata.get("frontier"),
        "phase": metadata.get("phase") or "execution",
        "native_notes": notes,
    }
    return GecOperationContract(**values)

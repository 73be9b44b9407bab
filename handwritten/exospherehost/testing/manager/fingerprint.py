"""The fingerprint by which concurrent finishers make one join (protocol sheet §6.10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def fingerprint(
    *,
    node_name: str,
    namespace_name: str,
    graph_name: str,
    identifier: str,
    run_id: str,
    retry_count: int,
    parents: Mapping[str, str],
    manual_retry_fanout_id: str,
) -> str:
    """Lower-case hex SHA-256 of the canonical JSON of these members."""
    members = {
        "graph_name": graph_name,
        "identifier": identifier,
        "manual_retry_fanout_id": manual_retry_fanout_id,
        "namespace_name": namespace_name,
        "node_name": node_name,
        "parents": dict(parents),
        "retry_count": retry_count,
        "run_id": run_id,
    }
    return hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

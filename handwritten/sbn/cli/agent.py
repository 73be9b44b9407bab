"""`sbn agent` and `sbn twin`: the same commands, with an agent's client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sbn_calls.commands import CAPABILITIES
from wirewright.calls import is_object
from wirewright.commands import output

from sbn.cli._config import SbnCliConfig, masked

CLOSED = "slot_id receipt_id closed_at blocks_composed blocks_attested compose_receipts carrier_state"
OPENED = "id worker_id task_type state opened_at receipt_id metadata"


def _mode(config: SbnCliConfig) -> str:
    return "api_key" if config.api_key else "unauthenticated"


def status(config: SbnCliConfig) -> None:
    """Show how the client is set up; sends nothing."""
    output.success("Agent client")
    output.echo_fields(
        [
            ("Base URL", config.base_url, False),
            ("Auth Mode", _mode(config), True),
            ("API Key", masked(config.api_key), True),
            ("Namespaces", ", ".join(row["namespace"] for row in CAPABILITIES), True),
            ("Client", "AgentClient", False),
            ("Output Format", config.output_format, False),
        ]
    )


def whoami(config: SbnCliConfig) -> dict[str, Any]:
    """Show who the client is; sends nothing."""
    return {
        "client_type": "agent_runtime",
        "auth_mode": _mode(config),
        "api_key": masked(config.api_key),
        "base_url": config.base_url,
        "tenant_id": None,
        "principal": None,
    }


def capabilities() -> list[dict[str, str]]:
    """Show what an agent may do; sends nothing."""
    return CAPABILITIES


def attest(
    client: Any,
    slot_id: str,
    snap_hash: str,
    *,
    frontier_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Ask for an attestation of a hash."""
    from sbn.gateway import SlotSummary

    summary = SlotSummary(slot_id, snap_hash, "1", frontier_id, metadata or {}, metrics or {})
    answer: dict[str, Any] = client.gateway.request_attestation(summary)
    return answer


def receipt(client: Any, receipt_id: str) -> dict[str, Any]:
    """Show a receipt."""
    return asdict(client.gateway.fetch_receipt(receipt_id))


def open_slot(
    client: Any,
    *,
    worker_id: str,
    task_type: str,
    generation_interval: int | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Open a slot.

    Args:
        worker_id: Who does the work.
        task_type: What kind of work it is.
        generation_interval: Seconds per generation.
    """
    slot = client.gateway.create_slot(worker_id, task_type, generation_interval=generation_interval, metadata=metadata)
    return _members(slot, OPENED)


def close_slot(client: Any, slot_id: str) -> dict[str, Any]:
    """Close a slot."""
    return _members(client.gateway.close_slot(slot_id), CLOSED)


def _members(record: Any, names: str) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in names.split()}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def ingest(client: Any, evidence: dict[str, Any] | Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add evidence: an object with `items`, an array, or one object."""
    items = evidence.get("items", [evidence]) if is_object(evidence) else evidence
    answer: dict[str, Any] = client.reality.ingest_evidence(items)
    return answer, {"count": len(answer.get("evidence") or answer.get("items") or items)}

"""What an entity takes back: credentials, agents, keys (protocol sheet §9.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symbiont.agentpin._values import now_iso, objects
from symbiont.agentpin.fetching import MAX_REDIRECTS, WORLD, Reach, afetch_json, fetch_json
from symbiont.agentpin.types import VERSION, AgentPinError, ErrorCode


def build_revocation_document(entity: str) -> dict[str, Any]:
    """An empty document for a domain."""
    return {
        "agentpin_version": VERSION,
        "entity": entity,
        "updated_at": now_iso(),
        "revoked_credentials": [],
        "revoked_agents": [],
        "revoked_keys": [],
    }


def add_revoked_credential(doc: dict[str, Any], jti: str, reason: str) -> None:
    """Revoke one credential."""
    _add(doc, "revoked_credentials", {"jti": jti}, reason)


def add_revoked_agent(doc: dict[str, Any], agent_id: str, reason: str) -> None:
    """Revoke an agent with all its credentials."""
    _add(doc, "revoked_agents", {"agent_id": agent_id}, reason)


def add_revoked_key(doc: dict[str, Any], kid: str, reason: str) -> None:
    """Revoke a key with all that it signed."""
    _add(doc, "revoked_keys", {"kid": kid}, reason)


def check_revocation(doc: Mapping[str, Any], jti: str, agent_id: str, kid: str) -> None:
    """Raises `AgentPinError`: CREDENTIAL_REVOKED, AGENT_INACTIVE or KEY_REVOKED, in this order."""
    checks = (
        ("revoked_credentials", "jti", jti, "Credential", ErrorCode.CREDENTIAL_REVOKED),
        ("revoked_agents", "agent_id", agent_id, "Agent", ErrorCode.AGENT_INACTIVE),
        ("revoked_keys", "kid", kid, "Key", ErrorCode.KEY_REVOKED),
    )
    for members, name, value, what, code in checks:
        for revoked in objects(doc.get(members)):
            if revoked.get(name) == value:
                raise AgentPinError(code, f"{what} {value} revoked: {str(revoked.get('reason'))[:80]}")


def fetch_revocation_document(url: str, *, reach: Reach = WORLD) -> dict[str, Any]:
    """The document at an address; redirects are followed, to HTTPS only. Raises `AgentPinError`."""
    return fetch_json(url, redirects=MAX_REDIRECTS, reach=reach)


async def afetch_revocation_document(url: str, *, reach: Reach = WORLD) -> dict[str, Any]:
    """As `fetch_revocation_document`."""
    return await afetch_json(url, redirects=MAX_REDIRECTS, reach=reach)


def _add(doc: dict[str, Any], members: str, what: dict[str, str], reason: str) -> None:
    doc.setdefault(members, []).append({**what, "revoked_at": now_iso(), "reason": str(reason)})
    doc["updated_at"] = now_iso()

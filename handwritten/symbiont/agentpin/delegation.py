"""Attestations by which makers and deployers pass capabilities on (protocol sheet §9.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symbiont.agentpin.capability import CapabilityLike
from symbiont.agentpin.capability import capabilities_hash as hash_of
from symbiont.agentpin.crypto import sign_data, verify_signature
from symbiont.agentpin.types import AgentPinError, ErrorCode


def canonical_attestation_input(  # noqa: PLR0917 - the order of AgentPin 0.3
    domain: str,
    role: str,
    agent_id: str,
    delegatee_domain: str,
    delegatee_agent_id: str,
    capabilities: Sequence[CapabilityLike],
) -> str:
    """What is signed. Raises `ValueError` for a part with a bar in it: it could be read as two."""
    parts = (domain, str(role), agent_id, delegatee_domain, delegatee_agent_id)
    if any("|" in part for part in parts):
        raise ValueError("a part of an attestation cannot contain '|'")
    return "|".join((*parts, hash_of(capabilities)))


def create_attestation(  # noqa: PLR0917 - the order of AgentPin 0.3
    private_key_pem: str,
    kid: str,
    domain: str,
    role: str,
    agent_id: str,
    delegatee_domain: str,
    delegatee_agent_id: str,
    capabilities: Sequence[CapabilityLike],
) -> dict[str, str]:
    """A signed link of a delegation chain."""
    signed = canonical_attestation_input(domain, role, agent_id, delegatee_domain, delegatee_agent_id, capabilities)
    return {
        "domain": domain,
        "role": str(role),
        "agent_id": agent_id,
        "kid": kid,
        "attestation": sign_data(private_key_pem, signed.encode()),
    }


def verify_attestation(
    attestation: Mapping[str, Any],
    public_key_pem: str,
    delegatee_domain: str,
    delegatee_agent_id: str,
    capabilities: Sequence[CapabilityLike],
) -> None:
    """Raises `AgentPinError` (DELEGATION_INVALID) unless the key signed that this delegatee has these capabilities."""
    domain, role, agent_id, signature = (
        str(attestation.get(name)) for name in ("domain", "role", "agent_id", "attestation")
    )
    try:
        signed = canonical_attestation_input(domain, role, agent_id, delegatee_domain, delegatee_agent_id, capabilities)
        good = verify_signature(public_key_pem, signed.encode(), signature)
    except ValueError:
        good = False
    if not good:
        message = f"Delegation attestation from {domain[:253]} failed signature verification"
        raise AgentPinError(ErrorCode.DELEGATION_INVALID, message)


def verify_chain_depth(chain_len: int, max_depths: Sequence[int]) -> None:
    """Raises `AgentPinError` (DELEGATION_DEPTH_EXCEEDED) when a chain is longer than the least depth of its domains."""
    deepest = min(max_depths, default=0)
    if chain_len > deepest:
        message = f"Delegation chain depth {chain_len} exceeds minimum max_delegation_depth {deepest}"
        raise AgentPinError(ErrorCode.DELEGATION_DEPTH_EXCEEDED, message)

"""Issuing credentials (protocol sheet §9.2)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from symbiont.agentpin.capability import CapabilityLike, capabilities_subset
from symbiont.agentpin.jwt import REQUIRED_ALG, REQUIRED_TYP, encode_jwt
from symbiont.agentpin.types import VERSION, AgentPinError, ErrorCode


def issue_credential(  # noqa: PLR0917 - the order of AgentPin 0.3
    private_key_pem: str,
    kid: str,
    issuer: str,
    agent_id: str,
    audience: str | None,
    capabilities: Sequence[CapabilityLike],
    constraints: Mapping[str, Any] | None,
    delegation_chain: Sequence[Mapping[str, Any]] | None,
    ttl_secs: int,
    *,
    now: float | None = None,
    jti: str | None = None,
) -> str:
    """A signed credential: `issuer` (a domain) says that `agent_id` may do `capabilities` for `ttl_secs` seconds.

    Mind the order: the audience is before the capabilities. `now` (seconds since 1970) and `jti` are for tests.
    """
    issued = int(time.time() if now is None else now)
    payload: dict[str, Any] = {
        "iss": issuer,
        "sub": agent_id,
        "iat": issued,
        "exp": issued + ttl_secs,
        "jti": jti or str(uuid.uuid4()),
        "agentpin_version": VERSION,
        "capabilities": [str(one) for one in capabilities],
    }
    optional = {
        "aud": audience,
        "constraints": dict(constraints or {}),
        "delegation_chain": [dict(link) for link in delegation_chain or ()],
    }
    payload |= {name: value for name, value in optional.items() if value}
    return encode_jwt({"alg": REQUIRED_ALG, "typ": REQUIRED_TYP, "kid": kid}, payload, private_key_pem)


def validate_credential_against_discovery(
    credential_caps: Sequence[CapabilityLike], discovery_caps: Sequence[CapabilityLike]
) -> None:
    """Raises `AgentPinError` (CAPABILITY_EXCEEDED) when a credential claims more than is declared."""
    if not capabilities_subset(discovery_caps, credential_caps):
        raise AgentPinError(ErrorCode.CAPABILITY_EXCEEDED, "Credential capabilities exceed discovery document")

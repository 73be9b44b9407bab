"""The twelve steps of a verification (protocol sheet §9.4). The first that fails is the result; nothing is raised."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symbiont.agentpin._values import is_object, moment, number, objects, text, texts
from symbiont.agentpin.capability import capabilities_subset
from symbiont.agentpin.constraint import constraints_subset_of
from symbiont.agentpin.crypto import verify_der
from symbiont.agentpin.discovery import discovery_of, find_agent_by_id, find_key_by_kid, validate_discovery_document
from symbiont.agentpin.fetching import MAX_REDIRECTS, WORLD, Fetches, Reach, afetched, fetched
from symbiont.agentpin.jwk import jwk_to_pem
from symbiont.agentpin.jwt import Decoded, base64url_decode, decode_jwt_unverified
from symbiont.agentpin.pinning import KeyPinStore, PinningResult, first_seen
from symbiont.agentpin.revocation import check_revocation
from symbiont.agentpin.types import AgentPinError, AgentStatus, ErrorCode, VerificationResult, VerifierConfig

ANYONE = "*"


@dataclass
class _Case:
    """One credential on its way through the steps."""

    jwt: str
    discovery: Mapping[str, Any]
    revocation: Mapping[str, Any] | None
    pin_store: KeyPinStore
    audience: str | None
    config: VerifierConfig
    now: int
    header: dict[str, Any] = field(default_factory=dict[str, Any])
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    signature: str = ""
    jwk: dict[str, Any] = field(default_factory=dict[str, Any])
    agent: dict[str, Any] = field(default_factory=dict[str, Any])
    result: VerificationResult = field(default_factory=lambda: VerificationResult(valid=True))

    @property
    def issuer(self) -> str:
        return str(self.claims.get("iss"))

    @property
    def kid(self) -> str:
        return str(self.header.get("kid"))


def verify_credential_offline(  # noqa: PLR0917 - the order of AgentPin 0.3
    credential_jwt: str,
    discovery: Mapping[str, Any],
    revocation: Mapping[str, Any] | None,
    pin_store: KeyPinStore,
    audience: str | None,
    config: VerifierConfig | None = None,
    *,
    now: float | None = None,
) -> VerificationResult:
    """Verify with documents at hand. `now`: seconds since 1970, this moment unless said otherwise."""
    at = math.floor(time.time() if now is None else now)
    case = _Case(credential_jwt, discovery, revocation, pin_store, audience, config or VerifierConfig(), at)
    try:
        for step in _STEPS:
            step(case)
    except AgentPinError as error:
        return VerificationResult(valid=False, error_code=error.code, error_message=str(error))
    return case.result


def verify_credential(
    credential_jwt: str,
    pin_store: KeyPinStore,
    audience: str | None,
    config: VerifierConfig | None = None,
    *,
    reach: Reach = WORLD,
) -> VerificationResult:
    """Verify with the documents that the issuer publishes; when they cannot be had, the credential is not good."""
    return fetched(_online(credential_jwt, pin_store, audience, config, reach), reach)


async def averify_credential(
    credential_jwt: str,
    pin_store: KeyPinStore,
    audience: str | None,
    config: VerifierConfig | None = None,
    *,
    reach: Reach = WORLD,
) -> VerificationResult:
    """As `verify_credential`."""
    return await afetched(_online(credential_jwt, pin_store, audience, config, reach), reach)


def _online(
    credential_jwt: str, pin_store: KeyPinStore, audience: str | None, config: VerifierConfig | None, reach: Reach
) -> Fetches[VerificationResult]:
    issuer = issuer_of(credential_jwt)
    if isinstance(issuer, VerificationResult):
        return issuer
    try:
        discovery = yield from discovery_of(issuer, reach)
        endpoint = text(discovery.get("revocation_endpoint"))
        revocation = (yield endpoint, MAX_REDIRECTS) if endpoint else None
    except AgentPinError as error:
        return _not_fetched(error)
    return verify_credential_offline(credential_jwt, discovery, revocation, pin_store, audience, config)


# The steps ----------------------------------------------------------------------------------------------------------


def _1_parse(case: _Case) -> None:
    case.header, case.claims, case.signature = _parsed(case.jwt)


def _2_times(case: _Case) -> None:
    issued, expires, not_before = (number(case.claims.get(name, 0)) for name in ("iat", "exp", "nbf"))
    skew, longest = case.config.clock_skew_secs, case.config.max_ttl_secs
    if issued is None or expires is None or not_before is None:
        raise _error(ErrorCode.CREDENTIAL_EXPIRED, "Credential times must be numbers")
    if issued > case.now + skew:
        raise _error(ErrorCode.CREDENTIAL_EXPIRED, "Credential issued in the future")
    if expires <= case.now - skew:
        raise _error(ErrorCode.CREDENTIAL_EXPIRED, "Credential has expired")
    if not_before > case.now + skew:
        raise _error(ErrorCode.CREDENTIAL_EXPIRED, "Credential not yet valid (nbf)")
    if expires - issued > longest:
        message = f"Credential lifetime {expires - issued} exceeds max TTL {longest}"
        raise _error(ErrorCode.CREDENTIAL_EXPIRED, message)


def _3_discovery(case: _Case) -> None:
    if text(case.claims.get("iss")) is None:
        raise _error(ErrorCode.DISCOVERY_INVALID, "Credential has no issuer")
    if not is_object(case.discovery):
        raise _error(ErrorCode.DISCOVERY_INVALID, "Discovery document is no object")
    try:
        validate_discovery_document(case.discovery, case.issuer)
    except AgentPinError as error:
        raise _error(ErrorCode.DISCOVERY_INVALID, f"Discovery validation failed: {error}") from None


def _4_key(case: _Case) -> None:
    if text(case.header.get("kid")) is None:
        raise _error(ErrorCode.KEY_NOT_FOUND, "Credential does not name its key")
    jwk = find_key_by_kid(case.discovery, case.kid)
    if jwk is None:
        raise _error(ErrorCode.KEY_NOT_FOUND, f"Key '{case.kid}' not found in discovery document")
    ends = moment(jwk.get("exp"))
    if ends is not None and ends.timestamp() < case.now - case.config.clock_skew_secs:
        raise _error(ErrorCode.KEY_EXPIRED, f"Key '{case.kid}' has expired")
    case.jwk = jwk


def _5_signature(case: _Case) -> None:
    try:
        pem = jwk_to_pem(case.jwk)
    except ValueError as error:
        raise _error(ErrorCode.KEY_NOT_FOUND, f"Invalid key format for '{case.kid}': {error}") from None
    signed = case.jwt.rpartition(".")[0].encode()
    if not verify_der(pem, signed, base64url_decode(case.signature)):
        raise _error(ErrorCode.SIGNATURE_INVALID, f"JWT signature verification failed for kid '{case.kid}'")


def _6_revocation(case: _Case) -> None:
    if case.revocation is None:
        return
    if text(case.claims.get("jti")) is None:
        raise _error(ErrorCode.CREDENTIAL_REVOKED, "Credential has no jti, so it cannot be checked for revocation")
    if not is_object(case.revocation):
        raise _error(ErrorCode.CREDENTIAL_REVOKED, "Revocation document is no object")
    check_revocation(case.revocation, str(case.claims["jti"]), str(case.claims.get("sub")), case.kid)


def _7_agent(case: _Case) -> None:
    agent_id = text(case.claims.get("sub"))
    agent = None if agent_id is None else find_agent_by_id(case.discovery, agent_id)
    if agent_id is None or agent is None:
        raise _error(ErrorCode.AGENT_NOT_FOUND, f"Agent '{agent_id}' not found in discovery document")
    if agent.get("status") != AgentStatus.ACTIVE:
        raise _error(ErrorCode.AGENT_INACTIVE, f"Agent '{agent_id}' status is {str(agent.get('status'))[:40]}")
    case.agent = agent
    case.result.agent_id, case.result.issuer = agent_id, case.issuer


def _8_capabilities(case: _Case) -> None:
    claimed = texts(case.claims.get("capabilities", []))
    declared = texts(case.agent.get("capabilities", []))
    if claimed is None or declared is None or not capabilities_subset(declared, claimed):
        raise _error(ErrorCode.CAPABILITY_EXCEEDED, "Credential capabilities exceed discovery document")
    case.result.capabilities = claimed


def _9_constraints(case: _Case) -> None:
    declared, claimed = case.agent.get("constraints"), case.claims.get("constraints")
    well_formed = all(value is None or is_object(value) for value in (declared, claimed))
    if not well_formed or not constraints_subset_of(declared, claimed):
        message = "Credential constraints are less restrictive than discovery defaults"
        raise _error(ErrorCode.CONSTRAINT_VIOLATION, message)
    case.result.constraints = claimed


def _10_delegation(case: _Case) -> None:
    """Noted only: who verifies a chain needs the documents of all its domains (`verify_attestation`)."""
    chain: object = case.claims.get("delegation_chain")
    if not chain:
        return
    links = objects(chain)
    if links != chain or not all(text(link.get(name)) for link in links for name in ("domain", "role")):
        raise _error(ErrorCode.DELEGATION_INVALID, "Delegation chain has a link without domain or role")
    case.result.delegation_chain = [
        {"domain": link["domain"], "role": link["role"], "verified": False} for link in links
    ]
    case.result.delegation_verified = False
    case.result.warnings.append("Delegation chain present but not verified in offline mode")


def _11_pin(case: _Case) -> None:
    """Pins on first use, also when the last step fails then."""
    result = case.pin_store.check_and_pin(case.issuer, case.jwk)
    if result == PinningResult.CHANGED:
        raise _error(ErrorCode.KEY_PIN_MISMATCH, f"Key for '{case.issuer}' has changed since last pinned")
    status = "first_use" if result == PinningResult.FIRST_USE else "pinned"
    case.result.key_pinning = {"status": status, "first_seen": first_seen(case.pin_store, case.issuer) or ""}


def _12_audience(case: _Case) -> None:
    audience = case.claims.get("aud")
    if case.audience and audience and audience not in (ANYONE, case.audience):
        message = f"Credential audience '{str(audience)[:253]}' does not match verifier '{case.audience}'"
        raise _error(ErrorCode.AUDIENCE_MISMATCH, message)


_STEPS: tuple[Callable[[_Case], None], ...] = (
    _1_parse,
    _2_times,
    _3_discovery,
    _4_key,
    _5_signature,
    _6_revocation,
    _7_agent,
    _8_capabilities,
    _9_constraints,
    _10_delegation,
    _11_pin,
    _12_audience,
)


def _parsed(jwt: str) -> Decoded:
    try:
        return decode_jwt_unverified(jwt)
    except ValueError as error:
        raise _error(ErrorCode.ALGORITHM_REJECTED, f"JWT parse failed: {error}") from None


def issuer_of(jwt: str) -> str | VerificationResult:
    """Whom an unverified credential names, or the result of one that names nobody."""
    try:
        issuer = text(_parsed(jwt)[1].get("iss"))
    except AgentPinError as error:
        return VerificationResult(valid=False, error_code=error.code, error_message=str(error))
    if issuer is None:
        message = "Credential has no issuer"
        return VerificationResult(valid=False, error_code=ErrorCode.DISCOVERY_INVALID, error_message=message)
    return issuer


def _not_fetched(error: AgentPinError) -> VerificationResult:
    """Whatever is wrong with documents is one code."""
    message = f"Failed to fetch discovery document: {error}"
    return VerificationResult(valid=False, error_code=ErrorCode.DISCOVERY_FETCH_FAILED, error_message=message)


def _error(code: ErrorCode, message: str) -> AgentPinError:
    return AgentPinError(code, message)

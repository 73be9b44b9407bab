"""A2A agent cards that carry their own proof (protocol sheet §9.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from symbiont.agentpin._values import allowed_domains, is_object, text
from symbiont.agentpin.crypto import public_pem_of, sign_data, verify_signature
from symbiont.agentpin.jwk import jwk_thumbprint, jwk_to_pem, pem_to_jwk
from symbiont.agentpin.types import AgentPinError, ErrorCode

EXTENSION = "agentpin"


def capability_to_skill(cap: object) -> dict[str, str]:
    """The skill that stands for a capability."""
    name = str(cap.get("id", cap)) if is_object(cap) else str(cap)
    return {"id": name, "name": name}


def build_unsigned_agent_card(
    url: str,
    declaration: Mapping[str, Any],
    *,
    skills: Sequence[Mapping[str, Any]] | None = None,
    streaming: bool = False,
    push_notifications: bool = False,
) -> dict[str, Any]:
    """The card of an agent as it is declared in a discovery document."""
    features: dict[str, Any] = {"streaming": streaming, "pushNotifications": push_notifications}
    domains = allowed_domains(declaration.get("constraints"))
    if domains:
        features["allowed_domains"] = domains
    listed = [dict(skill) for skill in skills] if skills is not None else None
    card: dict[str, Any] = {
        "name": declaration["name"],
        "url": url,
        "capabilities": features,
        "skills": listed or [capability_to_skill(cap) for cap in declaration.get("capabilities", ())],
    }
    return card | {name: declaration[name] for name in ("description", "version") if declaration.get(name)}


def sign_agent_card(
    unsigned_card: Mapping[str, Any], private_key_pem: str, kid: str, agentpin_endpoint: str
) -> dict[str, Any]:
    """A copy with the extension that proves it. Raises `AgentPinError` without an endpoint."""
    if not agentpin_endpoint:
        raise _invalid("agentpin_endpoint is required")
    card = {name: value for name, value in unsigned_card.items() if name != EXTENSION}
    extension = {
        "agentpin_endpoint": agentpin_endpoint,
        "public_key_jwk": pem_to_jwk(public_pem_of(private_key_pem), kid),
        "signature": sign_data(private_key_pem, canonicalize_for_signing(card).encode()),
    }
    return {**card, EXTENSION: extension}


def build_and_sign_agent_card(
    url: str,
    declaration: Mapping[str, Any],
    private_key_pem: str,
    kid: str,
    agentpin_endpoint: str,
    *,
    skills: Sequence[Mapping[str, Any]] | None = None,
    streaming: bool = False,
    push_notifications: bool = False,
) -> dict[str, Any]:
    """Both in one."""
    card = build_unsigned_agent_card(
        url, declaration, skills=skills, streaming=streaming, push_notifications=push_notifications
    )
    return sign_agent_card(card, private_key_pem, kid, agentpin_endpoint)


def verify_agentpin_extension(card: Mapping[str, Any]) -> None:
    """Raises `AgentPinError` (DISCOVERY_INVALID) unless the key in the card signed it.

    That the key is the domain's is for the resolver to know: it compares the endpoint's host with where the card was.
    """
    extension = extension_of(card)
    unsigned = {name: value for name, value in card.items() if name != EXTENSION}
    try:
        pem = jwk_to_pem(extension.get("public_key_jwk") or {})
        signed = canonicalize_for_signing(unsigned).encode()
    except (ValueError, AttributeError, RecursionError) as error:
        raise _invalid(f"A2A AgentCard cannot be checked: {error}") from None
    if not verify_signature(pem, signed, str(extension.get("signature"))):
        raise _invalid("A2A AgentCard signature did not verify against extension JWK")


def extension_key_thumbprint(extension: Mapping[str, Any]) -> str:
    """The thumbprint of the extension's key."""
    return jwk_thumbprint(extension["public_key_jwk"])


def canonicalize_for_signing(value: Any) -> str:
    """Compact JSON with sorted members, without those that are null."""
    return json.dumps(_without_null(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def extension_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """The extension of a card. Raises `AgentPinError` when it has none."""
    extension = card.get(EXTENSION) if is_object(card) else None
    if not is_object(extension) or not extension or text(extension.get("agentpin_endpoint")) is None:
        raise _invalid("AgentCard has no agentpin extension")
    return extension


def _without_null(value: Any) -> Any:
    if is_object(value):
        return {name: _without_null(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_without_null(item) for item in cast("list[Any]", value)]
    return value


def _invalid(message: str) -> AgentPinError:
    return AgentPinError(ErrorCode.DISCOVERY_INVALID, message)

"""Agent cards at hand instead of discovery documents."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from symbiont.agentpin._values import allowed_domains, objects, text
from symbiont.agentpin.a2a import extension_of, verify_agentpin_extension
from symbiont.agentpin.types import VERSION, AgentPinError, AgentStatus, EntityType, ErrorCode


def card_endpoint_host(card: Mapping[str, Any]) -> str:
    """The host that vouches for a card, in lower case."""
    try:
        host = urlsplit(str(extension_of(card)["agentpin_endpoint"])).hostname
    except ValueError:
        host = None
    if not host:
        raise AgentPinError(ErrorCode.DISCOVERY_INVALID, "agentpin_endpoint URL has no host")
    return host


def derive_discovery_from_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """A discovery document with the one agent and key of a card, which must hold its own proof."""
    verify_agentpin_extension(card)
    extension, entity = extension_of(card), card_endpoint_host(card)
    name = str(card.get("name"))
    agent: dict[str, Any] = {
        "agent_id": f"urn:agentpin:{entity}:{_slug(name)}",
        "name": name,
        "capabilities": [skill["id"] for skill in objects(card.get("skills")) if text(skill.get("id"))],
        "status": AgentStatus.ACTIVE,
    }
    agent |= {field: card[field] for field in ("description", "version") if card.get(field)}
    domains = allowed_domains(card.get("capabilities"))
    if domains:
        agent["constraints"] = {"allowed_domains": domains}
    return {
        "agentpin_version": VERSION,
        "entity": entity,
        "entity_type": EntityType.BOTH,
        "public_keys": [extension["public_key_jwk"]],
        "agents": [agent],
        "a2a_endpoint": extension["agentpin_endpoint"],
        "max_delegation_depth": 0,
        "updated_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


class LocalAgentCardStore:
    """Cards by the domain that vouches for them."""

    def __init__(self) -> None:
        self._cards: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._cards)

    def register(self, card: Mapping[str, Any]) -> None:
        """Keep a card. Raises `AgentPinError` unless it holds its own proof."""
        verify_agentpin_extension(card)
        with self._lock:
            self._cards[card_endpoint_host(card)] = dict(card)

    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self._cards

    def resolve_card(self, domain: str) -> dict[str, Any] | None:
        """The card of a domain."""
        return self._cards.get(domain)

    def resolve_discovery(self, domain: str) -> dict[str, Any]:
        """The discovery document that its card makes. Raises `AgentPinError` when there is none."""
        card = self.resolve_card(domain)
        if card is None:
            raise AgentPinError(ErrorCode.DISCOVERY_INVALID, f"Domain '{domain}' not in LocalAgentCardStore")
        return derive_discovery_from_card(card)

    def resolve_revocation(self, _domain: str, _discovery: Mapping[str, Any]) -> None:
        """Cards revoke nothing."""
        return

    def remove(self, domain: str) -> bool:
        """Whether there was one."""
        with self._lock:
            return self._cards.pop(domain, None) is not None


def _slug(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")

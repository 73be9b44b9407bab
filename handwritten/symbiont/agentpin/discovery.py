"""What an entity publishes of itself: its keys and agents (protocol sheet §9.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symbiont.agentpin._values import allowed_domains, now_iso, objects
from symbiont.agentpin.fetching import WORLD, Fetches, Reach, afetched, fetched, well_known
from symbiont.agentpin.types import VERSION, AgentPinError, ErrorCode

PATH = "agent-identity.json"
MAX_DEPTH = 3


def build_discovery_document(  # noqa: PLR0917 - the order of AgentPin 0.3
    entity: str,
    entity_type: str,
    public_keys: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    max_delegation_depth: int,
    updated_at: str | None = None,
    a2a_endpoint: str | None = None,
) -> dict[str, Any]:
    """A document for a domain, updated now unless said otherwise."""
    document: dict[str, Any] = {
        "agentpin_version": VERSION,
        "entity": entity,
        "entity_type": str(entity_type),
        "public_keys": [dict(key) for key in public_keys],
        "agents": [dict(agent) for agent in agents],
        "revocation_endpoint": f"https://{entity}/.well-known/agent-identity-revocations.json",
        "max_delegation_depth": max_delegation_depth,
        "updated_at": updated_at or now_iso(),
    }
    return document | ({"a2a_endpoint": a2a_endpoint} if a2a_endpoint is not None else {})


def validate_discovery_document(doc: Mapping[str, Any], expected_entity: str) -> None:
    """Raises `AgentPinError`: DOMAIN_MISMATCH for another entity, DISCOVERY_INVALID for other flaws."""
    if doc.get("agentpin_version") != VERSION:
        raise _invalid(f"Unsupported version: {str(doc.get('agentpin_version'))[:40]}")
    if doc.get("entity") != expected_entity:
        found = str(doc.get("entity"))[:253]
        message = f"Discovery entity '{found}' does not match expected '{expected_entity}'"
        raise AgentPinError(ErrorCode.DOMAIN_MISMATCH, message)
    if not objects(doc.get("public_keys")):
        raise _invalid("Discovery document must have at least one public key")
    depth = doc.get("max_delegation_depth", 0)
    if isinstance(depth, bool) or not isinstance(depth, int) or not 0 <= depth <= MAX_DEPTH:
        raise _invalid(f"max_delegation_depth must be 0-{MAX_DEPTH}")


def find_key_by_kid(doc: Mapping[str, Any], kid: str) -> dict[str, Any] | None:
    """The key of that name."""
    return next((key for key in objects(doc.get("public_keys")) if key.get("kid") == kid), None)


def find_agent_by_id(doc: Mapping[str, Any], agent_id: str) -> dict[str, Any] | None:
    """The declaration of that agent."""
    return next((agent for agent in objects(doc.get("agents")) if agent.get("agent_id") == agent_id), None)


def fetch_discovery_document(domain: str, *, reach: Reach = WORLD) -> dict[str, Any]:
    """The document of a domain, fetched and valid. Redirects are refused. Raises `AgentPinError`."""
    return fetched(discovery_of(domain, reach), reach)


async def afetch_discovery_document(domain: str, *, reach: Reach = WORLD) -> dict[str, Any]:
    """As `fetch_discovery_document`."""
    return await afetched(discovery_of(domain, reach), reach)


def discovery_of(domain: str, reach: Reach) -> Fetches[dict[str, Any]]:
    """Fetches the document of a domain."""
    document = yield well_known(domain, PATH, reach), 0
    validate_discovery_document(document, domain)
    return document


class AllowedDomains:
    """Lists of domains in which none, or no list, means all."""

    @staticmethod
    def unrestricted() -> list[str]:
        """Every domain."""
        return []

    @staticmethod
    def from_domains(iter_: Iterable[str]) -> list[str]:
        """These."""
        return list(iter_)

    @staticmethod
    def is_unrestricted(list_: Sequence[str] | None) -> bool:
        """Whether it means all."""
        return not list_

    @staticmethod
    def allows(list_: Sequence[str] | None, domain: str) -> bool:
        """Whether a domain is among them."""
        return not list_ or domain in list_

    @staticmethod
    def intersect(a: Sequence[str] | None, b: Sequence[str] | None) -> list[str]:
        """What both allow, in the order of the first. Mind that nothing in common is the list that means all."""
        if not a or not b:
            return list(a or b or ())
        return [domain for domain in a if domain in b]

    @staticmethod
    def from_constraints(constraints: Mapping[str, Any] | None) -> list[str]:
        """The allowed domains of constraints."""
        return allowed_domains(constraints)


def _invalid(message: str) -> AgentPinError:
    return AgentPinError(ErrorCode.DISCOVERY_INVALID, message)

"""Agent cards, fetched from the domains that vouch for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from symbiont.agentpin._values import is_object
from symbiont.agentpin.fetching import TIMEOUT, Reach, fetch_json, well_known
from symbiont.agentpin.resolver_local import card_endpoint_host, derive_discovery_from_card
from symbiont.agentpin.types import AgentPinError, ErrorCode

AGENT_CARD_PATH: Final = "/.well-known/agent-card.json"


class A2aAgentCardResolver:
    """Resolves domains by their agent cards.

    `fetch(url)` may replace the way to get one: it answers the card, or a response with `status_code` and `json()`.
    """

    def __init__(self, *, timeout: float = TIMEOUT, fetch: Callable[[str], Any] | None = None) -> None:
        self._timeout = timeout
        self._fetch = fetch
        self._cards: dict[str, dict[str, Any]] = {}

    def last_card(self, domain: str) -> dict[str, Any] | None:
        """The card that was last resolved for a domain."""
        return self._cards.get(domain)

    def resolve_discovery(self, domain: str) -> dict[str, Any]:
        """The discovery document that the domain's card makes.

        Raises `AgentPinError`: DISCOVERY_FETCH_FAILED, DISCOVERY_INVALID, or DOMAIN_MISMATCH for a card that another
        host vouches for.
        """
        card = self._card(f"https://{domain}{AGENT_CARD_PATH}", domain)
        discovery, host = derive_discovery_from_card(card), card_endpoint_host(card)
        if host != domain:
            message = f"AgentCard at {domain} declares agentpin endpoint host {host} (mismatch)"
            raise AgentPinError(ErrorCode.DOMAIN_MISMATCH, message)
        self._cards[domain] = card
        return discovery

    def resolve_revocation(self, _domain: str, _discovery: Mapping[str, Any]) -> None:
        """Cards revoke nothing."""
        return

    def _card(self, url: str, domain: str) -> dict[str, Any]:
        if self._fetch is None:
            reach = Reach(timeout=self._timeout)
            return fetch_json(well_known(domain, AGENT_CARD_PATH.rpartition("/")[2], reach), reach=reach)
        try:
            answer = self._fetch(url)
            card: Any = answer if is_object(answer) else _body(answer)
        except Exception as error:
            raise AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, f"Failed to fetch {url}: {error}") from error
        return card if is_object(card) else {}


def _body(answer: Any) -> Any:
    status = getattr(answer, "status_code", None)
    if not isinstance(status, int) or not 200 <= status < 300:
        raise ValueError(f"HTTP {status}")
    return answer.json()

"""A domain with one key and one agent, and credentials of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from symbiont import agentpin
from symbiont.agentpin import KeyPinStore, VerifierConfig

NOW = 1767225600  # 2026-01-01T00:00:00Z
AGENT = "urn:agentpin:example.com:data-analyzer"
DOMAIN = "example.com"


class Domain:
    """The issuer."""

    def __init__(self) -> None:
        self.private, self.public = agentpin.generate_key_pair()
        self.kid = agentpin.generate_key_id(self.public)
        self.jwk = agentpin.pem_to_jwk(self.public, self.kid)
        self.agent: dict[str, Any] = {
            "agent_id": AGENT,
            "name": "Data Analyzer",
            "capabilities": ["read:*", "write:reports"],
            "status": "active",
            "constraints": {"rate_limit": "100/hour", "allowed_domains": ["*.a.com"]},
        }
        self.document = agentpin.build_discovery_document(
            DOMAIN, "both", [self.jwk], [self.agent], 2, "2026-01-01T00:00:00Z"
        )
        self.store = KeyPinStore()
        self.now = NOW

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims, changed; None takes one away."""
        claims = {
            "iss": DOMAIN,
            "sub": AGENT,
            "iat": NOW,
            "exp": NOW + 3600,
            "jti": "j-1",
            "agentpin_version": "0.1",
            "capabilities": ["read:data"],
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def issue(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A credential with these claims, signed well."""
        head = {"alg": "ES256", "typ": "agentpin-credential+jwt", "kid": self.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return agentpin.encode_jwt(head, self.claims(**changes), self.private)

    def verify(self, jwt: str, *, revocation: Any = None, audience: str | None = None, **changes: Any) -> Any:
        """Verify, with the document changed."""
        config = changes.pop("config", VerifierConfig())
        document = json.loads(json.dumps(self.document)) | changes
        return agentpin.verify_credential_offline(jwt, document, revocation, self.store, audience, config, now=self.now)


@pytest.fixture
def domain() -> Domain:
    return Domain()


@pytest.fixture(scope="session")
def wycheproof() -> Path:
    folder = Path(__file__).resolve().parents[5] / "shared" / "vectors" / "wycheproof"
    if not folder.exists():
        pytest.skip("no ../shared/vectors beside this checkout")
    return folder

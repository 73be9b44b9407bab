"""`client.agentpin`: identities of agents, made and verified on this side (`symbiont.agentpin`; protocol sheet §9).

No runtime is asked. Keys that were seen once are pinned for as long as the client lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symbiont import agentpin

if TYPE_CHECKING:
    from symbiont.agentpin import KeyPair, KeyPinStore, VerificationResult, VerifierConfig

Document = dict[str, Any]


class _Offline:
    """What asks nobody."""

    def __init__(self, parent_client: Any = None) -> None:
        self._parent = parent_client
        self._pin_store: KeyPinStore | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def pin_store(self) -> KeyPinStore:
        """The keys that were seen."""
        if self._pin_store is None:
            self._pin_store = self.create_pin_store()
        return self._pin_store

    # Keys ----------------------------------------------------------------------------------------------------------

    def generate_key_pair(self) -> KeyPair:
        """A new P-256 key pair: `.private_key_pem`, `.public_key_pem`, or both as a tuple."""
        return agentpin.generate_key_pair()

    def generate_key_id(self, public_key_pem: str) -> str:
        """The key's id: 64 hexadecimal digits."""
        return agentpin.generate_key_id(public_key_pem)

    def pem_to_jwk(self, public_key_pem: str, kid: str) -> Document:
        """A public key as a JSON Web Key."""
        return agentpin.pem_to_jwk(public_key_pem, kid)

    def jwk_to_pem(self, jwk: Document) -> str:
        """The other way round. Raises `ValueError` for a key that is not P-256."""
        return agentpin.jwk_to_pem(jwk)

    # Credentials ---------------------------------------------------------------------------------------------------

    def issue_credential(  # noqa: PLR0917 - the public signature
        self,
        private_key_pem: str,
        kid: str,
        issuer: str,
        agent_id: str,
        capabilities: list[str],
        audience: str | None = None,
        constraints: Document | None = None,
        delegation_chain: list[Any] | None = None,
        ttl_secs: int = 3600,
    ) -> str:
        """A signed credential: `issuer` (a domain) vouches for `agent_id` and what it may do (`read:data`)."""
        return agentpin.issue_credential(
            private_key_pem,
            kid,
            issuer,
            agent_id,
            audience,
            [agentpin.Capability(capability) for capability in capabilities],
            constraints,
            delegation_chain,
            ttl_secs,
        )

    def verify_credential_offline(  # noqa: PLR0917 - the public signature
        self,
        jwt: str,
        discovery: Document,
        revocation: Document | None = None,
        pin_store: KeyPinStore | None = None,
        audience: str | None = None,
        config: VerifierConfig | None = None,
    ) -> VerificationResult:
        """Verify against documents that are at hand."""
        store = self.pin_store if pin_store is None else pin_store
        return agentpin.verify_credential_offline(jwt, discovery, revocation, store, audience, config)

    def verify_credential_with_bundle(
        self,
        jwt: str,
        bundle: Document,
        pin_store: KeyPinStore | None = None,
        audience: str | None = None,
        config: VerifierConfig | None = None,
    ) -> VerificationResult:
        """Verify against a trust bundle."""
        store = self.pin_store if pin_store is None else pin_store
        return agentpin.verify_credential_with_bundle(jwt, bundle, store, audience, config)

    # Documents -----------------------------------------------------------------------------------------------------

    def build_discovery_document(  # noqa: PLR0917 - the public signature
        self,
        entity: str,
        entity_type: str,
        public_keys: list[Document],
        agents: list[Document],
        max_delegation_depth: int,
        updated_at: str | None = None,
    ) -> Document:
        """The document for a domain to publish. `updated_at`: ISO 8601, now unless it is given."""
        return agentpin.build_discovery_document(
            entity, entity_type, public_keys, agents, max_delegation_depth, updated_at
        )

    def validate_discovery_document(self, doc: Document, expected_entity: str) -> None:
        """Raises `AgentPinError` for a document that is not good."""
        agentpin.validate_discovery_document(doc, expected_entity)

    def create_trust_bundle(self) -> Document:
        """An empty trust bundle."""
        return agentpin.create_trust_bundle()

    def load_trust_bundle(self, path: str) -> Document:
        """A trust bundle from a file."""
        return agentpin.load_trust_bundle(path)

    def save_trust_bundle(self, bundle: Document, path: str) -> None:
        """Write a trust bundle to a file."""
        agentpin.save_trust_bundle(bundle, path)

    def create_pin_store(self) -> KeyPinStore:
        """An empty store of pinned keys."""
        return agentpin.KeyPinStore()


class AgentPinClient(_Offline):
    """Makes keys and credentials, and verifies those of others."""

    def verify_credential(
        self, jwt: str, audience: str | None = None, config: VerifierConfig | None = None
    ) -> VerificationResult:
        """Verify against what the issuer's domain publishes. Never raises for what domain or credential say."""
        return agentpin.verify_credential(jwt, self.pin_store, audience, config)

    def fetch_discovery_document(self, domain: str) -> Document:
        """What a domain publishes about its agents. Raises `AgentPinError`."""
        return agentpin.fetch_discovery_document(domain)


class AsyncAgentPinClient(_Offline):
    """The same; what asks a domain is to be awaited, the rest needs no waiting."""

    async def verify_credential(
        self, jwt: str, audience: str | None = None, config: VerifierConfig | None = None
    ) -> VerificationResult:
        """See `AgentPinClient.verify_credential`."""
        return await agentpin.averify_credential(jwt, self.pin_store, audience, config)

    async def fetch_discovery_document(self, domain: str) -> Document:
        """See `AgentPinClient.fetch_discovery_document`."""
        return await agentpin.afetch_discovery_document(domain)

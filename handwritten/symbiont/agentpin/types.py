"""Words, results and records of AgentPin 0.3 (protocol sheet §9, §18.3). Documents themselves are plain dicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

VERSION: Final = "0.1"


class EntityType(StrEnum):
    """What an entity does with agents."""

    MAKER = "maker"
    DEPLOYER = "deployer"
    BOTH = "both"


class AgentStatus(StrEnum):
    """Only an active agent's credentials are good."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEPRECATED = "deprecated"


class DelegationRole(StrEnum):
    """Who attests in a chain."""

    MAKER = "maker"
    DEPLOYER = "deployer"


class RevocationReason(StrEnum):
    """Why something was revoked."""

    KEY_COMPROMISE = "key_compromise"
    AFFILIATION_CHANGED = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"
    POLICY_VIOLATION = "policy_violation"


class DataClassification(StrEnum):
    """How secret data may be, the least first."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


DATA_CLASSIFICATION_ORDER: Final[dict[str, int]] = {level.value: rank for rank, level in enumerate(DataClassification)}


class TrustLevel(StrEnum):
    """How a key came into a pin store; only `tofu` (trust on first use) is written here."""

    TOFU = "tofu"
    VERIFIED = "verified"
    PINNED = "pinned"


class ErrorCode(StrEnum):
    """Why a credential or document was refused."""

    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    KEY_NOT_FOUND = "KEY_NOT_FOUND"
    KEY_EXPIRED = "KEY_EXPIRED"
    KEY_REVOKED = "KEY_REVOKED"
    CREDENTIAL_EXPIRED = "CREDENTIAL_EXPIRED"
    CREDENTIAL_REVOKED = "CREDENTIAL_REVOKED"
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    AGENT_INACTIVE = "AGENT_INACTIVE"
    CAPABILITY_EXCEEDED = "CAPABILITY_EXCEEDED"
    CONSTRAINT_VIOLATION = "CONSTRAINT_VIOLATION"
    DELEGATION_INVALID = "DELEGATION_INVALID"
    DELEGATION_DEPTH_EXCEEDED = "DELEGATION_DEPTH_EXCEEDED"
    DISCOVERY_FETCH_FAILED = "DISCOVERY_FETCH_FAILED"
    DISCOVERY_INVALID = "DISCOVERY_INVALID"
    DOMAIN_MISMATCH = "DOMAIN_MISMATCH"
    AUDIENCE_MISMATCH = "AUDIENCE_MISMATCH"
    ALGORITHM_REJECTED = "ALGORITHM_REJECTED"
    KEY_PIN_MISMATCH = "KEY_PIN_MISMATCH"


class AgentPinError(Exception):
    """A refusal with its `code`."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, str(self))


@dataclass
class VerifierConfig:
    """How far clocks may differ, and how long a credential may last. Seconds."""

    clock_skew_secs: int = 60
    max_ttl_secs: int = 86400


@dataclass
class VerificationResult:
    """How a verification went: `valid`, or the code and words of the first step that failed."""

    valid: bool
    agent_id: str | None = None
    issuer: str | None = None
    capabilities: list[str] | None = None
    constraints: dict[str, Any] | None = None
    delegation_verified: bool | None = None
    delegation_chain: list[dict[str, Any]] | None = None
    key_pinning: dict[str, str] | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    warnings: list[str] = field(default_factory=list[str])


@dataclass
class ValidHours:
    """When an agent may act."""

    start: str
    end: str
    timezone: str


@dataclass
class Constraints:
    """What an agent is held to."""

    allowed_domains: list[str] | None = None
    denied_domains: list[str] | None = None
    rate_limit: str | None = None
    data_classification_max: str | None = None
    ip_allowlist: list[str] | None = None
    valid_hours: ValidHours | None = None


@dataclass
class JwtHeader:
    """The header of a credential."""

    alg: str
    typ: str
    kid: str


@dataclass
class JwtPayload:
    """The claims of a credential."""

    iss: str
    sub: str
    iat: int
    exp: int
    jti: str
    agentpin_version: str
    capabilities: list[str]
    aud: str | None = None
    nbf: int | None = None
    constraints: Constraints | None = None
    delegation_chain: list[Any] | None = None
    nonce: str | None = None


@dataclass
class DelegationAttestation:
    """One link of a delegation chain."""

    domain: str
    role: str
    agent_id: str
    kid: str
    attestation: str


@dataclass
class Jwk:
    """A public key of a discovery document."""

    kid: str
    kty: str
    crv: str
    x: str
    y: str
    use: str = "sig"
    key_ops: list[str] | None = None
    exp: str | None = None


@dataclass
class AgentDeclaration:
    """An agent as its entity declares it."""

    agent_id: str
    name: str
    capabilities: list[str]
    status: str
    agent_type: str | None = None
    description: str | None = None
    version: str | None = None
    constraints: dict[str, Any] | None = None
    maker_attestation: str | None = None
    credential_ttl_max: int | None = None
    directory_listing: bool | None = None


@dataclass
class DiscoveryDocument:
    """What an entity publishes of itself, its keys and its agents."""

    agentpin_version: str
    entity: str
    entity_type: str
    public_keys: list[dict[str, Any]]
    agents: list[dict[str, Any]]
    max_delegation_depth: int
    updated_at: str
    revocation_endpoint: str | None = None
    policy_url: str | None = None
    schemapin_endpoint: str | None = None


@dataclass
class RevocationDocument:
    """What an entity takes back."""

    agentpin_version: str
    entity: str
    updated_at: str
    revoked_credentials: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    revoked_agents: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    revoked_keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass
class PinnedKey:
    """A key that was seen."""

    kid: str
    public_key_hash: str
    first_seen: str
    last_seen: str
    trust_level: str


@dataclass
class PinnedDomain:
    """The keys that a domain may use."""

    domain: str
    pinned_keys: list[PinnedKey] = field(default_factory=list[PinnedKey])


@dataclass
class Challenge:
    """Prove that you hold the key."""

    type: str
    nonce: str
    timestamp: str
    verifier_credential: str | None = None


@dataclass
class Response:
    """The proof."""

    type: str
    nonce: str
    signature: str
    kid: str

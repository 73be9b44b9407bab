"""AgentPin: domains vouch for agents, and agents prove it (the protocol of `agentpin` 0.3, both ways).

    pair = generate_key_pair()
    kid = generate_key_id(pair.public_key_pem)
    agent = "urn:agentpin:example.com:bot"
    jwt = issue_credential(pair.private_key_pem, kid, "example.com", agent, None, ["read:data"], None, None, 3600)
    result = verify_credential(jwt, KeyPinStore(), "verifier.com")     # asks https://example.com/.well-known/...

Names and results are those of `agentpin`; its wire form is kept byte for byte, with its DER signatures. Stricter are:
one spelling for each token, keys for their use only, HTTPS to real domains with limits of time and size, and missing
claims are results, not exceptions. Names load with their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from symbiont.agentpin.a2a import (
        build_and_sign_agent_card,
        build_unsigned_agent_card,
        canonicalize_for_signing,
        capability_to_skill,
        extension_key_thumbprint,
        sign_agent_card,
        verify_agentpin_extension,
    )
    from symbiont.agentpin.bundle import (
        create_trust_bundle,
        find_bundle_discovery,
        find_bundle_revocation,
        load_trust_bundle,
        save_trust_bundle,
        verify_credential_with_bundle,
    )
    from symbiont.agentpin.capability import (
        CORE_ACTIONS,
        Capability,
        capabilities_hash,
        capabilities_subset,
        validate_capability,
    )
    from symbiont.agentpin.client import AgentPinClient, AsyncAgentPinClient
    from symbiont.agentpin.constraint import constraints_subset_of, domain_pattern_matches, parse_rate_limit
    from symbiont.agentpin.credential import issue_credential, validate_credential_against_discovery
    from symbiont.agentpin.crypto import (
        KeyPair,
        generate_key_id,
        generate_key_pair,
        sha256_hash,
        sha256_hex,
        sign_data,
        verify_signature,
    )
    from symbiont.agentpin.delegation import (
        canonical_attestation_input,
        create_attestation,
        verify_attestation,
        verify_chain_depth,
    )
    from symbiont.agentpin.discovery import (
        AllowedDomains,
        afetch_discovery_document,
        build_discovery_document,
        fetch_discovery_document,
        find_agent_by_id,
        find_key_by_kid,
        validate_discovery_document,
    )
    from symbiont.agentpin.dns import fetch_dns_txt, parse_txt_record, txt_record_name, verify_dns_match
    from symbiont.agentpin.jwk import jwk_thumbprint, jwk_to_pem, pem_to_jwk
    from symbiont.agentpin.jwt import base64url_decode, base64url_encode, decode_jwt_unverified, encode_jwt, verify_jwt
    from symbiont.agentpin.mutual import (
        create_challenge,
        create_response,
        verify_response,
        verify_response_with_nonce_store,
    )
    from symbiont.agentpin.nonce import InMemoryNonceStore, NonceStore
    from symbiont.agentpin.pinning import KeyPinStore, PinningResult, check_pinning
    from symbiont.agentpin.resolver_a2a import A2aAgentCardResolver
    from symbiont.agentpin.resolver_local import LocalAgentCardStore, card_endpoint_host, derive_discovery_from_card
    from symbiont.agentpin.revocation import (
        add_revoked_agent,
        add_revoked_credential,
        add_revoked_key,
        afetch_revocation_document,
        build_revocation_document,
        check_revocation,
        fetch_revocation_document,
    )
    from symbiont.agentpin.rotation import apply_rotation, complete_rotation, prepare_rotation
    from symbiont.agentpin.transport import (
        AUTH_TYPE,
        FIELD_NAME,
        GRPC_METADATA_KEY,
        grpc_extract_credential,
        grpc_format_metadata_value,
        http_extract_credential,
        http_format_authorization_header,
        mcp_extract_credential,
        mcp_format_meta_field,
        ws_extract_credential,
        ws_format_auth_message,
    )
    from symbiont.agentpin.types import (
        DATA_CLASSIFICATION_ORDER,
        AgentPinError,
        AgentStatus,
        DataClassification,
        DelegationRole,
        EntityType,
        ErrorCode,
        RevocationReason,
        TrustLevel,
        VerificationResult,
        VerifierConfig,
    )
    from symbiont.agentpin.verification import averify_credential, verify_credential, verify_credential_offline

_HOMES = {
    "a2a": (
        "build_and_sign_agent_card build_unsigned_agent_card canonicalize_for_signing capability_to_skill "
        "extension_key_thumbprint sign_agent_card verify_agentpin_extension"
    ),
    "bundle": (
        "create_trust_bundle find_bundle_discovery find_bundle_revocation load_trust_bundle save_trust_bundle "
        "verify_credential_with_bundle"
    ),
    "capability": "CORE_ACTIONS Capability capabilities_hash capabilities_subset validate_capability",
    "constraint": "constraints_subset_of domain_pattern_matches parse_rate_limit",
    "credential": "issue_credential validate_credential_against_discovery",
    "crypto": "KeyPair generate_key_id generate_key_pair sha256_hash sha256_hex sign_data verify_signature",
    "delegation": "canonical_attestation_input create_attestation verify_attestation verify_chain_depth",
    "discovery": (
        "AllowedDomains afetch_discovery_document build_discovery_document fetch_discovery_document "
        "find_agent_by_id find_key_by_kid validate_discovery_document"
    ),
    "dns": "fetch_dns_txt parse_txt_record txt_record_name verify_dns_match",
    "jwk": "jwk_thumbprint jwk_to_pem pem_to_jwk",
    "jwt": "base64url_decode base64url_encode decode_jwt_unverified encode_jwt verify_jwt",
    "mutual": "create_challenge create_response verify_response verify_response_with_nonce_store",
    "nonce": "InMemoryNonceStore NonceStore",
    "pinning": "KeyPinStore PinningResult check_pinning",
    "resolver_a2a": "A2aAgentCardResolver",
    "resolver_local": "LocalAgentCardStore card_endpoint_host derive_discovery_from_card",
    "revocation": (
        "add_revoked_agent add_revoked_credential add_revoked_key afetch_revocation_document "
        "build_revocation_document check_revocation fetch_revocation_document"
    ),
    "rotation": "apply_rotation complete_rotation prepare_rotation",
    "transport": (
        "AUTH_TYPE FIELD_NAME GRPC_METADATA_KEY grpc_extract_credential grpc_format_metadata_value "
        "http_extract_credential http_format_authorization_header mcp_extract_credential mcp_format_meta_field "
        "ws_extract_credential ws_format_auth_message"
    ),
    "types": (
        "AgentPinError AgentStatus DATA_CLASSIFICATION_ORDER DataClassification DelegationRole EntityType "
        "ErrorCode RevocationReason TrustLevel VerificationResult VerifierConfig"
    ),
    "verification": "averify_credential verify_credential verify_credential_offline",
    "client": "AgentPinClient AsyncAgentPinClient",
}

__all__ = [
    "AUTH_TYPE",
    "CORE_ACTIONS",
    "DATA_CLASSIFICATION_ORDER",
    "FIELD_NAME",
    "GRPC_METADATA_KEY",
    "A2aAgentCardResolver",
    "AgentPinClient",
    "AgentPinError",
    "AgentStatus",
    "AllowedDomains",
    "AsyncAgentPinClient",
    "Capability",
    "DataClassification",
    "DelegationRole",
    "EntityType",
    "ErrorCode",
    "InMemoryNonceStore",
    "KeyPair",
    "KeyPinStore",
    "LocalAgentCardStore",
    "NonceStore",
    "PinningResult",
    "RevocationReason",
    "TrustLevel",
    "VerificationResult",
    "VerifierConfig",
    "add_revoked_agent",
    "add_revoked_credential",
    "add_revoked_key",
    "afetch_discovery_document",
    "afetch_revocation_document",
    "apply_rotation",
    "averify_credential",
    "base64url_decode",
    "base64url_encode",
    "build_and_sign_agent_card",
    "build_discovery_document",
    "build_revocation_document",
    "build_unsigned_agent_card",
    "canonical_attestation_input",
    "canonicalize_for_signing",
    "capabilities_hash",
    "capabilities_subset",
    "capability_to_skill",
    "card_endpoint_host",
    "check_pinning",
    "check_revocation",
    "complete_rotation",
    "constraints_subset_of",
    "create_attestation",
    "create_challenge",
    "create_response",
    "create_trust_bundle",
    "decode_jwt_unverified",
    "derive_discovery_from_card",
    "domain_pattern_matches",
    "encode_jwt",
    "extension_key_thumbprint",
    "fetch_discovery_document",
    "fetch_dns_txt",
    "fetch_revocation_document",
    "find_agent_by_id",
    "find_bundle_discovery",
    "find_bundle_revocation",
    "find_key_by_kid",
    "generate_key_id",
    "generate_key_pair",
    "grpc_extract_credential",
    "grpc_format_metadata_value",
    "http_extract_credential",
    "http_format_authorization_header",
    "issue_credential",
    "jwk_thumbprint",
    "jwk_to_pem",
    "load_trust_bundle",
    "mcp_extract_credential",
    "mcp_format_meta_field",
    "parse_rate_limit",
    "parse_txt_record",
    "pem_to_jwk",
    "prepare_rotation",
    "save_trust_bundle",
    "sha256_hash",
    "sha256_hex",
    "sign_agent_card",
    "sign_data",
    "txt_record_name",
    "validate_capability",
    "validate_credential_against_discovery",
    "validate_discovery_document",
    "verify_agentpin_extension",
    "verify_attestation",
    "verify_chain_depth",
    "verify_credential",
    "verify_credential_offline",
    "verify_credential_with_bundle",
    "verify_dns_match",
    "verify_jwt",
    "verify_response",
    "verify_response_with_nonce_store",
    "verify_signature",
    "ws_extract_credential",
    "ws_format_auth_message",
]

_MODULES = (
    "a2a bundle capability client constraint credential crypto delegation discovery dns fetching jwk jwt mutual nonce "
    "pinning resolver_a2a resolver_local revocation rotation transport types verification"
)

__getattr__, __dir__ = attach(__name__, _HOMES, _MODULES)

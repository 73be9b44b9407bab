"""SchemaPin: domains sign the schemas of their tools and their skill folders (the protocol of `schemapin` 1.3).

    result = verify_schema_offline(schema, signature, "example.com", "tool", discovery, None, KeyPinStore())

Names, results and wire form are those of `schemapin`. Stricter are: HTTPS to real domains with limits of time and size,
and `auto_pin` pins no key whose signature was not good.
Names load with their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from symbiont.schemapin.bundle import SchemaPinTrustBundle, create_bundled_discovery
    from symbiont.schemapin.core import SchemaPinCore
    from symbiont.schemapin.crypto import KeyManager, SignatureManager
    from symbiont.schemapin.discovery import PublicKeyDiscovery
    from symbiont.schemapin.interactive import (
        CallbackInteractiveHandler,
        ConsoleInteractiveHandler,
        InteractiveHandler,
        InteractivePinningManager,
        KeyInfo,
        PromptContext,
        PromptType,
        UserDecision,
    )
    from symbiont.schemapin.pinning import KeyPinning, PinningMode, PinningPolicy
    from symbiont.schemapin.resolver import (
        ChainResolver,
        LocalFileResolver,
        SchemaResolver,
        TrustBundleResolver,
        WellKnownResolver,
    )
    from symbiont.schemapin.revocation import (
        RevocationDocument,
        RevocationReason,
        RevokedKey,
        add_revoked_key,
        build_revocation_document,
        check_revocation,
        check_revocation_combined,
        fetch_revocation_document,
    )
    from symbiont.schemapin.skill import SIGNATURE_FILENAME, SkillSigner
    from symbiont.schemapin.utils import SchemaSigningWorkflow, SchemaVerificationWorkflow, create_well_known_response
    from symbiont.schemapin.verification import (
        ErrorCode,
        KeyPinningStatus,
        KeyPinStore,
        VerificationResult,
        verify_schema_offline,
        verify_schema_with_resolver,
    )

_HOMES = {
    "bundle": "SchemaPinTrustBundle create_bundled_discovery",
    "core": "SchemaPinCore",
    "crypto": "KeyManager SignatureManager",
    "discovery": "PublicKeyDiscovery",
    "interactive": (
        "CallbackInteractiveHandler ConsoleInteractiveHandler InteractiveHandler InteractivePinningManager "
        "KeyInfo PromptContext PromptType UserDecision"
    ),
    "pinning": "KeyPinning PinningMode PinningPolicy",
    "resolver": "ChainResolver LocalFileResolver SchemaResolver TrustBundleResolver WellKnownResolver",
    "revocation": (
        "RevocationDocument RevocationReason RevokedKey add_revoked_key "
        "build_revocation_document check_revocation check_revocation_combined fetch_revocation_document"
    ),
    "skill": "SIGNATURE_FILENAME SkillSigner",
    "utils": "SchemaSigningWorkflow SchemaVerificationWorkflow create_well_known_response",
    "verification": (
        "ErrorCode KeyPinStore KeyPinningStatus VerificationResult verify_schema_offline verify_schema_with_resolver"
    ),
}

__all__ = [
    "SIGNATURE_FILENAME",
    "CallbackInteractiveHandler",
    "ChainResolver",
    "ConsoleInteractiveHandler",
    "ErrorCode",
    "InteractiveHandler",
    "InteractivePinningManager",
    "KeyInfo",
    "KeyManager",
    "KeyPinStore",
    "KeyPinning",
    "KeyPinningStatus",
    "LocalFileResolver",
    "PinningMode",
    "PinningPolicy",
    "PromptContext",
    "PromptType",
    "PublicKeyDiscovery",
    "RevocationDocument",
    "RevocationReason",
    "RevokedKey",
    "SchemaPinCore",
    "SchemaPinTrustBundle",
    "SchemaResolver",
    "SchemaSigningWorkflow",
    "SchemaVerificationWorkflow",
    "SignatureManager",
    "SkillSigner",
    "TrustBundleResolver",
    "UserDecision",
    "VerificationResult",
    "WellKnownResolver",
    "add_revoked_key",
    "build_revocation_document",
    "check_revocation",
    "check_revocation_combined",
    "create_bundled_discovery",
    "create_well_known_response",
    "fetch_revocation_document",
    "verify_schema_offline",
    "verify_schema_with_resolver",
]

_MODULES = "bundle core crypto discovery interactive pinning resolver revocation skill utils verification"

__getattr__, __dir__ = attach(__name__, _HOMES, _MODULES)

"""Whether a tool's schema is the one that its domain signed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from symbiont.agentpin._values import is_object, text, texts
from symbiont.schemapin.core import SchemaPinCore
from symbiont.schemapin.crypto import KeyManager, SignatureManager
from symbiont.schemapin.revocation import RevocationDocument, check_revocation_combined

if TYPE_CHECKING:
    from symbiont.schemapin.resolver import SchemaResolver


class ErrorCode(Enum):
    """Why a signature is not taken."""

    SIGNATURE_INVALID = "signature_invalid"
    KEY_NOT_FOUND = "key_not_found"
    KEY_REVOKED = "key_revoked"
    KEY_PIN_MISMATCH = "key_pin_mismatch"
    DISCOVERY_FETCH_FAILED = "discovery_fetch_failed"
    DISCOVERY_INVALID = "discovery_invalid"
    DOMAIN_MISMATCH = "domain_mismatch"
    SCHEMA_CANONICALIZATION_FAILED = "schema_canonicalization_failed"


@dataclass
class KeyPinningStatus:
    """`first_use` or `pinned`."""

    status: str
    first_seen: str | None = None


@dataclass
class VerificationResult:
    """How a verification went."""

    valid: bool
    domain: str | None = None
    developer_name: str | None = None
    key_pinning: KeyPinningStatus | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    warnings: list[str] = field(default_factory=list[str])

    def to_dict(self) -> dict[str, Any]:
        """Without what is not known."""
        pinning = self.key_pinning
        members: dict[str, Any] = {
            "domain": self.domain,
            "developer_name": self.developer_name,
            "key_pinning": pinning and _present({"status": pinning.status, "first_seen": pinning.first_seen}),
            "error_code": self.error_code and self.error_code.value,
            "error_message": self.error_message,
            "warnings": self.warnings or None,
        }
        return {"valid": self.valid, **_present(members)}


class KeyPinStore:
    """Fingerprints by tool and domain, in memory; safe to share between threads."""

    def __init__(self) -> None:
        self._pins: dict[str, str] = {}
        self._lock = threading.Lock()

    def check_and_pin(self, tool_id: str, domain: str, fingerprint: str) -> str:
        """`first_use` (and pinned), `pinned`, or `changed` (and not pinned)."""
        with self._lock:
            known = self._pins.setdefault(f"{tool_id}@{domain}", "")
            if not known:
                self._pins[f"{tool_id}@{domain}"] = fingerprint
                return "first_use"
            return "pinned" if known == fingerprint else "changed"

    def get_pinned(self, tool_id: str, domain: str) -> str | None:
        """The fingerprint that is pinned."""
        return self._pins.get(f"{tool_id}@{domain}")

    def to_json(self) -> str:
        """All of it, as a JSON object."""
        with self._lock:
            return json.dumps(self._pins)

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """Raises `ValueError` for anything but an object of texts."""
        value: Any = json.loads(json_str)
        if not is_object(value) or not all(isinstance(pin, str) and pin for pin in value.values()):
            raise ValueError("not a pin store: an object of fingerprints is")
        store = cls()
        store._pins = dict(value)
        return store


class Refused(Exception):  # noqa: N818 - an answer on its way to the result
    """The first step that failed."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def verify_schema_offline(  # noqa: PLR0917 - the order of SchemaPin 1.3
    schema: Mapping[str, Any],
    signature_b64: str,
    domain: str,
    tool_id: str,
    discovery: Mapping[str, Any],
    revocation: RevocationDocument | None,
    pin_store: KeyPinStore,
) -> VerificationResult:
    """Verify with documents at hand. The first step that fails is the result."""
    try:
        pem, fingerprint = trusted_key(discovery, revocation)
        pinning = pinned(pin_store, tool_id, domain, fingerprint)
        try:
            digest = SchemaPinCore.canonicalize_and_hash(schema)
        except (TypeError, ValueError, RecursionError) as error:
            message = f"Failed to canonicalize schema: {error}"
            raise Refused(ErrorCode.SCHEMA_CANONICALIZATION_FAILED, message) from None
        check_signature(digest, signature_b64, pem)
    except Refused as refused:
        return VerificationResult(False, domain, error_code=refused.code, error_message=str(refused))
    return accepted(domain, discovery, pinning)


def verify_schema_with_resolver(  # noqa: PLR0917 - the order of SchemaPin 1.3
    schema: Mapping[str, Any],
    signature_b64: str,
    domain: str,
    tool_id: str,
    resolver: SchemaResolver,
    pin_store: KeyPinStore,
) -> VerificationResult:
    """Verify with the documents that a resolver has of the domain."""
    discovery = resolver.resolve_discovery(domain)
    if discovery is None:
        return not_resolved(domain)
    revocation = resolver.resolve_revocation(domain, discovery)
    return verify_schema_offline(schema, signature_b64, domain, tool_id, discovery, revocation, pin_store)


def not_resolved(domain: str) -> VerificationResult:
    """There is no discovery document."""
    message = f"Could not resolve discovery for domain: {domain}"
    code = ErrorCode.DISCOVERY_FETCH_FAILED
    return VerificationResult(False, domain, error_code=code, error_message=message)


def trusted_key(discovery: object, revocation: RevocationDocument | None) -> tuple[str, str]:
    """The PEM and fingerprint of a document's key, which must not have been taken back."""
    pem = text(discovery.get("public_key_pem")) if is_object(discovery) else None
    if pem is None or "-----BEGIN PUBLIC KEY-----" not in pem:
        raise Refused(ErrorCode.DISCOVERY_INVALID, "Discovery document missing or invalid public_key_pem")
    try:
        fingerprint = KeyManager.calculate_key_fingerprint_from_pem(pem)
    except ValueError as error:
        raise Refused(ErrorCode.KEY_NOT_FOUND, f"Failed to load public key: {error}") from None
    try:
        simple = discovery.get("revoked_keys") if is_object(discovery) else None
        check_revocation_combined(texts(simple), revocation, fingerprint)
    except ValueError as error:
        raise Refused(ErrorCode.KEY_REVOKED, str(error)) from None
    return pem, fingerprint


def pinned(store: KeyPinStore, tool_id: str, domain: str, fingerprint: str) -> KeyPinningStatus:
    """What the store says of the key."""
    status = store.check_and_pin(tool_id, domain, fingerprint)
    if status == "changed":
        raise Refused(ErrorCode.KEY_PIN_MISMATCH, "Key fingerprint changed since last use")
    return KeyPinningStatus(status)


def check_signature(digest: bytes, signature_b64: object, pem: str) -> None:
    """Raises `Refused` unless the key signed the digest."""
    key = KeyManager.load_public_key_pem(pem)
    if not isinstance(signature_b64, str) or not SignatureManager.verify_schema_signature(digest, signature_b64, key):
        raise Refused(ErrorCode.SIGNATURE_INVALID, "Signature verification failed")


def accepted(domain: str, discovery: Mapping[str, Any], pinning: KeyPinningStatus | None) -> VerificationResult:
    """The result of a good signature."""
    version = str(discovery.get("schema_version", ""))
    warnings = [f"Discovery uses schema version {version[:20]}, consider upgrading to 1.2"] if _older(version) else []
    name = text(discovery.get("developer_name"))
    return VerificationResult(True, domain, name, key_pinning=pinning, warnings=warnings)


def _older(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) < (1, 2)


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}

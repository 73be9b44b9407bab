"""Signing and verifying in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symbiont.agentpin._values import text, texts
from symbiont.schemapin.core import SchemaPinCore
from symbiont.schemapin.crypto import KeyManager, SignatureManager
from symbiont.schemapin.discovery import PublicKeyDiscovery, developer_info
from symbiont.schemapin.pinning import KeyPinning


class SchemaSigningWorkflow:
    """Signs schemas with one key."""

    def __init__(self, private_key_pem: str) -> None:
        self._key = KeyManager.load_private_key_pem(private_key_pem)

    def sign_schema(self, schema: Mapping[str, Any]) -> str:
        """The signature of a schema."""
        return SignatureManager.sign_schema_hash(SchemaPinCore.canonicalize_and_hash(schema), self._key)

    def __repr__(self) -> str:
        return "SchemaSigningWorkflow(***)"


class SchemaVerificationWorkflow:
    """Verifies schemas against the keys that are pinned, else against those that domains publish."""

    def __init__(self, pinning_db_path: str | None = None) -> None:
        self.pinning = KeyPinning(pinning_db_path)
        self.discovery = PublicKeyDiscovery()

    def verify_schema(
        self, schema: Mapping[str, Any], signature_b64: str, tool_id: str, domain: str, auto_pin: bool = False
    ) -> dict[str, Any]:
        """`{valid, pinned, first_use, error, developer_info}`.

        A pinned key counts unless its domain took it back. With `auto_pin` a new key is pinned once its first
        signature was good.
        """
        result: dict[str, Any] = {
            "valid": False,
            "pinned": False,
            "first_use": False,
            "error": None,
            "developer_info": None,
        }
        pinned, document = self.pinning.get_pinned_key(tool_id), self.discovery.fetch_well_known(domain)
        if pinned is None and document is None:
            return result | {"error": "Could not discover public key"}
        pem = pinned or str((document or {}).get("public_key_pem"))
        if document is not None and self.discovery.check_key_revocation(pem, texts(document.get("revoked_keys")) or []):
            return result | {"error": f"{'Pinned public' if pinned else 'Public'} key has been revoked"}
        try:
            digest, key = SchemaPinCore.canonicalize_and_hash(schema), KeyManager.load_public_key_pem(pem)
        except (TypeError, ValueError, RecursionError) as error:
            return result | {"error": str(error)}
        valid = SignatureManager.verify_schema_signature(digest, signature_b64, key)
        if pinned is not None:
            if valid:
                self.pinning.update_last_verified(tool_id)
            return result | {"valid": valid, "pinned": True}
        info = developer_info(document or {})
        took = auto_pin and valid and self.pinning.pin_key(tool_id, pem, domain, info["developer_name"])
        return result | {"valid": valid, "pinned": took, "first_use": True, "developer_info": info}

    def pin_key_for_tool(self, tool_id: str, domain: str, developer_name: str | None = None) -> bool:
        """Pin the key that a domain publishes, unless it took it back."""
        document = self.discovery.fetch_well_known(domain)
        pem = text((document or {}).get("public_key_pem"))
        if document is None or pem is None:
            return False
        if self.discovery.check_key_revocation(pem, texts(document.get("revoked_keys")) or []):
            return False
        return self.pinning.pin_key(tool_id, pem, domain, developer_name or text(document.get("developer_name")))


def create_well_known_response(  # noqa: PLR0917 - the order of SchemaPin 1.3
    public_key_pem: str,
    developer_name: str,
    contact: str | None = None,
    revoked_keys: Sequence[str] | None = None,
    schema_version: str = "1.2",
    revocation_endpoint: str | None = None,
) -> dict[str, Any]:
    """The document for a domain to publish."""
    document: dict[str, Any] = {
        "schema_version": schema_version,
        "developer_name": developer_name,
        "public_key_pem": public_key_pem,
    }
    optional = {
        "contact": contact,
        "revoked_keys": list(revoked_keys or ()),
        "revocation_endpoint": revocation_endpoint,
    }
    return document | {name: value for name, value in optional.items() if value}

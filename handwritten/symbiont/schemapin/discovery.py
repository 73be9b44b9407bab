"""The key that a domain publishes for its tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from symbiont.agentpin._values import is_object, text, texts
from symbiont.agentpin.fetching import Reach, fetch_json
from symbiont.agentpin.types import AgentPinError
from symbiont.schemapin.crypto import KeyManager

PATH = "/.well-known/schemapin.json"


class PublicKeyDiscovery:
    """Reads `https://<domain>/.well-known/schemapin.json`. What cannot be had is None."""

    @staticmethod
    def construct_well_known_url(domain: str) -> str:
        """Where a domain's document is; a scheme may be given."""
        parts = urlsplit(domain if "://" in domain else f"https://{domain}")
        return f"{parts.scheme}://{parts.netloc}{PATH}"

    @staticmethod
    def validate_well_known_response(response_data: Mapping[str, Any]) -> bool:
        """Whether it has what a document must have."""
        return is_object(response_data) and all(
            isinstance(response_data.get(name), str) for name in ("schema_version", "public_key_pem")
        )

    @classmethod
    def fetch_well_known(cls, domain: str, timeout: int = 10) -> dict[str, Any] | None:
        """A domain's document: over HTTPS, without redirects, at most 1 MiB."""
        try:
            document = fetch_json(cls.construct_well_known_url(domain), reach=Reach(timeout=timeout))
        except (AgentPinError, ValueError):
            return None
        return document if cls.validate_well_known_response(document) else None

    @classmethod
    def get_public_key_pem(cls, domain: str, timeout: int = 10) -> str | None:
        """Its key."""
        return text((cls.fetch_well_known(domain, timeout) or {}).get("public_key_pem"))

    @classmethod
    def check_key_revocation(cls, public_key_pem: str, revoked_keys: Sequence[str]) -> bool:
        """Whether a key is among those that were taken back; a key that cannot be read is not."""
        try:
            return KeyManager.calculate_key_fingerprint_from_pem(public_key_pem) in (revoked_keys or ())
        except ValueError:
            return False

    @classmethod
    def get_revoked_keys(cls, domain: str, timeout: int = 10) -> list[str] | None:
        """The fingerprints that a domain took back."""
        document = cls.fetch_well_known(domain, timeout)
        return None if document is None else texts(document.get("revoked_keys", []))

    @classmethod
    def validate_key_not_revoked(cls, public_key_pem: str, domain: str, timeout: int = 10) -> bool:
        """Whether a domain has not taken a key back; True when nobody can be asked."""
        return not cls.check_key_revocation(public_key_pem, cls.get_revoked_keys(domain, timeout) or [])

    @classmethod
    def get_developer_info(cls, domain: str, timeout: int = 10) -> dict[str, str] | None:
        """Who publishes the tools."""
        document = cls.fetch_well_known(domain, timeout)
        return None if document is None else developer_info(document)


def developer_info(document: Mapping[str, Any]) -> dict[str, str]:
    """Name, version and contact, as a document says them."""
    return {
        "developer_name": text(document.get("developer_name")) or "Unknown",
        "schema_version": text(document.get("schema_version")) or "1.0",
        "contact": text(document.get("contact")) or "",
    }

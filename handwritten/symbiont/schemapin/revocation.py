"""Keys that were taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from symbiont.agentpin._values import now_iso, objects
from symbiont.agentpin.fetching import MAX_REDIRECTS, Reach, fetch_json
from symbiont.agentpin.types import AgentPinError

VERSION = "1.2"


class RevocationReason(Enum):
    """Why."""

    KEY_COMPROMISE = "key_compromise"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"


@dataclass
class RevokedKey:
    """One key that was taken back."""

    fingerprint: str
    revoked_at: str
    reason: RevocationReason

    def to_dict(self) -> dict[str, Any]:
        """As it is published."""
        return {"fingerprint": self.fingerprint, "revoked_at": self.revoked_at, "reason": self.reason.value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` for a missing member, `ValueError` for an unknown reason."""
        return cls(str(data["fingerprint"]), str(data["revoked_at"]), RevocationReason(data["reason"]))


@dataclass
class RevocationDocument:
    """The keys that a domain took back."""

    schemapin_version: str
    domain: str
    updated_at: str
    revoked_keys: list[RevokedKey] = field(default_factory=list[RevokedKey])

    def to_dict(self) -> dict[str, Any]:
        """As it is published."""
        return {
            "schemapin_version": self.schemapin_version,
            "domain": self.domain,
            "updated_at": self.updated_at,
            "revoked_keys": [key.to_dict() for key in self.revoked_keys],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` for a missing member, `ValueError` for an unknown reason."""
        keys = [RevokedKey.from_dict(key) for key in objects(data.get("revoked_keys"))]
        return cls(str(data["schemapin_version"]), str(data["domain"]), str(data["updated_at"]), keys)


def build_revocation_document(domain: str) -> RevocationDocument:
    """An empty document."""
    return RevocationDocument(VERSION, domain, now_iso())


def add_revoked_key(doc: RevocationDocument, fingerprint: str, reason: RevocationReason) -> None:
    """Take a key back."""
    doc.updated_at = now_iso()
    doc.revoked_keys.append(RevokedKey(fingerprint, doc.updated_at, reason))


def check_revocation(doc: RevocationDocument, fingerprint: str) -> None:
    """Raises `ValueError` for a key that was taken back."""
    for key in doc.revoked_keys:
        if key.fingerprint == fingerprint:
            raise ValueError(f"Key {fingerprint} is revoked: {key.reason.value}")


def check_revocation_combined(
    simple_revoked: Sequence[str] | None, revocation_doc: RevocationDocument | None, fingerprint: str
) -> None:
    """As `check_revocation`, also for the list in a discovery document."""
    if fingerprint in (simple_revoked or ()):
        raise ValueError(f"Key {fingerprint} is in simple revocation list")
    if revocation_doc is not None:
        check_revocation(revocation_doc, fingerprint)


def fetch_revocation_document(url: str, timeout: int = 10) -> RevocationDocument | None:
    """The document at an HTTPS address; None when it cannot be had."""
    try:
        return RevocationDocument.from_dict(fetch_json(url, redirects=MAX_REDIRECTS, reach=Reach(timeout=timeout)))
    except (AgentPinError, KeyError, ValueError):
        return None

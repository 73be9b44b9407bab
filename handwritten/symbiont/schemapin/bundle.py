"""Trust bundles: the documents of several domains in one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from symbiont.agentpin._values import objects
from symbiont.schemapin.revocation import RevocationDocument


@dataclass
class SchemaPinTrustBundle:
    """`documents` are discovery documents with their domain."""

    schemapin_bundle_version: str
    created_at: str
    documents: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    revocations: list[RevocationDocument] = field(default_factory=list[RevocationDocument])

    def find_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document of a domain, without the domain."""
        for document in self.documents:
            if document.get("domain") == domain:
                return {name: value for name, value in document.items() if name != "domain"}
        return None

    def find_revocation(self, domain: str) -> RevocationDocument | None:
        """The revocation document of a domain."""
        return next((document for document in self.revocations if document.domain == domain), None)

    def to_dict(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "schemapin_bundle_version": self.schemapin_bundle_version,
            "created_at": self.created_at,
            "documents": self.documents,
            "revocations": [document.to_dict() for document in self.revocations],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` for a missing member, `ValueError` for one that cannot be."""
        revocations = [RevocationDocument.from_dict(document) for document in objects(data.get("revocations"))]
        version, created = str(data["schemapin_bundle_version"]), str(data["created_at"])
        return cls(version, created, objects(data.get("documents")), revocations)

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """As `from_dict`."""
        return cls.from_dict(json.loads(json_str))


def create_bundled_discovery(domain: str, well_known: Mapping[str, Any]) -> dict[str, Any]:
    """A discovery document with its domain."""
    return {"domain": domain, **well_known}

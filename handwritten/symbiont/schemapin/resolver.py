"""Where documents come from: the web, files, a bundle, or one after another."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from symbiont.agentpin._values import is_object, text
from symbiont.schemapin.bundle import SchemaPinTrustBundle
from symbiont.schemapin.discovery import PublicKeyDiscovery
from symbiont.schemapin.revocation import RevocationDocument, fetch_revocation_document


class SchemaResolver(ABC):
    """Answers with a domain's documents, or None."""

    @abstractmethod
    def resolve_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document."""

    @abstractmethod
    def resolve_revocation(self, domain: str, discovery: Mapping[str, Any]) -> RevocationDocument | None:
        """The revocation document."""


class WellKnownResolver(SchemaResolver):
    """From the domain itself."""

    def __init__(self, timeout: int = 10) -> None:
        self.timeout = timeout

    def resolve_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document."""
        return PublicKeyDiscovery.fetch_well_known(domain, self.timeout)

    def resolve_revocation(self, domain: str, discovery: Mapping[str, Any]) -> RevocationDocument | None:
        """The document at the discovery document's endpoint."""
        endpoint = text(discovery.get("revocation_endpoint"))
        return None if endpoint is None else fetch_revocation_document(endpoint, self.timeout)


class LocalFileResolver(SchemaResolver):
    """From `<domain>.json` and `<domain>.revocations.json` in folders."""

    def __init__(self, discovery_dir: str, revocation_dir: str | None = None) -> None:
        self._discovery = Path(discovery_dir)
        self._revocation = None if revocation_dir is None else Path(revocation_dir)

    def resolve_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document."""
        return _read(self._discovery, f"{domain}.json")

    def resolve_revocation(self, domain: str, discovery: Mapping[str, Any]) -> RevocationDocument | None:
        """The revocation document."""
        document = None if self._revocation is None else _read(self._revocation, f"{domain}.revocations.json")
        try:
            return None if document is None else RevocationDocument.from_dict(document)
        except (KeyError, ValueError):
            return None


class TrustBundleResolver(SchemaResolver):
    """From a bundle."""

    def __init__(self, bundle: SchemaPinTrustBundle) -> None:
        self._bundle = bundle

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """From a bundle's JSON."""
        return cls(SchemaPinTrustBundle.from_json(json_str))

    def resolve_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document."""
        return self._bundle.find_discovery(domain)

    def resolve_revocation(self, domain: str, discovery: Mapping[str, Any]) -> RevocationDocument | None:
        """The revocation document."""
        return self._bundle.find_revocation(domain)


class ChainResolver(SchemaResolver):
    """From the first that has it."""

    def __init__(self, resolvers: Sequence[SchemaResolver]) -> None:
        self._resolvers = list(resolvers)

    def resolve_discovery(self, domain: str) -> dict[str, Any] | None:
        """The discovery document."""
        found = (resolver.resolve_discovery(domain) for resolver in self._resolvers)
        return next((document for document in found if document is not None), None)

    def resolve_revocation(self, domain: str, discovery: Mapping[str, Any]) -> RevocationDocument | None:
        """The revocation document."""
        found = (resolver.resolve_revocation(domain, discovery) for resolver in self._resolvers)
        return next((document for document in found if document is not None), None)


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    """A file of the folder itself: a domain with a slash in it is none."""
    if Path(name).name != name:
        return None
    try:
        value: Any = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if is_object(value) else None

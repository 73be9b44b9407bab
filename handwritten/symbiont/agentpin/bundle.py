"""Trust bundles: the documents of several domains in one file, for verifiers without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symbiont.agentpin._values import now_iso, objects
from symbiont.agentpin.pinning import KeyPinStore
from symbiont.agentpin.types import VERSION, ErrorCode, VerificationResult, VerifierConfig
from symbiont.agentpin.verification import issuer_of, verify_credential_offline


def create_trust_bundle(created_at: str | None = None) -> dict[str, Any]:
    """An empty bundle: add to its `documents` and `revocations`."""
    return {
        "agentpin_bundle_version": VERSION,
        "created_at": created_at or now_iso(),
        "documents": [],
        "revocations": [],
    }


def find_bundle_discovery(bundle: Mapping[str, Any], domain: str) -> dict[str, Any] | None:
    """The discovery document of a domain."""
    return next((doc for doc in objects(bundle.get("documents")) if doc.get("entity") == domain), None)


def find_bundle_revocation(bundle: Mapping[str, Any], domain: str) -> dict[str, Any] | None:
    """The revocation document of a domain."""
    return next((doc for doc in objects(bundle.get("revocations")) if doc.get("entity") == domain), None)


def load_trust_bundle(path: str) -> dict[str, Any]:
    """A bundle from its file. Raises `OSError`, or `ValueError` when it is no JSON object."""
    value: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError("a trust bundle is a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]


def save_trust_bundle(bundle: Mapping[str, Any], path: str) -> None:
    """Write a bundle to a file."""
    Path(path).write_text(json.dumps(bundle, indent=2), encoding="utf-8")


def verify_credential_with_bundle(
    credential_jwt: str,
    bundle: Mapping[str, Any],
    pin_store: KeyPinStore,
    audience: str | None = None,
    config: VerifierConfig | None = None,
    *,
    now: float | None = None,
) -> VerificationResult:
    """As `verify_credential_offline`, with the documents that the bundle has of the issuer."""
    issuer = issuer_of(credential_jwt)
    if isinstance(issuer, VerificationResult):
        return issuer
    discovery = find_bundle_discovery(bundle, issuer)
    if discovery is None:
        message = f"Domain '{issuer}' not found in trust bundle"
        return VerificationResult(valid=False, error_code=ErrorCode.DISCOVERY_FETCH_FAILED, error_message=message)
    revocation = find_bundle_revocation(bundle, issuer)
    return verify_credential_offline(credential_jwt, discovery, revocation, pin_store, audience, config, now=now)

"""Artifacts as proof: descriptors of files and bytes, and payloads that attest them. No I/O but reading the file."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def artifact_sha256_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def artifact_descriptor_from_bytes(
    data: bytes,
    *,
    artifact_uri: str,
    mime_type: str | None = None,
    artifact_title: str | None = None,
    artifact_version: str | None = None,
) -> dict[str, Any]:
    """What an artifact is: address, SHA-256, length in bytes and media type."""
    descriptor: dict[str, Any] = {
        "artifact_uri": artifact_uri,
        "artifact_sha256": artifact_sha256_bytes(data),
        "artifact_bytes": len(data),
        "mime_type": mime_type or "application/octet-stream",
    }
    named = {"artifact_title": artifact_title, "artifact_version": artifact_version}
    return descriptor | {name: value for name, value in named.items() if value}


def artifact_descriptor_from_file(
    path: str | Path,
    *,
    artifact_uri: str | None = None,
    mime_type: str | None = None,
    artifact_title: str | None = None,
    artifact_version: str | None = None,
) -> dict[str, Any]:
    """As `artifact_descriptor_from_bytes`, of a file; what is not given is taken from its name."""
    file = Path(path)
    return artifact_descriptor_from_bytes(
        file.read_bytes(),
        artifact_uri=artifact_uri or str(path),
        mime_type=mime_type or mimetypes.guess_type(file.name)[0],
        artifact_title=artifact_title or file.name,
        artifact_version=artifact_version,
    )


def artifact_proof_payload(
    artifact: Mapping[str, Any],
    *,
    proof_kind: str = "artifact_attestation",
    summary: str | None = None,
    subject_ref: str | None = None,
    evidence_ref: str | None = None,
    claim: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A payload that attests an artifact, to be captured or sealed."""
    named = {"summary": summary, "subject_ref": subject_ref, "evidence_ref": evidence_ref}
    payload: dict[str, Any] = {
        "artifact": dict(artifact),
        "proof": {"kind": proof_kind, **{name: value for name, value in named.items() if value}},
    }
    if claim:
        payload["claim"] = dict(claim)
    if metadata:
        payload["metadata"] = dict(metadata)
    return payload

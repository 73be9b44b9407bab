"""Signed skill folders (protocol sheet §10)."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from symbiont.agentpin._values import is_object, now_iso, text
from symbiont.schemapin.crypto import KeyManager, SignatureManager
from symbiont.schemapin.resolver import SchemaResolver, WellKnownResolver
from symbiont.schemapin.revocation import RevocationDocument
from symbiont.schemapin.verification import (
    ErrorCode,
    KeyPinStore,
    Refused,
    VerificationResult,
    accepted,
    check_signature,
    not_resolved,
    pinned,
    trusted_key,
)

SIGNATURE_FILENAME: Final = ".schemapin.sig"
SCHEMAPIN_VERSION: Final = "1.3"
_NAME = re.compile(r"^name:[ \t]*(.+?)[ \t]*$", re.MULTILINE)

Folder = str | Path


class SkillSigner:
    """Signs and verifies all files of a folder, symbolic links and the signature itself excepted."""

    @staticmethod
    def canonicalize_skill(skill_dir: Folder) -> tuple[bytes, dict[str, str]]:
        """The root hash, and the digest of each file by its path. Raises `ValueError` for a folder without files."""
        root = Path(skill_dir)
        digests = {
            path: hashlib.sha256(path.encode() + (root / path).read_bytes()).hexdigest() for path in _files(root)
        }
        if not digests:
            raise ValueError(f"Skill directory is empty or contains no signable files: {root}")
        whole = hashlib.sha256("".join(digests.values()).encode()).digest()
        return whole, {path: f"sha256:{digest}" for path, digest in digests.items()}

    @staticmethod
    def parse_skill_name(skill_dir: Folder) -> str:
        """The `name` in the frontmatter of SKILL.md, else the folder's."""
        root = Path(skill_dir)
        try:
            content = (root / "SKILL.md").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return root.name
        _, opened, rest = content.partition("---\n") if content.startswith("---\n") else ("", "", "")
        match = _NAME.search(rest.partition("\n---")[0]) if opened else None
        return match[1].strip("\"'") if match else root.name

    @staticmethod
    def load_signature(skill_dir: Folder) -> dict[str, Any]:
        """The signature file. Raises `FileNotFoundError`, or `ValueError` when it is no JSON object."""
        value: Any = json.loads((Path(skill_dir) / SIGNATURE_FILENAME).read_text(encoding="utf-8"))
        if not is_object(value):
            raise ValueError(f"{SIGNATURE_FILENAME} is no JSON object")
        return value

    @staticmethod
    def sign_skill(
        skill_dir: Folder,
        private_key_pem: str,
        domain: str,
        signer_kid: str | None = None,
        skill_name: str | None = None,
    ) -> dict[str, Any]:
        """Sign a folder, write the signature file and answer what is in it."""
        root, manifest = SkillSigner.canonicalize_skill(skill_dir)
        key = KeyManager.load_private_key_pem(private_key_pem)
        signature = {
            "schemapin_version": SCHEMAPIN_VERSION,
            "skill_name": skill_name or SkillSigner.parse_skill_name(skill_dir),
            "skill_hash": f"sha256:{root.hex()}",
            "signature": SignatureManager.sign_hash(root, key),
            "signed_at": now_iso(),
            "domain": domain,
            "signer_kid": signer_kid or KeyManager.calculate_key_fingerprint(key.public_key()),
            "file_manifest": manifest,
        }
        (Path(skill_dir) / SIGNATURE_FILENAME).write_text(json.dumps(signature, indent=2) + "\n", encoding="utf-8")
        return signature

    @staticmethod
    def verify_skill_offline(  # noqa: PLR0917 - the order of SchemaPin 1.3
        skill_dir: Folder,
        discovery: Mapping[str, Any],
        signature_data: Mapping[str, Any] | None = None,
        revocation_doc: RevocationDocument | None = None,
        pin_store: KeyPinStore | None = None,
        tool_id: str | None = None,
    ) -> VerificationResult:
        """Verify a folder against a discovery document. The first step that fails is the result."""
        try:
            signature = _loaded(skill_dir) if signature_data is None else signature_data
        except Refused as refused:
            return VerificationResult(False, error_code=refused.code, error_message=str(refused))
        domain = str(signature.get("domain") or "")
        try:
            pem, fingerprint = trusted_key(discovery, revocation_doc)
            name = tool_id or str(signature.get("skill_name") or Path(skill_dir).name)
            pinning = None if pin_store is None else pinned(pin_store, name, domain, fingerprint)
            check_signature(_root(skill_dir), signature.get("signature"), pem)
        except Refused as refused:
            return VerificationResult(False, domain, error_code=refused.code, error_message=str(refused))
        return accepted(domain, discovery, pinning)

    @staticmethod
    def verify_skill_with_resolver(
        skill_dir: Folder,
        domain: str,
        resolver: SchemaResolver | None = None,
        pin_store: KeyPinStore | None = None,
        tool_id: str | None = None,
    ) -> VerificationResult:
        """Verify a folder that must be signed for `domain`; without a resolver the domain itself is asked."""
        try:
            signature = _loaded(skill_dir)
        except Refused as refused:
            return VerificationResult(False, error_code=refused.code, error_message=str(refused))
        if signature.get("domain") != domain:
            message = f"Skill is signed for another domain than {domain}"
            return VerificationResult(False, domain, error_code=ErrorCode.DOMAIN_MISMATCH, error_message=message)
        asked = resolver or WellKnownResolver()
        discovery = asked.resolve_discovery(domain)
        if discovery is None:
            return not_resolved(domain)
        revocation = asked.resolve_revocation(domain, discovery)
        return SkillSigner.verify_skill_offline(skill_dir, discovery, signature, revocation, pin_store, tool_id)

    @staticmethod
    def detect_tampered_files(
        current_manifest: Mapping[str, str], signed_manifest: Mapping[str, str]
    ) -> dict[str, list[str]]:
        """`modified`, `added` and `removed` files since the signature."""
        both = current_manifest.keys() & signed_manifest.keys()
        return {
            "modified": sorted(path for path in both if current_manifest[path] != signed_manifest[path]),
            "added": sorted(current_manifest.keys() - signed_manifest.keys()),
            "removed": sorted(signed_manifest.keys() - current_manifest.keys()),
        }


def _files(root: Path) -> list[str]:
    """Paths of all files below, with slashes, sorted."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if not (here / name).is_symlink()]
        paths = [here / name for name in names if name != SIGNATURE_FILENAME]
        found += [path.relative_to(root).as_posix() for path in paths if path.is_file() and not path.is_symlink()]
    return sorted(found)


def _loaded(skill_dir: Folder) -> dict[str, Any]:
    try:
        return SkillSigner.load_signature(skill_dir)
    except FileNotFoundError:
        message = f"No {SIGNATURE_FILENAME} found in skill directory"
    except (OSError, ValueError, RecursionError):
        message = f"{SIGNATURE_FILENAME} cannot be read"
    raise Refused(ErrorCode.SIGNATURE_INVALID, message)


def _root(skill_dir: Folder) -> bytes:
    try:
        return SkillSigner.canonicalize_skill(skill_dir)[0]
    except (OSError, ValueError) as error:
        message = f"Failed to canonicalize skill: {text(str(error)) or 'no files'}"
        raise Refused(ErrorCode.SCHEMA_CANONICALIZATION_FAILED, message) from None

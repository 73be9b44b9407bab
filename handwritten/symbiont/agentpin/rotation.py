"""Changing a domain's key: publish the new one, then revoke the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symbiont.agentpin._values import now_iso, objects
from symbiont.agentpin.crypto import generate_key_id, generate_key_pair
from symbiont.agentpin.jwk import pem_to_jwk
from symbiont.agentpin.revocation import add_revoked_key


class RotationPlan(dict[str, Any]):
    """`new_key_pair`, `new_kid`, `new_jwk`, `old_kid`. It does not show the private key."""

    def __repr__(self) -> str:
        return f"<RotationPlan from {self['old_kid']} to {self['new_kid']}>"


def prepare_rotation(old_kid: str) -> RotationPlan:
    """A new key to take the place of an old one."""
    pair = generate_key_pair()
    kid = generate_key_id(pair.public_key_pem)
    jwk = pem_to_jwk(pair.public_key_pem, kid)
    return RotationPlan(new_key_pair=pair, new_kid=kid, new_jwk=jwk, old_kid=old_kid)


def apply_rotation(doc: dict[str, Any], plan: Mapping[str, Any]) -> None:
    """Publish the new key beside the old one."""
    doc.setdefault("public_keys", []).append(plan["new_jwk"])
    doc["updated_at"] = now_iso()


def complete_rotation(doc: dict[str, Any], revocation_doc: dict[str, Any], old_kid: str, reason: str) -> None:
    """Take the old key out and revoke it."""
    doc["public_keys"] = [key for key in objects(doc.get("public_keys")) if key.get("kid") != old_kid]
    doc["updated_at"] = now_iso()
    add_revoked_key(revocation_doc, old_kid, reason)

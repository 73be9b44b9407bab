"""Two agents prove to each other that they hold their keys (protocol sheet §9.5)."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from wirewright.signing.encoding import b64url

from symbiont.agentpin._values import moment, now_iso
from symbiont.agentpin.crypto import sign_data, verify_signature
from symbiont.agentpin.nonce import NonceStore

NONCE_EXPIRY_SECS: Final = 60
_CHALLENGE, _RESPONSE = "agentpin-challenge", "agentpin-response"


def create_challenge(verifier_credential: str | None = None) -> dict[str, Any]:
    """Ask for a proof. The verifier may show its own credential with it."""
    challenge = {"type": _CHALLENGE, "nonce": b64url(secrets.token_bytes(16)), "timestamp": now_iso()}
    return challenge | ({"verifier_credential": verifier_credential} if verifier_credential is not None else {})


def create_response(challenge: Mapping[str, Any], private_key_pem: str, kid: str) -> dict[str, Any]:
    """The proof: the nonce, signed."""
    nonce = str(challenge["nonce"])
    return {"type": _RESPONSE, "nonce": nonce, "signature": sign_data(private_key_pem, nonce.encode()), "kid": kid}


def verify_response(
    response: Mapping[str, Any], challenge: Mapping[str, Any], public_key_pem: str, *, now: float | None = None
) -> bool:
    """Whether it is a proof for this challenge. Raises `ValueError` when that is older than 60 s or ahead of us."""
    asked = moment(challenge.get("timestamp"))
    if asked is None:
        raise ValueError("Challenge has no time that can be read")
    age = (time.time() if now is None else now) - asked.timestamp()
    if age > NONCE_EXPIRY_SECS:
        raise ValueError(f"Challenge nonce expired ({age:.0f} seconds old, max {NONCE_EXPIRY_SECS})")
    if age < -NONCE_EXPIRY_SECS:
        raise ValueError(f"Challenge is from {-age:.0f} seconds in the future")
    nonce = str(challenge.get("nonce"))
    if not hmac.compare_digest(nonce.encode(), str(response.get("nonce")).encode()):
        return False
    return verify_signature(public_key_pem, nonce.encode(), str(response.get("signature")))


def verify_response_with_nonce_store(
    response: Mapping[str, Any],
    challenge: Mapping[str, Any],
    public_key_pem: str,
    nonce_store: NonceStore | None = None,
    *,
    now: float | None = None,
) -> bool:
    """As `verify_response`; a good proof counts once. Raises `ValueError` for a nonce that was used."""
    good = verify_response(response, challenge, public_key_pem, now=now)
    nonce = str(challenge.get("nonce"))
    if good and nonce_store is not None and not nonce_store.check_and_record(nonce, NONCE_EXPIRY_SECS * 2):
        raise ValueError(f"Nonce '{nonce}' has already been used (replay attack)")
    return good

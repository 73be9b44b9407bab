"""Credentials on the wire: a JWT whose signature is DER, not the 64 bytes of JOSE (protocol sheet §9.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wirewright.signing.encoding import b64url, b64url_decode, strict_object
from wirewright.signing.errors import MalformedError

from symbiont.agentpin.crypto import sign_der, verify_der

REQUIRED_ALG: Final = "ES256"
REQUIRED_TYP: Final = "agentpin-credential+jwt"
MAX_BYTES: Final = 64 * 1024

Decoded = tuple[dict[str, Any], dict[str, Any], str]


def base64url_encode(data: bytes) -> str:
    """base64url without padding."""
    return b64url(data)


def base64url_decode(s: str) -> bytes:
    """The bytes of base64url without padding. Raises `ValueError` for any other text."""
    try:
        return b64url_decode(s)
    except MalformedError as error:
        raise ValueError(str(error)) from None


def encode_jwt(header: Mapping[str, Any], payload: Mapping[str, Any], private_key_pem: str) -> str:
    """Sign header and payload as they are, members in their order. What they say is for the verifier to judge."""
    signed = f"{_part(header)}.{_part(payload)}"
    return f"{signed}.{b64url(sign_der(private_key_pem, signed.encode()))}"


def decode_jwt_unverified(jwt_str: str) -> Decoded:
    """Header, payload and signature, believed by nobody yet.

    Raises `ValueError` for another `alg` or `typ`, and for every text that a signer would not have written: padding,
    spare bits, duplicate members, other characters.
    """
    if len(jwt_str) > MAX_BYTES:
        raise ValueError(f"JWT is larger than {MAX_BYTES} bytes")
    parts = jwt_str.split(".")
    if len(parts) != 3:
        raise ValueError("JWT must have 3 parts")
    try:
        header, payload = (
            strict_object(b64url_decode(part, name), name)
            for part, name in zip(parts, ("the header", "the payload"), strict=False)
        )
        b64url_decode(parts[2], "the signature")
    except MalformedError as error:
        raise ValueError(str(error)) from None
    _check_header(header)
    return header, payload, parts[2]


def verify_jwt(jwt_str: str, public_key_pem: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a token that the key signed. Raises `ValueError`."""
    header, payload, signature = decode_jwt_unverified(jwt_str)
    signed = jwt_str.rpartition(".")[0]
    if not verify_der(public_key_pem, signed.encode(), b64url_decode(signature)):
        raise ValueError("JWT signature verification failed")
    return header, payload


def _check_header(header: Mapping[str, Any]) -> None:
    if header.get("alg") != REQUIRED_ALG:
        raise ValueError(f"Algorithm '{str(header.get('alg'))[:40]}' rejected, must be '{REQUIRED_ALG}'")
    if header.get("typ") != REQUIRED_TYP:
        raise ValueError(f"Token type '{str(header.get('typ'))[:40]}' rejected, must be '{REQUIRED_TYP}'")
    if "crit" in header:
        raise ValueError("Critical headers are not understood")


def _part(value: Mapping[str, Any]) -> str:
    return b64url(json.dumps(value, separators=(",", ":")).encode())

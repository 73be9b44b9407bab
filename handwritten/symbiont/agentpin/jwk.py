"""Public keys as JWKs (protocol sheet §9.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from wirewright.signing.errors import InvalidKeyError
from wirewright.signing.keys import Key

from symbiont.agentpin.crypto import public_key, sha256_hex

_MEMBERS: Final = ("kty", "crv", "x", "y", "use", "key_ops", "alg")


def pem_to_jwk(public_key_pem: str, kid: str) -> dict[str, Any]:
    """The JWK of a public key, in the key order of AgentPin."""
    values = Key.from_native(public_key(public_key_pem)).as_jwk()
    return {
        "kid": kid,
        "kty": "EC",
        "crv": "P-256",
        "x": values["x"],
        "y": values["y"],
        "use": "sig",
        "key_ops": ["verify"],
    }


def jwk_to_pem(jwk: Mapping[str, Any]) -> str:
    """The PEM of a JWK. Raises `ValueError` unless it is a point on P-256 that may verify signatures."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("Invalid JWK: must be EC P-256")
    return _pem(json.dumps({name: jwk[name] for name in _MEMBERS if name in jwk}))


@lru_cache(maxsize=256)
def _pem(jwk: str) -> str:
    """A verifier sees the same few keys again and again."""
    try:
        key = Key.from_jwk(json.loads(jwk), algorithm="ES256")
    except InvalidKeyError as error:
        raise ValueError(f"Invalid JWK: {error}") from None
    if not key.can_verify:
        raise ValueError("Invalid JWK: its key_ops do not permit to verify")
    return key.as_pem().decode()


def jwk_thumbprint(jwk: Mapping[str, Any]) -> str:
    """The hash of RFC 7638, in hex (not base64url)."""
    members = ",".join(f'"{name}":"{jwk[name]}"' for name in ("crv", "kty", "x", "y"))
    return sha256_hex(f"{{{members}}}".encode())

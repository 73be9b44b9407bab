"""JSON Web Tokens with a shared secret: written in the order of their claims, read with every claim checked."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wirewright.signing import Key


class TokenError(Exception):
    """A token that is not good. `reason`: one word for programs."""

    def __init__(self, message: str, reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason


def _key(secret: str | bytes, algorithm: str) -> Key:
    """A key of any length: how long a secret is, is its owner's business. Raises `ValueError` for one that is none."""
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey
    from wirewright.signing import Key

    try:
        if not algorithm.startswith("HS"):
            return Key.from_pem(secret, algorithm=algorithm)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Key(OctKey.import_key(secret), algorithm)
    except JoseError as error:
        raise ValueError(f"not a secret for {algorithm}") from error


def encode(claims: Mapping[str, Any], secret: str | bytes, algorithm: str) -> str:
    """A signed token. Raises `ValueError` for an algorithm or a key that cannot sign."""
    from wirewright.signing import SigningError, sign_jws

    payload = json.dumps(claims, separators=(",", ":")).encode()
    try:
        return sign_jws(payload, _key(secret, algorithm), header={"typ": "JWT"})
    except (SigningError, ValueError, LookupError) as error:
        raise ValueError(f"a token cannot be signed with {algorithm} and this key") from error


def decode(
    token: str,
    secret: str | bytes,
    algorithm: str,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    leeway: float = 0,
    now: float | None = None,
) -> dict[str, Any]:
    """The claims of a good token: signature, `exp`, `nbf`, `iat`, `iss` and `aud` fit. Else `TokenError`.

    A token that is meant for someone (`aud`) is good only where that `audience` is asked for, and the other way round.
    """
    claims = _verified(token, secret, algorithm)
    moment = time.time() if now is None else now
    if "exp" in claims and _seconds(claims, "exp") <= moment - leeway:
        raise TokenError("the token has expired", "expired")
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims, name) > moment + leeway:
            raise TokenError("the token is not good yet", "early")
    if issuer is not None and claims.get("iss") != issuer:
        raise TokenError("the token is from another issuer", "issuer")
    _check_audience(claims.get("aud"), audience)
    return claims


def _verified(token: str, secret: str | bytes, algorithm: str) -> dict[str, Any]:
    from wirewright.signing import SigningError, verify_jws
    from wirewright.signing.encoding import strict_object
    from wirewright.signing.errors import AlgorithmError, MismatchError

    try:
        return strict_object(verify_jws(token, _key(secret, algorithm)).payload, "the token")
    except AlgorithmError as error:
        raise TokenError("the token is signed with an algorithm that is not allowed", "algorithm") from error
    except MismatchError as error:
        raise TokenError("the token's signature is wrong", "signature") from error
    except (SigningError, ValueError, LookupError) as error:
        raise TokenError("the token is not one") from error


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"the token's {name} is no number")
    return float(value)


def _check_audience(meant: Any, audience: str | None) -> None:
    if audience is None:
        if meant is not None:
            raise TokenError("the token is meant for an audience, and none was asked for", "audience")
        return
    wanted = [meant] if isinstance(meant, str) else meant
    if not isinstance(wanted, list) or audience not in wanted:
        raise TokenError("the token is meant for another audience", "audience")

"""JSON Web Tokens with a shared secret: written in the order of their claims, read with every claim checked."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from wirewright.narrow import is_mapping


class TokenError(Exception):
    """A token that is not good. `reason`: one word for programs."""

    def __init__(self, message: str, reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason


def _key(secret: str | bytes, algorithm: str) -> Any:
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

    raw = secret.encode() if isinstance(secret, str) else secret
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how long a secret is, is its owner's business
        kinds: dict[str, Any] = {"HS": OctKey, "RS": RSAKey, "PS": RSAKey, "ES": ECKey}
        return kinds.get(algorithm[:2], OKPKey).import_key(raw)


def encode(claims: Mapping[str, Any], secret: str | bytes, algorithm: str) -> str:
    """A signed token. Raises `ValueError` for an algorithm or a key that cannot sign."""
    from joserfc import jws
    from joserfc.errors import JoseError

    payload = json.dumps(claims, separators=(",", ":")).encode()
    try:
        return jws.serialize_compact(
            {"alg": algorithm, "typ": "JWT"}, payload, _key(secret, algorithm), algorithms=[algorithm]
        )
    except (JoseError, ValueError) as error:
        raise ValueError(f"a token cannot be signed with {algorithm} and this key") from error


def decode(
    token: str,
    secret: str | bytes,
    algorithms: Sequence[str],
    *,
    issuer: str | None = None,
    audience: str | None = None,
    leeway: float = 0,
    now: float | None = None,
) -> dict[str, Any]:
    """The claims of a good token: signature, `exp`, `nbf`, `iat`, `iss` and `aud` fit. Else `TokenError`.

    A token that is meant for someone (`aud`) is good only where that `audience` is asked for, and the other way round.
    """
    claims = _verified(token, secret, algorithms)
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


def _verified(token: str, secret: str | bytes, algorithms: Sequence[str]) -> dict[str, Any]:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        extract: Any = jws.extract_compact
        found = extract(token.encode())
        algorithm = found.protected.get("alg")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise TokenError("the token is signed with an algorithm that is not allowed", "algorithm")
        if not jws.validate_compact(found, _key(secret, algorithm), algorithms=list(algorithms)):
            raise TokenError("the token's signature is wrong", "signature")
        claims: Any = json.loads(found.payload)
    except (JoseError, ValueError, TypeError, AttributeError, UnicodeError) as error:
        raise TokenError("the token is not one") from error
    if not is_mapping(claims):
        raise TokenError("the token holds no claims")
    return dict(claims)


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

"""Tokens that a client makes itself, renewed ahead of time by `TokenAuth`.

auth = TokenAuth(minted(key, {"iss": "me", "aud": "https://api.example.com"}, lifetime=300))
"""

from __future__ import annotations

import time as _time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from wirewright.auth import Token
from wirewright.signing.errors import InvalidKeyError
from wirewright.signing.jwt import sign_jwt
from wirewright.signing.keys import Key


def minted(
    key: Key,
    claims: Mapping[str, Any],
    *,
    lifetime: float = 300.0,
    typ: str | None = "JWT",
    time: Callable[[], float] = _time.time,
    token_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> Callable[[], Token]:
    """A provider for `TokenAuth`: each call makes a token with `iat`, `exp` and `jti` of its own.

    `lifetime`: seconds; it should be well above the `leeway` of the `TokenAuth`. Raises `InvalidKeyError` for a key
    that cannot sign.
    """
    if not key.can_sign:
        raise InvalidKeyError("tokens are made with a private key")

    def mint() -> Token:
        issued = int(time())
        expires = issued + int(lifetime)
        times = {"iat": issued, "exp": expires, "jti": token_id()}
        return Token(sign_jwt({**claims, **times}, key, typ=typ), expires)

    return mint

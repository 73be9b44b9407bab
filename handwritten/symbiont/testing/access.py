"""Who may call: the runtime's token, API keys with scopes, and the rate limit (protocol sheet, section 4.1)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wirewright.sandbox import Call

Scope = frozenset[str]
CORS_ORIGINS = ("http://localhost:3001", "http://localhost:3000")  # of the runtime, unless it is told otherwise
ROUNDING = 1e-6  # of seconds since 1970, in what came back


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a good token. `scope` is None for administrators, else the agents that the key is good for."""

    scope: Scope | None = None

    @property
    def admin(self) -> bool:
        return self.scope is None

    def may_use(self, agent: str) -> bool:
        return self.scope is None or agent in self.scope


class Doorkeeper:
    """Knows the tokens. As soon as there is a key, only keys count."""

    def __init__(self, token: str, keys: Mapping[str, Sequence[str] | None], *, open: bool) -> None:
        self._token = token
        self._keys = {key: Holder(None if scope is None else frozenset(scope)) for key, scope in keys.items()}
        self._open = open

    def add(self, key: str, scope: Sequence[str] | None) -> None:
        self._keys[key] = Holder(None if scope is None else frozenset(scope))

    def admit(self, authorization: str | None) -> Holder | None:
        """Who it is, by an `Authorization` header; None for a stranger. `Bearer ` is written exactly so."""
        if authorization is not None and authorization.startswith("Bearer "):
            return self.admit_token(authorization.removeprefix("Bearer "))
        return Holder() if self._open else None

    def admit_token(self, token: str | None) -> Holder | None:
        if self._open:
            return Holder()
        if token is None:
            return None
        if not self._keys:
            return Holder() if _same(token, self._token) else None
        return next((holder for key, holder in self._keys.items() if _same(token, key)), None)


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def cors_headers(call: Call) -> dict[str, str]:
    """What a page of one of the known origins needs to read the answer, or to ask at all."""
    origin = call.headers.get("origin")
    if origin not in CORS_ORIGINS:
        return {}
    found = {"access-control-allow-origin": str(origin), "vary": "origin"}
    if is_preflight(call):
        found["access-control-allow-methods"] = "GET,POST,PUT,DELETE"
        found["access-control-allow-headers"] = "authorization,content-type"
    return found


def is_preflight(call: Call) -> bool:
    """Whether a browser asks if it may ask."""
    return call.method == "OPTIONS" and "access-control-request-method" in call.headers


class Bucket:
    """A hundred requests at once, and one more every 0.6 seconds."""

    def __init__(self, size: int = 100, every: float = 0.6) -> None:
        self._size, self._every = size, every
        self._left = float(size)
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Whether one more request is allowed now."""
        if self._at is not None:
            self._left = min(self._size, self._left + (now - self._at) / self._every)
        self._at = now
        if self._left < 1 - ROUNDING:
            return False
        self._left -= 1
        return True

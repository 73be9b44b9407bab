"""JSON Web Tokens (RFC 7519), verified as RFC 8725 recommends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import msgspec

from wirewright.signing.encoding import strict_object
from wirewright.signing.errors import ClaimError, MalformedError, ReplayError
from wirewright.signing.jws import sign_jws, verify_jws
from wirewright.signing.keys import Key
from wirewright.signing.keysets import Keys
from wirewright.signing.times import check_not_after, check_not_before

MAX_BYTES = 16 * 1024
LEEWAY = 60.0


class Jwt(msgspec.Struct, frozen=True):
    """A verified token."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    key: Key

    def __repr__(self) -> str:
        return f"Jwt(iss={self.claims.get('iss')!r}, sub={self.claims.get('sub')!r}, by {self.key!r})"


def sign_jwt(
    claims: Mapping[str, Any], key: Key, *, typ: str | None = "JWT", header: Mapping[str, Any] | None = None
) -> str:
    """A token in compact form. Its claims are written in the order given; times are seconds since 1970."""
    named = {"typ": typ} if typ is not None else {}
    return sign_jws(msgspec.json.encode(dict(claims)), key, header={**named, **(header or {})})


def verify_jwt(
    token: str | bytes,
    keys: Keys,
    *,
    now: float,
    issuer: str | Collection[str] | None = None,
    audience: str | Collection[str] | None = None,
    subject: str | None = None,
    typ: str | None = None,
    leeway: float = LEEWAY,
    max_age: float | None = None,
    required: Collection[str] = ("exp",),
    fresh: Callable[[str, float], bool] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Jwt:
    """Verify signature, times and claims.

    `now`: seconds since 1970; `leeway`: how far the two clocks may differ. `max_age`: the most seconds since `iat`.
    `issuer`, `audience`: what `iss` must be and what `aud` must contain, one or any of several; a token with an `aud`
    is refused when no audience is given, since it is meant for someone. `typ`: what the header must say; without it
    `JWT` or nothing. `required`: claims that must be there. `fresh`: told the `jti` and when it ends, says whether it
    is new (see `ReplayGuard`).

    Raises a `VerificationError`; for times a `TimestampError` with the skew.
    """
    message = verify_jws(token, keys, typ=typ, max_bytes=max_bytes)
    if typ is None and str(message.header.get("typ", "JWT")).upper() not in {"JWT", "APPLICATION/JWT"}:
        raise ClaimError("the message is no JWT", claim="typ")
    claims = strict_object(message.payload, "the token")
    _check_times(claims, now, leeway, max_age)
    for name in required:
        if claims.get(name) is None:
            raise ClaimError(f"the token has no {name}", claim=name)
    _check_names(claims, issuer, audience, subject)
    if fresh is not None:
        _check_fresh(claims, fresh, now, leeway)
    return Jwt(claims, message.header, message.key)


def _check_times(claims: Mapping[str, Any], now: float, leeway: float, max_age: float | None) -> None:
    expires, not_before, issued = (_date(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is not None:
        check_not_after(expires, now, leeway, "the token")
    for start in (not_before, issued):
        if start is not None:
            check_not_before(start, now, leeway, "the token")
    if expires is not None and issued is not None and expires < issued:
        raise MalformedError("the token ends before it was issued")
    if max_age is not None:
        if issued is None:
            raise ClaimError("the token has no iat", claim="iat")
        check_not_after(issued + max_age, now, leeway, "the token")


def _date(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if name in claims and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise MalformedError(f"{name} is no number of seconds")
    if value is not None and not 0 <= value <= 2**53:
        raise MalformedError(f"{name} is out of range")
    return value


def _check_names(
    claims: Mapping[str, Any],
    issuer: str | Collection[str] | None,
    audience: str | Collection[str] | None,
    subject: str | None,
) -> None:
    if issuer is not None and _text(claims, "iss") not in _several(issuer):
        raise ClaimError("the token is by another issuer", claim="iss")
    if subject is not None and _text(claims, "sub") != subject:
        raise ClaimError("the token is about another subject", claim="sub")
    if audience is not None or "aud" in claims:
        accepted = set(_several(audience)) if audience is not None else set[str]()
        if not accepted.intersection(_audiences(claims)):
            raise ClaimError("the token is for another audience", claim="aud")


def _audiences(claims: Mapping[str, Any]) -> list[str]:
    value = claims.get("aud")
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in listed):
        raise ClaimError("the token names no audience that is text", claim="aud")
    return cast("list[str]", listed)


def _check_fresh(claims: Mapping[str, Any], fresh: Callable[[str, float], bool], now: float, leeway: float) -> None:
    identifier = _text(claims, "jti")
    if identifier is None:
        raise ClaimError("the token has no jti", claim="jti")
    ends = _date(claims, "exp")
    if not fresh(identifier, (now if ends is None else ends) + leeway):
        raise ReplayError("the token was used before", identifier=identifier)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"{name} is no text")
    return value


def _several(value: str | Collection[str]) -> Collection[str]:
    return (value,) if isinstance(value, str) else value

"""JSON Web Signatures (RFC 7515), compact and JSON, with unencoded payloads (RFC 7797).

The verifier takes the algorithm from the key and only compares what the header says. It looks at no key or address
that the message itself carries (`jwk`, `jku`, `x5c`, `x5u`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import msgspec

from wirewright.signing.encoding import b64url, b64url_decode, strict_object
from wirewright.signing.errors import AlgorithmError, ClaimError, MalformedError, MismatchError, VerificationError
from wirewright.signing.keys import Key, canonical_algorithm
from wirewright.signing.keysets import Keys, candidates

MAX_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024
MAX_SIGNATURES = 8
_REGISTERED = frozenset({"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"})


class Jws(msgspec.Struct, frozen=True):
    """A verified message. `header` is the protected one; `unprotected` was signed by nobody."""

    header: Mapping[str, Any]
    payload: bytes
    key: Key
    unprotected: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"Jws({len(self.payload)} bytes, by {self.key!r})"


def sign_jws(
    payload: bytes, key: Key, *, header: Mapping[str, Any] | None = None, detached: bool = False, b64: bool = True
) -> str:
    """The compact form. `header` adds to `alg` and `kid`, which come from the key (`Ed25519` may stand for `EdDSA`).

    `detached` leaves the payload out (RFC 7515 appendix F); `b64=False` signs it as it is (RFC 7797): then it must be
    detached, or URL-safe text without a dot.
    """
    protected = _protected(key, header, b64)
    body = b64url(payload) if b64 else _unencoded(payload, detached)
    signature = key.sign(_signing_input(protected, payload, b64))
    return f"{protected}.{'' if detached else body}.{b64url(signature)}"


def sign_jws_json(
    payload: bytes, keys: Key | Sequence[Key], *, header: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON form: flattened for one key, general for a sequence of keys."""
    if isinstance(keys, Key):
        return {"payload": b64url(payload), **_signature(payload, keys, header)}
    return {"payload": b64url(payload), "signatures": [_signature(payload, key, header) for key in keys]}


def verify_jws(
    token: str | bytes,
    keys: Keys,
    *,
    payload: bytes | None = None,
    typ: str | None = None,
    understood: Collection[str] = (),
    max_bytes: int = MAX_BYTES,
) -> Jws:
    """Verify the compact form. `payload` is that of a detached one.

    `typ`: what the header must say it is. `understood`: critical header names beside `b64` that the caller acts on.
    Raises a `VerificationError`.
    """
    text = _ascii(token, max_bytes)
    parts = text.split(".")
    if len(parts) != 3:
        raise MalformedError("a compact JWS has three parts")
    protected, body, signature = parts
    if payload is not None and body:
        raise MalformedError("the payload was to be detached, and is here")
    return _verified(_Member(signature, protected), body, keys, _Wanted(payload, typ, understood))


def verify_jws_json(
    document: str | bytes | Mapping[str, Any],
    keys: Keys,
    *,
    payload: bytes | None = None,
    typ: str | None = None,
    understood: Collection[str] = (),
    max_bytes: int = MAX_BYTES,
) -> Jws:
    """Verify the JSON form, flattened or general. Of several signatures one by a known key is enough; all must be
    well formed. Otherwise as `verify_jws`.
    """
    if isinstance(document, str | bytes):
        if len(document) > max_bytes:
            raise MalformedError(f"larger than {max_bytes} bytes")
        document = strict_object(document, "the JWS")
    body = document.get("payload", "")
    if not isinstance(body, str) or (payload is not None and body):
        raise MalformedError("the payload is no text, or is here though it was to be detached")
    wanted = _Wanted(payload, typ, understood)
    failure: VerificationError | None = None
    for member in _members(document):
        try:
            return _verified(member, body, keys, wanted)
        except MalformedError:
            raise
        except VerificationError as error:
            failure = failure or error
    raise failure or MalformedError("no signature")


class _Wanted(msgspec.Struct, frozen=True):
    payload: bytes | None
    typ: str | None
    understood: Collection[str]


class _Member(msgspec.Struct, frozen=True):
    signature: str
    protected: str
    header: dict[str, Any] = {}


def _members(document: Mapping[str, Any]) -> list[_Member]:
    flattened = "signature" in document
    if flattened == ("signatures" in document):
        raise MalformedError("a JWS has either a signature or signatures")
    raw = [{name: document[name] for name in ("protected", "header", "signature") if name in document}]
    try:
        members = msgspec.convert(raw if flattened else document["signatures"], list[_Member])
    except msgspec.ValidationError:
        raise MalformedError("a signature of the JWS lacks its protected header, or has the wrong form") from None
    if not 0 < len(members) <= MAX_SIGNATURES:
        raise MalformedError(f"a JWS has 1 to {MAX_SIGNATURES} signatures")
    return members


def _verified(member: _Member, body: str, keys: Keys, wanted: _Wanted) -> Jws:
    header, unprotected = _header(member.protected, member.header, wanted), member.header
    b64 = header.get("b64", True)
    if wanted.payload is not None:
        payload = wanted.payload
    else:
        payload = b64url_decode(body, "the payload") if b64 else body.encode()
    proof = b64url_decode(member.signature, "the signature")
    signed = _signing_input(member.protected, payload, b64)
    kid = _text({**unprotected, **header}.get("kid"), "kid")
    tried = candidates(keys, kid, header["alg"])
    for key in tried[:-1]:
        try:
            key.verify(signed, proof)
        except MismatchError:
            continue
        return Jws(header, payload, key, unprotected)
    tried[-1].verify(signed, proof)
    return Jws(header, payload, tried[-1], unprotected)


def _header(encoded: str, unprotected: Mapping[str, Any], wanted: _Wanted) -> dict[str, Any]:
    if len(encoded) > MAX_HEADER_BYTES:
        raise MalformedError("the header is too large")
    header = strict_object(b64url_decode(encoded, "the header"), "the header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise MalformedError("the header names no algorithm")
    if algorithm.lower() == "none":
        raise AlgorithmError("an unsigned message")
    if set(unprotected) & set(header) or {"crit", "b64", "alg"} & set(unprotected):
        raise MalformedError("a header is in the protected and the unprotected part, or belongs into the protected one")
    _check_critical(header, wanted.understood)
    if wanted.typ is not None and _media_type(header.get("typ")) != _media_type(wanted.typ):
        raise ClaimError(f"the message is no {wanted.typ}", claim="typ")
    return header


def _check_critical(header: Mapping[str, Any], understood: Collection[str]) -> None:
    if "b64" in header and (not isinstance(header["b64"], bool) or "b64" not in (header.get("crit") or ())):
        raise MalformedError("b64 is no boolean, or not critical")
    if "crit" not in header:
        return
    names = header["crit"]
    if not isinstance(names, list) or not names:
        raise MalformedError("crit is no list of names")
    listed = cast("list[object]", names)
    if len(set(map(repr, listed))) != len(listed):
        raise MalformedError("crit names a header twice")
    for name in listed:
        if not isinstance(name, str) or name in _REGISTERED or name not in header:
            raise MalformedError("crit names what it must not: a registered header, or one that is not there")
        if name != "b64" and name not in understood:
            raise MalformedError(f"a critical header that is not understood: {name[:40]!r}")


def _signature(payload: bytes, key: Key, header: Mapping[str, Any] | None) -> dict[str, Any]:
    protected = _protected(key, header, True)
    return {"protected": protected, "signature": b64url(key.sign(_signing_input(protected, payload, True)))}


def _protected(key: Key, header: Mapping[str, Any] | None, b64: bool) -> str:
    members: dict[str, Any] = {"alg": key.algorithm, **({"kid": key.kid} if key.kid is not None else {})}
    added = dict(header or {})
    if canonical_algorithm(str(added.get("alg", key.algorithm))) != key.algorithm:
        raise AlgorithmError(f"the key is for {key.algorithm}")
    if not b64:
        added |= {"b64": False, "crit": [*added.get("crit", ()), "b64"]}
    return b64url(msgspec.json.encode(members | added))


def _signing_input(protected: str, payload: bytes, b64: bool) -> bytes:
    return protected.encode() + b"." + (b64url(payload).encode() if b64 else payload)


def _unencoded(payload: bytes, detached: bool) -> str:
    if detached:
        return ""
    if b"." in payload or any(not 0x20 < byte < 0x7F for byte in payload):
        raise MalformedError("an unencoded payload with a dot or with characters that no URL holds must be detached")
    return payload.decode("ascii")


def _ascii(token: str | bytes, max_bytes: int) -> str:
    if len(token) > max_bytes:
        raise MalformedError(f"larger than {max_bytes} bytes")
    try:
        return token.decode("ascii") if isinstance(token, bytes) else token.encode("ascii").decode()
    except UnicodeError:
        raise MalformedError("a compact JWS is ASCII") from None


def _text(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"{name} is no text")
    return value


def _media_type(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    lowered = value.lower()
    return lowered if "/" in lowered else f"application/{lowered}"

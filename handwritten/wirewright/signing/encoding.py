"""base64 and JSON as a verifier must read them: one text for each value, and nothing else accepted.

The decoders of the standard library drop what they do not know, take padding or leave it, and ignore spare bits; with
them two different tokens are the same token, which defeats replay checks and caches keyed by the token.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NoReturn, cast

from wirewright.signing.errors import MalformedError

MAX_DEPTH = 32
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]*\Z")
_STANDARD = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")
_NESTING = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[\]{}]', re.DOTALL)  # never fails once begun: linear


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str, what: str = "the value") -> bytes:
    """The bytes of base64url without padding. Raises `MalformedError` for any text that `b64url` does not make."""
    if not _URL_SAFE.match(text) or len(text) % 4 == 1:
        raise MalformedError(f"{what} is not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise MalformedError(f"{what} is not base64url without padding: it has spare bits")
    return data


def b64_decode(text: str, what: str = "the value") -> bytes:
    """The bytes of padded standard base64. Raises `MalformedError` for any other form."""
    if not _STANDARD.match(text):
        raise MalformedError(f"{what} is not base64")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"{what} is not base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise MalformedError(f"{what} is not base64: it has spare bits")
    return data


def strict_json(data: bytes | str, what: str = "the document") -> Any:
    """A JSON value of which every reader sees the same.

    Refused with `MalformedError`: duplicate members, NaN and infinities, lone surrogates, anything that is not UTF-8,
    a byte order mark, and nesting deeper than 32.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        if _depth(text) > MAX_DEPTH:
            raise MalformedError(f"{what} is nested too deeply")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except MalformedError as error:
        raise MalformedError(f"{what}: {error}" if what not in str(error) else str(error)) from None
    except (ValueError, RecursionError):
        raise MalformedError(f"{what} is not JSON in UTF-8") from None
    return value


def strict_object(data: bytes | str, what: str = "the document") -> dict[str, Any]:
    """As `strict_json`, and a JSON object."""
    value = strict_json(data, what)
    if not isinstance(value, dict):
        raise MalformedError(f"{what} is no JSON object")
    return cast("dict[str, Any]", value)


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _NESTING.finditer(text):
        bracket = match.group()
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("a member occurs twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedError("a number is out of range")
    return value

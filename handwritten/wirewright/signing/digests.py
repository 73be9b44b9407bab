"""Digests of message content (RFC 9530): `Content-Digest`, and `Repr-Digest` in the same form."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from wirewright.signing.errors import ClaimError, MalformedError, MismatchError
from wirewright.signing.structured import Item, parse_dictionary, serialize

ALGORITHMS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def content_digest(content: bytes, algorithms: Sequence[str] = ("sha-256",)) -> str:
    """The value of the field: `sha-256=:<base64>:`. `algorithms`: `sha-256`, `sha-512` or both."""
    unknown = [name for name in algorithms if name not in ALGORITHMS]
    if unknown or not algorithms:
        raise ValueError(f"a digest is one of {', '.join(ALGORITHMS)}")
    return serialize({name: Item(ALGORITHMS[name](content).digest()) for name in algorithms})


def verify_content_digest(field: str | Sequence[str], content: bytes) -> None:
    """Return when every digest of a known algorithm fits, and there is one.

    The old algorithms (md5, sha, unixsum ...) count as absent. Raises `MalformedError`, `ClaimError` when there is no
    digest that counts, or `MismatchError`.
    """
    known = 0
    for name, member in parse_dictionary(field).items():
        if name not in ALGORITHMS:
            continue
        if not isinstance(member, Item) or not isinstance(member.value, bytes):
            raise MalformedError("a digest is no byte sequence")
        if not hmac.compare_digest(member.value, ALGORITHMS[name](content).digest()):
            raise MismatchError(f"the content is not that of its {name} digest")
        known += 1
    if not known:
        raise ClaimError("no sha-256 or sha-512 digest", claim="content-digest")

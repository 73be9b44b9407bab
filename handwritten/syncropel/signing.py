"""Signatures that records carry in `body._sig`.

    "_sig": {"alg": "Ed25519", "key": "did:key:z6Mk...", "value": "<base64url, no padding>"}

Signed are the UTF-8 bytes of the canonical JSON of the record's seven fields, with a `_sig` that has everything but
`value`. Since the signature is in the body it takes part in the record id, and kernels that know nothing of it keep
it.

A `did:key` actor is bound to its key: a signature by another key is no signature of that actor. Which keys speak for
other DIDs is for the verifier to know; the sandbox holds an actor to the first key it saw.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)
from wirewright.signing.encoding import b64url, b64url_decode
from wirewright.signing.errors import InvalidKeyError, MalformedError
from wirewright.signing.weakness import check_ed25519

from syncropel.canonical import canonical_json
from syncropel.checks import is_object
from syncropel.hashing import RECORD_FIELDS

ALGORITHM: Final = "Ed25519"
SIGNATURE_KEY: Final = "_sig"
_ED25519_MULTICODEC = b"\xed\x01"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class SignatureError(ValueError):
    """A record's signature is malformed, does not match, or is not by its actor."""


class SigningKey:
    """An Ed25519 private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.did = did_of(key.public_key())

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path_or_bytes: str | os.PathLike[str] | bytes, *, password: bytes | None = None) -> SigningKey:
        """A key from its bytes, or from a file: PEM, DER, OpenSSH, or 32 raw bytes. Raises `ValueError` otherwise."""
        data = path_or_bytes if isinstance(path_or_bytes, bytes) else Path(path_or_bytes).read_bytes()
        if len(data) == 32:
            return cls(Ed25519PrivateKey.from_private_bytes(data))
        if data.lstrip().startswith(b"-----BEGIN OPENSSH"):
            load: Any = load_ssh_private_key
        elif data.lstrip().startswith(b"-----BEGIN"):
            load = load_pem_private_key
        else:
            load = load_der_private_key
        try:
            key = load(data, password)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError(
                "not an Ed25519 private key: PEM, DER, OpenSSH or the 32 raw bytes are, opened by the right password"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"not an Ed25519 private key but {type(key).__name__}")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.did!r})"


def did_of(key: Ed25519PublicKey) -> str:
    """The `did:key` of a public key (W3C did:key method: multicodec `ed25519-pub`, multibase base58btc)."""
    return f"did:key:z{_base58(_ED25519_MULTICODEC + key.public_bytes(Encoding.Raw, PublicFormat.Raw))}"


def key_of(did: str) -> Ed25519PublicKey:
    """The public key of a `did:key`. Raises `SignatureError` when it is none, or of another kind."""
    prefix, _, encoded = did.partition("did:key:z")
    if prefix or not encoded:
        raise SignatureError("the key of a signature must be a did:key in base58btc")
    raw = _unbase58(encoded)
    if len(raw) != 34 or not raw.startswith(_ED25519_MULTICODEC):
        raise SignatureError(f"{did} is not an Ed25519 key")
    try:
        check_ed25519(raw[2:])
    except InvalidKeyError as error:
        raise SignatureError(str(error)) from None
    return Ed25519PublicKey.from_public_bytes(raw[2:])


def signed(envelope: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """The envelope with its signature by `key`; one that it had is replaced."""
    head = {"alg": ALGORITHM, "key": key.did}
    value = key.sign(_message(envelope, head))
    body = {**envelope["body"], SIGNATURE_KEY: {**head, "value": b64url(value)}}
    return {**envelope, "body": body}


def verify(record: Mapping[str, Any]) -> str | None:
    """The `did:key` that signed a record, or None when it carries no signature.

    Raises `SignatureError` when the signature is not one of this record, or the actor is the `did:key` of another key.
    """
    body = record.get("body")
    if not is_object(body) or SIGNATURE_KEY not in body:
        return None
    signature = body[SIGNATURE_KEY]
    if not is_object(signature) or set(signature) != {"alg", "key", "value"}:
        raise SignatureError("_sig must have exactly alg, key and value")
    if signature["alg"] != ALGORITHM:
        raise SignatureError(f"_sig.alg must be {ALGORITHM}")
    if not isinstance(signature["key"], str) or not isinstance(signature["value"], str):
        raise SignatureError("_sig.key and _sig.value must be strings")
    did = signature["key"]
    head = {"alg": ALGORITHM, "key": did}
    try:
        key_of(did).verify(_decoded(signature["value"]), _message(record, head))
    except InvalidSignature as error:
        raise SignatureError("the signature does not match the record") from error
    actor = record.get("actor")
    if isinstance(actor, str) and actor.startswith("did:key:") and actor != did:
        raise SignatureError(f"{actor} cannot be spoken for by {did}")
    return did


def _message(record: Mapping[str, Any], head: Mapping[str, str]) -> bytes:
    fields = {name: record[name] for name in RECORD_FIELDS if name in record}
    fields["body"] = {**record["body"], SIGNATURE_KEY: dict(head)}
    return canonical_json(fields).encode()


def _decoded(value: str) -> bytes:
    try:
        decoded = b64url_decode(value, "_sig.value")
    except MalformedError as error:
        raise SignatureError(str(error)) from None
    if len(decoded) != 64:
        raise SignatureError("_sig.value is not a signature of 64 bytes")
    return decoded


def _base58(data: bytes) -> str:
    number = int.from_bytes(data)
    digits = ""
    while number:
        number, rest = divmod(number, 58)
        digits = _BASE58[rest] + digits
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + digits


def _unbase58(text: str) -> bytes:
    number = 0
    for character in text[:64]:
        digit = _BASE58.find(character)
        if digit < 0:
            raise SignatureError("a did:key holds a character that is not base58btc")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)

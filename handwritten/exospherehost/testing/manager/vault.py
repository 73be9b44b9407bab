"""Secrets at rest: AES-256-GCM, a fresh nonce for each value (protocol sheet §6.11)."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
KEY_BYTES = 32


class Vault:
    """Encrypts and decrypts with one key: URL-safe base64 of 32 bytes."""

    def __init__(self, key: str, *, nonces: Callable[[int], bytes] = os.urandom) -> None:
        self._cipher = AESGCM(_decoded(key))
        self._nonces = nonces

    def encrypt(self, text: str) -> str:
        """URL-safe base64 of nonce, ciphertext and tag."""
        nonce = self._nonces(NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, text: str) -> str:
        """The plain text; `cryptography.exceptions.InvalidTag` when the key or the text is not the right one."""
        raw = base64.urlsafe_b64decode(text)
        return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()


def key_from_passphrase(passphrase: str) -> str:
    """A key that is always the same for the same text, so that a server started again can read what it kept."""
    derivation = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"exosphere state manager secrets")
    return base64.urlsafe_b64encode(derivation.derive(passphrase.encode())).decode()


def _decoded(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("Key must be URL-safe base64 (44 chars for 32-byte key)") from error
    if len(raw) != KEY_BYTES:
        raise ValueError("Key must be 32 raw bytes (256 bits)")
    return raw

"""Signing keys and the tokens they mint.

Tokens are compact JWTs signed with Ed25519 by the caller itself: no round trip to the network (protocol sheet, section
4.3). `cryptography` is imported when a key is first made.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wirewright.signing.encoding import b64url

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DEFAULT_KID = "sbn-ed25519"
LEEWAY = timedelta(seconds=30)


def _now() -> datetime:
    return datetime.now(UTC)


def _token_id() -> str:
    return uuid.uuid4().hex


@dataclass(slots=True)
class MintedToken:
    """A token and the moment it stops being valid (UTC)."""

    token: str = field(repr=False)
    expires_at: datetime

    @classmethod
    def from_ttl(cls, token: str, ttl_seconds: int) -> Self:
        """A token that is valid for so many seconds from now."""
        return cls(token, _now() + timedelta(seconds=ttl_seconds))

    @property
    def expired(self) -> bool:
        """Whether the token is no longer valid."""
        return _now() >= self.expires_at


@dataclass
class SigningKey:
    """An Ed25519 key that mints tokens as `issuer`, for `audience`. `kid` tells the network which public key it is."""

    private_key: Ed25519PrivateKey = field(repr=False)
    issuer: str
    audience: str
    kid: str = DEFAULT_KID

    @classmethod
    def from_pem(
        cls, source: str | bytes | os.PathLike[str], *, issuer: str, audience: str, kid: str = DEFAULT_KID
    ) -> Self:
        """A key from an unencrypted PKCS#8 PEM: its bytes, its text, or the path of its file.

        Raises:
            FileNotFoundError: `source` is a path and there is no such file.
            ValueError: it is no unencrypted PEM.
            TypeError: it is a key of another kind.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(_pem_bytes(source), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("Expected an Ed25519 private key")
        return cls(key, issuer, audience, kid)

    @classmethod
    def generate(cls, *, issuer: str, audience: str, kid: str = DEFAULT_KID) -> Self:
        """A fresh random key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate(), issuer, audience, kid)

    def issue_token(
        self,
        *,
        subject: str,
        scopes: Sequence[str],
        cdna: str,
        ttl_seconds: int,
        tenant_id: str | None = None,
        role: str = "agent",
    ) -> MintedToken:
        """Mint a token.

        `scopes` are stripped, de-duplicated and sorted. Raises ValueError for a `ttl_seconds` below 1.
        """
        if ttl_seconds <= 0:
            raise ValueError("ttl_seconds must be positive")
        now = _now()
        expires = now + timedelta(seconds=ttl_seconds)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "role": role,
            "scope": sorted({scope.strip() for scope in scopes if scope}),
            "cdna": cdna,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": _token_id(),
        }
        if tenant_id:
            claims["tenant_id"] = tenant_id
        header = {"alg": "EdDSA", "kid": self.kid, "typ": "JWT"}
        signing_input = f"{b64url(_canonical(header))}.{b64url(_canonical(claims))}"
        signature = b64url(self.private_key.sign(signing_input.encode("ascii")))
        return MintedToken(f"{signing_input}.{signature}", expires)

    def sign_payload(self, data: Mapping[str, Any]) -> str:
        """The signature of `data` in canonical form (sorted keys, ASCII only), base64url without padding."""
        return b64url(self.private_key.sign(_canonical(data)))

    def private_key_pem(self) -> bytes:
        """The key as an unencrypted PKCS#8 PEM. Keep it secret."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem_bytes(source: str | bytes | os.PathLike[str]) -> bytes:
    if isinstance(source, bytes):
        return source
    text = os.fspath(source)
    if isinstance(source, str) and "-----BEGIN" in text:
        return text.encode()
    return Path(text).read_bytes()


def _canonical(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), sort_keys=True).encode("utf-8")


class TokenSource:
    """Hands out one minted token, renewed ahead of its end, once for all threads that ask.

    A token is renewed 30 seconds before it ends (or half its life before, if that is shorter), and when the tenant
    changes.
    """

    def __init__(self, mint: Callable[[str | None], MintedToken], tenant: Callable[[], str | None], ttl: float) -> None:
        self._mint = mint
        self._tenant = tenant
        self._leeway = min(LEEWAY, timedelta(seconds=ttl / 2))
        self._lock = threading.Lock()
        self._kept: tuple[str | None, MintedToken] | None = None

    def __call__(self) -> str:
        tenant = self._tenant()
        token = self._fresh(tenant)
        if token is None:
            with self._lock:
                token = self._fresh(tenant)
                if token is None:
                    token = self._mint(tenant)
                    self._kept = (tenant, token)
        return token.token

    def _fresh(self, tenant: str | None) -> MintedToken | None:
        kept = self._kept
        if kept is None or kept[0] != tenant or _now() >= kept[1].expires_at - self._leeway:
            return None
        return kept[1]

    def __repr__(self) -> str:
        return "TokenSource(***)"

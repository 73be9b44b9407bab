"""Who emits: an actor's DID, and optionally a key that signs or a token that vouches for it (protocol sheet §13).

Three forms, for three amounts of trust:

- `Identity.static(did)`: records name the DID; anybody could.
- `Identity.key(...)`: every record carries a signature in `body._sig`, see `syncropel.signing`. It is part of the
  body and so of the id,
  travels through kernels that know nothing of it, and whoever reads the record can verify it.
- `Identity.federated(provider, did=...)`: requests carry a bearer token of an identity provider, renewed ahead of time.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from syncropel.checks import is_text, type_name

if TYPE_CHECKING:
    from wirewright.auth import Auth, Token

    from syncropel.signing import SigningKey

    TokenProvider = Callable[[], str | Token | Awaitable[str | Token]]


@dataclass(frozen=True)
class Identity:
    """The actor on whose behalf a client emits."""

    actor_did: str

    @staticmethod
    def static(did: str) -> Identity:
        """An identity that is only named."""
        if not is_text(did):
            raise ValueError(f"Identity.static requires a string DID, got {type_name(did)}")
        if not did:
            raise ValueError("Identity.static requires a non-empty DID")
        return Identity(did)

    @staticmethod
    def key(
        path_or_bytes: str | os.PathLike[str] | bytes | None = None,
        *,
        did: str | None = None,
        password: bytes | None = None,
    ) -> KeyIdentity:
        """An identity that signs with Ed25519.

        `path_or_bytes` is a private key, or the path of one: PEM or DER (PKCS #8), OpenSSH, or the 32 raw bytes. None
        makes a new key, which lives as long as the process. The actor is the key's own `did:key:...` unless `did`
        says who owns it.
        """
        from syncropel.signing import SigningKey

        key = SigningKey.generate() if path_or_bytes is None else SigningKey.load(path_or_bytes, password=password)
        return KeyIdentity(did or key.did, key)

    @staticmethod
    def federated(provider: TokenProvider, *, did: str) -> FederatedIdentity:
        """An identity that an identity provider vouches for.

        `provider` answers a `wirewright.Token` (or a bare string, taken as valid until it is refused) and may be
        async; it is asked before the token runs out, once for all that wait. `did` is the actor that the tokens are
        for.
        """
        if not callable(provider):
            raise TypeError(f"Identity.federated requires a token provider, got {type_name(provider)}")
        return FederatedIdentity(Identity.static(did).actor_did, provider)

    def sign(self, envelope: Mapping[str, Any]) -> Mapping[str, Any]:
        """The envelope with this identity's signature, or as it is where the identity has no key."""
        return envelope

    def auth(self) -> Auth | None:
        """The credentials that requests carry on behalf of this identity."""
        return None


def is_identity(value: object) -> TypeGuard[Identity]:
    """Whether it is an identity of any form."""
    return isinstance(value, Identity)


@dataclass(frozen=True)
class KeyIdentity(Identity):
    """An identity with a private key. The key is not shown."""

    _key: SigningKey

    @property
    def key_did(self) -> str:
        """The public key, as a `did:key`."""
        return self._key.did

    def sign(self, envelope: Mapping[str, Any]) -> Mapping[str, Any]:
        from syncropel.signing import signed

        return signed(envelope, self._key)

    def __repr__(self) -> str:
        return f"KeyIdentity(actor_did={self.actor_did!r}, key_did={self.key_did!r})"


@dataclass(frozen=True)
class FederatedIdentity(Identity):
    """An identity with a token provider."""

    _provider: Any

    def auth(self) -> Auth:
        from wirewright.auth import TokenAuth

        return TokenAuth(self._provider)

    def __repr__(self) -> str:
        return f"FederatedIdentity(actor_did={self.actor_did!r})"

"""Standard Webhooks, both ways: sign what is sent, verify what arrives (symmetric `v1` and asymmetric `v1a`).

A verifier is what generated packages ask for:

    from tower_api.v0_1 import webhooks

    hook = StandardWebhooks("whsec_...")
    event = webhooks.parse("order.paid", body, headers=headers, verify=hook.verify)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time as _time
from collections.abc import Callable, Mapping

import msgspec

from wirewright.signing.encoding import b64_decode
from wirewright.signing.errors import ClaimError, InvalidKeyError, MalformedError, MismatchError, ReplayError
from wirewright.signing.keys import Key
from wirewright.signing.times import check_not_after, check_not_before

TOLERANCE = 300.0
MAX_SIGNATURES = 32
_DIGITS = re.compile(r"[0-9]{1,15}\Z")


class WebhookMessage(msgspec.Struct, frozen=True):
    """A verified message: its id, the same on every delivery of it, and when it was sent (seconds since 1970)."""

    id: str
    timestamp: int


class StandardWebhooks:
    """Signs and verifies with one or more keys; while keys are rotated, several.

    Keys: `whsec_` and base64 (a shared secret), `whsk_` or `whpk_` and base64 (private, public Ed25519), secrets as
    bytes, or a `Key` for EdDSA. `tolerance`: how many seconds a message may be old, or ahead of our clock.
    `fresh`: told id and end, says whether a message is new (see `ReplayGuard`); a redelivery has the same id.
    """

    def __init__(
        self,
        *keys: str | bytes | Key,
        tolerance: float = TOLERANCE,
        time: Callable[[], float] = _time.time,
        fresh: Callable[[str, float], bool] | None = None,
    ) -> None:
        if not keys:
            raise InvalidKeyError("webhooks need at least one key")
        self._keys = [_read(key) for key in keys]
        self._tolerance = tolerance
        self._time = time
        self._fresh = fresh

    def sign(self, identifier: str, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """The three header fields for a message, now unless a time is given."""
        sent = int(self._time()) if timestamp is None else timestamp
        signed = _content(identifier, str(sent), body)
        signatures = [f"{key.version},{base64.b64encode(key.sign(signed)).decode()}" for key in self._keys]
        return {
            "webhook-id": identifier,
            "webhook-timestamp": str(sent),
            "webhook-signature": " ".join(signatures),
        }

    def verify(self, headers: Mapping[str, str], body: bytes) -> WebhookMessage:
        """Verify a message before anything of its body is read. Header names in any case.

        Raises a `VerificationError`; for one that is too old or from the future a `TimestampError` with the skew.
        """
        fields = {name.lower(): value for name, value in headers.items()}
        identifier, sent, signatures = (_field(fields, f"webhook-{name}") for name in ("id", "timestamp", "signature"))
        if not _DIGITS.match(sent):
            raise MalformedError("webhook-timestamp is no number of seconds")
        signed = _content(identifier, sent, body)
        timestamp, now = int(sent), self._time()
        check_not_after(timestamp, now, self._tolerance, "the message")
        check_not_before(timestamp, now, self._tolerance, "the message")
        offered = signatures.split(" ")
        if len(offered) > MAX_SIGNATURES:
            raise MalformedError(f"more than {MAX_SIGNATURES} signatures")
        if not any(key.verifies(signed, offer) for offer in offered for key in self._keys):
            raise MismatchError("no signature is one of this message by a known key")
        if self._fresh is not None and not self._fresh(identifier, timestamp + self._tolerance):
            raise ReplayError("the message was received before", identifier=identifier)
        return WebhookMessage(identifier, timestamp)

    def __repr__(self) -> str:
        return f"StandardWebhooks({len(self._keys)} keys)"


class _Secret:
    version = "v1"

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 24:
            raise InvalidKeyError(f"a webhook secret has at least 24 bytes, this one {len(secret)}")
        self._secret = secret

    def sign(self, content: bytes) -> bytes:
        return hmac.new(self._secret, content, hashlib.sha256).digest()

    def verifies(self, content: bytes, offer: str) -> bool:
        signature = _offered(offer, self.version)
        return signature is not None and hmac.compare_digest(signature, self.sign(content))


class _Pair:
    version = "v1a"

    def __init__(self, key: Key) -> None:
        if key.algorithm != "EdDSA":
            raise InvalidKeyError("asymmetric webhooks are signed with Ed25519")
        self._key = key

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)

    def verifies(self, content: bytes, offer: str) -> bool:
        signature = _offered(offer, self.version)
        if signature is None:
            return False
        try:
            self._key.verify(content, signature)
        except MismatchError:
            return False
        return True


def _read(key: str | bytes | Key) -> _Secret | _Pair:
    if isinstance(key, Key):
        return _Pair(key)
    if isinstance(key, bytes):
        return _Secret(key)
    prefix, _, encoded = key.rpartition("_")
    try:
        raw = b64_decode(encoded)
    except MalformedError:
        raise InvalidKeyError("a webhook key is whsec_, whsk_ or whpk_ and base64") from None
    if prefix in {"", "whsec"}:
        return _Secret(raw)
    if prefix == "whsk" and len(raw) in {32, 64}:
        pair = Key.from_ed25519(raw[:32])
        if raw[32:] not in {b"", pair.public_bytes()}:
            raise InvalidKeyError("the public half is not that of the private half")
        return _Pair(pair)
    if prefix == "whpk":
        return _Pair(Key.from_ed25519_public(raw))
    raise InvalidKeyError("a webhook key is whsec_, whsk_ or whpk_ and base64")


def _content(identifier: str, sent: str, body: bytes) -> bytes:
    """Raises for an id with a dot: id, time and body could then be parted at other places."""
    if not identifier or not identifier.isascii() or not identifier.isprintable() or "." in identifier:
        raise MalformedError("webhook-id is empty, or has a dot or characters that no header holds")
    return f"{identifier}.{sent}.".encode() + body


def _field(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise ClaimError(f"the message has no {name}", claim=name)
    return fields[name]


def _offered(offer: str, version: str) -> bytes | None:
    name, _, encoded = offer.partition(",")
    if name != version:
        return None
    try:
        return b64_decode(encoded)
    except MalformedError:
        return None

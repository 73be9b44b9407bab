"""Signatures of inbound webhooks (protocol sheet §8).

`verify(headers, body)` returns None for a good signature and raises `WebhookVerificationError` for any other. Headers
are found in any case, bodies are the bytes that arrived, comparisons take the same time for every wrong signature.

The presets sign the body alone, as the runtime's do. What Stripe and Slack really send has a timestamp in it: those
are `StripeVerifier` and `SlackVerifier`.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar

from symbiont.exceptions import WebhookVerificationError

__all__ = [
    "HmacVerifier",
    "JwtVerifier",
    "SignatureVerifier",
    "SlackVerifier",
    "StripeVerifier",
    "WebhookProvider",
    "WebhookVerificationError",
]

TOLERANCE = 300.0
"""Seconds by which a timestamp may be off, to either side."""


class SignatureVerifier(ABC):
    """Tells whether a webhook is from whom it should be."""

    @abstractmethod
    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return for a good signature. Raises `WebhookVerificationError` for any other."""


class _Verifier(SignatureVerifier):
    def __init__(self, secret: bytes | str, header_name: str) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret
        self.header_name = header_name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.header_name!r}, ***)"

    def _refusal(self, reason: str) -> WebhookVerificationError:
        return WebhookVerificationError(reason, header_name=self.header_name.lower())

    def _header(self, headers: Mapping[str, str]) -> str:
        for given, value in headers.items():
            if given.lower() == self.header_name.lower():
                return value
        raise self._refusal(f"Missing signature header: {self.header_name}")


class HmacVerifier(_Verifier):
    """HMAC-SHA256 over the body, in hex.

    `prefix` is what stands before the signature in the header (`sha256=`). A value without it is good as well, unless
    `strict_prefix` is set, as in the runtime.
    """

    def __init__(
        self, secret: bytes | str, header_name: str, prefix: str | None = None, *, strict_prefix: bool = False
    ) -> None:
        super().__init__(secret, header_name)
        self.prefix = prefix
        self.strict_prefix = strict_prefix

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return when the header holds the body's signature. Raises `WebhookVerificationError`."""
        value = self._header(headers)
        if self.prefix and value.startswith(self.prefix):
            value = value[len(self.prefix) :]
        elif self.prefix and self.strict_prefix:
            raise self._refusal(f"The signature does not begin with {self.prefix}")
        expected = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), value.lower().encode(errors="replace")):
            raise self._refusal("Signature mismatch")


class _Vendor(_Verifier):
    """A vendor's own scheme, with a time in it. `tolerance`: seconds by which it may be off, to either side."""

    _scheme: ClassVar[str]
    _header_name: ClassVar[str]

    def __init__(
        self, secret: bytes | str, *, tolerance: float = TOLERANCE, clock: Callable[[], float] = time.time
    ) -> None:
        from wirewright import signing

        super().__init__(secret, self._header_name)
        self._hook = getattr(signing, self._scheme)(self._secret, tolerance=tolerance, time=clock)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return for a good and recent signature. Raises `WebhookVerificationError`."""
        from wirewright.signing import VerificationError

        try:
            self._hook.verify(headers, body)
        except VerificationError as error:
            raise self._refusal(str(error)) from error


class StripeVerifier(_Vendor):
    """Stripe's own scheme: `Stripe-Signature: t=<seconds>,v1=<hex of "t.body">`, with one or more `v1`."""

    _scheme = "StripeWebhooks"
    _header_name = "Stripe-Signature"


class SlackVerifier(_Vendor):
    """Slack's own scheme: `X-Slack-Signature: v0=<hex of "v0:seconds:body">` beside `X-Slack-Request-Timestamp`."""

    _scheme = "SlackWebhooks"
    _header_name = "X-Slack-Signature"


class JwtVerifier(_Verifier):
    """A token (HS256) in a header, with `Bearer ` before it or not. The body is not part of it.

    `required_issuer`: who must have issued it. `audience`: whom it must be meant for; without one, a token that is
    meant for someone is refused. `leeway`: seconds by which `exp`, `nbf` and `iat` may be off.
    """

    def __init__(
        self,
        secret: bytes | str,
        header_name: str,
        required_issuer: str | None = None,
        *,
        audience: str | None = None,
        leeway: float = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(secret, header_name)
        self.required_issuer = required_issuer
        self.audience = audience
        self.leeway = leeway
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return for a good token. Raises `WebhookVerificationError`."""
        from symbiont._tokens import TokenError, decode

        try:
            decode(
                self._header(headers).removeprefix("Bearer "),
                self._secret,
                "HS256",
                issuer=self.required_issuer,
                audience=self.audience,
                leeway=self.leeway,
                now=self._clock(),
            )
        except TokenError as error:
            raise self._refusal(f"JWT verification failed: {error}") from error


class WebhookProvider(Enum):
    """Presets, as the runtime has them: the header, and what stands before the signature in it."""

    GITHUB = ("X-Hub-Signature-256", "sha256=")
    STRIPE = ("Stripe-Signature", None)
    SLACK = ("X-Slack-Signature", "v0=")
    CUSTOM = ("X-Signature", None)

    def __init__(self, header_name: str, prefix: str | None) -> None:
        self.header_name = header_name
        self.prefix = prefix

    def verifier(self, secret: bytes | str) -> SignatureVerifier:
        """A verifier with this preset."""
        return HmacVerifier(secret, self.header_name, self.prefix)

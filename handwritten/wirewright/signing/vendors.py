"""Webhook signatures that came before Standard Webhooks: GitHub's, Stripe's and Slack's, both ways.

As with `StandardWebhooks`, `verify` is what generated packages ask for. Times are checked on both sides, where the
scheme has them; header names may come in any case, secrets in hex only in lower case, as these services send them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time as _time
from collections.abc import Callable, Mapping

from wirewright.signing.errors import ClaimError, InvalidKeyError, MalformedError, MismatchError
from wirewright.signing.times import check_not_after, check_not_before

TOLERANCE = 300.0
MAX_SIGNATURES = 32
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_DIGITS = re.compile(r"[0-9]{1,15}\Z")


class _Hmac:
    """One shared secret, never shown."""

    def __init__(
        self, secret: str | bytes, *, tolerance: float = TOLERANCE, time: Callable[[], float] = _time.time
    ) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret
        if not self._secret:
            raise InvalidKeyError("an empty secret")
        self._tolerance = tolerance
        self._time = time

    def _hex(self, content: bytes) -> str:
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def _matches(self, offered: str, content: bytes) -> bool:
        return _HEX.match(offered) is not None and hmac.compare_digest(offered, self._hex(content))

    def _check_time(self, sent: str) -> None:
        if not _DIGITS.match(sent):
            raise MalformedError("the time of the message is no number of seconds")
        check_not_after(int(sent), self._time(), self._tolerance, "the message")
        check_not_before(int(sent), self._time(), self._tolerance, "the message")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class GitHubWebhooks(_Hmac):
    """`X-Hub-Signature-256: sha256=<hex of HMAC-SHA256 over the body>`. It has no time: deliveries can be replayed."""

    header = "X-Hub-Signature-256"

    def sign(self, body: bytes) -> dict[str, str]:
        """The header field for a body."""
        return {self.header: f"sha256={self._hex(body)}"}

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises a `VerificationError` unless the body is signed."""
        scheme, _, offered = _field(headers, self.header).partition("=")
        if scheme != "sha256":
            raise MalformedError(f"{self.header} is no sha256 signature")
        if not self._matches(offered, body):
            raise MismatchError("the signature is not one of this body")


class StripeWebhooks(_Hmac):
    """`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=...]` over `<t>.<body>`."""

    header = "Stripe-Signature"

    def sign(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """The header field for a body, now unless a time is given."""
        sent = str(int(self._time()) if timestamp is None else timestamp)
        return {self.header: f"t={sent},v1={self._hex(sent.encode() + b'.' + body)}"}

    def verify(self, headers: Mapping[str, str], body: bytes) -> int:
        """When the message was sent. Raises a `VerificationError`; also for messages from the future."""
        pairs = [part.partition("=") for part in _field(headers, self.header).split(",")]
        times = [value for name, _, value in pairs if name == "t"]
        offered = [value for name, _, value in pairs if name == "v1"]
        if len(times) != 1 or not 0 < len(offered) <= MAX_SIGNATURES:
            raise MalformedError(f"{self.header} has not one time and at least one v1 signature")
        self._check_time(times[0])
        signed = times[0].encode() + b"." + body
        if not any(self._matches(offer, signed) for offer in offered):
            raise MismatchError("no signature is one of this message")
        return int(times[0])


class SlackWebhooks(_Hmac):
    """`X-Slack-Signature: v0=<hex>` over `v0:<X-Slack-Request-Timestamp>:<body>`."""

    header = "X-Slack-Signature"
    time_header = "X-Slack-Request-Timestamp"

    def sign(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """The two header fields for a body, now unless a time is given."""
        sent = str(int(self._time()) if timestamp is None else timestamp)
        return {self.time_header: sent, self.header: f"v0={self._hex(_slack(sent, body))}"}

    def verify(self, headers: Mapping[str, str], body: bytes) -> int:
        """When the message was sent. Raises a `VerificationError`."""
        sent = _field(headers, self.time_header)
        scheme, _, offered = _field(headers, self.header).partition("=")
        if scheme != "v0":
            raise MalformedError(f"{self.header} is no v0 signature")
        self._check_time(sent)
        if not self._matches(offered, _slack(sent, body)):
            raise MismatchError("the signature is not one of this message")
        return int(sent)


def _slack(sent: str, body: bytes) -> bytes:
    return b"v0:" + sent.encode() + b":" + body


def _field(headers: Mapping[str, str], name: str) -> str:
    for given, value in headers.items():
        if given.lower() == name.lower() and value:
            return value
    raise ClaimError(f"the message has no {name}", claim=name)

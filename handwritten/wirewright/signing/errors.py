"""What signing and verification raise: one tree under `WirewrightError`.

    SigningError
    ├── InvalidKeyError         a key that cannot be read, is weak, or is not meant for this (also ValueError)
    ├── CanonicalJsonError      a value that has no canonical JSON form (also ValueError)
    ├── ClockSkewError          a server refused our signature, and its clock is not ours (also AuthError)
    └── VerificationError       a message is not accepted
        ├── MalformedError      it is not in the form that its standard demands
        ├── AlgorithmError      signed with an algorithm that its key is not for
        ├── UnknownKeyError     signed with a key that is not known here
        ├── MismatchError       the signature is not one of this message
        ├── TimestampError      too old, or from the future: .skew .tolerance
        ├── ClaimError          something that was required is absent or different: .claim
        └── ReplayError         seen before: .identifier

No message of these shows a key, a token or a signature.
"""

from __future__ import annotations

from wirewright.errors import AuthError, WirewrightError


class SigningError(WirewrightError):
    """The root of this package's errors."""


class InvalidKeyError(SigningError, ValueError):
    """A key cannot be read, is weak, or its `alg`, `use` or `key_ops` do not permit what was asked."""


class CanonicalJsonError(SigningError, ValueError):
    """A value has no canonical JSON form (RFC 8785): NaN, an integer beyond 2**53, a lone surrogate."""


class ClockSkewError(SigningError, AuthError):
    """A server refused a signature, and its `Date` says that the two clocks differ.

    `skew`: seconds that our clock is ahead of the server's (negative: behind). `server_date`: its `Date` as sent.
    """

    def __init__(self, message: str = "", *, skew: float, server_date: str) -> None:
        super().__init__(message)
        self.skew = skew
        self.server_date = server_date


class VerificationError(SigningError):
    """A message is not accepted. The subclass says why; no caller should tell the sender."""


class MalformedError(VerificationError):
    """Not in the form that the standard demands: padding, duplicate members, sizes, unknown critical headers."""


class AlgorithmError(VerificationError):
    """The message names an algorithm that its key is not for (`none` is for no key)."""


class UnknownKeyError(VerificationError):
    """No key that is known here, or none that may verify, has the name that the message gives."""


class MismatchError(VerificationError):
    """The signature or digest is not one of this message by this key."""


class TimestampError(VerificationError):
    """Outside of the time in which the message is good.

    `skew`: seconds between our clock and the limit that was passed, positive when the message is too old, negative
    when it is from the future. `tolerance`: how many seconds are allowed.
    """

    def __init__(self, message: str = "", *, skew: float, tolerance: float) -> None:
        super().__init__(message)
        self.skew = skew
        self.tolerance = tolerance


class ClaimError(VerificationError):
    """A claim, header or component that was required is absent or different. `claim`: its name."""

    def __init__(self, message: str = "", *, claim: str) -> None:
        super().__init__(message)
        self.claim = claim


class ReplayError(VerificationError):
    """The message was seen before. `identifier`: its message id, `jti` or nonce."""

    def __init__(self, message: str = "", *, identifier: str) -> None:
        super().__init__(message)
        self.identifier = identifier

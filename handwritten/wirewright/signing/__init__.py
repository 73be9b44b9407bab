"""Keys, signatures and their verification; no I/O, time and randomness are arguments.

Needs the extra `signing` (cryptography, joserfc, rfc8785, http-sfv). Every public name is here and loads its module on
first use.

- keys: `Key`, `KeySet`;
- JOSE: `sign_jws`, `verify_jws`, `sign_jws_json`, `verify_jws_json`, `sign_jwt`, `verify_jwt`, `minted` (for a
  `TokenAuth`);
- HTTP messages: `HttpSigner` (an `Auth`), `verify_message`, `sign_message`, `content_digest`, `verify_content_digest`;
- webhooks: `StandardWebhooks`, `GitHubWebhooks`, `StripeWebhooks`, `SlackWebhooks`;
- `canonical_json`, `ReplayGuard`, and the errors of `wirewright.signing.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from wirewright.signing.canonical import canonical_json
    from wirewright.signing.components import HttpMessage
    from wirewright.signing.digests import content_digest, verify_content_digest
    from wirewright.signing.errors import (
        AlgorithmError,
        CanonicalJsonError,
        ClaimError,
        ClockSkewError,
        InvalidKeyError,
        MalformedError,
        MismatchError,
        ReplayError,
        SigningError,
        TimestampError,
        UnknownKeyError,
        VerificationError,
    )
    from wirewright.signing.http_signatures import HttpSigner, Verified, sign_message, verify_message
    from wirewright.signing.jws import Jws, sign_jws, sign_jws_json, verify_jws, verify_jws_json
    from wirewright.signing.jwt import Jwt, sign_jwt, verify_jwt
    from wirewright.signing.keys import Key
    from wirewright.signing.keysets import KeySet
    from wirewright.signing.minting import minted
    from wirewright.signing.replay import ReplayGuard
    from wirewright.signing.vendors import GitHubWebhooks, SlackWebhooks, StripeWebhooks
    from wirewright.signing.webhooks import StandardWebhooks, WebhookMessage

_HOMES = {
    "canonical": "canonical_json",
    "components": "HttpMessage",
    "digests": "content_digest verify_content_digest",
    "errors": "AlgorithmError CanonicalJsonError ClaimError ClockSkewError InvalidKeyError MalformedError "
    "MismatchError ReplayError SigningError TimestampError UnknownKeyError VerificationError",
    "http_signatures": "HttpSigner Verified sign_message verify_message",
    "jws": "Jws sign_jws sign_jws_json verify_jws verify_jws_json",
    "jwt": "Jwt sign_jwt verify_jwt",
    "keys": "Key",
    "keysets": "KeySet",
    "minting": "minted",
    "replay": "ReplayGuard",
    "vendors": "GitHubWebhooks SlackWebhooks StripeWebhooks",
    "webhooks": "StandardWebhooks WebhookMessage",
}

__all__ = [
    "AlgorithmError",
    "CanonicalJsonError",
    "ClaimError",
    "ClockSkewError",
    "GitHubWebhooks",
    "HttpMessage",
    "HttpSigner",
    "InvalidKeyError",
    "Jws",
    "Jwt",
    "Key",
    "KeySet",
    "MalformedError",
    "MismatchError",
    "ReplayError",
    "ReplayGuard",
    "SigningError",
    "SlackWebhooks",
    "StandardWebhooks",
    "StripeWebhooks",
    "TimestampError",
    "UnknownKeyError",
    "VerificationError",
    "Verified",
    "WebhookMessage",
    "canonical_json",
    "content_digest",
    "minted",
    "sign_jws",
    "sign_jws_json",
    "sign_jwt",
    "sign_message",
    "verify_content_digest",
    "verify_jws",
    "verify_jws_json",
    "verify_jwt",
    "verify_message",
]

__getattr__, __dir__ = attach(__name__, _HOMES, extra="signing")

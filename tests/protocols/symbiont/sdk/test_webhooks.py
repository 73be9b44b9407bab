"""Signatures of webhooks (protocol sheet, section 8)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symbiont import HmacVerifier, JwtVerifier, WebhookProvider
from symbiont._tokens import encode
from symbiont.webhooks import SlackVerifier, StripeVerifier, WebhookVerificationError

SECRET, BODY = b"topsecret", b'{"action":"opened"}'
HEX = "c8e1211e6d7cf6fa6e3e68f6ee51b98ca2654dde24d4dafde9fad4167df885a9"
NOW = 1767225600


def signed(content: bytes) -> str:
    return hmac.new(SECRET, content, hashlib.sha256).hexdigest()


def is_good(verifier: Any, headers: dict[str, str], body: bytes = BODY) -> bool:
    try:
        assert verifier.verify(headers, body) is None
    except WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        (WebhookProvider.GITHUB, {"X-Hub-Signature-256": f"sha256={HEX}"}),
        (WebhookProvider.GITHUB, {"x-hub-signature-256": HEX}),
        (WebhookProvider.GITHUB, {"X-HUB-SIGNATURE-256": f"sha256={HEX.upper()}"}),
        (WebhookProvider.STRIPE, {"Stripe-Signature": HEX}),
        (WebhookProvider.SLACK, {"X-Slack-Signature": f"v0={HEX}"}),
        (WebhookProvider.CUSTOM, {"X-Signature": HEX}),
    ],
)
def test_presets_take_the_signature_of_the_body(provider: WebhookProvider, headers: dict[str, str]) -> None:
    verifier = provider.verifier(secret=SECRET)

    assert is_good(verifier, {"Other": "x", **headers})
    assert not is_good(verifier, headers, BODY + b" ")
    assert not is_good(provider.verifier(b"other"), headers)
    assert provider.value == (provider.header_name, provider.prefix)


@pytest.mark.parametrize(
    "value", ["", "sha256=", HEX[:-1], HEX + "0", "sha1=" + HEX, "ü" * 64, "\ud800", "sha256=sha256=" + HEX]
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        WebhookProvider.GITHUB.verifier(SECRET).verify({"X-Hub-Signature-256": value}, BODY)

    assert caught.value.header_name == "x-hub-signature-256"
    assert HEX not in str(caught.value)


def test_a_missing_header_is_named() -> None:
    with pytest.raises(WebhookVerificationError, match="X-Signature") as caught:
        WebhookProvider.CUSTOM.verifier(SECRET).verify({}, BODY)

    assert caught.value.header_name == "x-signature"


@given(st.text())
def test_no_text_at_all_does_anything_but_verify_or_refuse(value: str) -> None:
    assert is_good(HmacVerifier(SECRET, "X-S", prefix="v0="), {"X-S": value}) is (
        value.removeprefix("v0=").lower() == HEX
    )


def test_the_prefix_may_be_demanded_as_the_runtime_does() -> None:
    strict = HmacVerifier(SECRET, "X-S", "sha256=", strict_prefix=True)

    assert is_good(strict, {"X-S": f"sha256={HEX}"})
    assert not is_good(strict, {"X-S": HEX})


@pytest.mark.promise("Symbiont: webhook timestamps are checked to both sides, signatures in constant time")
def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))

    is_good(HmacVerifier(SECRET, "X-S"), {"X-S": "0" * 64})

    assert len(compared) == 1


# The schemes that vendors really use --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "good"), [(0, True), (-299, True), (299, True), (-301, False), (301, False), (-(10**6), False)]
)
@pytest.mark.promise("Symbiont: webhook timestamps are checked to both sides, signatures in constant time")
def test_a_timestamp_may_be_off_by_the_tolerance_to_either_side(off: int, good: bool) -> None:
    stripe = StripeVerifier(SECRET, clock=lambda: NOW + off)
    slack = SlackVerifier(SECRET, clock=lambda: NOW + off)
    stripe_headers = {"stripe-signature": f"t={NOW},v1={'0' * 64},v1={signed(f'{NOW}.'.encode() + BODY)}"}
    slack_headers = {
        "X-Slack-Request-Timestamp": str(NOW),
        "X-Slack-Signature": f"v0={signed(f'v0:{NOW}:'.encode() + BODY)}",
    }

    assert is_good(stripe, stripe_headers) is good
    assert is_good(slack, slack_headers) is good
    assert not is_good(StripeVerifier(SECRET, tolerance=0, clock=lambda: NOW + 1), stripe_headers)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"v1={HEX}",
        f"t={NOW}",
        f"t=soon,v1={HEX}",
        f"t={NOW},v1={HEX}",
        f"t={NOW},v0={HEX}",
        "t=,v1=",
        f"t={NOW},v1=\ud800",
    ],
)
def test_a_header_of_stripe_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        StripeVerifier(SECRET, clock=lambda: NOW).verify({"Stripe-Signature": header}, BODY)

    assert caught.value.header_name == "stripe-signature"


# Tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "options", "good"),
    [
        ({}, {}, True),
        ({"iss": "me"}, {"required_issuer": "me"}, True),
        ({}, {"required_issuer": "me"}, False),
        ({"iss": "you"}, {"required_issuer": "me"}, False),
        ({"aud": "us"}, {}, False),
        ({"aud": "us"}, {"audience": "us"}, True),
        ({}, {"audience": "us"}, False),
        ({"exp": NOW}, {}, False),
        ({"exp": NOW}, {"leeway": 5}, True),
        ({"nbf": NOW + 3}, {}, False),
        ({"nbf": NOW + 3}, {"leeway": 5}, True),
        ({"iat": NOW + 3}, {}, False),
    ],
)
def test_a_token_in_a_header(claims: dict[str, Any], options: dict[str, Any], good: bool) -> None:
    token = encode(claims, SECRET, "HS256")
    verifier = JwtVerifier(SECRET, "Authorization", clock=lambda: NOW, **options)

    assert is_good(verifier, {"authorization": f"Bearer {token}"}) is good
    assert is_good(verifier, {"authorization": token}) is good
    assert not is_good(verifier, {"authorization": f"bearer {token}"})


@pytest.mark.parametrize(
    "value", ["", "Bearer ", "Bearer a.b.c", encode({}, b"other", "HS256"), encode({}, SECRET, "HS512"), "\ud800.a.b"]
)
def test_a_token_that_is_none(value: str) -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        JwtVerifier(SECRET, "X-Token").verify({"X-Token": value}, b"")

    assert caught.value.header_name == "x-token"

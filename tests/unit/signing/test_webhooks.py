"""Webhooks, sent and received: Standard Webhooks, and the older schemes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright import Headers
from wirewright.signing import (
    ClaimError,
    GitHubWebhooks,
    InvalidKeyError,
    Key,
    MalformedError,
    MismatchError,
    ReplayError,
    ReplayGuard,
    SlackWebhooks,
    StandardWebhooks,
    StripeWebhooks,
    TimestampError,
    VerificationError,
)

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, SENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="  # the standard's own example
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(SENT), "webhook-signature": SIGNATURE}
PAIR = Key.generate()


def hook(*keys: Any, now: float = SENT, **options: Any) -> StandardWebhooks:
    return StandardWebhooks(*(keys or (f"whsec_{SECRET}",)), time=lambda: now, **options)


@pytest.mark.promise("Standard Webhooks, both ways: signed and verified byte for byte")
def test_the_example_of_the_standard():
    assert hook().sign(ID, BODY, timestamp=SENT) == HEADERS
    assert hook().verify(HEADERS, BODY).id == ID
    assert hook(SECRET).verify(HEADERS, BODY).timestamp == SENT
    assert hook(base64.b64decode(SECRET)).verify(HEADERS, BODY)


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_header_names_come_in_any_case(spelling):
    assert hook().verify({spelling(name): value for name, value in HEADERS.items()}, BODY)
    assert hook().verify(Headers(HEADERS), BODY)


def test_asymmetric_keys_sign_and_verify():
    seed = base64.b64encode(bytes(range(32))).decode()
    private = Key.from_ed25519(bytes(range(32)))
    public = base64.b64encode(private.public_bytes()).decode()
    both = base64.b64encode(bytes(range(32)) + private.public_bytes()).decode()
    for sender in (hook(f"whsk_{seed}"), hook(f"whsk_{both}"), hook(private)):
        headers = sender.sign(ID, BODY)
        assert headers["webhook-signature"].startswith("v1a,")
        assert hook(f"whpk_{public}").verify(headers, BODY).id == ID
        with pytest.raises(MismatchError):
            hook(PAIR).verify(headers, BODY)
    with pytest.raises(InvalidKeyError, match="public key"):
        hook(f"whpk_{public}").sign(ID, BODY)


def test_while_keys_are_rotated_either_will_do():
    new = base64.b64encode(b"a secret that is new to us").decode()
    headers = hook(SECRET, new, PAIR).sign(ID, BODY)
    assert headers["webhook-signature"].count(" ") == 2
    for receiver in (hook(SECRET), hook(new), hook(PAIR.public()), hook("whsec_" + new, SECRET)):
        assert receiver.verify(headers, BODY)


def test_a_signature_of_another_version_is_passed_over():
    assert hook().verify({**HEADERS, "webhook-signature": f"v2,AAAA v1a,x {SIGNATURE}"}, BODY)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"webhook-signature": "v1," + SIGNATURE[3:-1]}, MismatchError),
        ({"webhook-signature": SIGNATURE + "="}, MismatchError),
        ({"webhook-signature": SIGNATURE[:-2] + "F="}, MismatchError),  # spare bits
        ({"webhook-signature": SIGNATURE.replace("v1,", "v1a,")}, MismatchError),
        ({"webhook-signature": SIGNATURE.replace("v1,", "")}, MismatchError),
        ({"webhook-signature": SIGNATURE.replace("v1,", "V1,")}, MismatchError),
        ({"webhook-signature": "v1,"}, MismatchError),
        ({"webhook-signature": ""}, ClaimError),
        ({"webhook-signature": " ".join(["v1,x"] * 33)}, MalformedError),
        ({"webhook-id": "msg_other"}, MismatchError),
        ({"webhook-id": ""}, ClaimError),
        ({"webhook-id": "a.b"}, MalformedError),
        ({"webhook-id": "ü"}, MalformedError),
        ({"webhook-id": "a\nb"}, MalformedError),
        ({"webhook-timestamp": str(SENT + 1)}, MismatchError),
        ({"webhook-timestamp": f" {SENT}"}, MalformedError),
        ({"webhook-timestamp": f"{SENT}.0"}, MalformedError),
        ({"webhook-timestamp": f"+{SENT}"}, MalformedError),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, MalformedError),
        ({"webhook-timestamp": "9" * 400}, MalformedError),
    ],
)
def test_messages_that_are_refused(headers, kind):
    with pytest.raises(kind):
        hook().verify({**HEADERS, **headers}, BODY)


@pytest.mark.parametrize("missing", HEADERS)
def test_every_header_is_needed(missing):
    with pytest.raises(ClaimError) as caught:
        hook().verify({name: value for name, value in HEADERS.items() if name != missing}, BODY)
    assert caught.value.claim == missing


def test_the_body_is_signed_byte_for_byte():
    with pytest.raises(MismatchError):
        hook().verify(HEADERS, BODY + b"\n")


def test_id_time_and_body_cannot_be_parted_elsewhere():
    """`a` + `.1.2.body` has the bytes of `a.1` + `.2.body`: so an id has no dot, when sent as when received."""
    with pytest.raises(MalformedError, match="dot"):
        hook().sign("a.1", BODY)


@pytest.mark.parametrize(
    ("now", "skew"),
    [(SENT + 299, None), (SENT + 300, 300), (SENT - 300, None), (SENT - 301, -301), (SENT - 10**9, -(10**9))],
)
def test_time_is_checked_on_both_sides(now, skew):
    if skew is None:
        assert hook(now=now).verify(HEADERS, BODY)
        return
    with pytest.raises(TimestampError, match=f"{abs(skew)} s") as caught:
        hook(now=now).verify(HEADERS, BODY)
    assert caught.value.skew == skew


def test_a_message_is_taken_once():
    receiver = hook(fresh=ReplayGuard(lambda: float(SENT)))
    assert receiver.verify(HEADERS, BODY)
    with pytest.raises(ReplayError) as caught:
        receiver.verify(HEADERS, BODY)
    assert caught.value.identifier == ID


@pytest.mark.parametrize(
    "key",
    [
        "",
        "whsec_",
        "whsec_AAAA",
        "whsec_!!!!",
        "whsk_AAAA",
        "whpk_AAAA",
        "other_" + SECRET,
        b"short",
        Key.generate("ES256"),
    ],
)
def test_keys_that_are_refused(key):
    with pytest.raises(InvalidKeyError):
        hook(key)


def test_a_pair_whose_halves_differ_is_refused():
    with pytest.raises(InvalidKeyError, match="half"):
        hook("whsk_" + base64.b64encode(bytes(range(32)) + PAIR.public_bytes()).decode())
    with pytest.raises(InvalidKeyError, match="at least one"):
        StandardWebhooks()


@given(st.dictionaries(st.sampled_from([*HEADERS, "x"]), st.text() | st.sampled_from([*HEADERS.values()])), st.binary())
def test_any_message_is_verified_or_refused_by_the_one_tree(headers, body):
    with pytest.raises(VerificationError):
        hook().verify(headers, body)


@pytest.mark.promise("No secret is in a repr or an error")
def test_no_secret_is_shown():
    for shown in (repr(hook()), repr(GitHubWebhooks("s3cret")), repr(hook(PAIR))):
        assert "s3cret" not in shown
        assert SECRET[:8] not in shown


# -- the older schemes


def test_github_as_its_documentation_has_it():
    github = GitHubWebhooks("It's a Secret to Everybody")
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert github.sign(b"Hello, World!") == {"X-Hub-Signature-256": expected}
    github.verify({"x-hub-signature-256": expected}, b"Hello, World!")
    with pytest.raises(MismatchError):
        github.verify({"X-Hub-Signature-256": expected}, b"Hello, World?")
    with pytest.raises(MalformedError):
        github.verify({"X-Hub-Signature-256": expected.removeprefix("sha256=")}, b"Hello, World!")
    with pytest.raises(MismatchError):
        github.verify({"X-Hub-Signature-256": "sha256=" + expected[7:].upper()}, b"Hello, World!")
    with pytest.raises(ClaimError):
        github.verify({}, b"Hello, World!")


def test_slack_as_its_documentation_has_it():
    slack = SlackWebhooks("8f742231b10e8888abcd99yyyzzz85a5", time=lambda: 1531420618)
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = slack.sign(body)
    assert headers["X-Slack-Signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert slack.verify(headers, body) == 1531420618
    with pytest.raises(MismatchError):
        slack.verify(headers, body + b"x")
    with pytest.raises(TimestampError):
        SlackWebhooks("x", time=lambda: 1531420618 - 400).verify(headers, body)
    with pytest.raises(MalformedError):
        slack.verify({**headers, "X-Slack-Signature": headers["X-Slack-Signature"].replace("v0", "v1")}, body)


def test_stripe_refuses_the_future_too():
    stripe = StripeWebhooks("whsec_test", time=lambda: SENT)
    headers = stripe.sign(BODY)
    assert stripe.verify(headers, BODY) == SENT
    old = StripeWebhooks("whsec_old", time=lambda: SENT).sign(BODY)["Stripe-Signature"].partition("v1=")[2]
    assert stripe.verify(
        {"stripe-signature": f"t={SENT},v1={old},{headers['Stripe-Signature'].partition(',')[2]}"}, BODY
    )
    for now in (SENT + 301, SENT - 301, SENT - 10**9):
        with pytest.raises(TimestampError):
            StripeWebhooks("whsec_test", time=lambda now=now: now).verify(headers, BODY)
    for text in ("", f"t={SENT}", f"v1={'a' * 64}", f"t={SENT},t={SENT},v1=x", f"t=x,v1={'a' * 64}", f"t={SENT},v1=x"):
        with pytest.raises(VerificationError):
            stripe.verify({"Stripe-Signature": text}, BODY)


def test_an_empty_secret_is_refused():
    with pytest.raises(InvalidKeyError):
        GitHubWebhooks("")

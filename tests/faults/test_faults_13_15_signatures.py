"""Faults 13 and 15 of the reliability sheet: clocks that differ, and signatures that must not be taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import formatdate
from typing import Any

import pytest

pytest.importorskip("joserfc")

from wirewright import AuthError, Unauthorized
from wirewright.signing import (
    AlgorithmError,
    ClockSkewError,
    HttpMessage,
    HttpSigner,
    InvalidKeyError,
    Key,
    KeySet,
    MalformedError,
    MismatchError,
    StandardWebhooks,
    StripeWebhooks,
    TimestampError,
    UnknownKeyError,
    VerificationError,
    sign_jwt,
    verify_jwt,
    verify_message,
)
from wirewright.signing.encoding import b64url

KEY = Key.generate(kid="client")
KEYS = KeySet([KEY.public()])

# 13. a clock that is 10 minutes off


def signature_server(server_clock: Any, headers: dict[str, str] | None = None) -> Any:
    """Verifies by its own clock; 401 with its Date when the signature is not good."""

    def script(connection: Any, number: int) -> None:
        while (request := connection.read()) is not None:
            message = HttpMessage(
                list(request.headers.items()),
                method=request.method,
                url=f"http://{request.headers['host']}{request.target}",
                body=request.body,
            )
            now = server_clock()
            try:
                verify_message(message, KEYS, now=now, max_age=300)
            except VerificationError:
                date = {"Date": formatdate(now, usegmt=True)} if headers is None else headers
                connection.answer(401, b"{}", **date)
            else:
                connection.answer(200, b'{"id":"a"}')

    return script


@pytest.mark.parametrize(("minutes", "words"), [(10, "600 s ahead of"), (-10, "600 s behind")])
def test_13_a_clock_that_is_off_is_named_with_the_servers_date_and_tried_once(face, kit, serve, clock, minutes, words):
    truth = clock.now
    server = serve(signature_server(lambda: truth))
    clock.now += minutes * 60
    client = face.client(server.url, auth=HttpSigner(KEY), retry=kit.patient, clock=clock)
    with pytest.raises(AuthError, match=words) as caught:
        face.send(client, kit.request(kit.keyed_post, body={"id": "a"}))
    assert isinstance(caught.value, ClockSkewError)
    assert caught.value.skew == minutes * 60
    assert caught.value.server_date == formatdate(truth, usegmt=True)
    assert caught.value.server_date in str(caught.value)
    assert caught.value.attempts == len(server.requests) == 1
    assert clock.slept == []


def test_13_a_clock_that_is_right_is_not_blamed(face, kit, serve, clock):
    """A 401 for another reason is the 401; nor is one blamed whose Date is absent or nonsense."""
    truth = clock.now
    for headers in (None, {}, {"Date": "yesterday"}):
        server = serve(signature_server(lambda: truth, headers))
        client = face.client(server.url, auth=HttpSigner(Key.generate(kid="other")), clock=clock)
        with pytest.raises(Unauthorized) as caught:
            face.send(client, kit.request())
        assert caught.value.attempts == 1


def test_13_with_the_right_clock_the_same_call_succeeds(face, kit, serve, clock):
    server = serve(signature_server(lambda: clock.now))
    client = face.client(server.url, auth=HttpSigner(KEY), clock=clock)
    assert face.send(client, kit.request(kit.keyed_post, body={"id": "a"})) == kit.Item("a")


def test_13_a_verifier_names_the_skew_too():
    token = sign_jwt({"iat": 1_000_600, "exp": 1_000_900}, KEY)
    with pytest.raises(TimestampError, match="600 s in the future by our clock") as caught:
        verify_jwt(token, KEYS, now=1_000_000)
    assert (caught.value.skew, caught.value.tolerance) == (-600, 60)


# 15. signatures from the future, with padding changed, with alg none, with a key for another use

NOW = 1_800_000_000
CLAIMS = {"iat": NOW, "exp": NOW + 300}
GOOD = sign_jwt(CLAIMS, KEY)


def test_15_the_token_that_the_others_are_made_of_is_good():
    assert verify_jwt(GOOD, KEYS, now=NOW).claims == CLAIMS


@pytest.mark.parametrize("ahead", [61, 600, 30 * 365 * 86400])
def test_15_from_the_future(ahead):
    with pytest.raises(TimestampError):
        verify_jwt(sign_jwt({"iat": NOW + ahead, "exp": NOW + ahead + 300}, KEY), KEYS, now=NOW)
    standard = StandardWebhooks(b"x" * 24, time=lambda: NOW)
    stripe = StripeWebhooks("secret", time=lambda: NOW)
    for hook, headers in (
        (standard, standard.sign("m", b"{}", timestamp=NOW + ahead + 300)),
        (stripe, stripe.sign(b"{}", timestamp=NOW + ahead + 300)),
    ):
        with pytest.raises(TimestampError, match="future"):
            hook.verify(headers, b"{}")


def respelled() -> dict[str, str]:
    """Other texts that lax decoders take for the same token."""
    head, body, proof = GOOD.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = alphabet[alphabet.index(proof[-1]) ^ 1]
    return {
        "padded signature": f"{GOOD}==",
        "padded payload": f"{head}.{body}=.{proof}",
        "padded header": f"{head}==.{body}.{proof}",
        "spare bits": GOOD[:-1] + spare,
        "space": f"{head}.{body}. {proof}",
        "newline": f"{GOOD}\n",
        "standard alphabet": f"{head}.{body}.{base64.b64encode(base64.urlsafe_b64decode(proof + '==')).decode()}",
    }


@pytest.mark.parametrize("how", respelled())
def test_15_with_padding_or_spelling_changed(how):
    with pytest.raises(MalformedError):
        verify_jwt(respelled()[how], KEYS, now=NOW)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", GOOD.rpartition(".")[2]], ids=["unsigned", "signed"])
def test_15_with_alg_none(alg, signature):
    head = b64url(f'{{"alg":"{alg}","kid":"client"}}'.encode())
    with pytest.raises(AlgorithmError):
        verify_jwt(f"{head}.{GOOD.split('.')[1]}.{signature}", KEYS, now=NOW)


def test_15_with_the_public_key_as_a_secret():
    signed = b64url(b'{"alg":"HS256","kid":"client"}') + "." + GOOD.split(".")[1]
    mac = hmac.new(KEY.public().public_bytes(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(AlgorithmError):
        verify_jwt(f"{signed}.{b64url(mac)}", KEYS, now=NOW)


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": ["sign"]}, {"alg": "ES256"}])
def test_15_with_a_key_for_another_use(members):
    jwk = {**KEY.as_jwk(), **members}
    with pytest.raises((InvalidKeyError, UnknownKeyError)):
        verify_jwt(GOOD, Key.from_jwk(jwk), now=NOW)
    with pytest.raises(UnknownKeyError):
        verify_jwt(GOOD, KeySet.parse({"keys": [jwk]}), now=NOW)


def test_15_with_another_message():
    head, _, proof = GOOD.split(".")
    with pytest.raises(MismatchError):
        verify_jwt(f"{head}.{b64url(b'{}')}.{proof}", KEYS, now=NOW)

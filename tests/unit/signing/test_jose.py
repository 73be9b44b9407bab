"""JWS and JWT: the examples of the standards, and everything a verifier must not take."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.signing import (
    AlgorithmError,
    ClaimError,
    InvalidKeyError,
    Key,
    KeySet,
    MalformedError,
    MismatchError,
    ReplayError,
    ReplayGuard,
    TimestampError,
    UnknownKeyError,
    VerificationError,
    sign_jws,
    sign_jws_json,
    sign_jwt,
    verify_jws,
    verify_jws_json,
    verify_jwt,
)
from wirewright.signing.encoding import b64url

NOW = 1_800_000_000
RFC7515_KEY = {
    "kty": "oct",
    "alg": "HS256",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
RFC7515_A1 = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC7797 = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"
RFC8037_A4 = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
RFC8037_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
KEY = Key.from_jwk(RFC8037_KEY, kid="k1")
HMAC_KEY = Key.from_jwk(RFC7515_KEY)


def token(header: dict[str, Any] | str, payload: bytes = b"{}", key: Key = KEY) -> str:
    """A token with any header, signed well."""
    head = b64url((header if isinstance(header, str) else json.dumps(header)).encode())
    body = b64url(payload)
    return f"{head}.{body}.{b64url(key.sign(f'{head}.{body}'.encode()))}"


# -- the examples of the standards


def test_rfc_7515_a1():
    assert b'"joe"' in verify_jws(RFC7515_A1, HMAC_KEY).payload


def test_rfc_8037_a4():
    key = Key.from_jwk(RFC8037_KEY)
    assert verify_jws(RFC8037_A4, key).payload == b"Example of Ed25519 signing"
    assert sign_jws(b"Example of Ed25519 signing", key) == RFC8037_A4


def test_rfc_7797_unencoded_and_detached():
    assert verify_jws(RFC7797, HMAC_KEY, payload=b"$.02").payload == b"$.02"
    assert sign_jws(b"$.02", HMAC_KEY, b64=False, detached=True) == RFC7797
    with pytest.raises(MalformedError, match="detached"):
        sign_jws(b"$.02", HMAC_KEY, b64=False)
    inline = sign_jws(b"$2", HMAC_KEY, b64=False)
    assert ".$2." in inline
    assert verify_jws(inline, HMAC_KEY).payload == b"$2"


# -- what is refused


@pytest.mark.parametrize(
    ("header", "kind", "reason"),
    [
        ({"alg": "none"}, AlgorithmError, "unsigned"),
        ({"alg": "NoNe"}, AlgorithmError, "unsigned"),
        ({"alg": "HS256"}, AlgorithmError, "key is for EdDSA"),
        ({"alg": "ES256"}, AlgorithmError, "key is for EdDSA"),
        ({"alg": None}, MalformedError, "no algorithm"),
        ({}, MalformedError, "no algorithm"),
        ({"alg": "EdDSA", "kid": "k2"}, UnknownKeyError, "another name"),
        ({"alg": "EdDSA", "kid": 1}, MalformedError, "kid is no text"),
        ('{"alg":"EdDSA","alg":"EdDSA"}', MalformedError, "twice"),
        ('{"alg":"EdDSA","x":NaN}', MalformedError, "NaN"),
        ('{"alg":"EdDSA","x":1e999}', MalformedError, "out of range"),
        ('{"alg":"EdDSA","x":"\\ud800"}', MalformedError, "UTF-8"),
        ('{"alg":"EdDSA","x":' + "[" * 40 + "]" * 40 + "}", MalformedError, "deep"),
        ('\ufeff{"alg":"EdDSA"}', MalformedError, "not JSON"),
        ("[]", MalformedError, "no JSON object"),
        ({"alg": "EdDSA", "crit": ["exp"], "exp": 1}, MalformedError, "not understood"),
        ({"alg": "EdDSA", "crit": []}, MalformedError, "no list"),
        ({"alg": "EdDSA", "crit": "b64", "b64": True}, MalformedError, "no list"),
        ({"alg": "EdDSA", "crit": ["b64"]}, MalformedError, "not there"),
        ({"alg": "EdDSA", "crit": ["alg"]}, MalformedError, "registered"),
        ({"alg": "EdDSA", "crit": ["b64", "b64"], "b64": True}, MalformedError, "twice"),
        ({"alg": "EdDSA", "b64": False}, MalformedError, "not critical"),
        ({"alg": "EdDSA", "crit": ["b64"], "b64": "no"}, MalformedError, "no boolean"),
        ({"alg": "EdDSA", "pad": "x" * 9000}, MalformedError, "too large"),
    ],
)
def test_headers_that_are_refused_though_the_signature_is_good(header, kind, reason):
    with pytest.raises(kind, match=reason):
        verify_jws(token(header), KEY)


def test_ed25519_has_two_names():
    """RFC 9864 calls `Ed25519` what RFC 8037 called `EdDSA`."""
    assert verify_jws(sign_jws(b"x", KEY, header={"alg": "Ed25519"}), KEY).header["alg"] == "Ed25519"
    with pytest.raises(AlgorithmError):
        sign_jws(b"x", KEY, header={"alg": "ES256"})


def test_a_critical_header_that_the_caller_acts_on_is_taken():
    made = token({"alg": "EdDSA", "crit": ["exp"], "exp": 1})
    assert verify_jws(made, KEY, understood={"exp"}).header["exp"] == 1


def test_the_public_key_is_no_secret_for_hmac():
    """Key confusion: a token signed with HMAC under the bytes of the public key."""
    signed = b64url(b'{"alg":"HS256"}') + "." + b64url(b"{}")
    mac = hmac.new(KEY.public().as_pem(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(AlgorithmError):
        verify_jws(f"{signed}.{b64url(mac)}", KEY.public())
    with pytest.raises(InvalidKeyError, match="no secret"):
        Key.from_secret(KEY.public().as_pem())


def test_a_key_in_the_header_is_not_looked_at():
    mallory = Key.generate()
    with pytest.raises(MismatchError):
        verify_jws(token({"alg": "EdDSA", "jwk": mallory.as_jwk()}, key=mallory), KEY)


GOOD = sign_jws(b"payload!", KEY)


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "=",
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace(".", "=.", 1),
        GOOD.replace(".", "..", 1),
        GOOD.rpartition(".")[0],
        GOOD.rpartition(".")[0] + ".",
        GOOD + "A",
        GOOD + "AA",
        GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
        GOOD.replace("-", "+").replace("_", "/") + "+",
        "",
        "..",
        "é" + GOOD,
        "A" * 2_000_000,
    ],
    ids=range(15),
)
def test_texts_that_are_almost_the_token_are_not_the_token(text):
    with pytest.raises(VerificationError):
        verify_jws(text, KEY)


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="ascii"))
def test_no_character_can_be_changed(position, character):
    changed = GOOD[:position] + character + GOOD[position + 1 :]
    if changed == GOOD:
        return
    with pytest.raises(VerificationError):
        verify_jws(changed, KEY)


@given(st.text() | st.binary() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_any_text_is_verified_or_refused_by_the_one_tree(text):
    with pytest.raises(VerificationError):
        verify_jws(text, KEY)
    with pytest.raises(VerificationError):
        verify_jws_json(text, KEY)


# -- keys of a set


def test_a_set_is_asked_by_name_and_without_a_name_by_algorithm():
    other, mine = Key.generate(kid="other"), Key.generate(kid="mine")
    nameless = Key.from_jwk({name: value for name, value in mine.as_jwk(private=True).items() if name != "kid"})
    keys = KeySet([other, mine])
    assert verify_jws(sign_jws(b"x", mine), keys).key.kid == "mine"
    assert verify_jws(sign_jws(b"x", nameless), keys).key.kid == "mine"
    with pytest.raises(MismatchError):
        verify_jws(sign_jws(b"x", nameless, header={"kid": "other"}), keys)
    with pytest.raises(UnknownKeyError):
        verify_jws(sign_jws(b"x", Key.generate(kid="third")), keys)
    with pytest.raises(UnknownKeyError, match="that algorithm"):
        verify_jws(sign_jws(b"x", Key.generate("ES256")), keys)
    with pytest.raises(AlgorithmError):
        verify_jws(sign_jws(b"x", Key.generate("ES256", kid="mine")), keys)


# -- the JSON form


def test_json_flattened_and_general():
    ec = Key.generate("ES256", kid="ec")
    flat = sign_jws_json(b"payload", KEY)
    assert verify_jws_json(json.dumps(flat), KEY).payload == b"payload"
    general = sign_jws_json(b"payload", [ec, KEY])
    assert verify_jws_json(general, KeySet([KEY])).key.kid == "k1"
    assert verify_jws_json(general, KeySet([ec])).key.kid == "ec"
    with pytest.raises(UnknownKeyError):
        verify_jws_json(general, KeySet([Key.generate(kid="x")]))


FLAT = sign_jws_json(b"payload", KEY)


@pytest.mark.parametrize(
    "document",
    [
        {**FLAT, "signatures": []},
        {"payload": FLAT["payload"]},
        {"payload": FLAT["payload"], "signatures": []},
        {"payload": FLAT["payload"], "signatures": [FLAT] * 9},
        {"payload": 1, "signature": FLAT["signature"], "protected": FLAT["protected"]},
        {**FLAT, "payload": FLAT["payload"] + "="},
        {**FLAT, "protected": None},
        {**FLAT, "header": {"alg": "EdDSA"}},
        {**FLAT, "header": {"crit": ["x"]}},
        {**FLAT, "header": []},
        {"payload": FLAT["payload"], "signature": FLAT["signature"], "header": {"alg": "EdDSA"}},
        {"payload": FLAT["payload"], "signatures": [FLAT, {"protected": "e30=", "signature": ""}][::-1]},
    ],
)
def test_json_forms_that_are_refused(document):
    with pytest.raises(MalformedError):
        verify_jws_json(document, KEY)


def test_the_unprotected_header_is_given_apart():
    verified = verify_jws_json({**FLAT, "header": {"note": "untrustworthy"}}, KEY)
    assert dict(verified.header) == {"alg": "EdDSA", "kid": "k1"}
    assert dict(verified.unprotected) == {"note": "untrustworthy"}


# -- JWT

CLAIMS = {"iss": "me", "sub": "you", "aud": ["them"], "iat": NOW, "exp": NOW + 300, "jti": "1"}


def check(claims: dict[str, Any], now: float = NOW, **rules: Any) -> Any:
    return verify_jwt(sign_jwt(claims, KEY), KEY, now=now, **{"audience": "them", **rules})


def test_a_good_token():
    jwt = check(CLAIMS, issuer="me", subject="you", required=("exp", "jti"), max_age=300)
    assert jwt.claims == CLAIMS
    assert jwt.header == {"alg": "EdDSA", "kid": "k1", "typ": "JWT"}


@pytest.mark.parametrize(
    ("claims", "rules", "kind", "reason"),
    [
        ({"exp": None}, {}, MalformedError, "exp is no number"),
        ({"exp": "1"}, {}, MalformedError, "exp is no number"),
        ({"exp": True}, {}, MalformedError, "exp is no number"),
        ({"exp": 1e300}, {}, MalformedError, "out of range"),
        ({"nbf": -1}, {}, MalformedError, "out of range"),
        ({"exp": NOW - 10, "iat": NOW}, {}, MalformedError, "ends before"),
        ({"iss": 5}, {"issuer": "me"}, MalformedError, "iss is no text"),
        ({"iss": "eve"}, {"issuer": "me"}, ClaimError, "issuer"),
        ({"iss": "eve"}, {"issuer": ["me", "her"]}, ClaimError, "issuer"),
        ({"sub": "eve"}, {"subject": "you"}, ClaimError, "subject"),
        ({"aud": "eve"}, {}, ClaimError, "audience"),
        ({"aud": ["eve"]}, {"audience": ["me", "them"]}, ClaimError, "audience"),
        ({}, {"audience": None}, ClaimError, "audience"),
        ({"aud": 5}, {}, ClaimError, "audience"),
        ({"aud": [None, "them"]}, {}, ClaimError, "audience"),
        ({}, {"required": ("exp", "nbf")}, ClaimError, "no nbf"),
        ({}, {"typ": "at+jwt"}, ClaimError, r"no at\+jwt"),
    ],
)
def test_claims_that_are_refused(claims, rules, kind, reason):
    with pytest.raises(kind, match=reason):
        check(CLAIMS | claims, **rules)


def test_a_token_without_an_end_must_be_allowed():
    endless = {name: value for name, value in CLAIMS.items() if name != "exp"}
    with pytest.raises(ClaimError, match="no exp"):
        check(endless)
    assert check(endless, required=())
    with pytest.raises(ClaimError, match="no iat"):
        check({"aud": "them", "exp": NOW + 1}, max_age=10)


@pytest.mark.parametrize(
    ("now", "skew"),
    [
        (NOW + 300 + 59.9, None),
        (NOW + 300 + 60, 360 - 300),
        (NOW - 60, None),
        (NOW - 61, -61),
        (NOW + 10_000, 9_700),
        (NOW - 600, -600),
    ],
)
def test_times_are_checked_on_both_sides_and_the_skew_is_named(now, skew):
    if skew is None:
        assert check(CLAIMS, now)
        return
    with pytest.raises(TimestampError, match=f"{abs(skew)} s") as caught:
        check(CLAIMS, now)
    assert caught.value.skew == skew
    assert caught.value.tolerance == 60


def test_a_token_may_be_too_old_before_it_ends():
    with pytest.raises(TimestampError) as caught:
        check(CLAIMS, NOW + 200, max_age=100, leeway=10)
    assert caught.value.skew == 100


def test_typ_is_compared_as_a_media_type_and_another_kind_of_message_is_no_jwt():
    other = sign_jwt(CLAIMS, KEY, typ="secevent+jwt")
    with pytest.raises(ClaimError, match="no JWT"):
        verify_jwt(other, KEY, now=NOW, audience="them")
    assert verify_jwt(other, KEY, now=NOW, audience="them", typ="application/SecEvent+JWT")
    assert verify_jwt(sign_jwt(CLAIMS, KEY, typ=None), KEY, now=NOW, audience="them")


def test_a_token_is_used_once(clock):
    clock.now = NOW
    guard = ReplayGuard(clock.time, capacity=2)
    assert check(CLAIMS, fresh=guard)
    with pytest.raises(ReplayError) as caught:
        check(CLAIMS, fresh=guard)
    assert caught.value.identifier == "1"
    assert check(CLAIMS | {"jti": "2"}, fresh=guard)
    with pytest.raises(ReplayError):  # full: it cannot tell, so it says no
        check(CLAIMS | {"jti": "3"}, fresh=guard)
    clock.now += 400  # past exp and leeway: what is forgotten would be refused for its time
    assert check(CLAIMS | {"jti": "3", "exp": NOW + 900}, fresh=guard)
    assert len(guard) == 1
    with pytest.raises(ClaimError, match="no jti"):
        check({"aud": "them", "exp": NOW + 1}, fresh=guard)


def test_a_token_that_is_large_is_not_read():
    with pytest.raises(MalformedError, match="16384"):
        check(CLAIMS | {"padding": "x" * 20_000})


def test_nothing_secret_in_what_is_shown():
    jwt = check(CLAIMS)
    jws = verify_jws(GOOD, KEY)
    for shown in (repr(jwt), repr(jws)):
        assert "payload!" not in shown
        assert GOOD[-20:] not in shown

"""Wycheproof: every vector gives the result it asks for, but for those listed here with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from wirewright.signing import InvalidKeyError, Key, KeySet, MismatchError, SigningError, verify_jws

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "wycheproof"
if not FOLDER.exists():
    pytest.skip("no ../shared/vectors beside this checkout", allow_module_level=True)


def wycheproof(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(group, test) of a file."""
    groups = json.loads((FOLDER / name).read_text())["testGroups"]
    return [(group, test) for group in groups for test in group["tests"]]


def ids(cases: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[str]:
    return [f"{test['tcId']}-{test['comment'] or test['result']}" for _, test in cases]


def accepted(check: Any) -> bool:
    try:
        check()
    except SigningError:
        return False
    return True


ED25519 = wycheproof("ed25519_test.json")


@pytest.mark.parametrize(("group", "test"), ED25519, ids=ids(ED25519))
@pytest.mark.promise(
    "Wycheproof vectors (Ed25519, JWS, JWK, HMAC, P-256) give the result they ask for, or are listed with a reason"
)
def test_ed25519(group, test):
    key = Key.from_ed25519_public(bytes.fromhex(group["publicKey"]["pk"]))
    result = accepted(lambda: key.verify(bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])))
    assert result == (test["result"] == "valid")


P256 = wycheproof("ecdsa_secp256r1_sha256_p1363_test.json")


@pytest.mark.parametrize(("group", "test"), P256, ids=ids(P256))
@pytest.mark.promise(
    "Wycheproof vectors (Ed25519, JWS, JWK, HMAC, P-256) give the result they ask for, or are listed with a reason"
)
def test_es256_in_the_form_of_jose(group, test):
    key = Key.from_pem(group["publicKeyPem"])
    assert key.algorithm == "ES256"
    result = accepted(lambda: key.verify(bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])))
    assert result == (test["result"] == "valid")


HMAC = wycheproof("hmac_sha256_test.json")


@pytest.mark.parametrize(("group", "test"), HMAC, ids=ids(HMAC))
@pytest.mark.promise(
    "Wycheproof vectors (Ed25519, JWS, JWK, HMAC, P-256) give the result they ask for, or are listed with a reason"
)
def test_hmac_sha256(group, test):
    """A MAC is taken at its full length only; keys of less than 32 bytes are refused (RFC 7518 §3.2)."""
    secret = bytes.fromhex(test["key"])
    if len(secret) < 32:
        with pytest.raises(InvalidKeyError, match="at least 32 bytes"):
            Key.from_secret(secret, "HS256")
        return
    key = Key.from_secret(secret, "HS256")
    message, tag = bytes.fromhex(test["msg"]), bytes.fromhex(test["tag"])
    if group["tagSize"] < 256:
        with pytest.raises(MismatchError):
            key.verify(message, tag)
        assert (key.sign(message)[: len(tag)] == tag) == (test["result"] == "valid")
        return
    assert accepted(lambda: key.verify(message, tag)) == (test["result"] == "valid")


# Where we are stricter than Wycheproof asks.
REFUSED_JWS = {
    346: "the key is for PS256, the message is signed as PS384",
    347: "the key's alg is ES521, which does not exist (ES512 is meant)",
    350: "the key is for PS256, the message is signed as PS384",
    351: "the key's alg is ES521, which does not exist (ES512 is meant)",
    372: "a character out of the alphabet, which some decoders skip; RFC 7515 §2 has no such characters",
    373: "a character out of the alphabet, which some decoders skip; RFC 7515 §2 has no such characters",
}
# Marked invalid for their padding, but byte for byte the message of vector 357, which is marked valid.
SAME_AS_VALID = {367: 357, 370: 357}
JWS = wycheproof("json_web_signature_test.json")


@pytest.mark.parametrize(("group", "test"), JWS, ids=ids(JWS))
@pytest.mark.promise(
    "Wycheproof vectors (Ed25519, JWS, JWK, HMAC, P-256) give the result they ask for, or are listed with a reason"
)
def test_json_web_signatures(group, test):
    """The verifier gets the public key, or the secret where there is none, as the only key."""
    jwk = group.get("public") or group["private"]
    result = accepted(lambda: verify_jws(test["jws"], Key.from_jwk(jwk)))
    expected = test["result"] == "valid" or test["tcId"] in SAME_AS_VALID
    assert result == (expected and test["tcId"] not in REFUSED_JWS)


@pytest.mark.parametrize("case", REFUSED_JWS)
def test_what_is_listed_as_refused_is_valid_in_the_eyes_of_wycheproof(case):
    (result,) = [test["result"] for _, test in JWS if test["tcId"] == case]
    assert result == "valid"


@pytest.mark.parametrize(("case", "twin"), SAME_AS_VALID.items())
def test_what_is_listed_as_accepted_is_a_vector_that_contradicts_another(case, twin):
    tests = {test["tcId"]: test for _, test in JWS}
    assert tests[case]["jws"] == tests[twin]["jws"]
    assert (tests[case]["result"], tests[twin]["result"]) == ("invalid", "valid")


JWK = wycheproof("json_web_key_test.json")


@pytest.mark.parametrize(("group", "test"), JWK, ids=ids(JWK))
@pytest.mark.promise(
    "Wycheproof vectors (Ed25519, JWS, JWK, HMAC, P-256) give the result they ask for, or are listed with a reason"
)
def test_json_web_keys(group, test):
    keys = json.dumps(group.get("public") or group["private"])
    result = accepted(lambda: verify_jws(test["jws"], KeySet.parse(keys)))
    assert result == (test["result"] == "valid")

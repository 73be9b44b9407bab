"""Keys: what is accepted, what is refused, and what never shows."""

from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from wirewright import WirewrightError
from wirewright.signing import (
    InvalidKeyError,
    Key,
    KeySet,
    MalformedError,
    MismatchError,
    SigningError,
    UnknownKeyError,
)
from wirewright.signing.encoding import b64url
from wirewright.signing.keys import ALGORITHMS

# RFC 8037, appendix A
RFC8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
SECRET = {"kty": "oct", "alg": "HS256", "k": b64url(bytes(range(32)))}
P256 = Key.generate("ES256", kid="p").as_jwk(private=True)


def public(jwk: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if name != "d"}


@pytest.mark.parametrize(
    "algorithm", ["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "RS256"]
)
def test_a_key_survives_every_form_it_can_be_given_in(algorithm):
    key = Key.generate(algorithm, kid="one")
    signature = key.sign(b"message")
    again = [Key.from_jwk(key.as_jwk(private=True))]
    if not key.is_symmetric:
        again += [key.public(), Key.from_jwk(key.as_jwk()), Key.from_jwk(key.public().as_jwk())]
        again += [Key.from_pem(key.as_pem(private=True), algorithm=key.algorithm, kid="one")]
        again += [Key.from_pem(key.as_pem(), algorithm=key.algorithm)]
        again += [Key.from_pem(key.as_pem(private=True, password="pw"), password=b"pw", algorithm=key.algorithm)]
    for other in again:
        other.verify(b"message", signature)
        assert other.thumbprint() == key.thumbprint()
        with pytest.raises(MismatchError):
            other.verify(b"massage", signature)
        with pytest.raises(MismatchError):
            other.verify(b"message", signature[:-1])


def test_the_key_of_rfc_8037():
    key = Key.from_jwk(RFC8037)
    assert key.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert b64url(key.public_bytes()) == RFC8037["x"]
    assert key.public().as_jwk() == {**public(RFC8037), "alg": "EdDSA", "use": "sig"}


def test_a_signature_of_es256_has_the_form_of_jose():
    assert len(Key.generate("ES256").sign(b"x")) == 64


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({**RFC8037, "use": "enc"}, "use is not sig"),
        ({**RFC8037, "use": None}, "use is not sig"),
        ({**RFC8037, "key_ops": ["encrypt"]}, "neither to sign nor to verify"),
        ({**RFC8037, "key_ops": []}, "neither to sign nor to verify"),
        ({**RFC8037, "key_ops": ["verify", "verify"]}, "twice"),
        ({**RFC8037, "key_ops": "verify"}, "no list"),
        ({**RFC8037, "alg": "ES256"}, "another algorithm"),
        ({**RFC8037, "alg": "none"}, "another algorithm"),
        ({**RFC8037, "alg": 1}, "no text"),
        ({**RFC8037, "kid": 1}, "no text"),
        ({**RFC8037, "crv": "Ed448"}, "does not say"),
        ({**RFC8037, "crv": ["Ed25519"]}, "does not say"),
        ({**RFC8037, "kty": "EC"}, "does not say"),
        ({**RFC8037, "x": RFC8037["x"] + "="}, "padding"),
        ({**RFC8037, "x": RFC8037["x"][:-1] + "p"}, "spare bits"),
        ({**RFC8037, "x": b64url(bytes(31))}, "31 bytes"),
        ({**RFC8037, "x": Key.generate().as_jwk()["x"]}, "not that of the private half"),
        ({name: value for name, value in RFC8037.items() if name != "x"}, "lacks x"),
        ({**SECRET, "k": b64url(bytes(31))}, "31 bytes"),
        ({**SECRET, "alg": "HS512"}, "at least 64"),
        ({"kty": "oct", "k": SECRET["k"]}, "does not say which algorithm"),
        ({**SECRET, "alg": "A256GCM"}, "no signature algorithm"),
        ({**SECRET, "alg": "EdDSA"}, "type or curve"),
        ({**P256, "y": P256["x"]}, "numbers do not fit"),
        ({**P256, "d": Key.generate("ES256").as_jwk(private=True)["d"]}, "numbers do not fit"),
        ({**P256, "crv": "P-384", "alg": "ES384"}, "bytes"),
        ({}, "does not say"),
        ({"kty": "RSA", "alg": "RS256", "n": b64url(b"\xff" * 128), "e": "AQAB"}, "2048 to 8192"),
        ({"kty": "RSA", "alg": "RS256", "n": b64url(b"\xff" * 100_000), "e": "AQAB"}, "2048 to 8192"),
        ({"kty": "RSA", "alg": "RS256", "n": b64url(b"\xff" * 256), "e": "AQ"}, "numbers do not fit"),
        ({"kty": "RSA", "alg": "RS256", "n": b64url(b"\xff" * 256)}, "lacks e"),
    ],
)
def test_refused(jwk, reason):
    with pytest.raises(InvalidKeyError, match=reason):
        Key.from_jwk(jwk)


def test_key_ops_are_kept_to():
    only_verify = Key.from_jwk({**RFC8037, "key_ops": ["verify"]})
    only_sign = Key.from_jwk({**RFC8037, "key_ops": ["sign"]})
    with pytest.raises(InvalidKeyError, match="do not permit to sign"):
        only_verify.sign(b"x")
    with pytest.raises(InvalidKeyError, match="do not permit to verify"):
        only_sign.verify(b"x", bytes(64))
    with pytest.raises(InvalidKeyError, match="public key"):
        Key.from_jwk(public(RFC8037)).sign(b"x")


P = 2**255 - 19


def order_8_ys() -> list[int]:
    """y of the points of order 8: the roots of d*y^4 + 2*y^2 - 1."""
    d = -121665 * pow(121666, -1, P) % P
    known = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    assert (d * pow(known, 4, P) + 2 * known * known - 1) % P == 0
    return [known, P - known]


@pytest.mark.parametrize("sign", [0, 1 << 255])
@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, *order_8_ys()])
def test_points_of_small_order_are_no_keys(y, sign):
    with pytest.raises(InvalidKeyError, match="small order"):
        Key.from_ed25519_public((y | sign).to_bytes(32, "little"))


def test_with_a_key_of_small_order_anyone_could_sign():
    """Why they are refused: the library beneath takes one signature for every message."""
    weak = ed25519.Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    forged = (1).to_bytes(32, "little") + bytes(32)
    weak.verify(forged, b"pay me")
    weak.verify(forged, b"pay me twice")


def test_other_kinds_of_keys_are_named():
    encryption = x25519.X25519PrivateKey.generate()
    pem = encryption.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InvalidKeyError, match="X25519"):
        Key.from_pem(pem)
    small = (
        rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(InvalidKeyError, match="2048"):
        Key.from_pem(small, algorithm="RS256")
    with pytest.raises(InvalidKeyError, match="name it"):
        Key.from_pem(Key.generate("RS256").as_pem())
    for nonsense in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", b"\xff" * 100):
        with pytest.raises(InvalidKeyError, match="not a PEM key"):
            Key.from_pem(nonsense)
    with pytest.raises(InvalidKeyError, match="password"):
        Key.from_pem(Key.generate().as_pem(private=True, password="right"), password=b"wrong")


def test_a_shared_secret_is_not_given_away():
    key = Key.from_jwk(SECRET)
    for export in (key.public, key.as_jwk, key.as_pem):
        with pytest.raises(InvalidKeyError, match="shared secret"):
            export()


def test_a_set_knows_its_keys_by_name_and_says_what_it_skipped():
    one, two = Key.generate(kid="one"), Key.generate("ES256", kid="two")
    keys = KeySet.parse(
        {"keys": [one.as_jwk(), two.as_jwk(), {"kty": "OKP", "crv": "X25519", "x": RFC8037["x"]}, {"kty": "PQ"}, 5]}
    )
    assert [key.kid for key in keys] == ["one", "two"]
    assert [index for index, _ in keys.skipped] == [2, 3, 4]
    assert keys.named("one").thumbprint() == one.thumbprint()
    with pytest.raises(UnknownKeyError, match="3 keys of the set are of no use here"):
        keys.named("three")


@pytest.mark.parametrize(
    ("document", "kind", "reason"),
    [
        ('{"keys": [{"kid": "a"}, {"kid": "a"}]}', InvalidKeyError, "same kid"),
        ({"keys": [Key.generate(kid="a").as_jwk(), SECRET]}, InvalidKeyError, "mixes"),
        ('{"keys": [], "keys": []}', MalformedError, "twice"),
        ('{"keys": {}}', MalformedError, "list"),
        ("{}", MalformedError, "list"),
        ("[]", MalformedError, "no JSON object"),
        ('{"keys": [' + "{}," * 256 + "{}]}", MalformedError, "at most 256"),
        (b"\xff", MalformedError, "UTF-8"),
        (b" " * 2_000_000, MalformedError, "larger"),
    ],
)
def test_sets_that_are_refused(document, kind, reason):
    with pytest.raises(kind, match=reason):
        KeySet.parse(document)


@pytest.mark.promise("No secret is in a repr or an error")
def test_no_key_shows_itself():
    key = Key.from_jwk(RFC8037, kid="mine")
    secret = Key.from_secret(b"correct horse battery staple secret")
    for shown in (repr(key), str(key), f"{key}", repr(KeySet([key])), repr(secret)):
        assert "nWGxne" not in shown
        assert "horse" not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(key)


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "d", "k", "n", "e", "alg", "use", "key_ops", "kid"]),
        st.sampled_from(
            [
                "OKP",
                "EC",
                "RSA",
                "oct",
                "Ed25519",
                "P-256",
                "sig",
                "AQAB",
                *ALGORITHMS,
                RFC8037["x"],
                RFC8037["d"],
                SECRET["k"],
            ]
        )
        | st.none()
        | st.integers()
        | st.text(),
    )
)
def test_any_members_make_a_key_or_the_one_error(jwk):
    try:
        key = Key.from_jwk(jwk)
    except SigningError as error:
        assert isinstance(error, InvalidKeyError)
        assert isinstance(error, WirewrightError)
    else:
        assert key.algorithm in ALGORITHMS

"""Identities, and the signatures of those that have a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from syncropel import Identity
from syncropel.identity import KeyIdentity
from syncropel.signing import SignatureError, SigningKey, key_of, signed, verify

SEED = bytes(range(32))


def envelope(**changes: Any) -> dict[str, Any]:
    return {
        "act": "PUT",
        "actor": "did:example:me",
        "body": {"kind": "music.catalog.track", "_v": 1, "plays": 1.0},
        "clock": 1,
        "data_type": "SCALAR",
        "parents": [],
        "thread": "t",
        **changes,
    }


def test_a_static_identity_only_names_its_actor() -> None:
    identity = Identity.static("did:example:me")
    assert identity == Identity("did:example:me")
    assert (identity.sign(record := envelope()), identity.auth()) == (record, None)


@pytest.mark.parametrize(
    ("did", "phrase"), [(5, "requires a string DID"), (None, "requires a string DID"), ("", "requires a non-empty DID")]
)
def test_a_did_must_be_a_string_that_says_something(did: Any, phrase: str) -> None:
    with pytest.raises(ValueError, match=phrase):
        Identity.static(did)


def test_an_identity_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Identity.static("did:example:me").actor_did = "did:example:you"  # type: ignore[misc]


def test_the_did_of_a_known_key() -> None:
    # did:key method, test vectors: the first Ed25519 one
    did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
    assert key_of(did).public_bytes_raw().hex() == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert Identity.key(b"\0" * 32).actor_did == did


def forms(key: Ed25519PrivateKey) -> dict[str, bytes]:
    return {
        "raw": key.private_bytes_raw(),
        "pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "der": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "openssh": key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
    }


@pytest.mark.parametrize("form", ["raw", "pem", "der", "openssh"])
def test_a_key_in_any_form_from_bytes_or_file(form: str, tmp_path: Path) -> None:
    data = forms(Ed25519PrivateKey.from_private_bytes(SEED))[form]
    file = tmp_path / "key"
    file.write_bytes(data)
    dids = {Identity.key(source).actor_did for source in (data, file, str(file))}
    assert dids == {SigningKey.load(SEED).did}


def test_a_key_that_is_locked_opens_with_its_password() -> None:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    assert Identity.key(locked, password=b"secret").actor_did == SigningKey.load(SEED).did
    for password in (None, b"wrong"):
        with pytest.raises((ValueError, TypeError)):
            Identity.key(locked, password=password)


@pytest.mark.parametrize("data", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an Ed25519 private key"):
        Identity.key(data)


def test_a_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="not an Ed25519 private key but"):
        Identity.key(other)


def test_a_key_may_speak_for_another_did() -> None:
    identity = Identity.key(SEED, did="did:example:me")
    assert identity.actor_did == "did:example:me"
    assert verify(identity.sign(envelope())) == identity.key_did


def test_no_key_means_a_new_one_each_time() -> None:
    assert Identity.key().actor_did != Identity.key().actor_did


def test_a_private_key_is_never_shown() -> None:
    identity = Identity.key(SEED)
    assert isinstance(identity, KeyIdentity)
    assert SEED.hex() not in repr(identity)
    assert repr(identity) == f"KeyIdentity(actor_did={identity.actor_did!r}, key_did={identity.key_did!r})"


def test_a_signed_record_verifies_however_its_json_was_written() -> None:
    key = SigningKey.load(SEED)
    record = signed(envelope(actor=key.did), key)
    assert list(record["body"]) == ["kind", "_v", "plays", "_sig"]
    again = json.loads(json.dumps(record, sort_keys=True).replace("1.0", "1"))
    assert verify(record) == verify({**again, "id": "x", "sequence": 3}) == key.did


def test_signing_does_not_touch_what_was_given() -> None:
    record = envelope()
    Identity.key(SEED).sign(record)
    assert record == envelope()


def test_a_record_without_a_signature_has_no_signer() -> None:
    assert verify(envelope()) is None
    assert verify(envelope(body=None)) is None


@pytest.mark.parametrize("field", ["act", "actor", "body", "clock", "data_type", "parents", "thread"])
def test_every_field_is_covered(field: str) -> None:
    record = signed(envelope(), SigningKey.load(SEED))
    changed = {"clock": 2, "parents": ["x"], "body": {**record["body"], "plays": 2}}.get(field, "other")
    with pytest.raises(SignatureError, match="does not match"):
        verify({**record, field: changed})
    with pytest.raises(SignatureError):
        verify({**record, "body": record["body"], field: changed})


GOOD = signed(envelope(), SigningKey.load(SEED))["body"]["_sig"]


@pytest.mark.parametrize(
    ("signature", "phrase"),
    [
        ("text", "exactly alg, key and value"),
        ({}, "exactly alg, key and value"),
        ({**GOOD, "more": 1}, "exactly alg, key and value"),
        ({**GOOD, "alg": "none"}, "alg must be Ed25519"),
        ({**GOOD, "value": 5}, "must be strings"),
        ({**GOOD, "key": "did:web:example.com"}, "must be a did:key"),
        ({**GOOD, "key": "did:key:z"}, "must be a did:key"),
        ({**GOOD, "key": "did:key:z0"}, "not base58btc"),
        ({**GOOD, "key": "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"}, "is not an Ed25519 key"),
        ({**GOOD, "value": "!!"}, "not base64url"),
        ({**GOOD, "value": GOOD["value"] + "=="}, "is not"),
        ({**GOOD, "value": "AAAA"}, "not a signature of 64 bytes"),
        ({**GOOD, "value": "A" * 86}, "does not match"),
    ],
)
def test_a_malformed_signature_is_refused(signature: Any, phrase: str) -> None:
    with pytest.raises(SignatureError, match=phrase):
        verify(envelope(body={**envelope()["body"], "_sig": signature}))


def test_a_key_cannot_speak_for_another_key() -> None:
    other = SigningKey.generate()
    with pytest.raises(SignatureError, match="cannot be spoken for by"):
        verify(signed(envelope(actor=other.did), SigningKey.load(SEED)))


@given(st.binary(min_size=32, max_size=32))
def test_the_did_of_a_key_leads_back_to_it(seed: bytes) -> None:
    key = SigningKey.load(seed)
    assert (
        key_of(key.did).public_bytes_raw() == Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    )


def test_a_federated_identity_needs_a_provider_and_a_did() -> None:
    with pytest.raises(TypeError, match="requires a token provider"):
        Identity.federated("token", did="did:example:me")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="non-empty DID"):
        Identity.federated(lambda: "token", did="")


def test_a_federated_identity_does_not_show_its_tokens() -> None:
    assert (
        repr(Identity.federated(lambda: "secret", did="did:example:me"))
        == "FederatedIdentity(actor_did='did:example:me')"
    )

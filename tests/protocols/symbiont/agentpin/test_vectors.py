"""Byte for byte: the vectors of the protocol sheet, and Wycheproof's for P-256."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from symbiont import agentpin
from symbiont.agentpin import Capability, KeyPinStore

SCALAR = 0x3C4EC2C3EAB88C94F219774D3A61671F8F9C80AD0B6B26D369A1CF0CC2CD7D90
PRIVATE = (
    derive_private_key(SCALAR, SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)
PUBLIC = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVkdQFwXCZkoQEqiEQkD+OteBdN43
cLWuRaTd8quI52uGeMj/JKySDcSnre73NKALRvQufgwnlQhxAJmvil3Z/A==
-----END PUBLIC KEY-----
"""
KID = "1f36fc8eea50ff2356fb810ee95ac5a3d866a3ba7564020d9e9be686827a7106"
CREDENTIAL = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImFnZW50cGluLWNyZWRlbnRpYWwrand0Iiwia2lkIjoiMWYzNmZjOGVlYTUwZmYyMzU2ZmI4MTBlZTk1YWM1"
    "YTNkODY2YTNiYTc1NjQwMjBkOWU5YmU2ODY4MjdhNzEwNiJ9.eyJpc3MiOiJleGFtcGxlLmNvbSIsInN1YiI6InVybjphZ2VudHBpbjpleGFtcGxl"
    "LmNvbTpkYXRhLWFuYWx5emVyIiwiaWF0IjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsImp0aSI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0"
    "LTU1NTU1NTU1NTU1NSIsImFnZW50cGluX3ZlcnNpb24iOiIwLjEiLCJjYXBhYmlsaXRpZXMiOlsicmVhZDpkYXRhIiwid3JpdGU6cmVwb3J0cyJd"
    "LCJhdWQiOiJ2ZXJpZmllci5jb20iLCJjb25zdHJhaW50cyI6eyJyYXRlX2xpbWl0IjoiMTAwL2hvdXIifX0.MEUCIG5_kn81IH2XdOctejPuODYV"
    "TqI10iNRYwpkIavmM3XRAiEA54ynQ7ie5Qn8ADYfUgOi4IpnCPwJkvTkz-okAQdfC8Y"
)
NOW = 1767225600
AGENT = "urn:agentpin:example.com:data-analyzer"
CAPABILITIES = [Capability("read:data"), Capability("write:reports")]
HASH = "bd57ad3d0ffa51ff49bc9d486bbdabaadcd04660c3aa8a8474759fbbd9cfbd6c"


def test_keys_and_their_names():
    assert agentpin.crypto.public_pem_of(PRIVATE) == PUBLIC
    assert agentpin.generate_key_id(PUBLIC) == KID
    jwk = agentpin.pem_to_jwk(PUBLIC, KID)
    assert list(jwk.items()) == [
        ("kid", KID),
        ("kty", "EC"),
        ("crv", "P-256"),
        ("x", "VkdQFwXCZkoQEqiEQkD-OteBdN43cLWuRaTd8quI52s"),
        ("y", "hnjI_ySskg3Ep63u9zSgC0b0Ln4MJ5UIcQCZr4pd2fw"),
        ("use", "sig"),
        ("key_ops", ["verify"]),
    ]
    assert agentpin.jwk_thumbprint(jwk) == "9df9db5221547d78c50ea7c3898fc7cb82a6820fc83db54866cdfe84aea769b5"
    assert agentpin.jwk_to_pem(jwk) == PUBLIC


@pytest.mark.promise("AgentPin credentials are byte for byte those of the protocol")
def test_a_credential_is_written_byte_for_byte():
    jwt = agentpin.issue_credential(
        PRIVATE,
        KID,
        "example.com",
        AGENT,
        "verifier.com",
        CAPABILITIES,
        {"rate_limit": "100/hour"},
        None,
        3600,
        now=NOW + 0.9,
        jti="11111111-2222-4333-8444-555555555555",
    )
    assert jwt.rpartition(".")[0] == CREDENTIAL.rpartition(".")[0]
    assert agentpin.verify_jwt(jwt, PUBLIC)[1]["iss"] == "example.com"
    signature = agentpin.base64url_decode(jwt.rpartition(".")[2])
    assert signature[0] == 0x30  # DER, not JOSE
    assert 68 <= len(signature) <= 72


def test_the_published_credential_is_good_to_the_second():
    declaration = {
        "agent_id": AGENT,
        "name": "n",
        "capabilities": ["read:*", "write:reports"],
        "status": "active",
        "constraints": {"rate_limit": "100/hour"},
    }
    document = agentpin.build_discovery_document(
        "example.com", "maker", [agentpin.pem_to_jwk(PUBLIC, KID)], [declaration], 2
    )

    def code(now: float) -> str | None:
        return agentpin.verify_credential_offline(
            CREDENTIAL, document, None, KeyPinStore(), "verifier.com", now=now
        ).error_code

    exp = NOW + 3600
    assert [code(NOW), code(exp + 59.9), code(NOW - 60)] == [None] * 3
    assert [code(exp + 60), code(NOW - 61)] == ["CREDENTIAL_EXPIRED"] * 2


def test_hashes_of_capabilities_and_delegations():
    assert agentpin.capabilities_hash(CAPABILITIES) == HASH
    assert agentpin.capabilities_hash(CAPABILITIES[::-1]) == HASH
    assert agentpin.capabilities_hash([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    assert (
        agentpin.canonical_attestation_input("maker.com", "maker", "urn:a", "dep.com", "urn:b", CAPABILITIES)
        == f"maker.com|maker|urn:a|dep.com|urn:b|{HASH}"
    )


def test_an_agent_card_is_canonical():
    declaration = {
        "agent_id": AGENT,
        "name": "Data Analyzer",
        "description": "d",
        "version": "1.0",
        "capabilities": ["read:data"],
        "constraints": {"allowed_domains": ["a.com"]},
    }
    endpoint = "https://example.com/.well-known/agent-identity.json"
    card = agentpin.build_and_sign_agent_card("https://example.com/a2a", declaration, PRIVATE, KID, endpoint)
    unsigned = {name: value for name, value in card.items() if name != "agentpin"}
    assert agentpin.canonicalize_for_signing(unsigned) == (
        '{"capabilities":{"allowed_domains":["a.com"],"pushNotifications":false,"streaming":false},"description":"d",'
        '"name":"Data Analyzer","skills":[{"id":"read:data","name":"read:data"}],"url":"https://example.com/a2a",'
        '"version":"1.0"}'
    )
    assert agentpin.derive_discovery_from_card(card)["agents"][0]["agent_id"] == AGENT


def test_wycheproof_p256_in_der(wycheproof):
    """The raw signatures of the vectors, in the form of AgentPin: accepted and refused alike."""
    groups = json.loads((wycheproof / "ecdsa_secp256r1_sha256_p1363_test.json").read_text())["testGroups"]
    seen = {True: 0, False: 0}
    for group in groups:
        for test in group["tests"]:
            raw = bytes.fromhex(test["sig"])
            if len(raw) != 64:
                continue  # no pair of numbers of this size: it has no DER form
            der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
            good = agentpin.verify_signature(
                group["publicKeyPem"], bytes.fromhex(test["msg"]), base64.b64encode(der).decode()
            )
            assert good == (test["result"] == "valid"), test["tcId"]
            seen[good] += 1
            raw_form = base64.b64encode(raw).decode()
            assert not agentpin.verify_signature(group["publicKeyPem"], bytes.fromhex(test["msg"]), raw_form)
    assert seen[True] > 100
    assert seen[False] > 20


def test_wycheproof_tokens_are_no_credentials_and_their_lax_spellings_are_no_tokens(wycheproof):
    groups = json.loads((wycheproof / "json_web_signature_test.json").read_text())["testGroups"]
    for group in groups:
        for test in group["tests"]:
            with pytest.raises(ValueError, match=r"."):
                agentpin.verify_jwt(test["jws"], PUBLIC)


@pytest.mark.parametrize(
    "spelled",
    [
        CREDENTIAL + "=",
        CREDENTIAL + "\n",
        CREDENTIAL[:-1] + "Z",
        CREDENTIAL.replace(".", "=.", 1),
        CREDENTIAL.replace("_", "/"),
        " " + CREDENTIAL,
        CREDENTIAL.replace(".", ". ", 1),
    ],
)
def test_a_credential_has_one_spelling(spelled):
    with pytest.raises(ValueError, match=r"."):
        agentpin.decode_jwt_unverified(spelled)

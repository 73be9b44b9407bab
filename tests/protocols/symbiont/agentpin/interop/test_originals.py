"""AgentPin and SchemaPin beside the originals: what one makes the other takes, and both judge alike.

Run with `nox -s interop`. The first run installs the originals into an environment of their own.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peers
import pytest
from symbiont import agentpin, schemapin
from symbiont.agentpin import Capability, KeyPinStore

pytestmark = pytest.mark.interop

ORIGINALS = ("agentpin==0.3.0", "schemapin==1.3.0")
HERE = Path(__file__).parent
AGENT = "urn:agentpin:example.com:data-analyzer"
ENDPOINT = "https://example.com/.well-known/agent-identity.json"


class Peer:
    """The originals in a process of their own."""

    def __init__(self, python: Path) -> None:
        command = [str(python), str(HERE / "peer.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, module: str, name: str, *args: Any, **options: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        call = {"module": module, "name": name, "args": args, "options": options}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def agentpin(self, name: str, *args: Any, **options: Any) -> Any:
        return self._value("agentpin", name, *args, **options)

    def schemapin(self, name: str, *args: Any, **options: Any) -> Any:
        return self._value("schemapin", name, *args, **options)

    def _value(self, module: str, name: str, *args: Any, **options: Any) -> Any:
        answer = self.ask(module, name, *args, **options)
        assert "error" not in answer, answer
        return answer["value"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    try:
        python = peers.python_of(*ORIGINALS)
    except peers.NoPeerError as error:
        pytest.skip(f"the originals cannot be installed here: {error}")
    peer = Peer(python)
    yield peer
    peer.close()


def cap(text: str) -> dict[str, Any]:
    return {"$": "agentpin.Capability", "args": [text]}


STORE = {"$": "agentpin.KeyPinStore"}


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


# -- credentials, both ways


def document(kid: str, jwk: dict[str, Any], **changes: Any) -> dict[str, Any]:
    agent = {"agent_id": AGENT, "name": "n", "capabilities": ["read:*", "write:reports"], "status": "active"}
    agent["constraints"] = {"rate_limit": "100/hour"}
    return agentpin.build_discovery_document("example.com", "both", [jwk], [agent], 2, "2026-01-01T00:00:00Z") | changes


def test_issued_here_verified_there(peer):
    private, public = agentpin.generate_key_pair()
    kid = agentpin.generate_key_id(public)
    jwk = agentpin.pem_to_jwk(public, kid)
    jwt = agentpin.issue_credential(
        private,
        kid,
        "example.com",
        AGENT,
        "verifier.com",
        [Capability("read:data")],
        {"rate_limit": "5/hour"},
        None,
        60,
    )
    store = {**STORE}
    result = peer.agentpin("verify_credential_offline", jwt, document(kid, jwk), None, store, "verifier.com")
    assert result["valid"], result
    assert result["constraints"] == {"rate_limit": "5/hour"}
    header, payload, _ = peer.agentpin("decode_jwt_unverified", jwt)
    ours = agentpin.decode_jwt_unverified(jwt)
    assert (list(header), list(payload)) == (list(ours[0]), list(ours[1]))


def test_issued_there_verified_here(peer):
    private, public = peer.agentpin("generate_key_pair")
    kid = peer.agentpin("generate_key_id", public)
    assert kid == agentpin.generate_key_id(public)
    jwk = peer.agentpin("pem_to_jwk", public, kid)
    assert list(jwk.items()) == list(agentpin.pem_to_jwk(public, kid).items())
    jwt = peer.agentpin(
        "issue_credential",
        private,
        kid,
        "example.com",
        AGENT,
        "*",
        [cap("read:ü"), cap("write:reports")],
        None,
        None,
        60,
    )
    result = agentpin.verify_credential_offline(jwt, document(kid, jwk), None, KeyPinStore(), "verifier.com")
    assert result.valid, result
    assert result.capabilities == ["read:ü", "write:reports"]


def cases() -> dict[str, tuple[dict[str, Any], dict[str, Any], Any, str | None]]:
    """What is changed in claims and documents, the revocations, and the audience."""
    now = int(time.time())
    revoked = agentpin.build_revocation_document("example.com")
    key = {"public_keys": None}
    return {
        "good": ({}, {}, None, None),
        "future": ({"iat": now + 500, "exp": now + 900}, {}, None, None),
        "expired": ({"iat": now - 500, "exp": now - 100}, {}, None, None),
        "not before": ({"nbf": now + 500}, {}, None, None),
        "too long": ({"exp": now + 100_000}, {}, None, None),
        "no exp": ({"exp": None}, {}, None, None),
        "no iat": ({"iat": None}, {}, None, None),
        "other entity": ({"iss": "other.com"}, {}, None, None),
        "old version": ({}, {"agentpin_version": "0.2"}, None, None),
        "no keys": ({}, key | {"public_keys": []}, None, None),
        "depth": ({}, {"max_delegation_depth": 4}, None, None),
        "revoked credential": ({}, {}, revoked | {"revoked_credentials": [{"jti": "j", "reason": "x"}]}, None),
        "revoked agent": ({}, {}, revoked | {"revoked_agents": [{"agent_id": AGENT, "reason": "x"}]}, None),
        "nothing revoked": ({}, {}, revoked, None),
        "unknown agent": ({"sub": "urn:x"}, {}, None, None),
        "more": ({"capabilities": ["admin:x"]}, {}, None, None),
        "below": ({"capabilities": ["write:reports.daily"]}, {}, None, None),
        "beside": ({"capabilities": ["write:reportsx"]}, {}, None, None),
        "no capabilities": ({"capabilities": []}, {}, None, None),
        "looser": ({"constraints": {"rate_limit": "101/hour"}}, {}, None, None),
        "tighter": ({"constraints": {"rate_limit": "1/minute"}}, {}, None, None),
        "chain": ({"delegation_chain": [{"domain": "m.com", "role": "maker"}]}, {}, None, None),
        "audience": ({"aud": "verifier.com"}, {}, None, "verifier.com"),
        "other audience": ({"aud": "other.com"}, {}, None, "verifier.com"),
        "any audience": ({"aud": "*"}, {}, None, "verifier.com"),
        "no audience": ({}, {}, None, "verifier.com"),
    }


@pytest.mark.parametrize("name", cases())
def test_both_judge_alike(peer, name):
    changes, members, revocation, audience = cases()[name]
    private, public = agentpin.generate_key_pair()
    kid = agentpin.generate_key_id(public)
    now = int(time.time())
    claims = {"iss": "example.com", "sub": AGENT, "iat": now, "exp": now + 60, "jti": "j", "agentpin_version": "0.1"}
    claims |= {"capabilities": ["read:data"]} | changes
    claims = {member: value for member, value in claims.items() if value is not None}
    jwt = agentpin.encode_jwt({"alg": "ES256", "typ": "agentpin-credential+jwt", "kid": kid}, claims, private)
    discovery = document(kid, agentpin.pem_to_jwk(public, kid), **members)
    ours = plain(agentpin.verify_credential_offline(jwt, discovery, revocation, KeyPinStore(), audience))
    theirs = peer.agentpin("verify_credential_offline", jwt, discovery, revocation, {**STORE}, audience)
    for result in (ours, theirs):
        if result["key_pinning"]:
            result["key_pinning"].pop("first_seen")
    assert ours == theirs


@pytest.mark.parametrize("missing", ["iss", "sub", "jti"])
def test_what_raises_there_is_a_result_here(peer, missing):
    private, public = agentpin.generate_key_pair()
    kid = agentpin.generate_key_id(public)
    now = int(time.time())
    claims = {"iss": "example.com", "sub": AGENT, "iat": now, "exp": now + 60, "jti": "j", "capabilities": []}
    del claims[missing]
    jwt = agentpin.encode_jwt({"alg": "ES256", "typ": "agentpin-credential+jwt", "kid": kid}, claims, private)
    given = (jwt, document(kid, agentpin.pem_to_jwk(public, kid)), agentpin.build_revocation_document("example.com"))
    theirs = peer.ask("agentpin", "verify_credential_offline", *given, {**STORE}, None)
    assert theirs["error"][0] == "KeyError"
    assert not agentpin.verify_credential_offline(*given, KeyPinStore(), None).valid


def test_spellings_that_pass_there_do_not_pass_here(peer):
    """Why ours is stricter: their decoder skips what it does not know, so one credential has many texts."""
    private, public = agentpin.generate_key_pair()
    jwt = agentpin.issue_credential(private, "k", "e.com", "a", None, [], None, None, 60)
    for spelled in (jwt + "=", jwt + "!"):
        assert "value" in peer.ask("agentpin", "decode_jwt_unverified", spelled)
        with pytest.raises(ValueError, match="base64url"):
            agentpin.decode_jwt_unverified(spelled)
    assert peer.agentpin("verify_jwt", jwt, public)


# -- everything else, both ways


def test_functions_answer_alike(peer):
    _, public = agentpin.generate_key_pair()
    jwk = agentpin.pem_to_jwk(public, "k")
    constraints = {"rate_limit": "5/hour", "allowed_domains": ["a.b.com"], "data_classification_max": "internal"}
    declared = {"rate_limit": "1/second", "allowed_domains": ["*.b.com"], "data_classification_max": "public"}
    declaration = {
        "agent_id": "a",
        "name": "Ü b",
        "capabilities": ["read:x"],
        "constraints": constraints,
        "version": "2",
    }
    card = {"name": "é", "b": None, "a": [1, {"z": None, "y": "\u2028"}]}
    record = f"v=agentpin1; kid=k; fp=sha256:{agentpin.jwk_thumbprint(jwk)}"
    for name, args in (
        ("jwk_thumbprint", [jwk]),
        ("jwk_to_pem", [jwk]),
        ("constraints_subset_of", [declared, constraints]),
        ("constraints_subset_of", [constraints, declared]),
        ("parse_rate_limit", ["7/minute"]),
        ("domain_pattern_matches", ["*.x.com", "a.b.x.com"]),
        ("build_discovery_document", ["e.com", "maker", [jwk], [declaration], 1, "2026", "https://e.com/a"]),
        ("canonicalize_for_signing", [card]),
        ("build_unsigned_agent_card", ["https://e.com/a", declaration]),
        ("capability_to_skill", ["read:x"]),
        ("create_trust_bundle", ["2026"]),
        ("parse_txt_record", [record]),
        ("txt_record_name", ["e.com."]),
        ("ws_format_auth_message", ["j"]),
    ):
        assert plain(getattr(agentpin, name)(*args)) == peer.agentpin(name, *args), name
    capabilities = ["write:b", "read:é"]
    assert agentpin.capabilities_hash(capabilities) == peer.agentpin(
        "capabilities_hash", [cap(c) for c in capabilities]
    )


def test_signatures_attestations_and_proofs(peer):
    private, public = agentpin.generate_key_pair()
    theirs_private, theirs_public = peer.agentpin("generate_key_pair")
    ours = agentpin.create_attestation(private, "k", "m.com", "maker", "a", "d.com", "b", ["read:x"])
    assert peer.agentpin("verify_attestation", ours, public, "d.com", "b", [cap("read:x")]) is None
    made = [theirs_private, "k", "m.com", "maker", "a", "d.com", "b", [cap("read:x")]]
    theirs = peer.agentpin("create_attestation", *made)
    agentpin.verify_attestation(theirs, theirs_public, "d.com", "b", ["read:x"])
    challenge = agentpin.create_challenge()
    answer = peer.agentpin("create_response", challenge, theirs_private, "k")
    assert agentpin.verify_response(answer, challenge, theirs_public)
    challenge = peer.agentpin("create_challenge")
    assert peer.agentpin("verify_response", agentpin.create_response(challenge, private, "k"), challenge, public)


def test_cards(peer):
    private, _ = agentpin.generate_key_pair()
    declaration = {"agent_id": "a", "name": "Über Bot", "capabilities": ["read:x"], "description": "é"}
    ours = agentpin.build_and_sign_agent_card("https://example.com/a", declaration, private, "k", ENDPOINT)
    assert peer.agentpin("verify_agentpin_extension", ours) is None
    theirs = peer.agentpin("build_and_sign_agent_card", "https://example.com/a", declaration, private, "k", ENDPOINT)
    agentpin.verify_agentpin_extension(theirs)
    derived, expected = agentpin.derive_discovery_from_card(theirs), peer.agentpin("derive_discovery_from_card", theirs)
    assert expected.pop("agentpin_version") == "0.3"  # which their own validation refuses
    assert derived.pop("agentpin_version") == "0.1"
    assert {k: v for k, v in plain(derived).items() if k != "updated_at"} == {
        k: v for k, v in expected.items() if k != "updated_at"
    }


def test_pin_stores(peer):
    _, public = agentpin.generate_key_pair()
    jwk = agentpin.pem_to_jwk(public, "k")
    store = KeyPinStore()
    store.check_and_pin("d", jwk)
    kept = {"$": "agentpin.KeyPinStore", "json": store.to_json()}
    assert peer.agentpin("check_pinning", kept, "d", jwk) == "matched"
    answer = peer.ask("agentpin", "check_pinning", {**STORE}, "d", jwk)
    again = KeyPinStore.from_json(answer["kept"][0]["json"])
    assert again.check_and_pin("d", jwk) == "matched"


# -- SchemaPin


SCHEMA = {"type": "object", "name": "é", "n": [1, 2.0, 1e-7], "z": {"b": None, "a": "\u2028"}}


def test_schemas(peer):
    private, public = schemapin.KeyManager.generate_keypair()
    pem = schemapin.KeyManager.export_private_key_pem(private)
    found = schemapin.create_well_known_response(schemapin.KeyManager.export_public_key_pem(public), "Dev")
    assert peer.schemapin("create_well_known_response", found["public_key_pem"], "Dev") == found
    assert peer.schemapin("SchemaPinCore.canonicalize_schema", SCHEMA) == schemapin.SchemaPinCore.canonicalize_schema(
        SCHEMA
    )
    ours = schemapin.SchemaSigningWorkflow(pem).sign_schema(SCHEMA)
    store = {"$": "schemapin.KeyPinStore"}
    theirs = peer.schemapin("verify_schema_offline", SCHEMA, ours, "e.com", "t", found, None, store)
    assert theirs == plain(
        schemapin.verify_schema_offline(SCHEMA, ours, "e.com", "t", found, None, schemapin.KeyPinStore())
    )
    assert theirs["valid"]


@pytest.mark.parametrize("change", ["document", "key", "revoked", "schema", "signature"])
def test_schemas_are_judged_alike(peer, change):
    private, public = schemapin.KeyManager.generate_keypair()
    signature = schemapin.SchemaSigningWorkflow(schemapin.KeyManager.export_private_key_pem(private)).sign_schema(
        SCHEMA
    )
    found = schemapin.create_well_known_response(schemapin.KeyManager.export_public_key_pem(public), "Dev")
    fingerprint = schemapin.KeyManager.calculate_key_fingerprint(public)
    schema = SCHEMA | ({"x": 1} if change == "schema" else {})
    signature = "AAAA" if change == "signature" else signature
    discovery = {
        "document": {},
        "key": found | {"public_key_pem": "x"},
        "revoked": found | {"revoked_keys": [fingerprint]},
    }.get(change, found)
    given = (schema, signature, "e.com", "t", discovery, None)
    theirs = peer.schemapin("verify_schema_offline", *given, {"$": "schemapin.KeyPinStore"})
    assert theirs == plain(schemapin.verify_schema_offline(*given, schemapin.KeyPinStore()))
    assert not theirs["valid"]


def test_skill_folders(peer, tmp_path):
    private, public = schemapin.KeyManager.generate_keypair()
    pem = schemapin.KeyManager.export_private_key_pem(private)
    found = schemapin.create_well_known_response(schemapin.KeyManager.export_public_key_pem(public), "Dev")
    (tmp_path / "SKILL.md").write_text("---\nname: demo\n---\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ü.txt").write_text("x")
    (tmp_path / "a-b.txt").write_text("y")
    schemapin.SkillSigner.sign_skill(tmp_path, pem, "e.com")
    assert peer.schemapin("SkillSigner.verify_skill_offline", str(tmp_path), found)["valid"]
    peer.schemapin("SkillSigner.sign_skill", str(tmp_path), pem, "e.com")
    assert schemapin.SkillSigner.verify_skill_offline(tmp_path, found).valid
    assert (
        schemapin.SkillSigner.load_signature(tmp_path)["file_manifest"]
        == (schemapin.SkillSigner.canonicalize_skill(tmp_path)[1])
    )

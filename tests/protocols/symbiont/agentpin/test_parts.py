"""The parts around the steps: capabilities, constraints, pins, delegation, proofs, rotation, transport, DNS, cards."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from symbiont import agentpin
from symbiont.agentpin import AgentPinError, AllowedDomains, Capability, ErrorCode, KeyPinStore
from symbiont.agentpin.types import AgentDeclaration, Challenge, Constraints, DiscoveryDocument, JwtPayload

NOW = 1767225600
ENDPOINT = "https://example.com/.well-known/agent-identity.json"


# -- names


def test_every_name_of_agentpin_is_there_and_loads_lazily():
    for name in agentpin.__all__:
        assert getattr(agentpin, name) is not None
    assert agentpin.types.Challenge is Challenge
    with pytest.raises(AttributeError):
        agentpin.nope  # noqa: B018


def test_records_are_written_as_the_documents_are():
    assert AgentDeclaration("a", "n", [], "active").constraints is None
    assert Constraints().valid_hours is None
    assert DiscoveryDocument("0.1", "e", "both", [], [], 0, "now").policy_url is None
    assert JwtPayload("i", "s", 1, 2, "j", "0.1", []).nonce is None
    assert json.dumps({"status": agentpin.AgentStatus.ACTIVE}) == '{"status": "active"}'
    error = AgentPinError(ErrorCode.KEY_EXPIRED, "old")
    assert (str(error), pickle.loads(pickle.dumps(error)).code) == ("old", "KEY_EXPIRED")


# -- keys


def test_a_pair_is_a_tuple_with_names_that_does_not_show_itself():
    pair = agentpin.generate_key_pair()
    private, public = pair
    assert (pair.private_key_pem, pair.public_key_pem) == (private, public)
    assert (pair.private_key, pair.public_key) == (private, public)
    assert "PRIVATE" not in repr(pair)
    assert "PRIVATE" not in repr(agentpin.prepare_rotation("old"))
    assert pickle.loads(pickle.dumps(pair)) == pair


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_a_value_error_without_a_word_of_it(pem):
    with pytest.raises(ValueError, match="PEM") as caught:
        agentpin.sign_data(pem, b"x")
    assert "AAAA" not in str(caught.value)
    assert not agentpin.verify_signature(pem, b"x", "AAAA")


def test_signatures_are_false_for_everything_else():
    private, public = agentpin.generate_key_pair()
    signature = agentpin.sign_data(private, b"x")
    assert agentpin.verify_signature(public, b"x", signature)
    for other in ("", "!!", signature[:-4], signature + "AAAA", signature.replace("=", ""), " " + signature):
        assert agentpin.verify_signature(public, b"x", other) == (other == signature)
    assert not agentpin.verify_signature(public, b"y", signature)


# -- capabilities and constraints


@pytest.mark.parametrize(
    ("declared", "requested", "covers"),
    [
        ("read:*", "read:a", True),
        ("read:a", "read:a", True),
        ("read:a", "read:a.b", True),
        ("read:a", "read:ab", False),
        ("read:a.b", "read:a", False),
        ("write:*", "read:a", False),
        ("*:*", "read:a", False),
        ("*:*", "*:x", True),
        ("read", "read", False),
        ("a:b:c", "a:b:c", True),
    ],
)
def test_capabilities_cover(declared, requested, covers):
    assert Capability(declared).matches(Capability(requested)) == covers
    assert agentpin.capabilities_subset([declared], [Capability(requested)]) == covers


def test_capabilities_are_values():
    one = Capability.create("read", "a:b")
    assert (one.action, one.resource, str(one), repr(one)) == ("read", "a:b", "read:a:b", "Capability('read:a:b')")
    assert one == Capability("read:a:b")
    assert len({one, Capability("read:a:b")}) == 1
    assert (Capability("x").action, Capability("x").resource, Capability.parse("x")) == (None, None, None)


@pytest.mark.parametrize("good", ["read:x", "write:*", "admin:users", "com.example.fly:x"])
@pytest.mark.parametrize("bad", ["x", "admin:*", "fly:x", ":x"])
def test_capabilities_are_validated(good, bad):
    agentpin.validate_capability(Capability(good))
    with pytest.raises(ValueError, match=r"':'|wildcard|reverse-domain"):
        agentpin.validate_capability(Capability(bad))


@pytest.mark.parametrize(
    ("declared", "claimed", "holds"),
    [
        (None, {"rate_limit": "9/hour"}, True),
        ({"rate_limit": "1/hour"}, None, True),
        ({"rate_limit": "1/hour"}, {"ip_allowlist": []}, True),
        ({"rate_limit": "60/hour"}, {"rate_limit": "1/minute"}, True),
        ({"rate_limit": "60/hour"}, {"rate_limit": "1/second"}, False),
        ({"rate_limit": "60/hour"}, {"rate_limit": "many"}, True),
        ({"data_classification_max": "internal"}, {"data_classification_max": "public"}, True),
        ({"data_classification_max": "internal"}, {"data_classification_max": "restricted"}, False),
        ({"data_classification_max": "internal"}, {"data_classification_max": "unknown"}, True),
        ({"allowed_domains": ["*.a.com"]}, {"allowed_domains": ["b.a.com", "c.b.a.com"]}, True),
        ({"allowed_domains": ["*.a.com"]}, {"allowed_domains": ["a.com"]}, False),
        ({"allowed_domains": ["*.a.com"]}, {"allowed_domains": ["xa.com"]}, False),
        ({"allowed_domains": ["*.a.com"]}, {"allowed_domains": []}, True),
    ],
)
def test_constraints_are_not_loosened(declared, claimed, holds):
    assert agentpin.constraints_subset_of(declared, claimed) == holds


@pytest.mark.parametrize(
    ("rate", "hourly"),
    [("10/second", 36000), ("10/minute", 600), ("-5/hour", -5), ("1/day", None), ("", None), ("1.5/hour", None)],
)
def test_rates(rate, hourly):
    assert agentpin.parse_rate_limit(rate) == hourly


def test_allowed_domains():
    assert AllowedDomains.intersect(["b", "a"], ["a", "b"]) == ["b", "a"]
    assert AllowedDomains.intersect(None, ["a"]) == AllowedDomains.from_domains(["a"])
    assert AllowedDomains.is_unrestricted(AllowedDomains.unrestricted())
    assert AllowedDomains.allows(None, "x")
    assert not AllowedDomains.allows(["*"], "x")
    assert AllowedDomains.from_constraints({"allowed_domains": ["a"]}) == ["a"]
    assert AllowedDomains.from_constraints(None) == AllowedDomains.from_constraints({"allowed_domains": 5}) == []


# -- pins, bundles, revocation


def test_a_pin_store_is_kept_as_json(domain):
    store = KeyPinStore()
    assert [store.check_and_pin("d", domain.jwk) for _ in range(2)] == ["first_use", "matched"]
    other = agentpin.pem_to_jwk(agentpin.generate_key_pair()[1], "k2")
    with pytest.raises(AgentPinError, match="has changed") as caught:
        agentpin.check_pinning(store, "d", other)
    assert caught.value.code == "KEY_PIN_MISMATCH"
    store.add_key("d", other)
    store.add_key("d", other)
    kept = KeyPinStore.from_json(store.to_json())
    assert kept.to_json() == store.to_json()
    (entry,) = json.loads(store.to_json())
    assert list(entry) == ["domain", "pinned_keys"]
    assert [list(key) for key in entry["pinned_keys"]] == [
        ["kid", "public_key_hash", "first_seen", "last_seen", "trust_level"]
    ] * 2
    assert agentpin.check_pinning(kept, "d", other) == "matched"
    for nonsense in ("x", '[{"domain": ""}]', '[{"domain": "d", "pinned_keys": [{}]}]'):
        with pytest.raises(ValueError, match=r"."):
            KeyPinStore.from_json(nonsense)


def test_a_bundle_is_a_file(domain, tmp_path):
    bundle = agentpin.create_trust_bundle("2026-01-01T00:00:00Z")
    bundle["documents"].append(domain.document)
    revocation = agentpin.build_revocation_document("example.com")
    bundle["revocations"].append(revocation)
    path = str(tmp_path / "bundle.json")
    agentpin.save_trust_bundle(bundle, path)
    assert (tmp_path / "bundle.json").read_text() == json.dumps(bundle, indent=2)
    kept = agentpin.load_trust_bundle(path)
    verify = agentpin.verify_credential_with_bundle
    assert verify(domain.issue(), kept, KeyPinStore(), now=NOW).valid
    assert verify(domain.issue(iss="b.com"), kept, KeyPinStore(), now=NOW).error_code == "DISCOVERY_FETCH_FAILED"
    assert verify(domain.issue(iss=None), kept, KeyPinStore(), now=NOW).error_code == "DISCOVERY_INVALID"
    assert verify("x", kept, KeyPinStore(), now=NOW).error_code == "ALGORITHM_REJECTED"
    agentpin.add_revoked_credential(kept["revocations"][0], "j-1", agentpin.RevocationReason.SUPERSEDED)
    assert verify(domain.issue(), kept, KeyPinStore(), now=NOW).error_code == "CREDENTIAL_REVOKED"
    (tmp_path / "bundle.json").write_text("[]")
    with pytest.raises(ValueError, match="object"):
        agentpin.load_trust_bundle(path)


def test_rotation(domain):
    document, revocations = json.loads(json.dumps(domain.document)), agentpin.build_revocation_document("example.com")
    plan = agentpin.prepare_rotation(domain.kid)
    agentpin.apply_rotation(document, plan)
    assert [key["kid"] for key in document["public_keys"]] == [domain.kid, plan["new_kid"]]
    agentpin.complete_rotation(document, revocations, domain.kid, "superseded")
    assert [key["kid"] for key in document["public_keys"]] == [plan["new_kid"]]
    assert revocations["revoked_keys"][0]["kid"] == domain.kid
    assert agentpin.generate_key_id(plan["new_key_pair"][1]) == plan["new_kid"]


# -- delegation and mutual proof


def test_delegation(domain):
    made = agentpin.create_attestation(
        domain.private, domain.kid, "maker.com", "maker", "urn:a", "dep.com", "urn:b", ["read:a"]
    )
    assert list(made) == ["domain", "role", "agent_id", "kid", "attestation"]
    agentpin.verify_attestation(made, domain.public, "dep.com", "urn:b", [Capability("read:a")])
    for other in (("dep.com", "urn:c", ["read:a"]), ("x.com", "urn:b", ["read:a"]), ("dep.com", "urn:b", ["read:*"])):
        with pytest.raises(AgentPinError) as caught:
            agentpin.verify_attestation(made, domain.public, *other)
        assert caught.value.code == "DELEGATION_INVALID"
    with pytest.raises(AgentPinError):
        agentpin.verify_attestation({}, domain.public, "dep.com", "urn:b", [])


def test_the_parts_of_a_delegation_cannot_be_shifted():
    with pytest.raises(ValueError, match="cannot contain"):
        agentpin.canonical_attestation_input("maker.com|maker", "urn", "a", "dep.com", "urn:b", [])


@pytest.mark.parametrize(
    ("length", "depths", "good"), [(0, [], True), (1, [], False), (1, [2, 1], True), (2, [2, 1], False)]
)
def test_chain_depth(length, depths, good):
    if good:
        agentpin.verify_chain_depth(length, depths)
        return
    with pytest.raises(AgentPinError) as caught:
        agentpin.verify_chain_depth(length, depths)
    assert caught.value.code == "DELEGATION_DEPTH_EXCEEDED"


def test_mutual_proof(domain):
    challenge = agentpin.create_challenge("credential")
    assert list(challenge) == ["type", "nonce", "timestamp", "verifier_credential"]
    assert len(agentpin.base64url_decode(challenge["nonce"])) == 16
    response = agentpin.create_response(challenge, domain.private, domain.kid)
    assert agentpin.verify_response(response, challenge, domain.public)
    for wrong in ({"nonce": "x"}, {"signature": "AAAA"}, {"signature": None}):
        assert not agentpin.verify_response(response | wrong, challenge, domain.public)
    store = agentpin.InMemoryNonceStore()
    assert agentpin.verify_response_with_nonce_store(response, challenge, domain.public, store)
    with pytest.raises(ValueError, match="already been used"):
        agentpin.verify_response_with_nonce_store(response, challenge, domain.public, store)


@pytest.mark.parametrize(("age", "reason"), [(61, "expired"), (-61, "future"), (60, None), (-60, None)])
def test_a_challenge_has_its_time_on_both_sides(domain, age, reason):
    challenge = agentpin.create_challenge() | {"timestamp": "2026-01-01T00:00:00Z"}
    response = agentpin.create_response(challenge, domain.private, domain.kid)
    if reason is None:
        assert agentpin.verify_response(response, challenge, domain.public, now=NOW + age)
        return
    with pytest.raises(ValueError, match=reason):
        agentpin.verify_response(response, challenge, domain.public, now=NOW + age)
    with pytest.raises(ValueError, match="no time"):
        agentpin.verify_response(response, challenge | {"timestamp": 5}, domain.public)


def test_nonces_are_forgotten_in_time():
    now = [0.0]
    store = agentpin.InMemoryNonceStore(lambda: now[0])
    assert [store.check_and_record("a", 10), store.check_and_record("a", 10)] == [True, False]
    now[0] = 10
    assert store.check_and_record("a", 10)


# -- transport and DNS


def test_credentials_travel():
    assert agentpin.http_extract_credential(agentpin.http_format_authorization_header("j")) == "j"
    assert agentpin.mcp_extract_credential(agentpin.mcp_format_meta_field("j")) == "j"
    assert agentpin.ws_extract_credential(agentpin.ws_format_auth_message("j")) == "j"
    assert agentpin.grpc_extract_credential(agentpin.grpc_format_metadata_value("j")) == "j"
    assert agentpin.ws_format_auth_message("j") == '{"type": "agentpin-auth", "credential": "j"}'


@pytest.mark.parametrize(
    ("extract", "value"),
    [
        ("http_extract_credential", "agentpin j"),
        ("http_extract_credential", "AgentPin "),
        ("mcp_extract_credential", {}),
        ("mcp_extract_credential", {"agentpin_credential": 5}),
        ("ws_extract_credential", "x"),
        ("ws_extract_credential", "[]"),
        ("ws_extract_credential", "[" * 100_000),
        ("ws_extract_credential", '{"type": "other", "credential": "j"}'),
        ("ws_extract_credential", '{"type": "agentpin-auth"}'),
        ("grpc_extract_credential", ""),
    ],
)
def test_bad_input_is_the_one_error(extract, value):
    with pytest.raises(AgentPinError) as caught:
        getattr(agentpin, extract)(value)
    assert caught.value.code == "DISCOVERY_FETCH_FAILED"


def test_dns_records(domain):
    fingerprint = agentpin.jwk_thumbprint(domain.jwk)
    record = agentpin.parse_txt_record(f" V=agentpin1; kid={domain.kid};x=1; FP=SHA256:{fingerprint.upper()} ")
    assert record == {"version": "agentpin1", "kid": domain.kid, "fingerprint": f"sha256:{fingerprint}"}
    agentpin.verify_dns_match(domain.document, record)
    agentpin.verify_dns_match(domain.document, record | {"kid": None})
    for wrong in ({"kid": "other"}, {"fingerprint": "sha256:00"}):
        with pytest.raises(AgentPinError, match="does not match"):
            agentpin.verify_dns_match(domain.document, record | wrong)
    assert agentpin.txt_record_name("example.com.") == "_agentpin.example.com"


@pytest.mark.parametrize(
    "text",
    ["", "v=agentpin1", "fp=sha256:aa", "v=agentpin2; fp=sha256:aa", "v=agentpin1; fp=md5:a", "v=agentpin1; junk"],
)
def test_dns_records_that_are_none(text):
    with pytest.raises(AgentPinError) as caught:
        agentpin.parse_txt_record(text)
    assert caught.value.code == "DISCOVERY_INVALID"


# -- agent cards


@pytest.fixture
def card(domain: Any) -> dict[str, Any]:
    return agentpin.build_and_sign_agent_card(
        "https://example.com/a2a", domain.agent | {"name": "Über  Bot!! 2"}, domain.private, domain.kid, ENDPOINT
    )


def test_a_card_vouches_for_itself(card, domain):
    agentpin.verify_agentpin_extension(card)
    assert agentpin.extension_key_thumbprint(card["agentpin"]) == agentpin.jwk_thumbprint(domain.jwk)
    discovery = agentpin.derive_discovery_from_card(card)
    agentpin.validate_discovery_document(discovery, "example.com")
    assert discovery["agents"][0]["agent_id"] == "urn:agentpin:example.com:ber--bot---2"
    assert discovery["agents"][0]["constraints"] == {"allowed_domains": ["*.a.com"]}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"agentpin": None},
        {"agentpin": {}},
        {"agentpin": 5},
        {"agentpin": {"agentpin_endpoint": ENDPOINT, "public_key_jwk": {}, "signature": "AAAA"}},
        {"agentpin": {"agentpin_endpoint": ENDPOINT, "public_key_jwk": 5, "signature": 5}},
        {"extra": 1},
    ],
)
def test_cards_that_do_not(card, change):
    for check in (
        agentpin.verify_agentpin_extension,
        agentpin.derive_discovery_from_card,
        agentpin.LocalAgentCardStore().register,
    ):
        with pytest.raises(AgentPinError) as caught:
            check(card | change)
        assert caught.value.code == "DISCOVERY_INVALID"


def test_cards_are_kept_and_fetched(card):
    store = agentpin.LocalAgentCardStore()
    assert store.is_empty()
    store.register(card)
    assert store.resolve_card("example.com") == card
    assert store.resolve_discovery("example.com")["entity"] == "example.com"
    assert store.resolve_revocation("example.com", {}) is None
    assert [store.remove("example.com"), store.remove("example.com")] == [True, False]
    with pytest.raises(AgentPinError):
        store.resolve_discovery("example.com")

    asked: list[str] = []
    resolver = agentpin.A2aAgentCardResolver(fetch=lambda url: asked.append(url) or card)
    assert resolver.last_card("example.com") is None
    assert resolver.resolve_discovery("example.com")["entity"] == "example.com"
    assert resolver.last_card("example.com") == card
    assert asked == ["https://example.com/.well-known/agent-card.json"]
    with pytest.raises(AgentPinError) as caught:
        resolver.resolve_discovery("other.com")
    assert caught.value.code == "DOMAIN_MISMATCH"


@pytest.mark.parametrize("answer", [RuntimeError("down"), "text", None])
def test_cards_that_cannot_be_fetched(answer):
    def fetch(url: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(AgentPinError) as caught:
        agentpin.A2aAgentCardResolver(fetch=fetch).resolve_discovery("example.com")
    assert caught.value.code == "DISCOVERY_FETCH_FAILED"

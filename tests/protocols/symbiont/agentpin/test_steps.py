"""The twelve steps: each has its code, the first failure wins, and nothing that strangers write raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symbiont import agentpin
from symbiont.agentpin import ErrorCode, KeyPinStore, VerifierConfig
from symbiont.agentpin.jwt import base64url_encode

NOW = 1767225600


def revoked(**lists: Any) -> dict[str, Any]:
    return agentpin.build_revocation_document("example.com") | lists


def test_a_good_credential(domain):
    result = domain.verify(
        domain.issue(aud="verifier.com", constraints={"rate_limit": "10/hour"}), audience="verifier.com"
    )
    assert result.valid
    assert (result.agent_id, result.issuer) == ("urn:agentpin:example.com:data-analyzer", "example.com")
    assert result.capabilities == ["read:data"]
    assert result.constraints == {"rate_limit": "10/hour"}
    assert (result.delegation_verified, result.delegation_chain, result.warnings) == (None, None, [])
    assert result.key_pinning["status"] == "first_use"
    again = domain.verify(domain.issue())
    assert again.key_pinning == {"status": "pinned", "first_seen": result.key_pinning["first_seen"]}


def flat(domain: Any, step: str) -> tuple[str, dict[str, Any]]:
    """A credential and what is changed around it, for each way to fail."""
    jwk, agent = domain.jwk, domain.agent
    return {
        "1 parts": ("a.b", {}),
        "1 alg": (domain_token(domain, {"alg": "none"}), {}),
        "1 typ": (domain_token(domain, {"typ": "JWT"}), {}),
        "1 crit": (domain_token(domain, {"crit": ["x"]}), {}),
        "1 twice": (raw_token('{"alg":"ES256","alg":"ES256","typ":"agentpin-credential+jwt"}'), {}),
        "2 future": (domain.issue(iat=NOW + 61, exp=NOW + 100), {}),
        "2 expired": (domain.issue(iat=NOW - 100, exp=NOW - 60), {}),
        "2 nbf": (domain.issue(nbf=NOW + 61), {}),
        "2 ttl": (domain.issue(exp=NOW + 86401), {}),
        "2 no exp": (domain.issue(exp=None), {}),
        "2 no iat": (domain.issue(iat=None), {}),
        "2 text": (domain.issue(exp="never"), {}),
        "2 bool": (domain.issue(iat=True), {}),
        "3 entity": (domain.issue(iss="other.com"), {}),
        "3 no iss": (domain.issue(iss=None), {}),
        "3 version": (domain.issue(), {"agentpin_version": "0.3"}),
        "3 keys": (domain.issue(), {"public_keys": []}),
        "3 depth": (domain.issue(), {"max_delegation_depth": 4}),
        "3 depth text": (domain.issue(), {"max_delegation_depth": "2"}),
        "4 kid": (domain.issue({"kid": "other"}), {}),
        "4 no kid": (domain.issue({"kid": None}), {}),
        "4 exp": (domain.issue(), {"public_keys": [jwk | {"exp": "2025-12-31T23:58:59Z"}]}),
        "4 use": (domain.issue(), {"public_keys": [jwk | {"use": "enc"}]}),
        "4 key_ops": (domain.issue(), {"public_keys": [jwk | {"key_ops": ["sign"]}]}),
        "4 point": (domain.issue(), {"public_keys": [jwk | {"x": jwk["y"]}]}),
        "4 padding": (domain.issue(), {"public_keys": [jwk | {"x": jwk["x"] + "="}]}),
        "5 signature": (domain.issue()[:-8] + "AAAAAAAA", {}),
        "5 other key": (domain.issue(), {"public_keys": [other_key(domain.kid)]}),
        "6 credential": (domain.issue(), {"revocation": revoked(revoked_credentials=[{"jti": "j-1"}])}),
        "6 agent": (domain.issue(), {"revocation": revoked(revoked_agents=[{"agent_id": agent["agent_id"]}])}),
        "6 key": (domain.issue(), {"revocation": revoked(revoked_keys=[{"kid": domain.kid}])}),
        "6 no jti": (domain.issue(jti=None), {"revocation": revoked()}),
        "7 unknown": (domain.issue(sub="urn:other"), {}),
        "7 no sub": (domain.issue(sub=None), {}),
        "7 suspended": (domain.issue(), {"agents": [agent | {"status": "suspended"}]}),
        "7 no status": (domain.issue(), {"agents": [{"agent_id": agent["agent_id"]}]}),
        "8 more": (domain.issue(capabilities=["read:data", "admin:x"]), {}),
        "8 text": (domain.issue(capabilities="read:data"), {}),
        "8 numbers": (domain.issue(capabilities=[1]), {}),
        "9 rate": (domain.issue(constraints={"rate_limit": "101/hour"}), {}),
        "9 domains": (domain.issue(constraints={"allowed_domains": ["a.com"]}), {}),
        "9 text": (domain.issue(constraints="none"), {}),
        "10 link": (domain.issue(delegation_chain=[{"domain": "a"}]), {}),
        "10 text": (domain.issue(delegation_chain="a"), {}),
        "12 audience": (domain.issue(aud="other.com"), {"audience": "verifier.com"}),
        "12 list": (domain.issue(aud=["verifier.com"]), {"audience": "verifier.com"}),
    }[step]


def domain_token(domain: Any, header: dict[str, Any]) -> str:
    head = {"alg": "ES256", "typ": "agentpin-credential+jwt", "kid": domain.kid} | header
    return raw_token(json.dumps(head))


def raw_token(header: str) -> str:
    return f"{base64url_encode(header.encode())}.{base64url_encode(b'{}')}.{base64url_encode(b'x')}"


def other_key(kid: str) -> dict[str, Any]:
    return agentpin.pem_to_jwk(agentpin.generate_key_pair()[1], kid)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        *[(f"1 {name}", "ALGORITHM_REJECTED") for name in ("parts", "alg", "typ", "crit", "twice")],
        *[
            (f"2 {name}", "CREDENTIAL_EXPIRED")
            for name in ("future", "expired", "nbf", "ttl", "no exp", "no iat", "text", "bool")
        ],
        *[
            (f"3 {name}", "DISCOVERY_INVALID")
            for name in ("entity", "no iss", "version", "keys", "depth", "depth text")
        ],
        *[(f"4 {name}", "KEY_NOT_FOUND") for name in ("kid", "no kid", "use", "key_ops", "point", "padding")],
        ("4 exp", "KEY_EXPIRED"),
        ("5 signature", "SIGNATURE_INVALID"),
        ("5 other key", "SIGNATURE_INVALID"),
        ("6 credential", "CREDENTIAL_REVOKED"),
        ("6 agent", "AGENT_INACTIVE"),
        ("6 key", "KEY_REVOKED"),
        ("6 no jti", "CREDENTIAL_REVOKED"),
        ("7 unknown", "AGENT_NOT_FOUND"),
        ("7 no sub", "AGENT_NOT_FOUND"),
        ("7 suspended", "AGENT_INACTIVE"),
        ("7 no status", "AGENT_INACTIVE"),
        *[(f"8 {name}", "CAPABILITY_EXCEEDED") for name in ("more", "text", "numbers")],
        *[(f"9 {name}", "CONSTRAINT_VIOLATION") for name in ("rate", "domains", "text")],
        ("10 link", "DELEGATION_INVALID"),
        ("10 text", "DELEGATION_INVALID"),
        ("12 audience", "AUDIENCE_MISMATCH"),
        ("12 list", "AUDIENCE_MISMATCH"),
    ],
)
@pytest.mark.promise("AgentPin verification takes all twelve steps, and nothing that strangers write raises")
def test_every_step_has_its_code(domain, step, code):
    jwt, changes = flat(domain, step)
    result = domain.verify(jwt, **changes)
    assert (result.valid, result.error_code) == (False, ErrorCode(code))
    assert result.error_message
    assert result.agent_id is result.issuer is result.capabilities is result.key_pinning is None


def test_the_first_failure_wins(domain):
    """Everything is wrong at once; mended in order, each step shows itself."""
    wrong = {"iat": NOW + 999, "exp": NOW + 9999, "sub": "urn:other", "capabilities": ["admin:x"]}
    everything = revoked(revoked_credentials=[{"jti": "j-1"}])
    codes = []
    for mended in ({}, {"iat": NOW, "exp": NOW + 60}, {"jti": "j-2"}, {"sub": domain.agent["agent_id"]}):
        wrong |= mended
        codes.append(domain.verify(domain.issue(**wrong), revocation=everything).error_code)
    assert codes == ["CREDENTIAL_EXPIRED", "CREDENTIAL_REVOKED", "AGENT_NOT_FOUND", "CAPABILITY_EXCEEDED"]


def test_a_changed_key_is_refused_until_it_is_added(domain):
    assert domain.verify(domain.issue()).valid
    domain.store = KeyPinStore.from_json(domain.store.to_json())
    private, public = agentpin.generate_key_pair()
    new = agentpin.pem_to_jwk(public, "new")
    jwt = agentpin.encode_jwt(
        {"alg": "ES256", "typ": "agentpin-credential+jwt", "kid": "new"}, domain.claims(), private
    )
    assert domain.verify(jwt, public_keys=[new]).error_code == "KEY_PIN_MISMATCH"
    domain.store.add_key("example.com", new)
    assert domain.verify(jwt, public_keys=[new]).valid


def test_a_key_is_pinned_even_if_the_audience_is_wrong(domain):
    assert domain.verify(domain.issue(aud="other.com"), audience="verifier.com").error_code == "AUDIENCE_MISMATCH"
    assert domain.store.get_domain("example.com") is not None


@pytest.mark.parametrize("claimed", ["*", "verifier.com", None, ""])
def test_audiences_that_are_taken(domain, claimed):
    assert domain.verify(domain.issue(aud=claimed), audience="verifier.com").valid
    assert domain.verify(domain.issue(aud="whoever")).valid


def test_a_key_with_an_end_that_cannot_be_read_has_none(domain):
    for end in ("never", 5, "2025-12-31T23:59:00Z", "2030-01-01"):
        assert domain.verify(domain.issue(), public_keys=[domain.jwk | {"exp": end}]).valid


def test_skew_and_longest_life_are_settings(domain):
    late = domain.issue(iat=NOW - 100, exp=NOW - 70)
    assert domain.verify(late, config=VerifierConfig(clock_skew_secs=100)).valid
    assert domain.verify(domain.issue(), config=VerifierConfig(max_ttl_secs=3599)).error_code == "CREDENTIAL_EXPIRED"


def test_a_delegation_chain_is_noted(domain):
    result = domain.verify(domain.issue(delegation_chain=[{"domain": "m.com", "role": "maker", "kid": "k"}]))
    assert result.valid
    assert result.delegation_verified is False
    assert result.delegation_chain == [{"domain": "m.com", "role": "maker", "verified": False}]
    assert len(result.warnings) == 1


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
CLAIMS = ["iss", "sub", "iat", "exp", "nbf", "jti", "capabilities", "aud", "constraints", "delegation_chain"]
MEMBERS = ["agentpin_version", "entity", "public_keys", "agents", "max_delegation_depth"]
LISTS = ["revoked_credentials", "revoked_agents", "revoked_keys"]


@pytest.fixture(scope="module")
def issuer() -> Any:
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("agentpin_kit", Path(__file__).with_name("conftest.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Domain()


@settings(max_examples=150, deadline=None)
@given(
    claims=st.dictionaries(st.sampled_from(CLAIMS), ANY_JSON),
    members=st.dictionaries(st.sampled_from(MEMBERS), ANY_JSON),
    lists=st.none() | st.dictionaries(st.sampled_from(LISTS), ANY_JSON),
)
@pytest.mark.promise("AgentPin verification takes all twelve steps, and nothing that strangers write raises")
def test_any_claims_and_documents_are_a_result(issuer, claims, members, lists):
    result = issuer.verify(issuer.issue(**claims), revocation=lists, audience="verifier.com", **members)
    assert result.valid == (result.error_code is None)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}", fullmatch=True))
def test_any_text_is_a_result(issuer, text):
    assert issuer.verify(text).error_code == "ALGORITHM_REJECTED"

"""Verification with documents that are fetched: limits of time, size and place, sync and async alike."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from symbiont import agentpin
from symbiont.agentpin import AgentPinError, KeyPinStore
from symbiont.agentpin.fetching import MAX_BYTES, Reach, afetch_json, fetch_json

DISCOVERY = "https://example.com/.well-known/agent-identity.json"
REVOCATION = "https://example.com/.well-known/agent-identity-revocations.json"


class Web:
    """Addresses and what they answer; remembers what it was asked."""

    def __init__(self, **pages: Any) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        page = self.pages.get(str(request.url), httpx.Response(404))
        if isinstance(page, Exception):
            raise page
        return page if isinstance(page, httpx.Response) else httpx.Response(200, json=page)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.asked]


@pytest.fixture
def web(domain: Any) -> Web:
    web = Web()
    web.pages = {DISCOVERY: domain.document, REVOCATION: agentpin.build_revocation_document("example.com")}
    return web


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, web: Web) -> Callable[..., Any]:
    """Calls either face with the web as its transport."""
    reach = Reach(transport=httpx.MockTransport(web))

    def call(name: str, *args: Any, **options: Any) -> Any:
        options.setdefault("reach", reach)
        if request.param == "sync":
            return getattr(agentpin, name)(*args, **options)
        return asyncio.run(getattr(agentpin, f"a{name}")(*args, **options))

    return call


@pytest.fixture
def credential(domain: Any) -> str:
    return agentpin.issue_credential(
        domain.private, domain.kid, "example.com", domain.agent["agent_id"], None, ["read:data"], None, None, 60
    )


def test_discovery_then_revocation_then_the_steps(ask, web, credential):
    result = ask("verify_credential", credential, KeyPinStore(), "verifier.com")
    assert result.valid, result.error_message
    assert web.urls == [DISCOVERY, REVOCATION]
    assert all(request.headers["accept"] == "application/json" for request in web.asked)


def test_what_is_revoked_online_is_refused(ask, web, domain, credential):
    agentpin.add_revoked_key(web.pages[REVOCATION], domain.kid, "key_compromise")
    assert ask("verify_credential", credential, KeyPinStore(), None).error_code == "KEY_REVOKED"


def test_without_an_endpoint_nothing_more_is_asked(ask, web, credential):
    del web.pages[DISCOVERY]["revocation_endpoint"]
    assert ask("verify_credential", credential, KeyPinStore(), None).valid
    assert web.urls == [DISCOVERY]


@pytest.mark.parametrize(
    "page",
    [
        httpx.Response(404),
        httpx.Response(500),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b'{"entity":"example.com","entity":"example.com"}'),
        httpx.Response(200, content=b'{"a":' + b" " * MAX_BYTES + b"1}"),
        httpx.Response(301, headers={"location": "https://example.com/elsewhere"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        {"agentpin_version": "0.1", "entity": "other.com", "public_keys": [{}], "max_delegation_depth": 0},
        {},
    ],
    ids=range(12),
)
@pytest.mark.parametrize("where", [DISCOVERY, REVOCATION])
def test_documents_that_cannot_be_had_fail_closed_under_one_code(ask, web, credential, where, page):
    if where == REVOCATION and isinstance(page, dict):
        return  # any object is a revocation document, though this one revokes nothing
    web.pages[where] = page
    result = ask("verify_credential", credential, KeyPinStore(), None)
    assert (result.valid, result.error_code) == (False, "DISCOVERY_FETCH_FAILED")


def test_a_credential_that_is_none_asks_nobody(ask, web):
    assert ask("verify_credential", "x.y.z", KeyPinStore(), None).error_code == "ALGORITHM_REJECTED"
    assert web.asked == []


@pytest.mark.parametrize(
    "issuer",
    [
        "localhost",
        "intranet",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0x1",
        "[::1]",
        "[::1]:443",
        "169.254.169.254",
        "example.com@evil.com",
        "user:pw@example.com",
        "example.com/x",
        "example.com?x",
        "example.com#x",
        "exam ple.com",
        "example.com\n",
        "example..com",
        ".com",
        "-",
        "é.com",
        "a" * 64 + ".com",
        "example.com:99999x",
    ],
)
def test_an_issuer_that_is_no_domain_is_not_asked(ask, web, domain, issuer):
    jwt = agentpin.issue_credential(domain.private, domain.kid, issuer, "a", None, [], None, None, 60)
    result = ask("verify_credential", jwt, KeyPinStore(), None)
    assert result.error_code == "DISCOVERY_FETCH_FAILED"
    assert web.asked == []


def test_revocations_may_redirect_over_https_a_few_times(ask, web):
    def moved(target: str) -> httpx.Response:
        return httpx.Response(302, headers={"location": target})

    web.pages |= {REVOCATION: moved("/b?c=d"), "https://example.com/b?c=d": moved("https://cdn.example.net/e")}
    web.pages["https://cdn.example.net/e"] = {"entity": "example.com"}
    assert ask("fetch_revocation_document", REVOCATION) == {"entity": "example.com"}
    for target, reason in (
        ("http://example.com/x", "HTTPS"),
        ("https://127.0.0.1/x", "Not a domain"),
        ("https://[", "not an address"),
        (REVOCATION, "more than 5 redirects"),
    ):
        web.pages[REVOCATION] = moved(target)
        with pytest.raises(AgentPinError, match=reason) as caught:
            ask("fetch_revocation_document", REVOCATION)
        assert caught.value.code == "DISCOVERY_FETCH_FAILED"


def test_discovery_does_not_redirect(ask, web):
    web.pages[DISCOVERY] = httpx.Response(302, headers={"location": DISCOVERY})
    with pytest.raises(AgentPinError, match="redirects are not followed"):
        ask("fetch_discovery_document", "example.com")


def test_discovery_must_be_the_domains_own(ask, web):
    web.pages["https://other.com/.well-known/agent-identity.json"] = web.pages[DISCOVERY]
    with pytest.raises(AgentPinError) as caught:
        ask("fetch_discovery_document", "other.com")
    assert caught.value.code == "DOMAIN_MISMATCH"


@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_server_that_never_answers_costs_no_more_than_the_timeout(face):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/x"
        reach = Reach(timeout=0.3, private=True)
        started = time.monotonic()
        with pytest.raises(AgentPinError) as caught:
            if face == "sync":
                fetch_json(url, reach=reach)
            else:
                asyncio.run(afetch_json(url, reach=reach))
        assert time.monotonic() - started < 2
        assert caught.value.code == "DISCOVERY_FETCH_FAILED"


def test_the_client_forwards(domain, credential):
    client = agentpin.AgentPinClient(None)
    kept = json.loads(json.dumps(domain.document))
    result = client.verify_credential_offline(credential, kept)
    assert result.valid, result.error_message
    assert client.pin_store.get_domain("example.com") is not None
    bundle = client.create_trust_bundle() | {"documents": [kept]}
    assert client.verify_credential_with_bundle(credential, bundle).key_pinning["status"] == "pinned"


@pytest.mark.parametrize("face", ["sync", "async"])
def test_the_clients_ask_the_issuer(web, domain, credential, monkeypatch, face):
    world = Reach(transport=httpx.MockTransport(web))
    for name in ("verify_credential", "averify_credential"):
        monkeypatch.setitem(getattr(agentpin, name).__kwdefaults__, "reach", world)
    client = agentpin.AgentPinClient(None) if face == "sync" else agentpin.AsyncAgentPinClient(None)
    asked = client.verify_credential(credential, "verifier.com")
    result = asked if face == "sync" else asyncio.run(asked)
    assert result.valid, result.error_message
    assert web.urls == [DISCOVERY, REVOCATION]
    assert client.pin_store.get_domain("example.com") is not None

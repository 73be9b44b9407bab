"""Membership: the wire of each call, and errors that say what broke."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from syncropel import ClientMembership, SyncropelMembershipError

OK = httpx.Response(200, json={"ok": True})


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda m: m.issue_invite(), "POST", "/v1/invites", '{"max_uses":1}'),
        (
            lambda m: m.issue_invite(scopes=[], ttl_seconds=0, max_uses=0, membership={"label": "ada"}),
            "POST",
            "/v1/invites",
            '{"max_uses":0,"scopes":[],"ttl_seconds":0,"membership":{"label":"ada"}}',
        ),
        (
            lambda m: m.redeem_invite("inv", holder_pubkey="z6"),
            "POST",
            "/v1/invites/inv/redeem",
            '{"holder_type":"guest","holder_pubkey":"z6"}',
        ),
        (
            lambda m: m.redeem_invite("a/b?c", holder_pubkey="z6", member_label="ada", custody="device"),
            "POST",
            "/v1/invites/a%2Fb%3Fc/redeem",
            '{"holder_type":"guest","holder_pubkey":"z6","member_label":"ada","custody":"device"}',
        ),
        (lambda m: m.list_members(), "GET", "/v1/members", ""),
        (lambda m: m.adopt("bot"), "POST", "/v1/members/adopt", '{"label":"bot"}'),
        (
            lambda m: m.adopt("bot", sa_id="sa", ttl_seconds=1),
            "POST",
            "/v1/members/adopt",
            '{"label":"bot","sa_id":"sa","ttl_seconds":1}',
        ),
        (lambda m: m.revoke_member("ada"), "DELETE", "/v1/members/ada", ""),
        (lambda m: m.revoke_member("ada", note=""), "DELETE", "/v1/members/ada", '{"note":""}'),
        (lambda m: m.mint_agent_grant("ada", aud="did:a"), "POST", "/v1/members/ada/grants", '{"aud":"did:a"}'),
        (
            lambda m: m.mint_agent_grant("ada", aud="d", scopes=["s"], caveats={"budget": 1.5}, ttl_seconds=9),
            "POST",
            "/v1/members/ada/grants",
            '{"aud":"d","scopes":["s"],"caveats":{"budget":1.5},"ttl_seconds":9}',
        ),
        (lambda m: m.revoke_agent_grant("ada", "gr"), "DELETE", "/v1/members/ada/grants/gr", ""),
    ],
)
async def test_what_travels(script: Any, call: Any, method: str, path: str, body: str) -> None:
    kernel = script(OK)
    await call(kernel.client().membership)
    sent = (kernel.last.method, kernel.last.url.raw_path.decode(), kernel.last.content.decode())
    assert sent == (method, path, body)


@pytest.mark.parametrize(
    ("answer", "shaped"),
    [({"a": 1}, {"a": 1}), ([1], {"data": [1]}), (None, {"data": None}), ("x", {"data": "x"})],
)
async def test_answers_are_objects(script: Any, answer: Any, shaped: Any) -> None:
    assert (
        await script(httpx.Response(201, content=json.dumps(answer).encode())).client().membership.adopt("a") == shaped
    )


async def test_an_empty_answer_is_an_empty_object(script: Any) -> None:
    assert await script(httpx.Response(204)).client().membership.revoke_member("ada") == {}


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"data": [{"label": "ada"}]}, [{"label": "ada"}]),
        ([{"label": "ada"}], [{"label": "ada"}]),
        ({"data": None}, []),
        ({}, []),
    ],
)
async def test_the_roster_in_any_form(script: Any, answer: Any, rows: Any) -> None:
    assert await script(httpx.Response(200, json=answer)).client().membership.list_members() == rows


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (httpx.Response(403, json={"code": "c", "error": "e", "message": "m", "detail": "d"}), "c", "m"),
        (httpx.Response(403, json={"error": "e", "detail": "d"}), "e", "d"),
        (httpx.Response(403, json={}), "http_error", "{}"),
        (httpx.Response(403, text="x" * 300), "http_error", "x" * 200),
        (httpx.Response(302, text=""), "http_error", ""),
    ],
)
async def test_errors_in_any_form(script: Any, answer: httpx.Response, code: str, detail: str) -> None:
    kernel = script(answer)
    with pytest.raises(SyncropelMembershipError) as caught:
        await kernel.client().membership.list_members()
    error = caught.value
    assert (error.op, error.status, error.code, error.detail) == ("members.list", answer.status_code, code, detail)
    assert str(error) == f"members.list: {code} ({answer.status_code}): {detail}"
    assert len(kernel.requests) == 1


async def test_a_broken_connection(script: Any) -> None:
    with pytest.raises(SyncropelMembershipError) as caught:
        await script(httpx.ReadError("reset")).client().membership.adopt("ada")
    assert (caught.value.status, caught.value.code, caught.value.detail) == (0, "transport_error", "reset")


async def test_membership_of_an_httpx_client(script: Any) -> None:
    kernel = script(httpx.Response(200, content=json.dumps({"data": []}).encode()))
    async with httpx.AsyncClient(base_url="http://h", transport=httpx.MockTransport(kernel)) as http:
        assert await ClientMembership(http).list_members() == []
    assert str(kernel.last.url) == "http://h/v1/members"


async def test_a_client_has_one_membership(script: Any) -> None:
    client = script(OK).client()
    assert client.membership is client.membership

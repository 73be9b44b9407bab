"""Tokens of one's own, renewed ahead of time."""

from __future__ import annotations

import httpx
import pytest
from wirewright import Client, Content, Operation, Request, TokenAuth
from wirewright.signing import InvalidKeyError, Key, minted, verify_jwt

OPERATION = Operation(
    "get", "GET", "/", codec="msgspec", responses={"200": (Content("application/json", lambda: dict[str, str]),)}
)


def test_tokens_are_made_once_and_again_before_they_end(clock):
    key = Key.generate(kid="mine")
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        verify_jwt(token, key.public(), now=clock.time(), issuer="me", audience="them", required=("exp", "jti"))
        seen.append(token)
        return httpx.Response(200, json={})

    numbers = iter("abc")
    provider = minted(key, {"iss": "me", "aud": "them"}, time=clock.time, token_id=lambda: next(numbers))
    client = Client("http://x", auth=TokenAuth(provider, leeway=30), transport=httpx.MockTransport(answer), clock=clock)
    for passed in (0, 269, 2, 100):
        clock.now += passed
        client.send(Request(OPERATION))
    first, second = sorted(set(seen), key=seen.index)
    assert seen == [first, first, second, second]
    claims = verify_jwt(first, key, now=1_800_000_000, audience="them").claims
    assert claims == {"iss": "me", "aud": "them", "iat": 1_800_000_000, "exp": 1_800_000_300, "jti": "a"}


def test_a_public_key_makes_no_tokens():
    with pytest.raises(InvalidKeyError, match="private"):
        minted(Key.generate().public(), {})

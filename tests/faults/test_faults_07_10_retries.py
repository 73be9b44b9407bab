"""Faults 7 to 10 of the reliability sheet: failing answers, throttling, outages, answers after the effect."""

from __future__ import annotations

import logging
import math
from email.utils import formatdate

import httpx
import pytest
from wirewright import Client, Outcome, RateLimited, RetryPolicy, RetryQuota, ServerError

OK = httpx.Response(200, json={"id": "a"})


def scripted(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that gives these answers in turn (the last for ever), and the requests it saw."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        chosen = answers[min(len(seen), len(answers)) - 1]
        return httpx.Response(chosen.status_code, headers=chosen.headers, content=chosen.content)

    return httpx.MockTransport(answer), seen


# 7. 500, 502, 503, 504 in turn, then 200


def test_07_failures_in_turn_then_success(face, kit, clock, caplog):
    transport, seen = scripted(*[httpx.Response(status) for status in (500, 502, 503, 504)], OK)
    retry = RetryPolicy(attempts=5)
    client = face.client("http://x", transport=transport, clock=clock, retry=retry, random=lambda: 0.5)
    with caplog.at_level(logging.INFO, "wirewright"):
        response = face.run(client.respond(kit.request()))
    assert response.value == kit.Item("a")
    assert response.attempts == 5
    assert clock.slept == [0.05, 0.1, 0.2, 0.4]
    assert [r.headers.get("x-retry-attempt") for r in seen] == [None, "2", "3", "4", "5"]
    assert [f"attempt {n}" in record.message for n, record in zip((2, 3, 4, 5), caplog.records, strict=True)] == [
        True
    ] * 4


@pytest.mark.parametrize("random", [0.0, 0.25, 0.999])
def test_07_pauses_are_full_jitter_below_the_doubling_bound(random):
    policy = RetryPolicy(attempts=20)
    pauses = [policy.pause(n, lambda: random) for n in range(1, 12)]
    assert pauses == [min(20.0, 0.1 * 2 ** (n - 1)) * random for n in range(1, 12)]


# 8. Retry-After in all its forms


@pytest.mark.parametrize(
    ("value", "slept"),
    [
        ("2", [2.0]),
        (formatdate(1_700_000_007, usegmt=True), [7.0]),
        (formatdate(1_600_000_000, usegmt=True), [0.0]),
        ("-5", [0.1]),
        ("nan", [0.1]),
        ("1e3", [0.1]),
        ("inf", [0.1]),
        ("soon", [0.1]),
        ("", [0.1]),
        ("59", [59.0]),
    ],
)
def test_08_retry_after(face, kit, clock, value, slept):
    transport, _ = scripted(httpx.Response(429, headers={"Retry-After": value}), OK)
    client = face.client("http://x", transport=transport, clock=clock, retry=kit.patient)
    assert face.send(client, kit.request()) == kit.Item("a")
    assert clock.slept == slept


def test_08_a_day_fails_now_with_the_value_in_the_error(face, kit, clock):
    transport, seen = scripted(httpx.Response(429, headers={"Retry-After": "86400"}))
    client = face.client("http://x", transport=transport, clock=clock, deadline=None)
    with pytest.raises(RateLimited) as caught:
        face.send(client, kit.request())
    assert caught.value.retry_after == 86400
    assert "86400 s" in str(caught.value)
    assert clock.slept == []
    assert len(seen) == 1


def test_08_a_pause_beyond_the_deadline_is_not_begun(face, kit, clock):
    transport, seen = scripted(httpx.Response(503, headers={"Retry-After": "61"}))
    client = face.client("http://x", transport=transport, clock=clock)
    with pytest.raises(ServerError):
        face.send(client, kit.request())
    assert clock.slept == []
    assert len(seen) == 1


# 9. everything fails for ten minutes


def test_09_an_outage_is_not_made_worse(kit, clock):
    """100 callers, one call a second each: what is sent falls to what is offered, and recovers at once after."""
    sent = {"count": 0, "down": True}

    def answer(request: httpx.Request) -> httpx.Response:
        sent["count"] += 1
        return httpx.Response(503 if sent["down"] else 200, json={"id": "a"})

    client = Client("http://x", transport=httpx.MockTransport(answer), clock=clock, random=lambda: 0.0)
    first_minute = [outage_second(client, sent, kit) for _ in range(60)]
    assert max(first_minute[5:]) <= 110
    assert sum(first_minute) <= 60 * 100 * 1.1
    sent["down"] = False
    outcomes = [client.deliver(kit.request()) for _ in range(100)]
    assert all(outcome.success for outcome in outcomes)


def outage_second(client, sent, kit) -> int:
    before = sent["count"]
    for _ in range(100):
        client.deliver(kit.request())
    return sent["count"] - before


def test_09_the_quota_says_why_there_was_no_retry(face, kit, clock):
    transport, seen = scripted(httpx.Response(500))
    client = face.client("http://x", transport=transport, clock=clock, quota=RetryQuota(13))
    with pytest.raises(ServerError, match="the retry quota is empty"):
        face.send(client, kit.request())
    assert len(seen) == 1


def test_09_jitter_spreads_over_the_whole_interval():
    import random

    source = random.Random(7)
    pauses = [RetryPolicy().pause(3, source.random) for _ in range(10_000)]
    tenths = [sum(n / 10 <= pause / 0.4 < (n + 1) / 10 for pause in pauses) for n in range(10)]
    assert all(900 < count < 1100 for count in tenths)


# 10. a POST that was applied, then answered 500


def test_10_the_same_key_and_bytes_on_every_attempt(face, kit, clock):
    effects: dict[str, bytes] = {}
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        effects.setdefault(request.headers["Idempotency-Key"], request.content)
        bodies.append(request.content)
        return httpx.Response(500) if len(bodies) < 3 else httpx.Response(200, json={"id": "a"})

    client = face.client("http://x", transport=httpx.MockTransport(answer), clock=clock)
    face.send(client, kit.request(kit.keyed_post, body={"n": 1}))
    assert bodies == [b'{"n":1}'] * 3
    assert len(effects) == 1


def test_10_two_calls_have_two_keys(face, kit, clock):
    transport, seen = scripted(OK)
    client = face.client("http://x", transport=transport, clock=clock)
    for _ in range(2):
        face.send(client, kit.request(kit.keyed_post, body={}))
    assert len({r.headers["Idempotency-Key"] for r in seen}) == 2


def test_10_a_post_without_key_is_not_repeated(face, kit, clock):
    transport, seen = scripted(httpx.Response(500))
    client = face.client("http://x", transport=transport, clock=clock)
    outcome: Outcome = face.deliver(client, kit.request(kit.post, body={}))
    assert (outcome.success, outcome.attempts, len(seen)) == (False, 1, 1)


def test_policies_of_sdks_are_exact(face, kit, clock):
    transport, _ = scripted(httpx.Response(503))
    retry = RetryPolicy(attempts=5, base=0.75, cap=math.inf, jitter="none")
    client = face.client("http://x", transport=transport, clock=clock, retry=retry)
    face.deliver(client, kit.request())
    assert clock.slept == [0.75, 1.5, 3.0, 6.0]

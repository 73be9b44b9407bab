"""What `deliver` promises with an outbox of any kind, for both clients."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading

import httpx
import pytest
from wirewright import AsyncClient, Content, Headers, HttpResponse, MemoryOutbox, Operation, Request, RequestError
from wirewright.outbox import json_array
from wirewright.outbox.gate import BACKOFF, Gate, pause

pytestmark = pytest.mark.usefixtures("by_hand")


def numbered(face, client, count, **options):
    return [face.deliver(client, {"n": n}, **options) for n in range(count)]


@pytest.mark.promise("Calls of one key are delivered in the order in which they were stored")
def test_queued_and_delivered_in_order(face, server, make_outbox):
    outbox = make_outbox()
    client = face.client(outbox)
    outcomes = numbered(face, client, 5)
    assert [(o.success, o.queued, o.error) for o in outcomes] == [(False, True, None)] * 5
    assert [o.durable for o in outcomes] == [outbox.durable] * 5
    assert server.seen == []
    while face.round(client):
        pass
    assert server.bodies == [f'{{"n":{n}}}' for n in range(5)]
    stats = outbox.stats()
    assert (stats.total, stats.delivered, stats.queued, stats.dropped) == (5, 5, 0, {})


@pytest.mark.promise("A call is sent at least once, each time with the same idempotency key and the same bytes")
def test_every_delivery_carries_the_same_id(face, server, clock, make_outbox):
    client = face.client(make_outbox())
    face.deliver(client, {"n": 1})
    server.answer = 503
    for _ in range(3):
        face.round(client)
        clock.advance(60)
    server.answer = 200
    face.round(client)
    assert len(server.seen) == 4
    assert len(set(server.seen)) == 1
    assert server.attempts == [None, "2", "3", "4"]


def test_a_key_of_the_caller_is_the_id(face, server, make_outbox):
    client = face.client(make_outbox())
    face.deliver(client, {}, idempotency_key="mine")
    face.round(client)
    assert server.ids == ["mine"]


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (httpx.Response(200), "delivered"),
        (httpx.Response(204), "delivered"),
        (httpx.Response(400), "rejected"),
        (httpx.Response(403), "rejected"),
        (httpx.Response(409), "rejected"),
        (httpx.Response(422), "rejected"),
        (httpx.Response(401), "queued"),
        (httpx.Response(408), "queued"),
        (httpx.Response(409, headers={"retry-after": "1"}), "queued"),
        (httpx.Response(425), "queued"),
        (httpx.Response(429), "queued"),
        (httpx.Response(500), "queued"),
        (httpx.Response(503), "queued"),
        (httpx.Response(500, headers={"x-should-retry": "false"}), "rejected"),
        (httpx.Response(400, headers={"x-should-retry": "true"}), "queued"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.status_code}{'+' * bool(value.headers)}",
)
def test_what_an_answer_means(face, server, durable, answer, fate):
    outbox = durable(send_now=False)
    client = face.client(outbox)
    face.deliver(client, {})
    server.answer = lambda request: answer
    face.round(client)
    stats = outbox.stats()
    assert {"delivered": stats.delivered, "queued": stats.queued, **stats.dropped}[fate] == 1
    assert stats.total == 1


def test_the_server_says_when_to_come_again(face, server, clock, make_outbox):
    outbox = make_outbox()
    client = face.client(outbox)
    face.deliver(client, {})
    server.answer = lambda request: httpx.Response(429, headers={"retry-after": "30"})
    face.round(client)
    for seconds, sent in ((29.9, 1), (0.2, 2)):
        clock.advance(seconds)
        face.round(client)
        assert len(server.seen) == sent


@pytest.mark.promise("A call that fails holds up those of its key, and no others")
def test_a_call_that_fails_holds_up_its_key_alone(face, server, make_outbox):
    client = face.client(make_outbox())
    for n, key in enumerate(["bad", "bad", "good", "good"]):
        face.deliver(client, {"n": n}, ordering_key=key)
    server.answer = lambda request: httpx.Response(500 if json.loads(request.content)["n"] < 2 else 200)
    while face.round(client):
        pass
    assert sorted(server.bodies) == ['{"n":0}', '{"n":2}', '{"n":3}']
    assert [body for body in server.bodies if body != '{"n":0}'] == ['{"n":2}', '{"n":3}']


@pytest.mark.promise("While a server is down an outbox asks it ever more rarely, with one call at a time")
def test_a_server_that_is_down_is_asked_ever_more_rarely(face, server, clock, make_outbox):
    outbox = make_outbox()
    client = face.client(outbox)
    numbered_keys = [face.deliver(client, {"n": n}, ordering_key=f"k{n}") for n in range(50)]
    assert all(outcome.queued for outcome in numbered_keys)
    server.answer = 503
    asked = []
    for _ in range(600):
        before = len(server.seen)
        face.round(client)
        if len(server.seen) > before:
            asked.append((round(clock.now - 1_800_000_000), len(server.seen) - before))
        clock.advance(1)
    assert [count for _, count in asked] == [3, *[1] * (len(asked) - 1)]
    gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(asked)]
    assert gaps[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    server.answer = 200
    clock.advance(60)
    while face.round(client):
        pass
    assert outbox.stats().delivered == 50


def test_pauses_are_never_short_by_luck():
    assert [pause(BACKOFF, n, lambda: 0.0) for n in (1, 2, 3, 10)] == [0.5, 1.0, 2.0, 30.0]
    gate = Gate(BACKOFF, lambda: 1.0)
    for _ in range(2):
        gate.failed(0)
    assert not gate.shut(0)
    gate.failed(0)
    assert (gate.shut(0), gate.narrow(), gate.opens_at) == (True, True, 1.0)
    gate.succeeded()
    assert not gate.narrow()


def test_given_up_after_so_many_attempts(face, server, clock, make_outbox):
    told = []
    outbox = make_outbox(max_attempts=2, on_drop=lambda call, reason: told.append((call.operation, reason)))
    client = face.client(outbox)
    face.deliver(client, {})
    server.answer = 500
    for _ in range(4):
        face.round(client)
        clock.advance(60)
    assert len(server.seen) == 2
    assert outbox.stats().dropped == {"exhausted": 1}
    assert told == [("emit", "exhausted")]


def test_what_is_given_up_is_told(face, server, clock, make_outbox):
    told = []

    def fail(call, reason):
        told.append(reason)
        raise RuntimeError("a bug in the app")

    outbox = make_outbox(max_count=1, max_age=100, on_drop=fail)
    client = face.client(outbox)
    face.deliver(client, {})
    refused = face.deliver(client, {})
    assert (refused.success, refused.queued, refused.error.reason) == (False, False, "outbox")
    assert "full" in str(refused.error)
    clock.advance(100)
    face.round(client)
    assert told == ["full", "expired"]
    assert outbox.stats().dropped == {"full": 1, "expired": 1}


def test_two_servers_share_an_outbox_and_get_their_own(face, server, make_outbox):
    outbox = make_outbox()
    one, two = face.client(outbox, "http://one"), face.client(outbox, "http://two/v2")
    for client in (one, two):
        face.deliver(client, {"for": client.base_url})
    server.answer = lambda request: httpx.Response(200 if request.url.host in request.content.decode() else 400)
    face.round(one)
    face.round(two)
    assert outbox.stats().delivered == 2
    assert [path for _, _, path in server.seen] == ["/v1/records", "/v2/v1/records"]


def test_an_operation_with_a_server_of_its_own_is_sent_there(face, make_outbox, server):
    hosts = []
    server.answer = lambda request: (hosts.append(request.url.host), httpx.Response(200))[1]
    client = face.client(make_outbox())
    elsewhere = Operation("e", "POST", "/p", codec="msgspec", responses={"2XX": ()}, server="http://elsewhere/b")
    face.run(client.deliver(Request(elsewhere, body={})))
    face.round(client)
    assert hosts == ["elsewhere"]
    assert server.seen[0][2] == "/b/p"


def test_a_call_that_cannot_be_kept_is_the_callers_to_mend(face, make_outbox):
    client = face.client(make_outbox())
    upload = Operation("upload", "PUT", "/f", codec="msgspec", request=(Content("application/octet-stream"),))
    with pytest.raises(RequestError, match="stream"):
        face.run(client.deliver(Request(upload, body=iter([b"a"]))))


def test_a_closed_outbox_refuses(face, make_outbox):
    outbox = make_outbox()
    client = face.client(outbox)
    outbox.close()
    outcome = face.deliver(client, {})
    assert (outcome.queued, "closed" in str(outcome.error)) == (False, True)


# Tried at once --------------------------------------------------------------------------------------------------------


def test_tried_at_once_when_nothing_waits(face, server, durable):
    outbox = durable()
    client = face.client(outbox)
    outcome = face.deliver(client, {})
    assert (outcome.success, outcome.queued) == (True, False)
    assert outbox.stats().delivered == 1


def test_after_a_failure_what_follows_waits_its_turn(face, server, clock, durable):
    client = face.client(durable())
    server.answer = 503
    first, second = face.deliver(client, {"n": 1}), face.deliver(client, {"n": 2})
    assert (first.queued, first.durable, first.attempts, str(first.error)) == (True, True, 1, "emit was answered 503")
    assert (second.queued, second.durable, second.attempts) == (True, True, 0)
    server.answer = 200
    clock.advance(60)
    face.round(client)
    assert server.bodies == ['{"n":1}', '{"n":1}', '{"n":2}']


def test_a_down_server_is_not_tried_by_every_caller(face, server, durable):
    client = face.client(durable())
    server.answer = 503
    for n in range(10):
        face.deliver(client, {}, ordering_key=f"k{n}")
    assert len(server.seen) == 3


def test_a_try_ends_before_its_lease(face, server, durable):
    budgets = []

    class Transport:
        def send(self, request):
            budgets.append(request.budget)
            return HttpResponse(200, Headers())

        def close(self):
            pass

    class AsyncTransport(Transport):
        async def send(self, request):
            return Transport.send(self, request)

        async def aclose(self):
            pass

    transport = AsyncTransport() if face.kind == "async" else Transport()
    client = face.client(durable(lease=20.0), transport=transport, deadline=None)
    face.deliver(client, {})
    assert budgets == [pytest.approx(15.0, abs=0.1)]


async def test_a_cancelled_caller_leaves_the_call_to_the_outbox(emit, durable):
    outbox, sending = durable(), asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            sending.set()
            await asyncio.Event().wait()

    async with AsyncClient("http://x", transport=Slow(), outbox=outbox) as client:
        task = asyncio.create_task(client.deliver(Request(emit, body={})))
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert outbox.stats().queued == 1
        assert len(outbox.claim("http://x")) == 1


# Batches --------------------------------------------------------------------------------------------------------------


def combined(**options):
    return MemoryOutbox(combine=json_array("/v1/batch", member="records"), random=lambda: 1.0, **options)


def test_neighbours_become_one_call(face, server, clock):
    outbox = combined(clock=clock, batch=3)
    client = face.client(outbox)
    numbered(face, client, 5)
    while face.round(client):
        pass
    assert server.bodies == ['{"records":[{"n":0},{"n":1},{"n":2}]}', '{"records":[{"n":3},{"n":4}]}']
    assert [path for _, _, path in server.seen] == ["/api/v1/batch"] * 2
    assert len(set(server.ids)) == 2
    assert outbox.stats().delivered == 5


@pytest.mark.promise("A batch that failed is repeated as it was, with the same id")
def test_a_batch_that_failed_is_repeated_as_it_was(face, server, clock):
    outbox = combined(clock=clock, batch=2)
    client = face.client(outbox)
    numbered(face, client, 3)
    server.answer = 503
    face.round(client)
    numbered(face, client, 1)
    server.answer = 200
    clock.advance(60)
    while face.round(client):
        pass
    assert server.seen[0] == server.seen[1]
    assert [len(json.loads(body)["records"]) for body in server.bodies] == [2, 2, 2]
    stats = outbox.stats()
    assert (stats.total, stats.delivered, stats.queued) == (4, 4, 0)


def test_a_batch_that_is_refused_is_counted_by_its_calls(face, server, clock):
    outbox = combined(clock=clock)
    client = face.client(outbox)
    numbered(face, client, 3)
    server.answer = 400
    face.round(client)
    assert outbox.stats().dropped == {"rejected": 3}


# Threads --------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("total = delivered + queued + dropped, at all times")
def test_the_sum_holds_at_all_times(face, server, make_outbox):
    outbox = make_outbox(max_count=20)
    client = face.client(outbox)
    sums, over = [], threading.Event()

    def watch():
        while not over.is_set():
            stats = outbox.stats()
            sums.append(stats.total - stats.delivered - stats.queued - sum(stats.dropped.values()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    server.answer = lambda request: httpx.Response(400 if json.loads(request.content)["n"] % 3 else 200)
    for _ in range(5):
        numbered(face, client, 30)
        while face.round(client):
            pass
    over.set()
    watcher.join()
    assert set(sums) == {0}
    stats = outbox.stats()
    assert (stats.total, stats.queued) == (150, 0)
    assert stats.dropped["full"] == 50


def test_calls_stored_at_once_share_a_commit_and_none_is_lost(durable, call):
    outbox = durable(send_now=False)

    def store(worker):
        for n in range(25):
            receipt = outbox.store(call(f"{worker}-{n}", key=str(worker)))
            assert (receipt.kept, receipt.durable) == (True, True)

    threads = [threading.Thread(target=store, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.stats().queued == 200
    by_worker = {}
    for lease in outbox.claim("http://x/api") or []:
        by_worker.setdefault(lease.call.key, []).append(int(lease.call.id.split("-")[1]))
    assert all(numbers == sorted(numbers) for numbers in by_worker.values())

"""What every store promises, be it a file, a Redis server or memory: order by key, leases, bounds, counts."""

from __future__ import annotations

import pytest

CHANNEL = "http://x/api"
NOW = 1_800_000_000.0


def ids(claimed):
    return [lease.call.id for lease in claimed.leases]


def put(store, *calls, now=NOW):
    return [store.add(call, CHANNEL, now, lease=False) for call in calls]


def test_what_was_added_is_claimed_in_order(make_store, call):
    store = make_store()
    put(store, call("a"), call("b"), call("c"))
    assert ids(store.claim(CHANNEL, NOW, 10)) == ["a", "b", "c"]


def test_it_comes_out_as_it_went_in(make_store, call):
    store = make_store()
    kept = call("a", content=b"\x00\xff{}", headers={"x": "1"}, server="http://y")
    put(store, kept)
    assert store.claim(CHANNEL, NOW, 10).leases[0].call == kept


def test_a_leased_call_is_not_handed_out_again_nor_those_behind_it(make_store, call):
    store, other = make_store(), make_store()
    put(store, call("a1", "a"), call("a2", "a"), call("b1", "b!"))
    first = store.claim(CHANNEL, NOW, 1)
    assert len(first.leases) == 1
    rest = [lease.call.key for lease in other.claim(CHANNEL, NOW, 10).leases]
    assert first.leases[0].call.key not in rest


def test_a_batch_holds_several_calls_of_one_key_in_order(make_store, call):
    store = make_store()
    put(store, *[call(f"a{n}", "a") for n in range(10)])
    leases = store.claim(CHANNEL, NOW, 4).leases
    assert [lease.call.id for lease in leases] == ["a0", "a1", "a2", "a3"]
    for lease in leases:
        store.finish(lease, None)
    assert ids(store.claim(CHANNEL, NOW, 4)) == ["a4", "a5", "a6", "a7"]


def test_a_finished_call_is_gone_and_counted(make_store, call):
    store = make_store()
    put(store, call("a"), call("b"))
    one, two = store.claim(CHANNEL, NOW, 10).leases
    store.finish(one, None)
    store.finish(two, "rejected")
    store.finish(two, "rejected")
    stats = store.stats()
    assert (stats.total, stats.delivered, stats.queued, stats.dropped, stats.bytes) == (2, 1, 0, {"rejected": 1}, 0)
    assert not store.claim(CHANNEL, NOW, 10).leases


def test_what_is_put_back_comes_again_when_it_is_due_with_its_attempts_counted(make_store, call):
    store = make_store()
    put(store, call("a"), call("b"))
    leases = store.claim(CHANNEL, NOW, 10).leases
    store.put_back(leases[:1], NOW + 5, attempted=True)
    store.put_back(leases[1:], 0.0, attempted=False)
    assert ids(store.claim(CHANNEL, NOW + 4.9, 10)) == []
    assert store.due_at(CHANNEL, NOW) == pytest.approx(NOW + 5)
    again = store.claim(CHANNEL, NOW + 5.1, 10)
    assert [(lease.call.id, lease.attempts) for lease in again.leases] == [("a", 1), ("b", 0)]


def test_one_key_that_waits_holds_up_no_other(make_store, call):
    store = make_store()
    put(store, call("a", "a"), call("b", "b"))
    leases = store.claim(CHANNEL, NOW, 10).leases
    store.put_back([lease for lease in leases if lease.call.id == "a"], NOW + 60, attempted=True)
    store.put_back([lease for lease in leases if lease.call.id == "b"], 0.0, attempted=False)
    assert ids(store.claim(CHANNEL, NOW, 10)) == ["b"]


def test_hurry_makes_everything_due(make_store, call):
    store = make_store()
    put(store, call("a"))
    store.put_back(store.claim(CHANNEL, NOW, 1).leases, NOW + 60, attempted=True)
    store.hurry(CHANNEL, NOW)
    assert ids(store.claim(CHANNEL, NOW, 1)) == ["a"]


def test_an_id_that_is_kept_is_not_kept_twice(make_store, call):
    store = make_store()
    put(store, call("a"), call("a"))
    assert store.stats().total == store.stats().queued == 1


def test_channels_are_apart(make_store, call):
    store = make_store()
    put(store, call("a"))
    store.add(call("b"), "http://other", NOW, lease=False)
    assert ids(store.claim("http://other", NOW, 10)) == ["b"]
    assert ids(store.claim(CHANNEL, NOW, 10)) == ["a"]


@pytest.mark.promise("A full outbox refuses what comes, or gives up the oldest, as it was told; and counts it")
def test_full_of_calls(make_store, call):
    store = make_store(count=2)
    results = put(store, call("a"), call("b"), call("c"))
    assert [added.kept for added in results] == [True, True, False]
    assert [(c.id, reason) for c, reason in results[2].dropped] == [("c", "full")]
    stats = store.stats()
    assert (stats.total, stats.queued, stats.dropped) == (3, 2, {"full": 1})


@pytest.mark.promise("A full outbox refuses what comes, or gives up the oldest, as it was told; and counts it")
def test_full_of_bytes_the_oldest_goes(make_store, call):
    size = call("a", content=b"x" * 100).size
    store = make_store(bytes=2 * size, drop="oldest")
    results = put(store, *[call(id, content=b"x" * 100) for id in ("a", "b", "c")])
    assert all(added.kept for added in results)
    assert [(c.id, reason) for c, reason in results[2].dropped] == [("a", "full")]
    stats = store.stats()
    assert (stats.total, stats.queued, stats.bytes, stats.dropped) == (3, 2, 2 * size, {"full": 1})
    assert ids(store.claim(CHANNEL, NOW, 10)) == ["b", "c"]


def test_what_is_being_sent_does_not_go_for_something_newer(make_store, call):
    store = make_store(count=1, drop="oldest")
    put(store, call("a"))
    store.claim(CHANNEL, NOW, 1)
    assert [added.kept for added in put(store, call("b", "other"))] == [False]


def test_larger_than_the_whole_room(make_store, call):
    store = make_store(bytes=1000)
    [added] = put(store, call("a", content=b"x" * 1001))
    assert (added.kept, added.dropped[0][1]) == (False, "too_large")


@pytest.mark.promise("What is older than its time is given up, and counted")
def test_too_old(make_store, call):
    store = make_store(age=100)
    put(store, call("a", "a"), now=NOW)
    put(store, call("b", "b"), now=NOW + 50)
    claimed = store.claim(CHANNEL, NOW + 100, 10)
    assert ids(claimed) == ["b"]
    assert [(c.id, reason) for c, reason in claimed.dropped] == [("a", "expired")]
    assert store.stats().dropped == {"expired": 1}


def test_a_mark_tells_what_was_there_from_what_came_later(make_store, call):
    store = make_store()
    put(store, call("a"))
    mark = store.mark(CHANNEL)
    put(store, call("b"))
    assert store.waiting(CHANNEL, mark)
    store.finish(store.claim(CHANNEL, NOW, 1).leases[0], None)
    assert not store.waiting(CHANNEL, mark)
    assert store.waiting(CHANNEL, store.mark(CHANNEL))


def test_what_there_is_to_do_and_when(make_store, call):
    store = make_store()
    assert store.due_at(CHANNEL, NOW) is None
    assert not store.holds(CHANNEL, "k")
    put(store, call("a"))
    due = store.due_at(CHANNEL, NOW)
    assert due is not None
    assert due <= NOW
    assert store.holds(CHANNEL, "k")


def test_renewed_while_it_is_ours(make_store, call):
    store = make_store()
    put(store, call("a"))
    [lease] = store.claim(CHANNEL, NOW, 1).leases
    assert store.renew(lease, NOW + 30)
    store.put_back([lease], 0.0, attempted=False)
    assert not store.renew(lease, NOW + 30)

"""Fault 9 as a simulation: hundreds of callers, an outage of ten minutes, one clock, no luck that is not seeded.

The callers' flows are the real ones. A loop of events plays the network and the clock: it performs each step that a
flow yields at its time, so ten minutes take a second or two.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter

import pytest
from wirewright import Breaker, Content, Headers, HttpResponse, Operation, PerHost, Request, RetryPolicy, RetryQuota
from wirewright.delivery import deliver
from wirewright.hooks import HookSet
from wirewright.messages import Timeout
from wirewright.settings import Settings
from wirewright.steps import Send, Sleep

GET = Operation("get", "GET", "/item", codec="msgspec", responses={"200": (Content("application/json", lambda: dict),)})
DOWN_AT, UP_AT, END = 60.0, 660.0, 900.0


class Simulation:
    """`callers` offer one call a second each, at a phase of their own; the server is down from 60 s to 660 s."""

    def __init__(self, callers: int = 100, seed: int = 1, *, clients: int = 1, round_trip: float = 0.01, **guards):
        self.now = 0.0
        self.random = random.Random(seed)
        self.sent: Counter[int] = Counter()  # requests by tenth of a second
        self.offered: Counter[int] = Counter()
        self.failed_after_recovery: list[float] = []
        self._round_trip = round_trip
        self._events: list = []
        self._order = itertools.count()
        self._settings = [self._client(**guards) for _ in range(clients)]
        for n in range(callers):
            self._at(self.random.random(), self._call, self._settings[n % clients])

    def _client(self, **guards):
        return Settings(
            "http://x", auth=None, retry=RetryPolicy(), timeout=Timeout(), deadline=60.0, headers={}, hooks=HookSet(),
            clock=self, random=self.random.random, **{name: make() for name, make in guards.items()},
        )  # fmt: skip

    # the clock that flows see
    def monotonic(self):
        return self.now

    time = monotonic

    def _at(self, moment, do, *args):
        heapq.heappush(self._events, (moment, next(self._order), do, args))

    def run(self):
        while self._events and self._events[0][0] < END:
            self.now, _, do, args = heapq.heappop(self._events)
            do(*args)
        return self

    def _call(self, settings):
        self._at(self.now + 1.0, self._call, settings)
        self.offered[int(self.now * 10)] += 1
        self._step(deliver(settings, Request(GET)), None)

    def _step(self, flow, answer):
        try:
            step = flow.send(answer)
        except StopIteration as end:
            if not end.value.success and self.now > UP_AT:
                self.failed_after_recovery.append(self.now)
            return
        if isinstance(step, Send):
            self.sent[int(self.now * 10)] += 1
            down = DOWN_AT <= self.now < UP_AT
            response = HttpResponse(503 if down else 200, Headers({"content-type": "application/json"}), b"{}")
            self._at(self.now + self._round_trip, self._step, flow, response)
        else:
            assert isinstance(step, Sleep)
            self._at(self.now + step.seconds, self._step, flow, None)

    def rate(self, start, end):
        """Requests per second that were sent."""
        return sum(self.sent[tenth] for tenth in range(int(start * 10), int(end * 10))) / (end - start)

    def peak(self, start, end):
        """The most requests in any tenth of a second."""
        return max(self.sent[tenth] for tenth in range(int(start * 10), int(end * 10)))


SEEDS = [1]


@pytest.mark.promise("Under a long outage at most 1.1 times the offered load is sent")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("clients", [1, 10], ids=["one client", "ten clients that share"])
def test_09_the_retry_quota_alone_bounds_what_is_sent(seed, clients):
    shared = RetryQuota()
    simulation = Simulation(seed=seed, clients=clients, quota=lambda: shared).run()
    assert simulation.rate(30, DOWN_AT) == pytest.approx(100, rel=0.02)
    assert simulation.rate(DOWN_AT, UP_AT) <= 110
    for minute in range(1, 11):
        assert simulation.rate(60 * minute, 60 * minute + 60) <= 110
    worst_second = max(simulation.rate(second, second + 1) for second in range(int(DOWN_AT) + 3, int(UP_AT)))
    assert worst_second <= 110


@pytest.mark.promise("Under a long outage there are no synchronised peaks")
@pytest.mark.parametrize("seed", SEEDS)
def test_09_there_are_no_synchronised_peaks(seed):
    """What is sent in a tenth of a second is what callers offered in it: their phases, and nothing on top."""
    simulation = Simulation(seed=seed).run()
    usual = simulation.peak(30, DOWN_AT)
    assert simulation.peak(DOWN_AT + 3, UP_AT) <= usual * 1.1
    assert simulation.peak(UP_AT, END) <= usual * 1.1


@pytest.mark.promise("After an outage everything succeeds again within one window of the breaker")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("clients", [1, 10], ids=["one client", "ten clients that share"])
def test_09_a_breaker_keeps_load_away_and_recovers_within_one_window(seed, clients):
    breakers, quotas = PerHost(Breaker), PerHost(RetryQuota)
    simulation = Simulation(seed=seed, clients=clients, breaker=lambda: breakers, quota=lambda: quotas).run()
    assert breakers.of("http://x").state == "closed"
    assert simulation.rate(DOWN_AT + 10, UP_AT) < 5  # of 100 that are offered
    window = 60 * 1.1
    assert max(simulation.failed_after_recovery, default=0.0) <= UP_AT + window
    assert simulation.rate(UP_AT + window + 1, END) == pytest.approx(100, rel=0.02)


@pytest.mark.promise("Processes with breakers of their own do not come back all at once")
def test_09_fifty_processes_do_not_come_back_at_once():
    """Each with its own breaker and quota; a probe is a call that is offered anyway, so the load never exceeds that."""
    simulation = Simulation(200, clients=50, breaker=lambda: Breaker(window=20, minimum=20), quota=RetryQuota).run()
    probes = [simulation.rate(second, second + 1) for second in range(int(DOWN_AT) + 30, int(UP_AT))]
    assert max(probes) <= 200 * 1.1
    first_round = [
        second for second in range(int(DOWN_AT) + 30, int(DOWN_AT) + 80) if simulation.rate(second, second + 1) > 0
    ]
    assert first_round[-1] - first_round[0] >= 5
    assert simulation.peak(UP_AT, END) <= simulation.peak(30, DOWN_AT) * 1.1


def test_09_operations_with_a_server_of_their_own_count_for_that_server():
    breakers = PerHost(lambda: Breaker(minimum=1, window=1))
    settings = Simulation(0, breaker=lambda: breakers)._settings[0]
    elsewhere = Operation("e", "GET", "/e", codec="msgspec", server="http://y/v1", responses={"200": ()})
    flow = deliver(settings, Request(elsewhere).with_options(retry=None))
    flow.send(None)
    with pytest.raises(StopIteration):
        flow.send(HttpResponse(503, Headers(), b""))
    assert (breakers.of("http://y").state, breakers.of("http://x").state) == ("open", "closed")

"""The session under any order of events: hypothesis plays gateway, network, handlers and clock."""

from __future__ import annotations

from holokai_neuron_sdk._session.machine import Session
from holokai_neuron_sdk._session.outputs import Delivery, Output, Send, StartHandler, StopHandler
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import Lease, Link, Phase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from .conftest import MOMENT, ack, cancel_frame, capability, lease_frame, nack


class SessionMachine(RuleBasedStateMachine):
    """Every lease is answered once or left to expire, and nothing is left over at the end."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.session = Session("n-1", pace=Pace(jitter=lambda: 0.0), utcnow=lambda: MOMENT)
        self.concurrency = 2
        self.session.offer(capability(2), 0.0)
        self.running: dict[str, bool] = {}  # lease id -> told to stop
        self.outstanding: list[Send] = []
        self.reports: dict[str, object] = {}
        self.settled: set[str] = set()
        self.started: set[str] = set()
        self.cancelled_unstarted: set[str] = set()
        self.deadlines: dict[str, float] = {}
        self.count = 0

    def perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case StartHandler():
                    self.start(output.lease.lease_id)
                case StopHandler():
                    assert self.running[output.lease_id] is False, "stopped twice"
                    self.running[output.lease_id] = True
                case Send():
                    self.send(output)
                case _:
                    pass

    def start(self, lease_id: str) -> None:
        assert lease_id not in self.started, "started twice"
        assert lease_id not in self.cancelled_unstarted, "started after its cancel"
        assert self.session.phase is Phase.SERVING
        assert self.now < self.deadlines[lease_id], "started after its deadline"
        assert len(self.running) < self.concurrency, "more than its concurrency"
        self.started.add(lease_id)
        self.running[lease_id] = False

    def send(self, send: Send) -> None:
        if send.lease_id is not None:
            assert send.lease_id not in self.settled, "reported again after the gateway's answer"
            assert send.lease_id not in {other.lease_id for other in self.outstanding}, "two reports at once"
            assert self.reports.setdefault(send.lease_id, send.frame) is send.frame, "two different reports"
        self.outstanding.append(send)

    @rule(target=leases, lifetime=st.sampled_from([0.0, 1.0, 5.0, 30.0, 600.0]), known=st.booleans())
    def lease(self, lifetime: float, known: bool) -> str:
        self.count += 1
        lease_id = f"l-{self.count}"
        self.deadlines[lease_id] = self.now + lifetime
        name = "acme/echo" if known else "acme/unknown"
        self.perform(self.session.received(lease_frame(lease_id, seconds=lifetime, capability=name), self.now))
        return lease_id

    @rule(lease_id=leases)
    def lease_again(self, lease_id: str) -> None:
        if self.session.state_of(lease_id) is not Lease.ENDED:
            self.perform(self.session.received(lease_frame(lease_id), self.now))

    @rule(lease_id=leases, times=st.integers(1, 3))
    def cancel(self, lease_id: str, times: int) -> None:
        if self.session.state_of(lease_id) is Lease.QUEUED:
            self.cancelled_unstarted.add(lease_id)
        for _ in range(times):
            self.perform(self.session.received(cancel_frame(lease_id), self.now))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), success=st.booleans())
    def handler_ends(self, data: st.DataObject, success: bool) -> None:
        lease_id = data.draw(st.sampled_from(sorted(self.running)))
        del self.running[lease_id]
        self.perform(self.session.finished(lease_id, ack(lease_id) if success else nack(lease_id), self.now))

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data(), delivery=st.sampled_from(Delivery))
    def post_ends(self, data: st.DataObject, delivery: Delivery) -> None:
        self.answer(data.draw(st.sampled_from(self.outstanding)), delivery)

    def answer(self, send: Send, delivery: Delivery) -> None:
        self.outstanding.remove(send)
        if send.lease_id is not None and delivery is not Delivery.FAILED:
            self.settled.add(send.lease_id)
        self.perform(self.session.sent(send, delivery, self.now))

    @rule(seconds=st.sampled_from([0.1, 1.0, 7.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while self.session.next_timer <= end:
            self.now = max(self.now, self.session.next_timer)
            self.perform(self.session.timer(self.now))
            assert self.session.next_timer > self.now, "the timer does not move on"
        self.now = end

    @rule()
    def stream_opens(self) -> None:
        self.perform(self.session.opened(self.now))

    @rule()
    def stream_ends(self) -> None:
        self.perform(self.session.closed(self.now))

    @rule(concurrency=st.integers(1, 4))
    def concurrency_changes(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.perform(self.session.offer(capability(concurrency), self.now))

    @rule(at_once=st.booleans())
    @precondition(lambda self: self.count > 8)
    def stop(self, at_once: bool) -> None:
        self.perform(self.session.abort(self.now) if at_once else self.session.drain())

    @invariant()
    def heartbeats_are_never_dead(self) -> None:
        if self.session.link is Link.REGISTERED:
            assert self.session.next_timer <= self.now + 10.0

    @invariant()
    def what_runs_here_is_what_the_session_says(self) -> None:
        for lease_id, stopping in self.running.items():
            assert self.session.state_of(lease_id) is (Lease.STOPPING if stopping else Lease.RUNNING)

    def teardown(self) -> None:
        """When handlers end, the network heals and time goes on, nothing is left."""
        for _ in range(10_000):
            if self.session.idle:
                break
            if self.running:
                lease_id = next(iter(self.running))
                del self.running[lease_id]
                self.perform(self.session.finished(lease_id, ack(lease_id), self.now))
            elif self.outstanding:
                self.answer(self.outstanding[0], Delivery.TAKEN)
            else:
                self.now = max(self.now, self.session.next_timer)
                self.perform(self.session.timer(self.now))
        assert self.session.idle
        for lease_id in self.started:
            assert lease_id in self.reports, "a handler ran and the gateway was never told"


SessionMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestSession = SessionMachine.TestCase

"""What the session does, one situation at a time. Times are seconds on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from holokai_neuron_sdk._session.machine import Session
from holokai_neuron_sdk._session.outputs import Delivery
from holokai_neuron_sdk._session.table import Lease, Link, Phase

from .conftest import ack, cancel_frame, capability, lease_frame, nack, notes, sends, told

NewSession = Callable[..., Session]
NOT_STARTED = "retryable: lease cancelled before start"


def registered(session: Session, now: float = 0.0) -> Session:
    (register,) = sends(session.opened(now))
    session.sent(register, Delivery.TAKEN, now)
    return session


class TestRegistration:
    def test_each_stream_starts_with_a_register(self, new_session: NewSession) -> None:
        session = new_session()
        for _ in range(3):
            assert told(session.opened(0.0)) == ["register"]
            session.closed(0.0)

    def test_the_register_carries_every_capability_as_it_is_now_in_the_order_of_registration(
        self, new_session: NewSession
    ) -> None:
        session = new_session(concurrency=1)
        session.offer(capability(2, "acme/other"), 0.0)
        session.offer(capability(5), 0.0)
        (register,) = sends(session.opened(0.0))
        offered = [(c.type, c.concurrency) for c in register.frame.capabilities]  # type: ignore[union-attr]
        assert offered == [("acme/echo", 5), ("acme/other", 2)]

    def test_a_register_that_came_to_nothing_is_repeated_ever_more_slowly_on_the_same_stream(
        self, new_session: NewSession
    ) -> None:
        session = new_session()
        now, pauses = 0.0, []
        (register,) = sends(session.opened(now))
        for _ in range(9):
            session.sent(register, Delivery.FAILED, now)
            assert session.link is Link.WAITING
            pauses.append(session.next_timer - now)
            now = session.next_timer
            (register,) = sends(session.timer(now))
        assert pauses == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
        session.sent(register, Delivery.TAKEN, now)
        assert session.link is Link.REGISTERED

    def test_a_refused_register_waits_for_the_next_stream(self, new_session: NewSession) -> None:
        session = new_session()
        (register,) = sends(session.opened(0.0))
        assert "refused" in notes(session.sent(register, Delivery.REFUSED, 0.0))[0]
        assert session.next_timer == float("inf")
        session.closed(1.0)
        assert told(session.opened(2.0)) == ["register"]

    def test_the_answer_to_a_register_of_an_older_stream_says_nothing(self, new_session: NewSession) -> None:
        session = new_session()
        (old,) = sends(session.opened(0.0))
        session.closed(1.0)
        session.opened(2.0)
        session.sent(old, Delivery.TAKEN, 3.0)
        assert session.link is Link.REGISTERING

    def test_what_changes_while_the_register_is_under_way_is_told_after_it(self, new_session: NewSession) -> None:
        session = new_session()
        (register,) = sends(session.opened(0.0))
        session.offer(capability(9), 0.1)
        (update,) = sends(session.sent(register, Delivery.TAKEN, 0.2))
        assert update.frame.type == "update-capability"
        assert update.frame.capability.concurrency == 9  # type: ignore[union-attr]

    def test_an_id_that_cannot_be_registered_is_logged_and_leases_still_run(self) -> None:
        session = Session("")
        session.offer(capability(), 0.0)
        assert "cannot register" in notes(session.opened(0.0))[0]
        assert told(session.received(lease_frame(), 0.0)) == ["start l-1"]

    def test_leases_are_taken_before_the_gateway_has_confirmed_anything(self, new_session: NewSession) -> None:
        session = new_session()
        session.opened(0.0)
        assert told(session.received(lease_frame(), 0.0)) == ["start l-1"]


class TestHeartbeats:
    def test_the_first_comes_an_interval_after_the_register_was_taken(self, new_session: NewSession) -> None:
        session = new_session()
        (register,) = sends(session.opened(0.0))
        assert session.next_timer == float("inf")
        session.sent(register, Delivery.TAKEN, 3.0)
        assert session.next_timer == 13.0
        assert told(session.timer(13.0)) == ["heartbeat"]
        assert session.next_timer == 23.0

    @pytest.mark.parametrize("delivery", Delivery)
    def test_they_go_on_whatever_becomes_of_one(self, new_session: NewSession, delivery: Delivery) -> None:
        session = registered(new_session())
        for beat in range(1, 5):
            (heartbeat,) = sends(session.timer(10.0 * beat))
            session.sent(heartbeat, delivery, 10.0 * beat + 1)
            assert session.next_timer == 10.0 * (beat + 1)

    def test_they_start_again_after_a_reconnect_even_if_one_was_under_way(self, new_session: NewSession) -> None:
        session = registered(new_session())
        (under_way,) = sends(session.timer(10.0))
        session.closed(10.1)
        registered(session, 10.6)
        session.sent(under_way, Delivery.FAILED, 11.0)
        assert told(session.timer(20.6)) == ["heartbeat"]

    def test_there_are_none_while_there_is_no_stream(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.closed(1.0)
        assert session.next_timer == float("inf")

    def test_one_that_hangs_does_not_pile_up_and_does_not_stop_the_others(self, new_session: NewSession) -> None:
        session = registered(new_session(heartbeat=1.0))
        assert told(session.timer(1.0)) == ["heartbeat"]
        beats = [told(session.timer(float(second))) for second in range(2, 8)]
        assert beats == [[], [], [], [], ["heartbeat"], []]

    def test_they_list_what_runs_or_is_being_reported_but_not_what_is_queued(self, new_session: NewSession) -> None:
        session = registered(new_session(concurrency=2))
        for name in ("a", "b", "c"):
            session.received(lease_frame(name), 0.0)
        session.finished("a", ack("a"), 1.0)
        assert told(session.timer(10.0)) == ["heartbeat a b"]

    def test_they_go_on_through_the_drain(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        session.drain()
        assert told(session.timer(10.0)) == ["heartbeat l-1"]

    def test_a_lease_that_lives_shorter_than_two_intervals_is_renewed_in_time(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(seconds=2.0), 5.0)
        assert session.next_timer == 6.0
        now, beats = 5.0, 0
        while now < 60.0:
            now = session.next_timer
            for send in sends(session.timer(now)):
                session.sent(send, Delivery.TAKEN, now)
                beats += 1
        assert session.state_of("l-1") is Lease.RUNNING
        assert beats == pytest.approx(55, abs=3)


class TestDispatch:
    def test_a_lane_runs_as_many_as_its_concurrency_and_queues_the_others_in_order(
        self, new_session: NewSession
    ) -> None:
        session = registered(new_session(concurrency=2))
        started = [told(session.received(lease_frame(name), 0.0)) for name in "abcd"]
        assert started == [["start a"], ["start b"], [], []]

    def test_the_slot_is_free_when_the_first_try_of_the_report_is_over(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame("a"), 0.0)
        session.received(lease_frame("b"), 0.0)
        (report,) = sends(session.finished("a", ack("a"), 1.0))
        assert session.state_of("b") is Lease.QUEUED
        assert told(session.sent(report, Delivery.FAILED, 2.0)) == ["start b"]

    def test_lanes_do_not_wait_for_each_other(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.offer(capability(1, "acme/other"), 0.0)
        session.received(lease_frame("a"), 0.0)
        assert told(session.received(lease_frame("b", capability="acme/other"), 0.0)) == ["start b"]

    def test_more_concurrency_starts_queued_leases_at_once_and_less_never_adds_to_the_old(
        self, new_session: NewSession
    ) -> None:
        session = registered(new_session(concurrency=1))
        for name in "abcde":
            session.received(lease_frame(name), 0.0)
        assert told(session.offer(capability(3), 1.0)) == ["start b", "start c"]
        assert told(session.offer(capability(1), 2.0)) == []
        for name in "ab":
            (report,) = sends(session.finished(name, ack(name), 3.0))
            assert told(session.sent(report, Delivery.TAKEN, 3.0)) == []
        (report,) = sends(session.finished("c", ack("c"), 3.0))
        assert told(session.sent(report, Delivery.TAKEN, 3.0)) == ["start d"]

    def test_a_lease_without_a_handler_is_handed_back(self, new_session: NewSession) -> None:
        outputs = registered(new_session()).received(lease_frame(capability="acme/unknown"), 0.0)
        assert told(outputs) == ["nack l-1 retryable: no handler registered for capability"]

    def test_a_lease_that_comes_twice_runs_once(self, new_session: NewSession) -> None:
        session = registered(new_session(concurrency=2))
        session.received(lease_frame(), 0.0)
        assert told(session.received(lease_frame(), 0.0)) == []

    def test_a_lease_that_had_expired_when_it_was_sent_is_not_run(self, new_session: NewSession) -> None:
        session = registered(new_session())
        outputs = session.received(lease_frame(seconds=0.0), 0.0)
        assert told(outputs) == []
        assert "expired" in notes(outputs)[0]
        assert session.idle


class TestDeadlines:
    def test_a_queued_lease_that_expires_is_never_started(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame("a", seconds=600), 0.0)
        session.received(lease_frame("b", seconds=5), 0.0)
        assert told(session.timer(5.0)) == []
        assert session.state_of("b") is Lease.ENDED
        (report,) = sends(session.finished("a", ack("a"), 6.0))
        assert told(session.sent(report, Delivery.TAKEN, 6.0)) == []

    def test_a_handler_that_outlives_its_lease_is_stopped_once(self, new_session: NewSession) -> None:
        session = new_session()
        session.received(lease_frame(seconds=5), 0.0)
        assert told(session.timer(5.0)) == ["stop l-1"]
        assert told(session.timer(6.0)) == []
        assert session.state_of("l-1") is Lease.STOPPING

    def test_a_heartbeat_that_was_answered_counts_from_when_it_was_sent(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(seconds=30), 0.0)
        (heartbeat,) = sends(session.timer(10.0))
        session.sent(heartbeat, Delivery.TAKEN, 19.0)
        session.closed(19.0)
        assert told(session.timer(39.0)) == []
        assert told(session.timer(40.0)) == ["stop l-1"]

    @pytest.mark.parametrize("delivery", [Delivery.REFUSED, Delivery.FAILED])
    def test_one_that_was_not_renews_nothing(self, new_session: NewSession, delivery: Delivery) -> None:
        session = registered(new_session())
        session.received(lease_frame(seconds=30), 0.0)
        (heartbeat,) = sends(session.timer(10.0))
        session.sent(heartbeat, delivery, 11.0)
        assert "stop l-1" in told(session.timer(30.0))

    def test_the_neurons_own_clock_takes_no_part(self, new_session: NewSession) -> None:
        session = registered(new_session())
        frame = lease_frame(seconds=30)
        assert told(session.received(frame, 1_000_000.0)) == ["start l-1"]


class TestReports:
    def test_one_that_fails_is_repeated_ever_more_slowly_until_the_lease_expires(self, new_session: NewSession) -> None:
        session = new_session()
        session.received(lease_frame(seconds=30), 0.0)
        now, tries = 1.0, [1.0]
        (report,) = sends(session.finished("l-1", ack(), now))
        while session.state_of("l-1") is not Lease.ENDED:
            outputs = session.sent(report, Delivery.FAILED, now)
            while session.state_of("l-1") is Lease.RETRYING:
                now = session.next_timer
                outputs = session.timer(now)
            if sends(outputs):
                (report,) = sends(outputs)
                tries.append(now)
        assert tries == [1.0, 1.25, 1.75, 2.75, 4.75, 8.75, 13.75, 18.75, 23.75, 28.75]
        assert now == 30.0

    def test_every_try_sends_the_very_same_frame(self, new_session: NewSession) -> None:
        session = new_session()
        session.received(lease_frame(), 0.0)
        (first,) = sends(session.finished("l-1", ack(output={"n": 1}), 1.0))
        session.sent(first, Delivery.FAILED, 1.0)
        (second,) = sends(session.timer(session.next_timer))
        assert second.frame is first.frame

    @pytest.mark.parametrize("delivery", [Delivery.TAKEN, Delivery.REFUSED])
    def test_an_answer_that_is_final_ends_the_lease(self, new_session: NewSession, delivery: Delivery) -> None:
        session = new_session()
        session.received(lease_frame(), 0.0)
        (report,) = sends(session.finished("l-1", ack(), 1.0))
        session.sent(report, delivery, 1.0)
        assert session.idle

    def test_a_new_stream_brings_the_waiting_ones_out_at_once(self, new_session: NewSession) -> None:
        session = new_session()
        session.received(lease_frame(), 0.0)
        (report,) = sends(session.finished("l-1", ack(), 1.0))
        session.sent(report, Delivery.FAILED, 1.0)
        assert told(session.opened(1.1)) == ["register", "ack l-1"]

    def test_they_are_sent_while_there_is_no_stream(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        session.closed(0.5)
        assert told(session.finished("l-1", ack(), 1.0)) == ["ack l-1"]

    def test_heartbeats_do_not_let_a_report_that_the_gateway_cannot_take_live_forever(
        self, new_session: NewSession
    ) -> None:
        session = registered(new_session())
        session.received(lease_frame(seconds=30), 0.0)
        (report,) = sends(session.finished("l-1", ack(), 1.0))
        session.sent(report, Delivery.FAILED, 1.0)
        now = 1.0
        while now < 60.0 and not session.idle:
            now = session.next_timer
            for send in sends(session.timer(now)):
                session.sent(send, Delivery.TAKEN if send.lease_id is None else Delivery.FAILED, now)
        assert now == pytest.approx(30.0, abs=5.0)
        assert session.idle

    def test_a_handler_that_ends_after_the_deadline_is_reported_once(self, new_session: NewSession) -> None:
        session = new_session()
        session.received(lease_frame(seconds=5), 0.0)
        session.timer(5.0)
        (report,) = sends(session.finished("l-1", nack(kind="cancelled"), 7.0))
        session.sent(report, Delivery.FAILED, 7.5)
        assert session.idle


class TestCancel:
    def test_a_running_lease_is_stopped(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        assert told(session.received(cancel_frame(), 1.0)) == ["stop l-1"]

    def test_a_second_cancel_changes_nothing(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        session.received(cancel_frame(), 1.0)
        assert told(session.received(cancel_frame(), 1.0)) == []
        session.finished("l-1", nack(kind="cancelled"), 2.0)
        assert told(session.received(cancel_frame(), 2.0)) == []
        assert session.state_of("l-1") is Lease.REPORTING

    def test_a_queued_lease_is_handed_back_and_never_starts(self, new_session: NewSession) -> None:
        session = registered(new_session())
        for name in "abc":
            session.received(lease_frame(name), 0.0)
        assert told(session.received(cancel_frame("b"), 1.0)) == [f"nack b {NOT_STARTED}"]
        (report,) = sends(session.finished("a", ack("a"), 2.0))
        assert told(session.sent(report, Delivery.TAKEN, 2.0)) == ["start c"]

    @pytest.mark.parametrize("failed_before", [False, True])
    def test_the_report_that_is_under_way_wins(self, new_session: NewSession, failed_before: bool) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        (report,) = sends(session.finished("l-1", ack(), 1.0))
        if failed_before:
            session.sent(report, Delivery.FAILED, 1.0)
        assert told(session.received(cancel_frame(), 1.1)) == []
        assert session.state_of("l-1") is (Lease.RETRYING if failed_before else Lease.REPORTING)

    def test_an_unknown_lease_is_only_logged(self, new_session: NewSession) -> None:
        outputs = new_session().received(cancel_frame("nobody"), 0.0)
        assert told(outputs) == []
        assert "nobody" in notes(outputs)[0]


class TestStop:
    def start_three(self, session: Session) -> None:
        for name in ("L1", "L2", "L3"):
            session.received(lease_frame(name), 0.0)

    def test_the_drain_finishes_what_runs_and_hands_back_the_rest(self, new_session: NewSession) -> None:
        session = registered(new_session())
        self.start_three(session)
        session.drain()
        frames = told(session.received(lease_frame("L4"), 1.0))
        outputs = session.finished("L1", ack("L1"), 2.0)
        while sends(outputs):
            frames += told(outputs)
            outputs = session.sent(sends(outputs)[0], Delivery.TAKEN, 2.0)
        assert frames == [
            "nack L4 retryable: neuron shutting down",
            "ack L1",
            f"nack L2 {NOT_STARTED}",
            f"nack L3 {NOT_STARTED}",
        ]
        assert session.state_of("L4") is Lease.REPORTING

    def test_no_handler_is_asked_for_before_the_stop_is(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.drain()
        outputs = session.received(lease_frame(capability="acme/unknown"), 0.0)
        assert told(outputs) == ["nack l-1 retryable: no handler registered for capability"]

    def test_an_abort_stops_every_handler_and_every_lease_is_still_reported(self, new_session: NewSession) -> None:
        session = registered(new_session())
        self.start_three(session)
        assert told(session.abort(1.0)) == ["stop L1"]
        outputs = session.finished("L1", nack("L1", "cancelled", "handler aborted"), 2.0)
        under_way, frames = sends(outputs), told(outputs)
        while under_way:
            outputs = session.sent(under_way.pop(0), Delivery.TAKEN, 2.0)
            under_way += sends(outputs)
            frames += told(outputs)
        assert frames == ["nack L1 cancelled: handler aborted", f"nack L2 {NOT_STARTED}", f"nack L3 {NOT_STARTED}"]
        assert session.idle

    def test_a_report_that_waits_gets_one_last_try_on_abort(self, new_session: NewSession) -> None:
        session = registered(new_session())
        session.received(lease_frame(), 0.0)
        (report,) = sends(session.finished("l-1", ack(), 1.0))
        session.sent(report, Delivery.FAILED, 1.0)
        (last,) = sends(session.abort(1.1))
        session.sent(last, Delivery.FAILED, 1.2)
        assert session.idle

    def test_the_phase_never_goes_back(self, new_session: NewSession) -> None:
        session = new_session()
        session.abort(0.0)
        session.drain()
        assert session.phase is Phase.ABORTING

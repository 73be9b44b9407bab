"""The state tables are complete: every pair of state and event has a row, or cannot happen, and here is why."""

from __future__ import annotations

import pytest
from holokai_neuron_sdk._session.leases import Leases
from holokai_neuron_sdk._session.link import LinkMachine
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk._session.table import LEASE, LINK, Lease, LeaseAction, LeaseEvent, Link, LinkAction, LinkEvent

ANY_TIME_BEFORE_THE_END = {LeaseEvent.CANCEL, LeaseEvent.EXPIRE, LeaseEvent.ABORT}
EXPECTED_LEASE_EVENTS = {
    Lease.NEW: {LeaseEvent.ADMIT, LeaseEvent.UNHANDLED, LeaseEvent.TURN_AWAY, LeaseEvent.STALE},
    Lease.QUEUED: {LeaseEvent.SLOT, LeaseEvent.SLOT_CLOSED} | ANY_TIME_BEFORE_THE_END,
    Lease.RUNNING: {LeaseEvent.RESULT} | ANY_TIME_BEFORE_THE_END,
    Lease.STOPPING: {LeaseEvent.RESULT} | ANY_TIME_BEFORE_THE_END,
    Lease.REPORTING: {LeaseEvent.TAKEN, LeaseEvent.REFUSED, LeaseEvent.FAILED, LeaseEvent.GIVEN_UP}
    | ANY_TIME_BEFORE_THE_END,
    Lease.RETRYING: {LeaseEvent.RETRY} | ANY_TIME_BEFORE_THE_END,
    Lease.ENDED: set[LeaseEvent](),
}
ANSWERS = {LinkEvent.TAKEN, LinkEvent.REFUSED, LinkEvent.FAILED}
EXPECTED_LINK_EVENTS = {
    Link.CLOSED: {LinkEvent.OPEN, LinkEvent.CLOSE},
    Link.REGISTERING: {LinkEvent.OPEN, LinkEvent.CLOSE} | ANSWERS,
    Link.WAITING: {LinkEvent.OPEN, LinkEvent.CLOSE, LinkEvent.RETRY},
    Link.REGISTERED: {LinkEvent.OPEN, LinkEvent.CLOSE},
    Link.REJECTED: {LinkEvent.OPEN, LinkEvent.CLOSE},
}


@pytest.mark.parametrize("state", Lease)
@pytest.mark.parametrize("event", LeaseEvent)
def test_every_pair_of_lease_state_and_event_is_decided(state: Lease, event: LeaseEvent) -> None:
    assert ((state, event) in LEASE) == (event in EXPECTED_LEASE_EVENTS[state])


@pytest.mark.parametrize("state", Link)
@pytest.mark.parametrize("event", LinkEvent)
def test_every_pair_of_link_state_and_event_is_decided(state: Link, event: LinkEvent) -> None:
    assert ((state, event) in LINK) == (event in EXPECTED_LINK_EVENTS[state])


def test_every_lease_can_reach_its_end() -> None:
    ends = {Lease.ENDED}
    for _ in Lease:
        ends |= {state for (state, _event), row in LEASE.items() if row.then in ends}
    assert ends == set(Lease)


def test_a_lease_ends_only_where_it_is_dropped() -> None:
    for row in LEASE.values():
        assert (row.then is Lease.ENDED) == (row.action in (LeaseAction.FORGET, LeaseAction.LOSE))


def test_a_handler_is_stopped_at_most_once() -> None:
    assert {state for (state, _), row in LEASE.items() if row.action is LeaseAction.STOP_HANDLER} == {Lease.RUNNING}


def test_every_action_of_the_tables_has_its_function() -> None:
    leases = Leases(pace=Pace(), utcnow=lambda: None, out=[])  # type: ignore[arg-type, return-value]
    link = LinkMachine("n", leases, pace=Pace(), utcnow=lambda: None, out=[])  # type: ignore[arg-type, return-value]
    assert set(leases._do) == set(LeaseAction) == {row.action for row in LEASE.values()}
    assert set(link._do) == set(LinkAction) == {row.action for row in LINK.values()}

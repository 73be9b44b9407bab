"""The cron engine under any order of events keeps its promises (protocol sheet, section 4.5)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from symbiont.testing.scheduler import Job, RunRefusedError, Scheduler


class Engine(RuleBasedStateMachine):
    """Jobs are made, changed and left alone while the time goes on; agents are refused and taken."""

    def __init__(self) -> None:
        super().__init__()
        ids = itertools.count()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.refusing = False
        self.started = 0
        self.scheduler = Scheduler(self.start, lambda: f"id-{next(ids)}")

    def start(self, name: str) -> None:
        if self.refusing:
            raise RunRefusedError("policy: no")
        self.started += 1

    def some(self, pick: int) -> Job:
        jobs = list(self.scheduler.jobs.values())
        return jobs[pick % len(jobs)]

    @rule(minutes=st.integers(1, 59), one_shot=st.booleans())
    def create(self, minutes: int, one_shot: bool) -> None:
        job = self.scheduler.create("job", f"0 */{minutes} * * * *", "reporter", self.now, timezone="UTC")
        job.one_shot = one_shot

    @rule(seconds=st.integers(0, 7200))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.scheduler.settle(self.now)

    @rule()
    def change_of_policy(self) -> None:
        self.refusing = not self.refusing

    @precondition(lambda self: self.scheduler.jobs)
    @rule(pick=st.integers(0, 100))
    def pause(self, pick: int) -> None:
        self.scheduler.pause(self.some(pick), self.now)

    @precondition(lambda self: self.scheduler.jobs)
    @rule(pick=st.integers(0, 100))
    def resume(self, pick: int) -> None:
        job = self.some(pick)
        self.scheduler.resume(job, self.now)
        assert (job.status, job.enabled, job.failure_count) == ("Active", True, 0)
        assert job.next_run is not None
        assert job.next_run > self.now

    @precondition(lambda self: self.scheduler.jobs)
    @rule(pick=st.integers(0, 100))
    def trigger(self, pick: int) -> None:
        job = self.some(pick)
        before = (job.run_count, job.last_run, job.status, self.scheduler.tally.total)
        try:
            self.scheduler.trigger(job, self.now)
        except RunRefusedError:
            assert self.refusing
        assert (job.run_count, job.last_run, job.status, self.scheduler.tally.total) == before

    @invariant()
    def only_active_jobs_are_enabled_and_none_of_them_is_overdue(self) -> None:
        self.scheduler.settle(self.now)
        for job in self.scheduler.jobs.values():
            assert job.enabled == (job.status == "Active")
            assert not job.enabled or (job.next_run is not None and job.next_run > self.now)

    @invariant()
    def a_dead_letter_has_failed_three_times_and_nothing_else_has(self) -> None:
        for job in self.scheduler.jobs.values():
            assert job.failure_count <= 3
            if job.status == "Active":
                assert job.failure_count < 3
            if job.status == "DeadLetter":
                assert job.failure_count == 3

    @invariant()
    def the_tally_is_the_sum_of_its_parts(self) -> None:
        tally = self.scheduler.tally
        assert tally.total == tally.succeeded + tally.failed
        assert tally.total >= sum(job.run_count for job in self.scheduler.jobs.values())

    @invariant()
    def histories_are_newest_first_and_short(self) -> None:
        for job in self.scheduler.jobs.values():
            times = [run.started for run in job.runs]
            assert times == sorted(times, reverse=True)
            assert len(times) <= 50


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

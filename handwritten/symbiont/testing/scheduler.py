"""The cron engine: jobs, their runs and counters, moved by whoever knows the time (protocol sheet, section 4.5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from symbiont.testing.cron import Cron

RUNS_KEPT = 50
FAILURES_ALLOWED = 3
CAUGHT_UP = 10_000  # runs of one job that a leap of the clock makes up for


@dataclass(slots=True)
class Run:
    id: str
    started: datetime
    status: str
    error: str | None


@dataclass
class Job:
    """One job. `next_run` stays on display while the job is paused."""

    id: str
    name: str
    expression: str
    agent_name: str
    timezone: str
    policy_ids: list[str]
    one_shot: bool
    created_at: datetime
    updated_at: datetime
    cron: Cron
    status: str = "Active"
    enabled: bool = True
    next_run: datetime | None = None
    last_run: datetime | None = None
    run_count: int = 0
    failure_count: int = 0
    runs: deque[Run] = field(default_factory=lambda: deque[Run](maxlen=RUNS_KEPT))


@dataclass
class Tally:
    """Runs that the clock started, over all jobs."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0


class RunRefusedError(Exception):
    """The agent was not taken: the text says why, with its kind in front (`policy: ...`)."""


class Scheduler:
    """All jobs. `start` hands an agent, by name, to the runtime, or raises RunRefusedError."""

    def __init__(self, start: Callable[[str], None], make_id: Callable[[], str]) -> None:
        self._start, self._make_id = start, make_id
        self.jobs: dict[str, Job] = {}
        self.tally = Tally()

    def create(self, name: str, expression: str, agent_name: str, now: datetime, *, timezone: str) -> Job:
        """An active job. Raises CronError."""
        timezone = timezone or "UTC"
        cron = Cron.parse(expression, timezone)
        job = Job(self._make_id(), name, expression, agent_name, timezone, [], False, now, now, cron)
        job.next_run = cron.after(now)
        self.jobs[job.id] = job
        return job

    def update(self, job: Job, now: datetime, *, expression: str | None, timezone: str | None) -> None:
        """Another expression or zone, each as it was for None. Raises CronError, and nothing is changed then."""
        expression, timezone = expression or job.expression, timezone or job.timezone
        job.cron = Cron.parse(expression, timezone)
        job.expression, job.timezone, job.updated_at = expression, timezone, now
        job.next_run = job.cron.after(now)

    def pause(self, job: Job, now: datetime) -> None:
        job.status, job.enabled, job.updated_at = "Paused", False, now

    def resume(self, job: Job, now: datetime) -> None:
        """Also revives jobs that have completed or are dead letters."""
        job.status, job.enabled, job.failure_count, job.updated_at = "Active", True, 0, now
        job.next_run = job.cron.after(now)

    def trigger(self, job: Job, now: datetime) -> None:
        """Runs it now; its counters stay. Raises RunRefusedError, with the run in its history."""
        try:
            self._start(job.agent_name)
        except RunRefusedError as error:
            job.runs.appendleft(Run(self._make_id(), now, "Failed", str(error)))
            raise
        job.runs.appendleft(Run(self._make_id(), now, "Succeeded", None))

    def settle(self, now: datetime) -> None:
        """Everything that was due up to now happens, each run at its own time."""
        for job in list(self.jobs.values()):
            if job.enabled and job.next_run is not None and job.next_run <= now:
                self._catch_up(job, job.next_run, now)

    def _catch_up(self, job: Job, due: datetime, now: datetime) -> None:
        times = job.cron.times(due)
        for _ in range(CAUGHT_UP):
            following = next(times, None)
            self._tick(job, due, following)
            if not job.enabled or following is None or following > now:
                return
            due = following
        job.next_run = job.cron.after(now)

    def _tick(self, job: Job, due: datetime, following: datetime | None) -> None:
        job.last_run, job.run_count, job.next_run = due, job.run_count + 1, following
        self.tally.total += 1
        try:
            self._start(job.agent_name)
        except RunRefusedError as error:
            self._failed(job, due, str(error))
        else:
            job.runs.appendleft(Run(self._make_id(), due, "Succeeded", None))
            job.failure_count = 0
            self.tally.succeeded += 1
        if job.one_shot and job.status == "Active":
            job.status, job.enabled = "Completed", False

    def _failed(self, job: Job, due: datetime, reason: str) -> None:
        job.runs.appendleft(Run(self._make_id(), due, "Failed", reason))
        job.failure_count += 1
        self.tally.failed += 1
        if job.failure_count >= FAILURES_ALLOWED:
            job.status, job.enabled = "DeadLetter", False

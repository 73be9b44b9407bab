"""Cron schedules: `client.schedules`.

Expressions have six fields, seconds first (`0 30 9 * * MON-FRI`), and a seventh for the year where it is wanted; days
of the week count from 1, which is Sunday. Times are answered in UTC as RFC 3339 text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from symbiont_api.v1_16.operations import health
from symbiont_api.v1_16.operations import schedules as operations
from wirewright.request import Request

from symbiont._calls import Method, given, record, records, untyped
from symbiont._sub import AsyncSubClient, SubClient


@dataclass
class CreateScheduleRequest:
    """A schedule to be created. `timezone` is an IANA name; `one_shot`: run once."""

    name: str
    cron_expression: str
    agent_name: str
    timezone: str = "UTC"
    policy_ids: list[str] = field(default_factory=list[str])
    one_shot: bool = False


@dataclass
class CreateScheduleResponse:
    """The schedule that was created."""

    job_id: str
    next_run: str | None
    status: str


@dataclass
class UpdateScheduleRequest:
    """Changes of a schedule; None leaves a field as it is."""

    cron_expression: str | None = None
    timezone: str | None = None
    policy_ids: list[str] | None = None
    one_shot: bool | None = None


@dataclass
class ScheduleSummary:
    """A schedule in a list. `status`: Active, Paused, Completed, Failed or DeadLetter."""

    job_id: str
    name: str
    cron_expression: str
    timezone: str
    status: str
    enabled: bool
    next_run: str | None
    run_count: int


@dataclass
class ScheduleDetail:
    """A schedule."""

    job_id: str
    name: str
    cron_expression: str
    timezone: str
    status: str
    enabled: bool
    one_shot: bool
    next_run: str | None
    last_run: str | None
    run_count: int
    failure_count: int
    created_at: str
    updated_at: str


@dataclass
class ScheduleRunEntry:
    """One run. `status`: Running, Succeeded, Failed, TimedOut or Skipped."""

    run_id: str
    started_at: str
    completed_at: str | None
    status: str
    error: str | None
    execution_time_ms: int | None


@dataclass
class ScheduleHistoryResponse:
    """Runs of a schedule, newest first."""

    job_id: str
    history: list[ScheduleRunEntry]


@dataclass
class NextRunsResponse:
    """When a schedule runs next."""

    job_id: str
    next_runs: list[str]


@dataclass
class ScheduleActionResponse:
    """What was done to a schedule."""

    job_id: str
    action: str
    status: str


@dataclass
class DeleteScheduleResponse:
    """Whether a schedule was removed."""

    job_id: str
    deleted: bool


@dataclass
class SchedulerHealthResponse:
    """The scheduler. Times in milliseconds."""

    is_running: bool
    store_accessible: bool
    jobs_total: int
    jobs_active: int
    jobs_paused: int
    jobs_dead_letter: int
    global_active_runs: int
    max_concurrent: int
    runs_total: int
    runs_succeeded: int
    runs_failed: int
    average_execution_time_ms: float
    longest_run_ms: float


def create_schedule(request: CreateScheduleRequest) -> Request[Any]:
    """Create a schedule. A bad expression or timezone is an `APIError` with status 500."""
    return operations.create_schedule(untyped(asdict(request)))


def update_schedule(job_id: str, request: UpdateScheduleRequest) -> Request[Any]:
    """Change a schedule; its next run is computed anew. A runtime answers 500 for an unknown one."""
    return operations.update_schedule(job_id, untyped(given(request)))


def get_schedule_history(job_id: str, limit: int = 50) -> Request[Any]:
    """The last runs. Runtimes answer up to 50, whatever `limit` says."""
    return operations.get_schedule_history(job_id, limit=limit)


def get_schedule_next_runs(job_id: str, count: int = 10) -> Request[Any]:
    """When it runs next. Runtimes answer 10, whatever `count` says."""
    return operations.get_schedule_next_runs(job_id, count=count)


class ScheduleCalls:
    """Cron schedules."""

    list_schedules = Method(operations.list_schedules, records(ScheduleSummary))
    create_schedule = Method(create_schedule, record(CreateScheduleResponse))
    get_schedule = Method(operations.get_schedule, record(ScheduleDetail))
    update_schedule = Method(update_schedule, record(ScheduleDetail))
    delete_schedule = Method(operations.delete_schedule, record(DeleteScheduleResponse))
    pause_schedule = Method(operations.pause_schedule, record(ScheduleActionResponse))
    resume_schedule = Method(operations.resume_schedule, record(ScheduleActionResponse))
    trigger_schedule = Method(operations.trigger_schedule, record(ScheduleActionResponse))
    get_schedule_history = Method(get_schedule_history, record(ScheduleHistoryResponse, history=ScheduleRunEntry))
    get_schedule_next_runs = Method(get_schedule_next_runs, record(NextRunsResponse))
    get_scheduler_health = Method(health.check_scheduler, record(SchedulerHealthResponse))


class ScheduleClient(ScheduleCalls, SubClient):
    """Cron schedules."""


class AsyncScheduleClient(ScheduleCalls, AsyncSubClient):
    """Cron schedules, to be awaited."""

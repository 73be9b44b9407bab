"""Jobs over HTTP (protocol sheet, sections 4.2 and 19.3)."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from wirewright.sandbox import Answer, Call, Refuse, control, rule

from symbiont.testing.agents import AgentRules, as_uuid
from symbiont.testing.base import Json, failed, told
from symbiont.testing.cron import CronError
from symbiont.testing.scheduler import Job, Run, RunRefusedError, Scheduler

NEXT_RUNS = 10
MOST_AT_ONCE = 100


class ScheduleRules(AgentRules):
    """The jobs, and the cron engine that runs them."""

    def setup_schedules(self) -> None:
        self.scheduler = Scheduler(self.start_agent, self.uuid)
        self.refused: dict[str, str] = {}

    def start_agent(self, name: str) -> None:
        """What a job does: an agent of this name is queued, a new one where there is none."""
        if name in self.refused:
            raise RunRefusedError(self.refused[name])
        agent = next((agent for agent in self.agents.values() if agent.name == name and not agent.external), None)
        if agent is None:
            self.make_agent(name, "")
        else:
            agent.queue(self.unix())

    def job(self, call: Call, code: str, status: int = 404) -> Job:
        found = self.scheduler.jobs.get(as_uuid(call.path["job_id"]) or "")
        if found is None:
            raise failed(code, "Scheduler error: job not found", status)
        return found

    @rule("list_schedules")
    def list_schedules(self, call: Call) -> Any:
        return [summary(job) for job in self.scheduler.jobs.values()]

    @rule("create_schedule")
    def create_schedule(self, call: Call) -> Answer:
        body: Json = call.body
        zone = body.get("timezone") or "UTC"
        try:
            job = self.scheduler.create(
                body["name"], body["cron_expression"], body["agent_name"], self.now(), timezone=zone
            )
        except CronError as error:
            raise failed("CREATE_SCHEDULE_FAILED", f"Scheduler error: {error}") from error
        job.policy_ids, job.one_shot = body.get("policy_ids") or [], bool(body.get("one_shot"))
        return Answer(201, {"job_id": job.id, "next_run": shown(job.next_run), "status": "created"})

    @rule("get_schedule")
    def get_schedule(self, call: Call) -> Json:
        return detail(self.job(call, "SCHEDULE_NOT_FOUND"))

    @rule("update_schedule")
    def update_schedule(self, call: Call) -> Json:
        job = self.job(call, "UPDATE_SCHEDULE_FAILED", 500)
        body: Json = call.body
        try:
            self.scheduler.update(
                job, self.now(), expression=body.get("cron_expression"), timezone=body.get("timezone")
            )
        except CronError as error:
            raise failed("UPDATE_SCHEDULE_FAILED", f"Scheduler error: {error}") from error
        if body.get("policy_ids") is not None:
            job.policy_ids = body["policy_ids"]
        if body.get("one_shot") is not None:
            job.one_shot = body["one_shot"]
        return detail(job)

    @rule("delete_schedule")
    def delete_schedule(self, call: Call) -> Json:
        job = self.job(call, "SCHEDULE_NOT_FOUND")
        del self.scheduler.jobs[job.id]
        return {"job_id": job.id, "deleted": True}

    @rule("pause_schedule")
    def pause_schedule(self, call: Call) -> Json:
        job = self.job(call, "SCHEDULE_PAUSE_FAILED")
        self.scheduler.pause(job, self.now())
        return {"job_id": job.id, "action": "pause", "status": "paused"}

    @rule("resume_schedule")
    def resume_schedule(self, call: Call) -> Json:
        job = self.job(call, "SCHEDULE_RESUME_FAILED")
        self.scheduler.resume(job, self.now())
        return {"job_id": job.id, "action": "resume", "status": "active"}

    @rule("trigger_schedule")
    def trigger_schedule(self, call: Call) -> Json:
        job = self.job(call, "SCHEDULE_TRIGGER_FAILED")
        try:
            self.scheduler.trigger(job, self.now())
        except RunRefusedError as error:
            raise failed("SCHEDULE_TRIGGER_FAILED", f"Scheduler error: {error}", 404) from error
        return {"job_id": job.id, "action": "trigger", "status": "triggered"}

    @rule("get_schedule_history")
    def get_schedule_history(self, call: Call) -> Json:
        identity = as_uuid(call.path["job_id"])
        if identity is None:
            raise failed("SCHEDULE_HISTORY_FAILED", "Scheduler error: invalid job id", 404)
        job = self.scheduler.jobs.get(identity)
        return {"job_id": identity, "history": [run_entry(run) for run in job.runs] if job else []}

    @rule("get_schedule_next_runs")
    def get_schedule_next_runs(self, call: Call) -> Json:
        job = self.job(call, "SCHEDULE_NEXT_RUNS_FAILED")
        times = itertools.islice(job.cron.times(self.now()), NEXT_RUNS)
        return {"job_id": job.id, "next_runs": [time.isoformat() for time in times]}

    @rule("check_scheduler")
    def check_scheduler(self, call: Call) -> Json:
        states = [job.status for job in self.scheduler.jobs.values()]
        tally = self.scheduler.tally
        return {
            "is_running": True,
            "store_accessible": True,
            "jobs_total": len(states),
            "jobs_active": states.count("Active"),
            "jobs_paused": states.count("Paused"),
            "jobs_dead_letter": states.count("DeadLetter"),
            "global_active_runs": 0,
            "max_concurrent": MOST_AT_ONCE,
            "runs_total": tally.total,
            "runs_succeeded": tally.succeeded,
            "runs_failed": tally.failed,
            "average_execution_time_ms": 0.0,
            "longest_run_ms": 0,
        }

    @control("POST", "/schedules/refuse")
    def refuse_agent(self, call: Call) -> Json:
        """`{"agent_name": "reporter", "reason": "policy: no"}`: its runs fail from now on; a null reason ends that."""
        body = told(call)
        if "agent_name" not in body:
            raise Refuse(400, code="INVALID_REQUEST", message="agent_name is missing")
        self.refused.pop(body["agent_name"], None)
        if (reason := body.get("reason", "policy: refused by a test")) is not None:
            self.refused[body["agent_name"]] = reason
        return {"refused": dict(self.refused)}


def shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def summary(job: Job) -> Json:
    return {
        "job_id": job.id,
        "name": job.name,
        "cron_expression": job.expression,
        "timezone": job.timezone,
        "status": job.status,
        "enabled": job.enabled,
        "next_run": shown(job.next_run),
        "run_count": job.run_count,
    }


def detail(job: Job) -> Json:
    return summary(job) | {
        "one_shot": job.one_shot,
        "last_run": shown(job.last_run),
        "failure_count": job.failure_count,
        "created_at": shown(job.created_at),
        "updated_at": shown(job.updated_at),
    }


def run_entry(run: Run) -> Json:
    """A run has ended as soon as the agent was taken, or was not."""
    return {
        "run_id": run.id,
        "started_at": run.started.isoformat(),
        "completed_at": run.started.isoformat(),
        "status": run.status,
        "error": run.error,
        "execution_time_ms": 0,
    }

"""Health, metrics and what the runtime says about itself (protocol sheet, sections 4.2, 4.3 and 13)."""

from __future__ import annotations

from typing import Any

from wirewright.sandbox import Answer, Call, rule

from symbiont.testing.base import EMPTY, Json
from symbiont.testing.messages import MessageRules
from symbiont.testing.schedules import ScheduleRules

READY_AFTER = 5
MEMORY = 104_857_600
MEMORY_PERCENT = 0.6
CPU = 1.5
VERSIONS = {"1.10": "1.10.0", "1.16": "1.19.0"}
AGENTS_MD = """# Agents

- reporter: writes reports
<!-- agents-md:sensitive-start -->
- auditor: reads everything
<!-- agents-md:sensitive-end -->
"""
_OPENS, _CLOSES = "<!-- agents-md:sensitive-start -->", "<!-- agents-md:sensitive-end -->"


class SystemRules(ScheduleRules, MessageRules):
    """The runtime as a whole."""

    def setup_system(self, *, docs: bool) -> None:
        self.started = self.unix()
        self.docs = docs

    def uptime(self) -> int:
        return int(self.unix() - self.started)

    def sdk_numbers(self) -> Json:
        """What only servers made for the SDK count; the parts above this one add theirs."""
        return {"secrets_count": 0, "mcp_connections": 0, "vector_db_items": 0}

    @property
    def runtime_version(self) -> str:
        return VERSIONS.get(self.version, self.version)

    @rule("check_health")
    def check_health(self, call: Call) -> Json:
        return {
            "status": "healthy",
            "uptime_seconds": self.uptime(),
            "timestamp": self.zulu(),
            "version": self.runtime_version,
        }

    @rule("check_liveness")
    def check_liveness(self, call: Call) -> Answer:
        return EMPTY

    @rule("check_readiness")
    def check_readiness(self, call: Call) -> Answer:
        return EMPTY if self.uptime() >= READY_AFTER else Answer(503)

    @rule("get_status")
    def get_status(self, call: Call) -> Json:
        return {
            "version": self.runtime_version,
            "healthy": True,
            "agent_count": len(self.agents),
            "schedule_count": len(self.scheduler.jobs),
            "channel_count": self.channel_count(call),
        }

    def channel_count(self, call: Call) -> int:
        return 0

    @rule("get_metrics")
    def get_metrics(self, call: Call) -> Json:
        counts = self.counts()
        usage = {"uptime_seconds": self.uptime(), "memory_usage": MEMORY, "cpu_usage": CPU}
        nested: Json = {"agents": counts, "system": usage}
        if not self.for_sdk(call):
            return nested
        return {
            **nested,
            "uptime_seconds": self.uptime(),
            **self.machine(),
            "active_agents": counts["running"],
            "total_agents": counts["total"],
            **self.sdk_numbers(),
        }

    def machine(self) -> Json:
        return {
            "cpu_usage_percent": CPU,
            "memory_usage_bytes": MEMORY,
            "memory_usage_percent": MEMORY_PERCENT,
            "disk_usage_bytes": 0,
            "disk_usage_percent": 0.0,
        }

    @rule("get_system_metrics")
    def get_system_metrics(self, call: Call) -> Json:
        return self.machine()

    @rule("get_scheduler_metrics")
    def get_scheduler_metrics(self, call: Call) -> Json:
        states = [job.status for job in self.scheduler.jobs.values()]
        tally = self.scheduler.tally
        return {
            "jobs_total": len(states),
            "jobs_active": states.count("Active"),
            "jobs_paused": states.count("Paused"),
            "runs_total": tally.total,
            "runs_succeeded": tally.succeeded,
            "runs_failed": tally.failed,
        }

    @rule("get_metrics_snapshot")
    def get_metrics_snapshot(self, call: Call) -> Json:
        states = [self.state_of(agent) for agent in self.agents.values()]
        tasks = {"tasks_active": "Running", "tasks_queued": "Waiting", "tasks_completed": "Completed"}
        return {
            "timestamp": self.stamp(),
            "scheduler": self.get_scheduler_metrics(call),
            "task_manager": {name: states.count(state) for name, state in tasks.items()}
            | {"tasks_failed": states.count("Failed")},
            "load_balancer": {
                "total_requests": call.number,
                "active_connections": 0,
                "backends_healthy": 1,
                "backends_total": 1,
            },
            "system": self.machine(),
        }

    @rule("export_metrics")
    def export_metrics(self, call: Call) -> Json:
        return {"status": "exported", "timestamp": self.stamp()}

    # Documents ------------------------------------------------------------------------------------------------------

    @rule("get_api_document")
    def get_api_document(self, call: Call) -> Any:
        if not self.docs and self.version != "1.10":
            return Answer(404)
        paths: dict[str, Json] = {}
        for operation in self.document.operations:
            if operation.declared.get("x-authority") == "runtime":
                about = {"operationId": operation.id, "summary": operation.declared.get("summary", "")}
                paths.setdefault(operation.path, {})[operation.method.lower()] = about | {"responses": {}}
        info = {"title": "Symbiont Runtime API", "version": "1.0.0"}
        return {"openapi": "3.0.3", "info": info, "paths": paths}

    @rule("get_agents_md", "get_well_known_agents_md")
    def get_agents_md(self, call: Call) -> Answer:
        if not self.docs:
            return Answer(404)
        return Answer(200, without_sensitive(AGENTS_MD), media_type="text/markdown; charset=utf-8")


def without_sensitive(text: str) -> str:
    """The text without what is between the marks; one that is never closed hides the rest."""
    shown, _, rest = text.partition(_OPENS)
    while rest:
        _, _, after = rest.partition(_CLOSES)
        more, _, rest = after.removeprefix("\n").partition(_OPENS)
        shown += more
    return shown

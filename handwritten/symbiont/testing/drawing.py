"""The runtime's state as people think of it, for the sandbox's page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wirewright.sandbox.picture import Drawing, Item, Lane, Lanes, Table, Tone

from symbiont.testing.base import Json
from symbiont.testing.reasoning import Mind
from symbiont.testing.scheduler import Job

TONES: Mapping[str, Tone] = {
    "Waiting": "waiting",
    "Created": "waiting",
    "Running": "busy",
    "Completed": "good",
    "Failed": "bad",
    "Unreachable": "bad",
}


def draw_agents(agents: Iterable[tuple[str, str, list[Json]]]) -> Drawing:
    """Lanes of `(name, state, history newest first)`."""
    lanes = [
        Lane(name, [Item(line["status"], about=line["timestamp"]) for line in reversed(lines)], state, _tone(state))
        for name, state, lines in agents
    ]
    return Lanes("Agents", lanes, empty="No agents yet.")


def draw_jobs(jobs: Iterable[Job]) -> Drawing:
    rows = [(job.name, job.expression, job.status, str(job.run_count), _shown(job)) for job in jobs]
    return Table("Schedules", ("name", "cron", "status", "runs", "next run"), rows, empty="No schedules yet.")


def draw_minds(minds: Mapping[str, Mind]) -> Drawing:
    lanes = [Lane(agent, [_thought(entry) for entry in mind.journal]) for agent, mind in minds.items() if mind.journal]
    return Lanes("Reasoning", lanes, empty="Nobody has thought yet.")


def draw_held(held: Iterable[Json]) -> Drawing:
    rows = [(action["agent_id"], action["summary"], action["reason"], action["status"]) for action in held]
    return Table("Approvals", ("agent", "action", "why it waits", "status"), rows, empty="Nothing waits for a person.")


def _tone(state: str) -> Tone:
    return TONES.get(state, "plain")


def _shown(job: Job) -> str:
    return job.next_run.isoformat() if job.next_run else "never"


def _thought(entry: Json) -> Item:
    event = entry["event"]
    denied = bool(event.get("denied_count"))
    note = f"{event['denied_count']} denied" if denied else ""
    return Item(event["type"], note, "bad" if denied else "plain", f"entry {entry['sequence']}")

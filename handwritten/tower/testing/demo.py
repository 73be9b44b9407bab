"""The quick start, against a server."""

from __future__ import annotations

from collections.abc import Iterator

from tower import TowerClient


def demo(url: str) -> Iterator[str]:
    """Runs the quick start against the server at `url`; yields a line after each step."""
    with TowerClient(base_url=url, api_key="sk-tower-1") as client:
        agent = client.create_agent(employee_id="e-1", project_id="p-1", profile="dominion")["id"]
        yield f"agent {agent} works for e-1"
        client.dominion.ingest_batch(agent, {"workers": 12})
        suggested = client.agents.tick(agent)["suggestions"]
        yield f"told of 12 workers, it suggests {len(suggested)} thing(s)"
        client.feedback(agent, suggested[0]["id"], feedback_type="accept")
        yield f"one is accepted, its trust is {client.scores(agent)['trust']:g}"
        suspended = client.suspend(agent, reason="holiday")["state"]
        yield f"it is {suspended}, then {client.resume(agent)['state']}"

"""Agents, and what became of what they suggested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirewright.sandbox.picture import Item, Lane, Lanes, Picture, Tone

_TONES: dict[str, Tone] = {"pending": "waiting", "accepted": "good", "rejected": "bad"}
_STATES: dict[str, Tone] = {"active": "good", "suspended": "waiting", "archived": "plain"}


def draw(agents: Iterable[dict[str, Any]]) -> Picture:
    """A lane for each agent, its suggestions in it."""
    lanes = [
        Lane(
            agent["id"],
            [_suggestion(suggestion) for suggestion in agent["_suggestions"]],
            note=f"{agent['state']}, {agent['profile'] or 'no profile'}",
            tone=_STATES.get(agent["state"], "busy"),
        )
        for agent in agents
    ]
    return [Lanes("Agents and their suggestions", lanes, empty="No agent was created yet.")]


def _suggestion(suggestion: dict[str, Any]) -> Item:
    status = str(suggestion.get("status", ""))
    name = suggestion.get("type") or suggestion.get("kind") or suggestion["id"]
    return Item(str(name), note=status, tone=_TONES.get(status, "plain"))

"""`sbn reality`: what takes more than a call."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from wirewright.commands.output import pick
from wirewright.records import listed

REVIEW_ACTIONS = ("accept", "reject", "discard", "merge")
Answer = dict[str, Any]


def ingest_text(
    client: Any, *, content: str | None = None, file: Path | None = None, source_uri: str | None = None, **said: Any
) -> Answer:
    """Ingest text.

    Args:
        file: Read the text from this file.
    """
    text = file.read_text(encoding="utf-8") if file else content
    if not text:
        raise ValueError("Pass --content or --file.")
    answer: Answer = client.reality.ingest_content(text, source_uri=source_uri, **said)
    return answer


def graph(client: Any) -> tuple[Answer, Answer]:
    """Show the graph of facts and evidence."""
    answer: Answer = client.reality.get_lattice()
    nodes, edges = len(listed(answer, "nodes")), len(listed(answer, "edges"))
    kinds = Counter(str(pick(edge, "kind|edge_type")).replace("-", "_") for edge in listed(answer, "edges"))
    named = {kind: kinds[kind] for kind in ("supports", "contradicts", "same_as")}
    return answer, {"nodes": nodes, "edges": edges, "both": f"{nodes}:{edges}", **named}


def review(
    client: Any, fact_id: str, *, action: str, target_fact_id: str | None = None, note: str | None = None
) -> Answer:
    """Accept, reject or merge a fact.

    Args:
        fact_id: The fact's id.
        action: accept, reject, discard or merge.
        target_fact_id: The fact that stays, for a merge.
        note: Why.
    """
    verb = action.strip().lower()
    if verb not in REVIEW_ACTIONS:
        raise ValueError(f"--action is one of {', '.join(REVIEW_ACTIONS)}, not {action}.")
    if verb == "merge" and not target_fact_id:
        raise ValueError("A merge needs --target-fact-id.")
    answer: Answer = client.reality.review_fact(
        fact_id, action="reject" if verb == "discard" else verb, target_fact_id=target_fact_id, note=note
    )
    return answer


def operations(client: Any) -> tuple[Answer, Answer]:
    """Show what waits at each step to the network."""
    answer: Answer = client.reality.get_operations()
    counts = {"review": "review_queue", "promotion_facts": "promotion_requested.facts"}
    counts["handoff_facts"] = "handoff_prepared.facts"
    return answer, {"waiting": " ".join(f"{name}={pick(answer, f'#{place}')}" for name, place in counts.items())}

"""What a benchmark measured, kept for `nox -s bench`: one figure of ours beside one of somebody else's, from one run.

A benchmark is a script that prints for people, and calls `figure` for each pair. Without WIREWRIGHT_FIGURES in the
environment nothing is kept.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


def figure(
    topic: str,
    case: str,
    ours: float,
    other: float,
    *,
    beside: str,
    unit: str,
    more: bool = False,
    target: float | None = None,
    headline: bool = False,
) -> float:
    """How many times as good as `beside` ours is: over 1 is better. `more`: the larger figure is the better one.

    `target`: what was aimed at, in the same terms. `headline` figures are in the README's table.
    """
    times = ours / other if more else other / ours
    row = {"topic": topic, "case": case, "ours": ours, "other": other, "beside": beside, "unit": unit, "times": times}
    folder = os.environ.get("WIREWRIGHT_FIGURES")
    if folder:
        with (Path(folder) / "figures.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "target": target, "headline": headline}) + "\n")
    return times

"""The figures of a run of `nox -s bench` as `bench/figures.json`, as a plot, and as the README's table.

python tests/benchmarks/publish.py FOLDER
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
BEGIN, END = "<!-- figures: nox -s bench -->\n", "<!-- /figures -->"
Figure = dict[str, Any]


def read(folder: Path) -> list[Figure]:
    """The last figure of each case, by topic, in the order in which they came."""
    lines = (folder / "figures.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {(row["topic"], row["case"], row["beside"]): row for row in map(json.loads, lines)}.values()
    topics = list(dict.fromkeys(row["topic"] for row in rows))
    return sorted(rows, key=lambda row: topics.index(row["topic"]))


def shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def table(figures: list[Figure]) -> str:
    """The headlines as Markdown."""
    lines = ["| | | ours | beside | | times |", "|---|---|---:|---|---:|---:|"]
    for row in figures:
        if row["headline"]:
            ours, other = (shown(row[which], row["unit"]) for which in ("ours", "other"))
            times = f"**{row['times']:.1f}**" if row["times"] >= 1 else f"{row['times']:.2f}"
            lines.append(f"| {row['topic']} | {row['case']} | {ours} | {row['beside']} | {other} | {times} |")
    return "\n".join(lines) + "\n"


def into_readme(figures: list[Figure]) -> None:
    path = ROOT / "README.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    kept = "\nThese and the rest of them are kept in [bench](bench).\n"
    path.write_text(before + BEGIN + table(figures) + kept + END + rest.split(END)[1], encoding="utf-8")


def plot(figures: list[Figure], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    rows = figures[::-1]
    names = [f"{row['topic']}: {row['case']}\nbeside {row['beside']}" for row in rows]
    size, axes = pyplot.subplots(figsize=(10, 1 + 0.42 * len(rows)))
    colours = ["#1c6f4a" if row["times"] >= (row["target"] or 1) else "#b06000" for row in rows]
    bars = axes.barh(names, [row["times"] for row in rows], color=colours)
    axes.bar_label(bars, [f"{row['times']:.2f}" for row in rows], padding=3, fontsize=7)
    for place, row in enumerate(rows):
        if row["target"]:
            axes.plot([row["target"]] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("times as good as what stands beside it (a stroke: what was aimed at)")
    axes.tick_params(axis="y", labelsize=7)
    size.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})


def main() -> None:
    figures = read(Path(sys.argv[1]))
    BENCH.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count()}
    (BENCH / "figures.json").write_text(json.dumps({**machine, "figures": figures}, indent=1) + "\n", encoding="utf-8")
    plot(figures, BENCH / "figures.png")
    into_readme(figures)
    sys.stdout.write(table(figures))


if __name__ == "__main__":
    main()

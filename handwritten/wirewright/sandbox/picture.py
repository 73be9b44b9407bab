"""A protocol's state as people think of it, as plain values that the sandbox's page draws.

    def picture(self) -> Picture:
        lanes = [Lane(name, [Item(record.kind) for record in records]) for name, records in self.threads.items()]
        return [Lanes("Threads", lanes)]

A tone says how a thing is doing; the page shows it by colour and by a sign, so that neither has to be seen. Of what is
long, the page gets the newest: see `clipped`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

Tone = Literal["plain", "waiting", "busy", "good", "bad"]
MOST_LANES, MOST_ITEMS, MOST_ROWS, MOST_NODES = 40, 60, 200, 400


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """A thing in a lane: a record, a seal, a lease. `note` is shown small, `about` when it is pointed at."""

    label: str
    note: str = ""
    tone: Tone = "plain"
    about: str = ""


class Lane(msgspec.Struct, frozen=True, omit_defaults=True):
    """Things in the order in which they came, oldest first: a thread, a slot, a worker."""

    name: str
    items: Sequence[Item] = ()
    note: str = ""
    tone: Tone = "plain"
    hidden: int = 0  # items that were left out, oldest first


class Lanes(msgspec.Struct, frozen=True, omit_defaults=True, tag="lanes", tag_field="kind"):
    """Lanes under a title, the one to look at first on top."""

    title: str
    lanes: Sequence[Lane] = ()
    empty: str = "Nothing yet."
    hidden: int = 0


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node of a graph."""

    id: str
    label: str
    note: str = ""
    tone: Tone = "plain"


class Graph(msgspec.Struct, frozen=True, omit_defaults=True, tag="graph", tag_field="kind"):
    """Nodes, and edges as pairs of their ids."""

    title: str
    nodes: Sequence[Node] = ()
    edges: Sequence[tuple[str, str]] = ()
    note: str = ""
    empty: str = "Nothing yet."
    hidden: int = 0


class Table(msgspec.Struct, frozen=True, omit_defaults=True, tag="table", tag_field="kind"):
    """Rows under headings, the newest last."""

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    empty: str = "Nothing yet."
    hidden: int = 0


Drawing = Lanes | Graph | Table
Picture = Sequence[Drawing]


def clipped(picture: Picture) -> list[Any]:
    """The picture as builtins, short enough to draw: the first lanes, the last items and rows, the first nodes."""
    return [msgspec.to_builtins(_clip(drawing)) for drawing in picture]


def _clip(drawing: Drawing) -> Drawing:
    match drawing:
        case Lanes(lanes=lanes):
            shown = [_clip_lane(lane) for lane in lanes[:MOST_LANES]]
            return replace(drawing, lanes=shown, hidden=len(lanes) - len(shown))
        case Graph(nodes=nodes):
            shown_nodes = nodes[:MOST_NODES]
            known = {node.id for node in shown_nodes}
            edges = [edge for edge in drawing.edges if known.issuperset(edge)]
            return replace(drawing, nodes=shown_nodes, edges=edges, hidden=len(nodes) - len(shown_nodes))
        case Table(rows=rows):
            return replace(drawing, rows=rows[-MOST_ROWS:], hidden=max(0, len(rows) - MOST_ROWS))


def _clip_lane(lane: Lane) -> Lane:
    return replace(lane, items=lane.items[-MOST_ITEMS:], hidden=max(0, len(lane.items) - MOST_ITEMS))

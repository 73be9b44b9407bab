"""Templates as pictures: text for a terminal, Mermaid for a page, SVG for everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .template import DAGEdge, DAGTemplate, Plan

__all__ = ["as_mermaid", "as_svg", "as_text"]

_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 168, 44, 28, 56, 20
_LABEL_LENGTH = 22


def as_text(template: DAGTemplate) -> str:
    """Level by level: what may run side by side stands on one level; behind each step, what it waits for."""
    plan = Plan(template)
    lines = [f"{template.name} {template.version} ({_count(len(template.nodes), 'step')}, domain {template.domain})"]
    for number, level in enumerate(plan.levels, 1):
        lines.append(f"{number}.")
        lines += [f"   {_title(plan, step)}{_sources(plan, step)}" for step in level]
    return "\n".join(lines)


def as_mermaid(template: DAGTemplate) -> str:
    """A Mermaid flowchart; sub-workflows have double sides, conditions stand on their edges."""
    plan = Plan(template)
    key = {step: f"n{number}" for number, step in enumerate(plan.nodes)}
    lines = ["flowchart TD"]
    for step, node in plan.nodes.items():
        text = _quoted(node.label or step)
        lines.append(f"  {key[step]}[[{text}]]" if node.is_subworkflow else f"  {key[step]}[{text}]")
    for edge in _edges(plan):
        label = f"|{_quoted(edge.condition)}|" if edge.condition else ""
        lines.append(f"  {key[edge.source]} -->{label} {key[edge.target]}")
    return "\n".join(lines)


def as_svg(template: DAGTemplate) -> str:
    """A picture that stands by itself: levels from top to bottom, no script, no font to load."""
    plan = Plan(template)
    widest = max((len(level) for level in plan.levels), default=1)
    width = 2 * _MARGIN + widest * _BOX_WIDTH + (widest - 1) * _GAP_X
    height = 2 * _MARGIN + len(plan.levels) * (_BOX_HEIGHT + _GAP_Y) - _GAP_Y if plan.levels else 2 * _MARGIN
    place = _places(plan, width)
    body = [
        *(line for edge in _edges(plan) for line in _svg_edge(edge, place)),
        *(line for step in plan.nodes for line in _svg_box(plan, step, place[step])),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="system-ui, sans-serif" font-size="13">',
            f"<title>{escape(template.name)}</title>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0 0 8 4 0 8Z" fill="#667"/></marker></defs>',
            *body,
            "</svg>",
        ]
    )


def _edges(plan: Plan) -> Iterator[DAGEdge]:
    """Each edge once; those of a template without any are the steps' order."""
    seen: set[tuple[str, str, str | None]] = set()
    for edges in plan.edges_into.values():
        for edge in edges:
            if (edge.source, edge.target, edge.condition) not in seen:
                seen.add((edge.source, edge.target, edge.condition))
                yield edge


def _title(plan: Plan, step: str) -> str:
    node = plan.nodes[step]
    label = f" ({node.label})" if node.label and node.label != step else ""
    return f"{step}{label}{' [sub-workflow]' if node.is_subworkflow else ''}"


def _sources(plan: Plan, step: str) -> str:
    told = [f"{edge.source} if {edge.condition}" if edge.condition else edge.source for edge in plan.edges_into[step]]
    return f"  <- {', '.join(dict.fromkeys(told))}" if told else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _quoted(text: str) -> str:
    """Text for Mermaid: its own entities for what it would take for syntax."""
    safe = text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return '"' + " ".join(safe.split()) + '"'


def _places(plan: Plan, width: int) -> dict[str, tuple[float, float]]:
    """The middle of each step's upper edge."""
    found: dict[str, tuple[float, float]] = {}
    for number, level in enumerate(plan.levels):
        row = len(level) * _BOX_WIDTH + (len(level) - 1) * _GAP_X
        left = (width - row) / 2
        for index, step in enumerate(level):
            x = left + index * (_BOX_WIDTH + _GAP_X) + _BOX_WIDTH / 2
            found[step] = (x, _MARGIN + number * (_BOX_HEIGHT + _GAP_Y))
    return found


def _svg_box(plan: Plan, step: str, place: tuple[float, float]) -> Iterator[str]:
    x, y = place
    node = plan.nodes[step]
    text = node.label or step
    short = text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + "…"
    dashes = ' stroke-dasharray="5 3"' if node.is_subworkflow else ""
    yield (
        f'<rect x="{x - _BOX_WIDTH / 2:g}" y="{y:g}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" '
        f'fill="#f4f6fb" stroke="#667"{dashes}><title>{escape(step)}</title></rect>'
    )
    yield f'<text x="{x:g}" y="{y + _BOX_HEIGHT / 2 + 4:g}" text-anchor="middle" fill="#223">{escape(short)}</text>'


def _svg_edge(edge: DAGEdge, place: dict[str, tuple[float, float]]) -> Iterator[str]:
    (x1, y1), (x2, y2) = place[edge.source], place[edge.target]
    y1 += _BOX_HEIGHT
    bend = (y2 - y1) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2 - 2:g}"
    yield f'<path d="{path}" fill="none" stroke="#667" marker-end="url(#arrow)"/>'
    if edge.condition:
        yield (
            f'<text x="{(x1 + x2) / 2:g}" y="{(y1 + y2) / 2:g}" text-anchor="middle" font-size="11" fill="#845">'
            f"{escape(edge.condition)}</text>"
        )

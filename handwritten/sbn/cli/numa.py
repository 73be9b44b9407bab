"""`sbn numa`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from wirewright.calls import is_array

from sbn._models import listed
from sbn.cli import output
from sbn.cli.shared import SIGNALS
from sbn.cli.table import Facts, Group, Row, Rows, form_of, read_json

_group = Group("Signals, hints and forecasts.")
numa_app = _group.app
_group.add(
    *SIGNALS,
    Row(
        "diagnostics",
        "numa.get_diagnostics",
        "",
        Facts("Status*=status; Summary=summary; Frontiers=#frontiers", quiet="status|summary|=ok", said="NUMA"),
    ),
    Row(
        "forecasts get",
        "numa.get_forecast",
        "frontier_id",
        Facts(
            "Generated=generated_at|created_at; Risk Band*=risk_band|report.risk_band; Status*=status|report.status; "
            "Summary=summary|report.summary",
            quiet="frontier_id",
            said="Forecast of {frontier_id}",
        ),
    ),
)


def add_signals(group: Group, prefix: str = "") -> None:
    """The signal commands that need more than a row."""

    @group.command(f"{prefix}signals ack")
    def ack(
        ctx: typer.Context,
        signal_ids: Annotated[list[str], typer.Argument(help="Ids of signals.")],
        agent_id: Annotated[str | None, typer.Option(help="Who acknowledges.")] = None,
    ) -> None:
        """Acknowledge signals."""
        with group.client(ctx) as client:
            answer = client.numa.ack_signals(list(signal_ids), agent_id=agent_id)
        count = answer.get("acknowledged", len(signal_ids))
        lines = [("Acknowledged", count, True), ("Agent", agent_id, False)]
        _counted(ctx, answer, count, f"{count} signals acknowledged", lines)

    @group.command(f"{prefix}signals publish")
    def publish(
        ctx: typer.Context, source: Annotated[str, typer.Argument(help="A JSON file with signals, or - for stdin.")]
    ) -> None:
        """Publish signals from a file: an array, or one object."""
        value = read_json(source)
        signals = value if is_array(value) else [value]
        with group.client(ctx) as client:
            answer = client.numa.publish_signals(signals)
        count = answer.get("published", len(signals))
        lines = [("Published", count, True), ("Distilled", answer.get("distilled"), False)]
        _counted(ctx, answer, count, f"{count} signals published", lines)


def _counted(ctx: typer.Context, answer: dict[str, Any], count: int, said: str, lines: list[Any]) -> None:
    form = form_of(ctx)
    if form == "json":
        output.echo_json(answer)
    elif form == "quiet":
        output.echo_quiet(count)
    else:
        output.success(said)
        output.echo_fields(lines)


add_signals(_group)


@_group.command("signals poll")
def poll(
    ctx: typer.Context,
    cursor: Annotated[list[str], typer.Option(help="lane=time; an empty time reads the lane from its start.")] = [],
    frontier: Annotated[str | None, typer.Option(help="Only this frontier.")] = None,
    limit_per_lane: Annotated[int, typer.Option(min=1, help="At most this many per lane.")] = 10,
) -> None:
    """Read several lanes at once."""
    cursors: dict[str, str | None] = {}
    for entry in cursor:
        lane, equals, since = entry.partition("=")
        if not equals or not lane:
            raise ValueError(f"A cursor is written lane=time, not {entry}")
        cursors[lane] = since or None
    with _group.client(ctx) as client:
        answer = client.numa.poll_signals_multilane(
            cursors=cursors, frontier_id=frontier, limit_per_lane=limit_per_lane
        )
    lanes = listed(answer, "lanes")
    if form_of(ctx) == "quiet":
        output.echo_quiet(sum(int(lane.get("count") or 0) for lane in lanes))
    else:
        Rows("lane count cursor", at="lanes", said="{count} lanes").show(answer, form_of(ctx), {})

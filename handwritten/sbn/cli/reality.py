"""`sbn reality`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from sbn._models import listed
from sbn.cli import output
from sbn.cli.shared import FACTS, INGESTED, SCORES, show_fact
from sbn.cli.table import Facts, Group, Row, Rows, form_of

_group = Group("Facts, evidence and reviews.")
reality_app = _group.app
REVIEW_ACTIONS = ("accept", "reject", "discard", "merge")
QUEUE = "suggestion_id branch_kind reason subject predicate fact_count=#fact_ids"
Text = Annotated[str | None, typer.Option()]


def _steps(kind: str, name: str) -> list[Row]:
    """The three steps of a fact or a piece of evidence to the network."""
    identity = f"{name}_id"
    brief = f"{identity} --note"
    return [
        Row(
            f"{kind} promote",
            f"reality.promote_{name}",
            brief,
            Facts(
                "Promotion Status*=promotion_status; Requested At=requested_at; Next Step*=next_step",
                quiet=identity,
                said=f"Promotion of {{{identity}}} requested",
            ),
        ),
        Row(
            f"{kind} handoff",
            f"reality.handoff_{name}",
            brief,
            Facts(
                "Handoff Status*=handoff_package.handoff_status; Promotion Status*=handoff_package.promotion_status; "
                "Prepared At=prepared_at",
                quiet=identity,
                said=f"Handoff of {{{identity}}} prepared",
            ),
        ),
        Row(
            f"{kind} submit",
            f"reality.submit_{name}",
            brief,
            Facts(
                "Status*=submission.status; Receipt Hash*=submission.receipt_hash; Submitted "
                "At=submission.submitted_at",
                quiet=identity,
                said=f"{{{identity}}} submitted",
            ),
        ),
    ]


_group.add(
    *FACTS,
    Row(
        "facts get",
        "reality.get_fact",
        "fact_id",
        Facts(f"{SCORES}; Created=created_at", quiet="fact_id|id", said="Fact {id}", also=show_fact),
    ),
    *_steps("facts", "fact"),
    Row(
        "evidence get",
        "reality.get_evidence",
        "evidence_id",
        Facts(
            "Promotion Status*=promotion_status?local_only; Source URI=source_uri; Reliability=reliability:.4f; "
            "Receipt Hash*=latest_receipt_hash?(pending)",
            quiet="evidence_id|id",
            said="Evidence {id}",
        ),
    ),
    *_steps("evidence", "evidence"),
    Row(
        "review-queue list",
        "reality.list_review_queue",
        "",
        Rows(QUEUE, at="items|review_queue", quiet="suggestion_id", said="{count} suggestions"),
    ),
    Row(
        "review-queue resolve",
        "reality.resolve_review_queue",
        "suggestion_id --action! --target-fact-id --note",
        Facts(
            "Action*=action; Target Fact*=target_fact.fact_id; Recomputed Facts=#recomputed_facts",
            quiet="suggestion_id",
            said="{suggestion_id} settled",
        ),
    ),
)


def add_ingestion(group: Group, prefix: str, channel: str) -> None:
    """`text` and `upload`: ingest text, or a file."""

    @group.command(f"{prefix} text")
    def text(
        ctx: typer.Context,
        content: Text = None,
        file: Annotated[Path | None, typer.Option(help="Read the text from this file.")] = None,
        source_uri: Text = None,
        source_type: Annotated[str, typer.Option()] = "text",
        source_title: Text = None,
        submitted_by: Text = None,
        channel: Annotated[str, typer.Option()] = channel,
        gec_domain: Text = None,
    ) -> None:
        """Ingest text."""
        said = file.read_text(encoding="utf-8") if file else content
        if not said:
            raise ValueError("Pass --content or --file.")
        with group.client(ctx) as client:
            answer = client.reality.ingest_content(
                said,
                source_uri=source_uri,
                source_type=source_type,
                source_title=source_title,
                submitted_by=submitted_by,
                submission_channel=channel,
                gec_domain=gec_domain,
            )
        INGESTED.show(answer, form_of(ctx), {})

    @group.command(f"{prefix} upload")
    def upload(
        ctx: typer.Context,
        path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file.")],
        source_type: Text = None,
        source_title: Text = None,
        submitted_by: Text = None,
        channel: Annotated[str, typer.Option()] = f"{channel}_upload",
        gec_domain: Text = None,
    ) -> None:
        """Ingest a file."""
        with group.client(ctx) as client:
            answer = client.reality.upload_source(
                path,
                source_type=source_type,
                source_title=source_title,
                submitted_by=submitted_by,
                submission_channel=channel,
                gec_domain=gec_domain,
            )
        INGESTED.show(answer, form_of(ctx), {})


add_ingestion(_group, "ingest", "cli")


def counts(graph: dict[str, Any]) -> dict[str, int]:
    """Edges of a reality graph by kind."""
    return Counter(str(output.pick(edge, "kind|edge_type")).replace("-", "_") for edge in listed(graph, "edges"))


@_group.command("lattice get")
def lattice(ctx: typer.Context) -> None:
    """Show the graph of facts and evidence."""
    with _group.client(ctx) as client:
        graph = client.reality.get_lattice()
    if form_of(ctx) == "json":
        output.echo_json(graph)
    elif form_of(ctx) == "quiet":
        output.echo_quiet(len(listed(graph, "nodes")))
    else:
        by_kind = counts(graph)
        output.success("Facts and evidence")
        output.echo_fields(
            [
                ("Nodes", len(listed(graph, "nodes")), True),
                ("Edges", len(listed(graph, "edges")), True),
                ("Supports", by_kind["supports"], False),
                ("Contradicts", by_kind["contradicts"], False),
            ]
        )


@_group.command("facts review")
def review(
    ctx: typer.Context,
    fact_id: Annotated[str, typer.Argument(help="The fact's id.")],
    action: Annotated[str, typer.Option(help="accept, reject, discard or merge.")],
    target_fact_id: Annotated[str | None, typer.Option(help="The fact that stays, for a merge.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
) -> None:
    """Accept, reject or merge a fact."""
    verb = action.strip().lower()
    if verb not in REVIEW_ACTIONS:
        raise ValueError(f"--action is one of {', '.join(REVIEW_ACTIONS)}, not {action}.")
    if verb == "merge" and not target_fact_id:
        raise ValueError("A merge needs --target-fact-id.")
    with _group.client(ctx) as client:
        answer = client.reality.review_fact(
            fact_id, action="reject" if verb == "discard" else verb, target_fact_id=target_fact_id, note=note
        )
    lines = (
        "Action*=review.action; State*=review_state|state; Target Fact*=merge_target.fact_id|review.target_fact_id; "
        "Reviewed By=review.reviewed_by; Reviewed At=review.reviewed_at"
    )
    Facts(lines, quiet="fact_id|id", said="Reviewed {fact_id}").show(answer, form_of(ctx), {"fact_id": fact_id})


@_group.command("operations list")
def operations(ctx: typer.Context) -> None:
    """Show what waits at each step to the network."""
    with _group.client(ctx) as client:
        answer = client.reality.get_operations()
    form = form_of(ctx)
    waiting = {
        f"{label} {kind.capitalize()}": output.pick(answer, f"#{step}.{kind}")
        for label, step in (
            ("Promotion", "promotion_requested"),
            ("Handoff", "handoff_prepared"),
            ("Submitted", "submitted"),
        )
        for kind in ("facts", "evidence")
    }
    if form == "json":
        output.echo_json(answer)
    elif form == "quiet":
        review = len(listed(answer, "review_queue"))
        output.echo_quiet(
            f"review={review} promotion_facts={waiting['Promotion Facts']} handoff_facts={waiting['Handoff Facts']}"
        )
    else:
        output.success("What waits")
        fields = [("Review Queue", len(listed(answer, "review_queue")), True)]
        output.echo_fields(fields + [(label, count, "Promotion" not in label) for label, count in waiting.items()])
        Rows(QUEUE, at="review_queue", said="").show(answer, "table", {})

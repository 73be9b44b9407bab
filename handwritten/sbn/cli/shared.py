"""Rows that several groups have: what an agent sees of facts, workflows, signals, receipts and proposals is what
people see.
"""

from __future__ import annotations

from typing import Any

import typer

from sbn.cli import output
from sbn.cli.table import Facts, Row, Rows

FACT_COLUMNS = (
    "fact_id=fact_id|id state trust_score=trust_score|scores.trust:.4f density_index=density_index|scores.density:.4f "
    "compression_index=compression_index|scores.compression:.4f created_at"
)
SCORES = (
    "State*=state; Trust=trust_score|scores.trust:.4f; Density=density_index|scores.density:.4f; "
    "Compression=compression_index|scores.compression:.4f; Receipt*=latest_receipt_hash|receipt_hash?(pending)"
)
FACT_LIST = Rows(FACT_COLUMNS, at="items|facts", quiet="fact_id|id", said="{count} facts")
INGESTIONS = Rows(
    "ingestion_id=ingestion_id|id status source_type source_title=source_title|source_uri created_at",
    at="items|ingestions",
    quiet="ingestion_id|id",
    said="{count} ingestions",
)
INGESTION = Facts(
    "Status*=status; Source Type=source_type; Source Title=source_title|source_uri; Created=created_at; "
    "Chunks=#chunks; "
    "Facts=#facts; Evidence=#evidence",
    quiet="ingestion_id|id",
    said="Ingestion {id}",
)
INGESTED = Facts(
    "Status*=status; Source Type=source_type; Facts=#facts; Evidence=#evidence",
    quiet="ingestion_id|id",
    said="Ingested as {id}",
)
WORKFLOW = Facts(
    "Name=name; Domain=domain; State*=state; Topology=topology; Nodes=#nodes; Edges=#edges; Project=project_id",
    quiet="workflow_id|id",
    said="Workflow {id}",
)
READY = Rows(
    "step_id=step_id|id name skill dept",
    wrap="ready_steps",
    quiet="step_id|id",
    said="{count} steps can run now",
    blanks=True,
)
LEDGER_ROWS = Rows(
    "index kind id subject_kind=subject_ref.kind subject_id=subject_ref.id", at="proof_ledger", quiet="id", said=""
)
LEDGER_FACTS = Facts(
    "Proof Surface*=proof_surface_id; Terminal Kind*=proof_chain.terminal_proof_kind; Entries=#proof_ledger",
    said="Proof ledger of {block_id}",
)


class Ledger:
    """A proof ledger: what it proves, then its entries."""

    def show(self, value: Any, form: str, given: dict[str, Any]) -> None:
        if form not in {"json", "quiet"}:
            LEDGER_FACTS.show(value, form, given)
        LEDGER_ROWS.show(value, form, given)


PROPOSALS = Rows(
    "id=id|proposal_id status frontier=frontier_id|document.frontier_id submitter=submitter|document.submitter "
    "risk_band=risk_band|document.risk_band checksum",
    at="proposals",
    quiet="id|proposal_id",
    said="{count} proposals",
)


def approvals(proposal: dict[str, Any]) -> str:
    """How many approvals a proposal has and needs."""
    return f"{proposal.get('approvals_received', '?')}/{proposal.get('approvals_required', '?')}"


def show_approvals(proposal: dict[str, Any]) -> None:
    output.echo_fields([("Approvals", approvals(proposal), False)])


def show_proposal(proposal: dict[str, Any]) -> None:
    show_approvals(proposal)
    if description := output.pick(proposal, "document.description"):
        typer.echo(f"\n{description}")


def show_fact(fact: dict[str, Any]) -> None:
    """A fact's text, claims and entities."""
    if fact.get("text"):
        typer.echo(f"\nText:\n  {fact['text']}")
    for name in ("claims", "entities"):
        if fact.get(name):
            typer.echo(f"\n{name.capitalize()}:")
            for item in fact[name]:
                typer.echo(f"  - {item if isinstance(item, str) else output.pick(item, 'text|name|claim')}")


def show_ledger(receipt: dict[str, Any]) -> None:
    """A receipt's proof ledger, when it has one."""
    if receipt.get("proof_ledger"):
        LEDGER_ROWS.show(receipt, "table", {})


FACTS = (
    Row("facts list", "reality.list_facts", "--entity --state --include-public --limit --offset", FACT_LIST),
    Row("facts recompute", "reality.recompute", "fact_id", Facts(SCORES, quiet="fact_id|id", said="Recomputed {id}")),
    Row("ingestions list", "reality.list_ingestions", "--status --limit --offset", INGESTIONS),
    Row("ingestions get", "reality.get_ingestion", "ingestion_id", INGESTION),
)
WORKFLOWS = (
    Row(
        "workflows list",
        "lattice.list_workflows",
        "--domain --state --scopes, --limit",
        Rows(
            "workflow_id=workflow_id|id name domain state topology project_id",
            wrap="workflows",
            quiet="workflow_id|id",
            said="{count} workflows",
        ),
    ),
    Row("workflows get", "lattice.get_workflow", "workflow_id", WORKFLOW),
    Row("workflows ready", "lattice.get_ready_steps", "workflow_id --completed,", READY),
)
SIGNALS = (
    Row(
        "hints",
        "numa.get_hints",
        "--frontier:frontier_id",
        Rows(
            "hint_id=hint_id|id frontier_id kind=kind|hint_type created_at",
            at="hints|items",
            quiet="hint_id|id",
            said="{count} hints",
            blanks=True,
        ),
    ),
    Row(
        "forecasts list",
        "numa.list_forecasts",
        "",
        Rows(
            "frontier_id generated_at=generated_at|created_at status=status|report.status "
            "risk_band=risk_band|report.risk_band",
            at="items|forecasts|reports",
            quiet="frontier_id",
            said="{count} forecasts",
            blanks=True,
        ),
    ),
    Row(
        "signals list",
        "numa.get_signals",
        "--signal-type --frontier:frontier_id --lane --since --active-only/--all --limit",
        Rows(
            "signal_id=signal_id|id signal_type frontier_id priority lane created_at",
            at="signals",
            quiet="signal_id|id",
            said="{count} signals",
        ),
    ),
)
RECEIPTS = (
    Row(
        "list",
        "receipts.list",
        "--project-id --hash --domain --since --limit --offset",
        Rows(
            "receipt_id=receipt_id|id|hash domain=domain|frontier_id project_id "
            "status=status|verification_status created_at",
            at="receipts",
            quiet="receipt_id|id|hash",
            said="{count} receipts",
        ),
    ),
    Row(
        "get",
        "receipts.get",
        "receipt_id",
        Facts(
            "Status*=status|verification_status; Domain=domain|frontier_id; Project=project_id; Created=created_at; "
            "Hash*=hash|receipt_hash",
            quiet="receipt_id|id|hash",
            said="Receipt {id}",
            also=show_ledger,
        ),
    ),
    Row("proof-ledger", "gateway.fetch_proof_ledger", "block_id", Ledger()),
)
PROPOSAL = Facts(
    "Status*=status; Frontier=frontier_id|document.frontier_id; Submitter=submitter|document.submitter; "
    "Risk Band=risk_band|document.risk_band; Checksum*=checksum",
    quiet="id|proposal_id",
    said="Proposal {id}",
    also=show_proposal,
)
GOVERNANCE = (
    Row("proposals list", "governance.list_proposals", "--status --frontier", PROPOSALS),
    Row("proposals get", "governance.get_proposal", "proposal_id", PROPOSAL),
    Row(
        "proposals create",
        "governance.create_proposal",
        "source:proposal@",
        Facts("Status*=status; Checksum*=checksum", quiet="id|proposal_id", said="Proposal {id} submitted"),
    ),
)


def under(group: str, rows: tuple[Row, ...]) -> list[Row]:
    """The rows one level down."""
    return [Row(f"{group} {row.path}", row.call, row.arguments, row.view, row.help, row.fixed) for row in rows]
